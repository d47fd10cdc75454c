//! Where the sequence of each device stands.

use diesel::{dsl::exists, prelude::*};
use mobile_api::time::Timestamp;
use uuid::Uuid;

use super::{signed, unsigned};
use crate::db::{
    Conn, DbError, Prepared, both,
    schema::{device_state, held},
    types::{Micros, Uid},
};

/// Where a device's sequence stands.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// The device.
    pub id: Uuid,
    /// Whose it is.
    pub user: Uuid,
    /// The number that its next operation should have.
    pub next_seq: u64,
    /// Whether it was taken out of use.
    pub revoked: bool,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// Whether anything waits in its organisation. Mostly nothing does, and then nothing need be looked for.
    pub any_held: bool,
}

impl DeviceRow {
    /// A device that is not there (any more).
    pub(in crate::operations) fn absent(id: Uuid, now: Timestamp) -> Self {
        Self { id, user: Uuid::nil(), next_seq: 0, revoked: true, registered_at: now, any_held: true }
    }
}

/// A device's row.
///
/// # Errors
/// The database's.
pub fn device(conn: &mut Conn, org: Uuid, id: Uuid) -> Result<Option<DeviceRow>, DbError> {
    let query = device_state::table.find((Uid(org), Uid(id))).select((
        device_state::user_id,
        device_state::next_seq,
        device_state::revoked,
        device_state::registered_at,
        exists(held::table.filter(held::org_id.eq(Uid(org)))),
    ));
    let row: Option<(Uid, i64, bool, Micros, bool)> = both!(conn, c => query.first(c).optional())?;
    Ok(row.map(|(user, next_seq, revoked, registered_at, any_held)| DeviceRow {
        id,
        user: user.0,
        next_seq: unsigned(next_seq),
        revoked,
        registered_at: registered_at.time(),
        any_held,
    }))
}

/// Moves a device's sequence on, if nobody else did meanwhile.
pub(in crate::operations) fn advance_device(
    conn: &mut Conn,
    org: Uuid,
    device: &DeviceRow,
    next_seq: u64,
    now: Timestamp,
) -> Result<(), DbError> {
    let update = diesel::update(
        device_state::table.find((Uid(org), Uid(device.id))).filter(device_state::next_seq.eq(signed(device.next_seq))),
    )
    .set((device_state::next_seq.eq(signed(next_seq)), device_state::last_seen_at.eq(Micros::from(now))))
    .returning(device_state::next_seq);
    let moved: Vec<i64> = both!(conn, c => Prepared(update).rows(c))?;
    if moved.len() == 1 { Ok(()) } else { Err(DbError::Conflict) }
}
