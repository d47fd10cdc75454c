//! The deadlines of a complaint, and who is told of them. The clocks are those of work orders, with their evidence and verdicts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Complaint, ComplaintRules, Severity};
use crate::{
    calendar::WorkingHours,
    evidence::When,
    operation::{Change, Context, Decision, Payload},
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
    work_order::{
        Clock,
        clocks::{Alarm, clock_of, clock_stages},
    },
};

/// Most clocks of earlier rounds that are kept.
const MOST_PAST: usize = 100;

/// Which of a complaint's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComplaintClock {
    /// The responsible department being told.
    Tell,
    /// The complainant first hearing from the firm.
    Respond,
    /// Somebody looking after a serious one.
    FollowUp,
    /// The complainant accepting what was done.
    Resolve,
    /// The return call.
    Call,
    /// Somebody's task.
    Task,
}

impl ComplaintClock {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            ComplaintClock::Tell => "tell",
            ComplaintClock::Respond => "respond",
            ComplaintClock::FollowUp => "follow_up",
            ComplaintClock::Resolve => "resolve",
            ComplaintClock::Call => "call",
            ComplaintClock::Task => "task",
        }
    }
}

/// The clocks of a complaint; `None` where there is no deadline, or not yet. Tasks have theirs with them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ComplaintClocks {
    /// Until the responsible department is told, or it is judged to be unfounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tell: Option<Clock>,
    /// Until the complainant first hears from the firm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub respond: Option<Clock>,
    /// Until somebody looks after it; then it begins anew. Of serious ones, until they are settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<Clock>,
    /// Until the complainant accepts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve: Option<Clock>,
    /// From the acceptance to the return call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Clock>,
    /// Clocks that had stopped when it was taken up again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<PastClock>,
}

/// A clock that had stopped when the complaint was taken up again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PastClock {
    /// Which.
    pub name: ComplaintClock,
    /// As it stood.
    pub clock: Clock,
}

impl ComplaintClocks {
    /// The clocks of a new complaint. They begin at the latest instant at which it can have been written down, so that one recorded
    /// without signal puts nobody in the wrong for time that they never had.
    pub(super) fn begin(
        rules: &ComplaintRules,
        hours: Option<&WorkingHours>,
        severity: Severity,
        recorded: &When,
    ) -> Self {
        let since = recorded.latest;
        let mut clocks = Self {
            tell: clock_of(since, rules.tell_minutes, hours),
            respond: clock_of(since, rules.respond_minutes, hours),
            resolve: clock_of(since, rules.resolve_minutes, hours),
            ..Self::default()
        };
        if severity == Severity::Serious {
            clocks.follow_up = clock_of(since, rules.follow_up_minutes, hours);
        }
        clocks
    }
}

impl Complaint {
    /// Each clock that there is, with the task if it is one's.
    pub fn each_clock(&self) -> impl Iterator<Item = (ComplaintClock, Option<Uuid>, &Clock)> {
        let own = [
            (ComplaintClock::Tell, &self.clocks.tell),
            (ComplaintClock::Respond, &self.clocks.respond),
            (ComplaintClock::FollowUp, &self.clocks.follow_up),
            (ComplaintClock::Resolve, &self.clocks.resolve),
            (ComplaintClock::Call, &self.clocks.call),
        ];
        let own = own.into_iter().filter_map(|(name, clock)| Some((name, None, clock.as_ref()?)));
        own.chain(self.tasks.iter().map(|task| (ComplaintClock::Task, Some(task.mark.op), &task.clock)))
    }

    /// The hours in which a clock runs.
    pub fn hours_of(&self, clock: ComplaintClock) -> Option<&WorkingHours> {
        let around = matches!(clock, ComplaintClock::Call | ComplaintClock::Task);
        self.hours.as_ref().filter(|_| !around)
    }

    pub(super) fn stop(&mut self, name: ComplaintClock, at: &When) {
        let hours = self.hours_of(name).cloned();
        let clock = match name {
            ComplaintClock::Tell => &mut self.clocks.tell,
            ComplaintClock::Respond => &mut self.clocks.respond,
            ComplaintClock::FollowUp => &mut self.clocks.follow_up,
            ComplaintClock::Resolve => &mut self.clocks.resolve,
            ComplaintClock::Call => &mut self.clocks.call,
            ComplaintClock::Task => return,
        };
        if let Some(clock) = clock {
            clock.stop(at, hours.as_ref());
        }
    }

    /// Somebody has to go and see before anybody can be told: the clock runs to another end, if it had not run out.
    pub(super) fn survey_is_needed(&mut self, op: Uuid, at: &When) {
        let hours = self.hours.clone();
        let since = self.recorded.latest;
        let later = clock_of(since, self.rules.survey_tell_minutes, hours.as_ref());
        if let (Some(tell), Some(later)) = (&mut self.clocks.tell, later) {
            tell.extend(op, at, "survey", later.due);
        }
    }

    /// It is looked after from now on: the follow-up begins anew. Answers the one that ended.
    pub(super) fn followed_up(&mut self, at: &When) -> Option<Clock> {
        self.stop(ComplaintClock::FollowUp, at);
        let ended = self.clocks.follow_up.take();
        self.watch_over(at);
        ended
    }

    /// Begins the follow-up of a serious one that is not settled.
    pub(super) fn watch_over(&mut self, at: &When) {
        if self.severity == Severity::Serious && self.is_unsettled() && self.clocks.follow_up.is_none() {
            self.clocks.follow_up = clock_of(at.latest, self.rules.follow_up_minutes, self.hours.as_ref());
        }
    }

