//! The rows of the conflict table that concern orders: what becomes of work recorded on a phone while the office
//! changed its order.

use super::kit::{
    DESK, DISPATCHER, Deed, Did, LI, MANAGER, PLUMBING, Story, WANG, ZHAO, assign, at, between, cancel, close, confirm,
    hand_back, number, pause, quote, request_by_phone, signature, window, world, write_down, yuan,
};
use crate::{
    Id,
    money::Quantity,
    operation::{Mode, OpenOrder, OtherLabour, Related, Subject},
    refusal::Flag,
    work_order::{
        State, Status,
        dispatch::{Accept, AgreeTime, Close, Depart},
        pause::Resume,
        request::Edit,
        sign_off::{RefuseAcceptance, SetCharge},
        visit::{AddNote, Arrive, Diagnose, Finish, RecordLabour, Start, UseMaterial, VoidEntry},
    },
};

fn note(text: &str) -> AddNote {
    AddNote { text: text.into() }
}

fn diagnose(findings: &str) -> Diagnose {
    Diagnose { findings: findings.into(), cause: None, explained: None }
}

fn seals(count: i64) -> UseMaterial {
    UseMaterial {
        item: None,
        name: "Seal".into(),
        quantity_milli: Quantity(count * 1000),
        unit: "pc".into(),
        stock: None,
    }
}

fn labour(from: i64, until: i64) -> RecordLabour {
    RecordLabour { from: at(from), until: at(until), note: None }
}

#[test]
fn what_is_legal_and_still_assigned_is_applied() {
    let mut story = Story::reaching(Status::Assigned);
    let mut phone = story.phone(WANG);
    phone.sends(&mut story, Accept {}).applied();
    phone.sends(&mut story, Depart {}).applied();
    phone.sends(&mut story, Arrive {}).applied();
    phone.sends(&mut story, diagnose("Trap seal worn")).applied();
    phone.sends(&mut story, quote(120)).applied();
    let confirmation = confirm(story.op);
    phone.sends(&mut story, confirmation).applied();
    phone.sends(&mut story, Start {}).applied();
    phone.sends(&mut story, seals(1)).applied();
    phone.sends(&mut story, Finish { summary: Some("Seal replaced".into()) }).applied();
    let signed = story.signature();
    phone.sends(&mut story, signed).applied();
    story.expect(Status::SignedOff);
    assert_eq!(story.order.charge.as_ref().map(|charge| charge.amount), Some(yuan(120)));
    let steps: Vec<_> = story.order.timeline.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(steps, ["assign", "accept", "depart", "arrive", "diagnose", "start", "finish", "sign_off"]);
}

#[test]
fn what_somebody_else_did_already_stands_in_the_timeline() {
    let mut story = Story::reaching(Status::Working);
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, Finish { summary: Some("Told by telephone".into()) }).applied();
    phone.sends(&mut story, Finish { summary: Some("Seal replaced".into()) }).flagged(Flag::AlreadyDone);
    phone.sends(&mut story, seals(2)).applied();
    story.expect(Status::Finished);
    let entry = story.order.timeline.last().expect("an entry");
    assert_eq!((entry.what.as_str(), entry.by, entry.overtaken), ("finish", WANG.user(), Some(Flag::AlreadyDone)));
    let notes: Vec<_> = story.order.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(notes, ["Told by telephone", "Seal replaced"]);
    assert_eq!(story.order.materials.len(), 1);
}

#[test]
fn who_waits_for_the_answer_is_told_that_it_is_done() {
    let mut story = Story::reaching(Status::OnSite);
    story.by(WANG, Arrive {}).refused("illegal_transition");
}

#[test]
fn every_step_that_two_phones_recorded_is_done_once() {
    let twice = [
        (Status::EnRoute, Depart {}.into()),
        (Status::OnSite, Arrive {}.into()),
        (Status::Working, Start {}.into()),
        (Status::Paused, pause().into()),
        (Status::Working, Resume {}.into()),
        (Status::OnSite, Resume {}.into()),
        (Status::Finished, crate::catalogue::Action::from(Finish { summary: None })),
    ];
    for (status, again) in twice {
        let mut story = Story::reaching(status);
        let name = again.spec().name;
        let did = story.perform(&Deed::recorded(WANG, Some(2)), again);
        assert_eq!(did, Did::Applied(vec![Flag::AlreadyDone]), "{name}");
        story.expect(status);
    }
}

