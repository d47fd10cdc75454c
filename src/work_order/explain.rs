//! What became of an order's deadlines, and why, in words that nobody has to argue about.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use mobile_api::{
    calendar::WorkingHours,
    directory::PauseReason,
    evidence::{Verdict, When},
    work_order::{
        ClockEvent, ClockName, WorkOrder,
        clocks::{Clock, Delay, Raised, Standstill},
    },
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::language::Language;

/// The clocks of an order, each with its account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClockReport {
    /// One for each deadline.
    pub clocks: Vec<ClockAccount>,
    /// Whom they were told to.
    pub alarms: Vec<Raised>,
    /// Why something was late, as far as somebody said so.
    pub delays: Vec<Delay>,
}

/// One deadline, with the figures behind its verdict.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "name": "resolve", "since": "2026-03-02T00:10:00Z", "due": "2026-03-02T04:10:00Z", "first_due": "2026-03-02T02:10:00Z",
    "verdict": "on_time", "paused": false, "overdue": false, "allowed_seconds": 7200,
    "used_least_seconds": 6480, "used_most_seconds": 6485, "events": [],
    "text": "on time: 1 h 48 min of 2 h; paused 2 h (The customer's wish), Mrs Chen consented at 2026-03-02 09:02"
}))]
pub struct ClockAccount {
    /// Which.
    pub name: ClockName,
    /// The figures.
    #[serde(flatten)]
    pub figures: ClockFigures,
}

/// What a deadline came to, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClockFigures {
    /// Since when it runs.
    pub since: DateTime<Utc>,
    /// When it runs out, or ran out.
    pub due: DateTime<Utc>,
    /// When it was to run out at first, if something moved that.
    pub first_due: Option<DateTime<Utc>>,
    /// The judgement, once it stopped.
    pub verdict: Option<Verdict>,
    /// Whether it stands still.
    pub paused: bool,
    /// Whether it still runs although it has run out.
    pub overdue: bool,
    /// Seconds that it allowed at first, of working time if it follows a calendar.
    pub allowed_seconds: i64,
    /// Seconds that were used until it stopped, or until now, at least: without the pauses.
    pub used_least_seconds: i64,
    /// The same, at most.
    pub used_most_seconds: i64,
    /// What moved its end.
    pub events: Vec<ClockEvent>,
    /// All of it in a sentence.
    pub text: String,
}

/// Accounts for every clock of an order at `now`. The verdict is found anew from what is written down.
pub fn report(order: &WorkOrder, zone: Tz, language: Language, now: DateTime<Utc>) -> ClockReport {
    let telling = Telling { pauses: &order.policy.pauses, over: order.status().is_over(), zone, language };
    let hours = |name| order.policy.hours.as_ref().filter(|_| name != ClockName::Record);
    let account = |(name, clock)| ClockAccount { name, figures: telling.figures(clock, hours(name), now) };
    let clocks = order.clocks.each().map(account).collect();
    ClockReport { clocks, alarms: order.alarms.clone(), delays: order.delays.clone() }
}

/// The likeliest instant.
fn middle(when: &When) -> DateTime<Utc> {
    when.earliest + (when.latest - when.earliest) / 2
}

/// How deadlines are told of: to whom, and what else has to be known.
pub struct Telling<'o> {
    /// What reasons for a pause are called.
    pub pauses: &'o [PauseReason],
    /// Whether nothing more is to happen.
    pub over: bool,
    /// In which zone times are shown.
    pub zone: Tz,
    /// In which language.
    pub language: Language,
}

