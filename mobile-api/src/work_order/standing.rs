//! How an operation stands to an order that may have moved on meanwhile: the rows of the conflict table that
//! all of a technician's steps share.

use super::{AttachedWork, State, Status, WorkOrder};
use crate::{
    operation::{Context, Decision},
    refusal::{Flag, Flagged, Refusal},
};

/// How the person who acts stands to the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is theirs (or they are in the office), and it is open.
    Theirs,
    /// What they recorded is true all the same, but moves nothing.
    Overtaken(Flag),
    /// It never concerned them.
    Stranger,
}

/// Judges the standing by what the person had seen.
pub(super) fn standing(order: &WorkOrder, context: &Context<'_>) -> Standing {
    let user = context.actor.user;
    if context.by_technician() && !order.concerns(user) {
        return Standing::Stranger;
    }
    match &order.state {
        State::Cancelled { rev, .. } if !context.saw(*rev) => Standing::Overtaken(Flag::CancelledMeanwhile),
        State::Closed { rev, .. } if !context.saw(*rev) => Standing::Overtaken(Flag::ActivityAfterClose),
        _ if order.status().is_over() => Standing::Theirs,
        _ if context.by_technician() && order.technician() != Some(user) => {
            let ended = order.assignments.iter().rev().find(|a| a.technician == user).and_then(|a| a.ended_rev);
            match ended {
                Some(rev) if !context.saw(rev) => Standing::Overtaken(Flag::ReassignedMeanwhile),
                _ => Standing::Stranger,
            }
        }
        _ => Standing::Theirs,
    }
}

/// What a step says in words, for the attachment if it comes too late.
pub(super) struct Step<'a> {
    pub(super) verb: &'static str,
    pub(super) note: Option<&'a str>,
}

/// Moves the order by `advance`, or attaches the step if the order moved on meanwhile.
///
/// `reached` tells whether an order with this status is past the step: then somebody else did it already.
pub(super) fn step(
    mut order: WorkOrder,
    context: &Context<'_>,
    step: Step<'_>,
    reached: fn(Status) -> bool,
    advance: impl FnOnce(State) -> Result<State, State>,
) -> Result<(Progress, WorkOrder), Refusal> {
    match standing(&order, context) {
        Standing::Stranger => return Err(Refusal::NotAssigned),
        Standing::Overtaken(flag) => {
            attach(&mut order, context, &step, flag)?;
            return Ok((Progress::Attached(flag), order));
        }
        Standing::Theirs => {}
    }
    let from = order.status();
    match advance(order.state) {
        Ok(state) => {
            order.state = state;
            Ok((Progress::Moved, order))
        }
        Err(state) => {
            order.state = state;
            // Only what was recorded earlier can have been overtaken; who waits for the answer sees the state.
            let overtaken = context.mode == crate::operation::Mode::Recorded && reached(from) && !from.is_over();
            if !overtaken {
                return Err(Refusal::IllegalTransition { from, operation: step.verb });
            }
            attach(&mut order, context, &step, Flag::AlreadyDone)?;
            Ok((Progress::Attached(Flag::AlreadyDone), order))
        }
    }
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The order moved.
    Moved,
    /// The step was attached, the order did not move.
    Attached(Flag),
}

impl Progress {
    pub(super) fn flags(self) -> Vec<Flagged> {
        match self {
            Progress::Moved => Vec::new(),
            Progress::Attached(flag) => vec![flag.into()],
        }
    }

    pub(super) fn decision(self, order: WorkOrder) -> Decision<WorkOrder> {
        Decision::flagged(order, self.flags())
    }
}

fn attach(order: &mut WorkOrder, context: &Context<'_>, step: &Step<'_>, because: Flag) -> Result<(), Refusal> {
    let work = AttachedWork {
        op: context.op,
        what: step.verb.into(),
        note: step.note.map(Into::into),
        by: context.actor.user,
        at: context.when.clone(),
        because,
    };
    WorkOrder::push(&mut order.attached, work)
}

/// For what is always added (notes, material, times): the flag, if the order moved on; a refusal for strangers.
pub(super) fn addition(order: &WorkOrder, context: &Context<'_>) -> Result<Vec<Flagged>, Refusal> {
    match standing(order, context) {
        Standing::Stranger => Err(Refusal::NotAssigned),
        Standing::Overtaken(flag) => Ok(vec![flag.into()]),
        Standing::Theirs => Ok(Vec::new()),
    }
}
