//! The same fault again: noticed, linked, free.

use chrono::Duration;
use serde_json::Value;
use uuid::Uuid;

use super::kit::{DESK, DISPATCHER, Deed, MANAGER, PLUMBING, SITE, Story, WANG, at, number, request};
use crate::{
    Id,
    directory::Unit,
    operation::{Context, Create, Mode, Related, WorkDone},
    record::Record,
    refusal::Flag,
    work_order::{
        Status, WorkOrder,
        request::Request,
        rework::{LinkRework, UnlinkRework},
        visit::Start,
    },
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
    called_about(order_type, days, &request().fault).0
}

fn called_about(order_type: Uuid, days: i64, fault: &str) -> (Vec<Flag>, Vec<Value>) {
    let mut related = Related { records: super::kit::world(), ..Related::default() };
    let flat = Unit { id: Id::new(FLAT), site: Id::new(SITE), building: None, name: "1203".into(), access_note: None };
    let flat = Record::from(flat);
    related.records.insert(flat.address(), flat);
    related.work_done.extend(WorkDone::of(&origin()));
    let called_at = Some(at(0) + Duration::days(days));
    let again = Request {
        order_type: Id::new(order_type),
        unit: Some(Id::new(FLAT)),
        called_at,
        fault: fault.into(),
        ..request()
    };
    let when = crate::evidence::When::at(at(0) + Duration::days(days));
    let deed = Deed { when: Some(when), ..Deed::online(DESK) };
    let actor = deed.who.actor();
    let when = deed.when.clone().expect("said above");
    let context = Context {
        op: number(1001),
        actor: &actor,
        received_at: when.latest,
        when,
        base_rev: None,
        own_revs: &[],
        rev: 1,
        mode: Mode::Online,
        related: &related,
    };
    let decision = again.decide(Id::new(number(1000)), &context).expect("a request is always taken");
    decision.flags.into_iter().map(|flagged| (flagged.flag, flagged.detail)).unzip()
}

#[test]
fn a_call_within_the_warranty_asks_whether_it_is_the_same_fault() {
    assert_eq!(called(PLUMBING, 9), [Flag::PossibleRework]);
    assert_eq!(called(PLUMBING, 11), []);
    assert_eq!(called(super::kit::LIFTS, 9), [Flag::PossibleRework], "the same words, taken for another sort of job");
    let hall = "The light in the hall does not work";
    assert_eq!(called_about(PLUMBING, 9, hall).0, [Flag::PossibleRework], "a person says whether it is the same");
    assert_eq!(called_about(super::kit::LIFTS, 9, hall).0, [], "another sort of job, and another fault");
    let details = called_about(PLUMBING, 9, "Water drips under the sink again").1;
    assert_eq!(details[0]["origins"][0]["alike"], 51, "{details:?}");
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
    let link = |origin: Uuid| LinkRework { origin: Id::new(origin), goodwill: None };
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
fn it_was_another_fault_after_all() {
    let mut story = Story::reaching(Status::Assigned).arrived();
    story.order.unit = Some(Id::new(FLAT));
    let first = origin();
    let id = first.id;
    story.related.records.insert(Record::from(first.clone()).address(), first.into());
    let unlink = || UnlinkRework { reason: "It is the hose that drips".into() };
    story.by(DISPATCHER, unlink()).refused("illegal_transition");
    story.by(DISPATCHER, LinkRework { origin: id, goodwill: None }).applied();
    story.by(DISPATCHER, unlink()).applied();
    assert_eq!((story.order.rework_of, story.order.policy.free_of_charge), (None, false));
    let blamed: &WorkOrder = story.related.get(id).expect("it is still there");
    assert_eq!((blamed.reworked_by.len(), blamed.passed()), (0, Some(true)));
    story.by(WANG, Start {}).refused("quote_not_confirmed");
    // What was signed for as free stays free.
    story.by(DISPATCHER, LinkRework { origin: id, goodwill: None }).applied();
    let mut signed = story.started().finished().signed();
    signed.by(DISPATCHER, unlink()).refused("illegal_transition");
}

#[test]
fn beyond_the_warranty_it_is_free_only_if_a_manager_says_so() {
    let mut story = Story::reaching(Status::Assigned);
    story.order.unit = Some(Id::new(FLAT));
    story.order.called_at = at(0) + Duration::days(11);
    let first = origin();
    let id = first.id;
    story.related.records.insert(Record::from(first.clone()).address(), first.into());
    let link = |goodwill: Option<&str>| LinkRework { origin: id, goodwill: goodwill.map(Into::into) };
    story.by(DISPATCHER, link(None)).refused("warranty_over");
    story.by(DISPATCHER, link(Some("A good customer"))).refused("forbidden");
    story.by(MANAGER, link(Some("A good customer"))).applied();
    assert!(story.order.policy.free_of_charge);
    assert_eq!(story.order.timeline.last().and_then(|entry| entry.note.as_deref()), Some("A good customer"));
}

#[test]
fn another_flat_is_another_fault() {
    let mut story = Story::reaching(Status::Assigned);
    let first = origin();
    let id = first.id;
    story.related.records.insert(Record::from(first.clone()).address(), first.into());
    story.by(DISPATCHER, LinkRework { origin: id, goodwill: None }).refused("bad_reference");
}
