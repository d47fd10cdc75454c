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

use crate::db::{Conn, DbError, types::Uid};

/// What a list is to be narrowed to by a text that somebody asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted(Option<(Hits, String)>);

/// Looks for a text; without one, everything is wanted.
///
/// # Errors
/// The database's.
pub fn wanted(conn: &mut Conn, org: Uuid, kind: Kind, sought: Option<&Sought>) -> Result<Wanted, DbError> {
    let Some(sought) = sought else { return Ok(Wanted::default()) };
    Ok(Wanted(Some((store::find(conn, org, kind, sought)?, sought.pattern()))))
}

impl Wanted {
    /// The only ones, if they are few.
    pub fn ids(&self) -> Option<Vec<Uid>> {
        match &self.0 {
            Some((Hits::Few(ids), _)) => Some(ids.iter().copied().map(Uid).collect()),
            _ => None,
        }
    }

    /// What must be in the text of each, if they are many: those are found sooner by going through the list from its beginning.
    pub fn pattern(&self) -> Option<String> {
        self.0.as_ref().filter(|(hits, _)| *hits == Hits::Many).map(|(_, pattern)| pattern.clone())
    }
}
