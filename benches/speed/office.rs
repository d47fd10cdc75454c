//! What the office's questions cost in a large firm: which deadlines have fallen due, and who can go.

use std::time::Instant;

use doorstep::{
    db::{Conn, DbError, SqliteWriter},
    operations::DoorError,
    work_order::{candidates::propose, store::watch_due},
};
use mobile_api::{record::Kind, work_order::WorkOrder};
use rusqlite::{Connection, params};

use crate::{
    Options,
    house::{House, Size, order, org},
    median,
    table::{Table, Target},
};

/// Deadlines that have fallen due when the watcher looks.
const DUE: usize = 100;

pub fn run(_: &Options, table: &mut Table) {
    let (few, many) = (tick(1_000), tick(1_000_000));
    table.figure("Deadlines: 100 of 1,000 open orders have fallen due, found in", few, "ms");
    table.figure("Deadlines: 100 of 1,000,000 open orders have fallen due, found in", many, "ms");
    table.promised("Deadlines: the same tick with 1,000,000 ÷ 1,000 open orders", many / few, "×", Target::AtMost(1.5));
    table.promised("Who can go, among 1,000 technicians with 5,000 orders", proposal(), "ms", Target::AtMost(20.0));
}

/// Milliseconds to find what has fallen due among so many open orders.
fn tick(open: i64) -> f64 {
    let house = House::sqlite(Size { technicians: 1, orders: 1 }, SqliteWriter::GroupCommit);
    let now = house.state().clock.now();
    let conn = Connection::open(house.file()).expect("the file opens");
    let fill = "INSERT INTO work_orders (org_id, id, status, order_type_id, site_id, priority, received_at, deadline, due_at, watch_at)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
        SELECT ?1, randomblob(16), 'assigned', ?1, ?1, 'normal', i, 'running', ?3 + i, ?3 + (i - ?4) * 1000000 FROM n";
    let micros = now.timestamp_micros();
    conn.execute(fill, params![org().as_bytes().as_slice(), open, micros, DUE as i64]).expect("rows");
    drop(conn);
    let mut times: Vec<f64> = (0..50)
        .map(|_| {
            let look = move |conn: &mut Conn| {
                let begun = Instant::now();
                let due = watch_due(conn, now, 500)?;
                assert!((DUE..=DUE + 1).contains(&due.len()), "{}", due.len());
                Ok::<_, DbError>(begun.elapsed().as_secs_f64() * 1e3)
            };
            house.wait_for(house.state().db.read(look)).expect("an answer")
        })
        .collect();
    median(&mut times)
}

/// Milliseconds to rank everybody for an order.
fn proposal() -> f64 {
    let house = House::sqlite(Size { technicians: 1_000, orders: 5 }, SqliteWriter::GroupCommit);
    let conn = Connection::open(house.file()).expect("the file opens");
    let body = "SELECT body FROM records WHERE org_id = ?1 AND kind = ?2 AND id = ?3";
    let (org, id) = (org(), order(7, 3));
    let keys = params![org.as_bytes().as_slice(), Kind::WorkOrder.as_str(), id.as_bytes().as_slice()];
    let body: String = conn.query_row(body, keys, |row| row.get(0)).expect("an order");
    let order: WorkOrder = serde_json::from_str(&body).expect("an order");
    let now = house.state().clock.now();
    let mut times: Vec<f64> = (0..30)
        .map(|_| {
            let order = order.clone();
            let rank = move |conn: &mut Conn| {
                let begun = Instant::now();
                let proposal = propose(conn, org, &order, now)?;
                assert_eq!(proposal.candidates.len(), 1_000);
                Ok::<_, DoorError>(begun.elapsed().as_secs_f64() * 1e3)
            };
            house.wait_for(house.state().db.read(rank)).expect("an answer")
        })
        .collect();
    median(&mut times)
}
