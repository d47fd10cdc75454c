//! What can go wrong at the database's doors.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Why a read or a write did not happen. Nothing of a failed write remains in the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Somebody else changed the same thing first: a revision that moved on, a key that was taken meanwhile, a
    /// serialization failure, a deadlock. The door repeats the closure; what gets out of the door has lost
    /// every time.
    #[error("a concurrent change came first")]
    Conflict,
    /// The database cannot be reached, is out of space, or has too much waiting. Worth trying again later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The closure panicked.
    #[error("a database closure panicked: {0}")]
    Panicked(String),
    /// The address of the database makes no sense. Never contains a password.
    #[error("{0}")]
    Address(String),
    /// A migration could not be applied.
    #[error("migration failed: {0}")]
    Migration(String),
    /// A statement failed. Seen from outside, a defect of ours.
    #[error(transparent)]
    Query(DieselError),
}

/// Whether the door should run the closure again.
///
/// Every error type that wraps a [`DbError`] implements it, by asking the wrapped one.
pub trait Retry {
    /// The closure failed only because somebody else was faster; run again, it would see the other's change.
    fn is_conflict(&self) -> bool;
}

impl Retry for DbError {
    fn is_conflict(&self) -> bool {
        matches!(self, DbError::Conflict)
    }
}

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(kind, info) => match kind {
                DatabaseErrorKind::SerializationFailure => DbError::Conflict,
                DatabaseErrorKind::UniqueViolation if is_key_race(info.constraint_name()) => {
                    tracing::debug!(constraint = info.constraint_name(), "a key was taken meanwhile");
                    DbError::Conflict
                }
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                    DbError::Unavailable(info.message().trim().to_owned())
                }
                DatabaseErrorKind::Unknown if is_deadlock(info.message()) => DbError::Conflict,
                DatabaseErrorKind::Unknown if is_outage(info.message()) => {
                    DbError::Unavailable(info.message().to_owned())
                }
                _ => DbError::Query(DieselError::DatabaseError(kind, info)),
            },
            // The rollback failed because the commit's cause had already taken the transaction (or the connection) away.
            DieselError::RollbackErrorOnCommit { commit_error, .. } => DbError::from(*commit_error),
            DieselError::BrokenTransactionManager => DbError::Unavailable("the connection was lost".to_owned()),
            other => DbError::Query(other),
        }
    }
}

/// On PostgreSQL two transactions can both look for a row, both find none, and both insert it. Run again, the loser
/// finds it. (SQLite names no constraint, and has one writer: there the same error is a defect and stays one.)
fn is_key_race(constraint: Option<&str>) -> bool {
    constraint.is_some_and(|name| name.ends_with("_pkey") || name == "assets_once_per_serial")
}

/// diesel does not pass SQLSTATE 40P01 on, so the message has to do, in the languages a server of ours is likely to speak.
fn is_deadlock(message: &str) -> bool {
    ["deadlock detected", "检测到死锁"].iter().any(|text| message.contains(text))
}

/// SQLite's (always English) words for a disk or a lock that is not at our disposal now.
fn is_outage(message: &str) -> bool {
    ["database is locked", "disk I/O error", "database or disk is full", "unable to open database file"]
        .contains(&message)
}

impl From<diesel::ConnectionError> for DbError {
    fn from(error: diesel::ConnectionError) -> Self {
        DbError::Unavailable(error.to_string().trim().to_owned())
    }
}

/// The text of a caught panic.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
