//! The same fault again: noticed, linked, free.

use chrono::Duration;
use uuid::Uuid;

use super::kit::{DESK, DISPATCHER, Deed, PLUMBING, SITE, Story, WANG, at, number, request, write_down};
use crate::{
    Id,
    directory::Unit,
    operation::{Related, WorkDone},
    record::Record,
    refusal::Flag,
    work_order::{Status, WorkOrder, request::Request, rework::LinkRework, visit::Start},
};

const FLAT: Uuid = number(70);

/// A signed order of a flat, under warranty for ten days.
fn origin() -> WorkOrder {
    let mut story = Story::reaching(Status::SignedOff);
    story.order.unit = Some(Id::new(FLAT));
    story.order.policy.warranty_days = Some(10);
    story.order.id = Id::new(number(900));
    story.order
}

fn called(order_type: Uuid, days: i64) -> Vec<Flag> {
    let mut related = Related { records: super::kit::world(), ..Related::default() };
    let flat = Unit { id: Id::new(FLAT), site: Id::new(SITE), building: None, name: "1203".into(), access_note: None };
    let flat = Record::from(flat);
    related.records.insert(flat.address(), flat);
    related.work_done.extend(WorkDone::of(&origin()));
    let called_at = Some(at(0) + Duration::days(days));
    let again = Request { order_type: Id::new(order_type), unit: Some(Id::new(FLAT)), called_at, ..request() };
    let when = crate::evidence::When::at(at(0) + Duration::days(days));
    let deed = Deed { when: Some(when), ..Deed::online(DESK) };
    write_down(number(1000), &deed, again, &related).expect("a request is always taken").1
}

#[test]
fn a_call_within_the_warranty_asks_whether_it_is_the_same_fault() {
    assert_eq!(called(PLUMBING, 9), [Flag::PossibleRework]);
    assert_eq!(called(PLUMBING, 11), []);
    assert_eq!(called(super::kit::LIFTS, 9), [], "another sort of job");
}

#[test]
fn warranty_begins_with_the_signature() {
    let signed = origin();
    assert_eq!(signed.warranty_until(), Some(at(0) + Duration::days(10)));
    let mut open = Story::reaching(Status::Finished).order;
    open.policy.warranty_days = Some(10);
    assert_eq!(open.warranty_until(), None);
}

#[test]
fn rework_is_free_and_counts_against_its_origin() {
    let mut story = Story::reaching(Status::Assigned).arrived();
    story.order.unit = Some(Id::new(FLAT));
    let first = origin();
    let id = first.id;
    story.related.records.insert(Record::from(first.clone()).address(), first.clone().into());
    let link = |origin: Uuid| LinkRework { origin: Id::new(origin) };
    story.by(DISPATCHER, link(number(5000))).refused("bad_reference");
    story.by(WANG, Start {}).refused("quote_not_confirmed");
    story.by(DISPATCHER, link(id.uuid())).applied();
    assert_eq!((story.order.rework_of, story.order.policy.free_of_charge), (Some(id), true));
    let origin: &WorkOrder = story.related.get(id).expect("it is still there");
    assert_eq!(origin.reworked_by, [story.order.id]);
    assert_eq!((first.passed(), origin.passed()), (Some(true), Some(false)));
    story.by(DISPATCHER, link(id.uuid())).refused("illegal_transition");
    // Work begins without a quote, and nothing is charged.
    let story = story.started().finished().signed();
    assert_eq!(story.order.charge, None);
}

#[test]
fn another_flat_is_another_fault() {
    let mut story = Story::reaching(Status::Assigned);
    let first = origin();
    let id = first.id;
    story.related.records.insert(Record::from(first.clone()).address(), first.into());
    story.by(DISPATCHER, LinkRework { origin: id }).refused("bad_reference");
}
