//! SQL of the ledger: records, journal, feed, what waits.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
    time::Duration,
};

use diesel::{dsl::exists, prelude::*, upsert::excluded};
use mobile_api::{
    record::{Kind, Reach, Record, Ref, Scope},
    sync::{Verdict, VerdictStatus},
    time::Timestamp,
};
use moka::sync::Cache;
use uuid::Uuid;

use super::{
    ClockProof, DoorError,
    ledger::{Clash, Entered},
};
use crate::db::{
    Conn, DbError, Prepared, both, insert_rows,
    schema::{counters, device_state, feed, held, journal, journal_conflicts, organisations, records},
    types::{Micros, Uid},
};

/// Numbers of ours are below 2^63; the database has no unsigned ones.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of ours as the database gives it.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

// ---- organisations ----

/// Makes the organisation's row.
pub(super) fn found(
    conn: &mut Conn,
    org: Uuid,
    slug: &str,
    epoch: Uuid,
    secret: &[u8],
    now: Timestamp,
) -> Result<(), DoorError> {
    let taken = organisations::table.filter(organisations::slug.eq(slug)).count();
    let taken: i64 = both!(conn, c => taken.get_result(c))?;
    if taken > 0 {
        return Err(DoorError::SlugTaken);
    }
    let insert = diesel::insert_into(organisations::table).values((
        organisations::id.eq(Uid(org)),
        organisations::slug.eq(slug),
        organisations::epoch.eq(Uid(epoch)),
        organisations::secret.eq(secret),
        organisations::version.eq(0),
        organisations::horizon.eq(0),
        organisations::created_at.eq(Micros::from(now)),
    ));
    both!(conn, c => insert.execute(c))?;
    Ok(())
}

/// Every organisation: id and short name.
///
/// # Errors
/// The database's.
pub fn organisations(conn: &mut Conn) -> Result<Vec<(Uuid, String)>, DbError> {
    let query = organisations::table.select((organisations::id, organisations::slug)).order(organisations::slug);
    let rows: Vec<(Uid, String)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(id, slug)| (id.0, slug)).collect())
}

/// The organisation's version: the number of its last committed write.
///
/// # Errors
/// The database's; `NotFound` if there is no such organisation.
pub fn version(conn: &mut Conn, org: Uuid) -> Result<u64, DbError> {
    let query = organisations::table.find(Uid(org)).select(organisations::version);
    let version: i64 = both!(conn, c => query.get_result(c))?;
    Ok(unsigned(version))
}

/// The data set that cursors belong to.
///
/// # Errors
/// The database's.
pub fn epoch(conn: &mut Conn, org: Uuid) -> Result<Uuid, DbError> {
    let query = organisations::table.find(Uid(org)).select(organisations::epoch);
    let epoch: Uid = both!(conn, c => query.get_result(c))?;
    Ok(epoch.0)
}

/// What signs the server times that phones carry, by organisation. Remembered for a minute: it does not change.
static PROOFS: LazyLock<Cache<Uuid, ClockProof>> =
    LazyLock::new(|| Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(60)).build());

/// What signs the server times that phones carry, if this server knows.
pub(super) fn remembered_proof(org: Uuid) -> Option<ClockProof> {
    PROOFS.get(&org)
}

/// What signs the server times that phones carry.
///
/// # Errors
/// The database's.
pub fn clock_proof(conn: &mut Conn, org: Uuid) -> Result<ClockProof, DbError> {
    if let Some(proof) = remembered_proof(org) {
        return Ok(proof);
    }
    let query = organisations::table.find(Uid(org)).select(organisations::secret);
    let secret: Vec<u8> = both!(conn, c => query.get_result(c))?;
    let proof = ClockProof::new(&secret);
    PROOFS.insert(org, proof.clone());
    Ok(proof)
}

/// Takes the next version. From here until the commit, other writers of the organisation wait.
pub(super) fn take_version(conn: &mut Conn, org: Uuid) -> Result<u64, DbError> {
    let update = diesel::update(organisations::table.find(Uid(org)))
        .set(organisations::version.eq(organisations::version + 1))
        .returning(organisations::version);
    let version: i64 = both!(conn, c => Prepared(update).get_result(c))?;
    Ok(unsigned(version))
}

