//! Operations as they arrive from a device, each kept as it was written.

use std::collections::HashMap;

use mobile_api::{
    evidence::Anchor,
    refusal::Problem,
    sync::{Group, Operation},
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Most operations that one may depend on.
const MOST_DEPENDENCIES: usize = 20;

/// Most operations in a group.
const MOST_IN_GROUP: u32 = 50;

/// Largest sequence number and revision: the database keeps them as signed numbers.
const MOST: u64 = i64::MAX as u64;

/// The device that sends, and its own idea of time at sending.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The device.
    pub device: Uuid,
    /// Its uptime in milliseconds.
    pub uptime_ms: Option<u64>,
    /// Its boot.
    pub boot_id: Option<Uuid>,
    /// The last server time it saw.
    pub anchor: Option<Anchor>,
}

/// One operation as it arrived.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Its id; if what arrived has none, one that follows from its bytes, so that sending it again finds it.
    pub id: Uuid,
    /// The bytes as they came.
    pub raw: Box<RawValue>,
    /// SHA-256 of these.
    pub digest: [u8; 32],
    /// Its number in the device's sequence, if it has one. Known even of what says nothing else: what comes after it
    /// must not wait for it.
    pub seq: Option<u64>,
    /// What they say, or why they say nothing.
    pub content: Result<Operation, Problem>,
}

impl Incoming {
    /// Reads one element of a push. Never fails: what cannot be read is kept for a person.
    pub fn read(raw: Box<RawValue>, device: Uuid) -> Self {
        let digest: [u8; 32] = Sha256::digest(raw.get().as_bytes()).into();
        let content = read(&raw);
        let (id, seq) = match &content {
            Ok(operation) => (Some(operation.id), operation.seq),
            Err(_) => (stated(&raw, "id"), stated(&raw, "seq").filter(|seq| *seq <= MOST)),
        };
        let id = id.unwrap_or_else(|| derived_id(&[device.as_bytes(), &digest]));
        Self { id, raw, digest, seq, content }
    }

    /// Its group, if it belongs to one.
    pub fn group(&self) -> Option<Group> {
        self.content.as_ref().ok().and_then(|operation| operation.group)
    }
}

fn read(raw: &RawValue) -> Result<Operation, Problem> {
    // serde would take an array for an operation, field by field.
    if !raw.get().starts_with('{') {
        return Err(Problem::new("malformed_operation", "expected an object"));
    }
    let operation: Operation =
        serde_json::from_str(raw.get()).map_err(|error| Problem::new("malformed_operation", error.to_string()))?;
    let too_many = |what: &str| Problem::new("malformed_operation", format!("too many {what}"));
    if operation.depends_on.len() > MOST_DEPENDENCIES {
        return Err(too_many("dependencies"));
    }
    if operation.group.is_some_and(|group| !(1..=MOST_IN_GROUP).contains(&group.size)) {
        return Err(too_many("operations in the group"));
    }
    if operation.op_type.len() > 100 || operation.op_type.contains('\0') {
        return Err(Problem::new("malformed_operation", "the type is too long, or no text"));
    }
    if operation.seq.is_some_and(|seq| seq > MOST) || operation.base_rev.is_some_and(|rev| rev > MOST) {
        return Err(Problem::new("malformed_operation", "a number is too large"));
    }
    Ok(operation)
}

/// A field of something that is no operation otherwise: by the id the phone recognises its verdict.
fn stated<T: DeserializeOwned>(raw: &RawValue, field: &str) -> Option<T> {
    let fields: HashMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    serde_json::from_str(fields.get(field)?.get()).ok()
}

/// An id that follows from bytes: the same bytes always have the same one (UUID version 8).
pub fn derived_id(parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
