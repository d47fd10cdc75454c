//! Search for a part of a text, Chinese or Latin, on both databases (docs/search.md).
//!
//! What records say is cut into grams ([`grams`]) that the database's own full-text index finds: FTS5 in SQLite, a `tsvector` with GIN in
//! PostgreSQL. Their own ways of cutting do not serve: FTS5's trigrams find no Chinese word of two signs, and PostgreSQL's parsers take a
//! Chinese sentence for one word. What the index finds is then looked through for the text itself.

pub mod grams;
pub mod store;

use mobile_api::record::Kind;
use uuid::Uuid;

pub use grams::Sought;
pub use store::Hits;

use self::store::Back;
use crate::{
    db::{Conn, DbError, types::Uid},
    paging::{Ask, Listed},
};

/// Most ids that a statement is given.
const AT_ONCE: usize = 2_000;

/// What a list is to be narrowed to by a text that somebody asked for.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Nothing: no text was asked for.
    Everything,
    /// These, and no others.
    These(Vec<Uid>),
    /// Whatever has this in its text, as a pattern of `LIKE` with `\` as its escape: so many have it that they are found sooner by
    /// going through the list from its beginning.
    Containing(String),
}

impl Wanted {
    /// The only ones, if they are known.
    pub fn ids(&self) -> Option<&[Uid]> {
        match self {
            Wanted::These(ids) => Some(ids),
            _ => None,
        }
    }

    /// What must be in the text of each.
    pub fn pattern(&self) -> Option<&str> {
        match self {
            Wanted::Containing(pattern) => Some(pattern),
            _ => None,
        }
    }
}

/// A page of a list of records of this kind, newest first, narrowed to a text if one is sought.
///
/// What many texts have is found among the newest: the index is asked for a few days first, then for months, then for everything, until
/// the page is full. A list that is `short` without the text is gone through without asking the index. `newest` is where the list begins
/// (microseconds since 1970); `load` loads the page of what is wanted.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    (org, kind): (Uuid, Kind),
    (sought, short): (Option<&Sought>, bool),
    ask: &Ask<i64>,
    newest: impl FnOnce(&mut Conn) -> Result<Option<i64>, DbError>,
    mut load: impl FnMut(&mut Conn, &Wanted) -> Result<Vec<Listed<i64>>, DbError>,
) -> Result<Vec<Listed<i64>>, DbError> {
    let Some(sought) = sought else { return load(conn, &Wanted::Everything) };
    if short || sought.is_in_most() {
        return load(conn, &Wanted::Containing(sought.pattern()));
    }
    let newest = match ask.after {
        Some((at, _)) => Some(at),
        None => newest(conn)?,
    };
    let Some(newest) = newest else { return Ok(Vec::new()) };
    for back in [Back::Near, Back::Far, Back::All] {
        let hits = store::find(conn, org, kind, sought, newest, back)?;
        if back != Back::All && hits.are_too_few_for(ask.limit) {
            continue;
        }
        let many = hits == Hits::Many;
        let rows = look_through(conn, hits, sought, ask, &mut load)?;
        // Of many, all were looked for, and not only the newest.
        if many || rows.len() > ask.limit || back == Back::All {
            return Ok(rows);
        }
    }
    Ok(Vec::new())
}

/// The page of what the index found, which is asked for a part at a time.
fn look_through(
    conn: &mut Conn,
    hits: Hits,
    sought: &Sought,
    ask: &Ask<i64>,
    load: &mut impl FnMut(&mut Conn, &Wanted) -> Result<Vec<Listed<i64>>, DbError>,
) -> Result<Vec<Listed<i64>>, DbError> {
    let Hits::Few(ids) = hits else {
        return load(conn, &Wanted::Containing(sought.pattern()));
    };
    let mut page = Vec::new();
    for part in ids.chunks(AT_ONCE) {
        page.extend(load(conn, &Wanted::These(part.iter().copied().map(Uid).collect()))?);
        page.sort_unstable_by_key(|row| std::cmp::Reverse(row.place));
        page.truncate(ask.limit.saturating_add(1));
    }
    Ok(page)
}
