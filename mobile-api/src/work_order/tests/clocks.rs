//! Deadlines: written down within 5 minutes, sent within 15, there within 20, or by the time that was agreed.

use chrono::Duration;
use proptest::prelude::*;

use super::kit::{
    DISPATCHER, Deed, Did, LI, Story, WANG, agree, assign, at, between, cancel, hand_back, number, pause, request,
    window, world, write_down,
};
use crate::{
    Id,
    directory::{Deadlines, Organisation},
    evidence::{Verdict, When},
    operation::Related,
    record::Record,
    work_order::{Clock, Clocks, Status, WorkOrder, clocks::Agreement, pause::Resume, request::Request, visit::Arrive},
};

fn arrive_clock(story: &Story) -> &Clock {
    story.order.clocks.arrive.as_ref().expect("a deadline")
}

fn arrival(story: &mut Story, when: When) -> Option<Verdict> {
    let deed = Deed { when: Some(when), ..Deed::recorded(WANG, Some(story.rev)) };
    story.perform(&deed, Arrive {}).applied();
    arrive_clock(story).verdict
}

fn written_down(called: i64, recorded: When) -> WorkOrder {
    let related = Related { records: world(), ..Related::default() };
    let deed = Deed { when: Some(recorded), ..Deed::online(DISPATCHER) };
    let request = Request { called_at: Some(at(called)), ..request() };
    write_down(number(1000), &deed, request, &related).expect("taken").0
}

#[test]
fn a_request_is_written_down_in_time_late_or_unprovably() {
    let verdict = |recorded| written_down(0, recorded).clocks.record.expect("a deadline").verdict;
    assert_eq!(verdict(between(5, 5)), Some(Verdict::OnTime));
    assert_eq!(verdict(between(6, 9)), Some(Verdict::Late));
    assert_eq!(verdict(between(1, 9)), Some(Verdict::Unprovable));
}

#[test]
fn nobody_calls_after_it_was_written_down() {
    let order = written_down(600, between(1, 3));
    assert_eq!(order.called_at, at(3));
    assert_eq!(order.clocks.record.expect("a deadline").verdict, Some(Verdict::OnTime));
}

#[test]
fn the_crew_is_not_blamed_for_time_it_never_had() {
    let clocks = written_down(0, between(1, 90)).clocks;
    assert_eq!(clocks.dispatch.expect("a deadline").due, at(105));
    assert_eq!(clocks.arrive.expect("a deadline").due, at(110));
}

#[test]
fn somebody_is_sent_in_time_or_late_and_the_first_counts() {
    let sent = |minute| Story::new().at(minute).assigned_to(WANG).order.clocks.dispatch.expect("a deadline").verdict;
    assert_eq!(sent(15), Some(Verdict::OnTime));
    assert_eq!(sent(16), Some(Verdict::Late));
    let again = Story::new().at(10).assigned_to(WANG).at(40).assigned_to(LI);
    assert_eq!(again.order.clocks.dispatch.expect("a deadline").verdict, Some(Verdict::OnTime));
}

#[test]
fn somebody_arrives_in_time_late_or_unprovably_and_the_first_counts() {
    for (when, verdict) in
        [(between(10, 20), Verdict::OnTime), (between(21, 25), Verdict::Late), (between(10, 25), Verdict::Unprovable)]
    {
        let mut story = Story::reaching(Status::Assigned);
        assert_eq!(arrival(&mut story, when), Some(verdict));
        let mut story = story.then(WANG, hand_back()).at(90).assigned_to(WANG);
        assert_eq!(arrival(&mut story, between(100, 100)), Some(verdict));
    }
}

#[test]
fn an_agreed_time_moves_the_deadline() {
    let mut story = Story::reaching(Status::Assigned).at(10).then(DISPATCHER, agree(120, 180));
    assert_eq!(arrive_clock(&story).due, at(180));
    assert_eq!(story.order.expected(), Some(window(120, 180)));
    assert_eq!(arrival(&mut story, between(170, 180)), Some(Verdict::OnTime));
}

#[test]
fn a_consent_after_the_deadline_excuses_nothing() {
    let mut story = Story::reaching(Status::Assigned).at(21).then(DISPATCHER, agree(120, 180));
    assert_eq!(arrive_clock(&story).due, at(20));
    assert_eq!(story.order.expected(), Some(window(120, 180)), "she is expecting somebody all the same");
    assert_eq!(arrival(&mut story, between(130, 130)), Some(Verdict::Late));
}

#[test]
fn a_consent_of_unprovable_time_leaves_a_verdict_only_where_it_makes_no_difference() {
    let story = || {
        let mut story = Story::reaching(Status::Assigned);
        let deed = Deed { when: Some(between(5, 90)), ..Deed::recorded(WANG, Some(story.rev)) };
        story.perform(&deed, agree(120, 180)).applied();
        story
    };
    assert_eq!(arrival(&mut story(), between(15, 15)), Some(Verdict::OnTime));
    assert_eq!(arrival(&mut story(), between(130, 130)), Some(Verdict::Unprovable));
    assert_eq!(arrival(&mut story(), between(200, 200)), Some(Verdict::Late));
    let overdue = |minute| arrive_clock(&story()).overdue(at(minute));
    assert_eq!([100, 180, 181].map(overdue), [false, false, true]);
}

