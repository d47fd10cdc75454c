//! The accounts that share this phone.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{StoreError, copies::CopyId, parse, parse_id, write};
use crate::{actor::Role, directory::User, evidence::Anchor, ids::Id};

/// An account's number within this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountId(pub(super) i64);

/// Who the server says the person is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The organisation.
    pub org: Uuid,
    /// The account.
    pub user: Id<User>,
    /// What it may do.
    pub role: Role,
}

/// One person on this phone.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its number within this file.
    pub id: AccountId,
    /// The device that this person on this phone is for the server.
    pub device: Uuid,
    /// The name that was signed in with.
    pub login: String,
    /// Who that is; `None` before the first sign-in succeeded.
    pub identity: Option<Identity>,
    /// The access token, if there is one.
    pub access: Option<String>,
    /// The refresh token; `None` means that the person must sign in.
    pub refresh: Option<String>,
    /// What the phone said of itself when the server took the device in, as JSON.
    pub registered_as: Option<String>,
    /// The server's epoch at the last contact.
    pub epoch: Option<Uuid>,
    /// What the server stated last, as JSON.
    pub config: Option<String>,
    /// The last server time seen.
    pub anchor: Option<Anchor>,
    /// The copy on the screen.
    pub live: Option<CopyId>,
    /// The copy that will replace it.
    pub filling: Option<CopyId>,
}

const COLUMNS: &str = "id, device_id, login, identity, access_token, refresh_token, registered_as, epoch, config, anchor, \
                       live, filling";

fn read(row: &Row<'_>) -> rusqlite::Result<Result<Account, StoreError>> {
    let id = AccountId(row.get(0)?);
    let (device, login): (String, String) = (row.get(1)?, row.get(2)?);
    let (identity, access, refresh): (Option<String>, _, _) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let (registered_as, epoch, config): (_, Option<String>, _) = (row.get(6)?, row.get(7)?, row.get(8)?);
    let (anchor, live, filling): (Option<String>, Option<i64>, Option<i64>) = (row.get(9)?, row.get(10)?, row.get(11)?);
    let parsed = || {
        Ok(Account {
            id,
            device: parse_id("device", &device)?,
            login,
            identity: identity.as_deref().map(|text| parse("identity", text)).transpose()?,
            access,
            refresh,
            registered_as,
            epoch: epoch.as_deref().map(|text| parse_id("epoch", text)).transpose()?,
            config,
            anchor: anchor.as_deref().map(|text| parse("anchor", text)).transpose()?,
            live: live.map(CopyId),
            filling: filling.map(CopyId),
        })
    };
    Ok(parsed())
}

fn one(tx: &Transaction<'_>, condition: &str, value: impl rusqlite::ToSql) -> Result<Option<Account>, StoreError> {
    let mut statement = tx.prepare_cached(&format!("SELECT {COLUMNS} FROM accounts WHERE {condition}"))?;
    statement.query_row([value], read).optional()?.transpose()
}

/// The account whose work is on the screen.
pub fn active(tx: &Transaction<'_>) -> Result<Option<Account>, StoreError> {
    one(tx, "id = (SELECT account FROM active WHERE one = ?)", 1)
}

/// Everybody who ever signed in on this phone, in that order.
pub fn all(tx: &Transaction<'_>) -> Result<Vec<Account>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE user_id IS NOT NULL ORDER BY id");
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([], read)?;
    rows.map(|row| row?).collect()
}

/// This account.
pub fn get(tx: &Transaction<'_>, id: AccountId) -> Result<Account, StoreError> {
    one(tx, "id = ?", id.0)?.ok_or(StoreError::NoAccount)
}

/// The account that signs in with this name.
pub fn by_login(tx: &Transaction<'_>, login: &str) -> Result<Option<Account>, StoreError> {
    one(tx, "login = ?", login)
}

/// Makes room for a person who never used this phone.
pub fn add(tx: &Transaction<'_>, login: &str, device: Uuid) -> Result<Account, StoreError> {
    tx.execute("INSERT INTO accounts (login, device_id) VALUES (?, ?)", params![login, device.to_string()])?;
    get(tx, AccountId(tx.last_insert_rowid()))
}

/// The account of this user under whatever name, unless it is `but`.
pub fn by_user(tx: &Transaction<'_>, user: Id<User>, but: AccountId) -> Result<Option<Account>, StoreError> {
    let found = one(tx, "user_id = ?", user.to_string())?;
    Ok(found.filter(|account| account.id != but))
}

/// The login was changed at the office: the account keeps its device and outbox under the new name.
pub fn rename(tx: &Transaction<'_>, id: AccountId, login: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM accounts WHERE login = ? AND user_id IS NULL", [login])?;
    tx.execute("UPDATE accounts SET login = ? WHERE id = ?", params![login, id.0])?;
    Ok(())
}

