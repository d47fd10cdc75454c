//! The feed: which record is in which scope, and since when.

use std::collections::BTreeMap;

use diesel::{prelude::*, upsert::excluded};
use mobile_api::record::{Kind, Ref, Scope};
use uuid::Uuid;

use super::{signed, uids};
use crate::db::{Conn, DbError, Prepared, both, schema::feed, types::Uid};

/// Whether one of these scopes holds the record or, with `once`, has held it lately.
pub(in crate::operations) fn in_scopes(
    conn: &mut Conn,
    org: Uuid,
    scopes: &[Scope],
    about: Ref,
    once: bool,
) -> Result<bool, DbError> {
    let names: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    let query = feed::table
        .filter(feed::org_id.eq(Uid(org)))
        .filter(feed::kind.eq(about.kind.as_str()))
        .filter(feed::id.eq(Uid(about.id)))
        .filter(feed::scope.eq_any(names))
        .filter(feed::refs.gt(if once { i64::MIN } else { 0 }))
        .count();
    let count: i64 = both!(conn, c => query.get_result(c))?;
    Ok(count > 0)
}

/// Tells every scope that holds these records that they changed.
pub(in crate::operations) fn touch_feed(
    conn: &mut Conn,
    org: Uuid,
    kind: Kind,
    ids: &[Uuid],
    version: u64,
) -> Result<(), DbError> {
    let held =
        feed::table.filter(feed::org_id.eq(Uid(org))).filter(feed::kind.eq(kind.as_str())).filter(feed::refs.gt(0));
    let version = feed::version.eq(signed(version));
    if let [id] = ids {
        let update = diesel::update(held.filter(feed::id.eq(Uid(*id)))).set(version);
        let _: Vec<i64> = both!(conn, c => Prepared(update.returning(feed::version)).rows(c))?;
    } else {
        let update = diesel::update(held.filter(feed::id.eq_any(uids(ids)))).set(version);
        both!(conn, c => update.execute(c))?;
    }
    Ok(())
}

/// Takes deleted records out of every scope.
pub(in crate::operations) fn drop_from_feed(
    conn: &mut Conn,
    org: Uuid,
    about: Ref,
    version: u64,
) -> Result<(), DbError> {
    let rows = feed::table
        .filter(feed::org_id.eq(Uid(org)))
        .filter(feed::kind.eq(about.kind.as_str()))
        .filter(feed::id.eq(Uid(about.id)))
        .filter(feed::refs.gt(0));
    let update = diesel::update(rows).set((feed::refs.eq(0), feed::version.eq(signed(version))));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

/// Adds and takes away reasons for records being in scopes.
pub(in crate::operations) fn upsert_feed(
    conn: &mut Conn,
    org: Uuid,
    version: u64,
    reasons: &BTreeMap<(String, &'static str, Uuid), i64>,
) -> Result<(), DbError> {
    if reasons.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = reasons
        .iter()
        .map(|((scope, kind, id), reasons)| {
            (
                feed::org_id.eq(Uid(org)),
                feed::scope.eq(scope),
                feed::kind.eq(*kind),
                feed::id.eq(Uid(*id)),
                feed::version.eq(signed(version)),
                feed::refs.eq(*reasons),
            )
        })
        .collect();
    // A macro, because one row and many are different types.
    macro_rules! upsert {
        ($values:expr) => {
            diesel::insert_into(feed::table)
                .values($values)
                .on_conflict((feed::org_id, feed::kind, feed::id, feed::scope))
                .do_update()
                .set((feed::version.eq(excluded(feed::version)), feed::refs.eq(feed::refs + excluded(feed::refs))))
        };
    }
    match conn {
        // To PostgreSQL each statement is a round trip.
        Conn::Pg(c) if rows.len() > 1 => {
            upsert!(rows).execute(c)?;
        }
        conn => {
            for row in rows {
                let _: Vec<i64> = both!(conn, c => Prepared(upsert!(row).returning(feed::refs)).rows(c))?;
            }
        }
    }
    Ok(())
}
