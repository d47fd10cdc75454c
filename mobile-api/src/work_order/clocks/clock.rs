//! One deadline, with everything that moved it, so that its verdict can be found again from what is written down.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    calendar::WorkingHours,
    evidence::{Verdict, When, against},
    time::Timestamp,
};

/// One deadline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Clock {
    /// Since when it runs.
    pub since: DateTime<Utc>,
    /// When it runs out.
    pub due: DateTime<Utc>,
    /// A later end, if the evidence does not tell which of the two it is: whether the customer agreed to another time
    /// before the clock ran out, or how long a pause was. Only a judgement that is the same by both ends is then one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<DateTime<Utc>>,
    /// When what it waits for happened, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<When>,
    /// The judgement, once it stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// When it was to run out at first, if something moved that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_due: Option<DateTime<Utc>>,
    /// What moved its end, in the order in which the server learned of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<ClockEvent>,
}

/// Something that moves the end of a clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum ClockEvent {
    /// The customer agreed to another time.
    Agreed {
        /// The operation that recorded it.
        op: Uuid,
        /// When they did.
        consented: When,
        /// By whom, in the household.
        consented_by: String,
        /// The new end.
        due: DateTime<Utc>,
    },
    /// The rules allow more time, because of what came out while it ran.
    Extended {
        /// The operation that recorded it.
        op: Uuid,
        /// When.
        at: When,
        /// Why, as a code.
        reason: String,
        /// The new end.
        due: DateTime<Utc>,
    },
    /// The clock stood still from here.
    Paused {
        /// The operation that recorded it.
        op: Uuid,
        /// Since when.
        at: When,
        /// The code of the reason.
        reason: String,
        /// Who consented, if somebody did.
        consented_by: Option<String>,
    },
    /// It went on.
    Resumed {
        /// The operation that recorded it.
        op: Uuid,
        /// When.
        at: When,
    },
}

/// Both ends that a clock may have, and since when it stands still.
struct Ends<'e> {
    due: Timestamp,
    /// The same as `due` unless the evidence leaves two.
    late: Timestamp,
    paused: Option<&'e When>,
}

impl Clock {
    /// Starts a clock of so many minutes in these hours; none if there is no deadline, or no working time ever.
    pub(crate) fn start(since: Timestamp, minutes: Option<u32>, hours: Option<&WorkingHours>) -> Option<Clock> {
        let due = after(hours, since, Duration::minutes(minutes?.into()))?;
        Some(Clock::until(since, due))
    }

    /// Starts a clock that runs to a given instant.
    pub fn until(since: Timestamp, due: Timestamp) -> Clock {
        Clock { since, due, agreed: None, stopped: None, verdict: None, first_due: None, events: Vec::new() }
    }

    /// Stops it and judges; the first stop counts. A clock that stood still stops where it stood.
    pub fn stop(&mut self, at: &When, hours: Option<&WorkingHours>) {
        if self.stopped.is_none() {
            self.verdict = Some(self.judge(at, hours));
            self.stopped = Some(at.clone());
        }
    }

    /// The judgement on something that happened at `at`, from what is written down and nothing else.
    pub fn judge(&self, at: &When, hours: Option<&WorkingHours>) -> Verdict {
        let mut ends = self.ends(hours);
        ends.go_on(at, hours);
        let verdict = against(at, ends.due);
        if against(at, ends.late) == verdict { verdict } else { Verdict::Unprovable }
    }

    /// The customer agreed to another end. A consent given after the clock had run out excuses nothing.
    pub(super) fn agree(&mut self, op: Uuid, consented: &When, consented_by: &str, due: Timestamp) {
        let (consented, consented_by) = (consented.clone(), consented_by.to_owned());
        self.note(ClockEvent::Agreed { op, consented, consented_by, due }, None);
    }

    /// The rules allow more time. What comes out after it had run out excuses nothing.
    pub(crate) fn extend(&mut self, op: Uuid, at: &When, reason: &str, due: Timestamp) {
        let (at, reason) = (at.clone(), reason.to_owned());
        self.note(ClockEvent::Extended { op, at, reason, due }, None);
    }

    /// It stands still from here.
    pub(in crate::work_order) fn pause(&mut self, op: Uuid, at: &When, reason: &str, consented_by: Option<&str>) {
        if !self.is_paused() {
            let (at, reason, consented_by) = (at.clone(), reason.to_owned(), consented_by.map(Into::into));
            self.note(ClockEvent::Paused { op, at, reason, consented_by }, None);
        }
    }

    /// It goes on, if it stood still.
    pub(in crate::work_order) fn resume(&mut self, op: Uuid, at: &When, hours: Option<&WorkingHours>) {
        if self.is_paused() {
            self.note(ClockEvent::Resumed { op, at: at.clone() }, hours);
        }
    }

