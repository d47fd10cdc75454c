//! What people recorded. Rows are inserted and settled; their content never changes.

use rusqlite::{Row, Transaction, params};
use uuid::Uuid;

use super::{StoreError, accounts::AccountId, parse_id};

/// How far the server has taken an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has not said that it has it.
    Pending,
    /// It cannot take it in this form; a person must help. It counts as unsent and delays no other.
    Stuck,
    /// It has it, and waits for something else.
    Held,
    /// Its verdict is final.
    Settled,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Stuck => "stuck",
            State::Held => "held",
            State::Settled => "settled",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        [State::Pending, State::Stuck, State::Held, State::Settled]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(StoreError::Broken("state"))
    }
}

/// What is written once.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The device's own count.
    pub seq: u64,
    /// The operation's id.
    pub id: Uuid,
    /// Its type, `work_order.arrive`.
    pub op_type: String,
    /// The kind of record it is about.
    pub kind: String,
    /// The id of that record.
    pub entity: Uuid,
    /// The group that is applied all or none.
    pub group: Option<Uuid>,
    /// The wall clock's text, for people.
    pub recorded_at: String,
    /// The exact JSON that is sent.
    pub body: String,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was recorded.
    pub recorded: NewEntry,
    /// How far it is.
    pub state: State,
    /// Whether it was sent without an answer.
    pub in_doubt: bool,
    /// The verdict's JSON; the problem's for [`State::Stuck`].
    pub verdict: Option<String>,
}

const COLUMNS: &str = "seq, id, type, kind, entity, group_id, recorded_at, body, state, in_doubt, verdict";

fn read(row: &Row<'_>) -> rusqlite::Result<Result<Entry, StoreError>> {
    let (seq, id, op_type): (i64, String, _) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (kind, entity, group): (_, String, Option<String>) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let (recorded_at, body) = (row.get(6)?, row.get(7)?);
    let (state, in_doubt, verdict): (String, _, _) = (row.get(8)?, row.get(9)?, row.get(10)?);
    let parsed = || {
        let recorded = NewEntry {
            seq: u64::try_from(seq).map_err(|_| StoreError::Broken("sequence"))?,
            id: parse_id("operation", &id)?,
            op_type,
            kind,
            entity: parse_id("entity", &entity)?,
            group: group.as_deref().map(|text| parse_id("group", text)).transpose()?,
            recorded_at,
            body,
        };
        Ok(Entry { recorded, state: State::parse(&state)?, in_doubt, verdict })
    };
    Ok(parsed())
}

fn many(tx: &Transaction<'_>, rest: &str, values: impl rusqlite::Params) -> Result<Vec<Entry>, StoreError> {
    let mut statement = tx.prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE {rest}"))?;
    let rows = statement.query_map(values, read)?;
    rows.map(|row| row?).collect()
}

/// Keeps an operation for good.
pub fn insert(tx: &Transaction<'_>, account: AccountId, entry: &NewEntry) -> Result<(), StoreError> {
    let NewEntry { seq, id, op_type, kind, entity, group, recorded_at, body } = entry;
    let seq = i64::try_from(*seq).map_err(|_| StoreError::Broken("sequence"))?;
    tx.prepare_cached(
        "INSERT INTO outbox (account, seq, id, type, kind, entity, group_id, recorded_at, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        account.0,
        seq,
        id.to_string(),
        op_type,
        kind,
        entity.to_string(),
        group.map(|group| group.to_string()),
        recorded_at,
        body,
    ])?;
    Ok(())
}

/// One operation of this account.
pub fn get(tx: &Transaction<'_>, account: AccountId, id: Uuid) -> Result<Option<Entry>, StoreError> {
    let mut found = many(tx, "account = ? AND id = ?", params![account.0, id.to_string()])?;
    Ok(found.pop())
}

/// The oldest operations in `state` from sequence number `from` on.
pub fn in_state(
    tx: &Transaction<'_>,
    account: AccountId,
    state: State,
    from: u64,
    most: usize,
) -> Result<Vec<Entry>, StoreError> {
    let (from, most) = (i64::try_from(from).unwrap_or(i64::MAX), i64::try_from(most).unwrap_or(i64::MAX));
    let condition = "account = ? AND state = ? AND seq >= ? ORDER BY seq LIMIT ?";
    many(tx, condition, params![account.0, state.as_str(), from, most])
}

/// Operations that were sent without an answer, oldest first.
pub fn in_doubt(tx: &Transaction<'_>, account: AccountId, most: usize) -> Result<Vec<Uuid>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let condition = "account = ? AND state = 'pending' AND in_doubt ORDER BY seq LIMIT ?";
    Ok(many(tx, condition, params![account.0, most])?.into_iter().map(|entry| entry.recorded.id).collect())
}

/// Operations that the screen must replay, in the order in which they were recorded.
pub fn to_replay(tx: &Transaction<'_>, account: AccountId, after: u64) -> Result<Vec<Entry>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    many(tx, "account = ? AND replayed AND seq > ? ORDER BY seq", [account.0, after])
}

