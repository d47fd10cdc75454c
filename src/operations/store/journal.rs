//! The journal: every operation that was ever received, and what became of it.

use std::collections::HashMap;

use diesel::prelude::*;
use mobile_api::{
    record::{Kind, Ref},
    sync::{Verdict, VerdictStatus},
    time::Timestamp,
};
use uuid::Uuid;

use super::{signed, uids, unsigned};
use crate::{
    db::{
        Conn, DbError, both, insert_rows,
        schema::{journal, journal_conflicts},
        types::{Micros, Uid},
    },
    operations::{
        DoorError,
        ledger::{Clash, Entered},
    },
};

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
pub(in crate::operations) fn revisions_by(
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

pub(in crate::operations) fn insert_journal(
    conn: &mut Conn,
    org: Uuid,
    version: u64,
    entered: &[Entered],
) -> Result<(), DoorError> {
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
pub(in crate::operations) fn update_verdict(
    conn: &mut Conn,
    org: Uuid,
    version: u64,
    entered: &Entered,
) -> Result<(), DoorError> {
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

pub(in crate::operations) fn insert_clashes(
    conn: &mut Conn,
    org: Uuid,
    clashes: &[Clash],
    now: Timestamp,
) -> Result<(), DbError> {
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
