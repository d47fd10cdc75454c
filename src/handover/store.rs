//! SQL by which handovers are found.

use diesel::prelude::*;
use mobile_api::handover::Handover;
use uuid::Uuid;

use crate::db::{
    Conn, DbError, both,
    schema::handovers,
    types::{Micros, Uid},
};

/// Brings the columns of a handover up to date.
///
/// # Errors
/// The database's.
pub fn project(conn: &mut Conn, org: Uuid, handover: &Handover) -> Result<(), DbError> {
    let open = handovers::open.eq(handover.is_open());
    let upsert = diesel::insert_into(handovers::table)
        .values((
            handovers::org_id.eq(Uid(org)),
            handovers::id.eq(Uid::from(handover.id)),
            handovers::from_id.eq(Uid::from(handover.from)),
            handovers::to_id.eq(Uid::from(handover.to)),
            handovers::opened_at.eq(Micros::from(handover.opened.latest)),
            open,
        ))
        .on_conflict((handovers::org_id, handovers::id))
        .do_update()
        .set(open);
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}
