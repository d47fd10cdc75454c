//! S5 and S6: whatever arrives is accounted for, and what is wrong with one operation is no other's trouble.

use std::time::Duration;

use chrono::TimeDelta;
use mobile_api::{
    catalogue::Action,
    ids::WorkOrderId,
    phone::Draft,
    record::Kind,
    work_order::{
        dispatch::{Accept, Cancel, HandBack},
        visit::{Arrive, Finish, Start},
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    books::Books,
    kit::{Dice, Hand, note, statuses},
};
use crate::harness::House;

/// What a phone that has gone mad might send in place of an operation, all of it JSON.
fn garbage(dice: &mut Dice, hand: &Hand, seq: u64, order: WorkOrderId) -> Value {
    let mut operation = hand.op(seq, order, note("text"));
    match dice.below(16) {
        0 => operation["type"] = json!("work_order.explode"),
        1 => operation["type"] = json!(17),
        2 => operation["type"] = json!("x".repeat(5_000)),
        3 => operation["entity"] = json!("not an id"),
        4 => operation["entity"] = json!(hand.new_id()),
        5 => operation["payload"] = json!({ "text": 17 }),
        6 => operation["payload"] = json!({ "text": "" }),
        7 => operation["payload"] = json!("text"),
        8 => operation["base_rev"] = json!(u64::MAX),
        9 => operation["depends_on"] = json!(vec![hand.new_id(); 50]),
        10 => operation["depends_on"] = json!("everything"),
        11 => operation["group"] = json!({ "id": hand.new_id(), "size": 1_000 }),
        12 => operation["type"] = json!("organisation.found"),
        13 => operation["evidence"] = json!([[["what"]]]),
        14 => operation["type"] = json!("work_order.note\u{0}"),
        _ => operation["seq"] = json!("first"),
    }
    operation
}

/// A random operation; some fit, some do not, some wait.
fn anything(dice: &mut Dice, hand: &Hand, seq: u64, order: WorkOrderId, earlier: &[Value]) -> Value {
    let action: Action = match dice.below(6) {
        0 => Accept {}.into(),
        1 => Arrive {}.into(),
        2 => Start {}.into(),
        3 => Finish { summary: None }.into(),
        4 => HandBack { reason: "No time".into() }.into(),
        _ => note("text").into(),
    };
    let mut operation = hand.op(seq, order, action);
    match dice.below(8) {
        0 => operation["depends_on"] = json!([hand.new_id()]),
        1 if !earlier.is_empty() => operation["depends_on"] = json!([dice.pick(earlier)["id"]]),
        2 => operation["group"] = json!({ "id": hand.new_id(), "size": 2 }),
        3 => return garbage(dice, hand, seq, order),
        4 if !earlier.is_empty() => operation["id"] = dice.pick(earlier)["id"].clone(),
        _ => {}
    }
    operation
}

stories! {
    /// Two technicians and an office do a lot at random, much of it wrong. Whatever was received is in the books, now
    /// and after everything that waited has been decided on and answered.
    async fn s5_everything_received_is_accounted_for(house: House) {
        let (mut dice, firm) = (Dice::new("s5"), house.firm);
        let li = house.li().await;
        let hands = [Hand::of(&house, "wang").await, Hand::of(&house, "zhao").await];
        let mut orders = Vec::new();
        for technician in [firm.wang, firm.zhao, firm.wang] {
            orders.push(house.assigned(firm.check_up, technician).await);
        }
        let (mut received, mut seqs): (Vec<Value>, _) = (Vec::new(), [1_u64, 1]);
        for _ in 0..30 {
            let who = dice.below(2);
            let mut push = Vec::new();
            for _ in 0..=dice.below(6) {
                let order = *dice.pick(&orders);
                push.push(anything(&mut dice, &hands[who], seqs[who], order, &received));
                // Now and then a number is left out for ever.
                seqs[who] += 1 + u64::from(dice.one_in(12));
            }
            dice.shuffle(&mut push);
            let verdicts = hands[who].push(&push).await;
            assert_eq!(verdicts.len(), push.len());
            for (operation, verdict) in push.iter().zip(&verdicts) {
                assert_eq!(verdict["id"], operation["id"], "in the order in which they were sent");
                assert!(!["retry", "unknown"].contains(&verdict["status"].as_str().unwrap()), "{verdict}");
            }
            received.extend(push);
            if dice.one_in(10) {
                let cancelled = *dice.pick(&orders);
                li.perform(cancelled, Cancel { reason: "Called off".into() }).await;
                orders.push(house.assigned(firm.check_up, firm.zhao).await);
            }
        }
        let books = Books::of(&house.db, firm.org).await;
        books.account_for(&received);
        let held = books.waiting.len();

        // Sequences are given up after a quarter of an hour, everything else after a month.
        for pause in [TimeDelta::minutes(16), TimeDelta::days(31), TimeDelta::days(31)] {
            house.clock.advance(pause);
            house.state().timers().do_due().await.unwrap();
            Books::of(&house.db, firm.org).await.account_for(&received);
        }
        let books = Books::of(&house.db, firm.org).await;
        let still = books.waiting.first().map(|op| &books.journal[op]);
        assert!(still.is_none(), "{held} were held, and this one is still: {still:?}");

        // A person answers; the answer has their name.
        let li = house.li().await;
        let asked: Vec<_> = books.journal.values().filter_map(|entry| entry.verdict.review).collect();
        for review in &asked {
            let body = json!({ "decision": "accepted", "note": "Seen" });
            li.post(&format!("/v1/reviews/{review}/resolve"), &body).await.applied();
        }
        let books = Books::of(&house.db, firm.org).await;
        books.account_for(&received);
        for entry in books.journal.values().filter(|entry| entry.verdict.review.is_some()) {
            let review = books.reviews_of(entry.op).into_iter().find(|r| Some(r.id.uuid()) == entry.verdict.review);
            assert_eq!(review.unwrap().resolution.unwrap().by, firm.li);
        }
    }

    /// One thing that is wrong in many ways, each time with good neighbours in the same push and behind it.
    async fn s6_a_poison_operation_delays_no_other(house: House) {
        let firm = house.firm;
        let order = house.assigned(firm.check_up, firm.wang).await;
        let other = Firm2::with(&house).await;
        let hand = Hand::of(&house, "wang").await;
        let mut seq = 0;
        let mut good = 0;
        for poison in poisons(&hand, order, &other) {
            let [before, mut bad, after] = [0, 1, 2].map(|n| hand.op(seq + 1 + n, order, note(format!("good {n}"))));
            seq += 3;
            for (name, value) in poison.as_object().unwrap() {
                bad[name] = value.clone();
            }
            let verdicts = hand.push(&[bad.clone(), before, after]).await;
            assert_eq!(&statuses(&verdicts)[1..], ["applied", "applied"], "next to {bad}: {verdicts:?}");
            assert!(["kept", "held"].contains(&verdicts[0]["status"].as_str().unwrap()), "{bad}: {verdicts:?}");
            if verdicts[0]["status"] == "kept" {
                assert_eq!(hand.push_one(&bad).await, verdicts[0], "the same again: {bad}");
            }
            good += 2;
        }
        let books = Books::of(&house.db, firm.org).await;
        let notes = books.record(Kind::WorkOrder, order).body["notes"].as_array().unwrap().len();
        assert_eq!(notes, good, "nothing but the good ones");
        assert!(books.journal.values().all(|entry| entry.verdict.flags.is_empty()), "and none of them flagged");
    }

    /// Many poisonous ones in front, in a push of their own: what comes behind is applied.
    async fn s6_a_heap_of_poison_in_front_delays_nothing(house: House) {
        let mut dice = Dice::new("s6");
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let hand = Hand::of(&house, "wang").await;
        let mut poison = |seq| loop {
            let poison = garbage(&mut dice, &hand, seq, order);
            // Where not even the number can be read, the sequence has a hole, which is another story (S22).
            if poison["seq"].is_u64() {
                return poison;
            }
        };
        let heap: Vec<Value> = (1..=150_u64).map(&mut poison).collect();
        for verdict in hand.push(&heap).await {
            assert!(["kept", "applied"].contains(&verdict["status"].as_str().unwrap()), "{verdict}");
        }
        let good = hand.op(151, order, note("good"));
        assert_eq!(hand.push_one(&good).await["status"], "applied");
        Books::of(&house.db, house.firm.org).await.account_for(&heap);
    }

    /// What the server refuses to read at all is found by the phone: it sets the one operation aside, where it counts
    /// as unsent, and sends all others.
    async fn s6_a_phone_sets_aside_what_the_server_will_not_read(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        let deep = (0..100).fold(json!("deep"), |inner, _| json!([inner]));
        for n in 0..9 {
            phone.did(order, note(format!("good {n}")));
            if n == 4 {
                phone.record(Draft::from_json(order, "work_order.note", &deep).unwrap()).unwrap();
            }
        }
        let report = phone.sync().await;
        assert_eq!(report.unsent, 1);
        let books = Books::of(&house.db, house.firm.org).await;
        let notes = books.record(Kind::WorkOrder, order).body["notes"].as_array().unwrap().len();
        assert_eq!(notes, 5, "those in front of it");
        house.pass(Duration::from_secs(16 * 60), &[&phone]);
        house.state().timers().do_due().await.unwrap();
        let books = Books::of(&house.db, house.firm.org).await;
        let notes = books.record(Kind::WorkOrder, order).body["notes"].as_array().unwrap().len();
        assert_eq!(notes, 9, "and those behind it, once nobody expects it any more");
        phone.sync().await;
        assert_eq!(phone.unsent_count().unwrap(), 1, "it is still there for a person");
    }

    /// A text that PostgreSQL cannot store fails the statement that writes the whole push. Then each operation is tried
    /// alone, and the one that fails again is kept.
    async fn s6_what_the_database_refuses_is_kept_and_its_neighbours_applied(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let hand = Hand::of(&house, "wang").await;
        let mut operations: Vec<Value> = (1..=6_u64).map(|seq| hand.op(seq, order, note(format!("{seq}")))).collect();
        operations[2]["type"] = json!("work_order.\u{0}note");
        // A group goes through whole on this way, too, and out of order.
        let group = json!({ "id": hand.new_id(), "size": 2 });
        operations[3]["group"] = group.clone();
        operations[5]["group"] = group;
        operations.swap(4, 5);
        let verdicts = hand.push(&operations).await;
        assert_eq!(statuses(&verdicts), ["applied", "applied", "kept", "applied", "applied", "applied"], "{verdicts:?}");
        let next = hand.op(7, order, note("7"));
        assert_eq!(hand.push_one(&next).await["status"], "applied");
        let books = Books::of(&house.db, house.firm.org).await;
        books.account_for(&operations);
        assert_eq!(books.record(Kind::WorkOrder, order).body["notes"].as_array().unwrap().len(), 6);
    }
}

/// A firm that is none of this one's business.
struct Firm2 {
    order: WorkOrderId,
    customer: Uuid,
    operation: Uuid,
}

impl Firm2 {
    async fn with(house: &House) -> Self {
        let firm = crate::harness::Firm::with(1);
        house.found(&firm, "other").await;
        let (li, order) = (house.office("li@other").await, house.clock.new_id().into());
        let request = mobile_api::work_order::request::Request {
            order_type: firm.check_up,
            site: firm.site,
            unit: None,
            customer: Some(firm.customer),
            team: Some(firm.plumbers),
            ..house.request_for(firm.check_up)
        };
        let operation = li.perform(order, request).await.applied()["id"].as_str().unwrap().parse().unwrap();
        Self { order, customer: firm.customer.uuid(), operation }
    }
}

/// What makes an operation poisonous: the fields that differ from a good one.
fn poisons(hand: &Hand, order: WorkOrderId, other: &Firm2) -> Vec<Value> {
    // Beyond 64 levels the whole push is refused, and the phone finds the one to blame.
    let deep = (0..55).fold(json!("deep"), |inner, _| json!([inner]));
    vec![
        json!({ "type": "no_such.operation" }),
        json!({ "type": "" }),
        json!({ "type": "work_order.note\u{0}" }),
        json!({ "type": ["work_order.note"] }),
        json!({ "type": "x".repeat(10_000) }),
        json!({ "type": "organisation.found" }),
        json!({ "type": "device.revoke", "entity": hand.device, "payload": { "reason": "mine" } }),
        json!({ "entity": 5 }),
        json!({ "entity": other.order }),
        json!({ "entity": Uuid::nil() }),
        json!({ "type": "customer.add_contact", "entity": other.customer, "payload": { "name": "x", "reach": "1" } }),
        json!({ "payload": null }),
        json!({ "payload": [] }),
        json!({ "payload": deep }),
        json!({ "payload": { "text": null } }),
        json!({ "payload": { "text": "" } }),
        json!({ "payload": { "text": "\u{0}" } }),
        json!({ "payload": { "text": "x".repeat(4_001) } }),
        json!({ "payload": { "text": "\u{202e}\u{0}\u{feff}\u{1}\u{fffe}" } }),
        json!({ "type": "work_order.use_material",
            "payload": { "item": null, "name": "pipe", "quantity_milli": i64::MAX, "unit": "m" } }),
        json!({ "type": "work_order.use_material",
            "payload": { "item": null, "name": "pipe", "quantity_milli": -1, "unit": "m" } }),
        json!({ "type": "work_order.use_material",
            "payload": { "item": null, "name": "pipe", "quantity_milli": 1e300, "unit": "m" } }),
        json!({ "type": "work_order.record_labour",
            "payload": { "from": "+262142-12-31T23:59:59Z", "until": "-262143-01-01T00:00:00Z", "note": null } }),
        json!({ "type": "work_order.record_labour",
            "payload": { "from": "0000-01-01T00:00:00Z", "until": "9999-12-31T23:59:59Z", "note": null } }),
        json!({ "type": "work_order.agree_time", "payload": { "consented_by": "x",
            "window": { "from": "9999-12-31T23:59:59Z", "until": "+262142-12-31T23:59:59Z" } } }),
        json!({ "type": "work_order.agree_time", "payload": { "consented_by": "x",
            "window": { "from": "-262143-01-01T00:00:00Z", "until": "-262143-01-01T00:00:01Z" } } }),
        json!({ "type": "work_order.void_entry", "payload": { "entry": other.operation, "reason": "not mine" } }),
        json!({ "base_rev": -1 }),
        json!({ "base_rev": u64::MAX }),
        json!({ "base_rev": 0.5 }),
        json!({ "depends_on": [other.operation] }),
        json!({ "depends_on": [hand.new_id()] }),
        json!({ "depends_on": vec![hand.new_id(); 21] }),
        json!({ "depends_on": "x" }),
        json!({ "group": { "id": hand.new_id(), "size": 0 } }),
        json!({ "group": { "id": hand.new_id(), "size": 51 } }),
        json!({ "group": { "id": hand.new_id(), "size": 2 } }),
        json!({ "group": 7 }),
        json!({ "entity": order, "evidence": 7, "payload": {} }),
    ]
}
