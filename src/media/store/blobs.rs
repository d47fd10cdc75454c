//! Bytes by their SHA-256, from the first mention to the last.
//!
//! Every step takes the blob's row first, and so waits for whoever is at another step with the same bytes: a photo that
//! refers to them, their arrival, the look at them, the collector. None of them can miss another (S16, S17).

use diesel::prelude::*;
use mobile_api::{photo::Arrival, signing::Digest, time::Timestamp};
use uuid::Uuid;

use super::{column, digest, read_arrival};
use crate::{
    db::{
        Conn, both,
        schema::blobs,
        types::{Micros, Uid},
    },
    jobs::{self, Job},
    operations::{
        DoorError,
        store::{signed, unsigned},
    },
};

/// How far bytes have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobState {
    /// Somebody has mentioned them; they are not here.
    Awaited,
    /// Here, whole and proved; nobody has looked at them yet.
    Received,
    /// Here, and looked at.
    Settled,
}

impl BlobState {
    fn as_str(self) -> &'static str {
        match self {
            BlobState::Awaited => "awaited",
            BlobState::Received => "received",
            BlobState::Settled => "settled",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "received" => BlobState::Received,
            "settled" => BlobState::Settled,
            _ => BlobState::Awaited,
        }
    }
}

/// A blob's row.
#[derive(Clone, Debug)]
pub struct BlobRow {
    /// Its name.
    pub sha256: Digest,
    /// How far it has come.
    pub state: BlobState,
    /// How many bytes, once they are here.
    pub bytes: Option<u64>,
    /// Where they lie, once they are here.
    pub object: Option<String>,
    /// What became of them, once somebody has looked.
    pub arrival: Option<Arrival>,
}

type Row = (Vec<u8>, String, Option<i64>, Option<String>, Option<String>);

const COLUMNS: (blobs::sha256, blobs::state, blobs::bytes, blobs::object, blobs::arrival) =
    (blobs::sha256, blobs::state, blobs::bytes, blobs::object, blobs::arrival);

fn row((sha256, state, bytes, object, arrival): Row) -> Result<BlobRow, DoorError> {
    let arrival = arrival.as_deref().map(read_arrival).transpose()?;
    let (sha256, state) = (digest(&sha256), BlobState::parse(&state));
    Ok(BlobRow { sha256, state, bytes: bytes.map(unsigned), object, arrival })
}

/// Takes the blob's row, making it if it is new, and counts `refs` photos more (or fewer) that name it.
///
/// # Errors
/// The database's.
pub fn refer(conn: &mut Conn, org: Uuid, sha256: Digest, refs: i64) -> Result<BlobRow, DoorError> {
    let upsert = diesel::insert_into(blobs::table)
        .values((
            blobs::org_id.eq(Uid(org)),
            blobs::sha256.eq(column(sha256)),
            blobs::refs.eq(refs),
            blobs::state.eq(BlobState::Awaited.as_str()),
        ))
        .on_conflict((blobs::org_id, blobs::sha256))
        .do_update()
        .set(blobs::refs.eq(blobs::refs + refs))
        .returning(COLUMNS);
    row(both!(conn, c => upsert.get_result(c))?)
}

/// Notes that bytes are here, whole and proved, at `object`, and has them looked at. Answers `false` if they were here
/// already; then those at `object` are of no use.
///
/// # Errors
/// The database's.
pub fn receive(
    conn: &mut Conn,
    org: Uuid,
    sha256: Digest,
    bytes: u64,
    object: &str,
    now: Timestamp,
) -> Result<bool, DoorError> {
    if refer(conn, org, sha256, 0)?.object.is_some() {
        return Ok(false);
    }
    let update = diesel::update(blobs::table.find((Uid(org), column(sha256)))).set((
        blobs::state.eq(BlobState::Received.as_str()),
        blobs::bytes.eq(signed(bytes)),
        blobs::object.eq(object),
        blobs::received_at.eq(Some(Micros::from(now))),
    ));
    both!(conn, c => update.execute(c))?;
    jobs::store::schedule(conn, org, &Job::ExamineBlob { sha256 }, now)?;
    Ok(true)
}

/// Notes what was found in bytes, and has every photo told that waits for them. Nothing if they are gone or were
/// looked at before.
///
/// # Errors
/// The database's.
pub fn settle(conn: &mut Conn, org: Uuid, sha256: Digest, arrival: &Arrival, now: Timestamp) -> Result<(), DoorError> {
    let text = serde_json::to_string(arrival).map_err(|cause| DoorError::Corrupt { what: "arrival", cause })?;
    let received = blobs::table.find((Uid(org), column(sha256))).filter(blobs::state.eq(BlobState::Received.as_str()));
    let update = diesel::update(received).set((blobs::state.eq(BlobState::Settled.as_str()), blobs::arrival.eq(text)));
    if both!(conn, c => update.execute(c))? == 1 {
        jobs::store::schedule(conn, org, &Job::SettlePhotos { sha256 }, now)?;
    }
    Ok(())
}

/// A blob, if anybody ever mentioned it.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, org: Uuid, sha256: Digest) -> Result<Option<BlobRow>, DoorError> {
    let query = blobs::table.find((Uid(org), column(sha256))).select(COLUMNS);
    both!(conn, c => query.first(c).optional())?.map(row).transpose()
}

/// Those of these blobs that anybody ever mentioned.
///
/// # Errors
/// The database's.
pub fn find_all(conn: &mut Conn, org: Uuid, names: &[Digest]) -> Result<Vec<BlobRow>, DoorError> {
    let names: Vec<Vec<u8>> = names.iter().copied().map(column).collect();
    let query = blobs::table.filter(blobs::org_id.eq(Uid(org))).filter(blobs::sha256.eq_any(names)).select(COLUMNS);
    let rows: Vec<Row> = both!(conn, c => query.load(c))?;
    rows.into_iter().map(row).collect()
}

/// Forgets blobs that nothing refers to and that came before `before`, at most `most`; their bytes are deleted by jobs
/// written with this. A blob that is named, or offered again, meanwhile stays. Answers how many it looked at.
///
/// # Errors
/// The database's.
pub fn collect(conn: &mut Conn, org: Uuid, before: Timestamp, now: Timestamp, most: i64) -> Result<usize, DoorError> {
    let unused = blobs::table
        .filter(blobs::org_id.eq(Uid(org)))
        .filter(blobs::refs.le(0))
        .filter(blobs::received_at.lt(Micros::from(before)))
        .select((blobs::sha256, blobs::object))
        .limit(most);
    let rows: Vec<(Vec<u8>, Option<String>)> = both!(conn, c => unused.load(c))?;
    for (sha256, object) in &rows {
        let still_unused = blobs::refs.le(0).and(blobs::received_at.lt(Micros::from(before)));
        let delete = diesel::delete(blobs::table.find((Uid(org), sha256)).filter(still_unused));
        if both!(conn, c => delete.execute(c))? == 1
            && let Some(object) = object
        {
            jobs::store::schedule(conn, org, &Job::DeleteObject { object: object.clone() }, now)?;
        }
    }
    Ok(rows.len())
}
