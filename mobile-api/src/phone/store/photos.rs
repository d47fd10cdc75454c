//! Photos whose bytes the server is not known to have.

use rusqlite::{OptionalExtension, Transaction, params};
use uuid::Uuid;

use super::{StoreError, accounts::AccountId};
use crate::{photo::Blob, signing::Digest};

/// Bytes that are owed to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Their name.
    pub sha256: Digest,
    /// How many.
    pub bytes: u64,
    /// Where their upload goes on, if one was begun.
    pub upload: Option<String>,
}

/// Keeps a photo with its bytes: it is owed from now on.
pub fn insert(tx: &Transaction<'_>, account: AccountId, op: Uuid, blob: &Blob, bytes: &[u8]) -> Result<(), StoreError> {
    let (sha256, size) = (blob.sha256.to_string(), i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    tx.execute("INSERT INTO photo_bytes (sha256, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING", params![sha256, bytes])?;
    tx.execute(
        "INSERT INTO photos (account, op, sha256, bytes) VALUES (?, ?, ?, ?)",
        params![account.0, op.to_string(), sha256, size],
    )?;
    Ok(())
}

/// What is owed and not refused, small ones first: many small ones are worth more than a part of a large one.
pub fn owed(tx: &Transaction<'_>, account: AccountId) -> Result<Vec<Owed>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT sha256, max(bytes), max(upload) FROM photos
         WHERE account = ? AND NOT stored AND refused IS NULL GROUP BY sha256 ORDER BY max(bytes), sha256",
    )?;
    let rows = statement.query_map([account.0], |row| {
        let (sha256, bytes): (String, i64) = (row.get(0)?, row.get(1)?);
        Ok((sha256, bytes, row.get(2)?))
    })?;
    rows.map(|row| {
        let (sha256, bytes, upload) = row?;
        let sha256 = sha256.parse().map_err(|_| StoreError::Broken("photo"))?;
        Ok(Owed { sha256, bytes: u64::try_from(bytes).unwrap_or(0), upload })
    })
    .collect()
}

/// How many photos the server is not known to have.
pub fn count_owed(tx: &Transaction<'_>, account: AccountId) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM photos WHERE account = ? AND NOT stored";
    let count: i64 = tx.query_row(sql, [account.0], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// A piece of the bytes, from `start` on.
pub fn piece(tx: &Transaction<'_>, sha256: Digest, start: u64, most: usize) -> Result<Vec<u8>, StoreError> {
    let sql = "SELECT substr(bytes, ? + 1, ?) FROM photo_bytes WHERE sha256 = ?";
    let (start, most) = (i64::try_from(start).unwrap_or(i64::MAX), i64::try_from(most).unwrap_or(i64::MAX));
    let piece = tx.query_row(sql, params![start, most, sha256.to_string()], |row| row.get(0)).optional()?;
    piece.ok_or(StoreError::Broken("photo"))
}

/// Notes where an upload goes on; `None` if it must begin again.
pub fn set_upload(
    tx: &Transaction<'_>,
    account: AccountId,
    sha256: Digest,
    upload: Option<&str>,
) -> Result<(), StoreError> {
    let sql = "UPDATE photos SET upload = ? WHERE account = ? AND sha256 = ?";
    tx.execute(sql, params![upload, account.0, sha256.to_string()])?;
    Ok(())
}

/// The server will not take these bytes; the problem is kept beside them.
pub fn refuse(tx: &Transaction<'_>, account: AccountId, sha256: Digest, problem: &str) -> Result<(), StoreError> {
    let sql = "UPDATE photos SET refused = ? WHERE account = ? AND sha256 = ? AND NOT stored";
    tx.execute(sql, params![problem, account.0, sha256.to_string()])?;
    Ok(())
}

/// The server has proved that it has these bytes.
pub fn stored(tx: &Transaction<'_>, account: AccountId, sha256: Digest) -> Result<(), StoreError> {
    let sql = "UPDATE photos SET stored = TRUE, upload = NULL WHERE account = ? AND sha256 = ?";
    tx.execute(sql, params![account.0, sha256.to_string()])?;
    Ok(())
}

/// Gives the space of bytes back that the server has, with the operations that name them: an operation that it does not
/// have yet could come so late that the server no longer keeps bytes nobody has named.
pub fn release(tx: &Transaction<'_>) -> Result<usize, StoreError> {
    let gone = tx.execute(
        "DELETE FROM photo_bytes WHERE NOT EXISTS (
             SELECT * FROM photos AS p LEFT JOIN outbox AS o ON o.id = p.op
             WHERE p.sha256 = photo_bytes.sha256 AND (NOT p.stored OR o.state IN ('pending', 'stuck')))",
        [],
    )?;
    Ok(gone)
}

/// Whether the phone still has the bytes.
pub fn has_bytes(tx: &Transaction<'_>, sha256: Digest) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT * FROM photo_bytes WHERE sha256 = ?)";
    Ok(tx.query_row(sql, [sha256.to_string()], |row| row.get(0))?)
}

/// The server was restored from a backup: what it had may be gone. Whatever is still here is owed again.
pub fn offer_again(tx: &Transaction<'_>, account: AccountId) -> Result<(), StoreError> {
    let sql = "UPDATE photos SET stored = FALSE, upload = NULL
         WHERE account = ? AND sha256 IN (SELECT sha256 FROM photo_bytes)";
    tx.execute(sql, [account.0])?;
    Ok(())
}
