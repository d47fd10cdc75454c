//! What can go wrong about signing in, free of HTTP. The table of codes gives each its status and titles.

use std::time::Duration;

use crate::db::{DbError, Retry};

/// Why access was not given, or why it could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// No bearer token.
    #[error("not signed in")]
    NotSignedIn,
    /// The access token was good once.
    #[error("the access token has expired")]
    TokenExpired,
    /// Not a token of this server, or of a session that has ended.
    #[error("the access token is not valid")]
    TokenInvalid,
    /// The device was revoked by the office.
    #[error("the device is revoked")]
    DeviceRevoked,
    /// The device is registered for somebody else.
    #[error("the device belongs to another account")]
    DeviceNotYours,
    /// The account was deactivated by the office.
    #[error("the account is disabled")]
    AccountDisabled,
    /// Unknown login or wrong password; deliberately one answer for both.
    #[error("login or password is wrong")]
    WrongCredentials,
    /// Too many failed sign-ins for this login or from this address.
    #[error("too many failed sign-ins")]
    TooManyAttempts {
        /// How long until the next attempt is looked at.
        retry_after: Duration,
    },
    /// Unknown, ended, expired or another device's refresh token.
    #[error("the refresh token is not valid")]
    RefreshInvalid,
    /// An old refresh token came back: its whole family is revoked now.
    #[error("the refresh token was used before")]
    RefreshReused,
    /// A new password with too few characters.
    #[error("the password is too short")]
    PasswordTooShort {
        /// Fewest characters.
        min: usize,
    },
    /// A new password with too many bytes.
    #[error("the password is too long")]
    PasswordTooLong {
        /// Most bytes.
        max: usize,
    },
    /// A login that cannot be one (empty, too long, control characters).
    #[error("the login is not usable")]
    LoginUnusable,
    /// Another account has this login.
    #[error("the login is taken")]
    LoginTaken,
    /// More people sign in at once than the server can hash passwords for.
    #[error("too many sign-ins at once")]
    Busy,
    /// The database's own failure.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Keys or hashes that are unreadable, a failing random source: an operator's matter.
    #[error("{0}")]
    Internal(String),
}

impl From<diesel::result::Error> for AccessError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Db(error.into())
    }
}

impl Retry for AccessError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_conflict())
    }
}
