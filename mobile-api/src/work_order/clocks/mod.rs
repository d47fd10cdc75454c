//! Deadlines as clocks of their own, judged by the evidence of time.

mod alarm;
mod clock;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use self::alarm::clock_stages;
pub use self::{
    alarm::{Alarm, Delay, ExplainDelay, RaiseAlarm, Raised},
    clock::{Clock, ClockEvent},
};
use super::{Status, record::Policy};
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

    /// Work stopped for a reason that stops the clock.
    pub(super) fn paused(&mut self, op: Uuid, at: &When, reason: &str, consented_by: Option<&str>) {
        if let Some(clock) = &mut self.resolve {
            clock.pause(op, at, reason, consented_by);
        }
    }

    /// Work goes on, if it had stopped.
    pub(super) fn resumed(&mut self, op: Uuid, at: &When, policy: &Policy) {
        if let Some(clock) = &mut self.resolve {
            clock.resume(op, at, policy.hours.as_ref());
        }
    }

    /// The customer agreed to another time: until somebody has arrived, the arrival clock runs to its end, even if
    /// there was no deadline.
    pub(super) fn agreed(&mut self, status: Status, since: Timestamp, agreement: Agreement<'_>) {
        let Agreement { op, consented, consented_by, until } = agreement;
        let awaited = matches!(status, Status::Requested | Status::Assigned | Status::EnRoute);
        match &mut self.arrive {
            Some(clock) if awaited => clock.agree(op, consented, consented_by, until),
            None if awaited => self.arrive = Some(Clock::until(since, until)),
            _ => {}
        }
    }

    /// The clock that lists and reports go by: arrival; for orders without it, the date by which it is to be settled.
    pub fn headline(&self) -> Option<&Clock> {
        self.arrive.as_ref().or(self.resolve.as_ref())
    }
}

/// Another time that the customer agreed to.
#[derive(Clone, Copy)]
pub(super) struct Agreement<'a> {
    pub(super) op: Uuid,
    pub(super) consented: &'a When,
    pub(super) consented_by: &'a str,
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
