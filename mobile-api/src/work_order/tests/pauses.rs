//! Pauses: a paused clock truly stops, for a reason that the policy allows, and its verdict can be found again.

use chrono::Duration;
use proptest::prelude::*;

use super::kit::{DISPATCHER, Deed, Did, Person, Story, WANG, assign, at, between, cancel, number};
use crate::{
    Role,
    calendar::{Calendar, CalendarSave, WorkingHours},
    directory::{DeadlineRule, Deadlines, Escalation, Label, PauseReason, Timing},
    evidence::{Verdict, When},
    ids::Id,
    operation::Payload,
    refusal::Flag,
    work_order::{
        Clock, ClockName, Priority, Status,
        clocks::{Alarm, ExplainDelay, RaiseAlarm},
        dispatch::{Accept, AgreeTime},
        pause::{Pause, Resume},
        visit::{Arrive, Finish},
    },
};

const SERVER: Person = Person { id: number(90), name: "server", role: Role::System };

/// Two hours for all of it, which the customer's wish can stop, and a missing part as well.
fn two_hours(mut story: Story) -> Story {
    let reason =
        |code: &str, needs_consent| PauseReason { code: code.into(), name: Label::new(code, code), needs_consent };
    story.order.policy.pauses = vec![reason("customer", true), reason("part", false)];
    story.order.clocks.resolve = Some(Clock::until(at(0), at(120)));
    story
}

fn pause(code: &str, consented_by: Option<&str>) -> Pause {
    let (code, consented_by) = (Some(code.to_owned()), consented_by.map(Into::into));
    Pause { reason: "She has to leave".into(), next: None, code, consented_by }
}

fn resolve(story: &Story) -> &Clock {
    story.order.clocks.resolve.as_ref().expect("a deadline")
}

#[test]
fn a_paused_clock_stands_still() {
    let story = two_hours(Story::reaching(Status::Working)).at(40).then(WANG, pause("customer", Some("Mrs Chen")));
    assert!(resolve(&story).is_paused());
    assert!(!resolve(&story).overdue(at(500)), "it alarms nobody");
    let story = story.at(400).then(WANG, Resume {});
    assert_eq!(resolve(&story).due, at(480));
    let story = story.at(479).finished().signed();
    let clock = resolve(&story);
    assert_eq!(clock.verdict, Some(Verdict::OnTime));
    let used = clock.used(&between(479, 479), None);
    assert_eq!(used, (Duration::minutes(119), Duration::minutes(119)));
    assert_eq!(clock.allowed(None), Duration::minutes(120));
}

#[test]
fn only_what_the_policy_allows_stops_it() {
    let working = || two_hours(Story::reaching(Status::Working)).at(40);
    assert_eq!(working().by(WANG, pause("lunch", None)), Did::Refused("bad_reference"));
    assert_eq!(working().by(WANG, pause("customer", None)), Did::Refused("consent_needed"));
    let story = working().then(WANG, pause("part", None));
    assert!(resolve(&story).is_paused(), "no consent is needed for a part");
    // What was recorded has happened: work rests, and the clock goes on.
    let (told, untold) = (vec![Flag::PauseNotCounted], vec![]);
    let reasons = [(pause("lunch", None), &told), (pause("customer", None), &told), (super::kit::pause(), &untold)];
    for (no_reason, flags) in reasons {
        let mut story = working();
        let deed = Deed::recorded(WANG, Some(story.rev));
        assert_eq!(story.perform(&deed, no_reason), Did::Applied(flags.clone()));
        story.expect(Status::Paused);
        assert!(!resolve(&story).is_paused());
    }
}

#[test]
fn a_pause_after_the_end_excuses_nothing() {
    let story = two_hours(Story::reaching(Status::Working)).at(121).then(WANG, pause("part", None));
    let story = story.at(200).then(WANG, Resume {});
    assert_eq!(resolve(&story).due, at(120));
    assert_eq!(resolve(&story.at(201).finished().signed()).verdict, Some(Verdict::Late));
}

#[test]
fn a_pause_of_unprovable_length_leaves_a_verdict_only_where_it_makes_no_difference() {
    let resumed = |earliest, latest| {
        let mut story = two_hours(Story::reaching(Status::Working)).at(60).then(WANG, pause("part", None));
        let deed = Deed { when: Some(between(earliest, latest)), ..Deed::recorded(WANG, Some(story.rev)) };
        story.perform(&deed, Resume {}).applied();
        story
    };
    // An hour was left; work went on between 100 and 300.
    for (signed, verdict) in [(155, Verdict::OnTime), (250, Verdict::Unprovable), (365, Verdict::Late)] {
        let story = resumed(100, 300).at(signed).finished().signed();
        assert_eq!(resolve(&story).verdict, Some(verdict), "{signed}");
    }
}

