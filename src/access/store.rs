//! SQL of signing in. Every function runs inside a door's closure; none opens a transaction.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{exists, select},
    prelude::*,
};
use mobile_api::{directory::User, record::Kind};
use uuid::Uuid;

use super::{
    AccessError,
    account::{Account, DeviceStanding, Standing},
    keys::SigningKey,
    session::{RefreshToken, Session},
};
use crate::db::{
    Conn, DbError, both,
    schema::{credentials, device_state, login_failures, records, refresh_tokens, signing_keys},
    types::{Micros, Uid},
};

// ---- credentials ----

/// How an account proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The account's organisation.
    pub org: Uuid,
    /// The account.
    pub user: Uuid,
    /// In its [normal form](normal_login).
    pub login: String,
    /// PHC string.
    pub password_hash: String,
}

type CredentialRow = (Uid, Uid, String, String);

/// The columns of a [`Credential`].
#[diesel::dsl::auto_type]
fn credential_columns() -> _ {
    (credentials::org_id, credentials::user_id, credentials::login, credentials::password_hash)
}

/// The form in which logins are stored and compared: without surrounding space, in lower case.
///
/// # Errors
/// `LoginUnusable` if that is empty, longer than 100 characters, or has white space or control characters in it (which
/// also keeps out the NUL that PostgreSQL cannot store).
pub fn normal_login(login: &str) -> Result<String, AccessError> {
    // Cheap first: lower-casing a megabyte to find it too long would be work for nothing.
    let login = login.trim();
    if login.is_empty() || login.len() > 400 {
        return Err(AccessError::LoginUnusable);
    }
    let login = login.to_lowercase();
    let usable = login.chars().count() <= 100 && !login.chars().any(|c| c.is_whitespace() || c.is_control());
    if usable { Ok(login) } else { Err(AccessError::LoginUnusable) }
}

/// The credential of a login in its [normal form](normal_login).
///
/// # Errors
/// The database's.
pub fn find_credential(conn: &mut Conn, login: &str) -> Result<Option<Credential>, AccessError> {
    let query = credentials::table.filter(credentials::login.eq(login)).select(credential_columns());
    let row: Option<CredentialRow> = both!(conn, c => query.first(c).optional())?;
    Ok(row.map(credential))
}

/// The credential of an account.
///
/// # Errors
/// The database's.
pub fn credential_of(conn: &mut Conn, user: Uuid) -> Result<Option<Credential>, AccessError> {
    let query = credentials::table.filter(credentials::user_id.eq(Uid(user))).select(credential_columns());
    let row: Option<CredentialRow> = both!(conn, c => query.first(c).optional())?;
    Ok(row.map(credential))
}

fn credential((org, user, login, password_hash): CredentialRow) -> Credential {
    Credential { org: org.into(), user: user.into(), login, password_hash }
}

