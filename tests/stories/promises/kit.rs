//! What the tests of the promises share: chance that can be repeated, a device driven by hand, a copy kept by hand.

use std::collections::BTreeMap;

use doorstep::clock::Clock;
use mobile_api::{catalogue::Action, record::Scope, work_order::visit::AddNote};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, House, Office};

/// Chance with a seed, which is printed: `DOORSTEP_SEED` plays the same again.
pub struct Dice(StdRng);

impl Dice {
    pub fn new(story: &str) -> Self {
        let given = std::env::var("DOORSTEP_SEED").ok().and_then(|seed| seed.parse().ok());
        let [a, b, c, d, ..] = Clock::system().secret();
        let seed = given.unwrap_or_else(|| u64::from(u32::from_le_bytes([a, b, c, d])));
        println!("{story}: DOORSTEP_SEED={seed}");
        Self(StdRng::seed_from_u64(seed))
    }

    /// Dice of their own for somebody who throws at the same time.
    pub fn split(&mut self) -> Self {
        Self(StdRng::seed_from_u64(self.0.random()))
    }

    /// A number below `most`.
    pub fn below(&mut self, most: usize) -> usize {
        self.0.random_range(0..most)
    }

    /// Once in `n` throws.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }

    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for at in (1..things.len()).rev() {
            things.swap(at, self.below(at + 1));
        }
    }
}

/// An operation as a device would write it.
pub fn op(id: Uuid, seq: impl Into<Option<u64>>, entity: impl Into<Uuid>, action: impl Into<Action>) -> Value {
    let (action, entity) = (action.into(), entity.into());
    let payload: Value = serde_json::from_str(action.payload().unwrap().get()).unwrap();
    let mut operation = json!({ "id": id, "type": action.spec().name, "entity": entity, "payload": payload });
    if let Some(seq) = seq.into() {
        operation["seq"] = seq.into();
    }
    operation
}

pub fn note(text: impl Into<String>) -> AddNote {
    AddNote { text: text.into() }
}

/// A registered device that the test drives by hand.
#[derive(Clone)]
pub struct Hand {
    pub office: Office,
    pub device: Uuid,
    pub login: String,
    pub clock: Clock,
}

impl Hand {
    /// A new device of this account.
    pub async fn of(house: &House, login: &str) -> Self {
        let office = house.office(login).await;
        let device = house.clock.new_id();
        office.register(device).await;
        Self { office, device, login: login.into(), clock: house.clock.clone() }
    }

    /// Signs in again: time has passed, or the server has moved.
    pub async fn renew(&mut self, house: &House) {
        self.office = house.office(&self.login).await;
    }

    pub fn new_id(&self) -> Uuid {
        self.clock.new_id()
    }

    /// A new operation of this device.
    pub fn op(&self, seq: impl Into<Option<u64>>, entity: impl Into<Uuid>, action: impl Into<Action>) -> Value {
        op(self.new_id(), seq, entity, action)
    }

    /// Sends operations and answers a verdict for each.
    pub async fn push(&self, operations: &[Value]) -> Vec<Value> {
        verdicts(self.office.push(self.device, operations).await)
    }

    /// Sends one and answers what became of it.
    pub async fn push_one(&self, operation: &Value) -> Value {
        self.push(std::slice::from_ref(operation)).await.remove(0)
    }

    /// Asks for verdicts again.
    pub async fn lookup(&self, operations: &[Uuid]) -> Vec<Value> {
        verdicts(self.office.post("/v1/sync/operations/lookup", &json!({ "operations": operations })).await)
    }

    /// One page, as it came.
    pub async fn pull(&self, cursor: Option<&str>, limit: u32) -> Answer {
        let body = json!({ "device": self.device, "schema": 1, "cursor": cursor, "limit": limit });
        self.office.post("/v1/sync/pull", &body).await
    }
}

#[track_caller]
fn verdicts(answer: Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["verdicts"].as_array().unwrap().clone()
}

/// The statuses of verdicts.
pub fn statuses(verdicts: &[Value]) -> Vec<&str> {
    verdicts.iter().map(|verdict| verdict["status"].as_str().unwrap()).collect()
}

/// Where a thing lies: scope, kind, id.
pub type Place = (String, String, Uuid);

/// What lies there: the version of its last change and its body.
pub type Thing = (u64, Value);

/// A copy as `docs/sync.md` tells an app author to keep it: upserts, deletes, a cursor.
#[derive(Clone, Default)]
pub struct Copy {
    pub rows: BTreeMap<Place, Thing>,
    pub cursor: Option<String>,
    pub scopes: Vec<Scope>,
    pub pages: usize,
}

impl Copy {
    /// Fetches everything, `limit` changes at a time.
    pub async fn fetched(hand: &Hand, limit: u32) -> Self {
        let mut copy = Self::default();
        copy.catch_up(hand, limit).await;
        copy
    }

    /// Pulls until there is nothing more.
    pub async fn catch_up(&mut self, hand: &Hand, limit: u32) {
        loop {
            let answer = hand.pull(self.cursor.as_deref(), limit).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            if self.apply(&answer.body) {
                return;
            }
        }
    }

    /// Takes a page in, and answers whether it was the last for now.
    pub fn apply(&mut self, page: &Value) -> bool {
        for change in page["changes"].as_array().unwrap() {
            let text = |name: &str| change[name].as_str().unwrap().to_owned();
            let place = (text("scope"), text("kind"), text("id").parse().unwrap());
            match change.get("body") {
                Some(body) => self.rows.insert(place, (change["version"].as_u64().unwrap(), body.clone())),
                None => self.rows.remove(&place),
            };
        }
        self.scopes = serde_json::from_value(page["scopes"].clone()).unwrap();
        let scopes: Vec<String> = self.scopes.iter().map(ToString::to_string).collect();
        self.rows.retain(|(scope, ..), _| scopes.contains(scope));
        self.cursor = Some(page["cursor"].as_str().unwrap().to_owned());
        self.pages += 1;
        page["complete"].as_bool().unwrap()
    }

    /// Whether it holds this in any scope.
    pub fn holds(&self, id: impl Into<Uuid>) -> bool {
        let id = id.into();
        self.rows.keys().any(|(_, _, held)| *held == id)
    }

    /// What it holds, without the scopes of single devices: verdicts differ from device to device.
    pub fn records(&self) -> BTreeMap<Place, Thing> {
        let shared = self.rows.iter().filter(|((scope, ..), _)| !scope.starts_with("device:"));
        shared.map(|(place, thing)| (place.clone(), thing.clone())).collect()
    }
}
