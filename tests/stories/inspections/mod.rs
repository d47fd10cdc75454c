//! Inspections: forms, rounds, what is found on them, and what becomes of it when phones come back.

mod carried_out;
mod faults;
mod forms;
mod meanwhile;
mod report;
mod rounds;
mod taken_over;

use mobile_api::{
    Id,
    directory::Label,
    ids::{InspectionId, TemplateId, UserId, WorkOrderId},
    inspection::{
        AnswerItem, AnswerValue, Ask, Assignee, FinishInspection, Form, FormItem, FormSection, Inspection,
        InspectionState, PlanInspection, PublishTemplate, RepairRule, Spot, StartInspection, TemplateSave,
    },
    phone::PhoneClock,
    work_order::{Priority, Window, WorkOrder},
};
use serde_json::Value;
use uuid::Uuid;

use crate::harness::{Handset, House, Office};

/// What a person reads must be this, on both databases.
macro_rules! reads {
    ($actual:expr, @$expected:literal) => {{
        let actual = $actual;
        insta::allow_duplicates! { insta::assert_snapshot!(actual, @$expected) }
    }};
}
pub(crate) use reads;

/// A question.
pub(crate) fn item(key: &str, text: &str, ask: Ask) -> FormItem {
    FormItem {
        key: key.into(),
        text: Label::new(text, text),
        ask,
        required: true,
        show_if: Vec::new(),
        photo: None,
        explain_failure: false,
        weight: 1,
        critical: false,
        repair: None,
        meter: None,
    }
}

/// The form of a flat that stands empty: two things that may be wrong, and a meter.
pub(crate) fn empty_flat(house: &House) -> TemplateSave {
    let mut leaks = item("leaks", "No leaks", Ask::PassFail);
    leaks.repair = Some(RepairRule { order_type: None, priority: Priority::Urgent });
    let mut windows = item("windows", "Windows shut", Ask::PassFail);
    windows.repair = Some(RepairRule { order_type: None, priority: Priority::Normal });
    let meter = item("meter", "Water meter", Ask::Counter { unit: "m³".into() });
    let section =
        FormSection { key: "flat".into(), name: Label::new("房屋", "Flat"), items: vec![leaks, windows, meter] };
    TemplateSave {
        code: "empty-flat".into(),
        name: Label::new("空置房检查", "Empty flat"),
        form: Form { sections: vec![section], pass_percent: None, repair_type: Some(house.firm.plumbing) },
        revises: None,
    }
}

/// Puts a form into use.
pub(crate) async fn published(house: &House, form: TemplateSave) -> TemplateId {
    let (id, admin) = (TemplateId::new(house.clock.new_id()), house.office("admin").await);
    admin.perform(id, form).await.applied();
    admin.perform(id, PublishTemplate {}).await.applied();
    id
}

pub(crate) fn flat(house: &House) -> Spot {
    Spot { site: house.firm.site, building: None, unit: Some(house.firm.unit), asset: None }
}

pub(crate) fn of(user: UserId) -> Assignee {
    Assignee { user: Some(user), team: None }
}

/// The office plans an inspection of the flat that may begin at once.
async fn planned(house: &House, template: TemplateId, assignee: Assignee) -> InspectionId {
    let (id, from) = (InspectionId::new(house.clock.new_id()), house.clock.now());
    let due = Window { from, until: from + chrono::TimeDelta::hours(4) };
    let plan =
        PlanInspection { template, spot: flat(house), order: None, complaint: None, earlier: None, due, assignee };
    house.li().await.perform(id, plan).await.applied();
    id
}

pub(crate) fn begin() -> StartInspection {
    StartInspection::default()
}

/// Begins one in the flat that nobody planned.
pub(crate) fn begin_new(house: &House, template: TemplateId) -> StartInspection {
    StartInspection { template: Some(template), spot: Some(flat(house)), ..StartInspection::default() }
}

fn answer(item: &str, value: AnswerValue) -> AnswerItem {
    AnswerItem { point: None, item: item.into(), value, note: None }
}