    fn note(&mut self, event: ClockEvent, hours: Option<&WorkingHours>) {
        if self.stopped.is_some() {
            return;
        }
        self.first_due.get_or_insert(self.due);
        self.events.push(event);
        let Ends { due, late, .. } = self.ends(hours);
        (self.due, self.agreed) = (due, (late != due).then_some(late));
    }

    /// The ends that follow from the first one and what happened since.
    fn ends(&self, hours: Option<&WorkingHours>) -> Ends<'_> {
        let Some(first) = self.first_due else {
            return Ends { due: self.due, late: self.agreed.unwrap_or(self.due), paused: None };
        };
        let mut ends = Ends { due: first, late: first, paused: None };
        for event in &self.events {
            match event {
                ClockEvent::Agreed { consented, due, .. } => match against(consented, ends.due) {
                    Verdict::OnTime => (ends.due, ends.late) = (*due, *due),
                    Verdict::Unprovable => ends.late = *due,
                    Verdict::Late => {}
                },
                ClockEvent::Extended { at, due, .. } => match against(at, ends.due) {
                    Verdict::OnTime => (ends.due, ends.late) = ((*due).max(ends.due), (*due).max(ends.late)),
                    Verdict::Unprovable => ends.late = (*due).max(ends.late),
                    Verdict::Late => {}
                },
                ClockEvent::Paused { at, .. } => ends.paused = Some(at),
                ClockEvent::Resumed { at, .. } => ends.go_on(at, hours),
            }
        }
        ends
    }

    /// Whether it stands still.
    pub fn is_paused(&self) -> bool {
        let last = self
            .events
            .iter()
            .rev()
            .find(|event| !matches!(event, ClockEvent::Agreed { .. } | ClockEvent::Extended { .. }));
        self.stopped.is_none() && matches!(last, Some(ClockEvent::Paused { .. }))
    }

    /// The instant after which it is late by any account.
    pub fn last_due(&self) -> Timestamp {
        self.agreed.map_or(self.due, |agreed| agreed.max(self.due))
    }

    /// Whether it still ran at `now` although it had run out by any account.
    pub fn overdue(&self, now: Timestamp) -> bool {
        self.stopped.is_none() && !self.is_paused() && self.last_due() < now
    }

    /// How much time it allowed at first, in the hours in which it runs.
    pub fn allowed(&self, hours: Option<&WorkingHours>) -> Duration {
        between(hours, self.since, self.first_due.unwrap_or(self.due))
    }

    /// How much of it was used up at `at`, at least and at most: without the pauses, in the hours in which it runs.
    pub fn used(&self, at: &When, hours: Option<&WorkingHours>) -> (Duration, Duration) {
        let (mut least, mut most) = (between(hours, self.since, at.earliest), between(hours, self.since, at.latest));
        for (from, until) in self.pauses() {
            let until = until.unwrap_or(at);
            least -= between(hours, from.earliest.max(self.since), until.latest.min(at.earliest));
            most -= between(hours, from.latest.max(self.since), until.earliest.min(at.latest));
        }
        (least.max(Duration::zero()), most.max(Duration::zero()))
    }

    /// When it stood still, and until when if it went on.
    pub fn pauses(&self) -> Vec<(&When, Option<&When>)> {
        let mut pauses: Vec<(&When, Option<&When>)> = Vec::new();
        for event in &self.events {
            match event {
                ClockEvent::Paused { at, .. } => pauses.push((at, None)),
                ClockEvent::Resumed { at, .. } => pauses.iter_mut().rev().take(1).for_each(|pause| pause.1 = Some(at)),
                ClockEvent::Agreed { .. } | ClockEvent::Extended { .. } => {}
            }
        }
        pauses
    }
}

impl Ends<'_> {
    /// The clock goes on at `at`, if it stood still: what was left of it then is left now. A pause after the end excuses
    /// nothing, and none ever shortens the time.
    fn go_on(&mut self, at: &When, hours: Option<&WorkingHours>) {
        let Some(paused) = self.paused.take() else { return };
        let moved = |due: Timestamp, paused: Timestamp, resumed: Timestamp| match paused < due {
            true => after(hours, resumed, between(hours, paused, due)).map_or(due, |moved| moved.max(due)),
            false => due,
        };
        (self.due, self.late) =
            (moved(self.due, paused.latest, at.earliest), moved(self.late, paused.earliest, at.latest));
    }
}

/// The instant at which `time` will have passed after `since`; working time, if there are hours.
fn after(hours: Option<&WorkingHours>, since: Timestamp, time: Duration) -> Option<Timestamp> {
    match hours {
        Some(hours) => hours.after(since, time),
        None => since.checked_add_signed(time),
    }
}

/// How much time lies between; nothing in the wrong order.
fn between(hours: Option<&WorkingHours>, since: Timestamp, until: Timestamp) -> Duration {
    match hours {
        Some(hours) => hours.between(since, until),
        None => (until - since).max(Duration::zero()),
    }
}
