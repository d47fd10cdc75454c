//! What a complaint says for the figures, and which complaint counts for which.

use super::{Counted, Figure};
use crate::{
    complaint::{Complaint, ComplaintClock},
    evidence::Verdict,
    ids::{ComplaintClassId, ComplaintId, SiteId, TeamId},
    time::Timestamp,
    work_order::Clock,
};

/// What one complaint says for the figures, from the moment at which it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComplaintFacts {
    /// The complaint.
    pub complaint: ComplaintId,
    /// When it was written down. It counts in the period in which this lies.
    pub received_at: Timestamp,
    /// The site.
    pub site: Option<SiteId>,
    /// The department.
    pub team: Option<TeamId>,
    /// What it was summed up as.
    pub class: Option<ComplaintClassId>,
    /// Why it came to this, as it was summed up.
    pub cause: Option<String>,
    /// Whether it is founded, once that was judged.
    pub founded: Option<bool>,
    /// Whether the department was told in time.
    pub told: Kept,
    /// Whether the complainant heard from the firm in time.
    pub responded: Kept,
    /// Whether it was settled in time, each time that it was taken up.
    pub resolved: Kept,
    /// Whether the complainant was called back in time.
    pub called: Kept,
    /// Whether the complainant accepted the first settlement, and it stayed at that; `None` if they have not said.
    pub accepted: Option<bool>,
    /// Whether it was taken up again, or repeats an earlier one.
    pub again: bool,
}

/// What became of a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// There is none, or it waits no longer for anything.
    Nothing,
    /// What it waited for happened.
    Judged(Verdict),
    /// It runs until then.
    Due(Timestamp),
}

impl Kept {
    /// Of all clocks of this name, those of earlier rounds included: kept only if each was.
    fn of(complaint: &Complaint, name: ComplaintClock) -> Self {
        let over = complaint.over_since();
        let clocks = clocks_of(complaint, name).into_iter();
        clocks.map(|clock| Self::of_clock(clock, over)).max_by_key(|kept| kept.weight()).unwrap_or(Self::Nothing)
    }

    fn of_clock(clock: &Clock, over: Option<Timestamp>) -> Self {
        match (clock.verdict, over) {
            (Some(verdict), _) => Self::Judged(verdict),
            (None, None) => Self::Due(clock.last_due()),
            // What had run out by the time the complaint was closed was missed; what had not waits for nothing any more.
            (None, Some(over)) if clock.last_due() < over => Self::Judged(Verdict::Late),
            (None, Some(_)) => Self::Nothing,
        }
    }

    fn weight(self) -> u8 {
        match self {
            Kept::Nothing => 0,
            Kept::Judged(Verdict::OnTime) => 1,
            Kept::Judged(Verdict::Unprovable) => 2,
            Kept::Due(_) => 3,
            Kept::Judged(Verdict::Late) => 4,
        }
    }

    fn count(self, as_of: Timestamp) -> Counted {
        match self {
            Kept::Judged(Verdict::Unprovable) => Counted::Unprovable,
            Kept::Judged(verdict) => Counted::Share(verdict == Verdict::OnTime),
            Kept::Due(due) if due < as_of => Counted::Share(false),
            Kept::Nothing | Kept::Due(_) => Counted::Not,
        }
    }
}

/// The clocks of this name, that of the present round first.
fn clocks_of(complaint: &Complaint, name: ComplaintClock) -> Vec<&Clock> {
    let present = complaint.each_clock().filter(|(of, ..)| *of == name).map(|(.., clock)| clock);
    // A call that nobody need make any more, because the complaint was taken up again, was not missed.
    let past = complaint.clocks.past.iter().filter(|past| past.name == name && past.clock.verdict.is_some());
    present.chain(past.map(|past| &past.clock)).collect()
}

impl ComplaintFacts {
    /// What this complaint says; `None` of those that were merged into others.
    pub fn of(complaint: &Complaint) -> Option<Self> {
        if complaint.merged_into.is_some() {
            return None;
        }
        let summary = complaint.summary.as_ref();
        let cause = summary.map(|summary| summary.cause.trim()).filter(|cause| !cause.is_empty());
        Some(Self {
            complaint: complaint.id,
            received_at: complaint.recorded.latest,
            site: complaint.about.site,
            team: complaint.department().map(|department| department.team),
            class: summary.and_then(|summary| summary.class),
            cause: cause.map(Into::into),
            founded: complaint.founded(),
            told: Kept::of(complaint, ComplaintClock::Tell),
            responded: Kept::of(complaint, ComplaintClock::Respond),
            resolved: Kept::of(complaint, ComplaintClock::Resolve),
            called: Kept::of(complaint, ComplaintClock::Call),
            accepted: accepted(complaint),
            again: complaint.rounds.len() > 1 || complaint.repeats.is_some(),
        })
    }
}

/// Whether the first word that counts was a yes, and no round followed it.
fn accepted(complaint: &Complaint) -> Option<bool> {
    let last = complaint.rounds.len().checked_sub(1)?;
    let mut words =
        complaint.rounds.iter().enumerate().flat_map(|(round, of)| of.words.iter().map(move |w| (round, w)));
    let (round, word) = words.find(|(_, word)| word.mark.overtaken.is_none())?;
    Some(word.accepted && round == last)
}

impl Figure {
    /// What a complaint is for it, as of an instant. Figures of orders say nothing of complaints.
    pub fn count_complaint(self, facts: &ComplaintFacts, as_of: Timestamp) -> Counted {
        match self {
            Figure::Complaints => Counted::Amount(1),
            Figure::ComplaintTold => facts.told.count(as_of),
            Figure::ComplaintResponded => facts.responded.count(as_of),
            Figure::ComplaintResolved => facts.resolved.count(as_of),
            Figure::ComplaintCalled => facts.called.count(as_of),
            Figure::ComplaintFounded => facts.founded.map_or(Counted::Not, Counted::Share),
            Figure::ComplaintAccepted => facts.accepted.map_or(Counted::Not, Counted::Share),
            Figure::ComplaintAgain => Counted::Share(facts.again),
            _ => Counted::Not,
        }
    }

    /// The clocks of a complaint by which this judges it; none where it is judged by something else.
    pub fn complaint_clocks(self, complaint: &Complaint) -> Vec<Clock> {
        let name = match self {
            Figure::ComplaintTold => ComplaintClock::Tell,
            Figure::ComplaintResponded => ComplaintClock::Respond,
            Figure::ComplaintResolved => ComplaintClock::Resolve,
            Figure::ComplaintCalled => ComplaintClock::Call,
            _ => return Vec::new(),
        };
        clocks_of(complaint, name).into_iter().cloned().collect()
    }
}
