//! Deadlines as clocks of their own, judged by the evidence of time.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::{Status, record::Policy};
use crate::{
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
    /// A later end that the customer agreed to, if the evidence does not tell whether they did so before the clock
    /// ran out. Only a judgement that is the same by both ends is then one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<DateTime<Utc>>,
    /// When what it waits for happened, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<When>,
    /// The judgement, once it stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

impl Clock {
    /// Starts a clock of so many minutes; none if there is no deadline.
    fn start(since: Timestamp, minutes: Option<u32>) -> Option<Clock> {
        let due = since.checked_add_signed(Duration::minutes(minutes?.into()))?;
        Some(Clock::until(since, due))
    }

    /// Starts a clock that runs to a given instant.
    pub fn until(since: Timestamp, due: Timestamp) -> Clock {
        Clock { since, due, agreed: None, stopped: None, verdict: None }
    }

    /// Stops it and judges; the first stop counts.
    pub fn stop(&mut self, at: &When) {
        if self.stopped.is_none() {
            self.verdict = Some(self.judge(at));
            self.stopped = Some(at.clone());
        }
    }

    fn judge(&self, at: &When) -> Verdict {
        let verdict = against(at, self.due);
        match self.agreed {
            Some(agreed) if against(at, agreed) != verdict => Verdict::Unprovable,
            _ => verdict,
        }
    }

    /// The customer agreed to another end. A consent given after the clock had run out excuses nothing.
    fn agree(&mut self, consented: &When, due: Timestamp) {
        if self.stopped.is_some() {
            return;
        }
        match against(consented, self.due) {
            Verdict::OnTime => (self.due, self.agreed) = (due, None),
            Verdict::Unprovable => self.agreed = Some(due),
            Verdict::Late => {}
        }
    }

    /// Whether it still ran at `now` although it had run out by any account.
    pub fn overdue(&self, now: Timestamp) -> bool {
        self.stopped.is_none() && self.agreed.map_or(self.due, |agreed| agreed.max(self.due)) < now
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
    /// From the request being written down to arrival, or to the time agreed with the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrive: Option<Clock>,
    /// To a date by which it is to be settled, where one was set (imported orders carry theirs).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve: Option<Clock>,
}

impl Clocks {
    /// The clocks of a new request: the first stops at once, the crew's two begin.
    ///
    /// The crew's clocks begin at the latest instant at which the request can have been written down, so that
    /// a request recorded offline does not put the crew in the wrong for time it never had.
    pub(super) fn begin(policy: &Policy, called_at: Timestamp, recorded: &When) -> Clocks {
        let deadlines = policy.deadlines;
        let mut record = Clock::start(called_at, deadlines.record_minutes);
        if let Some(record) = &mut record {
            record.stop(recorded);
        }
        Clocks {
            record,
            dispatch: Clock::start(recorded.latest, deadlines.dispatch_minutes),
            arrive: Clock::start(recorded.latest, deadlines.arrive_minutes),
            resolve: None,
        }
    }

    pub(super) fn dispatched(&mut self, at: &When) {
        if let Some(clock) = &mut self.dispatch {
            clock.stop(at);
        }
    }

    pub(super) fn arrived(&mut self, at: &When) {
        if let Some(clock) = &mut self.arrive {
            clock.stop(at);
        }
    }

    pub(super) fn resolved(&mut self, at: &When) {
        if let Some(clock) = &mut self.resolve {
            clock.stop(at);
        }
    }

    /// The customer agreed to another time: until somebody has arrived, the arrival clock runs to its end, even if
    /// there was no deadline.
    pub(super) fn agreed(&mut self, status: Status, since: Timestamp, consented: &When, until: Timestamp) {
        let awaited = matches!(status, Status::Requested | Status::Assigned | Status::EnRoute);
        match &mut self.arrive {
            Some(clock) if awaited => clock.agree(consented, until),
            None if awaited => self.arrive = Some(Clock::until(since, until)),
            _ => {}
        }
    }

    /// The clock that lists and reports go by: the date by which it is to be settled, if there is one,
    /// otherwise arrival.
    pub fn headline(&self) -> Option<&Clock> {
        self.resolve.as_ref().or(self.arrive.as_ref())
    }
}