#[test]
fn what_is_agreed_after_arrival_does_not_start_the_clock_again() {
    let without = |minutes: Option<u32>| {
        let mut story = Story::new();
        story.order.clocks.arrive = story.order.clocks.arrive.filter(|_| minutes.is_some());
        story.assigned_to(WANG).arrived().quoted(10).started().then(WANG, pause()).then(WANG, agree(1440, 1500))
    };
    let clock = without(Some(20)).order.clocks.arrive.expect("a deadline");
    assert_eq!((clock.due, clock.verdict), (at(20), Some(Verdict::OnTime)));
    let story = without(None);
    assert_eq!(story.order.clocks.arrive, None);
    story.then(WANG, Resume {}).expect(Status::Working);
}

#[test]
fn an_agreed_time_is_a_deadline_where_there_was_none() {
    let mut story = Story::new();
    story.order.clocks = Clocks::default();
    let mut story = story.assigned_to(WANG).then(WANG, agree(120, 180));
    assert_eq!(arrival(&mut story, between(181, 181)), Some(Verdict::Late));
}

#[test]
fn the_offices_appointment_stands_and_the_other_consent_is_kept() {
    let mut story = Story::reaching(Status::Assigned);
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, agree(120, 180)).applied();
    let did = phone.sends(&mut story, agree(240, 300));
    assert_eq!(did, Did::Applied(vec![crate::refusal::Flag::FieldConflict]));
    assert_eq!(story.order.expected(), Some(window(120, 180)));
    assert_eq!(arrive_clock(&story).due, at(180));
    assert_eq!(story.order.appointments.len(), 2);
    phone = story.phone(WANG);
    phone.sends(&mut story, agree(240, 300)).applied();
    phone.sends(&mut story, agree(300, 360)).applied();
    assert_eq!(story.order.expected(), Some(window(300, 360)));
}

#[test]
fn the_end_of_an_order_settles_it_and_the_first_counts() {
    let mut story = Story::reaching(Status::Finished);
    story.order.clocks.resolve = Some(Clock::until(at(0), at(60)));
    let story = story.at(30).signed().at(90).then(DISPATCHER, super::kit::close());
    assert_eq!(story.order.clocks.resolve.as_ref().expect("a date").verdict, Some(Verdict::OnTime));
    assert_eq!(story.order.clocks.headline().expect("one").due, at(20), "lists go by arrival");
}

#[test]
fn what_was_cancelled_was_neither_on_time_nor_late() {
    let story = Story::reaching(Status::Assigned).then(DISPATCHER, cancel());
    assert_eq!(arrive_clock(&story).verdict, None);
}

#[test]
fn an_order_type_may_have_its_own_deadlines_or_none() {
    let order = |deadlines: Deadlines| {
        let mut related = Related { records: world(), ..Related::default() };
        let firm = related.get(Id::<Organisation>::new(super::kit::FIRM)).expect("the firm").clone();
        let firm = Record::from(Organisation { deadlines, ..firm });
        related.records.insert(firm.address(), firm);
        write_down(number(1000), &Deed::online(DISPATCHER), request(), &related).expect("taken").0
    };
    let none = Deadlines::NONE;
    assert_eq!(order(none).clocks, Clocks::default());
    let month = Deadlines { arrive_minutes: Some(30 * 24 * 60), ..none };
    assert_eq!(order(month).clocks.arrive.expect("a deadline").due, at(0) + Duration::days(30));
}

#[test]
fn the_certificate_that_ran_out_on_the_way_is_the_technicians() {
    use crate::refusal::Flag::CertificateMissing;
    let lift = || Story::of(super::kit::LIFTS);
    let mut story = lift();
    story.now = 300;
    story.by(DISPATCHER, assign(WANG)).refused("not_qualified");
    lift().assigned_to(WANG).at(200).then(WANG, Arrive {});
    let mut story = lift().assigned_to(WANG).at(300);
    story.by(DISPATCHER, Arrive {}).flagged(CertificateMissing);
    let mut story = lift().assigned_to(LI).at(300);
    story.by(DISPATCHER, Arrive {}).applied();
}

proptest! {
    #[test]
    fn no_date_however_absurd_breaks_a_clock(
        called in any::<i64>(), earliest in any::<i64>(), span in any::<i64>(), minutes in any::<u32>(),
    ) {
        let time = |micros: i64| crate::time::Timestamp::from_timestamp_micros(micros)
            .unwrap_or(crate::time::Timestamp::MAX_UTC);
        let (earliest, latest) = (time(earliest), time(earliest.saturating_add(span)));
        let when = When { earliest: earliest.min(latest), latest: earliest.max(latest), wall: None };
        let related = Related { records: world(), ..Related::default() };
        let deed = Deed { when: Some(when.clone()), ..Deed::online(DISPATCHER) };
        let request = Request { called_at: Some(time(called)), ..request() };
        let (mut order, _) = write_down(number(1000), &deed, request, &related).expect("taken");
        let due = time(called.saturating_add(minutes.into()));
        let agreement = Agreement { op: number(1), consented: &when, consented_by: "Mrs Chen", from: due, until: due };
        order.clocks.agreed(Status::Assigned, time(called), agreement, &order.policy);
        let _ = order.next_alarm();
        order.clocks.arrived(&when, &order.policy);
        let now = time(called);
        let record = Record::from(order);
        prop_assert!(record.reach(now).len() <= 5);
        prop_assert!(record.reach_changes_at(now).is_none_or(|then| then > now));
    }
}