impl Telling<'_> {
    /// What a clock came to, found anew from what is written down.
    pub fn figures(&self, clock: &Clock, hours: Option<&WorkingHours>, now: DateTime<Utc>) -> ClockFigures {
        let at = clock.stopped.clone().unwrap_or_else(|| When::at(now));
        let (least, most) = clock.used(&at, hours);
        let verdict = clock.stopped.as_ref().map(|at| clock.judge(at, hours));
        let overdue = clock.overdue(now) && !self.over;
        ClockFigures {
            since: clock.since,
            due: clock.last_due(),
            first_due: clock.first_due,
            verdict,
            paused: clock.is_paused(),
            overdue,
            allowed_seconds: clock.allowed(hours).num_seconds(),
            used_least_seconds: least.num_seconds(),
            used_most_seconds: most.num_seconds(),
            events: clock.events.clone(),
            text: self.text(clock, verdict, overdue, (least, most), clock.allowed(hours)),
        }
    }

    fn text(
        &self,
        clock: &Clock,
        verdict: Option<Verdict>,
        overdue: bool,
        (least, most): (TimeDelta, TimeDelta),
        allowed: TimeDelta,
    ) -> String {
        let state = match verdict {
            Some(verdict) => verdict.as_str(),
            None if clock.is_paused() => "paused",
            None if overdue => "overdue",
            None => "running",
        };
        let (least, most) = (self.duration(least), self.duration(most));
        let used = if least == most { least } else { format!("{least}–{most}") };
        let mut text = self.say(&format!("clock-{state}"), &[("used", used), ("allowed", self.duration(allowed))]);
        let pauses = clock.pauses();
        let span = |by: &Uuid| pauses.iter().find(|pause| pause.op == *by);
        for event in &clock.events {
            let more = match event {
                ClockEvent::Agreed { consented, consented_by, due, .. } => {
                    let args =
                        [("due", self.time(*due)), ("who", consented_by.clone()), ("at", self.time(consented.latest))];
                    self.say("clock-agreed", &args)
                }
                ClockEvent::Paused { op, reason, consented_by, .. } => {
                    self.pause(reason, consented_by.as_deref(), span(op))
                }
                ClockEvent::Waits { op, consented_by, .. } => match span(op) {
                    Some(span) => self.waited(consented_by, span),
                    // Another time was agreed before this one came, or work rested already.
                    None => continue,
                },
                ClockEvent::Reset { at, priority, due, .. } => {
                    let args = [("due", self.time(*due)), ("at", self.time(at.latest))];
                    self.say(&format!("clock-reset-{}", priority.as_str()), &args)
                }
                ClockEvent::Extended { due, .. } => self.say("clock-extended", &[("due", self.time(*due))]),
                ClockEvent::Resumed { .. } => continue,
            };
            text.push_str(&self.say("clock-and", &[]));
            text.push_str(&more);
        }
        text
    }

    fn waited(&self, who: &str, span: &Standstill) -> String {
        let until = span.until.as_ref().map_or_else(String::new, |until| self.time(until.latest));
        let args = [("who", who.to_owned()), ("at", self.time(span.from.latest)), ("until", until)];
        self.say("clock-waited", &args)
    }

    fn pause(&self, code: &str, consented_by: Option<&str>, span: Option<&Standstill>) -> String {
        let name = self.pauses.iter().find(|reason| reason.code == code).map(|reason| &reason.name);
        let reason = name.map_or(code, |name| if self.language == Language::Chinese { &name.zh } else { &name.en });
        let mut args = vec![("reason", reason.to_owned())];
        let mut id = match span {
            Some(Standstill { from, until: Some(until), .. }) => {
                args.push(("long", self.duration(middle(until) - middle(from))));
                "clock-paused-for"
            }
            _ => "clock-paused-since",
        };
        if let Some(Standstill { from, .. }) = span {
            args.push(("since", self.time(from.latest)));
        }
        if let Some(who) = consented_by {
            args.push(("who", who.to_owned()));
            id = if id == "clock-paused-for" { "clock-paused-for-consent" } else { "clock-paused-since-consent" };
        }
        self.say(id, &args)
    }

    /// `2 h 5 min`, to the nearest minute; to the second it stands beside.
    fn duration(&self, time: TimeDelta) -> String {
        let minutes = (time.num_seconds().max(0) + 30) / 60;
        let (hours, rest) = ((minutes / 60).to_string(), (minutes % 60).to_string());
        let id = match (minutes / 60, minutes % 60) {
            (0, _) => "clock-minutes",
            (_, 0) => "clock-hours",
            _ => "clock-hours-minutes",
        };
        self.say(id, &[("hours", hours), ("minutes", rest)])
    }

    fn time(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }

    fn say(&self, id: &str, args: &[(&'static str, String)]) -> String {
        self.language.say(id, args)
    }
}
