//! When a plan is due: by calendar, by counter, by condition.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    asset::{Asset, LastReading, Series},
    calendar::Recurrence,
    check::Check,
    time::Timestamp,
};

/// Most counters, and most conditions, of one plan.
const MOST: usize = 20;

/// Largest step or limit of a meter, in thousandths of its unit.
const MOST_MILLI: i64 = 1_000_000_000_000_000;

/// Most days ahead.
const MOST_DAYS: i64 = 366;

/// A trend that needs longer than this says nothing: about a hundred years, in days.
const NEVER: f64 = 36_525.0;

/// What makes a plan due; any of them does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Triggers {
    /// By calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarTrigger>,
    /// By what a counter has counted since it was last done; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<CounterTrigger>,
    /// By readings beyond a limit; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionTrigger>,
}

/// On these days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarTrigger {
    /// When each turn is due.
    pub recurrence: Recurrence,
    /// How many days ahead its order is made; 0 to 366.
    #[serde(default)]
    pub ahead_days: u32,
}

/// Whenever a counter has counted so much since the work was last done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CounterTrigger {
    /// The code of a counter of the asset.
    pub meter: String,
    /// How much, in thousandths of the meter's unit; at least 1.
    pub every_milli: i64,
    /// The order is made when so much is still to come, in thousandths; less than `every_milli`.
    #[serde(default)]
    pub ahead_milli: i64,
    /// The order is made so many days before the counter will be there if it goes on as its last readings do; 0 to 366, and 0
    /// looks at the readings alone.
    #[serde(default)]
    pub ahead_days: u32,
    /// Where the counter stood when the work was last done, in thousandths; absent: its last reading when the plan is made, or
    /// the first after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_milli: Option<i64>,
}

/// When a meter says that something is wrong: once, until the order is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConditionTrigger {
    /// The code of a meter of the asset.
    pub meter: String,
    /// Below this, in thousandths of the unit. Without either limit the meter's own count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_milli: Option<i64>,
    /// Above this, in thousandths of the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_milli: Option<i64>,
    /// How many readings in a row must lie beyond; 1 to 5.
    #[serde(default = "one")]
    pub in_a_row: u32,
}

fn one() -> u32 {
    1
}

impl Triggers {
    /// Notes what is wrong with them: none at all, steps of nothing, limits that are reversed.
    pub(super) fn check(&self, check: &mut Check, pointer: &str) {
        if self.calendar.is_none() && self.counters.is_empty() && self.conditions.is_empty() {
            check.error(pointer, "required", "a calendar, a counter or a condition");
        }
        if let Some(calendar) = &self.calendar {
            calendar.recurrence.check(check, &format!("{pointer}/calendar/recurrence"));
            check.number(&format!("{pointer}/calendar/ahead_days"), calendar.ahead_days.into(), 0..=MOST_DAYS);
        }
        check.count(&format!("{pointer}/counters"), self.counters.len(), 0..=MOST);
        check.count(&format!("{pointer}/conditions"), self.conditions.len(), 0..=MOST);
        for (at, counter) in self.counters.iter().enumerate().take(MOST) {
            counter.check(check, &format!("{pointer}/counters/{at}"));
            if self.counters[..at].iter().any(|other| other.meter.trim() == counter.meter.trim()) {
                check.error(format!("{pointer}/counters/{at}/meter"), "duplicate", "each counter once");
            }
        }
        for (at, condition) in self.conditions.iter().enumerate().take(MOST) {
            condition.check(check, &format!("{pointer}/conditions/{at}"));
        }
    }

    /// Whether readings can make it due.
    pub fn looks_at_readings(&self) -> bool {
        !self.counters.is_empty() || !self.conditions.is_empty()
    }

    /// The codes of the meters that it looks at, with the pointer to each.
    pub(super) fn meters(&self) -> impl Iterator<Item = (String, &str, bool)> {
        let counters = self.counters.iter().enumerate();
        let counters = counters.map(|(at, of)| (format!("/triggers/counters/{at}/meter"), of.meter.as_str(), true));
        let conditions = self.conditions.iter().enumerate();
        counters
            .chain(conditions.map(|(at, of)| (format!("/triggers/conditions/{at}/meter"), of.meter.as_str(), false)))
    }
}

