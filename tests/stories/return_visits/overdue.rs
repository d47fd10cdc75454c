//! Nobody called in time: somebody is told, once.

use chrono::TimeDelta;
use mobile_api::return_visit::{AnswerSurvey, AttemptVisit, Unreached};

use super::*;

async fn watch(house: &House) {
    house.state().timers().watch_visits().await.unwrap();
}

/// The open questions that say that a customer was not called in time: about which return visit, and what they say.
async fn missed(office: &Office) -> Vec<(String, Value)> {
    let reviews = office.get("/v1/reviews").await.body;
    let mut found = Vec::new();
    for item in reviews["items"].as_array().unwrap() {
        let flags = item["record"]["flags"].as_array().unwrap().iter().filter(|flag| flag["flag"] == "call_missed");
        found.extend(
            flags.map(|flag| (item["record"]["about"]["id"].as_str().unwrap().to_owned(), flag["detail"].clone())),
        );
    }
    found
}

async fn about(office: &Office) -> Vec<String> {
    missed(office).await.into_iter().map(|(visit, _)| visit).collect()
}

fn asked_for(again_at: chrono::DateTime<chrono::Utc>) -> AttemptVisit {
    AttemptVisit { reason: Unreached::Later, way: None, again_at: Some(again_at), note: None }
}

stories! {
    /// Three days without a call: the desk is asked once, with two servers at it and a restart in between. Who is called in time is
    /// in nobody's list.
    async fn a_call_that_nobody_made_is_told_once(house: House) {
        let mut house = house;
        let (order, forgotten) = check_up(&house).await;
        let (_, called) = check_up(&house).await;
        let li = later(&house, 58).await;
        li.perform(called, satisfied()).await.applied();
        let li = later(&house, 13).await;
        watch(&house).await;
        assert_eq!(about(&li).await, nothing());
        let li = later(&house, 2).await;
        let (one, other) = (house.state().timers(), house.state().timers());
        let (one, other) = tokio::join!(one.watch_visits(), other.watch_visits());
        one.unwrap();
        other.unwrap();
        house.kill().await;
        house.start().await;
        watch(&house).await;
        let li = Office { base: house.url(), ..li };
        assert_eq!(about(&li).await, only(forgotten));
        let visit = visit_of(&house, forgotten).await;
        let (_, detail) = missed(&li).await.remove(0);
        assert_eq!((&detail["about"]["id"], &detail["attempts"]), (&json!(order.to_string()), &json!(0)), "{detail}");
        assert_eq!(visit.missed.map(|missed| missed.due), Some(visit.due_by));
        let li = later(&house, 24 * 7).await;
        watch(&house).await;
        assert_eq!(about(&li).await, only(forgotten), "told once, however long nobody calls");
        assert_eq!(listed(&li, "due=overdue").await, only(forgotten));
    }

    /// She asked to be called on Friday: before that nobody has missed anything. Nobody calls on Friday either.
    async fn who_asked_for_a_later_day_is_not_missed_before(house: House) {
        let (_, visit) = check_up(&house).await;
        let li = later(&house, 26).await;
        let friday = house.clock.now() + TimeDelta::hours(72);
        li.perform(visit, asked_for(friday)).await.applied();
        let li = later(&house, 71).await;
        watch(&house).await;
        assert_eq!(about(&li).await, nothing());
        let li = later(&house, 1).await;
        watch(&house).await;
        assert_eq!(about(&li).await, only(visit));
    }

    /// Called in vain, given up, and then she writes that she is not content: she is to be called anew, and if nobody does, that
    /// is told as well.
    async fn a_call_that_is_wanted_anew_can_be_missed_anew(house: House) {
        let (_, visit) = check_up(&house).await;
        let li = later(&house, 73).await;
        watch(&house).await;
        assert_eq!(about(&li).await, only(visit));
        let mut li = li;
        for _ in 0..3 {
            let busy = AttemptVisit { reason: Unreached::Busy, way: None, again_at: None, note: None };
            li.perform(visit, busy).await.applied();
            li = later(&house, 4).await;
        }
        let answer = AnswerSurvey { satisfaction: Satisfaction::Dissatisfied, ..AnswerSurvey::example() };
        house.system(&house.firm, visit, answer).await;
        assert!(visit_of(&house, visit).await.is_waiting());
        watch(&house).await;
        assert_eq!(about(&li).await, only(visit));
        let li = later(&house, 73).await;
        watch(&house).await;
        watch(&house).await;
        let told = about(&li).await;
        assert_eq!(told, [visit.to_string(), visit.to_string()]);
    }
}
