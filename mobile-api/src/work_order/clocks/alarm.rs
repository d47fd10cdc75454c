//! Who is told of a deadline, when, and with which reason.
//!
//! Nothing here asks a clock on the wall: from an order alone follows what is to be told next and when
//! ([`WorkOrder::next_alarm`]). The server keeps that instant beside the order and performs [`RaiseAlarm`] when it has come;
//! the rule tells once, however often it is asked.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Clock, ClockName};
use crate::{
    check::Check,
    directory::Escalation,
    evidence::When,
    ids::UserId,
    operation::{Change, Context, Decision, Payload},
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
    work_order::{WorkOrder, standing},
};

/// Whom a deadline concerns now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// It will end soon: a warning for whoever is to do it.
    Near,
    /// It was missed: the supervisor decides.
    Supervisor,
    /// It still is, a while later: the manager decides.
    Manager,
}

/// Something that was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Raised {
    /// The operation that did.
    pub op: Uuid,
    /// About which clock.
    pub clock: ClockName,
    /// To whom.
    pub alarm: Alarm,
    /// The end that it was told of. If that moves, it is told anew.
    pub due: DateTime<Utc>,
    /// When.
    pub at: When,
}

/// Why a step is late or will be, in the words of whoever answers for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delay {
    /// The operation that recorded it.
    pub op: Uuid,
    /// Which clock.
    pub clock: ClockName,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// What is to be told of an order next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextAlarm {
    /// When. What happened at the very end of a deadline is in time, so a missed one is told a moment later.
    pub at: Timestamp,
    /// Of which clock.
    pub clock: ClockName,
    /// To whom.
    pub alarm: Alarm,
    /// The end that it is about.
    pub due: Timestamp,
}

impl WorkOrder {
    /// What is to be told next, if nothing happens before. Clocks that stand still and orders that are over alarm nobody.
    pub fn next_alarm(&self) -> Option<NextAlarm> {
        let escalation = self.policy.escalation?;
        if self.status().is_over() {
            return None;
        }
        let running = self.clocks.each().filter(|(_, clock)| clock.stopped.is_none() && !clock.is_paused());
        let alarms = running.flat_map(|(name, clock)| {
            let due = clock.last_due();
            let open = clock_stages(clock, escalation).into_iter();
            let open = open.filter(move |(_, alarm)| !self.was_raised(name, *alarm, due));
            open.map(move |(at, alarm)| NextAlarm { at, clock: name, alarm, due })
        });
        alarms.min_by_key(|next| (next.at, next.clock, next.alarm))
    }

    fn was_raised(&self, clock: ClockName, alarm: Alarm, due: Timestamp) -> bool {
        self.alarms.iter().any(|raised| raised.clock == clock && raised.alarm >= alarm && raised.due == due)
    }

    /// The last reason that was given for a clock.
    pub fn reason_for_delay(&self, clock: ClockName) -> Option<&Delay> {
        self.delays.iter().rev().find(|delay| delay.clock == clock)
    }
}

/// When each of those whom a running clock concerns is to be told of it.
pub(crate) fn clock_stages(clock: &Clock, escalation: Escalation) -> Vec<(Timestamp, Alarm)> {
    let due = clock.last_due();
    let before = due.checked_sub_signed(minutes(escalation.warn_minutes)).map(|at| at.max(clock.since));
    let missed = due.checked_add_signed(Duration::microseconds(1));
    let later = missed.and_then(|missed| missed.checked_add_signed(minutes(escalation.manager_minutes)));
    let all = [
        (before.filter(|_| escalation.warn_minutes > 0), Alarm::Near),
        (missed, Alarm::Supervisor),
        (later, Alarm::Manager),
    ];
    all.into_iter().filter_map(|(at, alarm)| Some((at?, alarm))).collect()
}

fn minutes(minutes: u32) -> Duration {
    Duration::minutes(minutes.into())
}

/// The time has come to tell somebody of a deadline. Which one and whom follows from the order: whatever is asked twice
/// is told once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RaiseAlarm {}

impl Payload for RaiseAlarm {
    type Record = WorkOrder;

    fn example() -> Self {
        Self {}
    }
}

impl Change for RaiseAlarm {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        // Somebody arrived, the time was moved, or another server was faster.
        let next = order.next_alarm().filter(|next| next.at <= context.received_at).ok_or(Refusal::NotDue)?;
        let NextAlarm { clock, alarm, due, .. } = next;
        let flag = match alarm {
            Alarm::Near => None,
            Alarm::Supervisor => Some(Flag::DeadlineMissed),
            Alarm::Manager => Some(Flag::DeadlineStillMissed),
        };
        let told = |delay: &Delay| json!({ "reason": delay.reason, "by": delay.by, "at": delay.at.latest });
        let reason = order.reason_for_delay(clock).map(told);
        let technician = order.technician();
        let detail = json!({ "clock": clock, "due": due, "to": alarm, "technician": technician, "reason": reason });
        let flags = flag.map(|flag| Flagged::with(flag, detail)).into_iter().collect();
        let at = context.when.clone();
        // Not by `WorkOrder::push`, which refuses beyond a bound: what is due would then be due for ever, before all others.
        // Bounded all the same: there are three alarms for each end of a clock, and the ends are bounded.
        order.alarms.push(Raised { op: context.op, clock, alarm, due, at });
        Ok(Decision::flagged(order, flags))
    }
}

/// Says why a step is late or will be. The supervisor is told with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExplainDelay {
    /// Which clock.
    pub clock: ClockName,
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for ExplainDelay {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { clock: ClockName::Arrive, reason: "The road by the lake is flooded".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }
}

impl Change for ExplainDelay {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let overtaken = standing::addition(&order, context)?;
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        let delay = Delay { op, clock: self.clock, reason: self.reason, by, at };
        WorkOrder::push(&mut order.delays, delay)?;
        Ok(Decision::flagged(order, standing::flags(overtaken)))
    }
}
