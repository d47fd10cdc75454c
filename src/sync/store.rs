//! SQL of fetching: the feed and what it points to.

use std::collections::HashMap;

use diesel::prelude::*;
use mobile_api::{record::Scope, sync::VERDICT};
use uuid::Uuid;

use super::cursor::Place;
use crate::{
    db::{
        Conn, DbError, both,
        schema::{feed, journal, organisations, records},
        types::Uid,
    },
    operations::store::{signed, uids, unsigned},
};

/// Where the organisation stands.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Its data set.
    pub epoch: Uuid,
    /// The version of its last write.
    pub version: u64,
    /// Drops up to this version are gone.
    pub horizon: u64,
}

/// Where the organisation stands in this snapshot.
///
/// # Errors
/// The database's.
pub fn head(conn: &mut Conn, org: Uuid) -> Result<Head, DbError> {
    let query = organisations::table.find(Uid(org)).select((
        organisations::epoch,
        organisations::version,
        organisations::horizon,
    ));
    let (epoch, version, horizon): (Uid, i64, i64) = both!(conn, c => query.get_result(c))?;
    Ok(Head { epoch: epoch.0, version: unsigned(version), horizon: unsigned(horizon) })
}

/// A row of the feed.
#[derive(Clone, Debug)]
pub struct FeedRow {
    /// What sort of thing.
    pub kind: String,
    /// Which.
    pub id: Uuid,
    /// When it changed last.
    pub version: u64,
    /// Whether the scope still holds it.
    pub held: bool,
}

type Row = (String, Uid, i64, i64);

fn row((kind, id, version, refs): Row) -> FeedRow {
    FeedRow { kind, id: id.0, version: unsigned(version), held: refs > 0 }
}

/// The next rows of a scope behind `place`, in order.
///
/// # Errors
/// The database's.
pub fn after(conn: &mut Conn, org: Uuid, scope: Scope, place: &Place, limit: i64) -> Result<Vec<FeedRow>, DbError> {
    let version = signed(place.version);
    let (kind, id) = place.after.clone().unwrap_or_default();
    let scope = scope.to_string();
    let columns = (feed::kind, feed::id, feed::version, feed::refs);
    let order = (feed::version, feed::kind, feed::id);
    let ours = feed::table.filter(feed::org_id.eq(Uid(org))).filter(feed::scope.eq(scope)).order(order).limit(limit);
    let rows: Vec<Row> = if place.after.is_none() {
        let query = ours.filter(feed::version.gt(version)).select(columns);
        both!(conn, c => query.load(c))?
    } else {
        // `version >= ?` lets the index find the place; the rest picks up within the version.
        let next = version + 1;
        let query = ours
            .filter(feed::version.ge(next))
            .filter(
                feed::version
                    .gt(next)
                    .or(feed::kind.gt(kind.clone()))
                    .or(feed::kind.eq(kind).and(feed::id.gt(Uid(id)))),
            )
            .select(columns);
        both!(conn, c => query.load(c))?
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Everything that a scope holds. A record that was deleted is in no scope, even if something still refers to it.
///
/// # Errors
/// The database's.
pub fn holdings(conn: &mut Conn, org: Uuid, scope: Scope) -> Result<Vec<FeedRow>, DbError> {
    let query = feed::table
        .filter(feed::org_id.eq(Uid(org)))
        .filter(feed::scope.eq(scope.to_string()))
        .filter(feed::refs.gt(0))
        .filter(diesel::dsl::not(diesel::dsl::exists(
            records::table
                .filter(records::org_id.eq(feed::org_id))
                .filter(records::kind.eq(feed::kind))
                .filter(records::id.eq(feed::id))
                .filter(records::deleted.eq(true)),
        )))
        .select((feed::kind, feed::id, feed::version, feed::refs));
    let rows: Vec<Row> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(row).collect())
}

/// What a row of the feed points to: the revision and the wire form.
#[derive(Clone, Debug)]
pub struct Body {
    /// The record's revision; none for verdicts.
    pub rev: Option<u64>,
    /// The wire form.
    pub json: String,
}

/// The bodies of things of one kind. What was deleted has none.
///
/// # Errors
/// The database's.
pub fn bodies(conn: &mut Conn, org: Uuid, kind: &str, ids: &[Uuid]) -> Result<HashMap<Uuid, Body>, DbError> {
    if kind == VERDICT {
        let query = journal::table
            .filter(journal::org_id.eq(Uid(org)))
            .filter(journal::op_id.eq_any(uids(ids)))
            .select((journal::op_id, journal::outcome));
        let rows: Vec<(Uid, String)> = both!(conn, c => query.load(c))?;
        return Ok(rows.into_iter().map(|(id, json)| (id.0, Body { rev: None, json })).collect());
    }
    let query = records::table
        .filter(records::org_id.eq(Uid(org)))
        .filter(records::kind.eq(kind))
        .filter(records::id.eq_any(uids(ids)))
        .filter(records::deleted.eq(false))
        .select((records::id, records::rev, records::body));
    let rows: Vec<(Uid, i64, String)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(id, rev, json)| (id.0, Body { rev: Some(unsigned(rev)), json })).collect())
}
