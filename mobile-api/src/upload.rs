//! How the bytes of photos travel: in chunks by tus 1.0 (`docs/uploads.md`), and how a device asks what has arrived.

use serde::{Deserialize, Serialize};

use crate::{photo::Finding, signing::Digest};

/// The size of chunk that serves best: 8 MiB, so that most photos are one. It is also how much of an upload the server holds
/// in memory; what comes whole in one chunk is proved before it is written, and written once.
pub const CHUNK_BYTES: u64 = 8 * 1024 * 1024;

/// Most blobs that may be asked for at once.
pub const MOST_ASKED: usize = 500;

/// Asks what has become of blobs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlobStatusRequest {
    /// Their names; at most [`MOST_ASKED`].
    pub sha256: Vec<Digest>,
}

/// What has become of blobs, in the order asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlobStatusResponse {
    /// One for each.
    pub blobs: Vec<BlobStatus>,
}

/// What has become of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlobStatus {
    /// Its name.
    pub sha256: Digest,
    /// Whether the server has it. A device deletes its own copy only after `stored`.
    pub status: Presence,
    /// What looking at it told, once the server has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Finding>,
}

/// Whether the server has bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Whole, and proved to hash to their name.
    Stored,
    /// An operation names them, or somebody began to send them; they are not here yet.
    Awaited,
    /// Nobody has mentioned them.
    Unknown,
}