    /// It is settled, as far as anybody knows: nobody need look after it, and a call is to follow.
    pub(super) fn settled(&mut self, at: &When) {
        self.stop(ComplaintClock::Resolve, at);
        if let Some(clock) = self.clocks.follow_up.take() {
            // What had not run out by then was never missed.
            let stopped =
                Clock { stopped: Some(at.clone()), verdict: Some(clock.judge(at, self.hours.as_ref())), ..clock };
            self.keep_past(ComplaintClock::FollowUp, stopped);
        }
        if self.clocks.call.is_none() {
            self.clocks.call = clock_of(at.latest, self.rules.return_call_minutes, None);
        }
    }

    /// It is taken up again: what was judged stays judged, and the complainant waits anew.
    pub(super) fn taken_up(&mut self, at: &When) {
        for name in [ComplaintClock::Resolve, ComplaintClock::Call] {
            let place = if name == ComplaintClock::Call { &mut self.clocks.call } else { &mut self.clocks.resolve };
            if let Some(clock) = place.take_if(|clock| clock.stopped.is_some() || name == ComplaintClock::Call) {
                self.keep_past(name, clock);
            }
        }
        if self.clocks.resolve.is_none() {
            self.clocks.resolve = clock_of(at.latest, self.rules.resolve_minutes, self.hours.as_ref());
        }
        self.watch_over(at);
    }

    fn keep_past(&mut self, name: ComplaintClock, clock: Clock) {
        if self.clocks.past.len() < MOST_PAST {
            self.clocks.past.push(PastClock { name, clock });
        }
    }
}

/// Something that was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComplaintAlarm {
    /// The operation that did.
    pub op: Uuid,
    /// About which clock.
    pub clock: ComplaintClock,
    /// Whose task, if it is one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Uuid>,
    /// To whom.
    pub alarm: Alarm,
    /// The end that it was told of. If that moves, it is told anew.
    pub due: DateTime<Utc>,
    /// When.
    pub at: When,
}

/// What is to be told of a complaint next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextComplaintAlarm {
    /// When.
    pub at: Timestamp,
    /// Of which clock.
    pub clock: ComplaintClock,
    /// Of which task.
    pub task: Option<Uuid>,
    /// To whom.
    pub alarm: Alarm,
    /// The end that it is about.
    pub due: Timestamp,
}

impl Complaint {
    /// What is to be told next, if nothing happens before. Clocks that stand still and complaints that are over alarm nobody.
    pub fn next_alarm(&self) -> Option<NextComplaintAlarm> {
        if self.status().is_over() {
            return None;
        }
        let running = self.each_clock().filter(|(_, _, clock)| clock.stopped.is_none());
        let alarms = running.flat_map(|(clock, task, running)| {
            let due = running.last_due();
            let stages = clock_stages(running, self.rules.escalation).into_iter();
            let open = stages.filter(move |(_, alarm)| !self.was_told(clock, task, *alarm, due));
            open.map(move |(at, alarm)| NextComplaintAlarm { at, clock, task, alarm, due })
        });
        alarms.min_by_key(|next| (next.at, next.clock, next.task, next.alarm))
    }

    fn was_told(&self, clock: ComplaintClock, task: Option<Uuid>, alarm: Alarm, due: Timestamp) -> bool {
        let same = |told: &&ComplaintAlarm| told.clock == clock && told.task == task && told.due == due;
        self.alarms.iter().filter(same).any(|told| told.alarm >= alarm)
    }

    /// The instant after which something is late by any account, of what is still to be done; the soonest.
    pub fn due(&self) -> Option<Timestamp> {
        let running = self.each_clock().filter(|(_, _, clock)| clock.stopped.is_none());
        running.map(|(_, _, clock)| clock.last_due()).min().filter(|_| !self.status().is_over())
    }
}

/// The time has come to tell somebody of a deadline. Which one and whom follows from the complaint: whatever is asked twice is
/// told once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RaiseComplaintAlarm {}

impl Payload for RaiseComplaintAlarm {
    type Record = Complaint;

    fn example() -> Self {
        Self {}
    }
}

impl Change for RaiseComplaintAlarm {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        // Somebody did it meanwhile, or another server was faster.
        let next = complaint.next_alarm().filter(|next| next.at <= context.received_at).ok_or(Refusal::NotDue)?;
        let NextComplaintAlarm { clock, task, alarm, due, .. } = next;
        let flag = match alarm {
            Alarm::Near => None,
            Alarm::Supervisor => Some(Flag::DeadlineMissed),
            Alarm::Manager => Some(Flag::DeadlineStillMissed),
        };
        let who = task.and_then(|task| complaint.task(task)).map(|task| task.who);
        let team = complaint.department().map(|department| department.team);
        let detail = json!({ "clock": clock, "due": due, "to": alarm, "team": team, "who": who });
        let flags = flag.map(|flag| Flagged::with(flag, detail)).into_iter().collect();
        complaint.alarms.push(ComplaintAlarm { op: context.op, clock, task, alarm, due, at: context.when.clone() });
        complaint.forget_old_alarms();
        Ok(Decision::flagged(complaint, flags))
    }
}

/// Most alarms that stand on a complaint. A serious one that nobody settles has three for each half hour that somebody
/// looked after it; those of clocks that are over are in the history.
const MOST_ALARMS: usize = 300;

impl Complaint {
    fn forget_old_alarms(&mut self) {
        if self.alarms.len() <= MOST_ALARMS {
            return;
        }
        let running: Vec<_> = self
            .each_clock()
            .filter(|(_, _, clock)| clock.stopped.is_none())
            .map(|(name, task, clock)| (name, task, clock.last_due()))
            .collect();
        let mut surplus = self.alarms.len() - MOST_ALARMS;
        self.alarms.retain(|told| {
            let needed = running.contains(&(told.clock, told.task, told.due));
            let goes = surplus > 0 && !needed;
            surplus -= usize::from(goes);
            !goes
        });
    }
}
