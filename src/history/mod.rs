//! Histories: for each asset, unit and customer a row for every record that concerns it, written in the transaction of the record
//! itself. What stands in a row is only when, and which record; the record says the rest, as it is now.
//!
//! A page is an index range and as many records by their key, whatever else the organisation holds. A further kind of record needs
//! nothing but [`enter`] from its own `project`.

use diesel::prelude::*;
use mobile_api::{
    record::{Kind, Ref},
    time::Timestamp,
};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{histories, records},
        types::{Micros, Uid},
    },
    paging::Ask,
};

/// Enters a record into the history of a subject, or moves it to another instant.
///
/// # Errors
/// The database's.
pub fn enter(conn: &mut Conn, org: Uuid, subject: Uuid, record: Ref, at: Timestamp) -> Result<(), DbError> {
    let at = Micros::from(at);
    let upsert = diesel::insert_into(histories::table)
        .values((
            histories::org_id.eq(Uid(org)),
            histories::subject_id.eq(Uid(subject)),
            histories::kind.eq(record.kind.as_str()),
            histories::id.eq(Uid(record.id)),
            histories::at.eq(at),
        ))
        .on_conflict((histories::org_id, histories::subject_id, histories::kind, histories::id))
        .do_update()
        .set(histories::at.eq(at));
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

/// Takes a record out of the history of a subject: it turned out to be about another one.
///
/// # Errors
/// The database's.
pub fn leave(conn: &mut Conn, org: Uuid, subject: Uuid, record: Ref) -> Result<(), DbError> {
    let key = (Uid(org), Uid(subject), record.kind.as_str(), Uid(record.id));
    both!(conn, c => diesel::delete(histories::table.find(key)).execute(c))?;
    Ok(())
}

/// One row: when, the record's address, and the record as it is stored.
#[derive(Debug)]
pub struct Row {
    /// When.
    pub at: i64,
    /// What.
    pub record: Ref,
    /// As it is stored.
    pub body: String,
}

type Loaded = (i64, String, Uid, String);

/// The history of a subject, newest first.
///
/// # Errors
/// The database's.
pub fn of(conn: &mut Conn, org: Uuid, subject: Uuid, ask: &Ask<i64>) -> Result<Vec<Row>, DbError> {
    let rows: Vec<Loaded> = both!(conn, c => {
        let mut query = histories::table
            .inner_join(
                records::table.on(records::org_id
                    .eq(histories::org_id)
                    .and(records::kind.eq(histories::kind))
                    .and(records::id.eq(histories::id))),
            )
            .filter(histories::org_id.eq(Uid(org)))
            .filter(histories::subject_id.eq(Uid(subject)))
            .order((histories::at.desc(), histories::id.desc()))
            .limit(ask.rows())
            .select((histories::at, histories::kind, histories::id, records::body))
            .into_boxed();
        if let Some(place) = &ask.after {
            query = query.filter(
                histories::at
                    .le(place.0)
                    .and(histories::at.lt(place.0).or(histories::id.lt(Uid(place.1)))),
            );
        }
        query.load(c)
    })?;
    let row = |(at, kind, id, body): Loaded| Some(Row { at, record: Ref::new(Kind::parse(&kind)?, id.0), body });
    Ok(rows.into_iter().filter_map(row).collect())
}