#[test]
fn handing_back_what_the_office_took_back_is_done_already() {
    let mut story = Story::reaching(Status::Requested);
    story.perform(&Deed::recorded(DISPATCHER, Some(1)), hand_back()).flagged(Flag::AlreadyDone);
    story.expect(Status::Requested);
}

#[test]
fn a_second_refusal_of_the_same_work_moves_nothing() {
    let refusal = || RefuseAcceptance { name: "Mrs Chen".into(), reason: "It still drips".into() };
    let mut story = Story::reaching(Status::Finished);
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, refusal()).applied();
    story.expect(Status::Working);
    phone.sends(&mut story, refusal()).flagged(Flag::AlreadyDone);
    story.expect(Status::Working);
    assert_eq!(story.order.rejections.len(), 2);
}

#[test]
fn work_on_an_order_cancelled_meanwhile_is_attached_and_may_be_billable() {
    let mut story = Story::reaching(Status::Assigned);
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, cancel()).applied();
    let flag = Flag::CancelledMeanwhile;
    for did in [
        phone.sends(&mut story, Arrive {}),
        phone.sends(&mut story, diagnose("Trap seal worn")),
        phone.sends(&mut story, seals(1)),
        phone.sends(&mut story, labour(0, 30)),
        phone.sends(&mut story, note("He was already there")),
        phone.sends(&mut story, quote(120)),
    ] {
        did.flagged(flag);
    }
    let quoted = story.op;
    phone.sends(&mut story, confirm(quoted)).flagged(flag);
    phone.sends(&mut story, Start {}).flagged(flag);
    phone.sends(&mut story, Finish { summary: None }).flagged(flag);
    let mut content = story.order.content_to_sign(WANG.name, WANG.user(), "Mrs Chen");
    content.amount = yuan(120);
    content.quote = Some(signed_quote(&story, quoted));
    phone.sends(&mut story, signature(content)).flagged(flag);

    story.expect(Status::Cancelled);
    let order = &story.order;
    assert_eq!((order.materials.len(), order.labour.len(), order.notes.len(), order.sign_offs.len()), (1, 1, 1, 1));
    assert_eq!(order.diagnosis.as_ref().expect("found").findings, "Trap seal worn");
    assert_eq!(order.charge, None, "a person decides");
    let signed = order.sign_offs[0].op;
    let charge = |yuans| SetCharge { sign_off: signed, amount: yuan(yuans), reason: "The work was done".into() };
    story.by(MANAGER, charge(121)).refused("amount_exceeds_signed");
    story.by(MANAGER, charge(120)).applied();
    assert_eq!(story.order.charge.as_ref().expect("charged").amount, yuan(120));
}

/// The quote as a phone shows it that does not know of the order's end.
fn signed_quote(story: &Story, id: uuid::Uuid) -> crate::work_order::sign_off::SignedQuote {
    let quote = story.order.quotes.iter().find(|quote| quote.id == id).expect("on the order");
    crate::work_order::sign_off::SignedQuote {
        id,
        revision: quote.revision,
        lines: quote.lines.clone(),
        total: quote.total,
    }
}

#[test]
fn who_saw_the_end_cannot_move_the_order_but_may_add_to_it() {
    for over in [Status::Cancelled, Status::Closed] {
        let mut story = Story::reaching(over);
        let mut phone = story.phone(WANG);
        phone.sends(&mut story, Arrive {}).refused("illegal_transition");
        phone.sends(&mut story, quote(10)).refused("illegal_transition");
        phone.sends(&mut story, diagnose("Something else")).refused("illegal_transition");
        phone
            .sends(&mut story, AgreeTime { window: window(60, 90), consented_by: "Mrs Chen".into() })
            .refused("illegal_transition");
        phone.sends(&mut story, note("Left the key at the desk")).applied();
        phone.sends(&mut story, labour(0, 30)).applied();
        story.expect(over);
    }
}

