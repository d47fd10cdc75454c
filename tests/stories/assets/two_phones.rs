//! Two phones at one asset, and an asset that was replaced while they were away; certificates that run out.

use std::time::Duration;

use mobile_api::{
    asset::{InService, MaintenanceRules, SetMaintenanceRules},
    asset::{Meter, MeterKind, RecordReading, Retire, SetService},
    ids::WorkOrderId,
    work_order::{dispatch::Assign, request::Request},
};
use serde_json::json;

use super::*;
use crate::harness::Handset;

fn hours() -> Meter {
    Meter { code: "hours".into(), unit: "h".into(), kind: MeterKind::Counter, low_milli: None, high_milli: None }
}

fn read(milli: i64) -> RecordReading {
    RecordReading { meter: "hours".into(), milli, order: None, note: None }
}

/// The asset comes to the phone with an order.
async fn ordered(house: &House, asset: AssetId, technician: mobile_api::ids::UserId) {
    let (li, order) = (house.li().await, WorkOrderId::new(house.clock.new_id()));
    let request = Request { asset: Some(asset), unit: None, customer: None, ..house.request_for(house.firm.check_up) };
    assert_eq!(li.perform(order, request).await.status, 200);
    li.perform(order, Assign { technician }).await.applied();
}

/// What became of each operation, and why.
async fn became(phone: &Handset) -> Vec<String> {
    let report = phone.sync().await;
    let line = |verdict: &mobile_api::sync::Verdict| {
        let flags: Vec<_> = verdict.flags.iter().map(|flagged| flagged.flag.as_str()).collect();
        format!("{} {}", verdict.status.as_str(), flags.join(" ")).trim_end().to_owned()
    };
    report.verdicts.iter().map(line).collect()
}

stories! {
    /// Wang and Zhao read the same counter an hour apart, without signal; whoever syncs first, both readings stand in the order in which
    /// they were read, and a counter that only seems to run backwards because of that is no question.
    async fn two_phones_read_one_counter(house: House) {
        let asset = made(&house, AssetSave { meters: vec![hours()], ..lift(&house, "Lift 1", "A-1") }).await;
        ordered(&house, asset, house.firm.wang).await;
        ordered(&house, asset, house.firm.zhao).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        wang.did(asset, read(100_000));
        house.pass(Duration::from_secs(3600), &[&wang, &zhao]);
        zhao.did(asset, read(101_000));
        assert_eq!(became(&zhao).await, ["applied"]);
        assert_eq!(became(&wang).await, ["applied"], "it was read before");
        let li = house.li().await;
        let series = li.get(&format!("/v1/assets/{asset}/readings")).await.body;
        let milli: Vec<i64> = series["points"].as_array().unwrap().iter().map(|point| point["milli"].as_i64().unwrap()).collect();
        assert_eq!(milli, [100_000, 101_000]);
        // Both took the same value at about the same time: two readings, neither lost.
        wang.did(asset, read(102_000));
        zhao.did(asset, read(102_000));
        assert_eq!((became(&wang).await, became(&zhao).await), (vec!["applied".to_owned()], vec!["applied".to_owned()]));
        let series = li.get(&format!("/v1/assets/{asset}/readings")).await.body;
        assert_eq!(series["points"].as_array().unwrap().len(), 4);
        let kept = li.get(&format!("/v1/assets/{asset}")).await.body["readings"].as_array().unwrap().len();
        assert_eq!(kept, 4);
    }

    /// One phone takes the lift out of service, the other, which does not know, puts it back: the later word stands, and each is in its
    /// history. Meanwhile the office has put another lift in its place: what both recorded stays with the old one.
    async fn an_asset_is_replaced_while_two_phones_work_on_it(house: House) {
        let old = made(&house, AssetSave { meters: vec![hours()], ..lift(&house, "Lift 1", "A-1") }).await;
        let new = made(&house, AssetSave { meters: vec![hours()], ..lift(&house, "Lift 1 new", "B-1") }).await;
        ordered(&house, old, house.firm.wang).await;
        ordered(&house, old, house.firm.zhao).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        let service = |status| SetService { status, reason: "Doors".into() };
        wang.did(old, service(InService::OutOfService));
        zhao.did(old, service(InService::InService));
        assert_eq!(became(&wang).await, ["applied"]);
        let li = house.li().await;
        assert_eq!(li.get(&format!("/v1/assets/{old}")).await.body["service"]["status"], "out_of_service");
        li.perform(old, Retire { reason: "Replaced".into(), replaced_by: Some(new) }).await.applied();
        zhao.did(old, read(5_000));
        assert_eq!(became(&zhao).await, ["applied_flagged asset_retired", "applied_flagged asset_retired"]);
        wang.did(old, read(6_000));
        assert_eq!(became(&wang).await, ["applied_flagged asset_retired"]);
        let held = li.get(&format!("/v1/assets/{old}")).await.body;
        assert_eq!((&held["service"]["status"], &held["service"]["replaced_by"]), (&json!("retired"), &json!(new)));
        let series = li.get(&format!("/v1/asset-readings?asset={old}")).await.body;
        assert_eq!(series["items"].as_array().unwrap().len(), 2, "kept with the one that was read");
        let series = li.get(&format!("/v1/asset-readings?asset={new}")).await.body;
        assert_eq!(series["items"].as_array().unwrap().len(), 0);
    }

    /// Thirty days before, once; renewed, the new date is another; the firm may want to know earlier, or not at all.
    async fn a_certificate_that_runs_out_is_told_once(house: House) {
        let certified = |day: &str| AssetSave { certificate: until(day), ..lift(&house, "Lift 1", "A-1") };
        let asset = made(&house, certified("2026-04-05")).await;
        made(&house, AssetSave { certificate: until("2026-12-31"), ..lift(&house, "Lift 2", "A-2") }).await;
        let questions = async || {
            let page = house.li().await.get("/v1/reviews?status=open").await.body;
            page["items"].as_array().unwrap().iter().map(|item| item["record"]["flags"][0]["detail"]["expires_on"].clone()).collect::<Vec<_>>()
        };
        let timers = house.state().timers();
        timers.watch_certificates().await.unwrap();
        assert_eq!(questions().await, Vec::<Value>::new(), "34 days before");
        house.clock.advance(chrono::TimeDelta::days(4));
        let again = house.state().timers();
        let (one, two) = tokio::join!(timers.watch_certificates(), again.watch_certificates());
        (one.unwrap(), two.unwrap());
        timers.watch_certificates().await.unwrap();
        assert_eq!(questions().await, [json!("2026-04-05")], "once, however many servers");
        house.li().await.perform(asset, certified("2027-04-05")).await.applied();
        timers.watch_certificates().await.unwrap();
        assert_eq!(questions().await.len(), 1);
        let admin = house.office("admin").await;
        let rules = |certificate_days| SetMaintenanceRules { rules: MaintenanceRules { certificate_days, ..MaintenanceRules::default() } };
        admin.perform(house.firm.org, rules(0)).await.applied();
        house.clock.advance(chrono::TimeDelta::days(280));
        timers.watch_certificates().await.unwrap();
        assert_eq!(questions().await.len(), 1, "nobody wants to know");
        let admin = house.office("admin").await;
        admin.perform(house.firm.org, rules(60)).await.applied();
        timers.watch_certificates().await.unwrap();
        assert_eq!(questions().await.len(), 2, "the other lift's");
    }
}
