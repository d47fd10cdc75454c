//! Quantities and units that are none.

use mobile_api::{
    money::Quantity,
    review::{Resolve, ReviewDecision},
    stock::RecordMove,
    sync::VerdictStatus,
    work_order::visit::UseMaterial,
};
use serde_json::json;

use super::kit::*;
use crate::harness::House;

stories! {
    async fn quantities_out_of_this_world_are_refused_with_their_place(house: House) {
        let ku = stocked(&house).await;
        let path = format!("/v1/stock-moves/{}/record", house.clock.new_id());
        let body = json!({ "article": valves(), "from": the_store(), "to": bag(house.firm.wang), "quantity_milli": "@@" });
        for odd in ["0", "-1", "1000000000000000000", "9223372036854775808", "1e18", "0.5", "\"5\"", "null", "[5]"] {
            let text = body.to_string().replace("\"@@\"", odd);
            let post = ku.client.post(format!("{}{path}", ku.base)).header("content-type", "application/json").body(text);
            let answer = ku.send(post).await;
            assert!(complaint(&answer).starts_with("/quantity_milli "), "{odd}: {}", answer.body);
            assert_eq!(answer.problem(422), "invalid", "{odd}");
        }
        let text = body.to_string().replace("\"@@\"", "NaN");
        let post = ku.client.post(format!("{}{path}", ku.base)).header("content-type", "application/json").body(text);
        assert_eq!(ku.send(post).await.problem(400), "invalid_json");
        assert_eq!(pieces(&ku, the_store(), valves()).await, 100);
    }

    /// Who waits for the answer can say it right; what was recorded without signal stands on the order and is asked about.
    async fn a_unit_that_does_not_convert_is_told_and_loses_nothing(house: House) {
        let ku = stocked(&house).await;
        let metres = RecordMove { unit: Some("m".into()), ..carried(valves(), the_store(), bag(house.firm.wang), 2) };
        let request = ku.client.post(format!("{}/v1/stock-moves/{}/record", ku.base, house.clock.new_id()));
        let answer = ku.send(request.header("accept-language", "zh-CN").json(&metres)).await;
        assert_eq!(complaint(&answer), "/unit unit_mismatch");
        assert!(answer.body["errors"][0]["detail"].as_str().unwrap().contains("单位无法换算"), "{}", answer.body);
        let boxes = RecordMove { unit: Some("box".into()), ..carried(valves(), the_store(), bag(house.firm.wang), 2) };
        carry(&house, &ku, boxes.clone()).await;
        assert_eq!(pieces(&ku, bag(house.firm.wang), valves()).await, 20);
        let many = RecordMove { quantity_milli: Quantity(1_000_000_000), ..boxes };
        assert_eq!(ku.perform(house.clock.new_id(), many).await.problem(422), "overflow");

        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let wang = house.phone_of("wang").await;
        let entry = wang.did(job, UseMaterial { unit: "m".into(), ..used(2) });
        let verdict = wang.sync().await.verdicts.into_iter().find(|verdict| verdict.id == entry).unwrap();
        assert_eq!((verdict.status, verdict.flags[0].flag.as_str()), (VerdictStatus::AppliedFlagged, "stock_not_moved"));
        assert_eq!(order(&ku, job).await.materials.len(), 1);
        assert_eq!(pieces(&ku, bag(house.firm.wang), valves()).await, 20);
        let kept = wang.did(house.clock.new_id(), RecordMove { unit: Some("m".into()), ..carried(valves(), bag(house.firm.wang), the_store(), 1) });
        let verdict = wang.sync().await.verdicts.into_iter().find(|verdict| verdict.id == kept).unwrap();
        assert_eq!((verdict.status, verdict.problem.unwrap().code), (VerdictStatus::Kept, "invalid".to_owned()));
        let note = "Two pieces; she has recorded them".into();
        ku.perform(kept, Resolve { decision: ReviewDecision::Corrected, note }).await.applied();
        agree(&house).await;
    }

    async fn places_that_are_none_are_refused(house: House) {
        let ku = stocked(&house).await;
        let path = || format!("/v1/stock-moves/{}/record", house.clock.new_id());
        let body = |from: &str, to: &str| json!({ "article": valves(), "from": from, "to": to, "quantity_milli": 1000 });
        let store = the_store().to_string();
        for (from, to, told) in [
            ("attic", &*store, "/from"),
            ("store:7", &*store, "/from"),
            (&*store, &*store, "/to"),
            (&*store, "scrap", "/to"),
            (&*store, "order:01930000-0000-7000-8000-000000000030", "/to"),
        ] {
            let answer = ku.post(&path(), &body(from, to)).await;
            assert!(complaint(&answer).starts_with(told), "{from} > {to}: {}", answer.body);
            assert_eq!(answer.problem(422), "invalid");
        }
        let nobody = ku.post(&path(), &body(&store, "bag:01930000-0000-7000-8000-00000000dead")).await;
        assert_eq!(nobody.problem(422), "bad_reference");
    }
}
