//! What becomes of work that was recorded without signal while the office, or another phone, changed the same order:
//! the conflict table, row by row, with real phones.

/// What a person reads must be this. Each story is played twice, once on each database, and both must read the same.
macro_rules! reads {
    ($actual:expr, @$expected:literal) => {{
        let actual = $actual;
        insta::allow_duplicates! { insta::assert_snapshot!(actual, @$expected) }
    }};
}

mod by_link;
mod clocks;
mod deadlines;
mod duplicates;
mod entries;
mod fields;
mod handover;
mod hands;
mod meanwhile;
mod money;
mod onward;
mod paying;
mod prices;
mod waiting;

use std::{collections::BTreeMap, time::Duration};

use doorstep::operations::{
    reading,
    timeline::{self, HistoryEntry},
};
use mobile_api::{
    Actor, Kind, Ref,
    catalogue::Action,
    evidence::Verdict,
    ids::{Id, UserId, WorkOrderId},
    money::{Currency, Money, Quantity},
    phone::Report,
    record::RecordType,
    review::Review,
    sync::VerdictStatus,
    work_order::{
        Status, WorkOrder,
        quote::MakeQuote,
        visit::{AddNote, Arrive, Diagnose, Finish, RecordLabour, Start, UseMaterial},
    },
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    harness::{Answer, Handset, House, Office},
    repair::{confirmed, quote, signature},
};

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

fn hours(hours: u64) -> Duration {
    minutes(hours * 60)
}

fn yuan(yuan: i64) -> Money {
    Money { minor: yuan * 100, currency: Currency::CNY }
}

/// What a person reads after a sync: each operation once, as recorded, what became of it, and why.
fn told(phone: &Handset, report: &Report) -> String {
    let mut lines = BTreeMap::new();
    for verdict in &report.verdicts {
        let entry = phone.operation(verdict.id).unwrap().expect("the phone recorded it").recorded;
        let verb = entry.op_type.rsplit('.').next().unwrap();
        let flags = verdict.flags.iter().map(|flagged| flagged.flag.as_str());
        let why: Vec<_> = flags.chain(verdict.problem.as_ref().map(|problem| problem.code.as_str())).collect();
        let line = format!("{verb:<17} {:<15} {}", verdict.status.as_str(), why.join(", "));
        lines.entry(entry.seq).or_insert(line.trim_end().to_owned() + "\n");
        let simply = verdict.status == VerdictStatus::Applied;
        assert_eq!(verdict.review.is_none(), simply, "whatever was not simply applied asks a person: {verdict:?}");
    }
    lines.into_values().collect()
}

/// Syncs and tells.
async fn synced(phone: &Handset) -> String {
    told(phone, &phone.sync().await)
}

