//! SQL of the search. The index itself differs between the databases, so some statements stand here twice, in SQL.

use diesel::{prelude::*, sql_query, sql_types as sql};
use mobile_api::record::{Kind, Record, Ref};
use uuid::Uuid;

use super::{Sought, grams};
use crate::{
    db::{Conn, DbError, both, column_text, schema::search_texts, types::Uid},
    directory::list::containing,
};

/// Most records that the index is asked for. Where there are more, the list is gone through from the newest on instead, and is
/// soon full.
const MOST_FOUND: i64 = 20_000;

/// Most texts that are looked at without all of what was asked for.
const FEW: i64 = 1_000;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Days that are looked at first.
const NEAR: i64 = 4;

/// Days that have a mark in common.
const BLOCK: i64 = 64;

/// Blocks that are looked at next; the newest one is as good as never whole.
const FAR: i64 = 2;

/// How far back is looked, by where lists have what they show: the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// The newest days.
    Near,
    /// The newest months.
    Far,
    /// To the beginning.
    All,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hits {
    /// These, and no others.
    Few(Vec<Uuid>),
    /// So many that who lists them does better to look at one after the other, by [`pattern`](Sought::pattern).
    Many,
}

impl Hits {
    /// Whether they cannot fill a page of so many, with one more that tells that it is not the last.
    pub fn are_too_few_for(&self, limit: usize) -> bool {
        matches!(self, Hits::Few(ids) if ids.len() <= limit)
    }
}

impl Sought {
    /// For `LIKE` with `\` as its escape: the text anywhere.
    pub fn pattern(&self) -> String {
        containing(&self.text)
    }
}

/// What the index has of a record.
#[derive(PartialEq, Eq)]
struct Entry {
    /// What can be found, in plain form.
    text: String,
    /// Where lists show it, in microseconds since 1970.
    at: i64,
}

/// `None` if it is of a kind that nobody searches.
fn entry_of(record: &Record) -> Option<Entry> {
    let (text, at) = match record {
        Record::WorkOrder(order) => {
            let found = order.diagnosis.as_ref().map(|diagnosis| diagnosis.findings.as_str());
            let phone = order.caller.phone.as_deref();
            let text = [
                order.number.as_deref(),
                Some(&order.place),
                Some(&order.fault),
                Some(&order.caller.name),
                phone,
                found,
            ]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n");
            (text, order.called_at)
        }
        Record::Complaint(complaint) => {
            let by = &complaint.complainant;
            let said =
                [complaint.number.as_deref(), Some(&complaint.text), complaint.wanted.as_deref(), Some(&by.name)];
            let found = complaint.rounds.iter().flat_map(|round| &round.found).map(|found| found.text.as_str());
            let summary = complaint.summary.iter().flat_map(|summary| [summary.cause.as_str(), summary.text.as_str()]);
            let all = said.into_iter().flatten().chain(by.phone.as_deref()).chain(found).chain(summary);
            (all.collect::<Vec<_>>().join("\n"), complaint.recorded.latest)
        }
        _ => return None,
    };
    Some(Entry { text: column_text(&grams::plain(&text)), at: at.timestamp_micros() })
}

/// Brings the index up to date with a record. Nothing is written if it says the same as before.
///
/// # Errors
/// The database's.
pub fn enter(conn: &mut Conn, org: Uuid, before: Option<&Record>, record: &Record) -> Result<(), DbError> {
    let Some(entry) = entry_of(record) else { return Ok(()) };
    if before.and_then(entry_of).is_some_and(|before| before == entry) {
        return Ok(());
    }
    let Entry { text, at } = entry;
    let about = record.address();
    let seq = match seq_of(conn, org, about)? {
        Some(seq) => {
            let row = search_texts::table.find((Uid(org), about.kind.as_str(), Uid(about.id)));
            let update = diesel::update(row).set(search_texts::text.eq(&text));
            both!(conn, c => update.execute(c))?;
            forget_grams(conn, seq)?;
            seq
        }
        None => {
            let seq = next_seq(conn)?;
            let insert = diesel::insert_into(search_texts::table).values((
                search_texts::org_id.eq(Uid(org)),
                search_texts::kind.eq(about.kind.as_str()),
                search_texts::id.eq(Uid(about.id)),
                search_texts::seq.eq(seq),
                search_texts::text.eq(&text),
            ));
            both!(conn, c => insert.execute(c))?;
            seq
        }
    };
    let drawer = drawer(org, about.kind);
    let day = at.div_euclid(MICROS_PER_DAY);
    let mut all: Vec<String> = grams::of(&text).into_iter().collect();
    all.extend([day_mark(&drawer, day), block_mark(&drawer, day.div_euclid(BLOCK)), drawer]);
    enter_grams(conn, seq, all)
}

