//! SQL of photos and blobs.

pub mod blobs;
pub mod refs;

use mobile_api::{photo::Arrival, signing::Digest};

use crate::operations::DoorError;

/// A SHA-256 as a column holds it.
pub(in crate::media) fn column(sha256: Digest) -> Vec<u8> {
    sha256.as_bytes().to_vec()
}

/// A SHA-256 as it comes from a column.
pub(in crate::media) fn digest(column: &[u8]) -> Digest {
    Digest::new(column.try_into().unwrap_or([0; 32]))
}

fn read_arrival(text: &str) -> Result<Arrival, DoorError> {
    serde_json::from_str(text).map_err(|cause| DoorError::Corrupt { what: "arrival", cause })
}
