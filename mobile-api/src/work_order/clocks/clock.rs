//! One deadline, with everything that moved it, so that its verdict can be found again from what is written down.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    calendar::WorkingHours,
    evidence::{Verdict, When, against},
    time::Timestamp,
    work_order::Priority,
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
    /// The customer wished to be served later: the clock stands still until the time that was agreed begins.
    Waits {
        /// The operation that recorded it.
        op: Uuid,
        /// When they said so.
        consented: When,
        /// Who did, in the household.
        consented_by: String,
        /// When the agreed time begins.
        until: DateTime<Utc>,
    },
    /// The order became more or less urgent: from here it has another end.
    Reset {
        /// The operation that recorded it.
        op: Uuid,
        /// When.
        at: When,
        /// How urgent it is since.
        priority: Priority,
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
    /// Since when it waits for the time that the customer wished, and until when.
    waits: Option<(&'e When, Timestamp)>,
}

/// A span in which a clock stood still.
#[derive(Clone, Debug, PartialEq)]
pub struct Standstill {
    /// The operation that stopped it.
    pub op: Uuid,
    /// Since when.
    pub from: When,
    /// Until when, if it went on.
    pub until: Option<When>,
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
        ends.waited(Some(at), hours);
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

    /// The customer wishes to be served later. It stands still until then, from when they said so.
    pub(in crate::work_order) fn wait(
        &mut self,
        op: Uuid,
        consented: &When,
        consented_by: &str,
        until: Timestamp,
        hours: Option<&WorkingHours>,
    ) {
        if until > consented.latest {
            let (consented, consented_by) = (consented.clone(), consented_by.to_owned());
            self.note(ClockEvent::Waits { op, consented, consented_by, until }, hours);
        }
    }

    /// The order is more or less urgent than before, and may take so many minutes. Who gets less time gets it from here on,
    /// never more than was left; who gets more has had it from the start. A time that the customer agreed to stands.
    pub(super) fn reset(
        &mut self,
        op: Uuid,
        at: &When,
        priority: Priority,
        minutes: u32,
        hours: Option<&WorkingHours>,
    ) {
        let time = Duration::minutes(minutes.into());
        let held = self.ends(hours);
        // What stands still has all of its time when it goes on.
        let here = held.stands_since(at).map_or(at.latest, |since| since.latest);
        let (Some(from_start), Some(from_here)) = (after(hours, self.since, time), after(hours, here, time)) else {
            return;
        };
        // Had it been so from the start, it would have stood still all the same.
        let stands_still = |event: &&ClockEvent| {
            matches!(event, ClockEvent::Waits { .. } | ClockEvent::Paused { .. } | ClockEvent::Resumed { .. })
        };
        let events = self.events.iter().filter(stands_still).cloned().collect();
        let anew = Clock { first_due: Some(from_start), events, ..Clock::until(self.since, from_start) };
        let (anew, held) = (anew.ends(hours).due, held.due);
        let due = if anew >= held { anew } else { from_here.min(held) };
        if due != held && !self.was_agreed() {
            self.note(ClockEvent::Reset { op, at: at.clone(), priority, due }, hours);
        }
    }

    /// Whether nobody would be let off by there being no such clock any more: it runs, and had not run out at `at`.
    pub(super) fn may_be_dropped(&self, at: &When) -> bool {
        self.stopped.is_none() && !self.was_agreed() && against(at, self.due) == Verdict::OnTime
    }

    /// Whether its end is one that the customer agreed to.
    fn was_agreed(&self) -> bool {
        self.events.iter().any(|event| matches!(event, ClockEvent::Agreed { .. }))
    }

    /// It stands still from here.
    pub(in crate::work_order) fn pause(
        &mut self,
        op: Uuid,
        at: &When,
        reason: &str,
        consented_by: Option<&str>,
        hours: Option<&WorkingHours>,
    ) {
        if !self.is_paused() {
            let (at, reason, consented_by) = (at.clone(), reason.to_owned(), consented_by.map(Into::into));
            self.note(ClockEvent::Paused { op, at, reason, consented_by }, hours);
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
        let mut ends = self.ends(hours);
        ends.waited(None, hours);
        let Ends { due, late, .. } = ends;
        (self.due, self.agreed) = (due, (late != due).then_some(late));
    }

    /// The ends that follow from the first one and what happened since.
    fn ends(&self, hours: Option<&WorkingHours>) -> Ends<'_> {
        let Some(first) = self.first_due else {
            return Ends { due: self.due, late: self.agreed.unwrap_or(self.due), paused: None, waits: None };
        };
        let mut ends = Ends { due: first, late: first, paused: None, waits: None };
        for event in &self.events {
            match event {
                ClockEvent::Agreed { consented, due, .. } => match ends.still_runs(consented) {
                    // A time of day, however long it stood still until then.
                    Verdict::OnTime => (ends.due, ends.late, ends.paused) = (*due, *due, None),
                    Verdict::Unprovable => ends.late = *due,
                    Verdict::Late => {}
                },
                ClockEvent::Extended { at, due, .. } => match ends.still_runs(at) {
                    Verdict::OnTime => (ends.due, ends.late) = ((*due).max(ends.due), (*due).max(ends.late)),
                    Verdict::Unprovable => ends.late = (*due).max(ends.late),
                    Verdict::Late => {}
                },
                ClockEvent::Reset { at, due, .. } => match ends.still_runs(at) {
                    Verdict::OnTime => (ends.due, ends.late) = (*due, *due),
                    Verdict::Unprovable => {
                        (ends.due, ends.late) = ((*due).min(ends.due), (*due).max(ends.late));
                    }
                    Verdict::Late => {}
                },
                // Before work goes on after a pause there is nothing to wait for.
                ClockEvent::Waits { .. } if ends.paused.is_some() => {}
                ClockEvent::Waits { consented, until, .. } => match &mut ends.waits {
                    Some((_, held)) if consented.latest < *held => *held = *until,
                    _ => {
                        ends.waited(None, hours);
                        ends.waits = Some((consented, *until));
                    }
                },
                ClockEvent::Paused { at, .. } => {
                    ends.waited(Some(at), hours);
                    ends.paused = Some(at);
                }
                ClockEvent::Resumed { at, .. } => ends.go_on(at, hours),
            }
        }
        ends
    }

    /// Whether it stands still until somebody says that work goes on.
    pub fn is_paused(&self) -> bool {
        let of_pause = |event: &&ClockEvent| matches!(event, ClockEvent::Paused { .. } | ClockEvent::Resumed { .. });
        let last = self.events.iter().rev().find(of_pause);
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
        for Standstill { from, until, .. } in self.pauses() {
            let until = until.as_ref().unwrap_or(at);
            least -= between(hours, from.earliest.max(self.since), until.latest.min(at.earliest));
            most -= between(hours, from.latest.max(self.since), until.earliest.min(at.latest));
        }
        (least.max(Duration::zero()), most.max(Duration::zero()))
    }

    /// When it stood still, and until when if it went on.
    pub fn pauses(&self) -> Vec<Standstill> {
        let mut pauses: Vec<Standstill> = Vec::new();
        let mut waits = false;
        for event in &self.events {
            let last = pauses.last_mut();
            match event {
                ClockEvent::Waits { .. } if last.as_ref().is_some_and(|last| last.until.is_none()) => {}
                ClockEvent::Waits { op, consented, until, .. } => match last {
                    Some(last) if waits && last.until.as_ref().is_some_and(|held| consented.latest < held.earliest) => {
                        (last.op, last.until) = (*op, Some(When::at(*until)));
                    }
                    _ => {
                        pauses.push(Standstill { op: *op, from: consented.clone(), until: Some(When::at(*until)) });
                        waits = true;
                    }
                },
                ClockEvent::Paused { op, at, .. } => {
                    // What stood still already stands still on.
                    let held = last.filter(|_| waits).and_then(|last| last.until.as_mut());
                    if let Some(held) = held.filter(|held| at.latest < held.earliest) {
                        *held = at.clone();
                    }
                    pauses.push(Standstill { op: *op, from: at.clone(), until: None });
                    waits = false;
                }
                ClockEvent::Resumed { at, .. } => {
                    if let Some(last) = last.filter(|last| last.until.is_none()) {
                        last.until = Some(at.clone());
                    }
                }
                ClockEvent::Agreed { .. } | ClockEvent::Extended { .. } | ClockEvent::Reset { .. } => {}
            }
        }
        pauses
    }
}

impl<'e> Ends<'e> {
    /// Since when it stands still, if it does at `at`.
    fn stands_since(&self, at: &When) -> Option<&'e When> {
        let waits = self.waits.filter(|(_, until)| at.latest < *until).map(|(since, _)| since);
        self.paused.or(waits)
    }

    /// Whether it had not run out at `at`: on time if so. What stands still runs out only when it has gone on.
    fn still_runs(&self, at: &When) -> Verdict {
        against(self.stands_since(at).unwrap_or(at), self.due)
    }

    /// The clock goes on at `at`, if somebody had stopped it.
    fn go_on(&mut self, at: &When, hours: Option<&WorkingHours>) {
        if let Some(paused) = self.paused.take() {
            self.stood_still(paused, at.earliest, at.latest, hours);
        }
    }

    /// It waited for the time that the customer wished, if it did, until then or until `at`, whichever came first.
    fn waited(&mut self, at: Option<&When>, hours: Option<&WorkingHours>) {
        if let Some((since, until)) = self.waits.take() {
            let (earliest, latest) = at.map_or((until, until), |at| (until.min(at.earliest), until.min(at.latest)));
            self.stood_still(since, earliest, latest, hours);
        }
    }

    /// What was left when it stopped is left when it goes on. A pause after the end excuses nothing, and none ever shortens
    /// the time.
    fn stood_still(&mut self, from: &When, earliest: Timestamp, latest: Timestamp, hours: Option<&WorkingHours>) {
        let moved = |due: Timestamp, paused: Timestamp, resumed: Timestamp| match paused < due {
            true => after(hours, resumed, between(hours, paused, due)).map_or(due, |moved| moved.max(due)),
            false => due,
        };
        (self.due, self.late) = (moved(self.due, from.latest, earliest), moved(self.late, from.earliest, latest));
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
