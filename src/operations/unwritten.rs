//! What this transaction has decided and not written yet, for rules that ask about other orders: a push may carry a
//! whole day, and what comes of it must not depend on how the day was cut into pushes.

use std::ops::Range;

use mobile_api::{
    asset::Asset,
    ids::AssetId,
    operation::{OpenOrder, OtherLabour, Subject},
    record::Record,
    return_visit::ReturnVisit,
    time::Timestamp,
    work_order::{Status, WorkOrder},
};
use uuid::Uuid;

use super::ledger::Ledger;

/// A technician's other working times within `span`: those stored, without those taken back meanwhile, and with those
/// added.
pub(super) fn labour(
    ledger: &Ledger<'_>,
    mut known: Vec<OtherLabour>,
    technician: Uuid,
    span: Range<Timestamp>,
) -> Vec<OtherLabour> {
    for order in changed_orders(ledger) {
        for entry in order.labour.iter().filter(|entry| entry.by.uuid() == technician) {
            let overlaps = entry.void.is_none() && entry.from < span.end && entry.until > span.start;
            known.retain(|other| other.op != entry.op);
            if overlaps {
                known.push(OtherLabour { work_order: order.id.uuid(), op: entry.op });
            }
        }
    }
    known.sort_unstable_by_key(|other| other.op);
    known
}

/// Orders that are open for a unit or an asset, as they stand now.
pub(super) fn open_orders(ledger: &Ledger<'_>, mut known: Vec<OpenOrder>, about: &Subject) -> Vec<OpenOrder> {
    for order in changed_orders(ledger) {
        known.retain(|other| other.work_order != order.id);
        if order.is_at(about) && !order.status().is_over() {
            let (order_type, received_at) = (order.order_type.uuid(), order.called_at);
            known.push(OpenOrder { work_order: order.id, about: Subject::of(order), order_type, received_at });
        }
    }
    known.sort_unstable_by_key(|other| (std::cmp::Reverse(other.received_at), other.work_order));
    known
}

/// The orders about an asset, as they stand now.
pub(super) fn faults(ledger: &Ledger<'_>, mut known: Vec<OpenOrder>, asset: AssetId) -> Vec<OpenOrder> {
    for order in changed_orders(ledger) {
        known.retain(|other| other.work_order != order.id);
        if order.asset == Some(asset) && order.plan.is_none() && order.status() != Status::Cancelled {
            let (order_type, received_at) = (order.order_type.uuid(), order.called_at);
            known.push(OpenOrder { work_order: order.id, about: Subject::of(order), order_type, received_at });
        }
    }
    known.sort_unstable_by_key(|other| (std::cmp::Reverse(other.received_at), other.work_order));
    known
}

/// How many orders a technician has that are not finished, as they stand now.
pub(super) fn open_of(ledger: &Ledger<'_>, mut known: Vec<Uuid>, technician: Uuid) -> u64 {
    for order in changed_orders(ledger) {
        known.retain(|other| *other != order.id.uuid());
        let theirs = order.technician().is_some_and(|user| user.uuid() == technician);
        if theirs && order.status() < Status::Finished {
            known.push(order.id.uuid());
        }
    }
    known.len() as u64
}

/// Assets that this transaction has changed so far.
pub(super) fn assets<'l>(ledger: &'l Ledger<'_>) -> impl Iterator<Item = &'l Asset> {
    ledger.records.values().filter(|entry| entry.is_dirty()).filter_map(|entry| match entry.live() {
        Some(Record::Asset(asset)) => Some(asset),
        _ => None,
    })
}

/// Return visits that this transaction has changed so far.
pub(super) fn visits<'l>(ledger: &'l Ledger<'_>) -> impl Iterator<Item = &'l ReturnVisit> {
    ledger.records.values().filter(|entry| entry.is_dirty()).filter_map(|entry| match entry.live() {
        Some(Record::ReturnVisit(visit)) => Some(visit),
        _ => None,
    })
}

/// Orders that this transaction has changed so far.
pub(super) fn changed_orders<'l>(ledger: &'l Ledger<'_>) -> impl Iterator<Item = &'l WorkOrder> {
    ledger.records.values().filter(|entry| entry.is_dirty()).filter_map(|entry| match entry.live() {
        Some(Record::WorkOrder(order)) => Some(order),
        _ => None,
    })
}