/// The sign-in succeeded; from now on this account's work is on the screen.
pub fn signed_in(tx: &Transaction<'_>, id: AccountId, identity: &Identity, tokens: &Tokens) -> Result<(), StoreError> {
    let text = write("identity", identity)?;
    tx.execute(
        "UPDATE accounts SET identity = ?, user_id = ? WHERE id = ?",
        params![text, identity.user.to_string(), id.0],
    )?;
    save_tokens(tx, id, tokens)?;
    tx.execute(
        "INSERT INTO active (one, account) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET account = excluded.account",
        [id.0],
    )?;
    Ok(())
}

/// An access token and the refresh token that follows it.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Goes with every request.
    pub access: String,
    /// Good for one refresh.
    pub refresh: String,
}

/// Replaces both tokens. The new refresh token must be stored before it is used, or a crash would end the session.
pub fn save_tokens(tx: &Transaction<'_>, id: AccountId, tokens: &Tokens) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE accounts SET access_token = ?, refresh_token = ? WHERE id = ?",
        params![tokens.access, tokens.refresh, id.0],
    )?;
    Ok(())
}

/// The person must sign in again. Nothing else is touched.
pub fn forget_tokens(tx: &Transaction<'_>, id: AccountId) -> Result<(), StoreError> {
    tx.execute("UPDATE accounts SET access_token = NULL, refresh_token = NULL WHERE id = ?", [id.0])?;
    Ok(())
}

/// The session has ended. The last access token stays: it opens nothing, but proves whose work it is that is still here.
pub fn session_ended(tx: &Transaction<'_>, id: AccountId) -> Result<(), StoreError> {
    tx.execute("UPDATE accounts SET refresh_token = NULL WHERE id = ?", [id.0])?;
    Ok(())
}

/// Signs out: tokens and records go, the outbox stays for when this person comes back.
pub fn signed_out(tx: &Transaction<'_>, id: AccountId) -> Result<(), StoreError> {
    forget_tokens(tx, id)?;
    tx.execute("DELETE FROM active WHERE account = ?", [id.0])?;
    tx.execute("UPDATE accounts SET live = NULL, filling = NULL WHERE id = ?", [id.0])?;
    tx.execute("DELETE FROM copies WHERE account = ?", [id.0])?;
    Ok(())
}

/// Keeps a newer server time.
pub fn save_anchor(tx: &Transaction<'_>, id: AccountId, anchor: &Anchor) -> Result<(), StoreError> {
    let text = write("anchor", anchor)?;
    tx.execute("UPDATE accounts SET anchor = ? WHERE id = ?", params![text, id.0])?;
    Ok(())
}

/// Keeps what the server states about itself.
pub fn save_config(tx: &Transaction<'_>, id: AccountId, config: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE accounts SET config = ? WHERE id = ?", params![config, id.0])?;
    Ok(())
}

/// The server took the device in, by this description.
pub fn save_registration(tx: &Transaction<'_>, id: AccountId, registered_as: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE accounts SET registered_as = ? WHERE id = ?", params![registered_as, id.0])?;
    Ok(())
}

/// The server's data set is now this one, which knows nothing of the device unless it says so.
pub fn enter_epoch(tx: &Transaction<'_>, id: AccountId, epoch: Uuid) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE accounts SET epoch = ?, registered_as = NULL, config = NULL WHERE id = ?",
        params![epoch.to_string(), id.0],
    )?;
    Ok(())
}

/// The server does not know the device (any more).
pub fn forget_registration(tx: &Transaction<'_>, id: AccountId) -> Result<(), StoreError> {
    tx.execute("UPDATE accounts SET registered_as = NULL WHERE id = ?", [id.0])?;
    Ok(())
}

/// The limits may be out of date: ask again before the next push.
pub fn forget_config(tx: &Transaction<'_>, id: AccountId) -> Result<(), StoreError> {
    tx.execute("UPDATE accounts SET config = NULL WHERE id = ?", [id.0])?;
    Ok(())
}

/// The next number of this device's sequence. Lost numbers would be gaps for the server, so this happens in the
/// transaction that stores the operation.
pub fn take_seq(tx: &Transaction<'_>, id: AccountId) -> Result<u64, StoreError> {
    let seq: i64 = tx.query_row(
        "UPDATE accounts SET next_seq = next_seq + 1 WHERE id = ? RETURNING next_seq - 1",
        [id.0],
        |row| row.get(0),
    )?;
    u64::try_from(seq).map_err(|_| StoreError::Broken("sequence"))
}
