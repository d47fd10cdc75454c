//! SQL of a device's sequence and standing.

use diesel::prelude::*;
use mobile_api::{device::Device, time::Timestamp};
use uuid::Uuid;

use crate::{
    access::{AccessError, revoke_device_sessions},
    db::{
        Conn, both,
        schema::device_state,
        types::{Micros, Uid},
    },
};

/// Writes the row by which pushes and requests of the device are judged; a revoked device is signed out.
///
/// # Errors
/// The database's.
pub fn project(conn: &mut Conn, org: Uuid, device: &Device, now: Timestamp) -> Result<(), AccessError> {
    let revoked = device.revoked.is_some();
    let upsert = diesel::insert_into(device_state::table)
        .values((
            device_state::org_id.eq(Uid(org)),
            device_state::device_id.eq(Uid::from(device.id)),
            device_state::user_id.eq(Uid::from(device.user)),
            device_state::next_seq.eq(1),
            device_state::revoked.eq(revoked),
            device_state::registered_at.eq(Micros::from(device.registered_at)),
            device_state::last_seen_at.eq(Micros::from(now)),
        ))
        .on_conflict((device_state::org_id, device_state::device_id))
        .do_update()
        .set(device_state::revoked.eq(revoked));
    both!(conn, c => upsert.execute(c))?;
    if revoked {
        revoke_device_sessions(conn, org, device.id.uuid(), now)?;
    }
    Ok(())
}