#[test]
fn work_on_an_order_reassigned_meanwhile_is_attached_with_its_author() {
    let mut story = Story::reaching(Status::Assigned);
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, assign(LI)).applied();
    let flag = Flag::ReassignedMeanwhile;
    phone.sends(&mut story, Accept {}).flagged(flag);
    phone.sends(&mut story, Depart {}).flagged(flag);
    phone.sends(&mut story, Arrive {}).flagged(flag);
    phone.sends(&mut story, seals(1)).flagged(flag);
    phone.sends(&mut story, diagnose("Trap seal worn")).flagged(flag);
    phone.sends(&mut story, hand_back()).flagged(flag);
    story.expect(Status::Assigned);
    assert_eq!(story.order.technician(), Some(LI.user()));
    assert!(story.order.clocks.arrive.as_ref().expect("a clock").stopped.is_none(), "Li has yet to arrive");
    assert!(story.order.timeline.iter().filter(|entry| entry.overtaken == Some(flag)).all(|e| e.by == WANG.user()));
    assert_eq!(story.order.timeline.last().and_then(|entry| entry.note.as_deref()), Some("Needs an electrician"));
    // What he found does not stand against what the new technician finds.
    story.by(LI, diagnose("Pipe cracked")).applied();
    phone.sends(&mut story, diagnose("Only the seal")).applied_with([flag, Flag::FieldConflict]);
    assert_eq!(story.order.diagnosis.as_ref().expect("found").findings, "Pipe cracked");
}

impl Did {
    #[track_caller]
    fn applied_with<const N: usize>(self, flags: [Flag; N]) {
        assert_eq!(self, Did::Applied(flags.to_vec()));
    }
}

#[test]
fn the_quote_of_a_former_technician_neither_blocks_nor_prices_the_work_of_the_new_one() {
    let mut story = Story::reaching(Status::Assigned);
    let mut phone = story.phone(WANG);
    story = story.assigned_to(LI).arrived().quoted(200);
    phone.sends(&mut story, quote(90)).flagged(Flag::ReassignedMeanwhile);
    let late = story.op;
    phone.sends(&mut story, confirm(late)).flagged(Flag::ReassignedMeanwhile);
    assert_eq!(story.order.quotes.len(), 2);
    story = story.started().finished().signed();
    assert_eq!(story.order.charge.as_ref().expect("signed").amount, yuan(200));
}

#[test]
fn an_appointment_made_by_a_former_technician_stays_on_record_and_does_not_count() {
    let mut story = Story::reaching(Status::Assigned);
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, assign(LI)).applied();
    let due = story.order.clocks.arrive.as_ref().expect("a clock").due;
    let agreed = AgreeTime { window: window(600, 660), consented_by: "Mrs Chen".into() };
    phone.sends(&mut story, agreed).flagged(Flag::ReassignedMeanwhile);
    assert_eq!(story.order.appointments.len(), 1);
    assert_eq!(story.order.expected(), None);
    assert_eq!(story.order.clocks.arrive.as_ref().expect("a clock").due, due);
}

#[test]
fn who_knows_that_it_is_no_longer_theirs_may_add_what_they_did_but_move_nothing() {
    let mut story = Story::reaching(Status::OnSite).assigned_to(LI);
    let mut phone = story.phone(WANG);
    phone.sends(&mut story, labour(0, 30)).applied();
    phone.sends(&mut story, seals(1)).applied();
    phone.sends(&mut story, Start {}).refused("not_assigned");
    phone.sends(&mut story, quote(80)).refused("not_assigned");
    phone.sends(&mut story, diagnose("Nothing")).refused("not_assigned");
    let signed = story.signature();
    phone.sends(&mut story, signed).refused("not_assigned");
    story.by(ZHAO, note("Never mine")).refused("not_assigned");
}

#[test]
fn who_gave_it_back_without_signal_knows_that_they_did() {
    let mut story = Story::reaching(Status::OnSite);
    let mut phone = story.phone(WANG);
    phone.sends(&mut story, pause()).applied();
    phone.sends(&mut story, hand_back()).applied();
    story.expect(Status::Requested);
    phone.sends(&mut story, note("The key is at the porter's")).applied();
    phone.sends(&mut story, Start {}).refused("not_assigned");
    let last = story.order.assignments.last().expect("an assignment");
    assert_eq!(last.handed_back.as_deref(), Some("Needs an electrician"));
}

#[test]
fn a_signature_after_the_office_took_the_order_back_is_kept_on_it() {
    let mut story = Story::reaching(Status::OnSite);
    let mut phone = story.phone(WANG);
    phone.shows(Start {});
    phone.shows(Finish { summary: None });
    let signed = phone.screen.signature();
    story.by(DISPATCHER, hand_back()).applied();
    for did in [
        phone.sends(&mut story, Start {}),
        phone.sends(&mut story, Finish { summary: None }),
        phone.sends(&mut story, signed),
    ] {
        did.flagged(Flag::ReassignedMeanwhile);
    }
    story.expect(Status::Requested);
    assert_eq!(story.order.sign_offs.len(), 1);
    assert_eq!(story.order.charge, None);
}

