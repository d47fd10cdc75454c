//! SQL of the counters of failed sign-ins.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::{
    access::AccessError,
    db::{Conn, both, schema::login_failures, types::Micros},
};

/// A counter after an attempt was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many in a row, this one included.
    pub failures: i64,
    /// Until when attempts are refused, as it stood before this one.
    pub blocked_until: DateTime<Utc>,
}

/// Counts one more failure; starts anew if the last one was before `forgotten`.
///
/// # Errors
/// The database's.
pub fn add_failure(
    conn: &mut Conn,
    subject: &str,
    now: DateTime<Utc>,
    forgotten: DateTime<Utc>,
) -> Result<Failures, AccessError> {
    let stale = diesel::delete(
        login_failures::table
            .filter(login_failures::subject.eq(subject))
            .filter(login_failures::last_at.lt(Micros::from(forgotten)))
            .filter(login_failures::blocked_until.le(Micros::from(now))),
    );
    both!(conn, c => stale.execute(c))?;
    // One statement, so that attempts at the same time count one after the other.
    let upsert = diesel::insert_into(login_failures::table)
        .values((
            login_failures::subject.eq(subject),
            login_failures::failures.eq(1),
            login_failures::last_at.eq(Micros::from(now)),
            login_failures::blocked_until.eq(0),
        ))
        .on_conflict(login_failures::subject)
        .do_update()
        .set((login_failures::failures.eq(login_failures::failures + 1), login_failures::last_at.eq(Micros::from(now))))
        .returning((login_failures::failures, login_failures::blocked_until));
    let (failures, blocked_until): (i64, Micros) = both!(conn, c => upsert.get_result(c))?;
    Ok(Failures { failures, blocked_until: blocked_until.time() })
}

/// Refuses attempts until `until`.
///
/// # Errors
/// The database's.
pub fn block(conn: &mut Conn, subject: &str, until: DateTime<Utc>) -> Result<(), AccessError> {
    let update =
        diesel::update(login_failures::table.find(subject)).set(login_failures::blocked_until.eq(Micros::from(until)));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

/// Starts a counter anew.
///
/// # Errors
/// The database's.
pub fn forget_failures(conn: &mut Conn, subject: &str) -> Result<(), AccessError> {
    let delete = diesel::delete(login_failures::table.find(subject));
    both!(conn, c => delete.execute(c))?;
    Ok(())
}

/// Takes one failure off a counter, and the block with it.
///
/// # Errors
/// The database's.
pub fn take_failure_back(conn: &mut Conn, subject: &str) -> Result<(), AccessError> {
    let less = diesel::update(login_failures::table.find(subject).filter(login_failures::failures.gt(0)))
        .set((login_failures::failures.eq(login_failures::failures - 1), login_failures::blocked_until.eq(0)));
    both!(conn, c => less.execute(c))?;
    Ok(())
}
