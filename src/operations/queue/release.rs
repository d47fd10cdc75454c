//! What is held: how it is put by, and the end of its time.

use std::sync::Arc;

use mobile_api::{Actor, evidence::When, refusal::Problem, time::Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Queue, retry};
use crate::{
    db::Conn,
    operations::{
        DoorError, Holds, Incoming, Outcome,
        judge::{self, Item},
        ledger::Ledger,
        store::{self, DeviceRow},
        waiting::{self, HeldRow},
    },
};

/// Who recorded a held operation and when, as judged on arrival: later evidence must not change it.
#[derive(Serialize, Deserialize)]
pub(super) struct HeldContext {
    pub(super) when: When,
    pub(super) actor: Actor,
}

pub(super) fn held_item(row: HeldRow) -> Result<Item, DoorError> {
    let corrupt = |cause| DoorError::Corrupt { what: "held operation", cause };
    let context: HeldContext = serde_json::from_str(&row.context).map_err(corrupt)?;
    let raw = RawValue::from_string(row.body).map_err(corrupt)?;
    let device = row.device.unwrap_or_default();
    let incoming = Incoming::read(raw, device);
    Ok(Item {
        incoming: Arc::new(Incoming { id: row.op, ..incoming }),
        actor: context.actor,
        device: row.device,
        when: context.when,
        received_at: row.received_at,
        was_held: true,
        flags: Vec::new(),
    })
}

/// Ends a hold whose time is up. What waited for an earlier operation is applied, flagged; what waited for another
/// operation or its group is kept.
pub(in crate::operations) fn release(
    conn: &mut Conn,
    org: Uuid,
    operation: Uuid,
    now: Timestamp,
    holds: Holds,
) -> Result<Outcome, DoorError> {
    let Some(row) = waiting::held_one(conn, org, operation)?.filter(|row| row.until <= now) else {
        return Ok(Outcome { verdicts: Vec::new(), version: store::version(conn, org)?, after: Default::default() });
    };
    let for_sequence = row.waits_for.starts_with("seq:");
    let device_id = row.device.unwrap_or_default();
    let device = store::device(conn, org, device_id)?.unwrap_or_else(|| DeviceRow::absent(device_id, now));
    let mut item = held_item(row)?;
    let next_seq = device.next_seq;
    let mut queue = Queue::new(Ledger::new(conn, org, now), device, holds);
    if for_sequence {
        item.flags.push(judge::earlier_missing());
        let seq = item.seq;
        // Whatever came before is given up; the next ones need not wait as well.
        queue.next_seq = seq.map_or(next_seq, |seq| next_seq.max(seq + 1));
        queue.settled.insert(item.id, retry(item.id));
        let mut due = vec![item];
        due.extend(queue.next_in_sequence(Vec::new())?);
        queue.settled.clear();
        queue.form_units(due)?;
    } else {
        queue.keep(&[item], &Problem::new("dependency_missing", "what it waited for never came"))?;
    }
    queue.drain()?;
    queue.answer(&[], Default::default())
}
