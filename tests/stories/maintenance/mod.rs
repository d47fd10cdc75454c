//! Planned maintenance: orders made ahead of time, each once; shutdowns from the draft to the record; and what became of both when
//! phones come back.

mod meanwhile;
mod notices;
mod plans;
mod refused;
mod shutdowns;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep::{
    access::{Access, AccessConfig},
    app::AppState,
    config::Config,
    media::depot::Depot,
};
use mobile_api::{
    Id,
    asset::{AssetSave, Meter, MeterKind, RecordReading},
    calendar::Recurrence,
    ids::{AssetId, MaintenancePlanId, ShutdownId, WorkOrderId},
    inspection::Assignee,
    maintenance::{
        ApproveShutdown, CalendarTrigger, GiveNotice, MaintenancePlan, MeasureKind, MeasureReady, PlanSave, PlannedJob,
        PlannedMeasure, Shutdown, ShutdownSave, StopKind, Stoppage, Triggers,
    },
    operation::Payload,
    work_order::{Priority, Window, WorkOrder},
};
use serde_json::Value;

use crate::harness::{Handset, House};

/// What a person reads must be this, on both databases.
macro_rules! reads {
    ($actual:expr, @$expected:literal) => {{
        let actual = $actual;
        insta::allow_duplicates! { insta::assert_snapshot!(actual, @$expected) }
    }};
}
use reads;

/// A pump that supplies the flat, with a counter of hours and a gauge.
pub(crate) async fn pump(house: &House) -> AssetId {
    let asset = AssetId::new(house.clock.new_id());
    let meter = |code: &str, unit: &str, kind| Meter {
        code: code.into(),
        unit: unit.into(),
        kind,
        low_milli: None,
        high_milli: None,
    };
    let bar = Meter { low_milli: Some(1_000), high_milli: Some(6_000), ..meter("bar", "bar", MeterKind::Gauge) };
    let save = AssetSave {
        name: "Pump 1".into(),
        asset_type: "pump".into(),
        serial: None,
        site: house.firm.site,
        unit: Some(house.firm.unit),
        place: "Plant room".into(),
        certificate: None,
        meters: vec![meter("hours", "h", MeterKind::Counter), bar],
        ..AssetSave::example()
    };
    house.li().await.perform(asset, save).await.applied();
    asset
}

fn read(meter: &str, milli: i64) -> RecordReading {
    RecordReading { meter: meter.into(), milli, order: None, note: None }
}

/// Every Monday at eight in Shanghai, from the first morning on, which is a Monday at eight.
fn weekly(ahead_days: u32) -> Triggers {
    let starts = "2026-03-02T08:00:00".parse().unwrap();
    let recurrence = Recurrence { rule: "FREQ=WEEKLY;BYDAY=MO".into(), starts, zone: "Asia/Shanghai".parse().unwrap() };
    Triggers { calendar: Some(CalendarTrigger { recurrence, ahead_days }), ..Triggers::default() }
}

fn service(house: &House, asset: AssetId, triggers: Triggers) -> PlanSave {
    let job = PlannedJob {
        order_type: house.firm.check_up,
        text: "Grease the bearings".into(),
        minutes: 45,
        within_hours: 24,
        priority: Priority::Normal,
        assignee: Assignee { user: Some(house.firm.wang), team: None },
        template: None,
        stoppage: None,
    };
    PlanSave { name: "Pump 1, weekly".into(), asset, job, triggers }
}

/// The same, without water for the flat.
fn dry(house: &House, asset: AssetId, triggers: Triggers) -> PlanSave {
    let mut save = service(house, asset, triggers);
    let guard = PlannedMeasure { kind: MeasureKind::Emergency, text: "A water cart at the gate".into() };
    save.job.stoppage = Some(Stoppage {
        stops: vec![StopKind::Water],
        minutes: 60,
        text: "Fill a kettle before".into(),
        measures: vec![guard],
    });
    save
}

async fn planned(house: &House, save: PlanSave) -> MaintenancePlanId {
    let plan = MaintenancePlanId::new(house.clock.new_id());
    house.li().await.perform(plan, save).await.applied();
    plan
}

/// A second server on the same database.
fn another_server(house: &House) -> AppState {
    let (config, db) = (Config::default(), (*house.db).clone());
    let access = Access::new(db.clone(), house.clock.clone(), AccessConfig::from(&config.tokens)).unwrap();
    let depot = Depot::folder(&house.photos()).unwrap();
    AppState::new(config, db, house.clock.clone(), access, depot)
}

/// The server does what is due.
async fn timers(house: &House) {
    let timers = house.state().timers();
    timers.do_due().await.unwrap();
    timers.look_at_plans().await.unwrap();
    timers.do_due().await.unwrap();
}

async fn passes(house: &House, time: TimeDelta, phones: &[&Handset]) {
    house.pass(time.to_std().unwrap(), phones);
    timers(house).await;
}

