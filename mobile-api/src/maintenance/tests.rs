//! Whatever a plan is asked, how often and how late: each turn of its calendar is dealt with once.

use std::collections::{BTreeSet, HashMap};

use chrono::Duration;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    AnnounceResumption, ApproveShutdown, CalendarTrigger, CounterTrigger, GeneratePlan, GiveNotice, MaintenancePlan,
    MeasureReady, PlanSave, RecordShutdown, RescheduleShutdown, RestoreShutdown, SendBackShutdown, Served, Shutdown,
    ShutdownSave, ShutdownStatus, SkipReason, StartShutdown, Triggers, WithdrawShutdown, trigger::of_meter,
};
use crate::{
    Actor, Id, Role,
    asset::Asset,
    calendar::Recurrence,
    evidence::When,
    operation::{Change, Context, Decision, Mode, Payload, Related, Save},
    record::{Kind, Record, Ref},
    refusal::{Flag, Refusal},
    time::Timestamp,
    work_order::{State, Status, Window, WorkOrder},
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
        save.job.order_type = SORT.into();
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

/// The order of a turn was made ahead and done; then the office changed how many days ahead, or restarted the plan.
#[test]
fn a_plan_that_is_saved_again_makes_no_turn_twice() {
    let mut world = World::with(every_day(3));
    while world.look() {}
    world.finish();
    while world.look() {}
    world.finish();
    let made = world.orders().len();
    let plan = world.plan.clone().expect("a plan");
    let mut save = PlanSave { asset: PUMP.into(), triggers: every_day(2), ..PlanSave::example() };
    save.job.order_type = SORT.into();
    let saved = world.asked(|context| save.decide(plan.id, Some(plan.clone()), context)).expect("saved");
    world.plan = saved.record;
    while world.look() {}
    let due: Vec<Timestamp> = world.orders().iter().map(|order| order.plan.as_ref().expect("its plan").due).collect();
    let distinct: BTreeSet<Timestamp> = due.iter().copied().collect();
    assert_eq!((distinct.len(), due.len()), (made, made), "{due:?}");
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

/// A town of six thousand flats: whom the list leaves out would never hear of it.
#[test]
fn more_than_can_be_told_is_not_approved() {
    let mut world = World::new();
    let units = |count: u128| (0..count).map(|id| Id::new(Uuid::from_u128(id))).collect();
    for (count, allowed) in [(5_000, true), (5_001, false)] {
        world.related.served = Some(Served { units: units(count), teams: vec![] });
        let save = ShutdownSave { asset: PUMP.into(), ..ShutdownSave::example() };
        let draft = world.asked(|context| save.decide(Id::new(FIRM), None, context)).expect("a draft").record;
        let approved = world.asked(|context| ApproveShutdown {}.decide(draft.expect("a draft"), context));
        assert_eq!(approved.is_ok(), allowed, "{count}");
    }
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

    /// Whoever does what in whatever order: nothing stands still that was not approved, announced and ready, but in an emergency with its
    /// reason; steps never go back; and what those affected were told is numbered without gaps.
    #[test]
    fn nothing_stands_still_without_leave(steps in prop::collection::vec((0_usize..11, 0_i64..40), 1..40)) {
        let mut world = World::new();
        let window = Window { from: monday() + Duration::hours(48), until: monday() + Duration::hours(50) };
        let save = ShutdownSave { asset: PUMP.into(), window, ..ShutdownSave::example() };
        let made = world.asked(|context| save.clone().decide(Id::new(FIRM), None, context)).expect("a draft");
        let mut shutdown = made.record.expect("a draft");
        for (step, hours) in steps {
            world.now += Duration::hours(hours);
            let (before, then) = (shutdown.clone(), shutdown.clone());
            let later = Window { from: world.now + Duration::hours(30), until: world.now + Duration::hours(31) };
            let reason = || "why".to_owned();
            let done = world.asked(|context| match step {
                0 => ApproveShutdown {}.decide(then, context),
                1 => SendBackShutdown { reason: reason() }.decide(then, context),
                2 => GiveNotice { urgent: Some(reason()) }.decide(then, context),
                3 => MeasureReady { measure: 0 }.decide(then, context),
                4 => StartShutdown { emergency: None }.decide(then, context),
                5 => StartShutdown { emergency: Some(reason()) }.decide(then, context),
                6 => RestoreShutdown { note: None }.decide(then, context),
                7 => AnnounceResumption { text: String::new() }.decide(then, context),
                8 => RecordShutdown { main_cause: None, ..RecordShutdown::example() }.decide(then, context),
                9 => RescheduleShutdown { window: later, reason: reason() }.decide(then, context),
                _ => WithdrawShutdown { reason: reason() }.decide(then, context),
            });
            let Ok(Decision { record: Some(after), flags, .. }) = done else { continue };
            let allowed = before.may_begin(world.now).is_ok();
            if after.started.is_some() && before.started.is_none() {
                let told = flags.iter().any(|flagged| flagged.flag == Flag::EmergencyShutdown);
                prop_assert!(allowed || after.emergency.as_ref().is_some_and(|why| why.reason == "why"));
                prop_assert_eq!(told, !allowed);
            }
            let back = before.status() > ShutdownStatus::Ready && after.status() < before.status();
            prop_assert!(!back, "{:?} {:?}", before.status(), after.status());
            let numbers: Vec<u32> = after.editions.iter().map(|edition| edition.number).collect();
            prop_assert_eq!(numbers, (1..=after.edition()).collect::<Vec<_>>());
            shutdown = after;
        }
    }
}
