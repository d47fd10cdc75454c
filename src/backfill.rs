//! What is kept beside the records – facts for the figures, texts for the search – entered for the records that were there before it
//! was, in chunks, while the server does everything else.
//!
//! A step of the schema leaves a row in `backfills` for each organisation, target and kind of record. A chunk moves that row on in the
//! transaction that enters its records, so a server that dies goes on where it was, and of two servers each does other chunks; the last
//! chunk takes the row away.

use diesel::prelude::*;
use mobile_api::{
    figures::{ComplaintFacts, Facts},
    record::{Kind, Record},
};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both, insert_rows,
        schema::{backfills, records},
        types::Uid,
    },
    figures::{complaint_store, store},
    search,
};

/// Where something is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The facts that figures are counted of.
    Figures,
    /// The texts that can be searched.
    Search,
}

impl Target {
    const ALL: [Self; 2] = [Self::Figures, Self::Search];

    /// As it stands in the database.
    fn as_str(self) -> &'static str {
        match self {
            Target::Figures => "figures",
            Target::Search => "search",
        }
    }
}

/// Kinds of records that are entered anywhere.
const KINDS: [Kind; 2] = [Kind::WorkOrder, Kind::Complaint];

/// Records of one kind that are not all entered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whose they are.
    pub org: Uuid,
    /// Where they are to be entered.
    pub target: Target,
    /// What they are.
    pub kind: Kind,
}

impl Waiting {
    fn key(&self) -> (Uid, &'static str, &'static str) {
        (Uid(self.org), self.target.as_str(), self.kind.as_str())
    }
}

/// What is not entered yet.
///
/// # Errors
/// The database's.
pub fn waiting(conn: &mut Conn) -> Result<Vec<Waiting>, DbError> {
    let order = (backfills::org_id, backfills::target, backfills::kind);
    let query = backfills::table.order(order).select(order);
    let rows: Vec<(Uid, String, String)> = both!(conn, c => query.load(c))?;
    let known = |(org, target, kind): (Uid, String, String)| {
        Some(Waiting {
            org: org.0,
            target: Target::ALL.into_iter().find(|known| known.as_str() == target)?,
            kind: KINDS.into_iter().find(|known| known.as_str() == kind)?,
        })
    };
    Ok(rows.into_iter().filter_map(known).collect())
}

/// Lets everything be entered there again, from the first record on. What is there stays until it is replaced.
///
/// # Errors
/// The database's.
pub fn begin_again(conn: &mut Conn, org: Uuid, target: Target) -> Result<Vec<Waiting>, DbError> {
    let whole = KINDS.map(|kind| Waiting { org, target, kind });
    for waiting in &whole {
        both!(&mut *conn, c => diesel::delete(backfills::table.find(waiting.key())).execute(c))?;
    }
    let rows: Vec<_> = whole
        .iter()
        .map(Waiting::key)
        .map(|(org, target, kind)| (backfills::org_id.eq(org), backfills::target.eq(target), backfills::kind.eq(kind)))
        .collect();
    insert_rows!(conn, rows, rows => diesel::insert_into(backfills::table).values(rows));
    Ok(whole.into())
}

/// How many records there are of this kind, whether entered or not.
///
/// # Errors
/// The database's.
pub fn size(conn: &mut Conn, waiting: &Waiting) -> Result<u64, DbError> {
    let query = records::table
        .filter(records::org_id.eq(Uid(waiting.org)))
        .filter(records::kind.eq(waiting.kind.as_str()))
        .filter(records::deleted.eq(false))
        .count();
    let count: i64 = both!(conn, c => query.get_result(c))?;
    Ok(count.unsigned_abs())
}

/// Enters the next of these records, at most so many. Answers how many; none when all are entered.
///
/// # Errors
/// The database's.
pub fn enter_next(conn: &mut Conn, waiting: &Waiting, most: i64) -> Result<usize, DbError> {
    let Some(after) = place(conn, waiting)? else { return Ok(0) };
    let found = next(conn, waiting, after, most)?;
    let row = backfills::table.find(waiting.key());
    let Some((last, _)) = found.last() else {
        both!(conn, c => diesel::delete(row).execute(c))?;
        return Ok(0);
    };
    enter(conn, waiting, &read(waiting.kind, &found))?;
    both!(conn, c => diesel::update(row).set(backfills::after_id.eq(*last)).execute(c))?;
    Ok(found.len())
}

fn enter(conn: &mut Conn, waiting: &Waiting, records: &[Record]) -> Result<(), DbError> {
    match waiting.target {
        Target::Figures => {
            let orders =
                records.iter().filter_map(|record| if let Record::WorkOrder(it) = record { Some(it) } else { None });
            let facts: Vec<_> = orders.filter_map(Facts::of).collect();
            store::replace(conn, waiting.org, &facts, &facts)?;
            let complaints =
                records.iter().filter_map(|record| if let Record::Complaint(it) = record { Some(it) } else { None });
            let facts: Vec<_> = complaints.filter_map(ComplaintFacts::of).collect();
            complaint_store::replace(conn, waiting.org, &facts, &facts)
        }
        Target::Search => records.iter().try_for_each(|record| search::store::enter(conn, waiting.org, None, record)),
    }
}

/// The records. One that cannot be read is entered nowhere, and keeps no others from being entered.
fn read(kind: Kind, found: &[(Uid, String)]) -> Vec<Record> {
    let readable = |(id, body): &(Uid, String)| match Record::from_json(kind, body) {
        Ok(record) => Some(record),
        Err(error) => {
            tracing::error!(%id, %error, "a stored record cannot be read: it is in no figure, and no search finds it");
            None
        }
    };
    found.iter().filter_map(readable).collect()
}

/// After which record to go on; `None` if all are entered. Other servers wait here until this chunk is entered.
fn place(conn: &mut Conn, waiting: &Waiting) -> Result<Option<Uid>, DbError> {
    let row = backfills::table.find(waiting.key()).select(backfills::after_id);
    let place: Option<Option<Uid>> = match conn {
        Conn::Sqlite(c) => row.first(c).optional()?,
        Conn::Pg(c) => row.for_update().first(c).optional()?,
    };
    Ok(place.map(|after| after.unwrap_or(Uid(Uuid::nil()))))
}

/// The next records by their ids. Whoever changes one of them waits until it is entered, and then enters the change.
fn next(conn: &mut Conn, waiting: &Waiting, after: Uid, most: i64) -> Result<Vec<(Uid, String)>, DbError> {
    let query = records::table
        .filter(records::org_id.eq(Uid(waiting.org)))
        .filter(records::kind.eq(waiting.kind.as_str()))
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
