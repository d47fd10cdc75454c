//! S22: operations of one device apply in its order, those of different devices in order of arrival, and nothing else
//! decides the outcome.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use mobile_api::{
    catalogue::Action,
    ids::WorkOrderId,
    record::Kind,
    work_order::{
        dispatch::{Accept, Assign},
        visit::{Arrive, Diagnose, Finish, Start},
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    books::Books,
    gate::meet,
    kit::{Dice, Hand, note, op, statuses},
};
use crate::harness::{Backend, House, World};

/// The texts of an order's notes, in their order.
async fn texts(house: &House, order: WorkOrderId) -> Vec<String> {
    let books = Books::of(&house.db, house.firm.org).await;
    let notes = books.record(Kind::WorkOrder, order).body["notes"].as_array().cloned().unwrap_or_default();
    notes.iter().map(|note| note["text"].as_str().unwrap().to_owned()).collect()
}

fn numbers(until: u64) -> Vec<String> {
    (1..=until).map(|n| n.to_string()).collect()
}

fn id(operation: &Value) -> Uuid {
    operation["id"].as_str().unwrap().parse().unwrap()
}

stories! {
    /// Pushes that arrive in any order: what comes too early is held, and let go by what was missing.
    async fn s22_one_device_applies_in_its_order(house: House) {
        let mut dice = Dice::new("s22");
        for _ in 0..8 {
            let order = house.assigned(house.firm.check_up, house.firm.wang).await;
            let hand = Hand::of(&house, "wang").await;
            let operations: Vec<Value> = (1..=8_u64).map(|n| hand.op(n, order, note(n.to_string()))).collect();
            let mut arrivals = operations.clone();
            dice.shuffle(&mut arrivals);
            let (mut here, mut expected) = (vec![false; 10], 1);
            for push in arrivals.chunks(1 + dice.below(3)) {
                for operation in push {
                    here[operation["seq"].as_u64().unwrap() as usize] = true;
                }
                while here[expected] {
                    expected += 1;
                }
                for (operation, verdict) in push.iter().zip(hand.push(push).await) {
                    let due = (operation["seq"].as_u64().unwrap() as usize) < expected;
                    assert_eq!(verdict["status"], if due { "applied" } else { "held" }, "{arrivals:?}");
                }
            }
            assert_eq!(texts(&house, order).await, numbers(8));
            Books::of(&house.db, house.firm.org).await.account_for(&operations);
        }
    }

    /// The push that fills the gap tells what it let go, also of what was sent before and comes again.
    async fn s22_a_gap_is_filled_from_both_sides(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let hand = Hand::of(&house, "wang").await;
        let [one, two, three, four, five] = [1_u64, 2, 3, 4, 5].map(|n| hand.op(n, order, note(n.to_string())));
        assert_eq!(hand.push_one(&one).await["status"], "applied");
        assert_eq!(statuses(&hand.push(&[four.clone(), three.clone()]).await), ["held", "held"]);
        let unnumbered = hand.op(None, order, note("without a number"));
        // With the ones that are held sent again, as a phone does that got no answer.
        let verdicts = hand.push(&[five, unnumbered, two, three, four.clone()]).await;
        assert_eq!(statuses(&verdicts), ["applied"; 5]);
        assert_eq!(hand.lookup(&[id(&four)]).await[0]["status"], "applied");
        let texts = texts(&house, order).await;
        let numbered: Vec<String> = texts.into_iter().filter(|text| text.len() == 1).collect();
        assert_eq!(numbered, numbers(5));
    }

    /// What never comes is given up after a quarter of an hour; what comes later still is applied when it comes.
    async fn s22_a_gap_that_stays_is_given_up(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let mut hand = Hand::of(&house, "wang").await;
        let operations: Vec<Value> = (1..=5_u64).map(|n| hand.op(n, order, note(n.to_string()))).collect();
        assert_eq!(statuses(&hand.push(&operations[1..4]).await), ["held"; 3]);
        house.clock.advance(TimeDelta::minutes(14));
        house.state().timers().do_due().await.unwrap();
        assert_eq!(texts(&house, order).await.len(), 0, "there is time yet");
        house.clock.advance(TimeDelta::minutes(2));
        house.state().timers().do_due().await.unwrap();
        hand.renew(&house).await;
        let ids: Vec<Uuid> = operations.iter().map(id).collect();
        let verdicts = hand.lookup(&ids[1..4]).await;
        assert_eq!(statuses(&verdicts), ["applied_flagged", "applied", "applied"]);
        assert_eq!(verdicts[0]["flags"][0]["flag"], "earlier_missing");
        assert_eq!(statuses(&hand.push(&[operations[4].clone(), operations[0].clone()]).await), ["applied"; 2]);
        assert_eq!(texts(&house, order).await, ["2", "3", "4", "1", "5"]);
    }

    /// A group that comes in parts and out of order is applied whole, once it is whole.
    async fn s22_a_group_in_parts_is_applied_whole(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let hand = Hand::of(&house, "wang").await;
        let group = json!({ "id": hand.new_id(), "size": 3 });
        let mut operations: Vec<Value> = (1..=4_u64).map(|n| hand.op(n, order, note(n.to_string()))).collect();
        for member in &mut operations[1..] {
            member["group"] = group.clone();
        }
        for early in [&operations[2], &operations[1]] {
            assert_eq!(hand.push_one(early).await["status"], "held");
        }
        assert_eq!(hand.push_one(&operations[0]).await["status"], "applied");
        assert_eq!(texts(&house, order).await, numbers(1), "the group is not whole");
        assert_eq!(hand.push_one(&operations[3]).await["status"], "applied");
        assert_eq!(texts(&house, order).await, numbers(4));
        Books::of(&house.db, house.firm.org).await.account_for(&operations);
    }

    /// A group that waited for something else is judged whole: one member that cannot be applied keeps all.
    async fn s22_a_group_that_waited_is_all_or_none(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let (hand, other) = (Hand::of(&house, "wang").await, Hand::of(&house, "wang").await);
        let awaited = other.op(1, order, note("awaited"));
        let group = json!({ "id": hand.new_id(), "size": 2 });
        let mut members = [hand.op(1, order, note("member")), hand.op(2, order, Finish { summary: None })];
        for member in &mut members {
            member["group"] = group.clone();
            member["depends_on"] = json!([awaited["id"]]);
        }
        assert_eq!(statuses(&hand.push(&members).await), ["held"; 2]);
        assert_eq!(other.push_one(&awaited).await["status"], "applied");
        let verdicts = hand.lookup(&members.each_ref().map(id)).await;
        assert_eq!(statuses(&verdicts), ["kept"; 2], "work that never began cannot be finished: {verdicts:?}");
        assert_eq!(texts(&house, order).await, ["awaited"]);
    }

    /// What waits and what it waits for arrive at the very same time.
    async fn s22_the_awaited_and_the_waiting_do_not_miss_each_other(house: House) {
        let org = house.firm.org;
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        for round in 0..2 {
            let (hand, other) = (Hand::of(&house, "wang").await, Hand::of(&house, "wang").await);
            let [first, second] = [1_u64, 2].map(|n| hand.op(n, order, note(format!("{n} in sequence"))));
            let needed = other.op(1, order, note("needed"));
            let mut needing = hand.op(None, order, note("needing"));
            needing["depends_on"] = json!([needed["id"]]);
            let mut parts = [1_u64, 2].map(|n| other.op(n + 1, order, note(format!("part {n}"))));
            let group = json!({ "id": hand.new_id(), "size": 2 });
            parts.iter_mut().for_each(|part| part["group"] = group.clone());
            let [part, rest] = parts;
            let pairs = [(&hand, first, &hand, second), (&other, needed, &hand, needing), (&other, part, &other, rest)];
            for (by, awaited, by_other, waiting) in pairs {
                let send = |hand: &Hand, operation: &Value| {
                    let (hand, operation) = (hand.clone(), operation.clone());
                    async move { hand.push_one(&operation).await }
                };
                let mut both = vec![send(by, &awaited), send(by_other, &waiting)];
                if round == 1 {
                    both.reverse();
                }
                meet(&house.db, org, both).await;
                let verdicts = by.lookup(&[id(&awaited), id(&waiting)]).await;
                assert_eq!(statuses(&verdicts), ["applied"; 2], "{awaited} {waiting}");
            }
        }
        let order = texts(&house, order).await;
        let at = |text: &str| order.iter().position(|found| found == text).unwrap();
        assert!(at("1 in sequence") < at("2 in sequence") && at("needed") < at("needing"), "{order:?}");
    }

    /// Two technicians and the office by turns: the same order of arrival, in other pushes, in another house, makes the
    /// same records.
    async fn s22_the_outcome_follows_from_the_order_of_arrival_alone(house: House) {
        let mut dice = Dice::new("s22 again");
        let backend = if house.db.is_sqlite() { Backend::Sqlite } else { Backend::Postgres };
        let story = Story::random(&mut dice, &house);
        let one_by_one = story.play(&house, |run| run.into_iter().map(|op| vec![op]).collect()).await;
        let together = House::on(backend).await;
        let together = story.play(&together, |mut run| { dice.shuffle(&mut run); vec![run] }).await;
        assert_eq!(one_by_one, together, "cut into pushes otherwise");
        let backwards = House::on(backend).await;
        let backwards = story.play(&backwards, |run| run.into_iter().rev().map(|op| vec![op]).collect()).await;
        let orders = |records: &Records| -> Records {
            records.iter().filter(|((kind, _), _)| kind == "work_order").map(|(k, v)| (k.clone(), v.clone())).collect()
        };
        assert_eq!(orders(&one_by_one), orders(&backwards), "one device's pushes overtook each other");
    }
}

