//! Facts of what was settled or written down before there were tables of facts: entered once, in chunks, after an upgrade.
//!
//! The step of the schema that makes a table of facts leaves a row in `back_fills` for each organisation that there was. A chunk
//! moves that row on in the transaction that enters its facts, so a server that dies goes on where it was, and of two servers each
//! does other chunks; the last chunk takes the row away.

use diesel::prelude::*;
use mobile_api::{
    complaint::Complaint,
    figures::{ComplaintFacts, Facts},
    record::Kind,
    work_order::WorkOrder,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{complaint_store, store};
use crate::db::{
    Conn, DbError, both,
    schema::{back_fills, records},
    types::Uid,
};

/// Organisations whose records are not all entered yet, with the kind of these.
///
/// # Errors
/// The database's.
pub fn waiting(conn: &mut Conn) -> Result<Vec<(Uuid, String)>, DbError> {
    let query =
        back_fills::table.order((back_fills::org_id, back_fills::kind)).select((back_fills::org_id, back_fills::kind));
    let rows: Vec<(Uid, String)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(org, kind)| (org.0, kind)).collect())
}

/// Enters the facts of the next records of a kind, at most so many; whether there may be more.
///
/// # Errors
/// The database's.
pub fn enter_next(conn: &mut Conn, org: Uuid, kind: &str, most: i64) -> Result<bool, DbError> {
    let Some(after) = place(conn, org, kind)? else { return Ok(false) };
    let found = next(conn, org, kind, after, most)?;
    let Some((last, _)) = found.last() else {
        let row = back_fills::table.find((Uid(org), kind));
        both!(conn, c => diesel::delete(row).execute(c))?;
        return Ok(false);
    };
    let last = *last;
    if kind == Kind::WorkOrder.as_str() {
        let facts: Vec<Facts> = read::<WorkOrder>(&found).filter_map(|order| Facts::of(&order)).collect();
        store::replace(conn, org, &facts, &facts)?;
    } else if kind == Kind::Complaint.as_str() {
        let facts: Vec<_> = read::<Complaint>(&found).filter_map(|complaint| ComplaintFacts::of(&complaint)).collect();
        complaint_store::replace(conn, org, &facts, &facts)?;
    }
    let moved = diesel::update(back_fills::table.find((Uid(org), kind))).set(back_fills::after_id.eq(last));
    both!(conn, c => moved.execute(c))?;
    Ok(true)
}

/// The records. One that cannot be read counts nowhere, and keeps no others from being counted.
fn read<T: DeserializeOwned>(found: &[(Uid, String)]) -> impl Iterator<Item = T> {
    found.iter().filter_map(|(id, body)| match serde_json::from_str(body) {
        Ok(record) => Some(record),
        Err(error) => {
            tracing::error!(%id, %error, "a stored record cannot be read and is in no figure");
            None
        }
    })
}

/// After which record to go on; `None` if all are entered. Other servers wait here until this chunk is entered.
fn place(conn: &mut Conn, org: Uuid, kind: &str) -> Result<Option<Uid>, DbError> {
    let row = back_fills::table.find((Uid(org), kind)).select(back_fills::after_id);
    let place: Option<Option<Uid>> = match conn {
        Conn::Sqlite(c) => row.first(c).optional()?,
        Conn::Pg(c) => row.for_update().first(c).optional()?,
    };
    Ok(place.map(|after| after.unwrap_or(Uid(Uuid::nil()))))
}

/// The next records by their ids. Whoever changes one of them waits until its facts are entered, and replaces these.
fn next(conn: &mut Conn, org: Uuid, kind: &str, after: Uid, most: i64) -> Result<Vec<(Uid, String)>, DbError> {
    let query = records::table
        .filter(records::org_id.eq(Uid(org)))
        .filter(records::kind.eq(kind))
        .filter(records::id.gt(after))
        .filter(records::deleted.eq(false))
        .order(records::id)
        .limit(most)
        .select((records::id, records::body));
    Ok(match conn {
        Conn::Sqlite(c) => query.load(c)?,
        Conn::Pg(c) => query.for_share().load(c)?,
    })
}
