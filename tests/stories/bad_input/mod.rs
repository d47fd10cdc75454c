//! Malformed, hostile and unlucky input: whatever comes, the answer is a clear problem document, the server stays up,
//! and nothing is half-stored.

mod conformance;
mod foreign;
mod http;
mod outage;
mod poison;
mod shapes;
mod texts;
mod twice;

use std::path::PathBuf;

use doorstep::operations::{DoorError, reading, store};
use mobile_api::{Actor, Kind, Ref};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, House, Office};

/// A file of the collection of hostile input that lies beside the repository.
pub(crate) fn conformance(path: &str) -> PathBuf {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/conformance");
    let folder = std::env::var_os("DOORSTEP_TEST_CONFORMANCE").map_or(beside, PathBuf::from);
    let path = folder.join(path);
    assert!(
        path.exists(),
        "{} is missing: these tests need JSONTestSuite and the Big List of Naughty Strings in a folder \
         ../shared/data/conformance beside the repository, or where DOORSTEP_TEST_CONFORMANCE says",
        path.display()
    );
    path
}

/// What every refusal must look like, whoever made it. Answers its code.
#[track_caller]
fn refused(answer: &Answer, what: &str) -> String {
    let status = answer.status.as_u16();
    assert!((400..500).contains(&status), "{what}: {status} {}", answer.body);
    problem(answer, what)
}

/// A problem document, complete and with nothing of our insides in it.
#[track_caller]
fn problem(answer: &Answer, what: &str) -> String {
    let body = &answer.body;
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}: {body}");
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert!(body["instance"].as_str().is_some_and(|instance| instance.contains(id)), "{what}: {body}");
    assert_eq!(body["status"], answer.status.as_u16(), "{what}: {body}");
    assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()), "{what}: {body}");
    let text = body.to_string();
    for inside in ["diesel", "sqlite", "SQLite", "postgres", "src/", ".rs", "panick"] {
        assert!(!text.contains(inside), "{what} shows its inside: {text}");
    }
    body["code"].as_str().unwrap_or_else(|| panic!("{what}: no code in {body}")).to_owned()
}

/// The version of the firm: it stays as long as nothing is stored.
async fn version(house: &House) -> u64 {
    let org = house.firm.org;
    house.db.read(move |conn| store::version(conn, org)).await.unwrap()
}

/// Records as the server holds them.
async fn records(house: &House, wanted: Vec<Ref>) -> Vec<Option<Value>> {
    let actor = Actor::system(house.firm.org);
    let read = move |conn: &mut doorstep::db::Conn| {
        let found = wanted.iter().map(|about| Ok(reading::visible(conn, &actor, *about)?.map(|found| found.body)));
        found.collect::<Result<Vec<_>, DoorError>>()
    };
    let bodies = house.db.read(read).await.unwrap();
    bodies.into_iter().map(|body| body.map(|body| serde_json::from_str(&body).unwrap())).collect()
}

async fn record(house: &House, kind: Kind, id: impl Into<Uuid>) -> Value {
    records(house, vec![Ref::new(kind, id)]).await.remove(0).expect("it exists")
}

/// The server works as it did.
async fn alive(house: &House) {
    let order = house.request(house.firm.check_up).await;
    house.li().await.post(&format!("/v1/work-orders/{order}/note"), &json!({ "text": "still here" })).await.applied();
}

/// An operation as a device sends it.
fn operation(id: Uuid, op_type: &str, entity: impl Into<Uuid>, payload: Value) -> Value {
    json!({ "id": id, "type": op_type, "entity": entity.into(), "payload": payload })
}

/// Sends bytes, whatever they are.
async fn send(office: &Office, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = office.client.post(format!("{}{path}", office.base));
    office.send(request.header("content-type", "application/json").body(body)).await
}

/// An account with a device of its own.
async fn device(house: &House, login: &str) -> (Office, Uuid) {
    let (office, device) = (house.office(login).await, house.clock.new_id());
    office.register(device).await;
    (office, device)
}
