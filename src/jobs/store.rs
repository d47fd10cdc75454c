//! SQL of jobs, and of what is deleted in time.

use diesel::prelude::*;
use mobile_api::{sync::VERDICT, time::Timestamp};
use uuid::Uuid;

use super::Job;
use crate::{
    db::{
        Conn, DbError, both,
        schema::{feed, jobs, journal, organisations},
        types::{Micros, Uid},
    },
    operations::{
        incoming::derived_id,
        store::{signed, uids, unsigned},
    },
};

/// A job that this server has claimed.
#[derive(Clone, Debug)]
pub struct Due {
    /// Its id.
    pub id: Uuid,
    /// The organisation.
    pub org: Uuid,
    /// What to do.
    pub job: Job,
    /// How often it was tried before.
    pub attempts: i64,
    /// Until when it is claimed. It is no longer this claim's job if that has changed.
    pub until: Timestamp,
}

/// Writes a job down, or moves the one of the same key to a new time.
///
/// # Errors
/// The database's.
pub fn schedule(conn: &mut Conn, org: Uuid, job: &Job, run_at: Timestamp) -> Result<(), DbError> {
    let key = job.key();
    let payload = serde_json::to_string(job).map_err(|error| DbError::Panicked(error.to_string()))?;
    let upsert = diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(Uid(derived_id(&[org.as_bytes(), job.kind().as_bytes(), key.as_bytes()]))),
            jobs::org_id.eq(Uid(org)),
            jobs::kind.eq(job.kind()),
            jobs::unique_key.eq(&key),
            jobs::payload.eq(payload),
            jobs::run_at.eq(Micros::from(run_at)),
            jobs::attempts.eq(0),
            jobs::locked_until.eq(0),
        ))
        .on_conflict((jobs::org_id, jobs::kind, jobs::unique_key))
        .do_update()
        .set((jobs::run_at.eq(Micros::from(run_at)), jobs::attempts.eq(0), jobs::locked_until.eq(0)));
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

/// Claims the job that has been due longest, until `until`; `None` if nothing is due.
///
/// # Errors
/// The database's; a conflict if another server claimed it first.
pub fn claim(conn: &mut Conn, now: Timestamp, until: Timestamp) -> Result<Option<Due>, DbError> {
    let query = jobs::table
        .filter(jobs::run_at.le(Micros::from(now)))
        .filter(jobs::locked_until.le(now.timestamp_micros()))
        .order((jobs::run_at, jobs::id))
        .select((jobs::id, jobs::org_id, jobs::payload, jobs::attempts, jobs::locked_until));
    let row: Option<(Uid, Uid, String, i64, i64)> = both!(conn, c => query.first(c).optional())?;
    let Some((id, org, payload, attempts, locked_until)) = row else { return Ok(None) };
    let update = diesel::update(jobs::table.find(id).filter(jobs::locked_until.eq(locked_until)))
        .set((jobs::locked_until.eq(until.timestamp_micros()), jobs::attempts.eq(attempts + 1)));
    if both!(conn, c => update.execute(c))? == 0 {
        return Err(DbError::Conflict);
    }
    match serde_json::from_str(&payload) {
        Ok(job) => Ok(Some(Due { id: id.0, org: org.0, job, attempts, until })),
        Err(error) => {
            // A newer server wrote it; it will do it.
            tracing::warn!(job = %id, %error, "a job of an unknown kind is left alone");
            Ok(None)
        }
    }
}

/// The job is done, unless doing it has put it off to another time.
///
/// # Errors
/// The database's.
pub fn done(conn: &mut Conn, due: &Due) -> Result<(), DbError> {
    let claimed = jobs::table.find(Uid(due.id)).filter(jobs::locked_until.eq(due.until.timestamp_micros()));
    both!(conn, c => diesel::delete(claimed).execute(c))?;
    Ok(())
}

/// The job failed and is tried again at `again`.
///
/// # Errors
/// The database's.
pub fn failed(conn: &mut Conn, due: &Due, error: &str, again: Timestamp) -> Result<(), DbError> {
    let claimed = jobs::table.find(Uid(due.id)).filter(jobs::locked_until.eq(due.until.timestamp_micros()));
    let update = diesel::update(claimed).set((
        jobs::last_error.eq(crate::db::column_text(error)),
        jobs::run_at.eq(Micros::from(again)),
        jobs::locked_until.eq(0),
    ));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

/// Deletes drops and verdicts of versions older than `before` from the feed, at most `most` operations' worth, and moves
/// the horizon. Answers how many operations it went past.
///
/// # Errors
/// The database's.
pub fn purge_feed(conn: &mut Conn, org: Uuid, before: Timestamp, most: i64) -> Result<usize, DbError> {
    let horizon: i64 = {
        let query = organisations::table.find(Uid(org)).select(organisations::horizon);
        both!(conn, c => query.get_result(c))?
    };
    let query = journal::table
        .filter(journal::org_id.eq(Uid(org)))
        .filter(journal::version.gt(horizon))
        .order(journal::version)
        .limit(most)
        .select((journal::version, journal::op_id, journal::received_at));
    let rows: Vec<(i64, Uid, Micros)> = both!(conn, c => query.load(c))?;
    let old: Vec<_> = rows.iter().take_while(|(_, _, received_at)| received_at.time() < before).collect();
    let Some((last, ..)) = old.last() else { return Ok(0) };
    let last = unsigned(*last);
    let ops: Vec<Uuid> = old.iter().map(|(_, op, _)| op.0).collect();
    let verdicts = feed::table
        .filter(feed::org_id.eq(Uid(org)))
        .filter(feed::kind.eq(VERDICT))
        .filter(feed::id.eq_any(uids(&ops)));
    both!(conn, c => diesel::delete(verdicts).execute(c))?;
    let drops =
        feed::table.filter(feed::org_id.eq(Uid(org))).filter(feed::refs.le(0)).filter(feed::version.le(signed(last)));
    both!(conn, c => diesel::delete(drops).execute(c))?;
    let update = diesel::update(organisations::table.find(Uid(org))).set(organisations::horizon.eq(signed(last)));
    both!(conn, c => update.execute(c))?;
    Ok(ops.len())
}

/// How many jobs wait.
///
/// # Errors
/// The database's.
pub fn waiting(conn: &mut Conn) -> Result<i64, DbError> {
    Ok(both!(conn, c => jobs::table.count().get_result(c))?)
}
