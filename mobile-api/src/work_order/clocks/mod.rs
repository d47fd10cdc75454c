//! Deadlines as clocks of their own, judged by the evidence of time.

mod alarm;
mod clock;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use self::alarm::clock_stages;
pub use self::{
    alarm::{Alarm, Delay, ExplainDelay, RaiseAlarm, Raised},
    clock::{Clock, ClockEvent, Standstill},
};
use super::{Priority, Status, record::Policy};
use crate::{calendar::WorkingHours, evidence::When, time::Timestamp};

/// Which of an order's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClockName {
    /// The request being written down.
    Record,
    /// Somebody being sent.
    Dispatch,
    /// The customer hearing from the crew.
    Respond,
    /// Arrival.
    Arrive,
    /// The customer accepting the work.
    Resolve,
}

impl ClockName {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            ClockName::Record => "record",
            ClockName::Dispatch => "dispatch",
            ClockName::Respond => "respond",
            ClockName::Arrive => "arrive",
            ClockName::Resolve => "resolve",
        }
    }
}

/// The clocks of an order; `None` where there is no deadline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Clocks {
    /// From the call to the request being written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Clock>,
    /// From the request being written down to somebody being sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatch: Option<Clock>,
    /// From the request being written down to the customer hearing from the crew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond: Option<Clock>,
    /// From the request being written down to arrival, or to the time agreed with the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrive: Option<Clock>,
    /// From the request being written down to the customer accepting the work, or to the date that was set (imported
    /// orders carry theirs).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve: Option<Clock>,
}

impl Clocks {
    /// The clocks of a new request: the first stops at once, the crew's begin.
    ///
    /// The crew's clocks begin at the latest instant at which the request can have been written down, so that
    /// a request recorded offline does not put the crew in the wrong for time it never had.
    pub(super) fn begin(policy: &Policy, called_at: Timestamp, recorded: &When) -> Clocks {
        let (deadlines, hours) = (policy.deadlines, policy.hours.as_ref());
        let mut record = Clock::start(called_at, deadlines.record_minutes, None);
        if let Some(record) = &mut record {
            record.stop(recorded, None);
        }
        Clocks {
            record,
            dispatch: Clock::start(recorded.latest, deadlines.dispatch_minutes, hours),
            respond: Clock::start(recorded.latest, deadlines.respond_minutes, hours),
            arrive: Clock::start(recorded.latest, deadlines.arrive_minutes, hours),
            resolve: Clock::start(recorded.latest, deadlines.resolve_minutes, hours),
        }
    }

    /// Each clock that there is.
    pub fn each(&self) -> impl Iterator<Item = (ClockName, &Clock)> {
        let all = [
            (ClockName::Record, &self.record),
            (ClockName::Dispatch, &self.dispatch),
            (ClockName::Respond, &self.respond),
            (ClockName::Arrive, &self.arrive),
            (ClockName::Resolve, &self.resolve),
        ];
        all.into_iter().filter_map(|(name, clock)| Some((name, clock.as_ref()?)))
    }

    /// The clock of this name.
    pub fn get(&self, name: ClockName) -> Option<&Clock> {
        self.each().find(|(other, _)| *other == name).map(|(_, clock)| clock)
    }

    /// Somebody is sent.
    pub(super) fn dispatched(&mut self, at: &When, policy: &Policy) {
        stop(&mut self.dispatch, at, policy);
    }

    /// The customer hears from the crew.
    pub(super) fn responded(&mut self, at: &When, policy: &Policy) {
        stop(&mut self.respond, at, policy);
    }

    /// Somebody is there.
    pub(super) fn arrived(&mut self, at: &When, policy: &Policy) {
        stop(&mut self.respond, at, policy);
        stop(&mut self.arrive, at, policy);
    }

    /// It is settled.
    pub(super) fn resolved(&mut self, at: &When, policy: &Policy) {
        stop(&mut self.resolve, at, policy);
    }

