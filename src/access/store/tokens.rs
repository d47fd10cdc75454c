//! SQL of refresh tokens.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{exists, select},
    prelude::*,
};
use uuid::Uuid;

use crate::{
    access::{
        AccessError,
        session::{RefreshToken, Session},
    },
    db::{
        Conn, DbError, both,
        schema::refresh_tokens,
        types::{Micros, Uid},
    },
};

type TokenRow = (Vec<u8>, Uid, Option<Vec<u8>>, Uid, Uid, Option<Uid>, Micros, Micros, Option<Micros>, Option<Micros>);

fn token((digest, family, follows, org, user, device, issued, expires, used, revoked): TokenRow) -> RefreshToken {
    RefreshToken {
        digest,
        session: Session { org: org.into(), user: user.into(), device: device.map(Uuid::from), family: family.into() },
        follows,
        issued_at: issued.time(),
        expires_at: expires.time(),
        used_at: used.map(Micros::time),
        revoked_at: revoked.map(Micros::time),
    }
}

/// Stores a new token.
///
/// # Errors
/// The database's.
pub fn insert_token(conn: &mut Conn, token: &RefreshToken) -> Result<(), AccessError> {
    let insert = diesel::insert_into(refresh_tokens::table).values((
        refresh_tokens::digest.eq(&token.digest),
        refresh_tokens::family.eq(Uid(token.session.family)),
        refresh_tokens::follows.eq(&token.follows),
        refresh_tokens::org_id.eq(Uid(token.session.org)),
        refresh_tokens::user_id.eq(Uid(token.session.user)),
        refresh_tokens::device_id.eq(token.session.device.map(Uid)),
        refresh_tokens::issued_at.eq(Micros::from(token.issued_at)),
        refresh_tokens::expires_at.eq(Micros::from(token.expires_at)),
        refresh_tokens::used_at.eq(token.used_at.map(Micros::from)),
        refresh_tokens::revoked_at.eq(token.revoked_at.map(Micros::from)),
    ));
    both!(conn, c => insert.execute(c))?;
    Ok(())
}

/// The token of this digest.
///
/// # Errors
/// The database's.
pub fn find_token(conn: &mut Conn, digest: &[u8]) -> Result<Option<RefreshToken>, AccessError> {
    let query = refresh_tokens::table.find(digest);
    let row: Option<TokenRow> = both!(conn, c => query.first(c).optional())?;
    Ok(row.map(token))
}

/// The unrevoked token that was given for this one; there is at most one.
///
/// # Errors
/// The database's.
pub fn find_successor(conn: &mut Conn, of: &RefreshToken) -> Result<Option<RefreshToken>, AccessError> {
    let query = refresh_tokens::table
        .filter(refresh_tokens::family.eq(Uid(of.session.family)))
        .filter(refresh_tokens::follows.eq(&of.digest))
        .filter(refresh_tokens::revoked_at.is_null());
    let row: Option<TokenRow> = both!(conn, c => query.first(c).optional())?;
    Ok(row.map(token))
}

/// Marks an unused token used.
///
/// # Errors
/// `Conflict` when somebody else used or revoked it first; judging again then finds out.
pub fn use_token(conn: &mut Conn, digest: &[u8], now: DateTime<Utc>) -> Result<(), AccessError> {
    let update = diesel::update(untouched(digest)).set(refresh_tokens::used_at.eq(Micros::from(now)));
    one(both!(conn, c => update.execute(c))?)
}

/// Revokes an unused token whose answer was lost.
///
/// # Errors
/// `Conflict` when it was used or revoked first.
pub fn revoke_lost(conn: &mut Conn, digest: &[u8], now: DateTime<Utc>) -> Result<(), AccessError> {
    let update = diesel::update(untouched(digest)).set(refresh_tokens::revoked_at.eq(Micros::from(now)));
    one(both!(conn, c => update.execute(c))?)
}

#[diesel::dsl::auto_type]
fn untouched<'a>(digest: &'a [u8]) -> _ {
    refresh_tokens::table
        .filter(refresh_tokens::digest.eq(digest))
        .filter(refresh_tokens::used_at.is_null())
        .filter(refresh_tokens::revoked_at.is_null())
}

fn one(changed: usize) -> Result<(), AccessError> {
    if changed == 1 { Ok(()) } else { Err(DbError::Conflict.into()) }
}

/// Whether any token of the family is unrevoked.
///
/// # Errors
/// The database's.
pub fn family_lives(conn: &mut Conn, family: Uuid) -> Result<bool, AccessError> {
    let query = select(exists(
        refresh_tokens::table
            .filter(refresh_tokens::family.eq(Uid(family)))
            .filter(refresh_tokens::revoked_at.is_null()),
    ));
    Ok(both!(conn, c => query.get_result(c))?)
}

/// Ends the sessions that `$which` selects. It repeats until nothing is left, because on PostgreSQL a rotation that
/// commits while the first round waits for its row adds a token which that round cannot see; the next one can, and
/// from then on the rows are ours.
macro_rules! revoke_all {
    ($conn:expr, $now:expr, $which:expr) => {{
        let mut ended = 0;
        loop {
            let update = diesel::update(refresh_tokens::table.filter($which.and(refresh_tokens::revoked_at.is_null())))
                .set(refresh_tokens::revoked_at.eq(Micros::from($now)));
            match both!($conn, c => update.execute(c))? {
                0 => break ended,
                changed => ended += changed,
            }
        }
    }};
}

/// Ends one sign-in.
///
/// # Errors
/// The database's.
pub fn revoke_family(conn: &mut Conn, family: Uuid, now: DateTime<Utc>) -> Result<usize, AccessError> {
    Ok(revoke_all!(conn, now, refresh_tokens::family.eq(Uid(family))))
}

/// Ends every sign-in of an account; call [`Access::forget_user`](crate::access::Access::forget_user) after the commit.
/// Answers how many tokens that took.
///
/// # Errors
/// The database's.
pub fn revoke_user_sessions(conn: &mut Conn, user: Uuid, now: DateTime<Utc>) -> Result<usize, AccessError> {
    Ok(revoke_all!(conn, now, refresh_tokens::user_id.eq(Uid(user))))
}

/// Ends every sign-in of an account but one.
///
/// # Errors
/// The database's.
pub fn revoke_other_sessions(
    conn: &mut Conn,
    user: Uuid,
    keep: Uuid,
    now: DateTime<Utc>,
) -> Result<usize, AccessError> {
    Ok(revoke_all!(conn, now, refresh_tokens::user_id.eq(Uid(user)).and(refresh_tokens::family.ne(Uid(keep)))))
}

/// Ends every sign-in of an organisation's device; call [`Access::forget_device`](crate::access::Access::forget_device) after the
/// commit. Setting `device_state.revoked` is the caller's.
///
/// # Errors
/// The database's.
pub fn revoke_device_sessions(
    conn: &mut Conn,
    org: Uuid,
    device: Uuid,
    now: DateTime<Utc>,
) -> Result<usize, AccessError> {
    Ok(revoke_all!(conn, now, refresh_tokens::device_id.eq(Uid(device)).and(refresh_tokens::org_id.eq(Uid(org)))))
}

/// Ends the sign-ins of an account on one device: signing in again there replaces them.
///
/// # Errors
/// The database's.
pub fn revoke_sessions_on(conn: &mut Conn, user: Uuid, device: Uuid, now: DateTime<Utc>) -> Result<usize, AccessError> {
    Ok(revoke_all!(conn, now, refresh_tokens::user_id.eq(Uid(user)).and(refresh_tokens::device_id.eq(Uid(device)))))
}
