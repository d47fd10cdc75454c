//! A return visit that is paid at home, on a phone without signal.

use mobile_api::{
    directory::Customer,
    phone::Report,
    return_visit::{AssignVisit, AttemptVisit, Opened, Unreached, VisitStatus, Way},
};

use super::*;
use crate::harness::Handset;

fn at_home(house: &House) -> AssignVisit {
    AssignVisit { to: Some(house.firm.zhao), way: Some(Way::Home) }
}

/// What a phone was told of its work: each status with its flags.
fn verdicts(report: &Report) -> Vec<String> {
    let line = |verdict: &mobile_api::sync::Verdict| {
        let flags = verdict.flags.iter().map(|flagged| flagged.flag.as_str());
        let why = flags.chain(verdict.problem.as_ref().map(|problem| problem.code.as_str()));
        [verdict.status.as_str()].into_iter().chain(why).collect::<Vec<_>>().join(" ")
    };
    let mut seen = std::collections::BTreeMap::new();
    report.verdicts.iter().for_each(|verdict| drop(seen.insert(verdict.id, line(verdict))));
    seen.into_values().collect()
}

/// Zhao is sent to ask how Wang's work was. Answers the order, the return visit and his phone.
async fn sent(house: &House) -> (WorkOrderId, ReturnVisitId, Handset) {
    let (order, visit) = check_up(house).await;
    house.li().await.perform(visit, at_home(house)).await.applied();
    (order, visit, house.phone_of("zhao").await)
}

stories! {
    /// In the stairwell there is no signal; what she says is on his screen at once, and in the office by evening.
    async fn what_she_says_at_the_door_is_recorded_without_signal(house: House) {
        let (order, visit, phone) = sent(&house).await;
        let shown: ReturnVisit = phone.get(visit).unwrap().unwrap();
        assert_eq!(shown.fault, "Water drips from under the sink");
        assert!(phone.get::<Customer>(house.firm.customer).unwrap().is_some(), "with whom to ask for");
        phone.did(visit, RecordVisit { way: Some(Way::Home), ..dissatisfied(vec![rework(), Then::FollowUp]) });
        let shown: ReturnVisit = phone.get(visit).unwrap().unwrap();
        let opened = shown.answers[0].opened.clone();
        assert_eq!(shown.status(), VisitStatus::Answered);
        assert_eq!(verdicts(&phone.sync().await), ["applied"]);
        let heard = visit_of(&house, visit).await;
        assert_eq!(heard.answers[0].opened, opened, "the phone knew what the server would open");
        let Opened::Rework { order: again, .. } = opened[0] else { panic!("{opened:?}") };
        assert_eq!(held(&house, again).await.rework_of, Some(order));
        phone.sync().await;
        assert!(phone.get::<ReturnVisit>(visit).unwrap().is_none(), "it is over, and leaves the phone");
    }

    /// The office took it back and rang her meanwhile: both answers are kept, the first counts, a person is asked.
    async fn called_by_the_office_while_he_stood_at_the_door(house: House) {
        let (order, visit, phone) = sent(&house).await;
        let li = house.li().await;
        li.perform(visit, AssignVisit { to: None, way: Some(Way::Call) }).await.applied();
        li.perform(visit, satisfied()).await.applied();
        phone.did(visit, RecordVisit { way: Some(Way::Home), ..dissatisfied(vec![rework()]) });
        assert_eq!(verdicts(&phone.sync().await), ["applied_flagged reassigned_meanwhile already_done"]);
        let heard = visit_of(&house, visit).await;
        let said: Vec<_> = heard.answers.iter().map(|answer| answer.satisfaction).collect();
        assert_eq!(said, [Satisfaction::Satisfied, Satisfaction::Dissatisfied]);
        assert_eq!(held(&house, order).await.reworked_by.len(), 1, "what she asked for at the door is done");
    }

    /// Nobody at home.
    async fn nobody_at_home_is_an_attempt(house: House) {
        let (_, visit, phone) = sent(&house).await;
        phone.did(visit, AttemptVisit { reason: Unreached::NoAnswer, way: None, again_at: None, note: None });
        assert_eq!(verdicts(&phone.sync().await), ["applied"]);
        let tried = visit_of(&house, visit).await;
        assert_eq!((tried.attempts[0].way, tried.attempts[0].by), (Way::Home, house.firm.zhao));
    }

    /// Wang neither sees the return visit about his own work nor pays it, nor answers for her.
    async fn nobody_asks_about_their_own_work(house: House) {
        let (_, visit) = check_up(&house).await;
        let (li, wang) = (house.li().await, house.office("wang").await);
        let to_wang = AssignVisit { to: Some(house.firm.wang), way: Some(Way::Home) };
        assert_eq!(li.perform(visit, to_wang).await.problem(409), "own_work");
        assert_eq!(wang.get(&format!("/v1/return-visits/{visit}")).await.problem(404), "not_found");
        assert_eq!(wang.perform(visit, satisfied()).await.problem(404), "not_found");
        assert_eq!(wang.get(&format!("/v1/return-visits/{visit}/survey-link")).await.problem(404), "not_found");
        assert_eq!(listed(&wang, "due=ever").await, nothing());
        li.perform(visit, at_home(&house)).await.applied();
        let zhao = house.office("zhao").await;
        assert_eq!(listed(&zhao, "due=ever").await, only(visit));
        assert_eq!(zhao.get(&format!("/v1/return-visits/{visit}/survey-link")).await.problem(403), "forbidden");
    }
}