/// Revision and body of each record.
type Records = BTreeMap<(String, Uuid), (i64, Value)>;

/// What happens, step by step.
struct Story {
    orders: Vec<WorkOrderId>,
    steps: Vec<Step>,
}

enum Step {
    /// One technician's device sends these, in its order.
    Device(usize, Vec<Value>),
    /// The office sends somebody else.
    Assign(Uuid, WorkOrderId, usize),
}

/// The devices of Wang and Zhao, with the same ids in each house.
const DEVICES: [(&str, Uuid); 2] = [("wang", Uuid::from_u128(0xd1)), ("zhao", Uuid::from_u128(0xd2))];

impl Story {
    fn random(dice: &mut Dice, house: &House) -> Self {
        let new_id = || Uuid::from_u128(house.clock.new_id().as_u128() | 0xabc << 48);
        let orders: Vec<WorkOrderId> = (0..3).map(|_| new_id().into()).collect();
        let mut seqs = [0_u64; 2];
        let mut steps = Vec::new();
        for _ in 0..14 {
            let order = *dice.pick(&orders);
            if dice.one_in(4) {
                steps.push(Step::Assign(new_id(), order, dice.below(2)));
                continue;
            }
            let who = dice.below(2);
            let mut run = Vec::new();
            for _ in 0..=dice.below(5) {
                seqs[who] += 1;
                let order = *dice.pick(&orders);
                let action: Action = match dice.below(6) {
                    0 => Accept {}.into(),
                    1 => Arrive {}.into(),
                    2 => Start {}.into(),
                    3 => Finish { summary: None }.into(),
                    4 => Diagnose { findings: format!("by {who}"), cause: None, explained: None }.into(),
                    _ => note(format!("{who} {}", seqs[who])).into(),
                };
                let mut operation = op(new_id(), seqs[who], order, action);
                operation["base_rev"] = json!(2 + dice.below(6));
                run.push(operation);
            }
            steps.push(Step::Device(who, run));
        }
        Self { orders, steps }
    }

