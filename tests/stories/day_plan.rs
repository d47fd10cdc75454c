//! A day planned for the crew: shown first, taken over by a person, and never over the head of somebody who was faster.

use std::time::Duration;

use chrono::TimeDelta;
use mobile_api::{
    directory::{Location, SiteSave, UserSave},
    ids::{SiteId, UserId, WorkOrderId},
    operation::Payload,
    work_order::{
        WorkOrder,
        dispatch::{Assign, HandBack},
        request::Request,
        visit::Arrive,
    },
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::House;

/// Six sites along a street, an order at each; given out in turn, so that everybody crosses the whole street again and again.
async fn street(house: &House) -> Vec<WorkOrderId> {
    let (admin, li) = (house.office("admin").await, house.li().await);
    let mut orders = Vec::new();
    for n in 0..6u32 {
        let site: SiteId = house.clock.new_id().into();
        let location = Some(Location { latitude: 31.2, longitude: 121.4 + 0.02 * f64::from(n) });
        let save = SiteSave { name: format!("Number {n}"), location, ..SiteSave::example() };
        admin.perform(site, save).await.applied();
        let order: WorkOrderId = house.clock.new_id().into();
        let request = Request { site, unit: None, customer: None, ..house.request_for(house.firm.check_up) };
        li.perform(order, request).await.applied();
        let technician = if n % 2 == 0 { house.firm.wang } else { house.firm.zhao };
        li.perform(order, Assign { technician }).await.applied();
        orders.push(order);
    }
    orders
}

/// Today, from eight to six.
fn wanted(house: &House) -> Value {
    let day = (house.clock.now() + TimeDelta::hours(8)).date_naive();
    json!({ "day": day, "budget_seconds": 1, "work_minutes": 30, "from": "08:00:00", "until": "18:00:00" })
}

fn visits(plan: &Value) -> Vec<Value> {
    let visits = |tour: &Value| {
        let with = |visit: &Value| {
            json!({
                "order": visit["order"], "rev": visit["rev"], "technician": tour["technician"],
                "from": visit["from"], "until": visit["until"]
            })
        };
        tour["visits"].as_array().unwrap().iter().map(with).collect::<Vec<_>>()
    };
    plan["tours"].as_array().unwrap().iter().flat_map(visits).collect()
}

async fn order(house: &House, id: WorkOrderId) -> WorkOrder {
    serde_json::from_value(house.li().await.get(&format!("/v1/work-orders/{id}")).await.body).unwrap()
}

stories! {
    async fn a_day_is_shown_beside_the_one_by_hand_and_taken_over(house: House) {
        let orders = street(&house).await;
        let li = house.li().await;
        let answer = li.post("/v1/day-plans", &wanted(&house)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let plan = answer.body;
        assert_eq!((plan["figures"]["visits"].as_u64(), plan["by_hand"]["visits"].as_u64()), (Some(6), Some(6)));
        let minutes = |which: &str| plan[which]["travel_minutes"].as_u64().unwrap();
        assert!(minutes("figures") < minutes("by_hand"), "{plan}");
        assert_eq!(order(&house, orders[0]).await.planned, None, "nothing changes by asking");

        let id = house.clock.new_id();
        let taken = json!({ "id": id, "visits": visits(&plan) });
        for _ in 0..2 {
            let answer = li.post("/v1/day-plans/take-over", &taken).await.body;
            let fates: Vec<_> = answer["visits"].as_array().unwrap().iter().map(|fate| fate["status"].clone()).collect();
            assert_eq!(fates, vec![json!("applied"); 6], "{answer}");
        }
        for planned in visits(&plan) {
            let id: WorkOrderId = serde_json::from_value(planned["order"].clone()).unwrap();
            let order = order(&house, id).await;
            assert_eq!(json!(order.technician()), planned["technician"]);
            assert_eq!(json!(order.planned.unwrap().from), planned["from"]);
            assert!(order.appointment().is_none(), "the customer was promised nothing");
            assert!(order.assignments.len() <= 2, "taken over twice is taken over once");
        }
        let phone = house.phone_of("wang").await;
        let on_phone = orders.iter().filter_map(|id| phone.get(*id).unwrap()).filter(|order: &WorkOrder| order.planned.is_some());
        assert!(on_phone.count() > 0, "the phone shows when");
    }

    /// Between the showing and the taking over Zhao gave one back, and Wang set off for another.
    async fn what_changed_meanwhile_is_left_alone_and_named(house: House) {
        let orders = street(&house).await;
        let li = house.li().await;
        let plan = li.post("/v1/day-plans", &wanted(&house)).await.body;
        let phone = house.phone_of("wang").await;
        phone.did(orders[0], Arrive {});
        phone.sync().await;
        let back = HandBack { reason: "My van broke down".into() };
        house.office("zhao").await.perform(orders[1], back).await.applied();
        let taken = json!({ "id": house.clock.new_id(), "visits": visits(&plan) });
        let answer = li.post("/v1/day-plans/take-over", &taken).await.body;
        for fate in answer["visits"].as_array().unwrap() {
            let changed = [json!(orders[0]), json!(orders[1])].contains(&fate["order"]);
            let expected = if changed { json!("precondition_failed") } else { Value::Null };
            assert_eq!(fate["code"], expected, "{answer}");
        }
        assert_eq!(order(&house, orders[1]).await.technician(), None);
        let again = li.post("/v1/day-plans", &wanted(&house)).await.body;
        let still: Vec<_> = visits(&again).iter().map(|visit| visit["order"].clone()).collect();
        assert!(!still.contains(&json!(orders[0])), "who is on site is not planned elsewhere");
    }

    /// Told as it goes, for whoever watches.
    async fn the_best_plan_so_far_is_told_as_it_goes(house: House) {
        street(&house).await;
        let li = house.li().await;
        let mut asked = wanted(&house);
        asked["budget_seconds"] = json!(2);
        let request = li.client.post(format!("{}/v1/day-plans", li.base)).header("accept", "text/event-stream").json(&asked);
        let text = li.send(request.timeout(Duration::from_secs(60))).await.body;
        let text = text.as_str().unwrap();
        let events: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        assert_eq!(events.last(), Some(&"plan"), "{text}");
        assert!(events.iter().filter(|event| **event == "progress").count() > 0, "{text}");
    }

    async fn what_cannot_be_planned_is_said(house: House) {
        let li = house.li().await;
        let nowhere = house.assigned(house.firm.check_up, house.firm.wang).await;
        let admin = house.office("admin").await;
        let site: SiteId = house.clock.new_id().into();
        let save = SiteSave { location: Some(Location { latitude: 31.2, longitude: 121.4 }), ..SiteSave::example() };
        admin.perform(site, save).await.applied();
        let lift: WorkOrderId = house.clock.new_id().into();
        let request = Request { site, unit: None, customer: None, ..house.request_for(house.firm.lift) };
        li.perform(lift, request).await.applied();
        let chen: UserId = house.clock.new_id().into();
        let account = UserSave { name: "CHEN".into(), login: "chen".into(), certificates: vec![], ..UserSave::example() };
        house.account(&house.firm, chen, account).await;
        let mut asked = wanted(&house);
        asked["technicians"] = json!([house.firm.wang, chen]);
        let plan = li.post("/v1/day-plans", &asked).await.body;
        let left: Vec<_> = plan["left_out"].as_array().unwrap().iter().map(|left| (left["order"].clone(), left["why"].clone())).collect();
        assert!(left.contains(&(json!(nowhere), json!("no_location"))), "{plan}");
        assert!(left.contains(&(json!(lift), json!("nobody_may"))), "{plan}");

        for (field, value) in [
            ("budget_seconds", json!(0)),
            ("budget_seconds", json!(21)),
            ("ways", json!({ "sites": [site], "seconds": [0], "metres": [0] })),
            ("start_site", json!(house.firm.site)),
        ] {
            let mut asked = wanted(&house);
            asked[field] = value;
            assert_eq!(li.post("/v1/day-plans", &asked).await.problem(400), "invalid_query", "{asked}");
        }
        asked["start_site"] = json!(site);
        asked["ways"] = json!({ "sites": [site], "seconds": [0, 1], "metres": [0] });
        assert_eq!(li.post("/v1/day-plans", &asked).await.problem(400), "invalid_query");
        let wang = house.office("wang").await;
        assert_eq!(wang.post("/v1/day-plans", &wanted(&house)).await.problem(403), "forbidden");
        let none = json!({ "id": house.clock.new_id(), "visits": [] });
        assert_eq!(wang.post("/v1/day-plans/take-over", &none).await.problem(403), "forbidden");
    }
}
