//! What comes back: every Monday, on the first of each quarter, every second year. Rules are written as calendars everywhere
//! write them (RFC 5545, `RRULE`), in the local time of a zone.
//!
//! A rule may go on for ever; what is asked of it may not. Whoever asks names a span and how many dates at most, and a rule that would
//! make people's work by the thousand, or none at all, is refused when it is written down.

use chrono::{NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use rrule::{Frequency, RRule, RRuleSet, Unvalidated};
use serde::{Deserialize, Serialize};

use crate::{check::Check, time::Timestamp};

/// Longest rule, in characters.
const LONGEST: usize = 500;

/// Most dates that a rule may make within its first four weeks: more often than every hour nobody goes on a round.
const MOST_IN_FOUR_WEEKS: usize = 28 * 24;

/// Most repetitions that a rule may count.
const MOST_COUNTED: u32 = 10_000;

/// For how long after its beginning a rule is searched for its first date. A leap day comes within eight years.
const SEARCHED: TimeDelta = TimeDelta::days(9 * 366);

/// Something that comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recurrence {
    /// How often, as an `RRULE` of RFC 5545 without its name: `FREQ=MONTHLY;BYDAY=1MO`. At most 500 characters; hourly at the most
    /// often.
    pub rule: String,
    /// Its first day and the time of day, local.
    pub starts: NaiveDateTime,
    /// The zone of that time, by its IANA name.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub zone: Tz,
}

impl Recurrence {
    /// Every Monday at eight, for examples.
    pub fn example() -> Self {
        let starts = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).and_then(|day| day.and_hms_opt(8, 0, 0));
        Self { rule: "FREQ=WEEKLY;BYDAY=MO".into(), starts: starts.unwrap_or_default(), zone: Tz::Asia__Shanghai }
    }

    /// Notes an error for a rule that cannot be read, makes no date, or far too many.
    pub fn check(&self, check: &mut Check, pointer: &str) {
        check.time(&format!("{pointer}/starts"), self.starts.and_utc());
        let at = format!("{pointer}/rule");
        let before = check.count_of_errors();
        check.text(&at, &self.rule, 1..=LONGEST);
        if check.count_of_errors() == before
            && let Err((code, detail)) = self.judge()
        {
            check.error(at, code, detail);
        }
    }

    fn judge(&self) -> Result<(), (&'static str, String)> {
        let rule = self.read().map_err(|detail| ("malformed", detail))?;
        if matches!(rule.get_freq(), Frequency::Secondly | Frequency::Minutely) {
            return Err(("out_of_range", "hourly at the most often".into()));
        }
        if rule.get_count().is_some_and(|count| count > MOST_COUNTED) {
            return Err(("out_of_range", format!("at most {MOST_COUNTED} dates")));
        }
        if rule.get_interval() == 0 {
            return Err(("out_of_range", "an interval of at least 1".into()));
        }
        let set = self.set().map_err(|detail| ("malformed", detail))?;
        let begin = *set.get_dt_start();
        let mut dates = set.before(begin + SEARCHED).limit().into_iter();
        let Some(first) = dates.next().filter(|first| *first <= begin + SEARCHED) else {
            return Err(("out_of_range", "a rule that makes a date within nine years".into()));
        };
        let soon = first + TimeDelta::weeks(4);
        let often = dates.take_while(|date| *date < soon).take(MOST_IN_FOUR_WEEKS).count();
        if often >= MOST_IN_FOUR_WEEKS {
            return Err(("out_of_range", format!("at most {MOST_IN_FOUR_WEEKS} dates in four weeks")));
        }
        Ok(())
    }

    fn read(&self) -> Result<RRule<Unvalidated>, String> {
        self.rule.trim().parse::<RRule<Unvalidated>>().map_err(|error| error.to_string())
    }

    fn set(&self) -> Result<RRuleSet, String> {
        let begin = begin(self.starts, self.zone).ok_or("a beginning that the zone's calendar has")?;
        self.read()?.build(begin.with_timezone(&rrule::Tz::Tz(self.zone))).map_err(|error| error.to_string())
    }

    /// Its dates after `after` and until `until`, both as instants, oldest first and at most so many. None if the rule cannot be read:
    /// one that was checked can.
    pub fn between(&self, after: Timestamp, until: Timestamp, most: usize) -> Vec<Timestamp> {
        let Ok(set) = self.set() else { return Vec::new() };
        let dates = set.limit().into_iter().map(|date| date.to_utc());
        dates.skip_while(|date| *date <= after).take_while(|date| *date <= until).take(most).collect()
    }

    /// Its next date after `after`; `None` if it has ended.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.between(after, Timestamp::MAX_UTC, 1).pop()
    }
}