    /// Plays it in a house; `cut` says in which pushes a run of one device's operations is sent.
    async fn play(&self, house: &House, mut cut: impl FnMut(Vec<Value>) -> Vec<Vec<Value>>) -> Records {
        let (li, firm) = (house.li().await, house.firm);
        for (login, device) in DEVICES {
            house.office(login).await.register(device).await;
        }
        let technicians = [firm.wang, firm.zhao];
        let send = async |id: Uuid, order: WorkOrderId, action: Action| {
            let path = action.spec().path().replace("{id}", &order.to_string());
            let payload: Value = serde_json::from_str(action.payload().unwrap().get()).unwrap();
            let request = li.client.post(format!("{}{path}", li.base)).json(&payload);
            li.send(request.header("idempotency-key", id.to_string())).await
        };
        for (n, order) in (0_u128..).zip(&self.orders) {
            let ids = [1, 2].map(|what| Uuid::from_u128(0xbeef_0000 + n * 16 + what));
            send(ids[0], *order, house.request_for(firm.check_up).into()).await.applied();
            send(ids[1], *order, Assign { technician: technicians[n as usize % 2] }.into()).await.applied();
        }
        let mut offices = Vec::new();
        for (login, _) in DEVICES {
            offices.push(house.office(login).await);
        }
        for step in &self.steps {
            match step {
                Step::Assign(id, order, to) => {
                    send(*id, *order, Assign { technician: technicians[*to] }.into()).await;
                }
                Step::Device(who, run) => {
                    for push in cut(run.clone()) {
                        assert_eq!(offices[*who].push(DEVICES[*who].1, &push).await.status, 200);
                    }
                }
            }
        }
        let books = Books::of(&house.db, firm.org).await;
        books.records.into_iter().map(|(key, stored)| (key, (stored.rev, stored.body))).collect()
    }
}
