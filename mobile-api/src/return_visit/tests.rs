use std::collections::BTreeMap;

use chrono::{Duration, TimeZone, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::{hours::Callable, plan, *};
use crate::{
    actor::{Actor, Role},
    directory::{Contact, Customer, Found, Hours, Organisation, Site, User},
    evidence::When,
    ids::{Id, UserId},
    operation::{Change, Context, Create, Decision, Mode, Payload, Related},
    record::{Kind, Record, RecordType, Ref},
    refusal::{Flag, Refusal},
    time::Timestamp,
    work_order::Caller,
};

const FIRM: Uuid = Uuid::from_u128(1);

fn at(time: &str) -> Timestamp {
    format!("{time}Z").parse().unwrap()
}

/// Monday, four in the afternoon in Shanghai.
fn monday() -> Timestamp {
    at("2026-03-02T08:00:00")
}

fn user(n: u128) -> UserId {
    Id::new(Uuid::from_u128(n))
}

/// A firm, a site, Mrs Chen, and two technicians.
#[derive(Clone)]
struct World {
    related: Related,
    now: Timestamp,
    op: u128,
}

impl World {
    fn new() -> Self {
        let mut world = Self { related: Related::default(), now: monday(), op: 1000 };
        let actor = Actor::system(FIRM);
        let context = world.context(&actor, Mode::Online);
        let firm: Organisation = Found::example().decide(Id::new(FIRM), &context).unwrap().record.unwrap();
        let site = Site {
            id: Id::new(Uuid::from_u128(2)),
            name: "Lakeside".into(),
            address: String::new(),
            location: None,
            time_zone: None,
        };
        world.know(firm);
        world.know(site);
        world.know(chen());
        for n in [20, 21] {
            world.know(technician(n));
        }
        world
    }

    fn know(&mut self, record: impl Into<Record>) {
        let record = record.into();
        self.related.records.insert(record.address(), record);
    }

    fn rules(&mut self, change: impl FnOnce(&mut ReturnVisitRules)) {
        let mut firm = self.related.get::<Organisation>(Id::new(FIRM)).unwrap().clone();
        change(&mut firm.return_visits);
        self.know(firm);
    }

    fn context<'a>(&'a self, actor: &'a Actor, mode: Mode) -> Context<'a> {
        Context {
            op: Uuid::from_u128(self.op),
            actor,
            when: When::at(self.now),
            received_at: self.now,
            base_rev: None,
            own_revs: &[],
            rev: 2,
            mode,
            related: &self.related,
        }
    }

    fn does<P: Change<Record = ReturnVisit>>(
        &mut self,
        visit: ReturnVisit,
        payload: P,
    ) -> Result<Decision<ReturnVisit>, Refusal> {
        self.does_as(desk(), Mode::Online, visit, payload)
    }

    fn does_as<P: Change<Record = ReturnVisit>>(
        &mut self,
        (who, role): (UserId, Role),
        mode: Mode,
        visit: ReturnVisit,
        payload: P,
    ) -> Result<Decision<ReturnVisit>, Refusal> {
        let mut check = crate::check::Check::default();
        payload.check(&mut check);
        check.finish()?;
        self.op += 1;
        let mut actor = Actor::system(FIRM);
        (actor.user, actor.role) = (who, role);
        payload.decide(visit, &self.context(&actor, mode))
    }

    /// A job at Mrs Chen's that has just been accepted.
    fn accepted(&self) -> ReturnVisit {
        self.accepted_by(9).unwrap()
    }

    fn accepted_by(&self, n: u128) -> Option<ReturnVisit> {
        let actor = Actor::system(FIRM);
        let contact = Caller { name: "Mrs Chen".into(), phone: Some("021-5550101".into()) };
        let place = plan::Place {
            number: Some("2026-000117"),
            order_type: None,
            site: Id::new(Uuid::from_u128(2)),
            building: None,
            unit: None,
            customer: Some(chen().id),
            asset: None,
            place: "7-1203",
            fault: "The tap drips",
            contact: &contact,
            technicians: vec![user(20)],
        };
        let about = Ref::new(Kind::WorkOrder, Uuid::from_u128(n));
        let ended = plan::Ended { about, at: self.now, always: false, way: Way::Call, place };
        plan::plan(ended, &self.context(&actor, Mode::Online))
    }

    fn free_from(&self, customer: &Customer, zone: Option<&str>, since: Timestamp) -> Option<Timestamp> {
        let mut world = self.clone();
        let mut site = world.related.get::<Site>(Id::new(Uuid::from_u128(2))).unwrap().clone();
        site.time_zone = zone.map(Into::into);
        world.know(site);
        let actor = Actor::system(FIRM);
        let context = world.context(&actor, Mode::Online);
        Callable::of(Some(customer), customer.site, &context).unwrap().from(since)
    }
}

fn desk() -> (UserId, Role) {
    (user(10), Role::FrontDesk)
}

fn technician(n: u128) -> User {
    User {
        id: user(n),
        name: format!("Technician {n}"),
        login: format!("t{n}"),
        role: Role::Technician,
        sites: vec![],
        teams: vec![],
        skills: vec![],
        certificates: vec![],
        calendar: None,
        active: true,
        calendar_links: 0,
    }
}

/// Rests every day from nine in the evening until eight in the morning.
fn chen() -> Customer {
    Customer {
        id: Id::new(Uuid::from_u128(3)),
        site: Id::new(Uuid::from_u128(2)),
        unit: None,
        name: "Mrs Chen".into(),
        contacts: vec![Contact { name: String::new(), reach: "021-5550101".into(), added_by: None }],
        preferred: vec![],
        rest: vec![Hours { days: vec![], from_minute: 21 * 60, until_minute: 8 * 60 }],
        do_not_call: vec![],
        member: false,
        class: None,
        note: None,
    }
}

fn satisfied() -> RecordVisit {
    let (reasons, then, scores) = (vec![], vec![], [("quality".into(), 5)].into());
    RecordVisit { satisfaction: Satisfaction::Satisfied, reasons, then, scores, ..RecordVisit::example() }
}

fn no_answer() -> AttemptVisit {
    AttemptVisit { reason: Unreached::NoAnswer, way: None, again_at: None, note: None }
}

#[test]
fn a_job_at_noon_is_called_about_at_once_and_within_three_days() {
    let visit = World::new().accepted();
    assert_eq!((visit.chosen, visit.next_at), (Chosen::Drawn, Some(monday())));
    assert_eq!(visit.due_by, monday() + Duration::days(3));
    assert_eq!(visit.survey.unwrap().until, monday() + Duration::days(14));
}

#[test]
fn one_job_has_one_return_visit_and_a_phone_plans_none() {
    let mut world = World::new();
    let visit = world.accepted();
    world.know(visit);
    assert_eq!(world.accepted_by(9), None);
    world.related.partial = true;
    assert_eq!(world.accepted_by(8), None);
}

#[test]
fn members_are_always_called_and_of_the_others_so_many_of_a_hundred() {
    let mut world = World::new();
    world.rules(|rules| rules.share_percent = 0);
    let visit = world.accepted();
    assert_eq!((visit.chosen, visit.next_at, visit.status()), (Chosen::NotDrawn, None, VisitStatus::NotChosen));
    assert!(visit.survey.is_some(), "who is not called can still answer the survey");
    world.know(Customer { member: true, ..chen() });
    assert_eq!(world.accepted().chosen, Chosen::Member);
    world.know(chen());
    world.rules(|rules| rules.share_percent = 30);
    let drawn = (0..1000).filter(|n| world.accepted_by(n + 100).unwrap().chosen == Chosen::Drawn).count();
    assert!((250..350).contains(&drawn), "{drawn} of 1000");
}

#[test]
fn who_has_no_number_is_not_called() {
    let mut world = World::new();
    world.know(Customer { contacts: vec![], member: true, ..chen() });
    let mut visit = world.accepted();
    assert_eq!(visit.chosen, Chosen::Member, "the caller left a number");
    visit.contact.phone = None;
    let actor = Actor::system(FIRM);
    let place = plan::Place {
        number: None,
        order_type: None,
        site: visit.site,
        building: None,
        unit: None,
        customer: None,
        asset: None,
        place: "Pump room",
        fault: "Leak",
        contact: &visit.contact,
        technicians: vec![],
    };
    let about = Ref::new(Kind::WorkOrder, Uuid::from_u128(77));
    let ended = plan::Ended { about, at: monday(), always: false, way: Way::Call, place };
    let found_on_patrol = plan::plan(ended, &world.context(&actor, Mode::Online)).unwrap();
    assert_eq!((found_on_patrol.chosen, found_on_patrol.is_waiting()), (Chosen::Nobody, false));
}

#[test]
fn rest_over_midnight_excepted_days_and_the_hours_of_the_firm_are_kept() {
    let world = World::new();
    let mut customer = chen();
    let from = |customer: &Customer, since| world.free_from(customer, None, at(since));
    // Half past eight in the evening in Shanghai: the firm calls no more, and from nine on she rests.
    assert_eq!(from(&customer, "2026-03-02T12:30:00"), Some(at("2026-03-03T01:00:00")));
    // On Tuesday she must not be called at all.
    customer.do_not_call = vec!["2026-03-03".parse().unwrap()];
    assert_eq!(from(&customer, "2026-03-02T12:30:00"), Some(at("2026-03-04T01:00:00")));
    assert_eq!(from(&customer, "2026-03-03T04:00:00"), Some(at("2026-03-04T01:00:00")));
    // She works at night from Friday to Sunday and sleeps until two in the afternoon.
    let days = vec![5, 6, 7];
    customer.rest.push(Hours { days, from_minute: 22 * 60, until_minute: 14 * 60 });
    assert_eq!(from(&customer, "2026-03-06T15:00:00"), Some(at("2026-03-07T06:00:00")), "Friday night");
    assert_eq!(from(&customer, "2026-03-09T15:00:00"), Some(at("2026-03-10T01:00:00")), "Monday night");
    customer.rest.push(Hours { days: vec![], from_minute: 0, until_minute: 1440 });
    assert_eq!(from(&customer, "2026-03-06T15:00:00"), None, "there is no time at all");
}

#[test]
fn hours_are_those_of_the_site_whatever_its_clocks_do() {
    let mut world = World::new();
    world.rules(|rules| (rules.call_from_minute, rules.call_until_minute) = (0, 1440));
    let mut customer = chen();
    let night = |from_minute, until_minute| vec![Hours { days: vec![], from_minute, until_minute }];
    customer.rest = night(60, 3 * 60);
    let from = |customer: &Customer, since| world.free_from(customer, Some("Europe/London"), at(since));
    // One o'clock does not exist on this night: rest is one hour long and ends at three, summer time.
    assert_eq!(from(&customer, "2026-03-29T01:00:00"), Some(at("2026-03-29T02:00:00")));
    // One o'clock comes twice: rest begins at the first and ends at three, winter time.
    assert_eq!(from(&customer, "2026-10-25T00:00:00"), Some(at("2026-10-25T03:00:00")));
    customer.rest = night(30, 60 + 30);
    assert_eq!(
        from(&customer, "2026-10-25T00:10:00"),
        Some(at("2026-10-25T01:30:00")),
        "after the second half past one"
    );
    assert_eq!(from(&customer, "2026-10-25T01:30:00"), Some(at("2026-10-25T01:30:00")));
}

#[test]
fn three_attempts_in_vain_and_it_is_given_up() {
    let mut world = World::new();
    let mut visit = world.accepted();
    let later = AttemptVisit { reason: Unreached::Later, again_at: Some(monday() + Duration::hours(7)), ..no_answer() };
    visit = world.does(visit, later).unwrap().record.unwrap();
    assert_eq!(visit.next_at, Some(at("2026-03-03T01:00:00")), "asked for eleven at night, but then she rests");
    for nth in 1..=3 {
        assert!(visit.is_waiting(), "before the attempt {nth}");
        world.now = visit.next_at.unwrap();
        visit = world.does(visit, no_answer()).unwrap().record.unwrap();
    }
    assert_eq!((visit.status(), visit.next_at, visit.attempts.len()), (VisitStatus::Unreachable, None, 4));
    assert_eq!(world.does(visit.clone(), no_answer()).unwrap_err().code(), "visit_over");
    let called_back = RecordVisit { way: Some(Way::Themselves), ..satisfied() };
    let decision = world.does(visit, called_back).unwrap();
    assert_eq!((decision.record.unwrap().status(), decision.flags), (VisitStatus::Answered, vec![]));
}

#[test]
fn who_wrote_that_it_is_not_in_order_and_cannot_be_reached_is_told_of() {
    let mut world = World::new();
    let bad = AnswerSurvey { satisfaction: Satisfaction::Dissatisfied, scores: Scores::new(), words: None };
    let mut visit = world.accepted();
    visit = world.does(visit, bad).unwrap().record.unwrap();
    for flags in [vec![], vec![], vec![Flag::SurveyDisagrees]] {
        world.now = visit.next_at.unwrap();
        let decision = world.does(visit, no_answer()).unwrap();
        assert_eq!(decision.flags.iter().map(|flagged| flagged.flag).collect::<Vec<_>>(), flags);
        visit = decision.record.unwrap();
    }
    assert_eq!(visit.status(), VisitStatus::Unreachable);
}

#[test]
fn who_is_dissatisfied_is_not_left_alone() {
    let mut world = World::new();
    let visit = world.accepted();
    let nothing = RecordVisit { then: vec![], ..RecordVisit::example() };
    let refused = world.does(visit.clone(), nothing).unwrap_err();
    assert!(matches!(&refused, Refusal::Invalid { errors } if errors[0].pointer == "/then"), "{refused:?}");
    let decision = world.does(visit.clone(), RecordVisit::example()).unwrap();
    let next: ReturnVisit = decision.also[0].clone().try_into().unwrap();
    assert_eq!((next.round, next.follows, next.chosen), (1, Some(visit.id), Chosen::FollowUp));
    assert_eq!((next.next_at, next.answers.len()), (Some(monday() + Duration::days(2)), 0));
    // Still not settled: once more.
    let decision = world.does(next.clone(), RecordVisit::example()).unwrap();
    let after: ReturnVisit = decision.also[0].clone().try_into().unwrap();
    assert_eq!((after.round, after.follows), (2, Some(next.id)));
    let settled = world.does(after, satisfied()).unwrap();
    assert!(settled.also.is_empty());
}

#[test]
fn two_callers_record_the_same_visit_and_open_one_follow_up() {
    let mut world = World::new();
    let visit = world.accepted();
    let first = world.does(visit, RecordVisit::example()).unwrap();
    world.know(first.also[0].clone());
    let second = world
        .does_as((user(11), Role::Dispatcher), Mode::Online, first.record.unwrap(), RecordVisit::example())
        .unwrap();
    assert_eq!(second.flags[0].flag, Flag::AlreadyDone);
    assert!(second.also.is_empty());
    let visit = second.record.unwrap();
    assert_eq!((visit.answers.len(), visit.answer().unwrap().by), (2, user(10)));
    assert_eq!(visit.answers[0].opened, visit.answers[1].opened);
}

#[test]
fn answers_that_are_none_are_refused_with_their_place() {
    let mut world = World::new();
    let visit = world.accepted();
    let mut refused = |change: fn(&mut RecordVisit)| {
        let mut record = RecordVisit::example();
        change(&mut record);
        match world.does(visit.clone(), record).unwrap_err() {
            Refusal::Invalid { errors } => errors[0].pointer.clone(),
            Refusal::BadReference { pointer } => pointer,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(|record| record.scores = [("quality".into(), 6)].into()), "/scores/quality");
    assert_eq!(refused(|record| record.scores = [("quality".into(), 0)].into()), "/scores/quality");
    assert_eq!(refused(|record| record.scores = [("taste".into(), 3)].into()), "/scores/taste");
    assert_eq!(refused(|record| record.reasons = vec!["weather".into()]), "/reasons/0");
    assert_eq!(refused(|record| record.reasons = vec![]), "/reasons");
    assert_eq!(refused(|record| record.said = BTreeMap::from([("a/b".into(), "?".into())])), "/said/a~1b");
    assert_eq!(refused(|record| record.then = vec![Then::FollowUp, Then::FollowUp]), "/then/1");
    assert_eq!(refused(|record| record.satisfaction = Satisfaction::Satisfied), "/then");
    // What was read from an older script at the door is kept as it was said.
    let old = RecordVisit { scores: [("taste".into(), 3)].into(), ..satisfied() };
    assert!(world.does_as(desk(), Mode::Recorded, visit, old).is_ok());
}

#[test]
fn survey_and_call_that_contradict_each_other_stand_out_whichever_comes_first() {
    let bad = AnswerSurvey { satisfaction: Satisfaction::Dissatisfied, scores: Scores::new(), words: None };
    let mut world = World::new();
    let visit = world.accepted();
    let called = world.does(visit.clone(), satisfied()).unwrap().record.unwrap();
    let then_written = world.does(called, bad.clone()).unwrap();
    assert_eq!(then_written.flags[0].flag, Flag::SurveyDisagrees);
    let written = world.does(visit.clone(), bad.clone()).unwrap();
    assert_eq!(written.flags, vec![]);
    let then_called = world.does(written.record.unwrap(), satisfied()).unwrap();
    assert_eq!(then_called.flags[0].flag, Flag::SurveyDisagrees);
    assert!(then_called.record.unwrap().disagrees);
    // The same word, but five points against two.
    let scores = [("quality".into(), 2)].into();
    let cool = AnswerSurvey { satisfaction: Satisfaction::Satisfied, scores, words: None };
    let written = world.does(visit, cool).unwrap().record.unwrap();
    let then_called = world.does(written, satisfied()).unwrap();
    assert_eq!(then_called.flags[0].detail["scores"][0], "quality");
}

#[test]
fn a_survey_counts_once_and_in_its_time() {
    let mut world = World::new();
    let visit = world.accepted();
    let answered = world.does(visit.clone(), AnswerSurvey::example()).unwrap().record.unwrap();
    assert_eq!(world.does(answered.clone(), AnswerSurvey::example()).unwrap_err().code(), "survey_over");
    assert_eq!(world.does(answered, SendSurvey::example()).unwrap_err().code(), "survey_over");
    world.now += Duration::days(15);
    assert_eq!(world.does(visit.clone(), AnswerSurvey::example()).unwrap_err().code(), "survey_over");
    let sent = world.does(visit, SendSurvey::example()).unwrap().record.unwrap();
    assert!(world.does(sent, AnswerSurvey::example()).is_ok(), "the desk sent it again");
}

#[test]
fn a_bad_survey_brings_a_call_to_who_was_not_drawn_or_not_reached() {
    let bad = AnswerSurvey { satisfaction: Satisfaction::Dissatisfied, scores: Scores::new(), words: None };
    let mut world = World::new();
    world.rules(|rules| rules.share_percent = 0);
    let visit = world.accepted();
    let visit = world.does(visit, bad).unwrap().record.unwrap();
    assert_eq!((visit.chosen, visit.status()), (Chosen::Survey, VisitStatus::Waiting));
    assert_eq!(visit.next_at, Some(monday()));
}

#[test]
fn nobody_is_called_while_they_rest_and_nobody_asks_about_their_own_work() {
    let mut world = World::new();
    let visit = world.accepted();
    world.know(Customer { do_not_call: vec!["2026-03-02".parse().unwrap()], ..chen() });
    let refused = world.does(visit.clone(), TakeVisit {}).unwrap_err();
    assert_eq!(refused, Refusal::CustomerRests { until: at("2026-03-03T00:00:00") - Duration::hours(8) });
    let rang = world.does(visit.clone(), no_answer()).unwrap();
    assert_eq!(rang.flags[0].flag, Flag::CalledWhileResting);
    let home = |to| AssignVisit { to: Some(user(to)), way: Some(Way::Home) };
    assert_eq!(world.does(visit.clone(), home(20)).unwrap_err().code(), "own_work");
    let by_phone = AssignVisit { to: Some(user(21)), way: None };
    assert_eq!(world.does(visit.clone(), by_phone).unwrap_err().code(), "bad_reference");
    let visit = world.does(visit, home(21)).unwrap().record.unwrap();
    assert_eq!(visit.reach(monday())[0].record, Ref::new(Kind::ReturnVisit, visit.id));
    assert_eq!(world.does(visit, TakeVisit {}).unwrap_err().code(), "visit_taken");
}

#[test]
fn what_was_heard_at_the_door_counts_though_it_was_given_to_another_meanwhile() {
    let mut world = World::new();
    let visit = world.accepted();
    let home = AssignVisit { to: Some(user(21)), way: Some(Way::Home) };
    let visit = world.does(visit, home).unwrap().record.unwrap();
    let visit = world.does(visit, AssignVisit { to: None, way: Some(Way::Call) }).unwrap().record.unwrap();
    let stranger = world.does_as((user(20), Role::Technician), Mode::Recorded, visit.clone(), satisfied());
    assert_eq!(stranger.unwrap_err().code(), "not_assigned");
    let heard = RecordVisit { way: Some(Way::Home), ..satisfied() };
    let heard = world.does_as((user(21), Role::Technician), Mode::Recorded, visit, heard).unwrap();
    assert_eq!(heard.flags[0].flag, Flag::ReassignedMeanwhile);
    assert_eq!(heard.record.unwrap().status(), VisitStatus::Answered);
}

#[test]
fn new_rules_are_counted_and_the_old_script_is_kept() {
    let world = World::new();
    let firm = world.related.get::<Organisation>(Id::new(FIRM)).unwrap().clone();
    let actor = Actor::system(FIRM);
    let mut rules = ReturnVisitRules { days: 5, version: 77, ..ReturnVisitRules::default() };
    rules.script.scores.pop();
    let set = SetReturnVisitRules { rules };
    let firm = set.decide(firm, &world.context(&actor, Mode::Online)).unwrap().record.unwrap();
    let rules = &firm.return_visits;
    assert_eq!((rules.version, rules.days, rules.earlier[0].version), (2, 5, 1));
    assert_eq!(rules.earlier[0].script.scores.len(), 5);
}

#[test]
fn an_organisation_from_before_return_visits_has_the_defaults() {
    let world = World::new();
    let firm = world.related.get::<Organisation>(Id::new(FIRM)).unwrap();
    let json = serde_json::to_string(firm).unwrap();
    assert!(!json.contains("return_visits"), "what nobody changed is not said");
    assert_eq!(serde_json::from_str::<Organisation>(&json).unwrap().return_visits, ReturnVisitRules::default());
    assert_eq!(ReturnVisit::KIND.path(), "return-visits");
}

proptest! {
    /// Whatever the hours, the time found is one at which nobody rests, it is the first, and asking again from it changes nothing.
    #[test]
    fn a_call_never_falls_into_rest(
        rest in prop::collection::vec((prop::collection::vec(1u8..8, 0..3), 0u32..1441, 0u32..1441), 0..4),
        minutes in 0i64..525_600,
        zone in prop::sample::select(vec!["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe"]),
    ) {
        let hours = rest.into_iter().map(|(days, from_minute, until_minute)| Hours { days, from_minute, until_minute });
        let customer = Customer { rest: hours.collect(), ..chen() };
        let world = World::new();
        let since = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap() + Duration::minutes(minutes);
        let Some(found) = world.free_from(&customer, Some(zone), since) else { return Ok(()) };
        prop_assert!(found >= since);
        prop_assert_eq!(world.free_from(&customer, Some(zone), found), Some(found));
        let mut before = since;
        while before < found && before < since + Duration::days(2) {
            prop_assert!(world.free_from(&customer, Some(zone), before) == Some(found), "{} is free", before);
            before += Duration::minutes(47);
        }
    }
}
