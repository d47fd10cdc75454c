//! The database goes away and comes back, while the server stays up.

use std::time::{Duration, Instant};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

use super::*;
use crate::harness::{Backend, World};

/// Asks the server in every way there is, and answers what it said.
async fn ask(li: &Office, device: Uuid, order: Uuid) -> [Answer; 4] {
    let (address, note) = (format!("/v1/work-orders/{order}/note"), json!({ "text": "asked" }));
    let pull = json!({ "device": device, "schema": 1 });
    let operations = [operation(Uuid::from_u128(7), "work_order.note", order, json!({ "text": "pushed" }))];
    let reading = li.post("/v1/sync/pull", &pull);
    let writing = li.post(&address, &note);
    let pushing = li.push(device, &operations);
    let (read, write, push, ready) = tokio::join!(reading, writing, pushing, li.get("/health/ready"));
    [read, write, push, ready]
}

/// "Not now, but soon": for machines and for people, and without a word about why.
#[track_caller]
fn not_now(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(problem(answer, "an outage"), "unavailable");
    let wait: u32 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_goes_away_and_comes_back() {
    let house = House::on(Backend::Postgres).await;
    let order = house.request(house.firm.check_up).await;
    let (li, device) = device(&house, "li").await;
    let before = version(&house).await;
    house.db.cut(false);
    for answer in &ask(&li, device, order.uuid()).await {
        not_now(answer);
    }
    assert_eq!(li.get("/health/live").await.status, 200, "nobody should restart it");
    house.db.cut(true);
    for answer in &ask(&li, device, order.uuid()).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(version(&house).await, before + 2, "what could not be answered was not done");
    // Connections that die while nobody uses them are not noticed by anybody.
    house.db.cut(true);
    alive(&house).await;
}

/// Somebody holds the file: a backup that went wrong, an administrator with a shell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sqlite_file_is_locked_by_somebody_else() {
    let house = House::on(Backend::Sqlite).await;
    let order = house.request(house.firm.check_up).await;
    let (li, device) = device(&house, "li").await;
    let before = version(&house).await;
    assert_eq!(li.get("/health/ready").await.status, 200);
    let file = house.db.options().data_dir.join("doorstep.sqlite3");
    let mut other = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let started = Instant::now();
    let (address, note) = (format!("/v1/work-orders/{order}/note"), json!({ "text": "asked" }));
    let pull = json!({ "device": device, "schema": 1 });
    let (reading, writing) = (li.post("/v1/sync/pull", &pull), li.post(&address, &note));
    // Enough probes at once that each worker of the server answers some.
    let probes = futures_util::future::join_all((0..8).map(|_| li.get("/health/ready")));
    let (read, write, ready) = tokio::join!(reading, writing, probes);
    assert!(started.elapsed() < Duration::from_secs(20), "patience has an end");
    assert_eq!(read.status, 200, "reading goes on");
    assert!(ready.iter().all(|probe| probe.status == 200), "nobody should stop sending requests");
    not_now(&write);
    other.batch_execute("ROLLBACK").unwrap();
    for answer in &ask(&li, device, order.uuid()).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(version(&house).await, before + 2);
    alive(&house).await;
}