#[test]
fn who_got_the_order_back_goes_on_where_the_office_left_it() {
    let mut story = Story::reaching(Status::Assigned);
    let mut phone = story.phone(WANG);
    story = story.assigned_to(LI).assigned_to(WANG);
    phone.sends(&mut story, Arrive {}).applied();
    story.expect(Status::OnSite);
}

#[test]
fn the_fee_that_was_signed_is_charged_until_a_person_decides() {
    let mut story = Story::reaching(Status::OnSite);
    let mut phone = story.phone(WANG);
    phone.shows(Start {});
    phone.shows(Finish { summary: None });
    let signed = phone.screen.signature();
    // Meanwhile the office prices it anew.
    story.by(DISPATCHER, quote(150)).applied();
    phone.sends(&mut story, Start {}).flagged(Flag::QuoteChangedMeanwhile);
    phone.sends(&mut story, Finish { summary: None }).applied();
    phone.sends(&mut story, signed).flagged(Flag::SignedOlderQuote);
    assert_eq!(story.order.charge.as_ref().expect("signed").amount, yuan(120));
    assert!(story.order.sign_offs[0].differs.is_empty(), "it covers what was confirmed");
}

#[test]
fn a_quote_replaced_meanwhile_can_still_be_confirmed_by_who_did_not_know() {
    let mut story = Story::reaching(Status::Assigned).arrived();
    story.by(WANG, quote(120)).applied();
    let first = story.op;
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, quote(150)).applied();
    phone.sends(&mut story, confirm(first)).flagged(Flag::SignedOlderQuote);
    phone.sends(&mut story, Start {}).flagged(Flag::QuoteChangedMeanwhile);
    let mut knowing = story.phone(WANG);
    knowing.sends(&mut story, confirm(first)).refused("quote_unknown");
}

#[test]
fn material_is_a_quantity_and_always_added() {
    let mut story = Story::reaching(Status::Working);
    let mut one = story.phone(WANG);
    let mut other = story.phone(WANG);
    one.sends(&mut story, seals(1)).applied();
    other.sends(&mut story, seals(2)).applied();
    let used: i64 = story.order.materials.iter().map(|used| used.quantity_milli.0).sum();
    assert_eq!(used, 3000);
}

#[test]
fn of_two_signatures_both_are_kept_and_the_first_received_counts() {
    let mut story = Story::reaching(Status::Finished);
    let mut phone = story.phone(WANG);
    let (first, again) = (story.signature(), story.signature());
    let content = story.order.content_to_sign(WANG.name, WANG.user(), "Mr Chen");
    story.by(WANG, first).applied();
    let signed = story.op;
    phone.sends(&mut story, again).applied();
    phone.sends(&mut story, signature(content)).flagged(Flag::DifferentSigner);
    assert_eq!(story.order.sign_offs.len(), 3);
    assert_eq!(story.order.primary_sign_off().expect("signed").op, signed);
    assert_eq!(story.order.charge.as_ref().expect("charged").signed_by, signed);
}

#[test]
fn what_comes_after_the_file_was_closed_is_appended_and_does_not_reopen_it() {
    let mut story = Story::reaching(Status::Finished);
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, Close { without_signature: Some("Nobody at home".into()), without_photos: None }).applied();
    phone.sends(&mut story, note("She came after all")).flagged(Flag::ActivityAfterClose);
    let content = phone.screen.signature();
    phone.sends(&mut story, content).flagged(Flag::ActivityAfterClose);
    story.expect(Status::Closed);
    assert_eq!((story.order.notes.len(), story.order.sign_offs.len()), (1, 1));
    assert_eq!(story.order.charge, None, "closed without a signature: a person decides");
}

#[test]
fn overlapping_working_times_are_both_kept() {
    let mut story = Story::reaching(Status::Working);
    story.related.labour = vec![OtherLabour { work_order: number(77), op: number(78) }];
    story.by(WANG, labour(0, 30)).flagged(Flag::OverlappingTimes);
    assert_eq!(story.order.labour.len(), 1);
}

