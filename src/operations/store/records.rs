//! Records: the present state of everything.

use diesel::prelude::*;
use mobile_api::record::{Kind, Reach, Record, Ref};
use uuid::Uuid;

use super::{signed, uids, unsigned};
use crate::{
    db::{Conn, DbError, Prepared, both, insert_rows, schema::records, types::Uid},
    operations::DoorError,
};

/// A record as it is stored.
#[derive(Debug)]
pub(in crate::operations) struct StoredRecord {
    pub(in crate::operations) id: Uuid,
    pub(in crate::operations) rev: u64,
    pub(in crate::operations) deleted: bool,
    pub(in crate::operations) body: String,
    pub(in crate::operations) reach: String,
}

type RecordRow = (Uid, i64, bool, String, String);

/// Reads records of one kind.
pub(in crate::operations) fn load_records(
    conn: &mut Conn,
    org: Uuid,
    kind: Kind,
    ids: &[Uuid],
) -> Result<Vec<StoredRecord>, DbError> {
    let columns = (records::id, records::rev, records::deleted, records::body, records::reach);
    let of_kind = records::table.filter(records::org_id.eq(Uid(org))).filter(records::kind.eq(kind.as_str()));
    // One id is the common case, and a query of fixed shape is prepared once.
    let rows: Vec<RecordRow> = if let [id] = ids {
        let query = of_kind.filter(records::id.eq(Uid(*id))).select(columns);
        both!(conn, c => query.load(c))?
    } else {
        let query = of_kind.filter(records::id.eq_any(uids(ids))).select(columns);
        both!(conn, c => query.load(c))?
    };
    let stored = |(id, rev, deleted, body, reach): RecordRow| StoredRecord {
        id: id.0,
        rev: unsigned(rev),
        deleted,
        body,
        reach,
    };
    Ok(rows.into_iter().map(stored).collect())
}

/// A record's row to be written.
pub(in crate::operations) struct NewRecord {
    address: Ref,
    rev: u64,
    deleted: bool,
    body: String,
    reach: String,
}

impl NewRecord {
    pub(in crate::operations) fn new(
        address: Ref,
        rev: u64,
        deleted: bool,
        record: &Record,
        reach: &[Reach],
    ) -> Result<Self, DoorError> {
        let unwritable = |cause| DoorError::Corrupt { what: "record", cause };
        let body = record.to_json().map_err(unwritable)?;
        let reach = serde_json::to_string(reach).map_err(unwritable)?;
        Ok(Self { address, rev, deleted, body, reach })
    }
}

pub(in crate::operations) fn insert_records(conn: &mut Conn, org: Uuid, rows: &[NewRecord]) -> Result<(), DbError> {
    if rows.is_empty() {
        return Ok(());
    }
    let values: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                records::org_id.eq(Uid(org)),
                records::kind.eq(row.address.kind.as_str()),
                records::id.eq(Uid(row.address.id)),
                records::rev.eq(signed(row.rev)),
                records::deleted.eq(row.deleted),
                records::body.eq(&row.body),
                records::reach.eq(&row.reach),
            )
        })
        .collect();
    insert_rows!(conn, values, values => diesel::insert_into(records::table).values(values));
    Ok(())
}

/// Replaces a record if it still has the revision and the reach it was read with: time moves the reach alone.
pub(in crate::operations) fn update_record(
    conn: &mut Conn,
    org: Uuid,
    (stored_rev, stored_reach): (u64, &str),
    row: &NewRecord,
) -> Result<(), DbError> {
    let update = diesel::update(
        records::table
            .find((Uid(org), row.address.kind.as_str(), Uid(row.address.id)))
            .filter(records::rev.eq(signed(stored_rev)))
            .filter(records::reach.eq(stored_reach)),
    )
    .set((
        records::rev.eq(signed(row.rev)),
        records::deleted.eq(row.deleted),
        records::body.eq(&row.body),
        records::reach.eq(&row.reach),
    ))
    .returning(records::rev);
    let written: Vec<i64> = both!(conn, c => Prepared(update).rows(c))?;
    if written.len() == 1 { Ok(()) } else { Err(DbError::Conflict) }
}
