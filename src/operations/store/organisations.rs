//! Organisations: their version, their secret, the numbers they give out.

use diesel::prelude::*;
use mobile_api::time::Timestamp;
use uuid::Uuid;

use super::unsigned;
use crate::{
    db::{
        Conn, DbError, Prepared, both,
        schema::{counters, organisations},
        types::{Micros, Uid},
    },
    operations::DoorError,
};

/// Makes the organisation's row.
pub(in crate::operations) fn found(
    conn: &mut Conn,
    org: Uuid,
    slug: &str,
    epoch: Uuid,
    secret: &[u8],
    now: Timestamp,
) -> Result<(), DoorError> {
    let taken = organisations::table.filter(organisations::slug.eq(slug)).count();
    let taken: i64 = both!(conn, c => taken.get_result(c))?;
    if taken > 0 {
        return Err(DoorError::SlugTaken);
    }
    let insert = diesel::insert_into(organisations::table).values((
        organisations::id.eq(Uid(org)),
        organisations::slug.eq(slug),
        organisations::epoch.eq(Uid(epoch)),
        organisations::secret.eq(secret),
        organisations::version.eq(0),
        organisations::horizon.eq(0),
        organisations::created_at.eq(Micros::from(now)),
    ));
    both!(conn, c => insert.execute(c))?;
    Ok(())
}

/// Every organisation: id and short name.
///
/// # Errors
/// The database's.
pub fn organisations(conn: &mut Conn) -> Result<Vec<(Uuid, String)>, DbError> {
    let query = organisations::table.select((organisations::id, organisations::slug)).order(organisations::slug);
    let rows: Vec<(Uid, String)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(id, slug)| (id.0, slug)).collect())
}

/// When it was founded; `None` if there is no such organisation.
///
/// # Errors
/// The database's.
pub fn founded_at(conn: &mut Conn, org: Uuid) -> Result<Option<Timestamp>, DbError> {
    let query = organisations::table.find(Uid(org)).select(organisations::created_at);
    let at: Option<Micros> = both!(conn, c => query.get_result(c).optional())?;
    Ok(at.map(Micros::time))
}

/// The organisation's version: the number of its last committed write.
///
/// # Errors
/// The database's; `NotFound` if there is no such organisation.
pub fn version(conn: &mut Conn, org: Uuid) -> Result<u64, DbError> {
    let query = organisations::table.find(Uid(org)).select(organisations::version);
    let version: i64 = both!(conn, c => query.get_result(c))?;
    Ok(unsigned(version))
}

/// The data set that cursors belong to.
///
/// # Errors
/// The database's.
pub fn epoch(conn: &mut Conn, org: Uuid) -> Result<Uuid, DbError> {
    let query = organisations::table.find(Uid(org)).select(organisations::epoch);
    let epoch: Uid = both!(conn, c => query.get_result(c))?;
    Ok(epoch.0)
}

/// The organisation's secret, with which the server authenticates what it gave out.
///
/// # Errors
/// The database's; `NotFound` if there is no such organisation.
pub fn secret(conn: &mut Conn, org: Uuid) -> Result<Vec<u8>, DbError> {
    let query = organisations::table.find(Uid(org)).select(organisations::secret);
    Ok(both!(conn, c => query.get_result(c))?)
}

/// Takes the next version. From here until the commit, other writers of the organisation wait.
pub(in crate::operations) fn take_version(conn: &mut Conn, org: Uuid) -> Result<u64, DbError> {
    let update = diesel::update(organisations::table.find(Uid(org)))
        .set(organisations::version.eq(organisations::version + 1))
        .returning(organisations::version);
    let version: Vec<i64> = both!(conn, c => Prepared(update).rows(c))?;
    version.first().copied().map(unsigned).ok_or_else(|| diesel::result::Error::NotFound.into())
}

/// The last number that a series has given out, 0 at first. From here until the commit nobody else takes one.
pub(in crate::operations) fn hold_series(conn: &mut Conn, org: Uuid, name: &str) -> Result<i64, DbError> {
    let upsert = diesel::insert_into(counters::table)
        .values((counters::org_id.eq(Uid(org)), counters::name.eq(name), counters::value.eq(0)))
        .on_conflict((counters::org_id, counters::name))
        .do_update()
        .set(counters::value.eq(counters::value))
        .returning(counters::value);
    Ok(both!(conn, c => upsert.get_result(c))?)
}

/// Notes the last number that was given out of a series that is held.
pub(in crate::operations) fn advance_series(conn: &mut Conn, org: Uuid, name: &str, last: i64) -> Result<(), DbError> {
    let update = diesel::update(counters::table.find((Uid(org), name))).set(counters::value.eq(last));
    both!(conn, c => update.execute(c))?;
    Ok(())
}