/// The steps of an order as anybody can read them: what, by whom, and why it moved nothing.
fn steps(house: &House, order: &WorkOrder) -> String {
    let mut lines = String::new();
    for step in &order.timeline {
        let why = step.overtaken.map(|flag| flag.as_str()).unwrap_or_default();
        let line = format!("{:<17} {:<5} {why}", step.what, name(house, step.by));
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

fn name(house: &House, user: UserId) -> &'static str {
    let firm = house.firm;
    let known = [(firm.li, "li"), (firm.wang, "wang"), (firm.zhao, "zhao"), (firm.admin, "admin")];
    known.into_iter().find(|(id, _)| *id == user).map_or("?", |(_, name)| name)
}

/// A record as the server holds it.
async fn held<T>(house: &House, id: impl Into<Id<T>>) -> T
where
    T: RecordType + Send + 'static,
{
    let (actor, about) = (Actor::system(house.firm.org), Ref::new(T::KIND, id.into()));
    let found = house.db.read(move |conn| reading::visible(conn, &actor, about)).await.unwrap();
    serde_json::from_str(&found.expect("it exists").body).unwrap()
}

async fn order_of(house: &House, id: WorkOrderId) -> WorkOrder {
    held(house, id).await
}

/// The question that was opened about an operation.
async fn review_of(house: &House, operation: Uuid) -> Review {
    held(house, operation).await
}

/// Everything that was ever recorded about an order, by whomever, applied or not.
async fn history(house: &House, id: WorkOrderId) -> Vec<HistoryEntry> {
    let (org, about) = (house.firm.org, Ref::new(Kind::WorkOrder, id));
    house.db.read(move |conn| timeline::history(conn, org, about, None, 500)).await.unwrap()
}

/// What the operations of an order's history said at `pointer` of their payloads.
async fn said(house: &House, id: WorkOrderId, pointer: &str) -> Vec<String> {
    let history = history(house, id).await;
    let operations = history.iter().map(|entry| serde_json::from_str::<Value>(entry.operation.get()).unwrap());
    let pointer = format!("/payload{pointer}");
    operations.filter_map(|operation| operation.pointer(&pointer)?.as_str().map(str::to_owned)).collect()
}

/// A further device of a technician.
async fn tablet_of(house: &House, login: &str) -> Handset {
    let tablet = house.phone("tablet");
    tablet.sign_in(login).await;
    tablet.sync().await;
    tablet
}

fn note(text: &str) -> AddNote {
    AddNote { text: text.into() }
}

fn found(findings: &str) -> Diagnose {
    Diagnose { findings: findings.into(), cause: None, explained: None }
}

/// One trap seal.
fn seal() -> UseMaterial {
    UseMaterial { item: None, name: "Trap seal".into(), quantity_milli: Quantity(1000), unit: "pc".into(), stock: None }
}

/// The last so many minutes, as working time.
fn worked(phone: &Handset, last: u64) -> RecordLabour {
    let until = phone.clock.truth();
    RecordLabour { from: until - minutes(last), until, note: None }
}

/// Hours of plumbing at the list's price: 80 yuan each.
fn priced(house: &House, hours: i64) -> MakeQuote {
    let mut offer = quote(house);
    offer.lines[0].quantity_milli = Quantity(hours * 1000);
    offer
}

/// Wang stands at the door of an order that has to be paid for, diagnosed, with a quote of 120 yuan that Mrs Chen
/// confirmed; the server knows of it. Answers the order, his phone and the quote.
async fn quoted(house: &House) -> (WorkOrderId, Handset, Uuid) {
    let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
    let phone = house.phone_of("wang").await;
    phone.did(order, Arrive {});
    phone.did(order, found("Trap seal worn"));
    let offer = phone.did(order, quote(house));
    phone.did(order, confirmed(offer));
    all_applied(&phone).await;
    (order, phone, offer)
}

/// The same order with the work done, only the signature missing.
async fn finished(house: &House) -> (WorkOrderId, Handset) {
    let (order, phone, _) = quoted(house).await;
    phone.did(order, Start {});
    phone.did(order, seal());
    phone.did(order, Finish { summary: None });
    all_applied(&phone).await;
    (order, phone)
}

async fn all_applied(phone: &Handset) {
    let report = phone.sync().await;
    assert!(report.verdicts.iter().all(|verdict| verdict.status == VerdictStatus::Applied), "{report:?}");
}

/// The customer signs for what this phone shows.
fn sign(phone: &Handset, order: WorkOrderId, signer: &str) -> Uuid {
    let shown: WorkOrder = phone.get(order).unwrap().expect("on the phone");
    phone.did(order, signature(phone, &shown, signer))
}

/// What a phone would send, byte for byte.
fn unsent(phone: &Handset) -> Vec<String> {
    phone.unsent().unwrap().into_iter().map(|entry| entry.recorded.body).collect()
}

/// Sends these bytes in the phone's name: what arrives of a push whose answer is lost.
async fn push_as(house: &House, phone: &Handset, login: &str, operations: &[String]) -> Answer {
    let device = phone.identity().unwrap().1;
    let body = format!(r#"{{"device":"{device}","schema":1,"operations":[{}]}}"#, operations.join(","));
    let office = house.office(login).await;
    let request = office.client.post(format!("{}/v1/sync/push", office.base));
    office.send(request.header("content-type", "application/json").body(body)).await
}

/// An operation of the office that the rules do not allow now: 409, and nothing is stored.
#[track_caller]
fn conflicts(answer: Answer) -> String {
    answer.problem(409)
}

async fn manager(house: &House) -> Office {
    house.office("admin").await
}

async fn office_does(house: &House, order: WorkOrderId, action: impl Into<Action>) {
    house.li().await.perform(order, action).await.applied();
}

fn verdict_of(clock: &Option<mobile_api::work_order::Clock>) -> Option<&'static str> {
    clock.as_ref().and_then(|clock| clock.verdict).map(Verdict::as_str)
}

fn status(order: &WorkOrder) -> &'static str {
    Status::as_str(order.status())
}
