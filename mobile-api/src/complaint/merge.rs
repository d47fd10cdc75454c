//! Two complaints about one thing become one.

use serde::{Deserialize, Serialize};

use super::{Complaint, ComplaintState, MergedComplaint};
use crate::{
    actor::Actor,
    ids::{ComplaintId, Id},
    operation::{Change, Context, Decision, Need, Payload},
    photo,
    refusal::{Flag, Refusal},
};

/// This complaint is a duplicate: everything on it goes to the other, its id stays as an alias.
///
/// One that the complainant has accepted is the one that must stay; it is refused as a duplicate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MergeComplaint {
    /// The complaint that stays; open, and of the same site.
    pub into: ComplaintId,
}

impl Payload for MergeComplaint {
    type Record = Complaint;

    fn example() -> Self {
        Self { into: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000091")) }
    }

    fn needs(&self, _: Option<&Complaint>, _: &Actor) -> Vec<Need> {
        vec![Need::record(self.into)]
    }
}

impl Change for MergeComplaint {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        if complaint.status().is_over() {
            return Err(complaint.illegal("merge"));
        }
        let usable = |other: &&Complaint| {
            other.id != complaint.id && other.about.site == complaint.about.site && !other.status().is_over()
        };
        let target = context.related.get(self.into).filter(usable);
        let mut target = target.ok_or(Refusal::BadReference { pointer: "/into".into() })?.clone();
        if matches!(complaint.state, ComplaintState::Accepted { .. }) {
            let what = "the complainant accepted what was done about this one; it is the one that must stay";
            return Err(Refusal::StillInUse { what: what.into() });
        }
        let reason = format!("merged into {}", target.number.as_deref().unwrap_or("another complaint"));
        let (id, number, recorded) = (complaint.id, complaint.number.clone(), complaint.recorded.latest);
        complaint.log(context, "merge", Some(reason.clone()), None)?;
        move_over(&mut complaint, &mut target)?;
        target.watch_over(&context.when);
        target.merged_from.push(MergedComplaint { id, number, recorded });
        target.merged_from.append(&mut complaint.merged_from);
        complaint.merged_into = Some(target.id);
        let (closed, by, rev) = (context.when.clone(), context.actor.user, context.rev);
        complaint.state = ComplaintState::Closed { closed, by, rev, reason: Some(reason) };
        Ok(Decision { record: Some(complaint), also: vec![target.into()], flags: Vec::new() })
    }
}

/// Moves what people recorded. It is kept beside what the other has of its own, and is in force only where that has nothing.
fn move_over(complaint: &mut Complaint, target: &mut Complaint) -> Result<(), Refusal> {
    // Revisions of the duplicate mean nothing here: who worked on it under another department is overtaken, no stranger.
    for department in &mut complaint.departments {
        (department.rev, department.ended_rev) = (0, Some(0));
    }
    let own = std::mem::replace(&mut target.departments, std::mem::take(&mut complaint.departments));
    append(&mut target.departments, own)?;
    for step in &mut complaint.timeline {
        step.mark.overtaken.get_or_insert(Flag::PossibleDuplicate);
    }
    append(&mut target.timeline, complaint.timeline.clone())?;
    let round = target.this_round();
    for mut moved in std::mem::take(&mut complaint.rounds) {
        for word in &mut moved.words {
            word.mark.overtaken.get_or_insert(Flag::PossibleDuplicate);
        }
        append(&mut round.found, moved.found)?;
        append(&mut round.proposals, moved.proposals)?;
        append(&mut round.words, moved.words)?;
        round.approved = round.approved.take().or(moved.approved);
        round.carried_out = round.carried_out.take().or(moved.carried_out);
    }
    append(&mut target.tasks, std::mem::take(&mut complaint.tasks))?;
    append(&mut target.surveys, std::mem::take(&mut complaint.surveys))?;
    append(&mut target.orders, std::mem::take(&mut complaint.orders))?;
    append(&mut target.follow_ups, std::mem::take(&mut complaint.follow_ups))?;
    append(&mut target.calls, std::mem::take(&mut complaint.calls))?;
    append(&mut target.notes, std::mem::take(&mut complaint.notes))?;
    photo::append(&mut target.photos, std::mem::take(&mut complaint.photos))?;
    for user in std::mem::take(&mut complaint.people) {
        target.concerns(user);
    }
    target.severity = target.severity.max(complaint.severity);
    Ok(())
}

/// Far more than any complaint has, and few enough for one record.
const MOST_TOGETHER: usize = 2000;

fn append<T>(entries: &mut Vec<T>, more: Vec<T>) -> Result<(), Refusal> {
    if entries.len() + more.len() > MOST_TOGETHER {
        return Err(Refusal::TooManyEntries);
    }
    entries.extend(more);
    Ok(())
}
