//! SQL of uploads under way.
//!
//! Every step takes the upload's row first, and so waits for whoever is at another step with the same upload.

use diesel::prelude::*;
use mobile_api::{signing::Digest, time::Timestamp};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{blobs, upload_parts, uploads},
        types::{Micros, Uid},
    },
    jobs::{self, Job},
    media::store::{
        blobs::{self as blob, BlobRow},
        column, digest,
    },
    operations::{
        DoorError,
        store::{signed, unsigned},
    },
};

/// An upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// Its id.
    pub id: Uuid,
    /// The organisation.
    pub org: Uuid,
    /// Whose it is.
    pub user: Uuid,
    /// The device that began it; none for a browser.
    pub device: Option<Uuid>,
    /// The SHA-256 that its bytes must have.
    pub sha256: Digest,
    /// How many bytes it will be.
    pub bytes: u64,
    /// How many are safely kept.
    pub received: u64,
    /// `Upload-Metadata` as it was sent.
    pub metadata: String,
    /// Until when it can be continued.
    pub expires_at: Timestamp,
    /// Whether its bytes are whole, proved and stored.
    pub finished: bool,
}

/// Some of the bytes of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRow {
    /// Where in the upload they begin.
    pub start: u64,
    /// How many they are.
    pub bytes: u64,
    /// Where they lie.
    pub object: String,
}

type Row = (Uid, Uid, Uid, Option<Uid>, Vec<u8>, i64, i64, String, Micros, bool);

const COLUMNS: (
    uploads::id,
    uploads::org_id,
    uploads::user_id,
    uploads::device_id,
    uploads::sha256,
    uploads::bytes,
    uploads::received,
    uploads::metadata,
    uploads::expires_at,
    uploads::finished,
) = (
    uploads::id,
    uploads::org_id,
    uploads::user_id,
    uploads::device_id,
    uploads::sha256,
    uploads::bytes,
    uploads::received,
    uploads::metadata,
    uploads::expires_at,
    uploads::finished,
);

fn row((id, org, user, device, sha256, bytes, received, metadata, expires_at, finished): Row) -> UploadRow {
    UploadRow {
        id: id.0,
        org: org.0,
        user: user.0,
        device: device.map(|device| device.0),
        sha256: digest(&sha256),
        bytes: unsigned(bytes),
        received: unsigned(received),
        metadata,
        expires_at: expires_at.time(),
        finished,
    }
}

/// Writes a new upload, and mentions its blob. If the bytes are here already, they stay at least as long as if they had
/// come now, and the upload is finished from the start; answers whether it is.
///
/// # Errors
/// The database's.
pub fn create(conn: &mut Conn, upload: &UploadRow, now: Timestamp) -> Result<bool, DoorError> {
    let blob = blob::refer(conn, upload.org, upload.sha256, 0)?;
    let finished = blob.object.is_some() && blob.bytes == Some(upload.bytes);
    if finished {
        renew(conn, upload.org, upload.sha256, now)?;
    }
    let insert = diesel::insert_into(uploads::table).values((
        uploads::id.eq(Uid(upload.id)),
        uploads::org_id.eq(Uid(upload.org)),
        uploads::user_id.eq(Uid(upload.user)),
        uploads::device_id.eq(upload.device.map(Uid)),
        uploads::sha256.eq(column(upload.sha256)),
        uploads::bytes.eq(signed(upload.bytes)),
        uploads::received.eq(if finished { signed(upload.bytes) } else { 0 }),
        uploads::metadata.eq(&upload.metadata),
        uploads::created_at.eq(Micros::from(now)),
        uploads::expires_at.eq(Micros::from(upload.expires_at)),
        uploads::finished.eq(finished),
    ));
    both!(conn, c => insert.execute(c))?;
    Ok(finished)
}

fn renew(conn: &mut Conn, org: Uuid, sha256: Digest, now: Timestamp) -> Result<(), DbError> {
    let blob = blobs::table.find((Uid(org), column(sha256)));
    let update = diesel::update(blob).set(blobs::received_at.eq(Some(Micros::from(now))));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

/// How many uploads a user has begun and not finished.
///
/// # Errors
/// The database's.
pub fn unfinished(conn: &mut Conn, org: Uuid, user: Uuid) -> Result<i64, DbError> {
    let query = uploads::table
        .filter(uploads::org_id.eq(Uid(org)))
        .filter(uploads::user_id.eq(Uid(user)))
        .filter(uploads::finished.eq(false))
        .count();
    Ok(both!(conn, c => query.get_result(c))?)
}

/// A user's upload.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, org: Uuid, user: Uuid, id: Uuid) -> Result<Option<UploadRow>, DbError> {
    let query = uploads::table
        .find(Uid(id))
        .filter(uploads::org_id.eq(Uid(org)))
        .filter(uploads::user_id.eq(Uid(user)))
        .select(COLUMNS);
    Ok(both!(conn, c => query.first(c).optional())?.map(row))
}

