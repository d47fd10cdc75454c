//! Calls that nobody made in time: somebody is told, once for each day by which a customer was to be called.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::ReturnVisit;
use crate::{
    evidence::When,
    operation::{Change, Context, Decision, Payload},
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
};

/// That somebody was told that nobody called in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MissedCall {
    /// The operation that told it.
    pub op: Uuid,
    /// By when the customer was to be called. If that moves, it is told anew.
    pub due: DateTime<Utc>,
    /// When.
    pub at: When,
}

impl ReturnVisit {
    /// When somebody is to be told that nobody called in time, if nothing happens before: once the customer was to be called by now,
    /// and the time that suits them, or that they asked for, has begun. Not what was told already.
    pub fn watch_at(&self) -> Option<Timestamp> {
        let told = self.missed.as_ref().is_some_and(|missed| missed.due == self.due_by);
        if told || !self.is_waiting() {
            return None;
        }
        let missed = self.due_by.checked_add_signed(TimeDelta::microseconds(1))?;
        Some(self.next_at.map_or(missed, |next| next.max(missed)))
    }
}

/// The time has come to tell somebody that a customer was not called in time. Whatever is asked twice is told once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RaiseMissedCall {}

impl Payload for RaiseMissedCall {
    type Record = ReturnVisit;

    fn example() -> Self {
        Self {}
    }
}

impl Change for RaiseMissedCall {
    fn decide(self, mut visit: ReturnVisit, context: &Context<'_>) -> Result<Decision<ReturnVisit>, Refusal> {
        // Somebody called, or another server was faster.
        visit.watch_at().filter(|at| *at <= context.received_at).ok_or(Refusal::NotDue)?;
        let (due, at) = (visit.due_by, context.when.clone());
        let detail = json!({
            "due": due, "about": visit.about, "number": visit.number, "assignee": visit.assignee, "attempts": visit.in_vain(),
        });
        visit.missed = Some(MissedCall { op: context.op, due, at });
        Ok(Decision::flagged(visit, vec![Flagged::with(Flag::CallMissed, detail)]))
    }
}
