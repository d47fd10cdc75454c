//! What holds an order up before anybody is there, times that customers wish for, and orders that become more or less urgent.

use super::kit::{DISPATCHER, Deed, Did, LI, PLUMBING, Person, Story, WANG, assign, at, between, number, window};
use crate::{
    Ref,
    calendar::{Calendar, CalendarSave, WorkingHours},
    directory::{DeadlineRule, Deadlines, Label, OrderType, PauseReason, Timing},
    evidence::Verdict,
    ids::Id,
    operation::Payload,
    record::{Kind, Record},
    refusal::Flag,
    work_order::{
        Clock, ClockEvent, Priority, Status,
        dispatch::{AgreeTime, Depart},
        pause::{Pause, Resume},
        request::Edit,
        visit::Arrive,
    },
};

fn pause(code: Option<&str>, consented_by: Option<&str>) -> Pause {
    let (code, consented_by) = (code.map(Into::into), consented_by.map(Into::into));
    Pause { reason: "The part comes tomorrow".into(), next: None, code, consented_by }
}

/// Twenty minutes to the door and two hours for all of it; a missing part stops the clocks.
fn assigned() -> Story {
    let mut story = Story::reaching(Status::Assigned);
    let name = Label::new("缺件", "A part is missing");
    story.order.policy.pauses = vec![PauseReason { code: "part".into(), name, needs_consent: false }];
    story.order.clocks.resolve = Some(Clock::until(at(0), at(120)));
    story
}

fn due(story: &Story) -> (i64, i64) {
    let minutes = |clock: &Option<Clock>| (clock.as_ref().expect("a deadline").last_due() - at(0)).num_minutes();
    (minutes(&story.order.clocks.arrive), minutes(&story.order.clocks.resolve))
}

#[test]
fn an_order_that_cannot_begin_waits_where_it_is() {
    let mut story = assigned().at(10).then(DISPATCHER, pause(Some("part"), None));
    story.expect(Status::Assigned);
    assert!(story.order.clocks.any_paused());
    assert_eq!(story.order.next_alarm(), None, "nobody is told of what stands still");
    assert_eq!(story.by(DISPATCHER, pause(None, None)), Did::Refused("illegal_transition"), "nothing would stop");
    assert_eq!(story.by(DISPATCHER, pause(Some("lunch"), None)), Did::Refused("bad_reference"));
    // Whoever else is sent waits as well.
    story = story.at(20).then(DISPATCHER, assign(LI));
    assert!(story.order.clocks.any_paused());
    let story = story.at(70).then(DISPATCHER, Resume {});
    assert_eq!(due(&story), (80, 180), "ten minutes were left to the door");
    assert_eq!(story.clone().by(DISPATCHER, Resume {}), Did::Refused("illegal_transition"), "nothing stands still");
    let verdict = |story: Story| story.order.clocks.arrive.and_then(|clock| clock.verdict);
    assert_eq!(verdict(story.clone().at(80).then(LI, Arrive {})), Some(Verdict::OnTime));
    assert_eq!(verdict(story.at(81).then(LI, Arrive {})), Some(Verdict::Late));
}

/// It waits for a part when she says that the day after would suit her.
#[test]
fn a_time_that_is_agreed_while_it_waits_stands() {
    let agree = AgreeTime { window: window(600, 660), consented_by: "Mrs Chen".into() };
    let story = assigned().at(10).then(DISPATCHER, pause(Some("part"), None)).at(180).then(DISPATCHER, agree);
    let story = story.at(200).then(DISPATCHER, Resume {});
    assert_eq!(due(&story).0, 660, "it had not run out, and is not put off beyond what she wished");
    let verdict = |story: Story| story.order.clocks.arrive.and_then(|clock| clock.verdict);
    assert_eq!(verdict(story.clone().at(655).then(WANG, Arrive {})), Some(Verdict::OnTime));
    assert_eq!(verdict(story.at(661).then(WANG, Arrive {})), Some(Verdict::Late));
}

/// What waits becomes urgent: it has its time when it goes on.
#[test]
fn what_waits_becomes_urgent() {
    let mut story = assigned();
    by_priority(&mut story, false);
    let story =
        story.at(10).then(DISPATCHER, pause(Some("part"), None)).at(300).then(DISPATCHER, becomes(Priority::Urgent));
    let story = story.at(400).then(DISPATCHER, Resume {});
    assert_eq!(due(&story), (420, 460));
}

