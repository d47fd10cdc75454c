//! Documents that are JSON, and almost what was asked for: wrong types, missing and doubled fields, numbers and dates
//! out of this world.

use futures_util::{StreamExt, stream};
use mobile_api::{
    Role,
    catalogue::{Action, OPERATIONS},
};
use serde_json::value::to_raw_value;

use super::*;

/// Every value inside of a document, by its pointer.
fn places(value: &Value, pointer: &str, into: &mut Vec<String>) {
    let mut inside = |key: &str, value: &Value| {
        let pointer = format!("{pointer}/{key}");
        into.push(pointer.clone());
        places(value, &pointer, into);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| inside(key, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, value)| inside(&at.to_string(), value)),
        _ => {}
    }
}

/// The catalogue's example of an operation.
fn example(name: &str) -> Value {
    let action = Action::examples().into_iter().find(|action| action.spec().name == name).expect(name);
    serde_json::from_str(action.payload().unwrap().get()).unwrap()
}

/// Whether the contract itself has something against this payload.
fn is_wrong(name: &str, payload: &Value) -> bool {
    match Action::parse(name, &to_raw_value(payload).unwrap()) {
        Ok(action) => action.check().is_err(),
        Err(_) => true,
    }
}

/// Every example, spoiled in every place in every way that the contract does not allow.
fn spoiled() -> Vec<(&'static str, String, Value)> {
    let wrong = [json!({ "unexpected": [] }), json!([[1]]), json!(-1.5), json!("\u{fffd}"), json!(true), Value::Null];
    let mut spoiled = Vec::new();
    for action in Action::examples() {
        let name = action.spec().name;
        let whole = example(name);
        let mut pointers = Vec::new();
        places(&whole, "", &mut pointers);
        for pointer in &pointers {
            for wrong in &wrong {
                let mut payload = whole.clone();
                *payload.pointer_mut(pointer).unwrap() = wrong.clone();
                spoiled.push((name, format!("{pointer} = {wrong}"), payload));
            }
            let mut payload = whole.clone();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            if payload.pointer_mut(parent).unwrap().as_object_mut().is_some_and(|fields| fields.remove(key).is_some()) {
                spoiled.push((name, format!("without {pointer}"), payload));
            }
        }
        for wrong in &wrong {
            spoiled.push((name, wrong.to_string(), wrong.clone()));
        }
    }
    spoiled.retain(|(name, _, payload)| is_wrong(name, payload));
    assert!(spoiled.len() > 500, "{}", spoiled.len());
    spoiled
}

/// The address of an operation on a record that never was.
fn address(name: &str) -> String {
    let spec = OPERATIONS.iter().find(|spec| spec.name == name).unwrap();
    spec.path().replace("{id}", "01930000-0000-7000-8000-00000000dead")
}

fn may(name: &str, role: Role) -> bool {
    OPERATIONS.iter().find(|spec| spec.name == name).unwrap().allows(role)
}

/// Places for amounts and for instants in the catalogue.
const NUMBERS: &[(&str, &str)] = &[
    ("work_order.quote", "/lines/0/unit_price/minor"),
    ("work_order.quote", "/lines/1/quantity_milli"),
    ("work_order.use_material", "/quantity_milli"),
    ("work_order.set_charge", "/amount/minor"),
    ("price_item.save", "/price/minor"),
    ("article.save", "/packs/0/holds_milli"),
    ("stock_place.save", "/usage_weeks"),
    ("stock_move.record", "/quantity_milli"),
    ("stock_move.scrap", "/quantity_milli"),
    ("stock_count.record_line", "/milli"),
];
const INSTANTS: &[(&str, &str)] = &[
    ("work_order.request", "/called_at"),
    ("work_order.request", "/preferred/from"),
    ("work_order.agree_time", "/window/until"),
    ("work_order.pause", "/next/from"),
    ("work_order.record_labour", "/from"),
    ("work_order.record_labour", "/until"),
    ("work_order.import", "/received_at"),
    ("work_order.import", "/due"),
    ("work_order.import", "/closed_at"),
    ("complaint.import", "/received_at"),
    ("complaint.import", "/due"),
    ("complaint.import", "/closed/at"),
    ("user.save", "/certificates/0/expires_at"),
];

/// The example with this text of JSON in place, whatever it is.
fn with(name: &str, pointer: &str, text: &str) -> String {
    let mut payload = example(name);
    let span = json!({ "from": "2026-03-02T08:00:00Z", "until": "2026-03-02T09:00:00Z" });
    for (optional, content) in [("preferred", span.clone()), ("next", span), ("called_at", Value::Null)] {
        if pointer[1..].starts_with(optional) {
            payload[optional] = content;
        }
    }
    if pointer.starts_with("/certificates") {
        payload["certificates"] = json!([{ "code": "lift", "expires_at": null }]);
    }
    *payload.pointer_mut(pointer).unwrap_or_else(|| panic!("{name} has no {pointer}")) = json!("@@");
    payload.to_string().replace("\"@@\"", text)
}

