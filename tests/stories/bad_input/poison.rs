//! One operation that cannot be read or done, between others that can: it delays nobody.

use super::*;

/// Operations that nobody can carry out, each a JSON text, with the problem that they are kept with.
fn poison(house: &House, order: Uuid) -> Vec<(String, &'static str)> {
    let id = || house.clock.new_id();
    let note = |change: Value| {
        let mut note = operation(id(), "work_order.note", order, json!({ "text": "poison" }));
        note.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        note.to_string()
    };
    let deep = format!("{}{}", "[".repeat(50), "]".repeat(50));
    let surrogate = note(json!({ "payload": { "text": "@@" } })).replace("@@", "\\ud800");
    vec![
        ("7".into(), "malformed_operation"),
        ("null".into(), "malformed_operation"),
        ("\"\\u0000\"".into(), "malformed_operation"),
        ("[]".into(), "malformed_operation"),
        ("{}".into(), "malformed_operation"),
        (deep.clone(), "malformed_operation"),
        (json!({ "id": id() }).to_string(), "malformed_operation"),
        (note(json!({ "id": "not an id" })), "malformed_operation"),
        (note(json!({ "entity": null })), "malformed_operation"),
        (note(json!({ "seq": -1 })), "malformed_operation"),
        (note(json!({ "seq": u64::MAX })), "malformed_operation"),
        (note(json!({ "base_rev": u64::MAX })), "malformed_operation"),
        (note(json!({ "group": { "id": id(), "size": 0 } })), "malformed_operation"),
        (note(json!({ "group": { "id": id(), "size": 51 } })), "malformed_operation"),
        (note(json!({ "group": "all" })), "malformed_operation"),
        (note(json!({ "depends_on": vec![id(); 21] })), "malformed_operation"),
        (note(json!({ "type": "x".repeat(101) })), "malformed_operation"),
        (note(json!({ "type": "work_order.note\0" })), "malformed_operation"),
        (note(json!({ "type": 7 })), "malformed_operation"),
        (note(json!({ "type": "" })), "unknown_operation"),
        (note(json!({ "type": "elephant.feed" })), "unknown_operation"),
        (note(json!({ "type": "work_order.explode" })), "unknown_operation"),
        (note(json!({ "type": "工单.备注" })), "unknown_operation"),
        (note(json!({ "payload": null })), "invalid"),
        (note(json!({ "payload": {} })), "invalid"),
        (note(json!({ "payload": { "text": 7 } })), "invalid"),
        (note(json!({ "payload": { "text": "a\0b" } })), "invalid"),
        (note(json!({ "payload": { "text": " " } })), "invalid"),
        (surrogate, "invalid"),
        (note(json!({ "payload": { "text": "@@" } })).replace("\"@@\"", &deep), "invalid"),
        (note(json!({ "entity": id() })), "not_found"),
        (note(json!({ "entity": Uuid::nil() })), "not_found"),
        (note(json!({ "entity": house.firm.org })), "not_found"),
        (note(json!({ "type": "work_order.cancel", "payload": { "reason": "x" } })), "forbidden"),
        (note(json!({ "type": "site.save", "payload": { "name": "x", "address": "x" } })), "forbidden"),
        (note(json!({ "payload": ["an array is no object"] })), "invalid"),
        (json!([id(), "work_order.note", order, { "text": "x" }]).to_string(), "malformed_operation"),
    ]
}

/// The journal and the reviews tell of every operation received, and the order only of those applied.
async fn accounted_for(house: &House, order: Uuid, verdicts: &[Value]) {
    let ids: Vec<Uuid> =
        verdicts.iter().map(|verdict| serde_json::from_value(verdict["id"].clone()).unwrap()).collect();
    let org = house.firm.org;
    let asked = ids.clone();
    let known = house.db.read(move |conn| store::known(conn, org, &asked)).await.unwrap();
    for (id, verdict) in ids.iter().zip(verdicts) {
        assert_eq!(&serde_json::to_value(&known[id].verdict).unwrap(), verdict, "it can be asked again");
    }
    let kept: Vec<Uuid> = verdicts
        .iter()
        .filter(|verdict| verdict["status"] == "kept")
        .map(|v| serde_json::from_value(v["review"].clone()).unwrap())
        .collect();
    let reviews = records(house, kept.iter().map(|id| Ref::new(Kind::Review, *id)).collect()).await;
    assert!(reviews.iter().all(Option::is_some), "every kept one has an open question");
    let notes = record(house, Kind::WorkOrder, order).await["notes"].as_array().map_or(0, Vec::len);
    assert_eq!(notes, verdicts.iter().filter(|verdict| verdict["status"] == "applied").count());
}

