//! Copies of what the server holds for an account. One is on the screen; a second is filled beside it when the
//! first can no longer be continued, and takes its place once it is complete.

use rusqlite::{OptionalExtension, Transaction, params};
use uuid::Uuid;

use super::{StoreError, accounts::AccountId, parse_id};

/// A copy's number within this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CopyId(pub(super) i64);

/// How far a copy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where the next pull begins; `None` at the beginning.
    pub cursor: Option<String>,
    /// The server's version of the last complete pull; 0 before.
    pub version: u64,
    /// Whether a pull ever brought everything.
    pub complete: bool,
}

/// A record as the server sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The id.
    pub id: Uuid,
    /// The server's revision.
    pub rev: u64,
    /// The version of its last change.
    pub version: u64,
    /// Its JSON.
    pub body: String,
}

/// A record's place in a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<'a> {
    /// The scope that brought it.
    pub scope: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// Its id.
    pub id: Uuid,
}

/// An empty copy.
pub fn create(tx: &Transaction<'_>, account: AccountId) -> Result<CopyId, StoreError> {
    tx.execute("INSERT INTO copies (account) VALUES (?)", [account.0])?;
    Ok(CopyId(tx.last_insert_rowid()))
}

/// Puts an empty copy on the screen, where there was none: a first sync shows its records as they come.
pub fn start_live(tx: &Transaction<'_>, account: AccountId) -> Result<CopyId, StoreError> {
    let copy = create(tx, account)?;
    tx.execute("UPDATE accounts SET live = ? WHERE id = ?", params![copy.0, account.0])?;
    Ok(copy)
}

/// Begins a replacement, in place of one that was begun earlier.
pub fn start_filling(tx: &Transaction<'_>, account: AccountId) -> Result<CopyId, StoreError> {
    tx.execute("DELETE FROM copies WHERE id = (SELECT filling FROM accounts WHERE id = ?)", [account.0])?;
    let copy = create(tx, account)?;
    tx.execute("UPDATE accounts SET filling = ? WHERE id = ?", params![copy.0, account.0])?;
    Ok(copy)
}

/// The replacement is complete: it goes on the screen and the old copy goes away.
pub fn swap(tx: &Transaction<'_>, account: AccountId) -> Result<(), StoreError> {
    let old: Option<i64> = tx.query_row("SELECT live FROM accounts WHERE id = ?", [account.0], |row| row.get(0))?;
    tx.execute("UPDATE accounts SET live = filling, filling = NULL WHERE id = ?", [account.0])?;
    tx.execute("DELETE FROM copies WHERE id = ?", [old])?;
    Ok(())
}

/// How far it is.
pub fn progress(tx: &Transaction<'_>, copy: CopyId) -> Result<Progress, StoreError> {
    let (cursor, version, complete): (_, i64, _) =
        tx.query_row("SELECT cursor, version, complete FROM copies WHERE id = ?", [copy.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    Ok(Progress { cursor, version: unsigned("version", version)?, complete })
}

/// Moves on; in the transaction that stores the rows, so that no cursor ever runs ahead of its rows.
pub fn advance(tx: &Transaction<'_>, copy: CopyId, to: &Progress) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE copies SET cursor = ?, version = ?, complete = ? WHERE id = ?",
        params![to.cursor, signed(to.version), to.complete, copy.0],
    )?;
    Ok(())
}

/// Whether held operations were asked about since the copy was begun.
pub fn was_asked(tx: &Transaction<'_>, copy: CopyId) -> Result<bool, StoreError> {
    Ok(tx.query_row("SELECT asked FROM copies WHERE id = ?", [copy.0], |row| row.get(0))?)
}

/// They were.
pub fn set_asked(tx: &Transaction<'_>, copy: CopyId) -> Result<(), StoreError> {
    tx.execute("UPDATE copies SET asked = TRUE WHERE id = ?", [copy.0])?;
    Ok(())
}

/// Puts a record into a scope, or replaces it there.
pub fn upsert(
    tx: &Transaction<'_>,
    copy: CopyId,
    place: Place<'_>,
    (rev, version): (u64, u64),
    body: &str,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO records (copy, scope, kind, id, rev, version, body) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (copy, kind, id, scope)
         DO UPDATE SET rev = excluded.rev, version = excluded.version, body = excluded.body",
    )?
    .execute(params![
        copy.0,
        place.scope,
        place.kind,
        place.id.to_string(),
        signed(rev),
        signed(version),
        body
    ])?;
    Ok(())
}

