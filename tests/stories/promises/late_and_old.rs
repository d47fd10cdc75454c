//! S11 and S18: what comes too late for its record, and what comes from an app of another year.

use mobile_api::{
    Role,
    catalogue::Action,
    directory::{AddContact, Customer, CustomerDelete, CustomerSave, UnitDelete},
    operation::Payload,
    phone::Draft,
    record::Kind,
    work_order::dispatch::Cancel,
};
use serde_json::{Value, json};

use super::{
    books::Books,
    kit::{Copy, Hand, note, op, statuses},
};
use crate::harness::House;

/// Sends an envelope exactly as it is written here.
async fn push_text(hand: &Hand, schema: Value, operations: &[&str]) -> crate::harness::Answer {
    let text = format!(r#"{{"device":"{}","schema":{schema},"operations":[{}]}}"#, hand.device, operations.join(" , "));
    let request = hand.office.client.post(format!("{}/v1/sync/push", hand.office.base));
    hand.office.send(request.header("content-type", "application/json").body(text)).await
}

stories! {
    /// A customer is deleted while a technician without signal adds a telephone number: the operation is kept for a
    /// person, the customer stays deleted, and nothing of it comes back to any phone.
    async fn s11_a_deleted_record_does_not_come_back(house: House) {
        let firm = house.firm;
        let order = house.assigned(firm.check_up, firm.wang).await;
        let (phone, office) = (house.phone_of("wang").await, Hand::of(&house, "li").await);
        let late = phone.did(firm.customer, AddContact { name: "Mr Chen".into(), reach: "021-5550102".into() });
        let seen: Customer = phone.get(firm.customer).unwrap().unwrap();
        assert_eq!(seen.contacts.len(), CustomerSave::example().contacts.len() + 1, "on the phone it is there");

        house.li().await.perform(order, Cancel { reason: "Moved away".into() }).await.applied();
        let admin = house.office("admin").await;
        admin.perform(firm.customer, CustomerDelete {}).await.applied();
        admin.perform(firm.unit, UnitDelete {}).await.applied();
        let before = Books::of(&house.db, firm.org).await.record(Kind::Customer, firm.customer).clone();

        let report = phone.sync().await;
        let verdict = report.verdicts.iter().find(|verdict| verdict.id == late).unwrap();
        assert_eq!((verdict.status.as_str(), verdict.problem.as_ref().unwrap().code.as_str()), ("kept", "deleted"));
        assert!(phone.get(firm.customer).unwrap().is_none());

        // Nor by any other operation on it, of a phone or of the office, nor under the same id.
        let zhao = Hand::of(&house, "zhao").await;
        for action in Action::examples().into_iter().filter(|a| [Kind::Customer, Kind::Unit].contains(&a.spec().kind)) {
            let id = if action.spec().kind == Kind::Customer { firm.customer.uuid() } else { firm.unit.uuid() };
            assert_eq!(admin.perform(id, action.clone()).await.problem(409), "deleted", "{}", action.spec().name);
            if action.spec().allows(Role::Technician) {
                let verdict = zhao.push_one(&zhao.op(None, id, action)).await;
                assert_eq!(verdict["status"], "kept", "{verdict}");
            }
        }
        let books = Books::of(&house.db, firm.org).await;
        let after = books.record(Kind::Customer, firm.customer);
        assert!(after.deleted && books.record(Kind::Unit, firm.unit).deleted);
        assert_eq!((after.rev, &after.body), (before.rev, &before.body), "as it was when it was deleted");
        let review = books.reviews_of(late).remove(0);
        assert_eq!((review.resolution, review.about.id), (None, firm.customer.uuid()), "a person is asked");
        assert!(books.journal[&late].body.contains("021-5550102"), "and what was written down is not lost");
        for hand in [&office, &zhao] {
            assert!(!Copy::fetched(hand, 100).await.holds(firm.customer));
        }
    }

    /// An app of an older and one of a newer year: fields that this server does not know are passed over, and the
    /// journal has every byte as it was sent.
    async fn s18_unknown_fields_survive_in_the_journal(house: House) {
        let firm = house.firm;
        let order = house.assigned(firm.check_up, firm.wang).await;
        let hand = Hand::of(&house, "wang").await;
        let [first, second, third] = [0; 3].map(|_: i32| hand.new_id());
        // Order of fields, spaces, escapes, big and precise numbers, repeated unknown fields: none of it is ours to change.
        let of_old = format!(
            "{{ \"payload\" : {{\"text\":\"\\u0041lt \\/ ok\",\t\"mood\":\"grumpy\" }}, \"seq\":1,\n \"type\":\"work_order.note\",\
             \"entity\":\"{order}\",\"id\":\"{first}\", \"gps\":[31.2304160000000001,1e400], \"gps2\":{{\"a\":1,\"a\":2}} }}"
        );
        let of_tomorrow = format!(
            r#"{{"id":"{second}","seq":2,"type":"work_order.use_material","entity":"{order}","priority_lane":true,"evidence":{{"wall":"2026-03-02T08:00:00+08:00","uptime_ms":1,"boot_id":"{second}","satellites":[1,2]}},"payload":{{"item":null,"name":"Pipe","quantity_milli":1000,"unit":"m","barcode":"4006381333931"}}}}"#
        );
        let of_a_type_to_come = format!(
            r#"{{"id":"{third}","seq":3,"type":"work_order.teleport","entity":"{order}","payload":{{"to":"the moon"}}}}"#
        );
        let bodies = [of_old.as_str(), of_tomorrow.as_str(), of_a_type_to_come.as_str()];
        let answer = push_text(&hand, json!(1), &bodies).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let verdicts = answer.body["verdicts"].as_array().unwrap();
        assert_eq!(statuses(verdicts), ["applied", "applied", "kept"], "{verdicts:?}");
        assert_eq!(verdicts[2]["problem"]["code"], "unknown_operation");

        let books = Books::of(&house.db, firm.org).await;
        for (id, body) in [first, second, third].into_iter().zip(bodies) {
            assert_eq!(books.journal[&id].body, body, "byte for byte");
        }
        let stored = &books.record(Kind::WorkOrder, order).body;
        assert_eq!(stored["notes"][0]["text"], "Alt / ok", "what is known was applied");
        assert_eq!(stored["materials"][0]["quantity_milli"], 1000);
        let again = push_text(&hand, json!(1), &bodies).await;
        assert_eq!(again.body["verdicts"], answer.body["verdicts"], "the very same again");

        // What waits survives as well, and is applied from these bytes.
        let fifth = hand.new_id();
        let waiting = format!(
            r#"{{"id":"{fifth}", "seq":5,"type":"work_order.note","entity":"{order}","payload":{{"text":"five","x":  1}}}}"#
        );
        assert_eq!(push_text(&hand, json!(1), &[&waiting]).await.body["verdicts"][0]["status"], "held");
        let fourth = hand.op(4, order, note("four"));
        assert_eq!(hand.push_one(&fourth).await["status"], "applied");
        let books = Books::of(&house.db, firm.org).await;
        assert_eq!(books.journal[&fifth].body, waiting);
        assert!(books.journal[&fifth].verdict.status.is_applied());
    }

    /// The oldest contract that the server says it understands is understood, so is a newer one; a contract that it no
    /// longer understands is refused as a whole, and the phone keeps its work.
    async fn s18_the_oldest_schema_still_syncs(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let hand = Hand::of(&house, "wang").await;
        let config = hand.office.get("/v1/sync/config").await.body;
        let (oldest, newest) = (config["schemas"][0].as_u64().unwrap(), config["schemas"][1].as_u64().unwrap());
        for (seq, schema) in (1_u64..).zip([oldest, newest, newest + 1]) {
            let operation = hand.op(seq, order, note(format!("schema {schema}"))).to_string();
            let answer = push_text(&hand, json!(schema), &[&operation]).await;
            assert_eq!(answer.body["verdicts"][0]["status"], "applied", "{schema}: {}", answer.body);
            let pull = json!({ "device": hand.device, "schema": schema, "shoe_size": 43 });
            assert_eq!(hand.office.post("/v1/sync/pull", &pull).await.status, 200);
        }
        let id = hand.new_id();
        let operation = op(id, 4, order, note("too old")).to_string();
        let code = push_text(&hand, json!(oldest - 1), &[&operation]).await.problem(409);
        assert_eq!(code, "schema_too_old");
        assert!(!Books::of(&house.db, house.firm.org).await.journal.contains_key(&id), "nothing was stored");
    }

    /// What a newer app wrote goes up as it wrote it, through a phone engine that does not know those fields.
    async fn s18_a_phone_sends_what_its_app_wrote_word_for_word(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        let payload = json!({ "text": "known", "colour": "green", "deep": { "er": [1.5, null] } });
        let recorded = phone.record(Draft::from_json(order, "work_order.note", &payload).unwrap()).unwrap();
        let body = phone.operation(recorded.id).unwrap().unwrap().recorded.body;
        phone.sync().await;
        let books = Books::of(&house.db, house.firm.org).await;
        assert_eq!(books.journal[&recorded.id].body, body);
        let sent: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(sent["payload"], payload);
        assert!(books.journal[&recorded.id].verdict.status.is_applied());

    }
}
