//! SQL of calendars: whose a code is, and when records were last changed.

use std::collections::HashMap;

use diesel::{dsl::max, prelude::*};
use mobile_api::{
    Actor, Id,
    directory::{Organisation, User},
    record::Kind,
    time::Timestamp,
};
use uuid::Uuid;

use super::code::FeedCode;
use crate::{
    db::{
        Conn, DbError, both,
        schema::{journal, organisations},
        types::Uid,
    },
    operations::{
        DoorError, reading,
        store::{secret, uids},
    },
};

/// Whose calendar it is.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    /// Their firm.
    pub(super) firm: Organisation,
    /// Their account.
    pub(super) user: User,
}

/// The code of an account's calendar.
///
/// # Errors
/// The database's.
pub(super) fn code(conn: &mut Conn, org: Uuid, user: &User) -> Result<FeedCode, DbError> {
    Ok(FeedCode::of(&secret(conn, org)?, Id::new(org), user))
}

/// Whose calendar a code leads to; nobody's, if it was guessed or taken back.
///
/// # Errors
/// The database's; a record that cannot be read.
pub(super) fn find(conn: &mut Conn, code: FeedCode) -> Result<Option<Holder>, DoorError> {
    let query = organisations::table.find(Uid(code.org())).select(organisations::secret);
    let secret: Option<Vec<u8>> = both!(conn, c => query.first(c).optional())?;
    let Some(secret) = secret else { return Ok(None) };
    let system = Actor::system(code.org());
    let user: Option<User> = reading::record(conn, &system, code.user())?;
    let firm: Option<Organisation> = reading::record(conn, &system, Id::new(code.org()))?;
    let holder = user.zip(firm).map(|(user, firm)| Holder { firm, user });
    Ok(holder.filter(|holder| code.is(&FeedCode::of(&secret, holder.firm.id, &holder.user))))
}

/// When something was last received about each of these records. What only came about with others is not among them.
///
/// # Errors
/// The database's.
pub(super) fn changed_at(
    conn: &mut Conn,
    org: Uuid,
    kind: Kind,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Timestamp>, DbError> {
    let mut found = HashMap::new();
    for some in ids.chunks(500) {
        let query = journal::table
            .filter(journal::org_id.eq(Uid(org)))
            .filter(journal::kind.eq(kind.as_str()))
            .filter(journal::entity_id.eq_any(uids(some)))
            .group_by(journal::entity_id)
            .select((journal::entity_id, max(journal::received_at)));
        let rows: Vec<(Uid, Option<i64>)> = both!(conn, c => query.load(c))?;
        let instant = |(id, at): (Uid, Option<i64>)| Some((id.0, Timestamp::from_timestamp_micros(at?)?));
        found.extend(rows.into_iter().filter_map(instant));
    }
    Ok(found)
}
