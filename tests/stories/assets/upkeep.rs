//! The maintenance record: put together from orders and readings, wherever they were recorded.

use std::time::Duration;

use mobile_api::{
    asset::{MaintenanceRules, Meter, MeterKind, RecordReading, Retire, SetMaintenanceRules},
    catalogue::Action,
    ids::{InspectionId, WorkOrderId},
    inspection::{
        AnswerItem, AnswerValue, Ask, Assignee, FormItem, PlanInspection, PublishTemplate, RoundPoint, RoundSave, Spot,
        StartInspection, TemplateSave, VoidInspection,
    },
    operation::Payload as _,
    phone::PhoneClock,
    refusal::Flag,
    work_order::{
        Running, Window,
        dispatch::{Assign, Cancel, Close},
        request::Request,
        result::RecordResult,
        visit::{Arrive, Diagnose, Finish, RecordLabour, Start, UseMaterial},
    },
};
use serde_json::json;

use super::*;
use crate::harness::Handset;

fn meters() -> Vec<Meter> {
    let hours =
        Meter { code: "hours".into(), unit: "h".into(), kind: MeterKind::Counter, low_milli: None, high_milli: None };
    let pressure = Meter {
        code: "bar".into(),
        kind: MeterKind::Gauge,
        unit: "bar".into(),
        low_milli: Some(1_000),
        high_milli: Some(6_000),
    };
    vec![hours, pressure]
}

fn read(meter: &str, milli: i64) -> RecordReading {
    RecordReading { meter: meter.into(), milli, order: None, note: None }
}

/// An order about the asset, given to Wang; free of charge.
async fn ordered(house: &House, asset: AssetId) -> WorkOrderId {
    let (li, order) = (house.li().await, WorkOrderId::new(house.clock.new_id()));
    let request = Request {
        asset: Some(asset),
        unit: None,
        customer: None,
        fault: "Stuck between floors".into(),
        ..house.request_for(house.firm.check_up)
    };
    li.perform(order, request).await;
    li.perform(order, Assign { technician: house.firm.wang }).await.applied();
    order
}

fn repaired(phone: &Handset, order: WorkOrderId, cause: &str) {
    phone.did(order, Arrive {});
    phone.did(order, Diagnose { findings: "Door lock contact burnt".into(), cause: None, explained: None });
    phone.did(order, Start {});
    let name = "Contact".to_owned();
    phone.did(
        order,
        UseMaterial {
            item: None,
            name,
            quantity_milli: mobile_api::money::Quantity(2_000),
            unit: "pc".into(),
            stock: None,
        },
    );
    let until = phone.clock.truth();
    phone.did(order, RecordLabour { from: until - Duration::from_secs(1800), until, note: None });
    phone.did(
        order,
        RecordResult { main_cause: Some(cause.into()), running: Running::Normal, note: Some("Ten trips".into()) },
    );
    phone.did(order, Finish { summary: None });
}

fn flags(report: &mobile_api::phone::Report) -> Vec<(&'static str, Vec<&'static str>)> {
    let of = |verdict: &mobile_api::sync::Verdict| {
        (verdict.status.as_str(), verdict.flags.iter().map(|flagged| flagged.flag.as_str()).collect())
    };
    report.verdicts.iter().map(of).collect()
}

