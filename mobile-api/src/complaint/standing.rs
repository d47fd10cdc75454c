//! How what somebody recorded stands to a complaint that moved on meanwhile.

use super::{Complaint, ComplaintState, ComplaintStatus, Department, Mark, Step};
use crate::{
    operation::{Context, Decision, Mode},
    refusal::{Flag, Flagged, Refusal},
};

/// Most steps in the history of one.
const MOST_STEPS: usize = 2000;

/// Most entries of one sort on one complaint.
const MOST_ENTRIES: usize = 500;

/// Whether the person may add to it, and the flag if it moved on behind their back.
///
/// # Errors
/// `NotAssigned` for technicians whom it never concerned, or who knew that it is another department's; `IllegalStep` for who knew
/// that it is closed.
pub(super) fn addition(
    complaint: &Complaint,
    context: &Context<'_>,
    operation: &'static str,
) -> Result<Option<Flag>, Refusal> {
    if let ComplaintState::Closed { rev, .. } = &complaint.state {
        if context.mode == Mode::Online || context.saw(*rev) {
            return Err(complaint.illegal(operation));
        }
        concern(complaint, context)?;
        return Ok(Some(Flag::ActivityAfterClose));
    }
    concern(complaint, context)
}

fn concern(complaint: &Complaint, context: &Context<'_>) -> Result<Option<Flag>, Refusal> {
    let user = context.actor.user;
    let theirs = |department: &&Department| context.actor.teams.contains(&department.team);
    let task = complaint.tasks.iter().any(|task| task.who == user);
    if !context.by_technician() || task || complaint.department().is_some_and(|department| theirs(&department)) {
        return Ok(None);
    }
    let was = complaint.departments.iter().rev().find(theirs);
    match was.and_then(|department| department.ended_rev) {
        Some(rev) if !context.saw(rev) => Ok(Some(Flag::ReassignedMeanwhile)),
        _ if complaint.people.contains(&user) => Ok(None),
        _ => Err(Refusal::NotAssigned),
    }
}

/// Moves the complaint by `advance`, or writes the step into its history only if it moved on meanwhile.
///
/// `reached` tells whether a complaint with this status is past the step: then somebody else did it already.
pub(super) fn step(
    complaint: &mut Complaint,
    context: &Context<'_>,
    verb: &'static str,
    reached: impl FnOnce(ComplaintStatus) -> bool,
    advance: impl FnOnce(ComplaintState) -> Result<ComplaintState, ComplaintState>,
) -> Result<Option<Flag>, Refusal> {
    if let Some(flag) = addition(complaint, context, verb)? {
        complaint.log(context, verb, None, Some(flag))?;
        return Ok(Some(flag));
    }
    let from = complaint.status();
    let state = std::mem::replace(&mut complaint.state, ComplaintState::Received);
    let (state, moved) = match advance(state) {
        Ok(state) => (state, true),
        Err(state) => (state, false),
    };
    complaint.state = state;
    // Only what was recorded earlier can have been overtaken; who waits for the answer sees the state.
    let overtaken = match (moved, context.mode == Mode::Recorded && reached(from)) {
        (true, _) => None,
        (false, true) => Some(Flag::AlreadyDone),
        (false, false) => return Err(complaint.illegal(verb)),
    };
    complaint.log(context, verb, None, overtaken)?;
    Ok(overtaken)
}

impl Complaint {
    pub(super) fn illegal(&self, operation: &'static str) -> Refusal {
        Refusal::IllegalStep { status: self.status().as_str(), operation }
    }

    /// Adds an entry, within bounds.
    pub(super) fn push<T>(entries: &mut Vec<T>, entry: T) -> Result<(), Refusal> {
        if entries.len() >= MOST_ENTRIES {
            return Err(Refusal::TooManyEntries);
        }
        entries.push(entry);
        Ok(())
    }

    /// Writes a step into the history, and notes that a technician who took it has to do with the complaint.
    pub(super) fn log(
        &mut self,
        context: &Context<'_>,
        what: &str,
        note: Option<String>,
        overtaken: Option<Flag>,
    ) -> Result<(), Refusal> {
        if self.timeline.len() >= MOST_STEPS {
            return Err(Refusal::TooManyEntries);
        }
        self.timeline.push(Step { what: what.into(), note, mark: Mark::of(context, overtaken) });
        if context.by_technician() {
            self.concerns(context.actor.user);
        }
        Ok(())
    }
}

/// The decision on what may have been overtaken.
pub(super) fn decided(complaint: Complaint, overtaken: Option<Flag>) -> Decision<Complaint> {
    Decision::flagged(complaint, overtaken.map(Flagged::from).into_iter().collect())
}