/// How many operations the server is not known to have.
pub fn count_unsent(tx: &Transaction<'_>, account: AccountId) -> Result<u64, StoreError> {
    let count: i64 = tx.query_row(
        "SELECT count(*) FROM outbox WHERE account = ? AND state IN ('pending', 'stuck')",
        [account.0],
        |row| row.get(0),
    )?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Notes that these are on their way, before they are: from now on the server may have them.
pub fn set_in_doubt(tx: &Transaction<'_>, ids: &[Uuid], in_doubt: bool) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached("UPDATE outbox SET in_doubt = ? WHERE id = ? AND state = 'pending'")?;
    for id in ids {
        statement.execute(params![in_doubt, id.to_string()])?;
    }
    Ok(())
}

/// The server does not have this one, or does not have it any more.
pub fn send_again(tx: &Transaction<'_>, account: AccountId, id: Uuid) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET state = 'pending', in_doubt = FALSE, verdict = NULL
         WHERE account = ? AND id = ? AND state IN ('pending', 'held')",
        params![account.0, id.to_string()],
    )?;
    Ok(())
}

/// What became of an operation.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The operation.
    pub id: Uuid,
    /// How far it is now.
    pub state: State,
    /// The verdict's JSON.
    pub verdict: String,
    /// The revision of its record that it made.
    pub made_rev: Option<u64>,
    /// The server's version from which on pulled records contain it.
    pub version: Option<u64>,
    /// Whether the screen still shows its effect: not if it had none.
    pub replayed: bool,
}

/// Notes a verdict. A verdict that says less than what is known already (a late answer about an operation that a
/// pull has settled) changes nothing.
pub fn settle(tx: &Transaction<'_>, account: AccountId, settlement: &Settlement) -> Result<(), StoreError> {
    let Settlement { id, state, verdict, made_rev, version, replayed } = settlement;
    let number = |value: &Option<u64>| value.map(|value| i64::try_from(value).unwrap_or(i64::MAX));
    let (made_rev, version, state) = (number(made_rev), number(version), state.as_str());
    tx.prepare_cached(
        "UPDATE outbox SET state = ?1, in_doubt = FALSE, verdict = ?2, made_rev = ?3, version = ?4,
             replayed = replayed AND ?5
         WHERE account = ?6 AND id = ?7 AND (state <> 'settled' OR ?1 = 'settled')",
    )?
    .execute(params![state, verdict, made_rev, version, replayed, account.0, id.to_string()])?;
    Ok(())
}

/// The pulled records contain everything up to `version`: what they contain need not be replayed.
pub fn stop_replaying(tx: &Transaction<'_>, account: AccountId, version: u64) -> Result<(), StoreError> {
    let version = i64::try_from(version).unwrap_or(i64::MAX);
    tx.execute(
        "UPDATE outbox SET replayed = FALSE WHERE account = ? AND replayed AND state = 'settled' AND version <= ?",
        params![account.0, version],
    )?;
    Ok(())
}

/// Sends the archive again: the server was restored from a backup and may have lost what it had settled. What it
/// still has it answers with the same verdicts.
pub fn offer_again(tx: &Transaction<'_>, account: AccountId) -> Result<usize, StoreError> {
    let count = tx.execute(
        "UPDATE outbox SET state = 'pending', in_doubt = TRUE, made_rev = NULL, version = NULL
         WHERE account = ? AND state IN ('settled', 'held')",
        [account.0],
    )?;
    Ok(count)
}

/// Cuts the archive to its newest `keep` operations. By count and not by age, because the phone's clock may be wrong.
pub fn prune(tx: &Transaction<'_>, account: AccountId, keep: u64) -> Result<usize, StoreError> {
    let keep = i64::try_from(keep).unwrap_or(i64::MAX);
    let count = tx.execute(
        "DELETE FROM outbox WHERE account = ?1 AND state = 'settled' AND NOT replayed AND seq <= (
             SELECT seq FROM outbox WHERE account = ?1 AND state = 'settled' ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
        params![account.0, keep],
    )?;
    Ok(count)
}

/// Revisions of a record above `since` that this account made on this phone.
pub fn made(tx: &Transaction<'_>, account: AccountId, entity: Uuid, since: u64) -> Result<Vec<u64>, StoreError> {
    let sql = "SELECT made_rev FROM outbox WHERE account = ? AND entity = ? AND made_rev > ?";
    let since = i64::try_from(since).unwrap_or(i64::MAX);
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(params![account.0, entity.to_string(), since], |row| row.get::<_, i64>(0))?;
    rows.map(|rev| u64::try_from(rev?).map_err(|_| StoreError::Broken("revision"))).collect()
}

/// Lets operations that were stuck be tried again: the app or the server has been replaced.
pub fn unstick(tx: &Transaction<'_>, account: AccountId) -> Result<usize, StoreError> {
    let sql = "UPDATE outbox SET state = 'pending', verdict = NULL WHERE account = ? AND state = 'stuck'";
    Ok(tx.execute(sql, [account.0])?)
}
