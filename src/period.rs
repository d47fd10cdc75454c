//! Weeks and months by the clocks of a time zone: what reports are about.

use chrono::{Datelike, Days, Months, NaiveDate, TimeZone, Weekday};
use chrono_tz::Tz;
use mobile_api::time::Timestamp;

/// A week by the calendar of ISO 8601, from Monday to Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week(NaiveDate);

impl Week {
    /// Reads `2026-W47`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, week) = text.split_once("-W")?;
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(week, 2) {
            return None;
        }
        let monday = NaiveDate::from_isoywd_opt(year.parse().ok()?, week.parse().ok()?, Weekday::Mon)?;
        Some(Self(monday))
    }

    /// The week of an instant, in this time zone.
    pub fn of(at: Timestamp, zone: Tz) -> Self {
        Self(at.with_timezone(&zone).date_naive().week(Weekday::Mon).first_day())
    }

    /// The one before.
    fn before(self) -> Option<Self> {
        self.0.checked_sub_days(Days::new(7)).map(Self)
    }

    /// Its first instant, and the first of the next one.
    pub fn span(self, zone: Tz) -> Option<(Timestamp, Timestamp)> {
        let next = self.0.checked_add_days(Days::new(7))?;
        Some((beginning(self.0, zone)?, beginning(next, zone)?))
    }
}

impl std::fmt::Display for Week {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.format("%G-W%V").fmt(f)
    }
}

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month(NaiveDate);

impl Month {
    /// Reads `2026-11`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1).map(Self)
    }

    /// The month of an instant, in this time zone.
    pub fn of(at: Timestamp, zone: Tz) -> Self {
        let day = at.with_timezone(&zone).date_naive();
        Self(day.with_day(1).unwrap_or(day))
    }

    fn before(self) -> Option<Self> {
        self.0.checked_sub_months(Months::new(1)).map(Self)
    }

    /// Its first instant, and the first of the next one.
    pub fn span(self, zone: Tz) -> Option<(Timestamp, Timestamp)> {
        let next = self.0.checked_add_months(Months::new(1))?;
        Some((beginning(self.0, zone)?, beginning(next, zone)?))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.format("%Y-%m").fmt(f)
    }
}

/// A week or a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A week.
    Week(Week),
    /// A month.
    Month(Month),
}

impl Period {
    /// Reads `2026-11` or `2026-W47`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Month::parse(text).map(Self::Month).or_else(|| Week::parse(text).map(Self::Week))
    }

    /// The one before, of the same kind.
    pub fn before(self) -> Option<Self> {
        match self {
            Self::Week(week) => week.before().map(Self::Week),
            Self::Month(month) => month.before().map(Self::Month),
        }
    }

    /// Its first instant, and the first of the next one.
    pub fn span(self, zone: Tz) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Week(week) => week.span(zone),
            Self::Month(month) => month.span(zone),
        }
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Week(week) => week.fmt(f),
            Self::Month(month) => month.fmt(f),
        }
    }
}

/// When a day begins. Where the clocks are put forward at midnight, an hour later.
pub fn beginning(day: NaiveDate, zone: Tz) -> Option<Timestamp> {
    let hours = (0..=3).filter_map(|hour| day.and_hms_opt(hour, 0, 0));
    let mut instants = hours.filter_map(|at| zone.from_local_datetime(&at).earliest());
    instants.next().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_goes_from_monday_to_sunday_by_the_firms_clocks() {
        let week = Week::parse("2026-W47").unwrap();
        let (from, until) = week.span(Tz::Asia__Shanghai).unwrap();
        assert_eq!((from, until), (at("2026-11-15T16:00:00Z"), at("2026-11-22T16:00:00Z")));
        assert_eq!(Week::of(at("2026-11-22T15:59:59Z"), Tz::Asia__Shanghai).to_string(), "2026-W47");
        assert_eq!(Week::of(at("2026-11-22T16:00:00Z"), Tz::Asia__Shanghai).to_string(), "2026-W48");
    }

    #[test]
    fn a_week_may_belong_to_another_year_and_be_an_hour_shorter() {
        assert_eq!(Week::of(at("2027-01-02T12:00:00Z"), Tz::UTC).to_string(), "2026-W53");
        let (from, until) = Week::parse("2026-W13").unwrap().span(Tz::Europe__London).unwrap();
        assert_eq!((until - from).num_hours(), 167, "the clocks went forward on its Sunday");
        let (from, _) = Week::parse("2024-W10").unwrap().span(Tz::Asia__Beirut).unwrap();
        assert_eq!(from, at("2024-03-03T22:00:00Z"));
    }

    #[test]
    fn what_is_no_week_is_refused() {
        for text in ["", "2026", "2026-47", "2026-W54", "2025-W53", "2026-W00", "26-W47", "2026-W7", "2026-W+7"] {
            assert_eq!(Week::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_month_begins_and_ends_by_the_firms_clocks() {
        let month = Month::parse("2024-02").unwrap();
        let (from, until) = month.span(Tz::Asia__Shanghai).unwrap();
        assert_eq!((from, (until - from).num_days()), (at("2024-01-31T16:00:00Z"), 29));
        assert_eq!(Month::of(from, Tz::Asia__Shanghai), month);
        assert_eq!(Month::of(at("2024-01-31T15:59:59Z"), Tz::Asia__Shanghai).to_string(), "2024-01");
        let period = Period::parse("2026-01").unwrap();
        assert_eq!(period.before().unwrap().to_string(), "2025-12");
        assert_eq!(Period::parse("2026-W01").unwrap().before().unwrap().to_string(), "2025-W52");
        for text in ["", "2026-13", "2026-00", "2026-1", "26-01", "2026-W54", "2026-11-01"] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }
}