/// Gives an account its login and password, or new ones. The caller decides whether sessions end
/// ([`revoke_user_sessions`]).
///
/// # Errors
/// `LoginUnusable`; `LoginTaken` by another account (of whichever organisation); the database's.
pub fn set_password(
    conn: &mut Conn,
    org: Uuid,
    user: Uuid,
    login: &str,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<(), AccessError> {
    let login = normal_login(login)?;
    refuse_taken(conn, &login, user)?;
    let values = (
        credentials::login.eq(&login),
        credentials::password_hash.eq(password_hash),
        credentials::changed_at.eq(Micros::from(now)),
    );
    let insert = diesel::insert_into(credentials::table)
        .values((credentials::user_id.eq(Uid(user)), credentials::org_id.eq(Uid(org)), values))
        .on_conflict(credentials::user_id)
        .do_update()
        .set(values);
    both!(conn, c => insert.execute(c)).map_err(taken)?;
    Ok(())
}

/// Changes an account's login and keeps its password. Does nothing when the account has no credential yet.
///
/// # Errors
/// `LoginUnusable`; `LoginTaken`; the database's.
pub fn rename_login(conn: &mut Conn, user: Uuid, login: &str) -> Result<(), AccessError> {
    let login = normal_login(login)?;
    refuse_taken(conn, &login, user)?;
    let update = diesel::update(credentials::table.find(Uid(user))).set(credentials::login.eq(&login));
    both!(conn, c => update.execute(c)).map_err(taken)?;
    Ok(())
}

fn refuse_taken(conn: &mut Conn, login: &str, user: Uuid) -> Result<(), AccessError> {
    match find_credential(conn, login)? {
        Some(other) if other.user != user => Err(AccessError::LoginTaken),
        _ => Ok(()),
    }
}

/// Two accounts may claim one login at the same moment; then the unique index is what notices.
fn taken(error: diesel::result::Error) -> AccessError {
    use diesel::result::{DatabaseErrorKind::UniqueViolation, Error::DatabaseError};
    match error {
        DatabaseError(UniqueViolation, info) if info.constraint_name().is_none_or(|name| name.contains("login")) => {
            AccessError::LoginTaken
        }
        error => error.into(),
    }
}

/// Replaces a hash that was just verified: by itself, by one with newer parameters, or by a new password's.
///
/// Writing even an unchanged hash makes PostgreSQL put a sign-in before or after a change of password, never beside it,
/// where the change would not see the session that it has to end.
///
/// # Errors
/// `WrongCredentials` when the password was changed since it was verified; the database's.
pub fn confirm_hash(conn: &mut Conn, user: Uuid, verified: &str, now_stored: &str) -> Result<(), AccessError> {
    let update = diesel::update(credentials::table.find(Uid(user)).filter(credentials::password_hash.eq(verified)))
        .set(credentials::password_hash.eq(now_stored));
    match both!(conn, c => update.execute(c))? {
        0 => Err(AccessError::WrongCredentials),
        _ => Ok(()),
    }
}

// ---- accounts and devices ----

/// The account as its record says now; `None` when there is none (any more).
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn load_account(conn: &mut Conn, user: Uuid) -> Result<Option<Account>, AccessError> {
    let query = credentials::table
        .inner_join(
            records::table.on(records::org_id
                .eq(credentials::org_id)
                .and(records::kind.eq(Kind::User.as_str()))
                .and(records::id.eq(credentials::user_id))),
        )
        .filter(credentials::user_id.eq(Uid(user)))
        .filter(records::deleted.eq(false))
        .select((credentials::org_id, records::body));
    let row: Option<(Uid, String)> = both!(conn, c => query.first(c).optional())?;
    let Some((org, body)) = row else { return Ok(None) };
    let record: User = serde_json::from_str(&body)
        .map_err(|error| AccessError::Internal(format!("the record of user {user}: {error}")))?;
    let User { name, role, sites, teams, active, .. } = record;
    Ok(Some(Account { org: org.into(), user, name, role, sites, teams, active }))
}

/// How a device stands for an account.
///
/// # Errors
/// The database's.
pub fn device_standing(conn: &mut Conn, org: Uuid, user: Uuid, device: Uuid) -> Result<DeviceStanding, AccessError> {
    let query =
        device_state::table.find((Uid(org), Uid(device))).select((device_state::user_id, device_state::revoked));
    let row: Option<(Uid, bool)> = both!(conn, c => query.first(c).optional())?;
    Ok(match row {
        None => DeviceStanding::Unknown,
        Some((owner, _)) if owner.0 != user => DeviceStanding::OfAnother,
        Some((_, true)) => DeviceStanding::Revoked,
        Some((_, false)) => DeviceStanding::Registered,
    })
}

/// Everything the guard must know about a session.
///
/// # Errors
/// The database's; an account record that cannot be read.
pub fn standing(conn: &mut Conn, session: &Session) -> Result<Standing, AccessError> {
    let account = load_account(conn, session.user)?;
    let device = match session.device {
        Some(device) => Some(device_standing(conn, session.org, session.user, device)?),
        None => None,
    };
    Ok(Standing { account, device, live: family_lives(conn, session.family)? })
}

// ---- refresh tokens ----

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

/// Ends every sign-in of an account; call [`Access::forget_user`](super::Access::forget_user) after the commit.
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

/// Ends every sign-in of an organisation's device; call [`Access::forget_device`](super::Access::forget_device) after the
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

// ---- failed sign-ins ----

/// A counter after an attempt was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many in a row, this one included.
    pub failures: i64,
    /// Until when attempts are refused, as it stood before this one.
    pub blocked_until: DateTime<Utc>,
}