/// The last number that a series has given out, 0 at first. From here until the commit nobody else takes one.
pub(super) fn hold_series(conn: &mut Conn, org: Uuid, name: &str) -> Result<i64, DbError> {
    let upsert = diesel::insert_into(counters::table)
        .values((counters::org_id.eq(Uid(org)), counters::name.eq(name), counters::value.eq(0)))
        .on_conflict((counters::org_id, counters::name))
        .do_update()
        .set(counters::value.eq(counters::value))
        .returning(counters::value);
    Ok(both!(conn, c => upsert.get_result(c))?)
}

/// Notes the last number that was given out of a series that is held.
pub(super) fn advance_series(conn: &mut Conn, org: Uuid, name: &str, last: i64) -> Result<(), DbError> {
    let update = diesel::update(counters::table.find((Uid(org), name))).set(counters::value.eq(last));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

// ---- records ----

/// A record as it is stored.
#[derive(Debug)]
pub(super) struct StoredRecord {
    pub(super) id: Uuid,
    pub(super) rev: u64,
    pub(super) deleted: bool,
    pub(super) body: String,
    pub(super) reach: String,
}

type RecordRow = (Uid, i64, bool, String, String);

/// Reads records of one kind.
pub(super) fn load_records(conn: &mut Conn, org: Uuid, kind: Kind, ids: &[Uuid]) -> Result<Vec<StoredRecord>, DbError> {
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

pub(crate) fn uids(ids: &[Uuid]) -> Vec<Uid> {
    ids.iter().copied().map(Uid).collect()
}

/// A record's row to be written.
pub(super) struct NewRecord {
    address: Ref,
    rev: u64,
    deleted: bool,
    body: String,
    reach: String,
}

impl NewRecord {
    pub(super) fn new(
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

pub(super) fn insert_records(conn: &mut Conn, org: Uuid, rows: &[NewRecord]) -> Result<(), DbError> {
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
pub(super) fn update_record(
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
    ));
    match both!(conn, c => Prepared(update).execute(c))? {
        1 => Ok(()),
        _ => Err(DbError::Conflict),
    }
}

// ---- journal ----

/// What is known of an operation.
#[derive(Clone, Debug)]
pub struct Known {
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// Who recorded it.
    pub actor: Uuid,
    /// What became of it.
    pub verdict: Verdict,
}

/// Which of these operations are known, and their verdicts.
///
/// # Errors
/// The database's; a verdict that cannot be read.
pub fn known(conn: &mut Conn, org: Uuid, ids: &[Uuid]) -> Result<HashMap<Uuid, Known>, DoorError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let columns = (journal::op_id, journal::digest, journal::actor_id, journal::outcome);
    let ours = journal::table.filter(journal::org_id.eq(Uid(org)));
    let rows: Vec<(Uid, Vec<u8>, Uid, String)> = if let [id] = ids {
        let query = ours.filter(journal::op_id.eq(Uid(*id))).select(columns);
        both!(conn, c => query.load(c))?
    } else {
        let query = ours.filter(journal::op_id.eq_any(uids(ids))).select(columns);
        both!(conn, c => query.load(c))?
    };
    let mut known = HashMap::with_capacity(rows.len());
    for (id, digest, actor, outcome) in rows {
        let verdict = read_verdict(&outcome)?;
        let digest = digest.try_into().unwrap_or([0; 32]);
        known.insert(id.0, Known { digest, actor: actor.0, verdict });
    }
    Ok(known)
}

/// The revisions of a record behind `base` that a device made itself.
pub(super) fn revisions_by(
    conn: &mut Conn,
    org: Uuid,
    about: Ref,
    device: Uuid,
    base: u64,
) -> Result<Vec<u64>, DbError> {
    let query = journal::table
        .filter(journal::org_id.eq(Uid(org)))
        .filter(journal::kind.eq(about.kind.as_str()))
        .filter(journal::entity_id.eq(Uid(about.id)))
        .filter(journal::device_id.eq(Uid(device)))
        .filter(journal::rev.gt(signed(base)))
        .select(journal::rev.assume_not_null());
    let revs: Vec<i64> = both!(conn, c => query.load(c))?;
    Ok(revs.into_iter().map(unsigned).collect())
}

pub(crate) fn read_verdict(outcome: &str) -> Result<Verdict, DoorError> {
    serde_json::from_str(outcome).map_err(|cause| DoorError::Corrupt { what: "verdict", cause })
}

fn write_verdict(verdict: &Verdict) -> Result<String, DoorError> {
    serde_json::to_string(verdict).map_err(|cause| DoorError::Corrupt { what: "verdict", cause })
}

pub(super) fn insert_journal(conn: &mut Conn, org: Uuid, version: u64, entered: &[Entered]) -> Result<(), DoorError> {
    if entered.is_empty() {
        return Ok(());
    }
    let outcomes = entered.iter().map(|e| write_verdict(&e.verdict)).collect::<Result<Vec<_>, _>>()?;
    let nowhere = Ref::new(Kind::Organisation, org);
    let values: Vec<_> = entered
        .iter()
        .zip(&outcomes)
        .map(|(e, outcome)| {
            let about = e.about.unwrap_or(nowhere);
            (
                (
                    journal::org_id.eq(Uid(org)),
                    journal::op_id.eq(Uid(e.incoming.id)),
                    journal::version.eq(signed(version)),
                    journal::op_type.eq(e.incoming.op_type()),
                    journal::kind.eq(about.kind.as_str()),
                    journal::entity_id.eq(Uid(about.id)),
                    journal::actor_id.eq(Uid(e.actor)),
                    journal::device_id.eq(e.device.map(Uid)),
                ),
                (
                    journal::seq.eq(e.incoming.seq.map(signed)),
                    journal::group_id.eq(e.incoming.group().map(|group| Uid(group.id))),
                    journal::rev.eq(e.verdict.rev.map(signed)),
                    journal::received_at.eq(Micros::from(e.received_at)),
                    journal::digest.eq(e.incoming.digest.as_slice()),
                    journal::body.eq(e.incoming.raw.get()),
                    journal::status.eq(e.verdict.status.as_str()),
                    journal::outcome.eq(outcome),
                ),
            )
        })
        .collect();
    insert_rows!(conn, values, values => diesel::insert_into(journal::table).values(values));
    Ok(())
}

/// The verdict of an operation that was held. Only a held one can get another.
pub(super) fn update_verdict(conn: &mut Conn, org: Uuid, version: u64, entered: &Entered) -> Result<(), DoorError> {
    let outcome = write_verdict(&entered.verdict)?;
    let update = diesel::update(
        journal::table
            .find((Uid(org), Uid(entered.incoming.id)))
            .filter(journal::status.eq(VerdictStatus::Held.as_str())),
    )
    .set((
        journal::version.eq(signed(version)),
        journal::status.eq(entered.verdict.status.as_str()),
        journal::rev.eq(entered.verdict.rev.map(signed)),
        journal::outcome.eq(outcome),
    ));
    match both!(conn, c => update.execute(c))? {
        1 => Ok(()),
        _ => Err(DbError::Conflict.into()),
    }
}

pub(super) fn insert_clashes(conn: &mut Conn, org: Uuid, clashes: &[Clash], now: Timestamp) -> Result<(), DbError> {
    for clash in clashes {
        let insert = diesel::insert_into(journal_conflicts::table)
            .values((
                journal_conflicts::org_id.eq(Uid(org)),
                journal_conflicts::op_id.eq(Uid(clash.op)),
                journal_conflicts::digest.eq(clash.digest.as_slice()),
                journal_conflicts::actor_id.eq(Uid(clash.actor)),
                journal_conflicts::device_id.eq(clash.device.map(Uid)),
                journal_conflicts::received_at.eq(Micros::from(now)),
                journal_conflicts::body.eq(&*clash.body),
            ))
            .on_conflict_do_nothing();
        both!(conn, c => insert.execute(c))?;
    }
    Ok(())
}

// ---- devices ----

/// Where a device's sequence stands.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// The device.
    pub id: Uuid,
    /// Whose it is.
    pub user: Uuid,
    /// The number that its next operation should have.
    pub next_seq: u64,
    /// Whether it was taken out of use.
    pub revoked: bool,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// Whether anything waits in its organisation. Mostly nothing does, and then nothing need be looked for.
    pub any_held: bool,
}

impl DeviceRow {
    /// A device that is not there (any more).
    pub(super) fn absent(id: Uuid, now: Timestamp) -> Self {
        Self { id, user: Uuid::nil(), next_seq: 0, revoked: true, registered_at: now, any_held: true }
    }
}

/// A device's row.
///
/// # Errors
/// The database's.
pub fn device(conn: &mut Conn, org: Uuid, id: Uuid) -> Result<Option<DeviceRow>, DbError> {
    let query = device_state::table.find((Uid(org), Uid(id))).select((
        device_state::user_id,
        device_state::next_seq,
        device_state::revoked,
        device_state::registered_at,
        exists(held::table.filter(held::org_id.eq(Uid(org)))),
    ));
    let row: Option<(Uid, i64, bool, Micros, bool)> = both!(conn, c => query.first(c).optional())?;
    Ok(row.map(|(user, next_seq, revoked, registered_at, any_held)| DeviceRow {
        id,
        user: user.0,
        next_seq: unsigned(next_seq),
        revoked,
        registered_at: registered_at.time(),
        any_held,
    }))
}

/// Moves a device's sequence on, if nobody else did meanwhile.
pub(super) fn advance_device(
    conn: &mut Conn,
    org: Uuid,
    device: &DeviceRow,
    next_seq: u64,
    now: Timestamp,
) -> Result<(), DbError> {
    let update = diesel::update(
        device_state::table.find((Uid(org), Uid(device.id))).filter(device_state::next_seq.eq(signed(device.next_seq))),
    )
    .set((device_state::next_seq.eq(signed(next_seq)), device_state::last_seen_at.eq(Micros::from(now))));
    match both!(conn, c => Prepared(update).execute(c))? {
        1 => Ok(()),
        _ => Err(DbError::Conflict),
    }
}

// ---- feed ----

/// Whether one of these scopes holds the record or, with `once`, has held it lately.
pub(super) fn in_scopes(conn: &mut Conn, org: Uuid, scopes: &[Scope], about: Ref, once: bool) -> Result<bool, DbError> {
    let names: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    let query = feed::table
        .filter(feed::org_id.eq(Uid(org)))
        .filter(feed::kind.eq(about.kind.as_str()))
        .filter(feed::id.eq(Uid(about.id)))
        .filter(feed::scope.eq_any(names))
        .filter(feed::refs.gt(if once { i64::MIN } else { 0 }))
        .count();
    let count: i64 = both!(conn, c => query.get_result(c))?;
    Ok(count > 0)
}

/// Tells every scope that holds these records that they changed.
pub(super) fn touch_feed(conn: &mut Conn, org: Uuid, kind: Kind, ids: &[Uuid], version: u64) -> Result<(), DbError> {
    let held =
        feed::table.filter(feed::org_id.eq(Uid(org))).filter(feed::kind.eq(kind.as_str())).filter(feed::refs.gt(0));
    let version = feed::version.eq(signed(version));
    if let [id] = ids {
        let update = diesel::update(held.filter(feed::id.eq(Uid(*id)))).set(version);
        both!(conn, c => Prepared(update).execute(c))?;
    } else {
        let update = diesel::update(held.filter(feed::id.eq_any(uids(ids)))).set(version);
        both!(conn, c => update.execute(c))?;
    }
    Ok(())
}

/// Takes deleted records out of every scope.
pub(super) fn drop_from_feed(conn: &mut Conn, org: Uuid, about: Ref, version: u64) -> Result<(), DbError> {
    let rows = feed::table
        .filter(feed::org_id.eq(Uid(org)))
        .filter(feed::kind.eq(about.kind.as_str()))
        .filter(feed::id.eq(Uid(about.id)))
        .filter(feed::refs.gt(0));
    let update = diesel::update(rows).set((feed::refs.eq(0), feed::version.eq(signed(version))));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

/// Adds and takes away reasons for records being in scopes.
pub(super) fn upsert_feed(
    conn: &mut Conn,
    org: Uuid,
    version: u64,
    reasons: &BTreeMap<(String, &'static str, Uuid), i64>,
) -> Result<(), DbError> {
    if reasons.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = reasons
        .iter()
        .map(|((scope, kind, id), reasons)| {
            (
                feed::org_id.eq(Uid(org)),
                feed::scope.eq(scope),
                feed::kind.eq(*kind),
                feed::id.eq(Uid(*id)),
                feed::version.eq(signed(version)),
                feed::refs.eq(*reasons),
            )
        })
        .collect();
    insert_rows!(conn, rows, rows => {
        diesel::insert_into(feed::table)
            .values(rows)
            .on_conflict((feed::org_id, feed::kind, feed::id, feed::scope))
            .do_update()
            .set((feed::version.eq(excluded(feed::version)), feed::refs.eq(feed::refs + excluded(feed::refs))))
    });
    Ok(())
}