/// Notes that more bytes are safely kept, in these parts that follow on `upload.received`. Answers `false`, and notes
/// nothing, if somebody else has gone on meanwhile or the upload is gone.
///
/// # Errors
/// The database's.
pub fn advance(
    conn: &mut Conn,
    upload: &UploadRow,
    parts: &[PartRow],
    expires_at: Timestamp,
) -> Result<bool, DoorError> {
    let received = upload.received + parts.iter().map(|part| part.bytes).sum::<u64>();
    let unchanged = uploads::table
        .find(Uid(upload.id))
        .filter(uploads::received.eq(signed(upload.received)))
        .filter(uploads::finished.eq(false));
    let update = diesel::update(unchanged)
        .set((uploads::received.eq(signed(received)), uploads::expires_at.eq(Micros::from(expires_at))));
    if both!(conn, c => update.execute(c))? == 0 {
        return Ok(false);
    }
    for part in parts {
        let insert = diesel::insert_into(upload_parts::table).values((
            upload_parts::upload_id.eq(Uid(upload.id)),
            upload_parts::start_at.eq(signed(part.start)),
            upload_parts::bytes.eq(signed(part.bytes)),
            upload_parts::object.eq(&part.object),
        ));
        both!(conn, c => insert.execute(c))?;
    }
    Ok(true)
}

/// The parts of an upload, in their order.
///
/// # Errors
/// The database's.
pub fn parts(conn: &mut Conn, id: Uuid) -> Result<Vec<PartRow>, DbError> {
    let query = upload_parts::table.filter(upload_parts::upload_id.eq(Uid(id))).order(upload_parts::start_at).select((
        upload_parts::start_at,
        upload_parts::bytes,
        upload_parts::object,
    ));
    let rows: Vec<(i64, i64, String)> = both!(conn, c => query.load(c))?;
    let part = |(start, bytes, object)| PartRow { start: unsigned(start), bytes: unsigned(bytes), object };
    Ok(rows.into_iter().map(part).collect())
}

/// The bytes of an upload are whole and proved at `object`: they become the blob's, unless that has its own already, and
/// what is of no use any more is deleted by jobs. Answers `false` if the upload is gone; then `object` is of no use.
///
/// # Errors
/// The database's.
pub fn finish(conn: &mut Conn, upload: &UploadRow, object: &str, now: Timestamp) -> Result<bool, DoorError> {
    let (id, org, sha256) = (upload.id, upload.org, upload.sha256);
    let update = diesel::update(uploads::table.find(Uid(id))).set(uploads::finished.eq(true));
    if both!(conn, c => update.execute(c))? == 0 {
        return Ok(false);
    }
    blob::receive(conn, org, sha256, upload.bytes, object, now)?;
    let kept = blob::find(conn, org, sha256)?.and_then(|blob: BlobRow| blob.object);
    let mut useless: Vec<String> = take_parts(conn, id)?;
    useless.push(object.to_owned());
    useless.retain(|object| Some(object) != kept.as_ref());
    delete_objects(conn, org, useless, now)?;
    Ok(true)
}

/// Forgets an upload; its parts are deleted by jobs. Answers whether it was there.
///
/// # Errors
/// The database's.
pub fn remove(conn: &mut Conn, upload: &UploadRow, now: Timestamp) -> Result<bool, DoorError> {
    // The row is taken before its parts are looked at, so that none is added meanwhile.
    let take = diesel::update(uploads::table.find(Uid(upload.id))).set(uploads::received.eq(0));
    if both!(conn, c => take.execute(c))? == 0 {
        return Ok(false);
    }
    let objects = take_parts(conn, upload.id)?;
    delete_objects(conn, upload.org, objects, now)?;
    let delete = diesel::delete(uploads::table.find(Uid(upload.id)));
    both!(conn, c => delete.execute(c))?;
    unmention(conn, upload.org, upload.sha256)?;
    Ok(true)
}

/// Takes back the mention of a blob that nobody else names or sends.
fn unmention(conn: &mut Conn, org: Uuid, sha256: Digest) -> Result<(), DbError> {
    let others = uploads::table.filter(uploads::org_id.eq(Uid(org))).filter(uploads::sha256.eq(column(sha256))).count();
    let others: i64 = both!(conn, c => others.get_result(c))?;
    if others == 0 {
        let blob = blobs::table.find((Uid(org), column(sha256)));
        let delete = diesel::delete(blob.filter(blobs::refs.le(0)).filter(blobs::object.is_null()));
        both!(conn, c => delete.execute(c))?;
    }
    Ok(())
}

fn take_parts(conn: &mut Conn, id: Uuid) -> Result<Vec<String>, DbError> {
    let objects = parts(conn, id)?.into_iter().map(|part| part.object).collect();
    let delete = diesel::delete(upload_parts::table.filter(upload_parts::upload_id.eq(Uid(id))));
    both!(conn, c => delete.execute(c))?;
    Ok(objects)
}

fn delete_objects(conn: &mut Conn, org: Uuid, objects: Vec<String>, now: Timestamp) -> Result<(), DbError> {
    objects.into_iter().try_for_each(|object| jobs::store::schedule(conn, org, &Job::DeleteObject { object }, now))
}

/// Whether there is an upload of this id, anybody's.
///
/// # Errors
/// The database's.
pub fn exists(conn: &mut Conn, id: Uuid) -> Result<bool, DbError> {
    let query = diesel::select(diesel::dsl::exists(uploads::table.find(Uid(id))));
    Ok(both!(conn, c => query.get_result(c))?)
}

/// Uploads that can no longer be continued, at most `most`.
///
/// # Errors
/// The database's.
pub fn expired(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<UploadRow>, DbError> {
    let query = uploads::table.filter(uploads::expires_at.le(Micros::from(now))).select(COLUMNS).limit(most);
    let rows: Vec<Row> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(row).collect())
}
