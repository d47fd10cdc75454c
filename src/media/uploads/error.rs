//! What can go wrong with an upload.

use crate::{
    db::{DbError, Retry},
    error::{Code, Error},
    media::{MediaError, depot::DepotError},
    operations::DoorError,
};

/// Why an upload did not go on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// There is none, or it is somebody else's.
    #[error("no such upload")]
    Unknown,
    /// It waited too long to be continued, or what was kept of it is lost.
    #[error("the upload has expired")]
    Expired,
    /// The bytes begin elsewhere than where those that are kept end.
    #[error("other bytes are awaited than those that came")]
    Offset,
    /// More bytes than were announced.
    #[error("more than {0} bytes")]
    TooLarge(u64),
    /// Too many uploads were begun and not finished.
    #[error("too many unfinished uploads")]
    TooMany,
    /// The body does not have the checksum that its request announced.
    #[error("the body has another checksum")]
    Chunk,
    /// All bytes together do not have the SHA-256 that was announced.
    #[error("the bytes have another SHA-256")]
    Whole,
    /// The store of bytes.
    #[error(transparent)]
    Depot(#[from] DepotError),
    /// The records.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// The server stopped on the way.
    #[error("cut off")]
    CutOff,
}

impl From<DbError> for UploadError {
    fn from(error: DbError) -> Self {
        UploadError::Door(error.into())
    }
}

impl From<MediaError> for UploadError {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Depot(error) => error.into(),
            MediaError::Door(error) => error.into(),
            MediaError::Db(error) => error.into(),
            MediaError::CutOff => UploadError::CutOff,
        }
    }
}

impl Retry for UploadError {
    fn is_conflict(&self) -> bool {
        matches!(self, UploadError::Door(error) if error.is_conflict())
    }
}

impl From<UploadError> for Error {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Unknown => Code::NotFound.into(),
            UploadError::Expired => Code::UploadExpired.into(),
            UploadError::Offset => Code::OffsetMismatch.into(),
            UploadError::TooLarge(limit) => Error::new(Code::UploadTooLarge).arg("limit", limit),
            UploadError::TooMany => Code::TooManyUploads.into(),
            UploadError::Chunk => Code::ChunkMismatch.into(),
            UploadError::Whole => Code::ChecksumMismatch.into(),
            UploadError::Depot(DepotError::Full) => Error::new(Code::StorageFull).because(DepotError::Full),
            UploadError::Depot(error) => Error::new(Code::Unavailable).because(error),
            UploadError::Door(error) => error.into(),
            UploadError::CutOff => Error::new(Code::Unavailable).because(error),
        }
    }
}