pub(crate) fn pass(item: &str) -> AnswerItem {
    answer(item, AnswerValue::Pass)
}

pub(crate) fn fail(item: &str, note: &str) -> AnswerItem {
    AnswerItem { note: Some(note.into()), ..answer(item, AnswerValue::Fail) }
}

pub(crate) fn number(item: &str, milli: i64) -> AnswerItem {
    answer(item, AnswerValue::Number { milli })
}

pub(crate) fn done() -> FinishInspection {
    FinishInspection {}
}

/// An inspection as the office reads it.
pub(crate) async fn inspection(house: &House, id: InspectionId) -> Inspection {
    let found = house.li().await.get(&format!("/v1/inspections/{id}")).await;
    serde_json::from_value(found.body.clone()).unwrap_or_else(|error| panic!("{error}: {}", found.body))
}

/// All orders, oldest first, as the office reads them.
async fn orders(office: &Office) -> Vec<WorkOrder> {
    let page = office.get("/v1/work-orders").await.body;
    let orders = page["items"].as_array().unwrap().iter().map(|item| item["record"].clone());
    let mut orders: Vec<WorkOrder> = orders.map(|order| serde_json::from_value(order).unwrap()).collect();
    orders.sort_by(|a, b| a.number.cmp(&b.number));
    orders
}

/// What a person reads after a sync: each operation once, as recorded, what became of it, and why.
async fn synced(phone: &Handset) -> String {
    let report = phone.sync().await;
    let mut lines = std::collections::BTreeMap::new();
    for verdict in &report.verdicts {
        let entry = phone.operation(verdict.id).unwrap().expect("the phone recorded it").recorded;
        let verb = entry.op_type.rsplit('.').next().unwrap();
        let flags = verdict.flags.iter().map(|flagged| flagged.flag.as_str());
        let why: Vec<_> = flags.chain(verdict.problem.as_ref().map(|problem| problem.code.as_str())).collect();
        let line = format!("{verb:<13} {:<15} {}", verdict.status.as_str(), why.join(", "));
        lines.insert(entry.seq, line.trim_end().to_owned());
    }
    lines.into_values().collect::<Vec<_>>().join("\n")
}

/// What counts as answered, by item: who said it, and how often somebody said something.
fn told(house: &House, inspection: &Inspection) -> String {
    let line = |answers: &mobile_api::inspection::ItemAnswers| {
        let last = answers.given.last().unwrap();
        let value = serde_json::to_value(&last.value).unwrap();
        let value = value.get("milli").map_or_else(|| value["type"].as_str().unwrap().to_owned(), Value::to_string);
        format!("{:<8} {value:<6} {} of {}", answers.item, name(house, last.by), answers.given.len())
    };
    inspection.answers.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn name(house: &House, user: UserId) -> &'static str {
    let firm = house.firm;
    let known = [(firm.li, "li"), (firm.wang, "wang"), (firm.zhao, "zhao"), (firm.admin, "admin")];
    known.into_iter().find(|(id, _)| *id == user).map_or("?", |(_, name)| name)
}

/// An order by its id.
async fn order(house: &House, id: WorkOrderId) -> WorkOrder {
    serde_json::from_value(house.li().await.get(&format!("/v1/work-orders/{id}")).await.body).unwrap()
}

fn fresh(phone: &Handset) -> InspectionId {
    Id::new(phone.clock.new_id())
}

/// The open questions, by what was noticed.
pub(crate) async fn questions(house: &House) -> Vec<String> {
    let page = house.li().await.get("/v1/reviews?status=open").await.body;
    let flags = |item: &Value| {
        let flags = item["record"]["flags"].as_array().into_iter().flatten().map(|flag| flag["flag"].as_str().unwrap());
        flags.collect::<Vec<_>>().join(" ")
    };
    page["items"].as_array().unwrap().iter().map(flags).collect()
}

fn uuid(value: &Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}
