//! The history of a record: every operation on it, in the order in which they were judged.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use mobile_api::{
    record::Ref,
    sync::{Operation, Verdict},
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    DoorError,
    store::{read_verdict, signed, unsigned},
};
use crate::db::{
    Conn, DbError, both,
    schema::journal,
    types::{Micros, Uid},
};

/// One operation of a record's history.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct HistoryEntry {
    /// The operation.
    pub id: Uuid,
    /// The version that it belongs to.
    pub version: u64,
    /// Its type.
    #[serde(rename = "type")]
    pub op_type: String,
    /// Who recorded it.
    pub actor: Uuid,
    /// With which device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Uuid>,
    /// When the server received it.
    pub received_at: DateTime<Utc>,
    /// As it was sent.
    #[schema(value_type = Object)]
    pub operation: Box<RawValue>,
    /// What became of it.
    pub verdict: Verdict,
}

type Row = (Uid, i64, String, Uid, Option<Uid>, Micros, String, String);

/// A page of a record's history, oldest first, after the operation `after` of version `version`.
///
/// # Errors
/// The database's; an entry that cannot be read.
pub fn history(
    conn: &mut Conn,
    org: Uuid,
    about: Ref,
    after: Option<(u64, Uuid)>,
    limit: i64,
) -> Result<Vec<HistoryEntry>, DoorError> {
    let (version, op) = after.unwrap_or((0, Uuid::nil()));
    let version = signed(version);
    let query = journal::table
        .filter(journal::org_id.eq(Uid(org)))
        .filter(journal::kind.eq(about.kind.as_str()))
        .filter(journal::entity_id.eq(Uid(about.id)))
        .filter(journal::version.gt(version).or(journal::version.eq(version).and(journal::op_id.gt(Uid(op)))))
        .order((journal::version, journal::op_id))
        .limit(limit)
        .select((
            journal::op_id,
            journal::version,
            journal::op_type,
            journal::actor_id,
            journal::device_id,
            journal::received_at,
            journal::body,
            journal::outcome,
        ));
    let rows: Vec<Row> = both!(conn, c => query.load(c))?;
    rows.into_iter().map(entry).collect()
}

fn entry((id, version, op_type, actor, device, received_at, body, outcome): Row) -> Result<HistoryEntry, DoorError> {
    Ok(HistoryEntry {
        id: id.0,
        version: unsigned(version),
        op_type,
        actor: actor.0,
        device: device.map(|device| device.0),
        received_at: received_at.time(),
        operation: RawValue::from_string(body).map_err(|cause| DoorError::Corrupt { what: "operation", cause })?,
        verdict: read_verdict(&outcome)?,
    })
}

/// What one operation says, if it can be read, and whether its bytes still have the digest that was noted when they arrived; nothing if
/// it is unknown.
///
/// # Errors
/// The database's.
pub fn payload_as_sent<T: DeserializeOwned>(
    conn: &mut Conn,
    org: Uuid,
    op: Uuid,
) -> Result<Option<(Option<T>, bool)>, DbError> {
    let query = journal::table.find((Uid(org), Uid(op))).select((journal::body, journal::digest));
    let found: Option<(String, Vec<u8>)> = both!(conn, c => query.first(c).optional())?;
    let Some((body, noted)) = found else { return Ok(None) };
    let intact = Sha256::digest(body.as_bytes()).as_slice() == noted;
    let operation: Option<Operation> = serde_json::from_str(&body).ok();
    let says = operation.and_then(|operation| serde_json::from_str(operation.payload.get()).ok());
    Ok(Some((says, intact)))
}