#[test]
fn whoever_comes_ends_the_wait() {
    let story = assigned().at(10).then(DISPATCHER, pause(Some("part"), None)).at(300).then(WANG, Arrive {});
    assert!(!story.order.clocks.any_paused());
    let arrive = story.order.clocks.arrive.clone().expect("a deadline");
    assert_eq!((arrive.verdict, arrive.judge(&between(300, 300), None)), (Some(Verdict::OnTime), Verdict::OnTime));
    assert_eq!(due(&story).1, 410);
}

/// The phone of a technician who was sent away meanwhile says that the part is missing.
#[test]
fn a_hold_by_somebody_whose_order_it_is_no_more_stops_nothing() {
    let mut story = assigned().at(5);
    let seen = story.rev;
    story = story.then(DISPATCHER, assign(LI));
    let deed = Deed::recorded(WANG, Some(seen));
    assert_eq!(story.perform(&deed, pause(Some("part"), None)), Did::Applied(vec![Flag::ReassignedMeanwhile]));
    assert!(!story.order.clocks.any_paused());
    let told = story.order.timeline.last().expect("an entry");
    assert_eq!((told.what.as_str(), told.overtaken), ("pause", Some(Flag::ReassignedMeanwhile)));
}

#[test]
fn what_the_customer_wished_for_is_nobodys_delay() {
    let agree = |from, until| AgreeTime { window: window(from, until), consented_by: "Mrs Chen".into() };
    let story = assigned().at(15).then(DISPATCHER, agree(600, 660));
    assert_eq!(due(&story), (660, 705), "105 minutes were left, and run from when the agreed time begins");
    // She would like it earlier after all: what counts is the last word.
    let sooner = story.clone().at(30).then(DISPATCHER, agree(300, 330));
    assert_eq!(due(&sooner), (330, 405));
    let spans = sooner.order.clocks.resolve.as_ref().expect("a deadline").pauses();
    let spans: Vec<_> = spans.iter().map(|span| (span.from.clone(), span.until.clone())).collect();
    assert_eq!(spans, [(between(15, 15), Some(between(300, 300)))], "one wait, not two");
    // Once that time had begun, another is a wait of its own.
    let twice = story.clone().at(630).then(DISPATCHER, agree(900, 930));
    assert_eq!(due(&twice), (930, 975));
    assert_eq!(twice.order.clocks.resolve.expect("a deadline").pauses().len(), 2);
    // Consent after the end excuses nothing.
    let late = assigned().at(121).then(DISPATCHER, agree(600, 660));
    assert_eq!(due(&late), (20, 120));
}

#[test]
fn settled_before_the_agreed_time_the_clock_stood_still_until_then() {
    let mut clock = Clock::until(at(0), at(120));
    clock.wait(number(1), &between(60, 60), "Mrs Chen", at(600), None);
    assert_eq!(clock.due, at(660));
    for (signed, used) in [(300, 60), (610, 70), (660, 120)] {
        let signed = between(signed, signed);
        assert_eq!(clock.judge(&signed, None), Verdict::OnTime);
        assert_eq!(clock.used(&signed, None).0.num_minutes(), used);
    }
    assert_eq!(clock.judge(&between(661, 661), None), Verdict::Late);
}

/// Twenty minutes for what is urgent, two hours otherwise; in the office's hours unless it is urgent.
fn by_priority(story: &mut Story, calendar: bool) {
    let deadlines =
        |arrive, resolve| Deadlines { arrive_minutes: Some(arrive), resolve_minutes: Some(resolve), ..Deadlines::NONE };
    let hours = WorkingHours::example();
    let office = Calendar { id: Id::new(number(70)), name: CalendarSave::example().name, hours };
    let rule =
        DeadlineRule { priority: Some(Priority::Urgent), site: None, deadlines: deadlines(20, 60), calendar: None };
    let Some(Record::OrderType(sort)) = story.related.records.get_mut(&Ref::new(Kind::OrderType, PLUMBING)) else {
        panic!("there is plumbing")
    };
    *sort = OrderType {
        deadlines: Some(deadlines(120, 480)),
        timing: Timing { rules: vec![rule], calendar: calendar.then_some(office.id), ..Timing::default() },
        ..sort.clone()
    };
    let office = Record::from(office);
    story.related.records.insert(office.address(), office);
    story.order.clocks.arrive = Some(Clock::until(at(0), at(120)));
    story.order.clocks.resolve = Some(Clock::until(at(0), at(480)));
}

fn becomes(priority: Priority) -> Edit {
    Edit { priority: Some(priority), ..Edit::default() }
}

