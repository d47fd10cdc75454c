//! How far each webhook is, and what comes next for it.

use chrono::TimeDelta;
use diesel::prelude::*;
use mobile_api::{sync::VerdictStatus, time::Timestamp, webhook::Webhook};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{journal, organisations, webhooks},
        types::{Micros, Uid},
    },
    operations::store::{signed, unsigned, version},
};

/// Most journal rows that are looked at for one webhook at a time.
const LOOKED_AT: i64 = 200;

diesel::define_sql_function! {
    /// The number, or another where there is none.
    #[sql_name = "coalesce"]
    fn or_else(number: diesel::sql_types::Nullable<diesel::sql_types::BigInt>, other: diesel::sql_types::BigInt)
        -> diesel::sql_types::BigInt;
}

/// A place in the journal: a version of the organisation, and an operation of it. What one push brought has one version; of it the
/// lower revisions come first, so that each record's own order is kept whatever the phone's clock said.
pub type Place = (u64, Uuid);

/// Keeps a webhook's row in step with its record. A new one is told of what happens from now on.
///
/// # Errors
/// The database's.
pub fn project(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&Webhook>,
    webhook: &Webhook,
    now: Timestamp,
) -> Result<(), DbError> {
    let Some(before) = before else {
        let after = version(conn, org)?;
        let insert = diesel::insert_into(webhooks::table).values((
            webhooks::org_id.eq(Uid(org)),
            webhooks::id.eq(Uid::from(webhook.id)),
            webhooks::sending.eq(webhook.is_sending()),
            webhooks::version.eq(signed(after)),
            webhooks::op_id.eq(Uid(Uuid::max())),
            webhooks::attempts.eq(0_i64),
            webhooks::next_at.eq(Micros::from(now)),
        ));
        both!(conn, c => insert.execute(c))?;
        return Ok(());
    };
    let ours = || webhooks::table.find((Uid(org), Uid::from(webhook.id)));
    let update = diesel::update(ours())
        .set((webhooks::sending.eq(webhook.is_sending()), webhooks::next_at.eq(Micros::from(now))));
    both!(conn, c => update.execute(c))?;
    if let Some(replay) = webhook.replay.as_ref().filter(|replay| before.replay.as_ref() != Some(replay)) {
        // Only back: nothing that was not sent yet is passed over.
        let back = diesel::update(ours().filter(webhooks::version.gt(signed(replay.after)))).set((
            webhooks::version.eq(signed(replay.after)),
            webhooks::op_id.eq(Uid(Uuid::max())),
            webhooks::attempts.eq(0_i64),
            webhooks::failing_since.eq(None::<Micros>),
        ));
        both!(conn, c => back.execute(c))?;
    }
    if webhook.is_sending() && !before.is_sending() {
        let afresh =
            diesel::update(ours()).set((webhooks::attempts.eq(0_i64), webhooks::failing_since.eq(None::<Micros>)));
        both!(conn, c => afresh.execute(c))?;
    }
    Ok(())
}

/// A webhook that somebody is sending for.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Whose.
    pub org: Uuid,
    /// Which.
    pub id: Uuid,
    /// How far it is: behind this place.
    pub place: Place,
    /// How often its next event was sent in vain.
    pub attempts: u32,
    /// Since when.
    pub failing_since: Option<Timestamp>,
}

type ClaimRow = (Uid, Uid, i64, Uid, i64, Option<Micros>);

