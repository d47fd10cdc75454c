//! SQL of signing keys.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::{
    access::{AccessError, keys::SigningKey},
    db::{Conn, both, schema::signing_keys, types::Micros},
};

type KeyRow = (String, String, String, Micros, Option<Micros>);

/// Every signing key.
///
/// # Errors
/// The database's.
pub fn signing_keys(conn: &mut Conn) -> Result<Vec<SigningKey>, AccessError> {
    let rows: Vec<KeyRow> = both!(conn, c => signing_keys::table.load(c))?;
    let keys = rows.into_iter().map(|(kid, private_pem, public_pem, created_at, retires_at)| SigningKey {
        kid,
        private_pem,
        public_pem,
        created_at: created_at.time(),
        retires_at: retires_at.map(Micros::time),
    });
    Ok(keys.collect())
}

/// Stores `fresh` if no key may sign yet; answers every key.
///
/// # Errors
/// The database's.
pub fn ensure_signing_key(conn: &mut Conn, fresh: &SigningKey) -> Result<Vec<SigningKey>, AccessError> {
    lock_keys(conn)?;
    let mut keys = signing_keys(conn)?;
    if keys.iter().all(|key| key.retires_at.is_some()) {
        insert_key(conn, fresh)?;
        keys.push(fresh.clone());
    }
    Ok(keys)
}

/// Stores `fresh`; the keys that signed until now verify until `retires_at`.
///
/// # Errors
/// The database's.
pub fn rotate_signing_key(conn: &mut Conn, fresh: &SigningKey, retires_at: DateTime<Utc>) -> Result<(), AccessError> {
    lock_keys(conn)?;
    let retire = diesel::update(signing_keys::table.filter(signing_keys::retires_at.is_null()))
        .set(signing_keys::retires_at.eq(Micros::from(retires_at)));
    both!(conn, c => retire.execute(c))?;
    insert_key(conn, fresh)
}

fn insert_key(conn: &mut Conn, key: &SigningKey) -> Result<(), AccessError> {
    let insert = diesel::insert_into(signing_keys::table).values((
        signing_keys::kid.eq(&key.kid),
        signing_keys::private_pem.eq(&key.private_pem),
        signing_keys::public_pem.eq(&key.public_pem),
        signing_keys::created_at.eq(Micros::from(key.created_at)),
        signing_keys::retires_at.eq(key.retires_at.map(Micros::from)),
    ));
    both!(conn, c => insert.execute(c))?;
    Ok(())
}

/// Makes servers that start at once take turns. SQLite has one writer anyway; PostgreSQL would let both look, find
/// nothing, and make a key each.
fn lock_keys(conn: &mut Conn) -> Result<(), AccessError> {
    match conn {
        Conn::Sqlite(_) => {}
        Conn::Pg(c) => {
            // Any number that nothing else locks: "keys" in ASCII.
            diesel::sql_query("SELECT pg_advisory_xact_lock(1801812339)").execute(c)?;
        }
    }
    Ok(())
}