stories! {
    async fn every_field_of_every_operation_takes_its_own_type_only(house: House) {
        let (admin, wang, before) = (house.office("admin").await, house.office("wang").await, version(&house).await);
        // Nobody but the operator founds firms, whatever they send.
        let spoiled = spoiled().into_iter().filter(|(name, ..)| *name != "organisation.found");
        let answers = stream::iter(spoiled).map(|(name, what, payload)| {
            let office = if may(name, Role::Admin) { &admin } else { &wang };
            async move { (name, what, office.post(&address(name), &payload).await) }
        });
        let answers: Vec<_> = answers.buffer_unordered(4).collect().await;
        for (name, what, answer) in answers {
            let what = format!("{name}: {what}");
            assert_eq!((&*refused(&answer, &what), answer.status.as_u16()), ("invalid", 422), "{what}");
            assert!(answer.body["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{what}: {}", answer.body);
        }
        assert_eq!(version(&house).await, before);
        alive(&house).await;
    }

    async fn pushed_they_are_kept_for_a_person(house: House) {
        let (admin, device) = device(&house, "admin").await;
        let operations: Vec<_> = spoiled()
            .into_iter()
            .filter(|(name, ..)| may(name, Role::Admin))
            .map(|(name, _, payload)| operation(house.clock.new_id(), name, house.firm.org, payload))
            .collect();
        for operations in operations.chunks(200) {
            let answer = admin.push(device, operations).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            for (verdict, operation) in answer.body["verdicts"].as_array().unwrap().iter().zip(operations) {
                let told = (&verdict["status"], &verdict["problem"]["code"], &verdict["review"]);
                assert_eq!(told, (&json!("kept"), &json!("invalid"), &operation["id"]), "{operation}");
            }
        }
        alive(&house).await;
    }

    async fn a_field_twice_is_not_guessed_at(house: House) {
        let (li, device) = device(&house, "li").await;
        let order = house.request(house.firm.check_up).await;
        let note = send(&li, &format!("/v1/work-orders/{order}/note"), r#"{"text":"one","text":"two"}"#).await;
        assert_eq!(refused(&note, "a note"), "invalid");
        let envelope = format!(r#"{{"device":"{device}","device":"{device}","schema":1,"operations":[]}}"#);
        let envelope = send(&li, "/v1/sync/push", envelope).await;
        assert_eq!(refused(&envelope, "an envelope"), "invalid");
        assert_eq!((&envelope.body["errors"][0]["pointer"], &envelope.body["errors"][0]["code"]), (&json!("/device"), &json!("duplicate")));
        let id = house.clock.new_id();
        let twice = format!(
            r#"{{"device":"{device}","schema":1,"operations":[{{"id":"{id}","type":"work_order.note","type":"work_order.cancel","entity":"{order}","payload":{{"text":"x"}}}}]}}"#
        );
        let verdict = send(&li, "/v1/sync/push", twice).await.body["verdicts"][0].clone();
        assert_eq!((&verdict["id"], &verdict["status"]), (&json!(id), &json!("kept")));
        assert_eq!(verdict["problem"]["code"], "malformed_operation");
    }

    async fn amounts_out_of_this_world(house: House) {
        let (admin, before) = (house.office("admin").await, version(&house).await);
        let numbers = [
            "-1", "1.5", "-0.0", "1e3", "1000000000001", "1000000000000000000", "9223372036854775807", "9223372036854775808",
            "-9223372036854775809", "18446744073709551616", "1e400", "-1e400", "\"12\"", "null", "[1]",
        ];
        for (name, pointer) in NUMBERS {
            for number in numbers {
                let what = format!("{name} {pointer} = {number}");
                let answer = send(&admin, &address(name), with(name, pointer, number)).await;
                let code = refused(&answer, &what);
                assert!(["invalid", "invalid_json"].contains(&&*code), "{what}: {}", answer.body);
            }
        }
        assert_eq!(version(&house).await, before);
    }

    async fn sums_that_no_customer_could_pay(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let (li, before) = (house.li().await, version(&house).await);
        let line = |minor: i64, milli: i64, currency: &str| {
            json!({ "item": null, "name": "x", "kind": "labour", "quantity_milli": milli, "unit": "h", "unit_price": { "minor": minor, "currency": currency } })
        };
        let most = 1_000_000_000_000;
        for (lines, code) in [
            (vec![line(most, 1_000_000_000, "CNY")], "overflow"),
            (vec![line(most, 1_000, "CNY"), line(1, 1_000, "CNY")], "overflow"),
            (vec![line(most, 1_000, "CNY"); 200], "overflow"),
            (vec![line(1, 1_000, "CNY"); 201], "invalid"),
            (vec![line(100, 1_000, "CNY"), line(100, 1_000, "GBP")], "currency_mismatch"),
            (vec![line(100, 1_000, "cny")], "invalid"),
            (vec![line(100, 1_000, "￥")], "invalid"),
            (vec![], "invalid"),
        ] {
            let what = lines[..lines.len().min(2)].iter().map(Value::to_string).collect::<String>();
            let answer = li.post(&format!("/v1/work-orders/{order}/quote"), &json!({ "lines": lines, "note": null })).await;
            assert_eq!((&*refused(&answer, &what), answer.status.as_u16()), (code, 422), "{what}");
        }
        assert_eq!(version(&house).await, before);
        let most = json!({ "lines": [line(most, 1_000, "CNY")], "note": null });
        li.post(&format!("/v1/work-orders/{order}/quote"), &most).await.applied();
    }

    async fn dates_out_of_this_world(house: House) {
        let (admin, wang, before) = (house.office("admin").await, house.office("wang").await, version(&house).await);
        let dates = [
            "0000-01-01T00:00:00Z", "-0001-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z",
            "2200-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "+10000-01-01T00:00:00Z", "+262142-12-31T23:59:59Z",
            "-262143-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-03-02T25:00:00Z", "2026-03-02T00:00:00+99:99",
            "2026-03-02", "2026-03-02T00:00:00", "now", "", " ", "\u{0}",
        ];
        let texts = dates.iter().map(|date| json!(date).to_string());
        let texts: Vec<_> = texts.chain(["0", "-62135596800", "1e18", "true", "{}"].map(Into::into)).collect();
        for (name, pointer) in INSTANTS {
            let office = if may(name, Role::Admin) { &admin } else { &wang };
            for date in &texts {
                let what = format!("{name} {pointer} = {date}");
                let answer = send(office, &address(name), with(name, pointer, date)).await;
                assert_eq!((&*refused(&answer, &what), answer.status.as_u16()), ("invalid", 422), "{what}");
            }
        }
        assert_eq!(version(&house).await, before);
    }

    /// A phone's clock may show anything: it proves nothing, and is no reason to refuse what was done.
    async fn a_clock_out_of_this_world_is_no_evidence(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let (wang, device) = device(&house, "wang").await;
        let (boot, many) = (house.clock.new_id(), u64::MAX);
        let anchor = |time: &str| json!({ "server_time": time, "uptime_ms": many, "boot_id": boot, "rtt_ms": u32::MAX, "proof": "\0" });
        let evidence = [
            json!({ "wall": "9999-12-31T23:59:59Z", "uptime_ms": many, "boot_id": boot, "anchor": null }),
            json!({ "wall": "0000-01-01T00:00:00Z", "uptime_ms": 0, "boot_id": boot, "anchor": anchor("+262142-12-31T23:59:59Z") }),
            json!({ "wall": "x".repeat(100_000), "uptime_ms": 1, "boot_id": boot, "anchor": anchor("-262143-01-01T00:00:00Z") }),
            json!({ "wall": { "no": "text" }, "uptime_ms": 1, "boot_id": boot, "anchor": anchor("2026-03-02T00:00:00Z") }),
            json!({ "wall": "", "uptime_ms": -1, "boot_id": "none", "anchor": 7 }),
            json!("garbage"),
            json!([]),
        ];
        let operations: Vec<_> = evidence
            .into_iter()
            .map(|evidence| {
                let mut note = operation(house.clock.new_id(), "work_order.note", order, json!({ "text": "x" }));
                note["evidence"] = evidence;
                note
            })
            .collect();
        let body = json!({ "device": device, "schema": 1, "uptime_ms": many, "boot_id": boot, "operations": operations });
        let answer = wang.post("/v1/sync/push", &body).await;
        for verdict in answer.body["verdicts"].as_array().unwrap() {
            assert_eq!(verdict["status"], "applied", "{verdict}");
        }
        let now = json!(house.clock.now());
        for note in record(&house, Kind::WorkOrder, order).await["notes"].as_array().unwrap() {
            assert_eq!((&note["at"]["latest"], &note["at"]["earliest"]), (&now, &now), "between registering and arriving");
        }
        for envelope in [json!({ "uptime_ms": -1 }), json!({ "boot_id": "none" }), json!({ "schema": 0 }), json!({ "schema": 1e99 })] {
            let mut body = json!({ "device": device, "schema": 1, "operations": [] });
            body.as_object_mut().unwrap().extend(envelope.as_object().unwrap().clone());
            refused(&wang.post("/v1/sync/push", &body).await, &envelope.to_string());
        }
    }
}
