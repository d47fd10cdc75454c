//! How what somebody recorded stands to an inspection that moved on meanwhile.

use super::{Inspection, InspectionState};
use crate::{
    operation::{Context, Mode},
    refusal::{Flag, Flagged, Refusal},
};

/// Whether the person may answer, and the flag if it moved on behind their back.
///
/// # Errors
/// `NotAssigned` for those whom it never concerned, or who knew that it is somebody else's; `InspectionOver` for who knew that
/// it is done.
pub(super) fn addition(inspection: &Inspection, context: &Context<'_>) -> Result<Option<Flag>, Refusal> {
    let overtaken = over(inspection, context)?;
    Ok(overtaken.or(concern(inspection, context)?))
}

/// Like [`addition`], for what may come after the end as well: a signature, a photo, the order that a finding becomes.
///
/// # Errors
/// As there, but for one that is finished.
pub(super) fn afterthought(inspection: &Inspection, context: &Context<'_>) -> Result<Option<Flag>, Refusal> {
    let finished = matches!(inspection.state, InspectionState::Finished { .. });
    let overtaken = if finished { None } else { over(inspection, context)? };
    Ok(overtaken.or(concern(inspection, context)?))
}

fn concern(inspection: &Inspection, context: &Context<'_>) -> Result<Option<Flag>, Refusal> {
    if !context.by_technician() || inspection.assignee().is(context.actor) {
        return Ok(None);
    }
    let was = inspection.assignments.iter().rev().find(|assignment| assignment.to.is(context.actor));
    match was.and_then(|assignment| assignment.ended_rev) {
        Some(rev) if !context.saw(rev) => Ok(Some(Flag::ReassignedMeanwhile)),
        _ if inspection.people.contains(&context.actor.user) || inspection.recorded_by == context.actor.user => {
            Ok(None)
        }
        _ => Err(Refusal::NotAssigned),
    }
}

/// Whether it was ended behind the person's back.
fn over(inspection: &Inspection, context: &Context<'_>) -> Result<Option<Flag>, Refusal> {
    let (rev, flag) = match &inspection.state {
        InspectionState::Finished { rev, .. } => (*rev, Flag::ActivityAfterClose),
        InspectionState::Void { rev, .. } => (*rev, Flag::CancelledMeanwhile),
        InspectionState::Planned | InspectionState::Running { .. } => return Ok(None),
    };
    if context.mode == Mode::Online || context.saw(rev) {
        return Err(Refusal::InspectionOver { status: inspection.status().as_str() });
    }
    Ok(Some(flag))
}

/// As the list of flags that a decision begins with.
pub(super) fn flags(overtaken: Option<Flag>) -> Vec<Flagged> {
    overtaken.map(Flagged::from).into_iter().collect()
}
