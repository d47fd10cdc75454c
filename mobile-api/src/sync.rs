//! What travels between phone and server: operations up, verdicts and records down.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    evidence::{Anchor, Evidence, Stamp, lenient},
    photo::MOST_BYTES,
    record::{Kind, Scope},
    refusal::{Flagged, Problem},
    upload::CHUNK_BYTES,
};

/// The version of this contract that this build speaks.
pub const SCHEMA: u32 = 1;

/// Operations that are applied all or none: finish, material and signature belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Group {
    /// The group's id, made on the phone.
    pub id: Uuid,
    /// How many operations it has, 2 to 50.
    pub size: u32,
}

/// One thing that a person did, as it travels up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Operation {
    /// Made on the phone (UUIDv7); the same operation has the same id for ever.
    pub id: Uuid,
    /// Counts the operations of this device from 1, without gaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// `work_order.arrive`.
    #[serde(rename = "type")]
    pub op_type: String,
    /// The record it is about.
    pub entity: Uuid,
    /// The revision of that record that the person saw; absent for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_rev: Option<u64>,
    /// All or none with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// Operations that must have been applied before, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Uuid>,
    /// When it happened. Garbage here is evidence of nothing, never a reason to refuse the rest.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// What was done; its form follows from the type.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub payload: Box<RawValue>,
}

/// Operations to be judged.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushRequest {
    /// The device that sends.
    pub device: Uuid,
    /// The contract it speaks.
    pub schema: u32,
    /// Its uptime in milliseconds at sending.
    #[serde(default)]
    pub uptime_ms: Option<u64>,
    /// Its boot at sending.
    #[serde(default)]
    pub boot_id: Option<Uuid>,
    /// The last server time it saw.
    #[serde(default)]
    pub anchor: Option<Anchor>,
    /// The operations, each kept as it was written.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Operation>))]
    pub operations: Vec<Box<RawValue>>,
}

/// A verdict for each operation, in the order in which they were sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushResponse {
    /// The verdicts.
    pub verdicts: Vec<Verdict>,
    /// The server's time, with its proof: the phone's next anchor.
    pub time: Stamp,
    /// The organisation's version after this push.
    pub version: u64,
}

/// What a device still has that may no longer push: it was revoked, its owner left, or its app is too old.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SalvageRequest {
    /// The device that recorded them.
    pub device: Uuid,
    /// The operations, each kept as it was written.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Operation>))]
    pub operations: Vec<Box<RawValue>>,
}

/// Where each salvaged operation stands, in the order in which they were sent. Nothing else is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SalvageResponse {
    /// One for each.
    pub operations: Vec<Salvaged>,
}

/// Where a salvaged operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Salvaged {
    /// The operation.
    pub id: Uuid,
    /// `kept`, or what became of it when it was received before.
    pub status: VerdictStatus,
}

/// What became of an operation. Can be asked again for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verdict {
    /// The operation.
    pub id: Uuid,
    /// What became of it.
    pub status: VerdictStatus,
    /// What a person should look at, if it was applied and flagged. A flag that this build does not know, of a newer server,
    /// is passed over: the status says that there was one.
    #[serde(default, deserialize_with = "known_flags", skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flagged>,
    /// Why it was not applied, or what it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// The question that was opened for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Uuid>,
    /// Held operations: until when, at the longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// The revision of the record that it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<u64>,
}

/// The flags that this build knows: an old app must be able to read what a newer server says (S18).
fn known_flags<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Flagged>, D::Error> {
    let flags: Vec<serde_json::Value> = Vec::deserialize(deserializer)?;
    Ok(flags.into_iter().filter_map(|flag| serde_json::from_value(flag).ok()).collect())
}

impl Verdict {
    /// One that says no more than this.
    pub fn bare(id: Uuid, status: VerdictStatus) -> Self {
        Self { id, status, flags: Vec::new(), problem: None, review: None, until: None, rev: None }
    }
}

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerdictStatus {
    /// Done.
    Applied,
    /// Done; a person should look at it.
    AppliedFlagged,
    /// Stored; waits for something that is not here yet.
    Held,
    /// Stored, not applied; a person decides.
    Kept,
    /// Not stored: send it again.
    Retry,
    /// The server does not know it: send it.
    Unknown,
}

impl VerdictStatus {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            VerdictStatus::Applied => "applied",
            VerdictStatus::AppliedFlagged => "applied_flagged",
            VerdictStatus::Held => "held",
            VerdictStatus::Kept => "kept",
            VerdictStatus::Retry => "retry",
            VerdictStatus::Unknown => "unknown",
        }
    }

    /// Whether the operation changed its record.
    pub fn is_applied(self) -> bool {
        matches!(self, VerdictStatus::Applied | VerdictStatus::AppliedFlagged)
    }

    /// Whether the verdict is final, so that a phone may move the operation to its archive.
    pub fn is_final(self) -> bool {
        matches!(self, VerdictStatus::Applied | VerdictStatus::AppliedFlagged | VerdictStatus::Kept)
    }
}

/// Asks for verdicts again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LookupRequest {
    /// At most as many as a push may carry.
    pub operations: Vec<Uuid>,
}

