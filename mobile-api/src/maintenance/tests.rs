//! Whatever a plan is asked, how often and how late: each turn of its calendar is dealt with once.

use std::collections::{BTreeSet, HashMap};

use chrono::Duration;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    CalendarTrigger, CounterTrigger, GeneratePlan, MaintenancePlan, PlanSave, Shutdown, ShutdownStatus, SkipReason,
    Triggers, trigger::of_meter,
};
use crate::{
    Actor, Id, Role,
    asset::Asset,
    calendar::Recurrence,
    evidence::When,
    operation::{Change, Context, Decision, Mode, Payload, Related, Save},
    record::{Kind, Record, Ref},
    refusal::Refusal,
    time::Timestamp,
    work_order::{State, Status, WorkOrder},
};

const FIRM: Uuid = Uuid::from_u128(1);
const SITE: Uuid = Uuid::from_u128(2);
const SORT: Uuid = Uuid::from_u128(3);
const PUMP: Uuid = Uuid::from_u128(4);

fn monday() -> Timestamp {
    "2026-03-02T00:00:00Z".parse().expect("an instant")
}

fn read(kind: Kind, record: Value) -> (Ref, Record) {
    let record = Record::from_json(kind, &record.to_string()).expect("a record");
    (record.address(), record)
}

/// A firm with a site, a sort of order, and a pump with a counter.
struct World {
    related: Related,
    plan: Option<MaintenancePlan>,
    now: Timestamp,
    ops: u128,
}

impl World {
    fn new() -> Self {
        let deadlines = json!({ "record_minutes": 5, "dispatch_minutes": 15, "arrive_minutes": 20 });
        let name = json!({ "zh": "保养", "en": "Service" });
        let meters = json!([{ "code": "hours", "unit": "h", "kind": "counter" }]);
        let records = [
            read(
                Kind::Organisation,
                json!({ "id": FIRM, "name": "Firm", "time_zone": "UTC", "currency": "CNY", "deadlines": deadlines }),
            ),
            read(Kind::Site, json!({ "id": SITE, "name": "Site", "address": "" })),
            read(
                Kind::OrderType,
                json!({ "id": SORT, "code": "s", "name": name, "free_of_charge": true, "certificate": null, "deadlines": null, "active": true }),
            ),
            read(
                Kind::Asset,
                json!({ "id": PUMP, "name": "Pump", "asset_type": "pump", "site": SITE, "service": { "status": "in_service" }, "meters": meters }),
            ),
        ];
        let related =
            Related { records: HashMap::from(records), order_numbers: vec!["1".into()], ..Related::default() };
        Self { related, plan: None, now: monday(), ops: 100 }
    }

    fn with(triggers: Triggers) -> Self {
        let mut world = Self::new();
        let mut save = PlanSave { asset: PUMP.into(), triggers, ..PlanSave::example() };
        save.work.order_type = SORT.into();
        let made = world.asked(|context| save.decide(Id::new(Uuid::from_u128(9)), None, context)).expect("a plan");
        world.plan = made.record;
        world
    }

