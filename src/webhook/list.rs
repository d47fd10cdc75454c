//! SQL by which webhooks are listed.

use diesel::prelude::*;
use mobile_api::{Actor, record::Kind};

use crate::{
    db::{
        Conn, DbError, both,
        schema::{records, webhooks},
        types::Uid,
    },
    operations::store::unsigned,
    paging::{Ask, Listed, found},
    sight::{Sight, narrow},
};

type Row = (Uid, i64, String);

/// Webhooks that the actor may see, oldest first.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, actor: &Actor, ask: &Ask<()>) -> Result<Vec<Listed<()>>, DbError> {
    if !matches!(Sight::of(actor, Kind::Webhook), Sight::All) {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = both!(conn, c => {
        let mut query = found!(webhooks, Kind::Webhook, actor.org)
            .order(webhooks::id)
            .limit(ask.rows())
            .select((webhooks::id, records::rev, records::body))
            .into_boxed();
        narrow!(query: ask.after => |place| webhooks::id.gt(Uid(place.1)););
        query.load(c)
    })?;
    let listed = |(id, rev, body): Row| Listed { place: ((), id.0), rev: unsigned(rev), body, last_seen_at: None };
    Ok(rows.into_iter().map(listed).collect())
}