/// A mark that all records of a kind of an organisation have: so the index finds no others.
fn drawer(org: Uuid, kind: Kind) -> String {
    let kind: String = kind.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("o{:x}k{kind}", org.as_u128())
}

/// The mark of those of one day of UTC, counted from 1970.
fn day_mark(drawer: &str, day: i64) -> String {
    format!("{drawer}d{}", written(day))
}

/// The mark of those of one block of days.
fn block_mark(drawer: &str, block: i64) -> String {
    format!("{drawer}b{}", written(block))
}

/// Letters and digits only, before 1970 as well.
fn written(number: i64) -> String {
    let sign = if number < 0 { "n" } else { "" };
    format!("{sign}{}", number.unsigned_abs())
}

/// One of these has every record that is shown at `newest` (microseconds since 1970) or so far before it.
fn marks(org: Uuid, kind: Kind, newest: i64, back: Back) -> Vec<String> {
    let (drawer, day) = (drawer(org, kind), newest.div_euclid(MICROS_PER_DAY));
    let block = day.div_euclid(BLOCK);
    match back {
        Back::Near => (0..NEAR).map(|before| day_mark(&drawer, day - before)).collect(),
        Back::Far => (0..FAR).map(|before| block_mark(&drawer, block - before)).collect(),
        Back::All => vec![drawer],
    }
}

fn seq_of(conn: &mut Conn, org: Uuid, about: Ref) -> Result<Option<i64>, DbError> {
    let row = search_texts::table.find((Uid(org), about.kind.as_str(), Uid(about.id))).select(search_texts::seq);
    Ok(both!(conn, c => row.first(c).optional())?)
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = sql::BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct LookedAt {
    #[diesel(sql_type = sql::Bool)]
    fits: bool,
    #[diesel(sql_type = crate::db::types::Id)]
    id: Uid,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = crate::db::types::Id)]
    id: Uid,
}

fn next_seq(conn: &mut Conn) -> Result<i64, DbError> {
    let one: Number = match conn {
        // There is one writer at a time.
        Conn::Sqlite(c) => sql_query("SELECT coalesce(max(seq), 0) + 1 AS number FROM search_texts").get_result(c)?,
        Conn::Pg(c) => sql_query("SELECT nextval('search_seq') AS number").get_result(c)?,
    };
    Ok(one.number)
}

fn forget_grams(conn: &mut Conn, seq: i64) -> Result<(), DbError> {
    match conn {
        Conn::Sqlite(c) => {
            sql_query("DELETE FROM search_grams WHERE rowid = ?").bind::<sql::BigInt, _>(seq).execute(c)?
        }
        Conn::Pg(c) => sql_query("DELETE FROM search_grams WHERE seq = $1").bind::<sql::BigInt, _>(seq).execute(c)?,
    };
    Ok(())
}

fn enter_grams(conn: &mut Conn, seq: i64, grams: Vec<String>) -> Result<(), DbError> {
    match conn {
        Conn::Sqlite(c) => sql_query("INSERT INTO search_grams (rowid, grams) VALUES (?, ?)")
            .bind::<sql::BigInt, _>(seq)
            .bind::<sql::Text, _>(grams.join(" "))
            .execute(c)?,
        Conn::Pg(c) => sql_query("INSERT INTO search_grams (seq, grams) VALUES ($1, array_to_tsvector($2))")
            .bind::<sql::BigInt, _>(seq)
            .bind::<sql::Array<sql::Text>, _>(grams)
            .execute(c)?,
    };
    Ok(())
}

