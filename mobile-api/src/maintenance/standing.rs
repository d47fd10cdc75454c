//! How what somebody recorded stands to a shutdown that moved on meanwhile.

use super::{Shutdown, ShutdownStatus};
use crate::{
    operation::{Context, Mode},
    refusal::{Flag, Refusal},
};

/// The flag, if the shutdown was withdrawn behind the person's back: what they did is attached, and it stays withdrawn.
///
/// # Errors
/// `shutdown_step` for somebody who knew that it is withdrawn, or waits for the answer.
pub(super) fn withdrawn(shutdown: &Shutdown, context: &Context<'_>) -> Result<Option<Flag>, Refusal> {
    match &shutdown.withdrawn {
        None => Ok(None),
        Some(withdrawn) if context.mode == Mode::Recorded && !context.saw(withdrawn.rev) => {
            Ok(Some(Flag::PlanWithdrawnMeanwhile))
        }
        Some(_) => Err(Refusal::ShutdownStep { status: ShutdownStatus::Withdrawn }),
    }
}

/// The flag, if somebody else took the step already.
///
/// # Errors
/// `shutdown_step` for somebody who waits for the answer.
pub(super) fn done_already(shutdown: &Shutdown, context: &Context<'_>, done: bool) -> Result<Option<Flag>, Refusal> {
    match (done, context.mode) {
        (false, _) => Ok(None),
        (true, Mode::Recorded) => Ok(Some(Flag::AlreadyDone)),
        (true, Mode::Online) => Err(Refusal::ShutdownStep { status: shutdown.status() }),
    }
}

/// Whether the office changed the times or the approval behind the person's back.
pub(super) fn changed_unseen(shutdown: &Shutdown, context: &Context<'_>) -> bool {
    context.mode == Mode::Recorded && !context.related.partial && !context.saw(shutdown.changed_rev)
}