#[test]
fn an_order_made_on_a_phone_beside_one_of_the_office_is_flagged_and_both_stay() {
    let open = |received_at, order_type| OpenOrder {
        work_order: Id::new(number(900)),
        about: Subject { unit: Some(number(8)), asset: None },
        order_type,
        received_at,
    };
    let flags = |mode, other| {
        let related = Related { records: world(), open_orders: vec![other], ..Related::default() };
        write_down(number(2000), &Deed { mode, ..Deed::online(WANG) }, request_by_phone(PLUMBING), &related)
            .expect("taken")
            .1
    };
    assert_eq!(flags(Mode::Recorded, open(at(-600), PLUMBING)), [Flag::PossibleDuplicate]);
    assert_eq!(flags(Mode::Recorded, open(at(-60 * 25), PLUMBING)), []);
    assert_eq!(flags(Mode::Recorded, open(at(-600), number(99))), []);
    assert_eq!(flags(Mode::Online, open(at(-600), PLUMBING)), []);
}

#[test]
fn a_technician_takes_back_their_own_entries_only_and_nothing_disappears() {
    let mut story = Story::reaching(Status::Working);
    story.by(WANG, seals(1)).applied();
    let his = story.op;
    story.by(DISPATCHER, note("Ring first")).applied();
    let theirs = story.op;
    let void = |entry| VoidEntry { entry, reason: "Wrong order".into() };
    story.by(WANG, void(theirs)).refused("forbidden");
    story.by(WANG, void(his)).applied();
    let voided = story.op;
    story.by(DISPATCHER, void(his)).applied();
    story.by(WANG, void(number(1))).refused("entry_unknown");
    let used = &story.order.materials[0];
    assert_eq!(used.void.as_ref().map(|void| (void.op, void.by)), Some((voided, WANG.user())));
    assert_eq!(story.order.content_to_sign(WANG.name, WANG.user(), "Mrs Chen").materials, []);
}

#[test]
fn whoever_wrote_a_request_down_may_add_to_it() {
    let mut story = Story::requested(number(1000), ZHAO, request_by_phone(PLUMBING));
    let mut phone = story.phone(ZHAO);
    phone.sends(&mut story, note("Valve closed")).applied();
    phone.sends(&mut story, Edit { fault: Some("Burst pipe".into()), ..Edit::default() }).applied();
    phone.sends(&mut story, Edit { fault: Some("Burst pipe in the wall".into()), ..Edit::default() }).applied();
    phone.sends(&mut story, Arrive {}).refused("not_assigned");
    assert_eq!(story.order.fault, "Burst pipe in the wall");
    story.by(DISPATCHER, cancel()).applied();
    phone.sends(&mut story, note("Still dripping")).flagged(Flag::CancelledMeanwhile);
}

#[test]
fn a_dispatcher_without_signal_is_judged_by_what_they_saw_too() {
    let mut story = Story::reaching(Status::Finished);
    let mut phone = story.phone(DISPATCHER);
    story.by(MANAGER, Close { without_signature: Some("Goodwill".into()), without_photos: None }).applied();
    phone.sends(&mut story, note("She will call")).flagged(Flag::ActivityAfterClose);
    let mut story = Story::reaching(Status::Assigned).assigned_to(LI);
    let mut phone = story.phone(DISPATCHER);
    phone.sends(&mut story, Arrive {}).applied();
    story.expect(Status::OnSite);
}

#[test]
fn cancelling_work_in_progress_forgets_nothing_of_it() {
    let mut story = Story::reaching(Status::Working);
    story.by(DESK, cancel()).applied();
    let State::Cancelled { was, .. } = &story.order.state else { panic!("cancelled") };
    assert_eq!(*was, Some(WANG.user()));
    let steps: Vec<_> = story.order.timeline.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(steps, ["assign", "depart", "arrive", "start", "cancel"]);
    story.by(DESK, cancel()).refused("illegal_transition");
}

#[test]
fn wrong_clocks_change_no_outcome() {
    let did = |when: crate::evidence::When| {
        let mut story = Story::reaching(Status::Assigned);
        let mut phone = story.phone(WANG);
        story.by(DISPATCHER, assign(LI)).applied();
        let did = phone.sends_of(&mut story, Some(when), Arrive {});
        (did, story.order.status())
    };
    let honest = did(between(10, 11));
    let decade = 10 * 365 * 24 * 60;
    let wall = Some("2016-03-02T16:00:00+08:00".to_owned());
    assert_eq!(did(between(-decade, decade)), honest);
    assert_eq!(did(crate::evidence::When { wall, ..between(10, 11) }), honest);
}

#[test]
fn a_file_needs_a_signature_or_a_reason_to_be_closed() {
    let mut story = Story::reaching(Status::Finished);
    story.by(DISPATCHER, close()).refused("illegal_transition");
    story.by(DISPATCHER, Close { without_signature: Some("Moved away".into()), without_photos: None }).applied();
}