#[test]
fn going_on_with_somebody_else_ends_the_pause() {
    let story = two_hours(Story::reaching(Status::Working)).at(60).then(WANG, pause("part", None));
    let story = story.at(100).then(DISPATCHER, assign(super::kit::LI));
    assert!(!resolve(&story).is_paused());
    assert_eq!(resolve(&story).due, at(160));
}

/// The office lets the work rest while Wang, without signal, finishes it.
#[test]
fn a_finished_job_is_finished_although_the_office_paused_it() {
    let mut story = two_hours(Story::reaching(Status::Working)).at(50);
    let seen = story.rev;
    story = story.then(DISPATCHER, pause("part", None));
    let deed = Deed { when: Some(between(55, 55)), ..Deed::recorded(WANG, Some(seen)) };
    story.now = 70;
    assert_eq!(story.perform(&deed, Finish { summary: None }), Did::Applied(vec![Flag::PausedMeanwhile]));
    story.expect(Status::Finished);
    assert_eq!(resolve(&story).due, at(125), "the five minutes that it rested by the books");
    // Who knew of it cannot finish what rests.
    let mut knew = two_hours(Story::reaching(Status::Working)).then(WANG, pause("part", None));
    let deed = Deed::recorded(WANG, Some(knew.rev));
    assert_eq!(knew.perform(&deed, Finish { summary: None }), Did::Refused("illegal_transition"));
}

#[test]
fn the_first_rule_that_applies_sets_the_deadlines() {
    let deadlines = |arrive| Deadlines { arrive_minutes: Some(arrive), ..Deadlines::NONE };
    let rule = |priority, site, arrive| DeadlineRule { priority, site, deadlines: deadlines(arrive), calendar: None };
    let (here, elsewhere) = (Id::new(number(500)), Id::new(number(501)));
    let timing = Timing {
        rules: vec![
            rule(Some(Priority::Emergency), Some(here), 5),
            rule(Some(Priority::Emergency), None, 10),
            rule(None, Some(here), 15),
        ],
        ..Timing::default()
    };
    let picked = |site, priority| {
        let rule = timing.rules.iter().find(|rule| rule.applies(site, priority));
        rule.and_then(|rule| rule.deadlines.arrive_minutes)
    };
    assert_eq!(picked(here, Priority::Emergency), Some(5));
    assert_eq!(picked(elsewhere, Priority::Emergency), Some(10));
    assert_eq!(picked(here, Priority::Normal), Some(15));
    assert_eq!(picked(elsewhere, Priority::Normal), None);
}

#[test]
fn the_customer_hears_from_the_crew_by_whatever_comes_first() {
    let story = || {
        let mut story = Story::reaching(Status::Assigned);
        story.order.clocks.respond = Some(Clock::until(at(0), at(30)));
        story.at(20)
    };
    let verdict = |story: Story| story.order.clocks.respond.expect("a deadline").verdict;
    assert_eq!(verdict(story().then(WANG, Accept {})), Some(Verdict::OnTime));
    assert_eq!(verdict(story().at(31).then(WANG, Arrive {})), Some(Verdict::Late));
    let agreed = AgreeTime { window: super::kit::window(60, 90), consented_by: "Mrs Chen".into() };
    assert_eq!(verdict(story().then(DISPATCHER, agreed)), Some(Verdict::OnTime));
    assert_eq!(verdict(story()), None);
}

/// Twenty minutes to arrive; five before the crew is warned, then the supervisor is told, then the manager.
#[test]
fn a_deadline_is_told_once_to_each() {
    let mut story = Story::reaching(Status::Assigned);
    story.order.policy.escalation = Some(Escalation::TRADE);
    let raise = |story: &mut Story, minute| {
        story.now = minute;
        story.by(SERVER, RaiseAlarm {})
    };
    assert_eq!(story.order.next_alarm().map(|next| (next.at, next.alarm)), Some((at(15), Alarm::Near)));
    assert_eq!(raise(&mut story, 14), Did::Refused("not_due"));
    assert_eq!(raise(&mut story, 15), Did::Applied(vec![]));
    assert_eq!(raise(&mut story, 20), Did::Refused("not_due"), "twenty minutes are twenty minutes");
    let late = ExplainDelay { clock: ClockName::Arrive, reason: "The road is flooded".into() };
    story = story.then(WANG, late);
    assert_eq!(raise(&mut story, 21), Did::Applied(vec![Flag::DeadlineMissed]));
    assert_eq!(story.details[0]["reason"]["reason"], "The road is flooded");
    assert_eq!(raise(&mut story, 21), Did::Refused("not_due"), "once");
    assert_eq!(raise(&mut story, 36), Did::Applied(vec![Flag::DeadlineStillMissed]));
    assert_eq!(story.order.next_alarm(), None);
    assert_eq!(story.order.alarms.len(), 3);
}