/// Records of a kind in whose texts this stands, of those that lists show at `newest` (microseconds since 1970) and before it.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, org: Uuid, kind: Kind, sought: &Sought, newest: i64, back: Back) -> Result<Hits, DbError> {
    let marks = marks(org, kind, newest, back);
    // To gather all that begins with two digits takes longer than to look at some texts too many, if the rest is rare.
    if let Some(rest) = sought.without_beginning() {
        let looked_at = look_at(conn, &rest, &marks)?;
        if looked_at.len() as i64 <= FEW {
            let fits = looked_at.into_iter().filter(|looked| looked.fits);
            return Ok(Hits::Few(fits.map(|looked| looked.id.0).collect()));
        }
    }
    let found = fitting(conn, sought, &marks)?;
    if found.len() as i64 > MOST_FOUND {
        return Ok(Hits::Many);
    }
    Ok(Hits::Few(found.into_iter().map(|found| found.id.0).collect()))
}

/// What the index finds, each with whether the text stands in it; [`FEW`] and one more at most.
fn look_at(conn: &mut Conn, sought: &Sought, marks: &[String]) -> Result<Vec<LookedAt>, DbError> {
    const SQLITE: &str = r"
        SELECT s.id AS id, instr(s.text, ?) > 0 AS fits
        FROM (SELECT rowid AS seq FROM search_grams WHERE search_grams MATCH ? LIMIT ?) g
        CROSS JOIN search_texts s ON s.seq = g.seq";
    const POSTGRES: &str = r"
        SELECT s.id AS id, position($1 in s.text) > 0 AS fits
        FROM (SELECT seq FROM search_grams WHERE grams @@ $2::text::tsquery LIMIT $3) g
        JOIN search_texts s ON s.seq = g.seq";
    let text = column_text(&sought.text);
    Ok(match conn {
        Conn::Sqlite(c) => sql_query(SQLITE)
            .bind::<sql::Text, _>(text)
            .bind::<sql::Text, _>(sought.for_sqlite(marks))
            .bind::<sql::BigInt, _>(FEW + 1)
            .load(c)?,
        Conn::Pg(c) => sql_query(POSTGRES)
            .bind::<sql::Text, _>(text)
            .bind::<sql::Text, _>(sought.for_postgres(marks))
            .bind::<sql::BigInt, _>(FEW + 1)
            .load(c)?,
    })
}

/// What the index finds and has the text in it; [`MOST_FOUND`] and one more at most.
fn fitting(conn: &mut Conn, sought: &Sought, marks: &[String]) -> Result<Vec<Found>, DbError> {
    // The index first, and then one text after the other: either database would turn a join about if it were asked to.
    const SQLITE: &str = r"
        SELECT s.id AS id FROM (SELECT rowid AS seq FROM search_grams WHERE search_grams MATCH ?) g
        CROSS JOIN search_texts s ON s.seq = g.seq WHERE instr(s.text, ?) > 0 LIMIT ?";
    const POSTGRES: &str = r"
        SELECT s.id AS id FROM (SELECT seq FROM search_grams WHERE grams @@ $1::text::tsquery OFFSET 0) g
        JOIN search_texts s ON s.seq = g.seq WHERE position($2 in s.text) > 0 LIMIT $3";
    let text = column_text(&sought.text);
    Ok(match conn {
        Conn::Sqlite(c) => sql_query(SQLITE)
            .bind::<sql::Text, _>(sought.for_sqlite(marks))
            .bind::<sql::Text, _>(text)
            .bind::<sql::BigInt, _>(MOST_FOUND + 1)
            .load(c)?,
        Conn::Pg(c) => sql_query(POSTGRES)
            .bind::<sql::Text, _>(sought.for_postgres(marks))
            .bind::<sql::Text, _>(text)
            .bind::<sql::BigInt, _>(MOST_FOUND + 1)
            .load(c)?,
    })
}