/// The instant of a local time. In the hour that a zone leaves out it is the end of that hour, in the one that comes twice the first.
fn begin(local: NaiveDateTime, zone: Tz) -> Option<chrono::DateTime<Tz>> {
    let of = |local: NaiveDateTime| zone.from_local_datetime(&local).earliest();
    of(local).or_else(|| of(local + TimeDelta::hours(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Refusal;

    fn rule(rule: &str) -> Recurrence {
        Recurrence { rule: rule.into(), ..Recurrence::example() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn dates(rule: &Recurrence, after: &str, until: &str) -> Vec<String> {
        let local = |date: &Timestamp| date.with_timezone(&rule.zone).format("%Y-%m-%d %H:%M").to_string();
        rule.between(at(after), at(until), 100).iter().map(local).collect()
    }

    fn complaint(rule: &Recurrence) -> String {
        let mut check = Check::default();
        rule.check(&mut check, "/recurrence");
        match check.finish() {
            Err(Refusal::Invalid { errors }) => format!("{} {}", errors[0].pointer, errors[0].code),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn dates_come_in_local_time() {
        assert_eq!(
            dates(&rule("FREQ=MONTHLY;BYDAY=1MO"), "2026-03-02T00:00:00Z", "2026-05-31T00:00:00Z"),
            ["2026-04-06 08:00", "2026-05-04 08:00"],
            "not the one at the instant itself"
        );
        assert_eq!(
            dates(&rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"), "2026-03-02T00:00:00Z", "2033-01-01T00:00:00Z"),
            ["2028-02-29 08:00", "2032-02-29 08:00"]
        );
        let ends = rule("FREQ=DAILY;COUNT=3");
        assert_eq!(ends.next_after(at("2026-03-03T12:00:00Z")), Some(at("2026-03-04T00:00:00Z")));
        assert_eq!(ends.next_after(at("2026-03-04T00:00:00Z")), None);
        assert_eq!(rule("FREQ=DAILY").between(at("2026-03-03T12:00:00Z"), Timestamp::MAX_UTC, 5).len(), 5);
    }

    #[test]
    fn an_hour_of_the_day_stays_that_hour_when_the_clocks_change() {
        let berlin = |starts: &str| Recurrence {
            rule: "FREQ=DAILY".into(),
            starts: starts.parse().unwrap(),
            zone: Tz::Europe__Berlin,
        };
        assert_eq!(
            dates(&berlin("2026-03-27T08:00:00"), "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z"),
            ["2026-03-28 08:00", "2026-03-29 08:00", "2026-03-30 08:00"]
        );
        assert_eq!(
            dates(&berlin("2026-03-27T02:30:00"), "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z"),
            ["2026-03-28 02:30", "2026-03-29 03:30", "2026-03-30 02:30"],
            "the missing hour is not a missing day"
        );
    }

    #[test]
    fn a_rule_that_makes_none_or_far_too_many_is_refused() {
        for good in [
            "FREQ=HOURLY;INTERVAL=2",
            "FREQ=DAILY;BYHOUR=8,12,16",
            "FREQ=YEARLY;INTERVAL=4",
            "FREQ=WEEKLY;UNTIL=20270101T000000Z",
        ] {
            assert_eq!(complaint(&rule(good)), "Ok(())", "{good}");
        }
        for (bad, code) in [
            ("", "too_short"),
            ("every Monday", "malformed"),
            ("FREQ=FORTNIGHTLY", "malformed"),
            ("FREQ=DAILY;BYMONTH=13", "malformed"),
            ("FREQ=DAILY;COUNT=1000000", "out_of_range"),
            ("FREQ=SECONDLY", "out_of_range"),
            ("FREQ=MINUTELY;INTERVAL=600", "out_of_range"),
            ("FREQ=HOURLY;BYMINUTE=0,10,20", "out_of_range"),
            (
                "FREQ=DAILY;BYHOUR=8;BYMINUTE=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34",
                "out_of_range",
            ),
            ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "out_of_range"),
            ("FREQ=DAILY;UNTIL=20200101T000000Z", "malformed"),
            ("FREQ=DAILY;INTERVAL=0", "out_of_range"),
        ] {
            assert_eq!(complaint(&rule(bad)), format!("/recurrence/rule {code}"), "{bad}");
        }
        let long = rule(&format!("FREQ=DAILY;BYMONTHDAY={}", "1,".repeat(300)));
        assert_eq!(complaint(&long), "/recurrence/rule too_long");
    }

    #[test]
    fn no_rule_takes_long_to_judge() {
        for hard in [
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
            "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4",
            "FREQ=HOURLY;BYSETPOS=300;BYHOUR=5",
            "FREQ=YEARLY;INTERVAL=65535",
        ] {
            let began = std::time::Instant::now();
            complaint(&rule(hard));
            assert!(began.elapsed() < std::time::Duration::from_secs(5), "{hard}: {:?}", began.elapsed());
        }
    }
}