stories! {
    async fn poison_between_good_work_delays_nobody(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await.uuid();
        let (wang, device) = device(&house, "wang").await;
        let before = version(&house).await;
        let poison = poison(&house, order);
        let mut sent = Vec::new();
        for (poison, _) in &poison {
            sent.push(operation(house.clock.new_id(), "work_order.note", order, json!({ "text": "good" })).to_string());
            sent.push(poison.clone());
        }
        let body = format!(r#"{{"device":"{device}","schema":1,"operations":[{}]}}"#, sent.join(","));
        let answer = send(&wang, "/v1/sync/push", body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let verdicts = answer.body["verdicts"].as_array().unwrap().clone();
        for (pair, (text, code)) in verdicts.chunks(2).zip(&poison) {
            assert_eq!(pair[0]["status"], "applied", "before {text}");
            let told = (&pair[1]["status"], &pair[1]["problem"]["code"]);
            assert_eq!(told, (&json!("kept"), &json!(code)), "{text}: {}", pair[1]);
        }
        assert_eq!(version(&house).await, before + 1, "one write");
        accounted_for(&house, order, &verdicts).await;

        let again = send(&wang, "/v1/sync/push", body).await;
        assert_eq!(again.body["verdicts"], answer.body["verdicts"], "sent again it is told the same");
        assert_eq!(version(&house).await, before + 1, "and nothing is written");
        alive(&house).await;
    }

    /// A device numbers what it records. What cannot be read has its number all the same, and the next one does not
    /// wait for it.
    async fn poison_in_a_sequence_leaves_no_gap(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await.uuid();
        let (wang, device) = device(&house, "wang").await;
        let numbered = |seq: u64, change: Value| {
            let mut note = operation(house.clock.new_id(), "work_order.note", order, json!({ "text": "good" }));
            note["seq"] = json!(seq);
            note.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            note
        };
        let push = async |operations: &[Value]| wang.push(device, operations).await.body["verdicts"].as_array().unwrap().clone();
        let first = [numbered(1, json!({})), numbered(2, json!({ "entity": 7 })), numbered(3, json!({}))];
        let mut verdicts = push(&first).await;
        verdicts.extend(push(&[numbered(4, json!({ "type": null }))]).await);
        verdicts.extend(push(&[numbered(5, json!({ "group": 1 })), numbered(6, json!({}))]).await);
        verdicts.extend(push(&[numbered(7, json!({}))]).await);
        let statuses: Vec<_> = verdicts.iter().map(|verdict| verdict["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["applied", "kept", "applied", "kept", "kept", "applied", "applied"]);
        accounted_for(&house, order, &verdicts).await;
    }

    /// Each alone, so that none hides behind another.
    async fn alone_it_is_kept_and_the_next_push_is_served(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await.uuid();
        let (wang, device) = device(&house, "wang").await;
        for (text, code) in poison(&house, order) {
            let body = format!(r#"{{"device":"{device}","schema":1,"operations":[{text}]}}"#);
            let answer = send(&wang, "/v1/sync/push", body).await;
            assert_eq!(answer.status, 200, "{text}: {}", answer.body);
            assert_eq!(answer.body["verdicts"][0]["problem"]["code"], code, "{text}");
        }
        let good = operation(house.clock.new_id(), "work_order.note", order, json!({ "text": "good" }));
        assert_eq!(wang.push(device, &[good]).await.body["verdicts"][0]["status"], "applied");
    }
}
