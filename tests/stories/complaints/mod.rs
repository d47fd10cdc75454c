//! Complaints: the loop that closes only when the complainant says so, its deadlines, and what phones bring when the office had
//! closed, merged or moved it meanwhile.

mod classes;
mod deadlines;
mod figures;
mod meanwhile;
mod refused;
mod search;
mod taken_over;
mod way;

use std::time::Duration;

use mobile_api::{
    Id,
    complaint::{
        About, AcceptResolution, ApproveProposal, CallBack, CallHow, CarryOut, CloseComplaint, Complaint, Intake,
        JudgeComplaint, Propose, ReferComplaint, RefuseResolution, Said, Severity, Summarise,
    },
    ids::ComplaintId,
    operation::Payload,
    signing::digest,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    harness::{Handset, House, Office},
    repair::strokes,
};

/// What a person reads must be this, on both databases.
macro_rules! reads {
    ($actual:expr, @$expected:literal) => {{
        let actual = $actual;
        insta::allow_duplicates! { insta::assert_snapshot!(actual, @$expected) }
    }};
}
pub(crate) use reads;

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// What Mrs Chen says on the telephone: about her flat.
fn says(house: &House, text: &str) -> Intake {
    let about = About { unit: Some(house.firm.unit), customer: Some(house.firm.customer), ..About::default() };
    Intake { about, text: text.into(), severity: Severity::Ordinary, ..Intake::example() }
}

fn serious(house: &House, text: &str) -> Intake {
    Intake { severity: Severity::Serious, ..says(house, text) }
}

/// Li writes it down.
async fn received(house: &House, intake: Intake) -> ComplaintId {
    let id = ComplaintId::new(house.clock.new_id());
    house.li().await.perform(id, intake).await.applied();
    id
}

fn founded() -> JudgeComplaint {
    JudgeComplaint { founded: true, explanation: "It was mended only two days ago".into(), needs_survey: false }
}

fn unfounded() -> JudgeComplaint {
    let explanation = "The lift stood still for its yearly inspection, as the notice said".into();
    JudgeComplaint { founded: false, explanation, needs_survey: false }
}

fn to_plumbers(house: &House) -> ReferComplaint {
    ReferComplaint { team: house.firm.plumbers, reason: Some("Quality of the repair".into()) }
}

fn propose(text: &str) -> Propose {
    Propose { text: text.into(), cost: None }
}

fn carried_out(text: &str) -> CarryOut {
    CarryOut { text: text.into() }
}

fn refuses(reason: &str) -> RefuseResolution {
    RefuseResolution { name: "Mrs Chen".into(), reason: reason.into() }
}

/// Mrs Chen signs for what is shown.
fn signed(shown: &Complaint) -> AcceptResolution {
    let content = shown.content("Mrs Chen");
    let said = Said::Signed { digest: digest(&content).unwrap(), content, strokes: strokes() };
    AcceptResolution { name: "Mrs Chen".into(), relation: Some("owner".into()), opinion: None, said }
}

fn called(satisfied: bool) -> CallBack {
    CallBack { how: CallHow::Phone, satisfied: Some(satisfied), words: Some("as she says".into()) }
}

fn summed_up() -> Summarise {
    Summarise { class: None, cause: "Old part".into(), text: "A new seal holds".into() }
}

fn close(reason: Option<&str>) -> CloseComplaint {
    CloseComplaint { reason: reason.map(Into::into) }
}

/// The id that the journal gave the operation.
fn op(verdict: &Value) -> Uuid {
    verdict["id"].as_str().unwrap().parse().unwrap()
}

/// A measure is proposed and approved by the manager.
async fn approved(house: &House, id: ComplaintId) {
    let proposal = op(&house.li().await.perform(id, propose("A new seal for nothing")).await.applied());
    house.office("admin").await.perform(id, ApproveProposal { proposal, note: None }).await.applied();
}

/// A complaint of Mrs Chen's that is with the plumbers, with a measure approved.
async fn in_hand(house: &House, intake: Intake) -> ComplaintId {
    let (id, li) = (received(house, intake).await, house.li().await);
    li.perform(id, founded()).await.applied();
    li.perform(id, to_plumbers(house)).await.applied();
    approved(house, id).await;
    id
}

/// The complaint as the office reads it.
async fn complaint(house: &House, id: impl Into<Uuid>) -> Complaint {
    let found = house.office("admin").await.get(&format!("/v1/complaints/{}", id.into())).await;
    serde_json::from_value(found.body.clone()).unwrap_or_else(|error| panic!("{error}: {}", found.body))
}

fn shown(phone: &Handset, id: ComplaintId) -> Complaint {
    phone.get(id).unwrap().expect("on the phone")
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
        let line = format!("{verb:<15} {:<15} {}", verdict.status.as_str(), why.join(", "));
        lines.insert(entry.seq, line.trim_end().to_owned());
    }
    lines.into_values().collect::<Vec<_>>().join("\n")
}

/// The history as anybody can read it: what, by whom, and why it moved nothing.
fn steps(house: &House, complaint: &Complaint) -> String {
    let firm = house.firm;
    let known = [(firm.li, "li"), (firm.wang, "wang"), (firm.zhao, "zhao"), (firm.admin, "admin")];
    let name = |user| known.iter().find(|(id, _)| *id == user).map_or("?", |(_, name)| name);
    let lines = complaint.timeline.iter().map(|step| {
        let why = step.mark.overtaken.map(|flag| flag.as_str()).unwrap_or_default();
        format!("{:<20} {:<5} {why}", step.what, name(step.mark.by)).trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A number of the list, as the office reads it.
async fn listed(office: &Office, query: &str) -> Vec<Uuid> {
    let page = office.get(&format!("/v1/complaints?{query}")).await;
    let items = page.body["items"].as_array().unwrap_or_else(|| panic!("{}", page.body));
    items.iter().map(|item| item["record"]["id"].as_str().unwrap().parse().unwrap()).collect()
}

fn fresh(house: &House) -> ComplaintId {
    Id::new(house.clock.new_id())
}
