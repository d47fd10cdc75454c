//! What a server does by itself, while time passes.

use std::time::Duration;

use chrono::TimeDelta;
use mobile_api::work_order::{Window, dispatch::AgreeTime};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    harness::{House, Office},
    promises::kit::{Hand, note, op},
};

/// Asks until the answer is another one; for a few real seconds at most.
async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..100 {
        if let Some(seen) = look().await {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the timers did nothing");
}

async fn verdict(office: &Office, id: Uuid) -> Value {
    office.get(&format!("/v1/sync/operations/{id}")).await.body
}

stories! {
    async fn what_is_held_too_long_is_let_go(house: House) {
        house.run_timers();
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let hand = Hand::of(&house, "wang").await;
        let early = house.clock.new_id();
        // The first of the sequence never comes.
        hand.office.push(hand.device, &[op(early, 2, order, note("The stop-cock is stuck"))]).await;
        assert_eq!(verdict(&hand.office, early).await["status"], "held");
        house.clock.advance(TimeDelta::minutes(16));
        let late = until(async || {
            // Time has ended the access token, too.
            let wang = house.office("wang").await;
            Some(verdict(&wang, early).await).filter(|verdict| verdict["status"] != "held")
        })
        .await;
        assert_eq!((late["status"].as_str(), late["flags"][0]["flag"].as_str()), (Some("applied_flagged"), Some("earlier_missing")));
    }

    async fn orders_come_to_the_phone_when_their_day_is_near(house: House) {
        house.run_timers();
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let from = house.clock.now() + TimeDelta::days(40);
        let window = Window { from, until: from + TimeDelta::hours(2) };
        let agreed = AgreeTime { window, consented_by: "Mrs Chen".into() };
        house.li().await.perform(order, agreed).await.applied();
        let holds = async |house: &House| {
            let path = "/v1/sync/digest";
            let hand = Hand::of(house, "wang").await;
            let digest = hand.office.post(path, &serde_json::json!({ "device": hand.device })).await.body;
            let scope = format!("user:{}", house.firm.wang);
            let scopes = digest["scopes"].as_array().unwrap();
            scopes.iter().find(|s| s["scope"] == scope.as_str()).unwrap()["count"].as_u64().unwrap()
        };
        let before = holds(&house).await;
        house.clock.advance(TimeDelta::days(11));
        until(async || {
            let now = holds(&house).await;
            // The order, its site, its unit, its customer – beside the device that each look adds.
            (now >= before + 4).then_some(())
        })
        .await;
    }
}