    /// Nothing can go on, for a reason that stops the clocks: all that run.
    pub(super) fn paused(&mut self, op: Uuid, at: &When, reason: &str, consented_by: Option<&str>, policy: &Policy) {
        for clock in self.each_mut() {
            clock.pause(op, at, reason, consented_by, policy.hours.as_ref());
        }
    }

    /// Work goes on, if it had stopped.
    pub(super) fn resumed(&mut self, op: Uuid, at: &When, policy: &Policy) {
        for clock in self.each_mut() {
            clock.resume(op, at, policy.hours.as_ref());
        }
    }

    /// Whether something stands still until somebody says that it goes on.
    pub fn any_paused(&self) -> bool {
        self.each().any(|(_, clock)| clock.is_paused())
    }

    /// The customer agreed to another time: until somebody has arrived, the arrival clock runs to its end, even if there was
    /// no deadline. The order cannot be settled before, so that the last clock stands still until it begins.
    pub(super) fn agreed(&mut self, status: Status, since: Timestamp, agreement: Agreement<'_>, policy: &Policy) {
        let Agreement { op, consented, consented_by, from, until } = agreement;
        if let Some(clock) = &mut self.resolve {
            clock.wait(op, consented, consented_by, from, policy.hours.as_ref());
        }
        if is_awaited(status) {
            let clock = self.arrive.get_or_insert_with(|| Clock::until(since, until));
            clock.agree(op, consented, consented_by, until);
        }
    }

    /// The order is more or less urgent than before: what runs gets the deadlines of its new priority, in the hours of
    /// `policy`. Where there was none there is one from here on; where there is none any more, what had not run out by any
    /// account is gone.
    pub(super) fn reset(&mut self, op: Uuid, at: &When, status: Status, priority: Priority, policy: &Policy) {
        let (deadlines, hours) = (policy.deadlines, policy.hours.as_ref());
        // What happened already needs no deadline.
        let (nobody_sent, nobody_there) = (status == Status::Requested, is_awaited(status));
        let all = [
            (&mut self.dispatch, deadlines.dispatch_minutes, nobody_sent),
            (&mut self.respond, deadlines.respond_minutes, nobody_sent),
            (&mut self.arrive, deadlines.arrive_minutes, nobody_there),
            (&mut self.resolve, deadlines.resolve_minutes, true),
        ];
        for (place, minutes, open) in all {
            match (place.as_mut(), minutes) {
                (Some(clock), Some(minutes)) => clock.reset(op, at, priority, minutes, hours),
                (Some(clock), None) if clock.may_be_dropped(at) => *place = None,
                (None, Some(minutes)) if open => *place = Clock::start(at.latest, Some(minutes), hours),
                (Some(_) | None, _) => {}
            }
        }
    }

    fn each_mut(&mut self) -> impl Iterator<Item = &mut Clock> {
        [&mut self.dispatch, &mut self.respond, &mut self.arrive, &mut self.resolve].into_iter().flatten()
    }

    /// The clock that lists and reports go by: arrival; for orders without it, the date by which it is to be settled.
    pub fn headline(&self) -> Option<&Clock> {
        self.arrive.as_ref().or(self.resolve.as_ref())
    }
}

/// Whether nobody has arrived yet.
pub(super) fn is_awaited(status: Status) -> bool {
    matches!(status, Status::Requested | Status::Assigned | Status::EnRoute)
}

/// Another time that the customer agreed to.
#[derive(Clone, Copy)]
pub(super) struct Agreement<'a> {
    pub(super) op: Uuid,
    pub(super) consented: &'a When,
    pub(super) consented_by: &'a str,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

/// A clock of so many minutes in these hours, for the deadlines of other records.
pub(crate) fn clock_of(since: Timestamp, minutes: Option<u32>, hours: Option<&WorkingHours>) -> Option<Clock> {
    Clock::start(since, minutes, hours)
}

fn stop(clock: &mut Option<Clock>, at: &When, policy: &Policy) {
    if let Some(clock) = clock {
        clock.stop(at, policy.hours.as_ref());
    }
}
