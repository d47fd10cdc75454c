//! What can go wrong at the door as a whole. A refusal of one recorded operation is a verdict, not an error.

use mobile_api::refusal::Refusal;

use crate::{
    db::{DbError, Retry},
    error::{Code, Error},
};

/// Why nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The rule said no to somebody who waits for the answer.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// The record has another revision than the caller insisted on.
    #[error("the record is at revision {0}")]
    OtherRevision(u64),
    /// The idempotency key was used for something else.
    #[error("the key was used for another operation")]
    KeyReused,
    /// No such device, or it is somebody else's.
    #[error("not a device of this account")]
    UnknownDevice,
    /// The device was revoked.
    #[error("the device was revoked")]
    DeviceRevoked,
    /// The short name of an organisation is taken.
    #[error("the short name is taken")]
    SlugTaken,
    /// A stored record or verdict cannot be read.
    #[error("stored {what} cannot be read: {cause}")]
    Corrupt {
        /// What it is.
        what: &'static str,
        /// Why not.
        cause: serde_json::Error,
    },
    /// The database's.
    #[error(transparent)]
    Db(DbError),
}

impl DoorError {
    /// Whether a single operation may be what brought this about, so that its neighbours should be tried without it:
    /// a statement that failed, a panic, a record that cannot be read.
    pub(super) fn is_poison(&self) -> bool {
        matches!(self, DoorError::Corrupt { .. } | DoorError::Db(DbError::Query(_) | DbError::Panicked(_)))
    }
}

impl From<Refusal> for DoorError {
    fn from(refusal: Refusal) -> Self {
        DoorError::Refused(refusal)
    }
}

impl From<diesel::result::Error> for DoorError {
    fn from(error: diesel::result::Error) -> Self {
        DoorError::Db(error.into())
    }
}

impl From<crate::access::AccessError> for DoorError {
    fn from(error: crate::access::AccessError) -> Self {
        match error {
            crate::access::AccessError::Db(error) => DoorError::Db(error),
            // The rules checked the login before; what remains is somebody taking it at the same moment.
            _ => DoorError::Db(DbError::Conflict),
        }
    }
}

impl Retry for DoorError {
    fn is_conflict(&self) -> bool {
        matches!(self, DoorError::Db(error) if error.is_conflict())
    }
}

impl From<DoorError> for Error {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::Refused(refusal) => refusal.into(),
            DoorError::OtherRevision(rev) => Error::new(Code::PreconditionFailed).arg("rev", rev),
            DoorError::KeyReused => Code::IdempotencyKeyReused.into(),
            DoorError::UnknownDevice => Code::NotFound.into(),
            DoorError::DeviceRevoked => Code::DeviceRevoked.into(),
            DoorError::SlugTaken => Refusal::AlreadyExists.into(),
            DoorError::Db(error) => error.into(),
            corrupt @ DoorError::Corrupt { .. } => Error::internal(corrupt),
        }
    }
}