/// Takes a webhook for which something may have happened and whose time has come, so that no other server sends for it until
/// `until`. `None` if there is none.
///
/// # Errors
/// The database's.
pub fn claim(conn: &mut Conn, now: Timestamp, until: Timestamp) -> Result<Option<Claimed>, DbError> {
    let now = Micros::from(now);
    let free = webhooks::claimed_until.is_null().or(webhooks::claimed_until.le(now));
    let query = webhooks::table
        .inner_join(organisations::table.on(organisations::id.eq(webhooks::org_id)))
        .filter(webhooks::sending.eq(true))
        .filter(webhooks::next_at.le(now))
        // Of one push some may be taken and others not.
        .filter(webhooks::version.lt(organisations::version).or(webhooks::op_id.ne(Uid(Uuid::max()))))
        .filter(free)
        .order(webhooks::next_at)
        .select((
            webhooks::org_id,
            webhooks::id,
            webhooks::version,
            webhooks::op_id,
            webhooks::attempts,
            webhooks::failing_since,
        ));
    let row: Option<ClaimRow> = both!(conn, c => query.first(c).optional())?;
    let Some((org, id, version, op, attempts, failing_since)) = row else { return Ok(None) };
    let free = webhooks::claimed_until.is_null().or(webhooks::claimed_until.le(now));
    let take = diesel::update(webhooks::table.find((org, id)).filter(free))
        .set(webhooks::claimed_until.eq(Micros::from(until)));
    // Another server may have been faster; then there is another round.
    let taken = both!(conn, c => take.execute(c))?;
    Ok((taken == 1).then(|| Claimed {
        org: org.0,
        id: id.0,
        place: (unsigned(version), op.0),
        attempts: u32::try_from(attempts).unwrap_or(0),
        failing_since: failing_since.map(Micros::time),
    }))
}

/// An operation that was applied, as the journal has it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Where it stands.
    pub place: Place,
    /// Its type.
    pub op_type: String,
    /// The kind of record that it was about.
    pub kind: String,
    /// The record.
    pub entity: Uuid,
    /// The revision that it made.
    pub rev: Option<u64>,
    /// Who did it.
    pub actor: Uuid,
    /// When it came.
    pub received_at: Timestamp,
    /// What became of it: applied, or applied and flagged.
    pub status: String,
    /// As it was recorded.
    pub body: String,
}

type EventRow = (i64, Uid, String, String, Uid, Option<i64>, Uid, Micros, String, String);

/// The revision that an operation made; more than any, if it is none: then all of its version is behind the place.
fn rev_of(conn: &mut Conn, org: Uuid, op: Uid) -> Result<i64, DbError> {
    let query = journal::table.find((Uid(org), op)).select(or_else(journal::rev, 0_i64));
    let rev: Option<i64> = both!(conn, c => query.first(c).optional())?;
    Ok(rev.unwrap_or(i64::MAX))
}

/// What was applied behind a place, oldest first, and the place behind what was looked at.
///
/// # Errors
/// The database's.
pub fn events(conn: &mut Conn, org: Uuid, after: Place) -> Result<Vec<Event>, DbError> {
    let (version, op) = (signed(after.0), Uid(after.1));
    let rev = rev_of(conn, org, op)?;
    let revs = || or_else(journal::rev, 0_i64);
    let behind = revs().gt(rev).or(revs().eq(rev).and(journal::op_id.gt(op)));
    let applied = [VerdictStatus::Applied.as_str(), VerdictStatus::AppliedFlagged.as_str()];
    let query = journal::table
        .filter(journal::org_id.eq(Uid(org)))
        .filter(journal::version.ge(version).and(journal::version.gt(version).or(behind)))
        .filter(journal::status.eq_any(applied))
        .order((journal::version, revs(), journal::op_id))
        .limit(LOOKED_AT)
        .select((
            journal::version,
            journal::op_id,
            journal::op_type,
            journal::kind,
            journal::entity_id,
            journal::rev,
            journal::actor_id,
            journal::received_at,
            journal::status,
            journal::body,
        ));
    let rows: Vec<EventRow> = both!(conn, c => query.load(c))?;
    let event = |(version, op, op_type, kind, entity, rev, actor, received_at, status, body): EventRow| Event {
        place: (unsigned(version), op.0),
        op_type,
        kind,
        entity: entity.0,
        rev: rev.map(unsigned),
        actor: actor.0,
        received_at: received_at.time(),
        status,
        body,
    };
    Ok(rows.into_iter().map(event).collect())
}

