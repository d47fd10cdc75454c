use std::time::Duration;

use serde::Deserialize;

use super::{store::StoreError, transport::TransportError};

/// Why something could not be recorded or shown.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// Nobody is signed in on this phone.
    #[error("nobody is signed in")]
    NobodySignedIn,
    /// The operation acts on a present state, so it is done online and never recorded for later.
    #[error("`{0}` needs the server")]
    NeedsServer(String),
    /// The type is none of this build's.
    #[error("unknown operation type `{0}`")]
    UnknownType(String),
    /// A group has 2 to 50 operations.
    #[error("a group has 2 to 50 operations")]
    GroupSize,
    /// The payload cannot be written as JSON.
    #[error("the payload cannot be written: {0}")]
    Payload(#[from] serde_json::Error),
    /// The operation names no photo, or another than these bytes.
    #[error("the operation does not name these bytes")]
    OtherPhoto,
    /// Signing out would leave operations behind that the server does not have.
    #[error("{0} operations and photos are not sent yet")]
    Unsent(u64),
    /// The phone's file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a sync did not come to its end. Whatever the reason, the outbox is as it was.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Nobody is signed in on this phone.
    #[error("nobody is signed in")]
    NobodySignedIn,
    /// The session has ended; the person must sign in again. Unsent work waits for them.
    #[error("sign in again")]
    SignInAgain,
    /// The login or the password is wrong.
    #[error("login or password is wrong")]
    WrongCredentials,
    /// The office took this device out of use.
    #[error("this device was revoked")]
    DeviceRevoked,
    /// The server no longer understands this app.
    #[error("the app must be updated")]
    AppTooOld,
    /// The server refuses, and trying again will not help.
    #[error("the server refuses: {0}")]
    Refused(Problem),
    /// No signal, a server that is down or busy, an answer that is none of the server's. Try again.
    #[error("not now: {reason}")]
    NotNow {
        /// For a log.
        reason: String,
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
    },
    /// The phone's file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A test stopped the engine here.
    #[error("stopped by the probe")]
    Stopped,
}

impl SyncError {
    pub(super) fn not_now(reason: impl Into<String>) -> Self {
        SyncError::NotNow { reason: reason.into(), retry_after: None }
    }

    /// Whether the same attempt may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, SyncError::NotNow { .. })
    }
}

impl From<TransportError> for SyncError {
    fn from(error: TransportError) -> Self {
        SyncError::not_now(error.to_string())
    }
}

/// What the server says is wrong (RFC 9457), as far as the engine reads it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// The stable code.
    pub code: String,
    /// What it means, in the reader's language.
    #[serde(default)]
    pub title: String,
    /// What helps.
    #[serde(default)]
    pub detail: Option<String>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Problem { code, title, detail } = self;
        match detail {
            Some(detail) => write!(f, "{code}: {title} ({detail})"),
            None => write!(f, "{code}: {title}"),
        }
    }
}