    fn asked<T>(&mut self, ask: impl FnOnce(&Context<'_>) -> T) -> T {
        self.ops += 1;
        let actor = Actor { role: Role::System, ..Actor::system(FIRM) };
        ask(&Context {
            op: Uuid::from_u128(self.ops),
            actor: &actor,
            when: When::at(self.now),
            received_at: self.now,
            base_rev: None,
            own_revs: &[],
            rev: 2,
            mode: Mode::Online,
            related: &self.related,
        })
    }

    /// The timer asks; answers whether anything came of it.
    fn look(&mut self) -> bool {
        let plan = self.plan.clone().expect("a plan");
        match self.asked(|context| GeneratePlan::default().decide(plan, context)) {
            Ok(Decision { record, also, .. }) => {
                self.plan = record;
                for record in also {
                    let known = self.related.records.insert(record.address(), record);
                    assert!(known.is_none(), "nothing is made twice: {known:?}");
                }
                true
            }
            Err(refusal) => {
                assert_eq!(refusal, Refusal::NotDue);
                false
            }
        }
    }

    fn orders(&self) -> Vec<&WorkOrder> {
        let mut orders: Vec<&WorkOrder> =
            self.related.records.values().filter_map(|record| record.try_into().ok()).collect();
        orders.sort_by_key(|order| order.plan.as_ref().map(|of| of.turn));
        orders
    }

    /// Somebody does the open order.
    fn finish(&mut self) {
        let Some(open) = self.plan.as_ref().and_then(|plan| plan.open.clone()) else { return };
        let address = Ref::new(Kind::WorkOrder, open.order);
        let Some(Record::WorkOrder(order)) = self.related.records.get_mut(&address) else { panic!("its order") };
        let (to, at) = (Id::new(Uuid::nil()), When::at(self.now));
        order.state = State::Finished { to, arrived: at.clone(), started: at.clone(), finished: at.clone() };
        let step = json!({ "op": Uuid::nil(), "what": "finish", "by": Uuid::nil(), "at": at });
        order.timeline.push(serde_json::from_value(step).expect("a step"));
    }
}

fn every_day(ahead_days: u32) -> Triggers {
    let recurrence = Recurrence { rule: "FREQ=DAILY".into(), ..Recurrence::example() };
    Triggers { calendar: Some(CalendarTrigger { recurrence, ahead_days }), ..Triggers::default() }
}

#[test]
fn a_plan_without_news_is_not_due() {
    let mut world = World::with(every_day(0));
    assert!(!world.look());
    world.now += Duration::days(1);
    assert!(world.look());
    assert!(!world.look(), "its order is open");
    let order = world.orders()[0].clone();
    assert_eq!((order.number.as_deref(), order.clocks.dispatch.clone()), (Some("1"), None));
}

#[test]
fn a_counter_that_stands_still_predicts_nothing() {
    let counter =
        CounterTrigger { meter: "hours".into(), every_milli: 10, ahead_milli: 0, ahead_days: 5, since_milli: None };
    let mut world = World::with(Triggers { counters: vec![counter], ..Triggers::default() });
    assert!(!world.look(), "never read");
    let address = Ref::new(Kind::Asset, PUMP);
    for (day, milli) in [(0, 5), (1, 5), (2, 5)] {
        let Some(Record::Asset(asset)) = world.related.records.get_mut(&address) else { panic!("the pump") };
        let reading = json!({ "id": Uuid::from_u128(day), "meter": "hours", "milli": milli, "at": monday() + Duration::days(day as i64) });
        asset.readings.push(serde_json::from_value(reading).expect("a reading"));
        assert_eq!(of_meter(asset, " hours ").len() as u128, day + 1);
    }
    world.now += Duration::days(400);
    world.look();
    let plan = world.plan.clone().expect("a plan");
    assert_eq!((plan.counted_from["hours"], plan.look_at, plan.turns), (5, None, 0));
    assert!(!world.look());
}

/// Records of before these subjects are read as they were written.
#[test]
fn a_shutdown_of_few_words_is_a_draft() {
    let window = json!({ "from": monday(), "until": monday() + Duration::hours(1) });
    let draft = json!({ "id": FIRM, "asset": PUMP, "site": SITE, "stops": ["gas"], "window": window, "text": "", "affected": {} });
    let draft: Shutdown = serde_json::from_value(draft).expect("a shutdown");
    assert_eq!((draft.status(), draft.may_begin(monday())), (ShutdownStatus::Draft, Err(Refusal::ShutdownNotApproved)));
    let asset = read(
        Kind::Asset,
        json!({ "id": PUMP, "name": "Pump", "asset_type": "pump", "site": SITE, "service": { "status": "in_service" } }),
    );
    assert!(Asset::try_from(asset.1).expect("an asset").serves.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The server looks when it likes, sleeps for weeks, and people finish when they like: every day until now has an order or is
    /// noted as skipped, none has both, and there is one open order at most.
    #[test]
    fn every_turn_is_dealt_with_once(ahead in 0_u32..5, steps in prop::collection::vec((0_i64..300, any::<bool>()), 1..40)) {
        let mut world = World::with(every_day(ahead));
        let began = world.now;
        for (hours, finished) in steps {
            world.now += Duration::hours(hours);
            if finished {
                world.finish();
            }
            while world.look() {}
        }
        world.finish();
        while world.look() {}
        world.finish();
        while world.look() {}
        let plan = world.plan.clone().expect("a plan");
        let made: Vec<Timestamp> = world.orders().iter().map(|order| order.plan.as_ref().expect("its plan").due).collect();
        let distinct: BTreeSet<Timestamp> = made.iter().copied().collect();
        prop_assert_eq!(distinct.len(), made.len());
        prop_assert_eq!(made.len() as u32, plan.turns);
        let open = world.orders().iter().filter(|order| order.status() < Status::Finished).count();
        prop_assert!(open <= 1);
        let all = every_day(0).calendar.expect("a calendar").recurrence.between(began, world.now, usize::MAX);
        let passed = made.iter().filter(|due| **due <= world.now).count() as u64;
        prop_assert_eq!(passed + plan.skipped_count, all.len() as u64);
        for skipped in &plan.skipped {
            prop_assert!(!distinct.contains(&skipped.due) && skipped.reason != SkipReason::Cancelled);
        }
    }
}