/// Counts one more failure; starts anew if the last one was before `forgotten`.
///
/// # Errors
/// The database's.
pub fn add_failure(
    conn: &mut Conn,
    subject: &str,
    now: DateTime<Utc>,
    forgotten: DateTime<Utc>,
) -> Result<Failures, AccessError> {
    let stale = diesel::delete(
        login_failures::table
            .filter(login_failures::subject.eq(subject))
            .filter(login_failures::last_at.lt(Micros::from(forgotten)))
            .filter(login_failures::blocked_until.le(Micros::from(now))),
    );
    both!(conn, c => stale.execute(c))?;
    // One statement, so that attempts at the same time count one after the other.
    let upsert = diesel::insert_into(login_failures::table)
        .values((
            login_failures::subject.eq(subject),
            login_failures::failures.eq(1),
            login_failures::last_at.eq(Micros::from(now)),
            login_failures::blocked_until.eq(0),
        ))
        .on_conflict(login_failures::subject)
        .do_update()
        .set((login_failures::failures.eq(login_failures::failures + 1), login_failures::last_at.eq(Micros::from(now))))
        .returning((login_failures::failures, login_failures::blocked_until));
    let (failures, blocked_until): (i64, Micros) = both!(conn, c => upsert.get_result(c))?;
    Ok(Failures { failures, blocked_until: blocked_until.time() })
}

/// Refuses attempts until `until`.
///
/// # Errors
/// The database's.
pub fn block(conn: &mut Conn, subject: &str, until: DateTime<Utc>) -> Result<(), AccessError> {
    let update =
        diesel::update(login_failures::table.find(subject)).set(login_failures::blocked_until.eq(Micros::from(until)));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

/// Starts a counter anew.
///
/// # Errors
/// The database's.
pub fn forget_failures(conn: &mut Conn, subject: &str) -> Result<(), AccessError> {
    let delete = diesel::delete(login_failures::table.find(subject));
    both!(conn, c => delete.execute(c))?;
    Ok(())
}

/// Takes one failure off a counter, and the block with it.
///
/// # Errors
/// The database's.
pub fn take_failure_back(conn: &mut Conn, subject: &str) -> Result<(), AccessError> {
    let less = diesel::update(login_failures::table.find(subject).filter(login_failures::failures.gt(0)))
        .set((login_failures::failures.eq(login_failures::failures - 1), login_failures::blocked_until.eq(0)));
    both!(conn, c => less.execute(c))?;
    Ok(())
}

// ---- signing keys ----

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

// ---- cleaning up ----

/// Deletes what no longer decides anything: expired and ended refresh tokens, used ones older than `used_before`, forgotten
/// failures, retired keys. Answers how many rows went. For a nightly job.
///
/// A used token must be kept for as long as its return should end the family; after that it is merely unknown, and its
/// owner's next sign-in on the device ends the family all the same.
///
/// # Errors
/// The database's.
pub fn purge(
    conn: &mut Conn,
    now: DateTime<Utc>,
    used_before: DateTime<Utc>,
    failures_before: DateTime<Utc>,
) -> Result<usize, AccessError> {
    let (now, used_before) = (Micros::from(now), Micros::from(used_before));
    let tokens = diesel::delete(
        refresh_tokens::table.filter(
            refresh_tokens::expires_at
                .lt(now)
                .or(refresh_tokens::used_at.lt(used_before))
                .or(refresh_tokens::revoked_at.lt(used_before)),
        ),
    );
    let failures = diesel::delete(
        login_failures::table
            .filter(login_failures::last_at.lt(Micros::from(failures_before)))
            .filter(login_failures::blocked_until.lt(now)),
    );
    let keys = diesel::delete(signing_keys::table.filter(signing_keys::retires_at.lt(now)));
    let gone = both!(conn, c => tokens.execute(c))?
        + both!(conn, c => failures.execute(c))?
        + both!(conn, c => keys.execute(c))?;
    Ok(gone)
}
