//! SQL by which tables learn what records are called.

use std::collections::HashSet;

use diesel::prelude::*;
use mobile_api::record::{Kind, Record, Scope};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{feed, records},
        types::Uid,
    },
    operations::{DoorError, store::uids},
};

/// Records of one kind by their ids, whoever may see them.
///
/// # Errors
/// The database's; a record that cannot be read.
pub(super) fn records(conn: &mut Conn, org: Uuid, kind: Kind, ids: &[Uuid]) -> Result<Vec<Record>, DoorError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let query = records::table
            .filter(records::org_id.eq(Uid(org)))
            .filter(records::kind.eq(kind.as_str()))
            .filter(records::id.eq_any(uids(some)))
            .select(records::body);
        let bodies: Vec<String> = both!(conn, c => query.load(c))?;
        for body in bodies {
            found.push(Record::from_json(kind, &body).map_err(|cause| DoorError::Corrupt { what: "record", cause })?);
        }
    }
    Ok(found)
}

/// Which of these records one of the scopes holds.
///
/// # Errors
/// The database's.
pub(super) fn held(
    conn: &mut Conn,
    org: Uuid,
    scopes: &[Scope],
    kind: Kind,
    ids: &[Uuid],
) -> Result<HashSet<Uuid>, DbError> {
    let scopes: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    let mut found = HashSet::new();
    for some in ids.chunks(500) {
        let query = feed::table
            .filter(feed::org_id.eq(Uid(org)))
            .filter(feed::kind.eq(kind.as_str()))
            .filter(feed::id.eq_any(uids(some)))
            .filter(feed::scope.eq_any(scopes.clone()))
            .filter(feed::refs.gt(0))
            .select(feed::id);
        let held: Vec<Uid> = both!(conn, c => query.load(c))?;
        found.extend(held.into_iter().map(Uuid::from));
    }
    Ok(found)
}
