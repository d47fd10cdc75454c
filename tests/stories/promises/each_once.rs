//! S3 and S4: an operation is applied once, whatever the line does; an id means one body for ever.

use std::collections::{BTreeMap, BTreeSet};

use mobile_api::{
    catalogue::Action,
    ids::WorkOrderId,
    record::Kind,
    work_order::{
        WorkOrder,
        dispatch::Accept,
        visit::{Arrive, Start},
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    books::Books,
    kit::{Dice, Hand, note, op, statuses},
    line::{BadLine, Fate},
};
use crate::harness::House;

/// The notes of an order as the server holds it, in their order.
fn notes(books: &Books, order: WorkOrderId) -> Vec<(Uuid, String)> {
    let stored = books.record(Kind::WorkOrder, order).body.clone();
    let order: WorkOrder = serde_json::from_value(stored).unwrap();
    order.notes.into_iter().map(|note| (note.op, note.text)).collect()
}

fn ids(operations: &[Value]) -> Vec<Uuid> {
    operations.iter().map(|operation| operation["id"].as_str().unwrap().parse().unwrap()).collect()
}

stories! {
    /// A phone on a line that loses requests, loses answers after the server has acted, and doubles requests.
    async fn s3_applied_once_however_bad_the_line(house: House) {
        let mut dice = Dice::new("s3 line");
        let mut orders = Vec::new();
        for _ in 0..3 {
            orders.push(house.assigned(house.firm.check_up, house.firm.wang).await);
        }
        let line = BadLine::new(&house.url(), |_| Fate::Delivered);
        let phone = house.phone_with("wang", line.clone());
        phone.sign_in("wang").await;
        phone.sync().await;

        let mut throws = dice.split();
        line.becomes(move |request| match (request.path.as_str(), throws.below(5)) {
            // A refresh whose answer is lost twice is a story of its own.
            ("/v1/auth/refresh", _) => Fate::Delivered,
            (_, 0) => Fate::Lost,
            (_, 1 | 2) => Fate::AnswerLost,
            (_, 3) => Fate::Doubled,
            _ => Fate::Delivered,
        });
        let mut recorded: BTreeMap<WorkOrderId, Vec<(Uuid, String)>> = BTreeMap::new();
        for n in 0..40 {
            let order = *dice.pick(&orders);
            let id = phone.did(order, note(format!("note {n}")));
            recorded.entry(order).or_default().push((id, format!("note {n}")));
            if dice.one_in(3) {
                phone.sync_once(&mobile_api::phone::go_on).await.ok();
            }
        }
        let mut tries = 0;
        while phone.sync_once(&mobile_api::phone::go_on).await.is_err() {
            tries += 1;
            assert!(tries < 1_000, "the line is bad, not dead");
        }
        line.becomes(|_| Fate::Delivered);
        phone.sync().await;
        assert_eq!(phone.unsent_count().unwrap(), 0);

        let books = Books::of(&house.db, house.firm.org).await;
        let hand = Hand::of(&house, "wang").await;
        for (order, recorded) in recorded {
            assert_eq!(notes(&books, order), recorded, "each once, in order");
            for (id, _) in recorded {
                let verdict = serde_json::to_value(&books.journal[&id].verdict).unwrap();
                let known = phone.operation(id).unwrap().unwrap().verdict.unwrap();
                assert_eq!(serde_json::from_str::<Value>(&known).unwrap(), verdict, "the phone knows its verdict");
                assert_eq!(hand.lookup(&[id]).await.remove(0), verdict, "asked again");
                assert_eq!(hand.office.get(&format!("/v1/sync/operations/{id}")).await.body, verdict, "asked alone");
            }
        }
    }

    /// Pushes that overtake each other, all at once and again and again.
    async fn s3_applied_once_whatever_the_order_of_pushes(house: House) {
        let mut dice = Dice::new("s3 order");
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let hand = Hand::of(&house, "wang").await;
        let operations: Vec<Value> = (1..=12_u64).map(|seq| hand.op(seq, order, note(format!("{seq}")))).collect();

        let mut pushes: Vec<Vec<Value>> = Vec::new();
        for _ in 0..24 {
            let from = dice.below(operations.len());
            let until = from + 1 + dice.below(operations.len() - from);
            let mut some = operations[from..until].to_vec();
            dice.shuffle(&mut some);
            pushes.push(some);
        }
        pushes.push(operations.clone());
        dice.shuffle(&mut pushes);
        let sending = pushes.iter().map(|some| hand.push(some));
        futures_util::future::join_all(sending).await;

        let verdicts = hand.push(&operations).await;
        assert_eq!(statuses(&verdicts), ["applied"; 12], "{verdicts:?}");
        assert_eq!(hand.lookup(&ids(&operations)).await, verdicts);
        let books = Books::of(&house.db, house.firm.org).await;
        let texts: Vec<String> = notes(&books, order).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, (1..=12).map(|n| n.to_string()).collect::<Vec<_>>(), "each once, in the device's order");
        books.account_for(&operations);
    }

    /// Two phones of one person send the same operation: it is one operation, with one verdict.
    async fn s3_one_operation_from_two_phones_is_applied_once(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let (one, two) = (Hand::of(&house, "wang").await, Hand::of(&house, "wang").await);
        let shared = one.op(1, order, note("by both"));
        let (first, second) = tokio::join!(one.push_one(&shared), two.push_one(&shared));
        assert_eq!((&first, first["status"].as_str()), (&second, Some("applied")));
        let later = two.op(2, order, note("what the second phone did next"));
        assert_eq!(two.push_one(&later).await["status"], "applied", "its sequence goes on");
        let books = Books::of(&house.db, house.firm.org).await;
        assert_eq!(notes(&books, order).len(), 2);
    }

    /// Whoever waits for the answer is served by the same ledger: the same key twice is one operation.
    async fn s3_the_same_key_online_is_answered_with_the_same_verdict(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let li = house.li().await;
        let (id, path) = (house.clock.new_id(), format!("{}/v1/work-orders/{order}/note", li.base));
        let send = async |text: &str| {
            let request = li.client.post(&path).json(&note(text)).header("idempotency-key", id.to_string());
            li.send(request).await
        };
        let first = send("once").await.applied();
        assert_eq!(send("once").await.applied(), first);
        assert_eq!(send("twice").await.problem(422), "idempotency_key_reused");
        let books = Books::of(&house.db, house.firm.org).await;
        assert_eq!(notes(&books, order), [(id, "once".to_owned())]);
    }

    /// The same id with another body, from the same device, from another one, from another person, in one push: never
    /// applied, both kept, somebody is asked; and it holds nothing up.
    async fn s4_the_same_id_with_another_body_is_kept_beside_the_first(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let (wang, other) = (Hand::of(&house, "wang").await, Hand::of(&house, "wang").await);
        let zhao = Hand::of(&house, "zhao").await;
        let id = wang.new_id();
        let first = op(id, 1, order, note("the first"));
        assert_eq!(wang.push_one(&first).await["status"], "applied");

        let mut received = vec![first.clone()];
        for (hand, seq, text) in [(&wang, 2, "another text"), (&other, 1, "another phone"), (&zhao, 1, "another person")] {
            let clash = op(id, seq, order, note(text));
            let verdict = hand.push_one(&clash).await;
            assert_eq!((verdict["status"].as_str(), verdict["problem"]["code"].as_str()), (Some("kept"), Some("id_reused")));
            assert_eq!(hand.push_one(&clash).await, verdict, "the same clash again is the same question");
            let next = hand.op(seq + 1, order, note("next"));
            let next = hand.push_one(&next).await;
            assert_ne!(next["status"], "held", "a clash holds nothing up: {next}");
            received.push(clash);
        }
        let books = Books::of(&house.db, house.firm.org).await;
        assert_eq!(notes(&books, order)[0], (id, "the first".to_owned()));
        let texts: BTreeSet<String> = notes(&books, order).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, BTreeSet::from(["the first".to_owned(), "next".to_owned()]));
        let kept: BTreeSet<&str> = books.clashes.iter().map(|(_, body)| body.as_str()).collect();
        assert_eq!(kept, received[1..].iter().map(ToString::to_string).collect::<Vec<_>>().iter().map(|s| s.as_str()).collect());
        let asked = books.reviews_of(id);
        assert_eq!(asked.len(), 3, "{asked:?}");
        assert!(asked.iter().all(|review| review.resolution.is_none()));
        assert_eq!(books.journal[&id].body, first.to_string(), "what was received first stands");
        assert_eq!(wang.lookup(&[id]).await[0]["status"], "applied", "and so does its verdict");
        books.account_for(&received);
    }

    /// The very same bytes from another person are another person's statement, not the first one's.
    async fn s4_the_same_bytes_from_another_person_are_not_the_same_operation(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let (wang, zhao) = (Hand::of(&house, "wang").await, Hand::of(&house, "zhao").await);
        let operation = wang.op(1, order, Accept {});
        assert_eq!(wang.push_one(&operation).await["status"], "applied");
        let verdict = zhao.push_one(&operation).await;
        assert_eq!((verdict["status"].as_str(), verdict["problem"]["code"].as_str()), (Some("kept"), Some("id_reused")));
        assert_eq!(zhao.lookup(&ids(&[operation])).await[0]["status"], "unknown", "another's verdict is not shown");
    }

    /// Both bodies in one push, and both at once from two pushes.
    async fn s4_two_bodies_at_the_same_time(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let wang = Hand::of(&house, "wang").await;
        let actions: [Action; 2] = [Accept {}.into(), Arrive {}.into()];
        let id = wang.new_id();
        let [one, two] = actions.map(|action| op(id, None, order, action));
        let verdicts = wang.push(&[one.clone(), two.clone()]).await;
        assert_eq!(statuses(&verdicts), ["applied", "kept"]);

        let id = wang.new_id();
        let [three, four] = [Action::from(Arrive {}), Action::from(Start {})].map(|action| op(id, None, order, action));
        let (a, b) = tokio::join!(wang.push_one(&three), wang.push_one(&four));
        let kept = [&a, &b].iter().filter(|verdict| verdict["problem"]["code"] == "id_reused").count();
        assert_eq!(kept, 1, "{a} {b}");
        let books = Books::of(&house.db, house.firm.org).await;
        books.account_for(&[one, two, three, four]);
        assert_eq!(books.clashes.len(), 2);
    }
}