/// What became of sending.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Everything up to this place is delivered, or was not wanted.
    Delivered(Place),
    /// The next one failed.
    Failed {
        /// What the receiver, or the way to it, said.
        reason: String,
        /// When it is tried again.
        again_at: Timestamp,
        /// Since when it fails.
        since: Timestamp,
    },
}

/// Notes what became of sending. A place that somebody moved meanwhile (a replay) stays where they put it.
///
/// # Errors
/// The database's.
pub fn note(conn: &mut Conn, claimed: &Claimed, outcome: &Outcome, now: Timestamp) -> Result<(), DbError> {
    let (version, op) = (signed(claimed.place.0), Uid(claimed.place.1));
    let ours = webhooks::table
        .find((Uid(claimed.org), Uid(claimed.id)))
        .filter(webhooks::version.eq(version).and(webhooks::op_id.eq(op)));
    match outcome {
        Outcome::Delivered(place) => {
            let update = diesel::update(ours).set((
                webhooks::version.eq(signed(place.0)),
                webhooks::op_id.eq(Uid(place.1)),
                webhooks::attempts.eq(0_i64),
                webhooks::failing_since.eq(None::<Micros>),
                webhooks::last_error.eq(None::<String>),
                webhooks::delivered_at.eq(Micros::from(now)),
            ));
            both!(conn, c => update.execute(c))?;
        }
        Outcome::Failed { reason, again_at, since } => {
            let update = diesel::update(ours).set((
                webhooks::attempts.eq(webhooks::attempts + 1),
                webhooks::failing_since.eq(Micros::from(*since)),
                webhooks::last_error.eq(reason.clone()),
                webhooks::next_at.eq(Micros::from(*again_at)),
            ));
            both!(conn, c => update.execute(c))?;
        }
    }
    Ok(())
}

/// Lets others send for it.
///
/// # Errors
/// The database's.
pub fn release(conn: &mut Conn, claimed: &Claimed) -> Result<(), DbError> {
    let update = diesel::update(webhooks::table.find((Uid(claimed.org), Uid(claimed.id))))
        .set(webhooks::claimed_until.eq(None::<Micros>));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

/// How a webhook's deliveries stand.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The version up to which events were delivered.
    pub version: u64,
    /// The organisation's version.
    pub head: u64,
    /// How often the next one was sent in vain.
    pub attempts: u32,
    /// Since when it fails.
    pub failing_since: Option<Timestamp>,
    /// What the receiver, or the way to it, said last.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub next_at: Timestamp,
    /// When one was delivered last.
    pub delivered_at: Option<Timestamp>,
}

type StandingRow = (i64, i64, i64, Option<Micros>, Option<String>, Micros, Option<Micros>);

/// How a webhook's deliveries stand; `None` if there is none of this id.
///
/// # Errors
/// The database's.
pub fn standing(conn: &mut Conn, org: Uuid, id: Uuid) -> Result<Option<Standing>, DbError> {
    let query = webhooks::table
        .inner_join(organisations::table.on(organisations::id.eq(webhooks::org_id)))
        .filter(webhooks::org_id.eq(Uid(org)).and(webhooks::id.eq(Uid(id))))
        .select((
            webhooks::version,
            organisations::version,
            webhooks::attempts,
            webhooks::failing_since,
            webhooks::last_error,
            webhooks::next_at,
            webhooks::delivered_at,
        ));
    let row: Option<StandingRow> = both!(conn, c => query.first(c).optional())?;
    Ok(row.map(|(version, head, attempts, failing_since, last_error, next_at, delivered_at)| Standing {
        version: unsigned(version),
        head: unsigned(head),
        attempts: u32::try_from(attempts).unwrap_or(0),
        failing_since: failing_since.map(Micros::time),
        last_error,
        next_at: next_at.time(),
        delivered_at: delivered_at.map(Micros::time),
    }))
}

/// How long to wait after so many attempts in vain: 5 s, 10 s, 20 s … at most 3 h.
pub fn pause(attempts: u32) -> TimeDelta {
    TimeDelta::seconds((5_i64 << attempts.min(12)).min(3 * 3600))
}
