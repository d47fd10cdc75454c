//! How fast each step must be, for whom it is faster, what stops the clock, and who is told when it runs out.

use serde::{Deserialize, Serialize};

use super::Label;
use crate::{
    check::Check,
    ids::{CalendarId, SiteId},
    work_order::Priority,
};

/// Longest deadline that can be set, in minutes: thirty days.
const MOST_MINUTES: i64 = 30 * 24 * 60;

/// Most rules of one order type.
const MOST_RULES: usize = 50;

/// Most reasons for a pause of one order type.
const MOST_PAUSES: usize = 20;

/// How long each step of an order may take, in minutes; `None` sets no deadline.
///
/// The trade's own figures are 5, 15 and 20 minutes; they are what a new organisation starts with,
/// and it changes them per order type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deadlines {
    /// From the call to the request being written down. Always by the wall clock.
    pub record_minutes: Option<u32>,
    /// From the request being written down to somebody being sent.
    pub dispatch_minutes: Option<u32>,
    /// From the request being written down to arrival on site, unless another time was agreed.
    pub arrive_minutes: Option<u32>,
    /// From the request being written down to the customer hearing from the crew: a technician accepts, a time is agreed,
    /// or somebody comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond_minutes: Option<u32>,
    /// From the request being written down to the customer accepting the work. Pauses can stop it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve_minutes: Option<u32>,
}

impl Deadlines {
    /// No deadline at all.
    pub const NONE: Deadlines = Deadlines {
        record_minutes: None,
        dispatch_minutes: None,
        arrive_minutes: None,
        respond_minutes: None,
        resolve_minutes: None,
    };

    /// The trade's figures: written down within 5 minutes, dispatched within 15, on site within 20.
    pub const TRADE: Deadlines =
        Deadlines { record_minutes: Some(5), dispatch_minutes: Some(15), arrive_minutes: Some(20), ..Deadlines::NONE };

    /// Notes an error for each deadline of zero or more than thirty days.
    pub fn check(&self, check: &mut Check, pointer: &str) {
        let all = [
            ("record_minutes", self.record_minutes),
            ("dispatch_minutes", self.dispatch_minutes),
            ("arrive_minutes", self.arrive_minutes),
            ("respond_minutes", self.respond_minutes),
            ("resolve_minutes", self.resolve_minutes),
        ];
        for (name, minutes) in all {
            if let Some(minutes) = minutes {
                check.number(&format!("{pointer}/{name}"), minutes.into(), 1..=MOST_MINUTES);
            }
        }
    }
}

/// Other deadlines for some orders of a type: those of a priority, of a site, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadlineRule {
    /// For orders of this priority; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// For orders of this site; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// The deadlines of these orders.
    pub deadlines: Deadlines,
    /// In whose hours they run; absent is around the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarId>,
}

impl DeadlineRule {
    /// Whether an order of this site and priority is meant.
    pub fn applies(&self, site: SiteId, priority: Priority) -> bool {
        self.site.is_none_or(|of| of == site) && self.priority.is_none_or(|of| of == priority)
    }
}

/// A reason for which work may stop and the clock with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PauseReason {
    /// The firm's code for it; 1 to 60 characters.
    pub code: String,
    /// What it is called.
    pub name: Label,
    /// Whether the clock stops only with the customer's recorded consent.
    #[serde(default)]
    pub needs_consent: bool,
}

/// Who is told of a deadline, and when: the crew before it ends, the supervisor when it is missed, the manager if it
/// still is a while later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Escalation {
    /// So many minutes before the end a warning stands on the order; 0 for none.
    pub warn_minutes: u32,
    /// So many minutes after the end the manager is asked, who may have to take a hand.
    pub manager_minutes: u32,
}

impl Escalation {
    /// What a new organisation starts with: five minutes before, and a quarter of an hour after.
    pub const TRADE: Escalation = Escalation { warn_minutes: 5, manager_minutes: 15 };

    /// Notes an error for each time of more than thirty days.
    pub fn check(&self, check: &mut Check, pointer: &str) {
        check.number(&format!("{pointer}/warn_minutes"), self.warn_minutes.into(), 0..=MOST_MINUTES);
        check.number(&format!("{pointer}/manager_minutes"), self.manager_minutes.into(), 1..=MOST_MINUTES);
    }
}

/// What an order type says about time, beyond its deadlines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timing {
    /// In whose hours its deadlines run; absent is around the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarId>,
    /// Other deadlines for some of its orders; the first that applies counts. At most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<DeadlineRule>,
    /// Reasons for which work may stop and the clock with it. At most 20; without any, no pause stops a clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<PauseReason>,
}

impl Timing {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.calendar.is_none() && self.rules.is_empty() && self.pauses.is_empty()
    }

    /// Notes an error for whatever is out of bounds, and for codes that stand there twice.
    pub fn check(&self, check: &mut Check, pointer: &str) {
        check.count(&format!("{pointer}/rules"), self.rules.len(), 0..=MOST_RULES);
        for (at, rule) in self.rules.iter().take(MOST_RULES).enumerate() {
            rule.deadlines.check(check, &format!("{pointer}/rules/{at}/deadlines"));
        }
        check.count(&format!("{pointer}/pauses"), self.pauses.len(), 0..=MOST_PAUSES);
        for (at, reason) in self.pauses.iter().take(MOST_PAUSES).enumerate() {
            let pointer = format!("{pointer}/pauses/{at}");
            check.text(&format!("{pointer}/code"), &reason.code, 1..=60);
            reason.name.check(check, &format!("{pointer}/name"));
            if self.pauses[..at].iter().any(|other| other.code == reason.code) {
                check.error(format!("{pointer}/code"), "duplicate", "each code once");
            }
        }
    }

    /// Every calendar that is named.
    pub fn calendars(&self) -> impl Iterator<Item = CalendarId> {
        self.calendar.into_iter().chain(self.rules.iter().filter_map(|rule| rule.calendar))
    }
}