#[test]
fn an_order_that_becomes_urgent_is_due_sooner_from_there_on() {
    let mut story = Story::reaching(Status::Assigned);
    by_priority(&mut story, false);
    let urgent = story.clone().at(50).then(DISPATCHER, becomes(Priority::Urgent));
    assert_eq!(due(&urgent), (70, 110), "nobody is late for what nobody asked");
    // Less than what is urgent allows was left: it stays so.
    assert_eq!(due(&story.clone().at(110).then(DISPATCHER, becomes(Priority::Urgent))), (120, 170));
    // An hour later it is not: it has all the time again that it had.
    let calm = urgent.clone().at(60).then(DISPATCHER, becomes(Priority::Normal));
    assert_eq!(due(&calm), (120, 480));
    // But what had run out had run out.
    assert_eq!(due(&urgent.at(71).then(DISPATCHER, becomes(Priority::Normal))), (70, 480));
    assert_eq!(story.by(WANG, becomes(Priority::Urgent)), Did::Refused("forbidden"));
}

#[test]
fn a_time_that_was_agreed_stands_whatever_the_priority() {
    let mut story = Story::reaching(Status::Assigned);
    by_priority(&mut story, false);
    let agree = AgreeTime { window: window(600, 660), consented_by: "Mrs Chen".into() };
    let story = story.at(30).then(DISPATCHER, agree).at(40).then(DISPATCHER, becomes(Priority::Urgent));
    assert_eq!(due(&story), (660, 660), "an hour, from when the agreed time begins");
}

#[test]
fn the_verdict_says_why_the_end_moved() {
    let mut story = Story::reaching(Status::Assigned);
    by_priority(&mut story, false);
    let story = story.at(50).then(DISPATCHER, becomes(Priority::Urgent)).at(65).then(WANG, Arrive {});
    let arrive = story.order.clocks.arrive.expect("a deadline");
    assert_eq!((arrive.verdict, arrive.first_due), (Some(Verdict::OnTime), Some(at(120))));
    let [ClockEvent::Reset { priority, due, .. }] = arrive.events.as_slice() else { panic!("one event") };
    assert_eq!((*priority, *due), (Priority::Urgent, at(70)));
    assert_eq!(arrive.judge(&between(69, 69), None), Verdict::OnTime);
    assert_eq!(arrive.judge(&between(71, 71), None), Verdict::Late);
}

#[test]
fn deadlines_that_only_one_priority_has_come_and_go() {
    let mut story = Story::reaching(Status::Assigned);
    by_priority(&mut story, false);
    story.order.clocks.resolve = None;
    let story = story.at(50).then(DISPATCHER, becomes(Priority::Urgent));
    assert_eq!(due(&story), (70, 110));
    assert_eq!(story.order.clocks.dispatch.as_ref().map(|clock| clock.stopped.is_some()), Some(true), "as it was");
    let mut none = story.clone();
    let Some(Record::OrderType(sort)) = none.related.records.get_mut(&Ref::new(Kind::OrderType, PLUMBING)) else {
        panic!("there is plumbing")
    };
    (sort.deadlines, sort.timing.rules[0].deadlines.resolve_minutes) = (Some(Deadlines::NONE), Some(60));
    let none = none.at(60).then(DISPATCHER, becomes(Priority::Normal));
    assert_eq!((none.order.clocks.arrive.is_none(), none.order.clocks.resolve.is_none()), (true, true));
}

/// What is urgent runs around the clock, although the order was made with the office's hours.
#[test]
fn the_hours_are_those_of_the_priority() {
    let mut story = Story::reaching(Status::Assigned);
    by_priority(&mut story, true);
    story.order.policy.hours = Some(WorkingHours::example());
    // Monday, 16:00 in Shanghai; the office closes at 18:00.
    let story = story.at(115).then(DISPATCHER, becomes(Priority::Urgent));
    assert_eq!(story.order.policy.hours, None);
    assert_eq!(due(&story), (120, 175));
}

/// A technician who saw it as normal sets off, and an office that calls it urgent, do not get in each other's way.
#[test]
fn the_office_hurries_while_the_phone_is_away() {
    let mut story = Story::reaching(Status::Assigned);
    by_priority(&mut story, false);
    let mut phone = story.phone(WANG);
    story = story.at(50).then(DISPATCHER, becomes(Priority::Urgent));
    let at_60 = |story: &mut Story| story.now = 90;
    at_60(&mut story);
    phone.sends_of(&mut story, Some(between(60, 60)), Depart {}).applied();
    phone.sends_of(&mut story, Some(between(68, 69)), Arrive {}).applied();
    assert_eq!(story.order.clocks.arrive.and_then(|clock| clock.verdict), Some(Verdict::OnTime));
}

#[test]
fn somebody_else_may_not_hold_it_up() {
    let zhao: Person = super::kit::ZHAO;
    assert_eq!(assigned().by(zhao, pause(Some("part"), None)), Did::Refused("not_assigned"));
}
