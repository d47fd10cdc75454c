//! Which photo names which bytes: who owes them, and through what they may be seen.

use std::collections::HashSet;

use diesel::prelude::*;
use mobile_api::{
    photo::{Blob, Photo},
    record::{Kind, Ref},
    signing::Digest,
    time::Timestamp,
};
use uuid::Uuid;

use super::{blobs, column, digest};
use crate::{
    db::{
        Conn, DbError, both,
        schema::photos,
        types::{Micros, Uid},
    },
    jobs::{self, Job},
    operations::{DoorError, store::uids},
};

/// A photo as it is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoRow {
    /// The operation that recorded it.
    pub op: Uuid,
    /// What it is on: its record, or the review of the operation if that was not applied.
    pub on: Ref,
    /// Its bytes.
    pub sha256: Digest,
    /// Who recorded it.
    pub user: Uuid,
    /// The device that owes the bytes.
    pub device: Option<Uuid>,
    /// Since when they are owed.
    pub recorded_at: Timestamp,
    /// Whether they still are.
    pub awaited: bool,
}

impl PhotoRow {
    /// The row of a photo on its record.
    pub fn of(on: Ref, photo: &Photo) -> Self {
        Self {
            op: photo.op,
            on,
            sha256: photo.blob.sha256,
            user: photo.by.uuid(),
            device: photo.device.map(Into::into),
            recorded_at: photo.received_at,
            awaited: photo.arrival.is_none(),
        }
    }

    /// The row of a photo whose operation was not applied, on its review.
    pub fn kept(op: Uuid, review: Uuid, blob: &Blob, user: Uuid, device: Option<Uuid>, now: Timestamp) -> Self {
        let on = Ref::new(Kind::Review, review);
        Self { op, on, sha256: blob.sha256, user, device, recorded_at: now, awaited: true }
    }
}

/// Writes rows of photos that came, moved to another record, or whose bytes did.
///
/// Whoever waits for bytes that are here already – they came while this was being decided – is told by a job.
///
/// # Errors
/// The database's.
pub fn write(conn: &mut Conn, org: Uuid, rows: &[PhotoRow], now: Timestamp) -> Result<(), DoorError> {
    if rows.is_empty() {
        return Ok(());
    }
    let known = known(conn, org, rows)?;
    for row in rows {
        let refs = if known.contains(&row.op) {
            move_to(conn, org, row)?;
            0
        } else {
            insert(conn, org, row)?;
            1
        };
        let blob = blobs::refer(conn, org, row.sha256, refs)?;
        if row.awaited && blob.state == blobs::BlobState::Settled {
            jobs::store::schedule(conn, org, &Job::SettlePhotos { sha256: row.sha256 }, now)?;
        }
    }
    Ok(())
}

fn known(conn: &mut Conn, org: Uuid, rows: &[PhotoRow]) -> Result<HashSet<Uuid>, DbError> {
    let ops: Vec<Uuid> = rows.iter().map(|row| row.op).collect();
    let query = photos::table
        .filter(photos::org_id.eq(Uid(org)))
        .filter(photos::op_id.eq_any(uids(&ops)))
        .select(photos::op_id);
    let known: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(known.into_iter().map(|op| op.0).collect())
}

fn insert(conn: &mut Conn, org: Uuid, row: &PhotoRow) -> Result<(), DbError> {
    let insert = diesel::insert_into(photos::table).values((
        photos::org_id.eq(Uid(org)),
        photos::op_id.eq(Uid(row.op)),
        photos::kind.eq(row.on.kind.as_str()),
        photos::entity_id.eq(Uid(row.on.id)),
        photos::sha256.eq(column(row.sha256)),
        photos::user_id.eq(Uid(row.user)),
        photos::device_id.eq(row.device.map(Uid)),
        photos::recorded_at.eq(Micros::from(row.recorded_at)),
        photos::awaited.eq(row.awaited),
    ));
    both!(conn, c => insert.execute(c))?;
    Ok(())
}

fn move_to(conn: &mut Conn, org: Uuid, row: &PhotoRow) -> Result<(), DbError> {
    let update = diesel::update(photos::table.find((Uid(org), Uid(row.op)))).set((
        photos::kind.eq(row.on.kind.as_str()),
        photos::entity_id.eq(Uid(row.on.id)),
        photos::awaited.eq(row.awaited),
    ));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

type Row = (Uid, String, Uid, Vec<u8>, Uid, Option<Uid>, Micros, bool);

const COLUMNS: (
    photos::op_id,
    photos::kind,
    photos::entity_id,
    photos::sha256,
    photos::user_id,
    photos::device_id,
    photos::recorded_at,
    photos::awaited,
) = (
    photos::op_id,
    photos::kind,
    photos::entity_id,
    photos::sha256,
    photos::user_id,
    photos::device_id,
    photos::recorded_at,
    photos::awaited,
);

fn photo((op, kind, entity, sha256, user, device, recorded_at, awaited): Row) -> PhotoRow {
    PhotoRow {
        op: op.0,
        // Only kinds that this program knows are ever written.
        on: Ref::new(Kind::parse(&kind).unwrap_or(Kind::Review), entity.0),
        sha256: digest(&sha256),
        user: user.0,
        device: device.map(|device| device.0),
        recorded_at: recorded_at.time(),
        awaited,
    }
}

/// Every photo that names these bytes.
///
/// # Errors
/// The database's.
pub fn naming(conn: &mut Conn, org: Uuid, sha256: Digest) -> Result<Vec<PhotoRow>, DbError> {
    let query = photos::table
        .filter(photos::org_id.eq(Uid(org)))
        .filter(photos::sha256.eq(column(sha256)))
        .order(photos::op_id)
        .select(COLUMNS);
    let rows: Vec<Row> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(photo).collect())
}

/// The bytes of a photo whose operation waits for a person are here.
///
/// # Errors
/// The database's.
pub fn arrived(conn: &mut Conn, org: Uuid, op: Uuid) -> Result<(), DbError> {
    let update = diesel::update(photos::table.find((Uid(org), Uid(op)))).set(photos::awaited.eq(false));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

/// Photos whose bytes are owed, those owed longest first, after the place `after`.
///
/// # Errors
/// The database's.
pub fn owed(conn: &mut Conn, org: Uuid, after: Option<(Timestamp, Uuid)>, most: i64) -> Result<Vec<PhotoRow>, DbError> {
    let rows: Vec<Row> = both!(conn, c => {
        let mut query = photos::table
            .filter(photos::org_id.eq(Uid(org)))
            .filter(photos::awaited)
            .order((photos::recorded_at, photos::op_id))
            .limit(most)
            .select(COLUMNS)
            .into_boxed();
        if let Some((at, op)) = after {
            let at = Micros::from(at);
            query = query.filter(
                photos::recorded_at.ge(at).and(photos::recorded_at.gt(at).or(photos::op_id.gt(Uid(op)))),
            );
        }
        query.load(c)
    })?;
    Ok(rows.into_iter().map(photo).collect())
}
