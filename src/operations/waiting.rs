//! SQL of what waits: for an earlier operation of its device, for another operation, for the rest of its group.

use std::collections::HashSet;

use diesel::prelude::*;
use mobile_api::{sync::VerdictStatus, time::Timestamp};
use uuid::Uuid;

use super::{
    ledger::{Standing, Waiting},
    store::{signed, unsigned},
};
use crate::db::{
    Conn, DbError, both,
    schema::{device_state, held, journal},
    types::{Micros, Uid},
};

/// An operation that waits, with what it said.
#[derive(Debug)]
pub(super) struct HeldRow {
    pub(super) op: Uuid,
    pub(super) waits_for: String,
    pub(super) device: Option<Uuid>,
    pub(super) until: Timestamp,
    pub(super) context: String,
    pub(super) body: String,
    pub(super) received_at: Timestamp,
}

type HeldColumns = (Uid, String, Option<Uid>, Micros, String, String, Micros);

/// What an operation waits for that comes too early in its device's sequence.
pub(super) fn sequence_of(device: Uuid) -> String {
    format!("seq:{device}")
}

#[diesel::dsl::auto_type]
fn held_rows() -> _ {
    held::table.inner_join(journal::table.on(journal::org_id.eq(held::org_id).and(journal::op_id.eq(held::op_id))))
}

#[diesel::dsl::auto_type]
fn held_columns() -> _ {
    (held::op_id, held::waits_for, held::device_id, held::until, held::context, journal::body, journal::received_at)
}

fn held_row((op, waits_for, device, until, context, body, received_at): HeldColumns) -> HeldRow {
    let device = device.map(|device| device.0);
    HeldRow { op: op.0, waits_for, device, until: until.time(), context, body, received_at: received_at.time() }
}

/// Operations that wait for one of these, in the order of their sequence.
pub(super) fn held(conn: &mut Conn, org: Uuid, waits_for: &[String]) -> Result<Vec<HeldRow>, DbError> {
    let ours = held_rows().filter(held::org_id.eq(Uid(org)));
    let rows: Vec<HeldColumns> = if let [reason] = waits_for {
        let query = ours.filter(held::waits_for.eq(reason)).order((held::seq, held::op_id)).select(held_columns());
        both!(conn, c => query.load(c))?
    } else {
        let query =
            ours.filter(held::waits_for.eq_any(waits_for)).order((held::seq, held::op_id)).select(held_columns());
        both!(conn, c => query.load(c))?
    };
    Ok(rows.into_iter().map(held_row).collect())
}

/// One that waits.
pub(super) fn held_one(conn: &mut Conn, org: Uuid, op: Uuid) -> Result<Option<HeldRow>, DbError> {
    let query = held_rows().filter(held::org_id.eq(Uid(org))).filter(held::op_id.eq(Uid(op))).select(held_columns());
    let row: Option<HeldColumns> = both!(conn, c => query.first(c).optional())?;
    Ok(row.map(held_row))
}

pub(super) fn upsert_held(conn: &mut Conn, org: Uuid, waiting: &Waiting) -> Result<(), DbError> {
    let until = Micros::from(waiting.until);
    let upsert = diesel::insert_into(held::table)
        .values((
            held::org_id.eq(Uid(org)),
            held::op_id.eq(Uid(waiting.op)),
            held::waits_for.eq(&waiting.waits_for),
            held::device_id.eq(waiting.device.map(Uid)),
            held::seq.eq(waiting.seq.map(signed)),
            held::until.eq(until),
            held::context.eq(&waiting.context),
        ))
        .on_conflict((held::org_id, held::op_id))
        .do_update()
        .set((held::waits_for.eq(&waiting.waits_for), held::until.eq(until)));
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

pub(super) fn delete_held(conn: &mut Conn, org: Uuid, ops: &[Uuid]) -> Result<(), DbError> {
    for op in ops {
        let delete = diesel::delete(held::table.find((Uid(org), Uid(*op))));
        both!(conn, c => delete.execute(c))?;
    }
    Ok(())
}

/// Whether something waits for what was settled here, or is due in the device's sequence, that was not seen.
pub(super) fn missed_waiting(
    conn: &mut Conn,
    org: Uuid,
    standing: &Standing,
    settled: &[Uuid],
) -> Result<bool, DbError> {
    let mut reasons: Vec<String> = settled.iter().map(|op| format!("op:{op}")).collect();
    let sequence = sequence_of(standing.device);
    if standing.next_seq != standing.expected {
        reasons.push(sequence.clone());
    }
    let query = held::table
        .filter(held::org_id.eq(Uid(org)))
        .filter(held::waits_for.eq_any(&reasons))
        .filter(held::waits_for.ne(&sequence).or(held::seq.le(signed(standing.next_seq))))
        .select(held::op_id);
    let waiting: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(waiting.iter().any(|op| !standing.seen.contains(&op.0)))
}

/// Whether something that is being held waits for what has arrived meanwhile.
pub(super) fn missed_arrival(
    conn: &mut Conn,
    org: Uuid,
    standing: &Standing,
    waiting: &[Waiting],
) -> Result<bool, DbError> {
    if waiting.is_empty() {
        return Ok(false);
    }
    let next_seq = {
        let query = device_state::table.find((Uid(org), Uid(standing.device))).select(device_state::next_seq);
        both!(conn, c => query.first::<i64>(c).optional())?
    };
    if next_seq.is_some_and(|next_seq| unsigned(next_seq) > standing.next_seq) {
        return Ok(true);
    }
    let ours: HashSet<Uuid> = waiting.iter().map(|waiting| waiting.op).collect();
    let groups: Vec<&str> = waiting
        .iter()
        .map(|waiting| waiting.waits_for.as_str())
        .filter(|reason| reason.starts_with("group:"))
        .collect();
    let query =
        held::table.filter(held::org_id.eq(Uid(org))).filter(held::waits_for.eq_any(groups)).select(held::op_id);
    let others: Vec<Uid> = both!(conn, c => query.load(c))?;
    if others.iter().any(|op| !ours.contains(&op.0) && !standing.seen.contains(&op.0)) {
        return Ok(true);
    }
    let needed = waiting.iter().filter_map(|waiting| waiting.waits_for.strip_prefix("op:")?.parse().ok());
    let needed: Vec<Uid> = needed.map(Uid).collect();
    let query = journal::table
        .filter(journal::org_id.eq(Uid(org)))
        .filter(journal::op_id.eq_any(needed))
        .filter(journal::status.ne(VerdictStatus::Held.as_str()))
        .count();
    let arrived: i64 = both!(conn, c => query.get_result(c))?;
    Ok(arrived > 0)
}
