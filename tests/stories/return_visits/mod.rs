//! After the repair: who is called and when, what they say, and what becomes of a bad answer.

mod at_the_door;
mod calls;
mod file;
mod overdue;
mod survey;

use std::time::Duration;

use doorstep::operations::reading;
use mobile_api::{
    Actor, Kind, Ref,
    directory::User,
    ids::{Id, ReturnVisitId, WorkOrderId},
    operation::Payload,
    record::RecordType,
    return_visit::{RecordVisit, ReturnVisit, Satisfaction, Then, id_of},
    signing::digest,
    work_order::{
        WorkOrder,
        dispatch::Assign,
        request::Request,
        sign_off::Sign,
        visit::{Arrive, Finish, Start},
    },
};
use serde_json::{Value, json};

use crate::{
    harness::{House, Office},
    repair::strokes,
};

/// Hours pass, and Li signs in again.
async fn later(house: &House, hours: u64) -> Office {
    house.pass(Duration::from_secs(hours * 3600), &[]);
    house.li().await
}

/// A record as the server holds it.
async fn held<T>(house: &House, id: Id<T>) -> T
where
    T: RecordType + Send + 'static,
{
    let (actor, about) = (Actor::system(house.firm.org), Ref::new(T::KIND, id));
    let found = house.db.read(move |conn| reading::visible(conn, &actor, about)).await.unwrap();
    serde_json::from_str(&found.expect("it exists").body).unwrap()
}

async fn visit_of(house: &House, id: ReturnVisitId) -> ReturnVisit {
    held(house, id).await
}

/// A job of Wang's, written down by the office for his phone is dead: done and accepted. Answers the order and its return visit.
pub async fn accepted(house: &House, request: Request) -> (WorkOrderId, ReturnVisitId) {
    let (order, li) = (WorkOrderId::new(house.clock.new_id()), house.li().await);
    li.perform(order, request).await;
    li.perform(order, Assign { technician: house.firm.wang }).await.applied();
    finish(house, &li, order).await;
    (order, id_of(Ref::new(Kind::WorkOrder, order)))
}

/// Everything from the arrival to the signature.
async fn finish(house: &House, li: &Office, order: WorkOrderId) {
    li.perform(order, Arrive {}).await.applied();
    li.perform(order, Start {}).await.applied();
    li.perform(order, Finish { summary: None }).await.applied();
    let shown: WorkOrder = held(house, order).await;
    let technician = shown.technician().unwrap();
    let name = held::<User>(house, technician).await.name;
    let content = shown.content_to_sign(&name, technician, "Mrs Chen");
    let digest = digest(&content).unwrap();
    let sign = Sign { content, digest, relation: "owner".into(), opinion: None, strokes: strokes() };
    li.perform(order, sign).await.applied();
}

/// A check-up at Mrs Chen's, accepted. She is a member.
async fn check_up(house: &House) -> (WorkOrderId, ReturnVisitId) {
    accepted(house, house.request_for(house.firm.check_up)).await
}

fn satisfied() -> RecordVisit {
    let (reasons, then) = (vec![], vec![]);
    RecordVisit { satisfaction: Satisfaction::Satisfied, reasons, then, ..RecordVisit::example() }
}

fn dissatisfied(then: Vec<Then>) -> RecordVisit {
    RecordVisit { then, ..RecordVisit::example() }
}

fn rework() -> Then {
    Then::Rework { fault: Some("It drips again".into()), order_type: None, priority: None }
}

/// The ids of a list.
async fn listed(office: &Office, query: &str) -> Vec<String> {
    let page = office.get(&format!("/v1/return-visits?{query}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let id = |item: &Value| item["record"]["id"].as_str().unwrap().to_owned();
    page.body["items"].as_array().unwrap().iter().map(id).collect()
}

/// What a verdict said: its status and its flags.
fn told(verdict: &Value) -> String {
    let flags = verdict["flags"].as_array().into_iter().flatten().map(|flag| flag["flag"].as_str().unwrap());
    [verdict["status"].as_str().unwrap()].into_iter().chain(flags).collect::<Vec<_>>().join(" ")
}

fn nothing() -> Vec<String> {
    Vec::new()
}

fn only(id: ReturnVisitId) -> Vec<String> {
    vec![id.to_string()]
}

/// One of the open questions has this flag.
async fn asked_about(office: &Office, flag: &str) -> bool {
    let reviews = office.get("/v1/reviews").await.body;
    let flags = |item: &Value| item["record"]["flags"].as_array().unwrap().iter().any(|of| of["flag"] == json!(flag));
    reviews["items"].as_array().unwrap().iter().any(flags)
}
