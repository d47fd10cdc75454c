//! Operations as they arrive from a device, each kept as it was written.

pub use mobile_api::ids::derived as derived_id;
use mobile_api::{
    catalogue::{Action, ParseError},
    evidence::Anchor,
    refusal::Problem,
    sync::{Group, Operation},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Most operations that one may depend on.
const MOST_DEPENDENCIES: usize = 20;

/// Sequence and revision are kept as signed numbers by the database.
const LARGEST: u64 = i64::MAX as u64;

/// Most operations in a group.
const MOST_IN_GROUP: u32 = 50;

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
    /// What they say, or why they say nothing.
    pub content: Result<Operation, Problem>,
    /// What was done, or why that cannot be told.
    pub action: Result<Action, Problem>,
    /// Its number in the device's sequence, if it has one: also if nothing else of it can be read, so that what
    /// follows does not wait for it.
    pub seq: Option<u64>,
}

impl Incoming {
    /// Reads one element of a push. Never fails: what cannot be read is kept for a person.
    ///
    /// All that can be told from the bytes alone is told here, and so not where all writers wait for each other.
    pub fn read(raw: Box<RawValue>, device: Uuid) -> Self {
        let digest = digest_of(&raw);
        let content = read(&raw);
        let action = content.as_ref().map_err(Problem::clone).and_then(action);
        let (id, seq) = match &content {
            Ok(operation) => (operation.id, operation.seq),
            // serde would take an array for what is stated, too.
            Err(_) if !raw.get().starts_with('{') => (derived_id(&[device.as_bytes(), &digest]), None),
            Err(_) => {
                let id = stated_id(&raw).unwrap_or_else(|| derived_id(&[device.as_bytes(), &digest]));
                (id, stated_seq(&raw))
            }
        };
        Self { id, raw, digest, content, action, seq }
    }

    /// The same bytes, to be kept for a person because of this problem.
    pub fn unreadable(&self, problem: Problem) -> Self {
        Self { content: Err(problem.clone()), action: Err(problem), ..self.clone() }
    }

    /// Its type, as far as it can be told.
    pub fn op_type(&self) -> &str {
        self.content.as_ref().map_or("unreadable", |operation| &operation.op_type)
    }

    /// The last server time that the device had seen when it was recorded.
    pub fn anchor(&self) -> Option<&Anchor> {
        self.content.as_ref().ok()?.evidence.as_ref()?.anchor.as_ref()
    }

    /// Its group, if it belongs to one.
    pub fn group(&self) -> Option<Group> {
        self.content.as_ref().ok().and_then(|operation| operation.group)
    }
}

/// SHA-256 of the bytes as they came.
pub(super) fn digest_of(raw: &RawValue) -> [u8; 32] {
    Sha256::digest(raw.get().as_bytes()).into()
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
    if operation.seq.is_some_and(|seq| seq > LARGEST) || operation.base_rev.is_some_and(|rev| rev > LARGEST) {
        return Err(Problem::new("malformed_operation", "a number is too large"));
    }
    Ok(operation)
}

fn action(operation: &Operation) -> Result<Action, Problem> {
    Action::parse(&operation.op_type, &operation.payload).map_err(|error| {
        let code = match &error {
            ParseError::UnknownType => "unknown_operation",
            ParseError::Payload { .. } => "invalid",
        };
        Problem::new(code, error.to_string())
    })
}

/// The id of something that is no operation otherwise, so that the phone recognises its verdict.
fn stated_id(raw: &RawValue) -> Option<Uuid> {
    #[derive(Deserialize)]
    struct Stated {
        id: Uuid,
    }
    serde_json::from_str::<Stated>(raw.get()).ok().map(|stated| stated.id)
}

/// The place in the sequence of something that is no operation otherwise.
fn stated_seq(raw: &RawValue) -> Option<u64> {
    #[derive(Deserialize)]
    struct Stated {
        seq: u64,
    }
    let stated = serde_json::from_str::<Stated>(raw.get()).ok();
    stated.map(|stated| stated.seq).filter(|seq| *seq <= LARGEST)
}