/// The orders of a plan, oldest first.
async fn orders(house: &House, plan: MaintenancePlanId) -> Vec<WorkOrder> {
    let page = house.li().await.get(&format!("/v1/work-orders?plan={plan}")).await.body;
    let orders = page["items"].as_array().unwrap().iter().map(|item| item["record"].clone());
    let mut orders: Vec<WorkOrder> = orders.map(|order| serde_json::from_value(order).unwrap()).collect();
    orders.sort_by_key(|order| order.plan.as_ref().unwrap().turn);
    orders
}

/// One line for each order: the turn, when it is due in Shanghai, where it stands.
async fn told(house: &House, plan: MaintenancePlanId) -> String {
    let line = |order: &WorkOrder| {
        let of = order.plan.as_ref().unwrap();
        let zone: chrono_tz::Tz = "Asia/Shanghai".parse().unwrap();
        format!("{} {} {}", of.turn, of.due.with_timezone(&zone).format("%m-%d %H:%M"), order.status())
    };
    orders(house, plan).await.iter().map(line).collect::<Vec<_>>().join("\n")
}

async fn plan_of(house: &House, plan: MaintenancePlanId) -> MaintenancePlan {
    let found = house.li().await.get(&format!("/v1/maintenance-plans/{plan}")).await.body;
    serde_json::from_value(found.clone()).unwrap_or_else(|error| panic!("{error}: {found}"))
}

async fn shutdown_of(house: &House, shutdown: ShutdownId) -> Shutdown {
    let found = house.li().await.get(&format!("/v1/shutdowns/{shutdown}")).await.body;
    serde_json::from_value(found.clone()).unwrap_or_else(|error| panic!("{error}: {found}"))
}

/// Two days from now, for an hour.
pub(crate) fn soon(house: &House) -> Window {
    let from = house.clock.now() + TimeDelta::days(2);
    Window { from, until: from + TimeDelta::hours(1) }
}

/// A shutdown of the pump, for nobody's order, in Wang's hands.
pub(crate) async fn drafted(house: &House, asset: AssetId, window: Window) -> ShutdownId {
    let shutdown = ShutdownId::new(house.clock.new_id());
    let assignee = Assignee { user: Some(house.firm.wang), team: None };
    let save = ShutdownSave { asset, window, assignee, ..ShutdownSave::example() };
    house.li().await.perform(shutdown, save).await.applied();
    shutdown
}

/// Approved, and everybody affected was told.
pub(crate) async fn announced(house: &House, shutdown: ShutdownId) {
    house.office("admin").await.perform(shutdown, ApproveShutdown {}).await.applied();
    house.li().await.perform(shutdown, GiveNotice::default()).await.applied();
}

/// The same, and everything is ready.
async fn ready(house: &House, shutdown: ShutdownId) {
    announced(house, shutdown).await;
    house.li().await.perform(shutdown, MeasureReady { measure: 0 }).await.applied();
}

/// The verdict, which says that it was applied and why a person is asked.
#[track_caller]
fn flagged(answer: crate::harness::Answer) -> Vec<String> {
    assert_eq!(answer.body["status"], "applied_flagged", "{}", answer.body);
    let flags = answer.body["flags"].as_array().unwrap().iter();
    flags.map(|flagged| flagged["flag"].as_str().unwrap().to_owned()).collect()
}

/// What a person reads after a sync: each operation once, as recorded, what became of it, and why.
async fn synced(phone: &Handset) -> String {
    let report = phone.sync().await;
    let mut lines = std::collections::BTreeMap::new();
    for verdict in &report.verdicts {
        let entry = phone.operation(verdict.id).unwrap().expect("the phone recorded it").recorded;
        let flags = verdict.flags.iter().map(|flagged| flagged.flag.as_str());
        let why: Vec<_> = flags.chain(verdict.problem.as_ref().map(|problem| problem.code.as_str())).collect();
        let line = format!("{:<22} {:<15} {}", entry.op_type, verdict.status.as_str(), why.join(", "));
        lines.insert(entry.seq, line.trim_end().to_owned());
    }
    lines.into_values().collect::<Vec<_>>().join("\n")
}

/// The open questions, by what was noticed.
async fn questions(house: &House) -> Vec<String> {
    let page = house.li().await.get("/v1/reviews?status=open").await.body;
    let flags = |item: &Value| {
        let flags = item["record"]["flags"].as_array().into_iter().flatten().map(|flag| flag["flag"].as_str().unwrap());
        flags.collect::<Vec<_>>().join(" ")
    };
    page["items"].as_array().unwrap().iter().map(flags).collect()
}

/// Wang does the work of an order, at his phone, and sends it.
async fn done(phone: &Handset, order: WorkOrderId) {
    use mobile_api::work_order::visit::{Arrive, Finish, Start};
    phone.sign_in("wang").await;
    phone.sync().await;
    phone.did(order, Arrive {});
    phone.did(order, Start {});
    phone.did(order, Finish { summary: None });
    let report = phone.sync().await;
    assert!(report.verdicts.iter().all(|verdict| verdict.flags.is_empty() && verdict.problem.is_none()), "{report:?}");
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn fresh(house: &House) -> Id<Shutdown> {
    Id::new(house.clock.new_id())
}