/// Takes a record out of a scope.
pub fn remove(tx: &Transaction<'_>, copy: CopyId, place: Place<'_>) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM records WHERE copy = ? AND kind = ? AND id = ? AND scope = ?")?.execute(params![
        copy.0,
        place.kind,
        place.id.to_string(),
        place.scope
    ])?;
    Ok(())
}

/// The scopes that the copy holds records of.
pub fn scopes(tx: &Transaction<'_>, copy: CopyId) -> Result<Vec<String>, StoreError> {
    let mut statement = tx.prepare_cached("SELECT DISTINCT scope FROM records WHERE copy = ? ORDER BY scope")?;
    let rows = statement.query_map([copy.0], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes out a whole scope.
pub fn remove_scope(tx: &Transaction<'_>, copy: CopyId, scope: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM records WHERE copy = ? AND scope = ?", params![copy.0, scope])?;
    Ok(())
}

/// The newest form of a record, whatever scope brought it.
pub fn get(tx: &Transaction<'_>, copy: CopyId, kind: &str, id: Uuid) -> Result<Option<Held>, StoreError> {
    let sql = "SELECT id, rev, version, body FROM records WHERE copy = ? AND kind = ? AND id = ?
               ORDER BY version DESC, scope LIMIT 1";
    let found = tx.prepare_cached(sql)?.query_row(params![copy.0, kind, id.to_string()], raw).optional()?;
    found.map(held).transpose()
}

/// The newest form of each record of a kind, by id.
pub fn list(tx: &Transaction<'_>, copy: CopyId, kind: &str) -> Result<Vec<Held>, StoreError> {
    let sql = "SELECT id, rev, version, body FROM records WHERE copy = ? AND kind = ? ORDER BY id, version";
    let mut statement = tx.prepare_cached(sql)?;
    let mut newest: Vec<Held> = Vec::new();
    for row in statement.query_map(params![copy.0, kind], raw)? {
        let next = held(row?)?;
        match newest.last_mut() {
            Some(last) if last.id == next.id => *last = next,
            _ => newest.push(next),
        }
    }
    Ok(newest)
}

/// What a scope holds, without the bodies, in the order of kind and id.
pub fn inventory(
    tx: &Transaction<'_>,
    copy: CopyId,
    scope: &str,
    mut each: impl FnMut(&str, Uuid, u64, u64),
) -> Result<(), StoreError> {
    let sql = "SELECT kind, id, rev, version FROM records WHERE copy = ? AND scope = ? ORDER BY kind, id";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![copy.0, scope])?;
    while let Some(row) = rows.next()? {
        let (kind, id): (String, String) = (row.get(0)?, row.get(1)?);
        let (rev, version) = (unsigned("revision", row.get(2)?)?, unsigned("version", row.get(3)?)?);
        each(&kind, parse_id("record", &id)?, rev, version);
    }
    Ok(())
}

type Raw = (String, i64, i64, String);

fn raw(row: &rusqlite::Row<'_>) -> rusqlite::Result<Raw> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn held((id, rev, version, body): Raw) -> Result<Held, StoreError> {
    let (rev, version) = (unsigned("revision", rev)?, unsigned("version", version)?);
    Ok(Held { id: parse_id("record", &id)?, rev, version, body })
}

fn unsigned(what: &'static str, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Broken(what))
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
