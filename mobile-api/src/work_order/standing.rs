//! How an operation stands to an order that may have moved on meanwhile: the rows of the conflict table that
//! all of a technician's steps share.

use super::{State, Status, WorkOrder};
use crate::{
    operation::{Context, Decision, Mode},
    refusal::{Flag, Flagged, Refusal},
};

/// How the person who acts stands to the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is theirs, or they are in the office.
    Theirs,
    /// What they recorded is true all the same, but moves nothing.
    Overtaken(Flag),
    /// They wrote it down, or it was theirs once and they know that it is no more: they may add to it.
    Witness,
    /// It never concerned them.
    Stranger,
}

/// Judges the standing by what the person had seen.
pub(super) fn standing(order: &WorkOrder, context: &Context<'_>) -> Standing {
    let user = context.actor.user;
    let assigned = order.assignments.iter().rev().find(|assignment| assignment.technician == user);
    if context.by_technician() && assigned.is_none() {
        return if order.was_recorded_by(user) { Standing::Witness } else { Standing::Stranger };
    }
    if let Some(flag) = ended_unseen(order, context) {
        return Standing::Overtaken(flag);
    }
    match assigned.and_then(|assignment| assignment.ended_rev) {
        Some(_) if !context.by_technician() => Standing::Theirs,
        Some(rev) if !context.saw(rev) => Standing::Overtaken(Flag::ReassignedMeanwhile),
        Some(_) => Standing::Witness,
        None => Standing::Theirs,
    }
}

/// Whether the order was ended behind the person's back.
fn ended_unseen(order: &WorkOrder, context: &Context<'_>) -> Option<Flag> {
    match &order.state {
        State::Cancelled { rev, .. } if !context.saw(*rev) => match &order.plan {
            Some(plan) if plan.withdrawn => Some(Flag::PlanWithdrawnMeanwhile),
            _ => Some(Flag::CancelledMeanwhile),
        },
        State::Closed { rev, .. } if !context.saw(*rev) => Some(Flag::ActivityAfterClose),
        _ => None,
    }
}

/// A step by its verb, with what it says in words that the new state does not keep.
pub(super) struct Step<'a> {
    pub(super) verb: &'static str,
    pub(super) note: Option<&'a str>,
}

/// Moves the order by `advance`, or writes the step into the timeline only if the order moved on meanwhile.
///
/// `reached` tells whether an order with this status is past the step: then somebody else did it already.
pub(super) fn step(
    mut order: WorkOrder,
    context: &Context<'_>,
    step: Step<'_>,
    reached: impl FnOnce(Status) -> bool,
    advance: impl FnOnce(State) -> Result<State, State>,
) -> Result<(Progress, WorkOrder), Refusal> {
    let progress = match standing(&order, context) {
        Standing::Stranger | Standing::Witness => return Err(Refusal::NotAssigned),
        Standing::Overtaken(flag) => Progress::Attached(flag),
        Standing::Theirs => {
            let from = order.status();
            let (state, moved) = match advance(order.state) {
                Ok(state) => (state, true),
                Err(state) => (state, false),
            };
            order.state = state;
            // Only what was recorded earlier can have been overtaken; who waits for the answer sees the state.
            let overtaken = context.mode == Mode::Recorded && !from.is_over() && reached(from);
            match (moved, overtaken) {
                (true, _) => Progress::Moved,
                (false, true) => Progress::Attached(Flag::AlreadyDone),
                (false, false) => return Err(Refusal::IllegalTransition { from, operation: step.verb }),
            }
        }
    };
    order.log(context, step.verb, step.note, progress.overtaken())?;
    Ok((progress, order))
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The order moved.
    Moved,
    /// The step stands in the timeline, the order did not move.
    Attached(Flag),
}

impl Progress {
    fn overtaken(self) -> Option<Flag> {
        match self {
            Progress::Moved => None,
            Progress::Attached(flag) => Some(flag),
        }
    }

    pub(super) fn flags(self) -> Vec<Flagged> {
        self.overtaken().map(Flagged::from).into_iter().collect()
    }

    pub(super) fn decision(self, order: WorkOrder) -> Decision<WorkOrder> {
        Decision::flagged(order, self.flags())
    }
}

/// For what anybody may add whom the order concerns (notes, material, times, corrections): the flag, if the order
/// moved on meanwhile; a refusal for strangers.
pub(super) fn addition(order: &WorkOrder, context: &Context<'_>) -> Result<Option<Flag>, Refusal> {
    match standing(order, context) {
        Standing::Stranger => Err(Refusal::NotAssigned),
        Standing::Overtaken(flag) => Ok(Some(flag)),
        Standing::Witness => Ok(ended_unseen(order, context)),
        Standing::Theirs => Ok(None),
    }
}

/// For what only those may say whose order it is (findings, quotes, the customer's word): like [`addition`], and a
/// refusal for somebody who knows that it is no longer theirs.
pub(super) fn contribution(order: &WorkOrder, context: &Context<'_>) -> Result<Option<Flag>, Refusal> {
    match standing(order, context) {
        Standing::Stranger | Standing::Witness => Err(Refusal::NotAssigned),
        Standing::Overtaken(flag) => Ok(Some(flag)),
        Standing::Theirs => Ok(None),
    }
}

/// As the list of flags that a decision begins with.
pub(super) fn flags(overtaken: Option<Flag>) -> Vec<Flagged> {
    overtaken.map(Flagged::from).into_iter().collect()
}
