//! SQL by which devices are listed.

use diesel::prelude::*;
use mobile_api::{Actor, record::Kind};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{device_state, records},
        types::{Micros, Uid},
    },
    operations::store::unsigned,
    paging::{Ask, Listed},
    sight::{Sight, narrow},
};

/// Which devices are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeviceFilter {
    /// The account that uses it.
    pub user: Option<Uuid>,
    /// Whether it was taken out of use.
    pub revoked: Option<bool>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most devices of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

type Row = (i64, Uid, Micros, i64, String);

/// Devices that fit the filter and that the actor may see, newest first.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    actor: &Actor,
    filter: &DeviceFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Listed<i64>>, DbError> {
    let own = match Sight::of(actor, Kind::Device) {
        Sight::All => None,
        Sight::Own(user) => Some(user),
        Sight::Sites(_) | Sight::Nothing => return Ok(Vec::new()),
    };
    let rows: Vec<Row> = both!(conn, c => {
        let mut query = device_state::table
            .inner_join(
                records::table.on(records::org_id
                    .eq(device_state::org_id)
                    .and(records::kind.eq(Kind::Device.as_str()))
                    .and(records::id.eq(device_state::device_id))),
            )
            .filter(device_state::org_id.eq(Uid(actor.org)))
            .order((device_state::registered_at.desc(), device_state::device_id.desc()))
            .limit(ask.rows())
            .select((
                device_state::registered_at,
                device_state::device_id,
                device_state::last_seen_at,
                records::rev,
                records::body,
            ))
            .into_boxed();
        narrow!(query:
            own => |user| device_state::user_id.eq(user);
            filter.user => |id| device_state::user_id.eq(Uid(id));
            filter.revoked => |revoked| device_state::revoked.eq(revoked);
            ask.after => |place| device_state::registered_at
                .le(place.0)
                .and(device_state::registered_at.lt(place.0).or(device_state::device_id.lt(Uid(place.1))));
        );
        query.load(c)
    })?;
    let listed = |(at, id, seen, rev, body): Row| Listed {
        place: (at, id.0),
        rev: unsigned(rev),
        body,
        last_seen_at: Some(seen.time()),
    };
    Ok(rows.into_iter().map(listed).collect())
}
