//! Tables of plans, shutdowns and their notices.

use mobile_api::maintenance::{MaintenancePlan, NoticeFor, Shutdown, ShutdownNotice};

use super::{
    super::cell::{several, word},
    Cell, Column, Table, table,
};

table!(MaintenancePlan:
    "name" => |plan| &plan.name;
    "asset" => |plan| plan.asset;
    "site" => |plan| plan.site;
    "order-type" => |plan| plan.job.order_type;
    "work" => |plan| &plan.job.text;
    "minutes" => |plan| plan.job.minutes;
    "priority" => |plan| Cell::Word("list-priority", plan.job.priority.as_str().to_owned());
    "technician" => |plan| plan.job.assignee.user;
    "team" => |plan| plan.job.assignee.team;
    "open-order" => |plan| plan.open.as_ref().map(|turn| turn.order);
    "due" => |plan| plan.open.as_ref().map(|turn| turn.due);
    "last-done" => |plan| plan.last.as_ref().map(|last| last.done_at);
    "turns" => |plan| plan.turns;
    "skipped" => |plan| Cell::Number(i64::try_from(plan.skipped_count).unwrap_or(i64::MAX));
    "stopped-at" => |plan| plan.stopped.as_ref().map(|end| &end.at);
    "withdrawn-at" => |plan| plan.withdrawn.as_ref().map(|end| &end.at);
);

table!(Shutdown:
    "state" => |shutdown| word("list-shutdown", &shutdown.status());
    "stops" => |shutdown| several(shutdown.stops.iter().map(|stop| word("notice-stops", stop)));
    "expected-from" => |shutdown| shutdown.window.from;
    "expected-until" => |shutdown| shutdown.window.until;
    "asset" => |shutdown| shutdown.asset;
    "site" => |shutdown| shutdown.site;
    "building" => |shutdown| shutdown.building;
    "unit" => |shutdown| shutdown.unit;
    "work" => |shutdown| &shutdown.text;
    "technician" => |shutdown| shutdown.assignee.user;
    "team" => |shutdown| shutdown.assignee.team;
    "plan" => |shutdown| shutdown.plan;
    "order" => |shutdown| shutdown.order;
    "approved-at" => |shutdown| shutdown.approved.as_ref().map(|step| &step.at);
    "told" => |shutdown| shutdown.told;
    "begun-at" => |shutdown| shutdown.started.as_ref().map(|step| &step.at);
    "emergency" => |shutdown| shutdown.emergency.is_some();
    "restored-at" => |shutdown| shutdown.restored.as_ref().map(|step| &step.at);
    "withdrawn-at" => |shutdown| shutdown.withdrawn.as_ref().map(|withdrawn| &withdrawn.step.at);
);

table!(ShutdownNotice:
    "shutdown" => |notice| Cell::Text(notice.shutdown.to_string());
    "site" => |notice| notice.site;
    "unit" => |notice| match notice.whom {
        NoticeFor::Unit(unit) => Some(unit),
        NoticeFor::Team(_) => None,
    };
    "team" => |notice| match notice.whom {
        NoticeFor::Team(team) => Some(team),
        NoticeFor::Unit(_) => None,
    };
    "read-at" => |notice| notice.read.last().map(|read| &read.at);
);
