//! The second attempt at a push, operation by operation: for when one of them brought all of it down.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use mobile_api::{
    refusal::Problem,
    sync::{Verdict, VerdictStatus},
    time::Timestamp,
};
use uuid::Uuid;

use super::{
    DoorError, Holds, Incoming, Outcome,
    queue::{in_sequence, judge_all},
    reception::Reception,
    store,
};
use crate::db::{Conn, DbError};

/// Judges a push operation by operation, each in a savepoint of its own: for when a statement failed because of
/// something in one of them. The one that fails again is kept; it must not delay its neighbours.
pub(super) fn one_by_one(
    conn: &mut Conn,
    reception: &Reception,
    operations: &[Arc<Incoming>],
    now: Timestamp,
    holds: Holds,
) -> Result<Outcome, DoorError> {
    let mut total = Outcome { verdicts: Vec::new(), version: 0, after: Default::default() };
    let mut verdicts: HashMap<usize, Verdict> = HashMap::new();
    for at in in_sequence(operations.iter().map(|operation| operation.seq)) {
        let alone = std::slice::from_ref(&operations[at]);
        let outcome = match conn.savepoint(|conn| without_panic(|| judge_all(conn, reception, alone, now, holds))) {
            Err(error) if error.is_poison() => {
                let problem = Problem::new("internal", "the server could not store this operation");
                let unreadable = Arc::new(operations[at].unreadable(problem));
                judge_all(conn, reception, &[unreadable], now, holds)?
            }
            other => other?,
        };
        total.version = outcome.version;
        verdicts.extend(outcome.verdicts.into_iter().map(|verdict| (at, verdict)));
        total.after.wrote |= outcome.after.wrote;
        total.after.users.extend(outcome.after.users);
        total.after.devices.extend(outcome.after.devices);
    }
    // What was held at first may have been let go by a later one of the same push.
    let held: Vec<Uuid> = verdicts.values().filter(|v| v.status == VerdictStatus::Held).map(|v| v.id).collect();
    let mut known = store::known(conn, reception.actor.org, &held)?;
    let mut now_final = |verdict: Verdict| known.remove(&verdict.id).map_or(verdict, |known| known.verdict);
    total.verdicts = (0..operations.len()).filter_map(|at| verdicts.remove(&at)).map(&mut now_final).collect();
    Ok(total)
}

/// A panic in one operation is a defect of ours, and no reason for its neighbours to wait until it is mended.
pub(super) fn without_panic<T>(work: impl FnOnce() -> Result<T, DoorError>) -> Result<T, DoorError> {
    // What the work left half-done in the database is rolled back with its savepoint or transaction.
    let caught = catch_unwind(AssertUnwindSafe(work));
    caught.unwrap_or_else(|panic| Err(DbError::Panicked(crate::db::panic_text(panic.as_ref())).into()))
}
