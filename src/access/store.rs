//! SQL of signing in. Every function runs inside a door's closure; none opens a transaction.

mod failures;
mod keys;
mod tokens;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use mobile_api::{directory::User, record::Kind};
use uuid::Uuid;

pub use self::{failures::*, keys::*, tokens::*};
use super::{
    AccessError,
    account::{Account, DeviceStanding, Standing},
    session::Session,
};
use crate::db::{
    Conn, both,
    schema::{credentials, device_state, login_failures, records, refresh_tokens, signing_keys},
    types::{Micros, Uid},
};

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