impl CounterTrigger {
    fn check(&self, check: &mut Check, pointer: &str) {
        check.text(&format!("{pointer}/meter"), &self.meter, 1..=60);
        check.number(&format!("{pointer}/every_milli"), self.every_milli, 1..=MOST_MILLI);
        check.number(&format!("{pointer}/ahead_days"), self.ahead_days.into(), 0..=MOST_DAYS);
        if self.every_milli >= 1 {
            check.number(&format!("{pointer}/ahead_milli"), self.ahead_milli, 0..=self.every_milli.min(MOST_MILLI) - 1);
        }
        if let Some(since) = self.since_milli {
            check.number(&format!("{pointer}/since_milli"), since, -MOST_MILLI..=MOST_MILLI);
        }
    }

    /// When it is due, counted from `since`: by what was read, or by where the last readings lead. `None` without a reading, or if it
    /// does not get there.
    pub(super) fn due(&self, asset: &Asset, since: i64, now: Timestamp) -> Option<Due> {
        let readings = of_meter(asset, &self.meter);
        let last = readings.last()?;
        let goal = since.saturating_add(self.every_milli);
        let reached = last.milli >= goal;
        let at = if reached { None } else { predicted(&readings, goal) };
        if reached || last.milli >= goal.saturating_sub(self.ahead_milli) {
            return Some(Due { make_at: now, due: at.map_or(now, |at| at.max(now)) });
        }
        let at = at.filter(|_| self.ahead_days > 0)?;
        Some(Due { make_at: at - Duration::days(self.ahead_days.into()), due: at.max(now) })
    }
}

impl ConditionTrigger {
    fn check(&self, check: &mut Check, pointer: &str) {
        check.text(&format!("{pointer}/meter"), &self.meter, 1..=60);
        check.number(&format!("{pointer}/in_a_row"), self.in_a_row.into(), 1..=5);
        for (name, limit) in [("low_milli", self.low_milli), ("high_milli", self.high_milli)] {
            if let Some(limit) = limit {
                check.number(&format!("{pointer}/{name}"), limit, -MOST_MILLI..=MOST_MILLI);
            }
        }
        if let (Some(low), Some(high)) = (self.low_milli, self.high_milli)
            && low > high
        {
            check.error(format!("{pointer}/high_milli"), "out_of_range", "not below `low_milli`");
        }
    }

    /// Whether the last readings after `since` all lie beyond, as many as are asked for.
    pub(super) fn is_met(&self, asset: &Asset, since: Option<Timestamp>) -> bool {
        let Some(meter) = asset.meter(&self.meter) else { return false };
        let (low, high) = match (self.low_milli, self.high_milli) {
            (None, None) => (meter.low_milli, meter.high_milli),
            own => own,
        };
        let beyond = |milli: i64| low.is_some_and(|low| milli < low) || high.is_some_and(|high| milli > high);
        let readings = of_meter(asset, &self.meter);
        let counted = readings.iter().rev().take_while(|reading| since.is_none_or(|since| reading.at > since));
        let most = usize::try_from(self.in_a_row).unwrap_or(usize::MAX);
        let last: Vec<&LastReading> = counted.copied().take(most).collect();
        last.len() == most && last.iter().all(|reading| beyond(reading.milli))
    }
}

/// When an order is to be made, and for when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    /// When its order is to be made.
    pub(super) make_at: Timestamp,
    /// When the work is due.
    pub(super) due: Timestamp,
}

/// The readings of a meter that the asset still has, oldest first.
pub(super) fn of_meter<'a>(asset: &'a Asset, code: &str) -> Vec<&'a LastReading> {
    asset.readings.iter().filter(|reading| reading.meter.trim() == code.trim()).collect()
}

/// When a counter that goes on as its last readings do will be at `goal`.
fn predicted(readings: &[&LastReading], goal: i64) -> Option<DateTime<Utc>> {
    let last = readings.last()?;
    let values: Vec<(Timestamp, i64)> = readings.iter().map(|reading| (reading.at, reading.milli)).collect();
    let daily = Series::of(&values)?.daily_milli.filter(|daily| *daily > 0.0)?;
    let days = (goal.saturating_sub(last.milli)) as f64 / daily;
    if !(0.0..=NEVER).contains(&days) {
        return None;
    }
    last.at.checked_add_signed(Duration::seconds((days * 86_400.0).round() as i64))
}

/// Where each counter of the triggers stands, by the last reading not after `at`; the last at all if all came later.
pub(super) fn standings(triggers: &Triggers, asset: &Asset, at: Timestamp) -> BTreeMap<String, i64> {
    let standing = |counter: &CounterTrigger| {
        let readings = of_meter(asset, &counter.meter);
        let before = readings.iter().rev().find(|reading| reading.at <= at);
        let reading = before.or(readings.last())?;
        Some((counter.meter.trim().to_owned(), reading.milli))
    };
    triggers.counters.iter().filter_map(standing).collect()
}