/// The verdicts asked for, in the same order; `unknown` means: send it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LookupResponse {
    /// The verdicts.
    pub verdicts: Vec<Verdict>,
}

/// Asks what changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PullRequest {
    /// The device that asks.
    pub device: Uuid,
    /// The contract it speaks.
    pub schema: u32,
    /// Where the last page ended; absent for a first or replacement sync.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Most changes in the answer; the server's own limit applies beyond it.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A page of changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PullResponse {
    /// The server's data set. Another epoch than before means that the phone starts anew.
    pub epoch: Uuid,
    /// The organisation's version that this page was read at.
    pub version: u64,
    /// To be sent with the next pull. Opaque.
    pub cursor: String,
    /// Whether this was the last page for now.
    pub complete: bool,
    /// Every scope this device has; what it holds of other scopes is to be dropped.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub scopes: Vec<Scope>,
    /// What changed, in the order to apply it.
    pub changes: Vec<ChangeRow>,
    /// The server's time, with its proof.
    pub time: Stamp,
}

/// One changed record in one scope.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeRow {
    /// The scope.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub scope: Scope,
    /// The kind; a kind that the app does not know is kept as it is.
    pub kind: String,
    /// The id.
    pub id: Uuid,
    /// The version of this change.
    pub version: u64,
    /// The record's revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<u64>,
    /// The record; absent means that it left the scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub body: Option<Box<RawValue>>,
}

/// The kind under which verdicts travel in a pull.
pub const VERDICT: &str = "verdict";

/// Asks for a proof that phone and server agree.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DigestRequest {
    /// The device that asks.
    pub device: Uuid,
}

/// What each of the device's scopes holds at a version.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DigestResponse {
    /// The organisation's version.
    pub version: u64,
    /// One per scope.
    pub scopes: Vec<ScopeDigest>,
}

/// How much a scope holds, and an order-free hash of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScopeDigest {
    /// The scope.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub scope: Scope,
    /// How many records.
    pub count: u64,
    /// Hexadecimal sum (modulo 2^256, bytewise big-endian) of the SHA-256 of each `kind/id/version`.
    pub hash: String,
}

/// Adds up the hashes of a scope's rows in any order.
#[derive(Clone, Debug, Default)]
pub struct DigestSum {
    count: u64,
    sum: [u8; 32],
}

impl DigestSum {
    /// Adds one row.
    pub fn add(&mut self, kind: &str, id: Uuid, version: u64) {
        use sha2::{Digest as _, Sha256};
        let row = Sha256::digest(format!("{kind}/{id}/{version}").as_bytes());
        let mut carry = 0u16;
        for (sum, byte) in self.sum.iter_mut().rev().zip(row.iter().rev()) {
            let total = u16::from(*sum) + u16::from(*byte) + carry;
            *sum = (total & 0xff) as u8;
            carry = total >> 8;
        }
        self.count += 1;
    }

    /// The digest of a scope.
    pub fn finish(self, scope: Scope) -> ScopeDigest {
        use std::fmt::Write as _;
        let mut hash = String::with_capacity(64);
        for byte in self.sum {
            // Writing into a String cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        ScopeDigest { scope, count: self.count, hash }
    }
}

/// What a phone must know before it syncs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Config {
    /// Schemas understood, oldest and newest.
    pub schemas: (u32, u32),
    /// Most operations in a push.
    pub push_operations: u32,
    /// Most bytes of a push.
    pub push_bytes: u64,
    /// Most changes in a page of a pull.
    pub pull_changes: u32,
    /// How many days a cursor stays valid, and drops are kept.
    pub retention_days: u32,
    /// Most bytes of a photo. A server that does not say takes as many as an operation may name.
    #[serde(default = "usual_photo_bytes")]
    pub photo_bytes: u64,
    /// How many bytes of a photo are best sent at once.
    #[serde(default = "usual_chunk_bytes")]
    pub chunk_bytes: u64,
    /// The server's data set.
    pub epoch: Uuid,
    /// The server's time, with its proof.
    pub time: Stamp,
}

fn usual_photo_bytes() -> u64 {
    MOST_BYTES
}

fn usual_chunk_bytes() -> u64 {
    CHUNK_BYTES
}

/// Registers a device.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    /// Its id, made on the device and kept for ever; sending it again changes nothing.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// `android`, `ios`, `harmony`, `browser`…
    pub platform: String,
    /// Version of the app.
    pub app_version: String,
}

/// The kinds of records that this build understands.
pub fn known_kinds() -> impl Iterator<Item = &'static str> {
    Kind::ALL.iter().map(|kind| kind.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::refusal::Flag;

    #[test]
    fn a_verdict_of_a_newer_server_can_be_read() {
        let verdict = json!({
            "id": Uuid::nil(), "status": "applied_flagged", "rev": 3, "later": { "thing": 1 },
            "flags": [{ "flag": "paid_in_moonstone", "detail": { "carats": 2 } }, { "flag": "overpaid" }, 17],
        });
        let verdict: Verdict = serde_json::from_value(verdict).unwrap();
        assert_eq!(verdict.status, VerdictStatus::AppliedFlagged);
        let known: Vec<Flag> = verdict.flags.iter().map(|flagged| flagged.flag).collect();
        assert_eq!(known, [Flag::Overpaid]);
    }
}