#[test]
fn what_was_settled_moved_or_ended_alarms_nobody() {
    let story = Story::reaching(Status::Assigned).at(10);
    assert!(story.order.next_alarm().is_some());
    assert_eq!(story.clone().then(WANG, Arrive {}).order.next_alarm(), None);
    assert_eq!(story.clone().then(DISPATCHER, cancel()).order.next_alarm(), None);
    let agreed = AgreeTime { window: super::kit::window(60, 90), consented_by: "Mrs Chen".into() };
    let next = story.then(DISPATCHER, agreed).order.next_alarm().expect("one");
    assert_eq!((next.at, next.due), (at(85), at(90)));
    let paused = two_hours(Story::reaching(Status::Working)).then(WANG, pause("part", None));
    assert_eq!(paused.order.next_alarm(), None);
}

#[test]
fn deadlines_follow_the_hours_of_the_order() {
    let hours = WorkingHours::example();
    let calendar = Calendar { id: Id::new(number(70)), name: CalendarSave::example().name, hours };
    // Monday, 16:00 in Shanghai: two hours are left of the day.
    let due = calendar.hours.after(at(0), Duration::hours(3));
    assert_eq!(due, Some(at(17 * 60)));
    let mut story = two_hours(Story::reaching(Status::Working));
    story.order.policy.hours = Some(calendar.hours);
    let story = story.at(60).then(WANG, pause("part", None)).at(240).then(WANG, Resume {});
    assert_eq!(resolve(&story).due, at(17 * 60), "an hour was left, and goes on in the morning");
}

proptest! {
    /// Whatever happened, the verdict follows from what is written down; and no pause ever makes it worse.
    #[test]
    fn a_verdict_can_be_found_again(
        steps in prop::collection::vec((1i64..90, 0i64..30, 0u8..8), 0..8), signed in (0i64..900, 0i64..60), working in any::<bool>(),
    ) {
        let hours = working.then(WorkingHours::example);
        let hours = hours.as_ref();
        let mut clock = Clock::until(at(0), at(120));
        let mut now = 0;
        for (n, (later, blur, kind)) in steps.into_iter().enumerate() {
            now += later;
            let when = between(now, now + blur);
            now += blur;
            let op = number(n as u128);
            match kind {
                0 => clock.pause(op, &when, "part", None, hours),
                1 => clock.resume(op, &when, hours),
                // Until a later time, or an earlier one than before.
                _ => clock.wait(op, &when, "Mrs Chen", at(now + 7 * i64::from(kind)), hours),
            }
        }
        let end = now + signed.0;
        let when = between(end, end + signed.1);
        clock.stop(&when, hours);
        prop_assert_eq!(clock.verdict, Some(clock.judge(&when, hours)));
        let plain = Clock::until(at(0), at(120)).judge(&when, hours);
        let rank = |verdict| match verdict { Verdict::OnTime => 0, Verdict::Unprovable => 1, Verdict::Late => 2 };
        prop_assert!(rank(clock.verdict.unwrap()) <= rank(plain));
        prop_assert!(clock.last_due() >= at(120));
        let (least, most) = clock.used(&when, hours);
        prop_assert!(least <= most && most <= when.latest - at(0));
        let text = serde_json::to_string(&clock).unwrap();
        prop_assert_eq!(serde_json::from_str::<Clock>(&text).unwrap(), clock);
    }

    /// Two alarms of one order never stand at once for the same thing, and time brings them in order.
    #[test]
    fn alarms_come_one_after_the_other(ticks in prop::collection::vec(0i64..12, 1..40)) {
        let mut story = Story::reaching(Status::Assigned);
        story.order.clocks.resolve = Some(Clock::until(at(0), at(60)));
        let mut minute = 0;
        for tick in ticks {
            minute += tick;
            story.now = minute;
            while story.by(SERVER, RaiseAlarm {}) != Did::Refused("not_due") {}
        }
        let mut told: Vec<_> = story.order.alarms.iter().map(|raised| (raised.clock, raised.alarm, raised.due)).collect();
        let all = told.len();
        told.sort();
        told.dedup();
        prop_assert_eq!(told.len(), all);
        prop_assert!(story.order.next_alarm().is_none_or(|next| next.at > at(minute)));
    }
}

#[test]
fn when_is_when() {
    // A clock that never moved carries nothing beyond its two ends.
    let clock = Clock::until(at(0), at(20));
    let json = serde_json::to_value(&clock).unwrap();
    assert_eq!(json.as_object().unwrap().len(), 2);
    assert_eq!(clock.used(&When::at(at(18)), None).0, Duration::minutes(18));
}
