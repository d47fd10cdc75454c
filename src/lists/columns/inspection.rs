//! Tables of forms, rounds and inspections.

use mobile_api::inspection::{Inspection, InspectionState, Round, Template};

use super::{
    super::cell::{from, several, until},
    Cell, Column, Table, table,
};

table!(Template:
    "code" => |template| &template.code;
    "name" => |template| &template.name;
    "version" => |template| template.version;
    "state" => |template| Cell::Word("list-template", template.state.as_str().to_owned());
    "revises" => |template| template.revises;
);

table!(Round:
    "name" => |round| &round.name;
    "template" => |round| round.template;
    "site" => |round| round.spot.site;
    "building" => |round| round.spot.building;
    "unit" => |round| round.spot.unit;
    "asset" => |round| round.spot.asset;
    "points" => |round| round.points.len();
    "technician" => |round| round.assignee.user;
    "team" => |round| round.assignee.team;
    "planned-until" => |round| round.planned_until;
    "last-done" => |round| round.last.as_ref().map(|last| last.at);
    "withdrawn-at" => |round| round.withdrawn.as_ref();
);

table!(Inspection:
    "name" => |inspection| &inspection.name;
    "state" => |inspection| Cell::Word("file-status", inspection.status().as_str().to_owned());
    "round" => |inspection| inspection.round;
    "order" => |inspection| inspection.order;
    "complaint" => |inspection| inspection.complaint;
    "site" => |inspection| inspection.spot.site;
    "building" => |inspection| inspection.spot.building;
    "unit" => |inspection| inspection.spot.unit;
    "asset" => |inspection| inspection.spot.asset;
    "technician" => |inspection| inspection.assignee().user;
    "team" => |inspection| inspection.assignee().team;
    "people" => |inspection| several(inspection.people.iter().copied());
    "expected-from" => |inspection| from(inspection.due);
    "expected-until" => |inspection| until(inspection.due);
    "begun-at" => |inspection| match &inspection.state {
        InspectionState::Running { started } | InspectionState::Finished { started, .. } => Some(started),
        InspectionState::Planned | InspectionState::Void { .. } => None,
    };
    "finished-at" => |inspection| match &inspection.state {
        InspectionState::Finished { finished, .. } => Some(finished),
        _ => None,
    };
    "missed-at" => |inspection| inspection.missed;
    "passed" => |inspection| inspection.result().map(|result| result.passed);
    "percent" => |inspection| inspection.result().map(|result| result.percent);
    "failed" => |inspection| several(inspection.findings.iter().map(|finding| &finding.item));
    "repairs" => |inspection| several(inspection.findings.iter().filter_map(|finding| finding.order));
    "source" => |inspection| inspection.source.as_ref().map(|source| &source.system);
    "source-id" => |inspection| inspection.source.as_ref().map(|source| &source.id);
);