stories! {
    /// Zhao inspected the lift; Wang, who comes to repair it, reads what was not in order, and not what people wrote and signed.
    async fn an_inspection_stands_in_the_record_without_its_answers(house: House) {
        let asset = made(&house, lift(&house, "Lift 1", "A-1")).await;
        ordered(&house, asset).await;
        let (admin, li) = (house.office("admin").await, house.li().await);
        let (template, inspection) = (house.clock.new_id(), house.clock.new_id());
        admin.perform(template, TemplateSave::example()).await.applied();
        admin.perform(template, PublishTemplate {}).await.applied();
        let spot = Spot { site: house.firm.site, building: None, unit: None, asset: Some(asset) };
        let begun = StartInspection { template: Some(template.into()), spot: Some(spot), ..StartInspection::default() };
        li.perform(inspection, begun).await.applied();
        let answer = AnswerItem { note: Some("Mrs Chen was rude".into()), ..AnswerItem::example() };
        li.perform(inspection, answer).await.applied();

        let wang = house.office("wang").await;
        let device = house.clock.new_id();
        wang.register(device).await;
        assert_eq!(wang.get(&format!("/v1/inspections/{inspection}")).await.problem(404), "not_found");
        let record = wang.get(&format!("/v1/assets/{asset}/maintenance-record")).await;
        assert_eq!(record.status, 200, "his order brought the asset: {}", record.body);
        let items = record.body["items"].as_array().unwrap();
        let entry = items.iter().find(|entry| entry["kind"] == "inspection").expect("the inspection");
        assert_eq!(entry["inspection"]["inspection"], json!(inspection));
        assert_eq!((&entry["inspection"]["status"], &entry["inspection"]["failed"]), (&json!("running"), &json!(["leaks"])));
        assert!(!record.body.to_string().contains("rude"), "{}", record.body);
        let book = li.get(&format!("/v1/assets/{asset}/logbook")).await.body;
        assert!(book.as_str().unwrap().contains("Pump room"), "{book}");
    }

    /// Wang reads the hours on his round, without signal: they are the lift's hours, and nobody types them again.
    async fn what_is_read_on_a_round_is_a_reading_of_the_asset(house: House) {
        let lift_with = |name: &str, code: &str| AssetSave { meters: meters(), ..lift(&house, name, code) };
        let (one, other) = (made(&house, lift_with("Lift 1", "A-1")).await, made(&house, lift(&house, "Lift 2", "A-2")).await);
        let (admin, li, template) = (house.office("admin").await, house.li().await, house.clock.new_id());
        let item = |key: &str, unit: &str, meter: &str| FormItem {
            key: key.into(),
            text: mobile_api::directory::Label::new(key, key),
            ask: Ask::Counter { unit: unit.into() },
            required: false,
            meter: Some(meter.into()),
            ..TemplateSave::example().form.sections[0].items[0].clone()
        };
        let mut form = TemplateSave::example();
        form.form.sections[0].items = vec![item("hours", "h", "hours"), item("days", "d", "hours"), item("trips", "1", "trips")];
        let mut wrong = form.clone();
        wrong.form.sections[0].items[0].ask = Ask::Text;
        let answer = admin.perform(house.clock.new_id(), wrong).await;
        assert_eq!(answer.body["errors"][0]["pointer"], "/form/sections/0/items/0/meter", "{}", answer.body);
        admin.perform(template, form).await.applied();
        admin.perform(template, PublishTemplate {}).await.applied();

        let wang = house.phone_of("wang").await;
        let read = |item: &str, milli: i64| AnswerItem {
            point: None,
            item: item.into(),
            value: AnswerValue::Number { milli },
            note: Some("At the controller".into()),
        };
        for (asset, hours) in [(one, 18_250_000), (other, 7_000), (one, 18_249_000)] {
            let id = InspectionId::new(wang.clock.new_id());
            let spot = Spot { site: house.firm.site, building: None, unit: None, asset: Some(asset) };
            wang.did(id, StartInspection { template: Some(template.into()), spot: Some(spot), ..StartInspection::default() });
            wang.did(id, read("hours", hours));
            wang.did(id, read("days", 760_000));
            wang.did(id, read("trips", 1_000));
        }
        let report = wang.sync().await;
        let flags: Vec<Flag> = report.verdicts.iter().flat_map(|verdict| &verdict.flags).map(|flagged| flagged.flag).collect();
        assert_eq!(flags, [Flag::CounterBackwards], "as of a reading that was typed");
        let series = li.get(&format!("/v1/assets/{one}/readings?meter=hours")).await.body;
        let values: Vec<i64> = series["points"].as_array().unwrap().iter().map(|point| point["milli"].as_i64().unwrap()).collect();
        assert_eq!(values.len(), 2, "{series}");
        assert!(values.contains(&18_250_000) && values.contains(&18_249_000), "{series}");
        let record = li.get(&format!("/v1/assets/{one}/maintenance-record")).await.body;
        let readings = record["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "reading");
        assert_eq!(readings.count(), 2, "{record}");
        let without = li.get(&format!("/v1/assets/{other}/maintenance-record")).await.body;
        assert!(without["items"].as_array().unwrap().iter().all(|entry| entry["kind"] != "reading"), "it has no such meter");
    }

    /// One inspection looks at two lifts, another was planned and called off: each lift's record has what was found on it, and nothing that
    /// was never carried out.
    async fn each_asset_has_its_own_findings_and_nothing_that_was_called_off(house: House) {
        let (one, other) = (made(&house, lift(&house, "Lift 1", "A-1")).await, made(&house, lift(&house, "Lift 2", "A-2")).await);
        let (admin, li, template) = (house.office("admin").await, house.li().await, house.clock.new_id());
        admin.perform(template, TemplateSave::example()).await.applied();
        admin.perform(template, PublishTemplate {}).await.applied();
        let point = |key: &str, asset| RoundPoint {
            key: key.into(),
            name: key.into(),
            building: None,
            unit: None,
            asset: Some(asset),
            code: None,
            sections: vec![],
        };
        let spot = Spot { site: house.firm.site, building: None, unit: None, asset: None };
        let assignee = Assignee { user: Some(house.firm.wang), team: None };
        let points = vec![point("one", one), point("other", other)];
        let round = RoundSave { name: "Lifts".into(), template: template.into(), spot, points, assignee, repeats: None };
        let (id, turn) = (house.clock.new_id(), house.clock.new_id());
        li.perform(id, round).await.applied();
        let begun = StartInspection { round: Some(id.into()), template: Some(template.into()), ..StartInspection::default() };
        li.perform(turn, begun).await.applied();
        let fails = AnswerItem { point: Some("other".into()), note: None, ..AnswerItem::example() };
        li.perform(turn, fails).await.applied();

        let planned = house.clock.new_id();
        let from = house.clock.now();
        let due = Window { from, until: from + chrono::TimeDelta::hours(1) };
        let at_one = Spot { asset: Some(one), ..spot };
        let plan = PlanInspection { template: template.into(), spot: at_one, order: None, complaint: None, earlier: None, due, assignee };
        li.perform(planned, plan).await.applied();
        li.perform(planned, VoidInspection { reason: "Not needed".into() }).await.applied();

        for (asset, failed) in [(one, json!([])), (other, json!(["leaks"]))] {
            let record = li.get(&format!("/v1/assets/{asset}/maintenance-record")).await.body;
            let items = record["items"].as_array().unwrap();
            assert_eq!((items.len(), &items[0]["inspection"]["failed"]), (1, &failed), "{record}");
        }
    }

    /// Wang repairs a lift in the shaft, without signal. Nobody types the record: it is what he recorded.
    async fn what_was_done_is_the_record(house: House) {
        let asset = made(&house, AssetSave { meters: meters(), ..lift(&house, "Lift 1", "A-1") }).await;
        let order = ordered(&house, asset).await;
        let phone = house.phone_of("wang").await;
        house.pass(Duration::from_secs(3600), &[&phone]);
        repaired(&phone, order, "wear");
        phone.did(asset, RecordReading { order: Some(order), ..read("hours", 18_250_000) });
        let report = phone.sync().await;
        assert!(flags(&report).iter().all(|(status, _)| *status == "applied"), "{report:?}");

        let li = house.li().await;
        let record = li.get(&format!("/v1/assets/{asset}/maintenance-record")).await.body;
        let (reading, job) = (&record["items"][0], &record["items"][1]);
        assert_eq!((&reading["kind"], &job["kind"]), (&json!("reading"), &json!("job")));
        assert_eq!(reading["reading"]["milli"], 18_250_000);
        let job = &job["job"];
        assert_eq!((&job["status"], &job["fault"]), (&json!("finished"), &json!("Stuck between floors")));
        assert_eq!(job["findings"], "Door lock contact burnt");
        assert_eq!((&job["result"]["main_cause"], &job["result"]["running"]), (&json!("wear"), &json!("normal")));
        assert_eq!(job["parts"], json!([{ "name": "Contact", "quantity_milli": 2_000, "unit": "pc" }]));
        assert_eq!((&job["minutes"], &job["technicians"]), (&json!(30), &json!([house.firm.wang])));
        assert!(job["finished"]["latest"].is_string(), "{job}");
        let book = li.get(&format!("/v1/assets/{asset}/logbook")).await.body;
        let book = book.as_str().unwrap().lines().collect::<Vec<_>>();
        assert_eq!(book.len(), 3, "a header and two entries");
        assert!(book[1].ends_with("hours 18250 h"), "{book:?}");
        assert!(book[2].contains("Door lock contact burnt,Wear and tear,Contact 2 pc,30,WANG,runs well: Ten trips,,"), "{book:?}");
        for (language, word) in [("en", "Wear and tear"), ("zh-CN", "自然磨损")] {
            let request = li.client.get(format!("{}/v1/assets/{asset}/logbook", li.base)).header("accept", "application/pdf");
            let printed = request.bearer_auth(&li.token).header("accept-language", language).send().await.unwrap();
            assert_eq!(printed.headers()["content-type"], "application/pdf");
            let text = pdf_extract::extract_text_from_mem(&printed.bytes().await.unwrap()).unwrap();
            assert!(text.contains("Door lock contact burnt") && text.contains(word), "{text}");
        }
        // Page by page the same; and only for those who may see the asset.
        let first = li.get(&format!("/v1/assets/{asset}/maintenance-record?limit=1")).await.body;
        let next = first["next"].as_str().unwrap();
        let second = li.get(&format!("/v1/assets/{asset}/maintenance-record?limit=1&cursor={next}")).await.body;
        assert_eq!((&first["items"][0], &second["items"][0]), (&record["items"][0], &record["items"][1]));
        assert!(second["next"].is_null());
        let zhao = house.office("zhao").await;
        assert_eq!(zhao.get(&format!("/v1/assets/{asset}/maintenance-record")).await.problem(404), "not_found");
        // An online caller names a cause of the catalogue, or adds it there first.
        let odd = RecordResult { main_cause: Some("gremlins".into()), running: Running::Restricted, note: None };
        assert_eq!(li.perform(order, odd.clone()).await.problem(422), "bad_reference");
        let admin = house.office("admin").await;
        let mut rules = MaintenanceRules::default();
        rules.fault_causes[0].code = "gremlins".into();
        admin.perform(house.firm.org, SetMaintenanceRules { rules }).await.applied();
        li.perform(order, odd).await.applied();
    }

    /// Counters that seem to run backwards, and values beyond the limits: taken, and a question for a person.
    async fn readings_become_a_series(house: House) {
        let asset = made(&house, AssetSave { meters: meters(), ..lift(&house, "Pump", "P-1") }).await;
        ordered(&house, asset).await;
        let phone = house.phone_of("wang").await;
        for milli in [100_000, 124_000, 148_000] {
            phone.did(asset, read("hours", milli));
            house.pass(Duration::from_secs(86_400), &[&phone]);
        }
        phone.did(asset, read("hours", 90_000));
        phone.did(asset, read("bar", 6_500));
        phone.did(asset, read("volts", 1));
        let report = phone.sync().await;
        assert_eq!(
            flags(&report),
            [
                ("applied", vec![]), ("applied", vec![]), ("applied", vec![]),
                ("applied_flagged", vec!["counter_backwards"]),
                ("applied_flagged", vec!["reading_beyond_limits"]),
                ("kept", vec![]),
            ]
        );
        let li = house.li().await;
        let hours = li.get(&format!("/v1/assets/{asset}/readings?meter=hours")).await.body;
        let milli: Vec<i64> = hours["points"].as_array().unwrap().iter().map(|point| point["milli"].as_i64().unwrap()).collect();
        assert_eq!(milli, [100_000, 124_000, 148_000, 90_000]);
        assert_eq!((&hours["series"]["min_milli"], &hours["series"]["max_milli"]), (&json!(90_000), &json!(148_000)));
        let until = hours["points"][3]["at"].as_str().unwrap();
        let rising = li.get(&format!("/v1/assets/{asset}/readings?meter=hours&until={until}")).await.body;
        assert!((rising["series"]["daily_milli"].as_f64().unwrap() - 24_000.0).abs() < 10.0, "{rising}");
        let beyond = li.get(&format!("/v1/asset-readings?asset={asset}&beyond=true")).await.body;
        assert_eq!(beyond["items"].as_array().unwrap().len(), 1);
        assert_eq!(li.get(&format!("/v1/assets/{asset}/readings?meter=volts")).await.problem(404), "not_found");
        // The asset keeps the last five of each, whatever was read before.
        for milli in 1..=7 {
            house.clock.advance(chrono::TimeDelta::minutes(1));
            li.perform(asset, read("hours", 200_000 + milli)).await.applied();
        }
        let kept = li.get(&format!("/v1/assets/{asset}")).await.body["readings"].clone();
        let last: Vec<i64> = kept.as_array().unwrap().iter().filter(|one| one["meter"] == "hours").map(|one| one["milli"].as_i64().unwrap()).collect();
        assert_eq!(last, [200_003, 200_004, 200_005, 200_006, 200_007]);
        let reversed = vec![Meter { low_milli: Some(5), high_milli: Some(4), ..meters().remove(0) }];
        let answer = li.perform(house.clock.new_id(), AssetSave { meters: reversed, ..lift(&house, "X", "X") }).await;
        assert_eq!(answer.body["errors"][0]["pointer"], "/meters/0/high_milli");
        assert_eq!(answer.problem(422), "invalid");
    }

    /// The second fault of a lift in a month is not just another one. What was cancelled, is long ago, or was about another lift does
    /// not count; what is still open may be this very call.
    async fn a_fault_that_comes_back_stands_out(house: House) {
        let (one, two) = (made(&house, lift(&house, "Lift 1", "A-1")).await, made(&house, lift(&house, "Lift 2", "A-2")).await);
        let call = |asset| Request { asset: Some(asset), unit: None, customer: None, ..house.request_for(house.firm.check_up) };
        let called = async |asset| {
            let order = WorkOrderId::new(house.clock.new_id());
            let answer = house.li().await.perform(order, call(asset)).await;
            let flags = answer.body["flags"].as_array().into_iter().flatten();
            (order, flags.map(|flagged| (flagged["flag"].as_str().unwrap().to_owned(), flagged["detail"]["orders"].clone())).collect::<Vec<_>>())
        };
        let over = async |order: WorkOrderId| {
            let li = house.li().await;
            li.perform(order, Assign { technician: house.firm.wang }).await.applied();
            for action in [Action::from(Arrive {}), Start {}.into(), Finish { summary: None }.into()] {
                li.perform(order, action).await.applied();
            }
            let unsigned = Some("Nobody was in".to_owned());
            li.perform(order, Close { without_signature: unsigned, without_photos: None }).await.applied();
        };
        let (wrong, none) = called(one).await;
        assert_eq!(none, []);
        house.li().await.perform(wrong, Cancel { reason: "It runs again".into() }).await.applied();
        let (first, none) = called(one).await;
        assert_eq!(none, [], "a cancelled call is no fault");
        let (twin, none) = called(one).await;
        assert_eq!(none, [], "one that is still open is perhaps this very call");
        house.li().await.perform(twin, Cancel { reason: "Twice".into() }).await.applied();
        over(first).await;
        house.clock.advance(chrono::TimeDelta::days(20));
        assert_eq!(called(two).await.1, [], "another lift");
        let (again, flags) = called(one).await;
        assert_eq!(flags, [(Flag::RepeatFault.as_str().to_owned(), json!([first]))]);
        let record = house.li().await.get(&format!("/v1/assets/{one}/maintenance-record?limit=1")).await.body;
        assert_eq!(record["items"][0]["job"]["repeats"], json!([first]), "and stands out in the record");
        over(again).await;
        house.clock.advance(chrono::TimeDelta::days(31));
        assert_eq!(called(one).await.1, [], "more than a month later");
    }

    /// Wang is in the shaft while the office retires the lift and puts another in its place.
    async fn work_on_a_retired_asset_is_kept_and_told(house: House) {
        let old = made(&house, AssetSave { meters: meters(), ..lift(&house, "Lift 1", "A-1") }).await;
        let order = ordered(&house, old).await;
        let phone = house.phone_of("wang").await;
        let new = made(&house, lift(&house, "Lift 1 new", "B-1")).await;
        let li = house.li().await;
        li.perform(old, Retire { reason: "Replaced".into(), replaced_by: Some(new) }).await.applied();
        phone.did(old, read("hours", 18_000_000));
        let found = phone.clock.new_id();
        phone.did(WorkOrderId::new(found), Request { asset: Some(old), unit: None, customer: None, ..house.request_for(house.firm.check_up) });
        phone.did(order, Arrive {});
        let report = phone.sync().await;
        assert_eq!(
            flags(&report),
            [("applied_flagged", vec!["asset_retired"]), ("applied_flagged", vec!["possible_duplicate", "asset_retired"]), ("applied", vec![])]
        );
        assert_eq!(report.verdicts[0].flags[0].detail["replaced_by"], json!(new));
        let record = li.get(&format!("/v1/assets/{old}/maintenance-record")).await.body;
        assert_eq!(record["items"].as_array().unwrap().len(), 3, "nothing is lost: {record}");
        assert_eq!(li.perform(old, read("hours", 1)).await.problem(409), "asset_retired");
    }
}
