//! The deadlines of complaints: told once to each whom they concern, judged by when things happened, each verdict accounted for.

use mobile_api::{
    complaint::{ComplaintClock, ComplaintRules, FollowUp, RespondToComplaint, SetComplaintRules},
    evidence::Verdict,
    work_order::clocks::Alarm,
};

use super::*;
use crate::inspections::questions;

async fn watch(house: &House) {
    house.state().timers().watch_complaints().await.unwrap();
}

/// Of which deadlines whom was told.
async fn told(house: &House, id: ComplaintId) -> String {
    let alarms = complaint(house, id).await.alarms;
    let whom = |alarm| match alarm {
        Alarm::Near => "near",
        Alarm::Supervisor => "supervisor",
        Alarm::Manager => "manager",
    };
    let lines = alarms.iter().map(|told| format!("{} {}", told.clock.as_str(), whom(told.alarm)));
    lines.collect::<Vec<_>>().join("\n")
}

fn responded() -> RespondToComplaint {
    RespondToComplaint { text: "Called her".into() }
}

async fn rules(house: &House, rules: ComplaintRules) {
    house.office("admin").await.perform(house.firm.org, SetComplaintRules { rules }).await.applied();
}

stories! {
    /// Ten minutes to tell a department: warned, missed, still missed; once each, with two servers and a restart in between.
    async fn a_department_that_is_not_told_is_escalated_once(house: House) {
        let mut house = house;
        let id = received(&house, says(&house, "The tap drips")).await;
        house.li().await.perform(id, responded()).await.applied();
        watch(&house).await;
        assert_eq!(told(&house, id).await, "");
        house.pass(minutes(6), &[]);
        watch(&house).await;
        house.pass(minutes(5), &[]);
        let (one, other) = (house.state().timers(), house.state().timers());
        let (one, other) = tokio::join!(one.watch_complaints(), other.watch_complaints());
        one.unwrap();
        other.unwrap();
        house.kill().await;
        house.start().await;
        watch(&house).await;
        reads!(told(&house, id).await, @r"
        tell near
        tell supervisor
        ");
        house.pass(minutes(15), &[]);
        watch(&house).await;
        watch(&house).await;
        reads!(told(&house, id).await, @r"
        tell near
        tell supervisor
        tell manager
        ");
        let mut asked = questions(&house).await;
        asked.sort();
        assert_eq!(asked, ["deadline_missed", "deadline_still_missed"]);
        let li = house.li().await;
        assert_eq!(listed(&li, "overdue=true").await, [id.uuid()]);
        li.perform(id, founded()).await.applied();
        li.perform(id, to_plumbers(&house)).await.applied();
        assert_eq!(complaint(&house, id).await.clocks.tell.unwrap().verdict, Some(Verdict::Late));
        assert!(listed(&li, "overdue=true").await.is_empty());
    }

    /// Where somebody has to go and see first, two hours are allowed – if that was said in time.
    async fn a_survey_gives_two_hours_to_find_whose_it_is(house: House) {
        let li = house.li().await;
        let (in_time, too_late) = (received(&house, says(&house, "Damp")).await, received(&house, says(&house, "Noise")).await);
        let see = || JudgeComplaint { needs_survey: true, ..founded() };
        house.pass(minutes(5), &[]);
        li.perform(in_time, see()).await.applied();
        house.pass(minutes(10), &[]);
        house.li().await.perform(too_late, see()).await.applied();
        house.pass(minutes(60), &[]);
        let li = house.li().await;
        for id in [in_time, too_late] {
            li.perform(id, to_plumbers(&house)).await.applied();
        }
        let verdict = async |id| complaint(&house, id).await.clocks.tell.unwrap().verdict;
        assert_eq!((verdict(in_time).await, verdict(too_late).await), (Some(Verdict::OnTime), Some(Verdict::Late)));
        let account = li.get(&format!("/v1/complaints/{in_time}/clocks")).await.body;
        assert_eq!((&account["clocks"][0]["name"], &account["clocks"][0]["verdict"]), (&"tell".into(), &"on_time".into()));
        reads!(account["clocks"][0]["text"].as_str().unwrap(), @"on time: 1 h 15 min of 10 min; allowed until 2026-03-02 10:00, somebody had to go and see first");
    }

    /// A serious one is looked after every half hour; whoever does resets it, and each half hour has its verdict.
    async fn a_serious_one_is_followed_up_every_half_hour(house: House) {
        let id = in_hand(&house, serious(&house, "Water through the ceiling")).await;
        let li = house.li().await;
        li.perform(id, responded()).await.applied();
        let looked = |text: &str| FollowUp { text: text.into() };
        house.pass(minutes(20), &[]);
        house.li().await.perform(id, looked("On their way")).await.applied();
        house.pass(minutes(29), &[]);
        watch(&house).await;
        reads!(told(&house, id).await, @"follow_up near");
        house.pass(minutes(2), &[]);
        watch(&house).await;
        watch(&house).await;
        reads!(told(&house, id).await, @r"
        follow_up near
        follow_up supervisor
        ");
        let li = house.li().await;
        li.perform(id, looked("They are there")).await.applied();
        let known = complaint(&house, id).await;
        let verdicts: Vec<_> = known.follow_ups.iter().map(|entry| entry.clock.as_ref().unwrap().verdict).collect();
        assert_eq!(verdicts, [Some(Verdict::OnTime), Some(Verdict::Late)]);
        li.perform(id, carried_out("Pipe mended")).await.applied();
        li.perform(id, signed(&complaint(&house, id).await)).await.applied();
        house.pass(minutes(120), &[]);
        watch(&house).await;
        assert_eq!(told(&house, id).await.lines().count(), 2, "it is settled: nobody need look after it");
    }

    /// Three days to call back; at the door after a serious one, and a call does not count for that.
    async fn a_return_call_within_three_days_at_the_door_if_it_was_serious(house: House) {
        let id = in_hand(&house, serious(&house, "Water through the ceiling")).await;
        let li = house.li().await;
        li.perform(id, carried_out("Pipe mended")).await.applied();
        li.perform(id, signed(&complaint(&house, id).await)).await.applied();
        li.perform(id, called(true)).await.applied();
        house.pass(minutes(3 * 24 * 60 + 1), &[]);
        watch(&house).await;
        reads!(told(&house, id).await.lines().filter(|line| line.starts_with("call")).collect::<Vec<_>>().join("\n"), @r"
        call near
        call supervisor
        ");
        let wang = house.phone_of("wang").await;
        wang.did(id, CallBack { how: CallHow::HomeVisit, ..called(true) });
        reads!(synced(&wang).await, @"call_back       applied");
        assert_eq!(complaint(&house, id).await.clocks.call.unwrap().verdict, Some(Verdict::Late));
    }

    /// Told on a phone without signal: on time is when it happened.
    async fn a_response_without_signal_is_judged_by_when_it_was(house: House) {
        let id = in_hand(&house, says(&house, "The tap drips")).await;
        let mut wang = house.phone_of("wang").await;
        house.pass(minutes(40), &[&wang]);
        wang.did(id, responded());
        house.pass(minutes(600), &[&wang]);
        reads!(synced(&wang).await, @"respond         applied");
        assert_eq!(complaint(&house, id).await.clocks.respond.unwrap().verdict, Some(Verdict::OnTime));

        let unproved = in_hand(&house, says(&house, "The tap drips")).await;
        wang.sync().await;
        wang.restart();
        house.pass(minutes(40), &[&wang]);
        wang.did(unproved, responded());
        house.pass(minutes(600), &[&wang]);
        wang.restart();
        wang.sync().await;
        let clock = complaint(&house, unproved).await.clocks.respond.unwrap();
        assert_eq!(clock.verdict, Some(Verdict::Unprovable));
        assert_eq!(clock.judge(clock.stopped.as_ref().unwrap(), None), Verdict::Unprovable, "found again from what is written down");
    }

    /// The organisation's own figures, in versions: what exists keeps those that it was written down under.
    async fn an_organisation_sets_its_own_figures(house: House) {
        let before = received(&house, says(&house, "The tap drips")).await;
        rules(&house, ComplaintRules { tell_minutes: Some(60), respond_minutes: None, ..ComplaintRules::default() }).await;
        let after = received(&house, says(&house, "The tap drips")).await;
        let (before, after) = (complaint(&house, before).await, complaint(&house, after).await);
        assert_eq!((before.rules.version, after.rules.version), (1, 2));
        let allowed = |of: &Complaint| of.clocks.tell.as_ref().unwrap().allowed(None).num_minutes();
        assert_eq!((allowed(&before), allowed(&after)), (10, 60));
        assert!(after.clocks.respond.is_none());
        let too_short = SetComplaintRules { rules: ComplaintRules { tell_minutes: Some(0), ..ComplaintRules::default() } };
        assert_eq!(house.office("admin").await.perform(house.firm.org, too_short).await.problem(422), "invalid");
        assert_eq!(before.next_alarm().map(|next| next.clock), Some(ComplaintClock::Tell));
    }
}
