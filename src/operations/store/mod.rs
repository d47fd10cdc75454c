//! SQL of the ledger, a file for each table.

mod devices;
mod feed;
mod journal;
mod organisations;
mod records;

use uuid::Uuid;

pub(crate) use self::journal::read_verdict;
pub(super) use self::{
    devices::advance_device,
    feed::{drop_from_feed, in_scopes, touch_feed, upsert_feed},
    journal::{insert_clashes, insert_journal, revisions_by, update_verdict},
    organisations::{advance_series, found, hold_series, take_version},
    records::{NewRecord, StoredRecord, insert_records, load_records, update_record},
};
pub use self::{
    devices::{DeviceRow, device},
    journal::{Known, known},
    organisations::{epoch, founded_at, organisations, secret, version},
};
use crate::db::types::Uid;

/// Numbers of ours are below 2^63; the database has no unsigned ones.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of ours as the database gives it.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(crate) fn uids(ids: &[Uuid]) -> Vec<Uid> {
    ids.iter().copied().map(Uid).collect()
}
