//! The tables of work orders and return visits.

use mobile_api::{
    Id,
    directory::User,
    evidence::When,
    return_visit::{ReturnVisit, VisitState},
    work_order::{State, WorkOrder},
};

use super::{
    super::cell::{currency, from, several, until, word},
    Cell, Column, Table, table,
};
use crate::work_order::deadline::{self, Deadline};

/// Whose it is, or was last.
fn technician(order: &WorkOrder) -> Option<Id<User>> {
    order.technician().or(order.assignments.last().map(|last| last.technician))
}

/// When the step of this name was last taken, if it moved something.
fn step(order: &WorkOrder, what: &str) -> Cell {
    let steps = order.timeline.iter().rev();
    steps.filter(|step| step.what == what && step.overtaken.is_none()).map(|step| &step.at).next().into()
}

/// When it was closed or cancelled.
fn over(order: &WorkOrder) -> Option<&When> {
    match &order.state {
        State::Closed { closed, .. } => Some(closed),
        State::Cancelled { cancelled, .. } => Some(cancelled),
        _ => None,
    }
}

table!(WorkOrder:
    "number" => |order| order.number.as_ref();
    "state" => |order| Cell::Word("file-status", order.status().as_str().to_owned());
    "order-type" => |order| order.order_type;
    "priority" => |order| Cell::Word("list-priority", order.priority.as_str().to_owned());
    "channel" => |order| word("list-channel", &order.channel);
    "site" => |order| order.site;
    "building" => |order| order.building;
    "unit" => |order| order.unit;
    "place" => |order| &order.place;
    "asset" => |order| order.asset;
    "fault" => |order| &order.fault;
    "customer" => |order| order.customer;
    "caller" => |order| &order.caller.name;
    "caller-phone" => |order| order.caller.phone.as_ref();
    "team" => |order| order.team;
    "technician" => |order| technician(order);
    "called-at" => |order| order.called_at;
    "due" => |order| order.clocks.headline().map(deadline::due);
    "deadline" => |order| Cell::Word("list-deadline", Deadline::of(order).as_str().to_owned());
    "expected-from" => |order| from(order.expected());
    "expected-until" => |order| until(order.expected());
    "arrived-at" => |order| step(order, "arrive");
    "finished-at" => |order| step(order, "finish");
    "signed-at" => |order| order.primary_sign_off().map(|signed| &signed.at);
    "over-at" => |order| over(order);
    "found" => |order| order.diagnosis.as_ref().map(|diagnosis| &diagnosis.findings);
    "charge" => |order| order.charge.as_ref().map(|charge| charge.amount);
    "currency" => |order| order.charge.as_ref().map(|charge| currency(&charge.amount));
    "rework-of" => |order| order.rework_of;
    "plan" => |order| order.plan.as_ref().map(|plan| plan.plan);
    "complaint" => |order| order.complaint;
    "merged-into" => |order| order.merged_into;
    "source" => |order| order.source.as_ref().map(|source| &source.system);
    "source-id" => |order| order.source.as_ref().map(|source| &source.id);
);

table!(ReturnVisit:
    "number" => |visit| visit.number.as_ref();
    "state" => |visit| Cell::Word("file-status", visit.status().as_str().to_owned());
    "about" => |visit| Cell::Name(visit.about);
    "order-type" => |visit| visit.order_type;
    "site" => |visit| visit.site;
    "building" => |visit| visit.building;
    "unit" => |visit| visit.unit;
    "place" => |visit| &visit.place;
    "fault" => |visit| &visit.fault;
    "customer" => |visit| visit.customer;
    "caller" => |visit| &visit.contact.name;
    "caller-phone" => |visit| visit.contact.phone.as_ref();
    "technicians" => |visit| several(visit.technicians.iter().copied());
    "assignee" => |visit| visit.assignee;
    "way" => |visit| word("list-way", &visit.way);
    "due" => |visit| visit.due_by;
    "next-try" => |visit| visit.next_at;
    "tries" => |visit| visit.attempts.len();
    "answered-at" => |visit| match &visit.state {
        VisitState::Answered { at, .. } => Some(at),
        _ => None,
    };
    "satisfaction" => |visit| visit.answer().map(|answer| word("file", &answer.satisfaction));
    "reasons" => |visit| visit.answer().map(|answer| several(&answer.reasons));
    "suggestions" => |visit| visit.answer().map(|answer| answer.suggestions.as_ref());
    "survey" => |visit| {
        let answer = visit.survey.as_ref().and_then(|survey| survey.answer.as_ref());
        answer.map(|answer| word("file", &answer.satisfaction))
    };
    "disagrees" => |visit| visit.disagrees;
);
