//! Corrections are merged field by field.

use serde_json::json;

use super::kit::{DESK, DISPATCHER, Did, LI, NORTH, Story, WANG, ZHAO, assign, number};
use crate::{
    Id,
    refusal::Flag,
    work_order::{Caller, Priority, Status, request::Edit, visit::Diagnose},
};

fn place(place: &str) -> Edit {
    Edit { place: Some(place.into()), ..Edit::default() }
}

fn fault(fault: &str) -> Edit {
    Edit { fault: Some(fault.into()), ..Edit::default() }
}

fn findings(findings: &str) -> Edit {
    Edit { findings: Some(findings.into()), ..Edit::default() }
}

fn diagnose(findings: &str) -> Diagnose {
    Diagnose { findings: findings.into(), cause: None, explained: None }
}

#[test]
fn different_fields_are_merged() {
    let mut story = Story::reaching(Status::Assigned);
    let mut phone = story.phone(WANG);
    story.by(DESK, fault("Pours")).applied();
    phone.sends(&mut story, place("7-1203, bathroom")).applied();
    assert_eq!((story.order.fault.as_str(), story.order.place.as_str()), ("Pours", "7-1203, bathroom"));
}

#[test]
fn the_offices_field_stays_the_offices() {
    let mut story = Story::reaching(Status::Assigned);
    let mut phone = story.phone(WANG);
    story.by(DESK, place("7-1204")).applied();
    phone.sends(&mut story, place("7-1205")).flagged(Flag::FieldConflict);
    assert_eq!(story.order.place, "7-1204");
    assert_eq!(story.details, [json!({ "field": "place", "held": "7-1204", "sent": "7-1205" })]);
}

#[test]
fn the_technicians_field_takes_the_phones() {
    let mut story = Story::reaching(Status::OnSite).then(WANG, diagnose("Seal"));
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, findings("Seal, he says")).applied();
    phone.sends(&mut story, diagnose("Seal and pipe")).flagged(Flag::FieldConflict);
    assert_eq!(story.order.diagnosis.as_ref().expect("found").findings, "Seal and pipe");
    assert_eq!(story.details, [json!({ "field": "findings", "held": "Seal, he says", "sent": "Seal and pipe" })]);
}

#[test]
fn a_dispatchers_late_diagnosis_changes_nothing_of_the_technicians() {
    let mut story = Story::reaching(Status::OnSite);
    let mut phone = story.phone(DISPATCHER);
    let explained = Some("The floor was swollen before".to_owned());
    story.by(WANG, Diagnose { findings: "Pipe".into(), cause: Some("Frost".into()), explained }).applied();
    phone.sends(&mut story, diagnose("Seal, by telephone")).flagged(Flag::FieldConflict);
    let diagnosis = story.order.diagnosis.clone().expect("found");
    assert_eq!((diagnosis.findings.as_str(), diagnosis.by), ("Pipe", WANG.user()));
    let said: Vec<_> = story.order.timeline.iter().filter_map(|entry| entry.note.as_deref()).collect();
    assert_eq!(said, ["Pipe", "Seal, by telephone"]);
}

#[test]
fn what_was_explained_stays_explained() {
    let explained = Some("The floor was swollen before".to_owned());
    let first = Diagnose { findings: "Seal".into(), cause: Some("Age".into()), explained: explained.clone() };
    let story = Story::reaching(Status::OnSite).then(WANG, first).then(WANG, diagnose("Seal and pipe"));
    let diagnosis = story.order.diagnosis.expect("found");
    assert_eq!((diagnosis.cause.as_deref(), diagnosis.explained), (Some("Age"), explained));
}

#[test]
fn ones_own_earlier_correction_is_no_conflict() {
    let mut story = Story::reaching(Status::Assigned);
    let mut phone = story.phone(WANG);
    story.by(DESK, fault("Pours")).applied();
    phone.sends(&mut story, place("7-1205")).applied();
    phone.sends(&mut story, place("7-1206")).applied();
    assert_eq!(story.order.place, "7-1206");
}

#[test]
fn the_same_correction_from_both_sides_is_none() {
    let mut story = Story::reaching(Status::Assigned);
    let mut phone = story.phone(WANG);
    story.by(DESK, place("7-1204")).applied();
    phone.sends(&mut story, place("7-1204")).applied();
}

#[test]
fn a_correction_by_a_former_technician_gives_way() {
    let mut story = Story::reaching(Status::OnSite).then(WANG, diagnose("Seal"));
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, assign(LI)).applied();
    story.by(LI, diagnose("Pipe")).applied();
    let did = phone.sends(&mut story, findings("Seal only"));
    assert_eq!(did, Did::Applied(vec![Flag::ReassignedMeanwhile, Flag::FieldConflict]));
    assert_eq!(story.order.diagnosis.as_ref().expect("found").findings, "Pipe");
}

#[test]
fn a_technician_sets_neither_urgency_nor_crew() {
    let mut story = Story::reaching(Status::Assigned);
    story.by(WANG, Edit { priority: Some(Priority::Urgent), ..Edit::default() }).refused("forbidden");
    story.by(WANG, Edit { team: Some(Id::new(NORTH)), ..Edit::default() }).refused("forbidden");
    story.by(DESK, Edit { priority: Some(Priority::Urgent), ..Edit::default() }).applied();
    story.by(DESK, Edit { team: Some(Id::new(number(99))), ..Edit::default() }).refused("bad_reference");
    story.by(ZHAO, place("Elsewhere")).refused("not_assigned");
    assert_eq!(story.order.priority, Priority::Urgent);
}

#[test]
fn findings_need_a_diagnosis() {
    let mut story = Story::reaching(Status::OnSite);
    story.by(WANG, findings("Seal")).refused("entry_unknown");
}

#[test]
fn absent_fields_stay() {
    let before = Story::reaching(Status::Assigned);
    let caller = Caller { name: "Mr Chen".into(), phone: None };
    let story = before.clone().then(DESK, Edit { caller: Some(caller.clone()), ..Edit::default() });
    let mut expected = before.order;
    expected.caller = caller;
    expected.changed.insert("caller".into(), story.rev);
    assert_eq!(story.order, expected);
    story.clone().then(DESK, Edit::default());
}
