use chrono::{Duration, NaiveDate};
use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn span(from: &str, until: &str) -> Span {
    serde_json::from_value(serde_json::json!({ "from": from, "until": until })).unwrap()
}

fn every_day(time_zone: &str, spans: Vec<Span>) -> WorkingHours {
    WorkingHours { time_zone: time_zone.into(), week: vec![spans; 7], exceptions: vec![] }
}

/// Half past four on Friday, in Shanghai: an hour and a half is left of the week.
#[test]
fn a_deadline_goes_on_after_the_weekend() {
    let hours = WorkingHours::example();
    let friday = at("2026-03-06T16:30:00+08:00");
    assert_eq!(hours.after(friday, Duration::minutes(90)), Some(at("2026-03-06T18:00:00+08:00")));
    assert_eq!(hours.after(friday, Duration::minutes(91)), Some(at("2026-03-09T08:01:00+08:00")));
    assert_eq!(hours.between(friday, at("2026-03-09T08:01:00+08:00")), Duration::minutes(91));
    // The break at noon.
    let before_noon = at("2026-03-09T11:50:00+08:00");
    assert_eq!(hours.after(before_noon, Duration::minutes(20)), Some(at("2026-03-09T13:10:00+08:00")));
}

#[test]
fn holidays_count_nothing_and_days_that_make_up_for_them_count() {
    let mut hours = WorkingHours::example();
    let saturday = NaiveDate::from_ymd_opt(2026, 1, 10).unwrap();
    hours.exceptions.push(Exception { date: saturday, name: "调休".into(), hours: vec![span("09:00", "11:00")] });
    let last_evening = at("2025-12-31T17:00:00+08:00");
    assert_eq!(hours.after(last_evening, Duration::hours(2)), Some(at("2026-01-05T09:00:00+08:00")));
    assert_eq!(hours.after(at("2026-01-09T18:00:00+08:00"), Duration::hours(1)), Some(at("2026-01-10T10:00:00+08:00")));
}

#[test]
fn a_night_goes_over_midnight_and_the_leap_day() {
    let hours = every_day("Asia/Shanghai", vec![span("20:00", "08:00")]);
    let evening = at("2028-02-28T23:00:00+08:00");
    assert_eq!(hours.after(evening, Duration::hours(10)), Some(at("2028-02-29T21:00:00+08:00")));
    // In the middle of the night before, the shift of the day before counts.
    assert_eq!(hours.after(at("2028-02-29T02:00:00+08:00"), Duration::hours(1)), Some(at("2028-02-29T03:00:00+08:00")));
    assert_eq!(hours.between(at("2028-02-29T02:00:00+08:00"), at("2028-02-29T12:00:00+08:00")), Duration::hours(6));
}

/// London puts its clocks forward on 29 March 2026 and back on 25 October.
#[test]
fn a_shift_over_the_change_of_the_clock_is_as_long_as_it_really_is() {
    let hours = every_day("Europe/London", vec![span("22:00", "06:00")]);
    let night = |from: &str, until: &str| hours.between(at(from), at(until));
    assert_eq!(night("2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"), Duration::hours(7));
    assert_eq!(night("2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"), Duration::hours(9));
    // A shift that begins in the hour that is missing begins when it would have ended; one hour that comes twice, twice.
    let early = every_day("Europe/London", vec![span("01:15", "03:00")]);
    assert_eq!(early.between(at("2026-03-29T00:00:00Z"), at("2026-03-29T12:00:00Z")), Duration::hours(1));
    assert_eq!(early.between(at("2026-10-25T00:00:00Z"), at("2026-10-25T12:00:00Z")), Duration::minutes(165));
}

#[test]
fn hours_that_never_come_set_no_deadline() {
    assert_eq!(every_day("Asia/Shanghai", vec![]).after(at("2026-03-06T08:00:00Z"), Duration::minutes(1)), None);
}

#[test]
fn what_is_wrong_with_hours_is_told() {
    let mut hours = WorkingHours::example();
    hours.time_zone = "Mars/Olympus".into();
    hours.week[0] = vec![span("08:00", "12:00"), span("11:00", "13:00")];
    hours.exceptions.push(hours.exceptions[0].clone());
    let mut check = crate::check::Check::default();
    hours.check(&mut check, "/hours");
    let crate::refusal::Refusal::Invalid { errors } = check.finish().unwrap_err() else { panic!() };
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/hours/time_zone", "/hours/week/0/1", "/hours/exceptions/3/date"]);
    for wrong in ["8:00", "24:01", "12:60", "noon", "-1:00", ""] {
        assert!(serde_json::from_value::<DayTime>(serde_json::json!(wrong)).is_err(), "{wrong}");
    }
}

fn any_hours() -> impl Strategy<Value = WorkingHours> {
    let zone = prop::sample::select(vec!["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe"]);
    let day = prop::collection::vec((0u16..1440, 1u16..1440), 0..3).prop_map(|spans| {
        let time = |minute: u16| DayTime::new(minute / 60 % 24, minute % 60).unwrap();
        spans.into_iter().map(|(from, long)| Span { from: time(from), until: time((from + long) % 1440) }).collect()
    });
    (zone, prop::collection::vec(day, 7)).prop_map(|(zone, week)| WorkingHours {
        time_zone: zone.into(),
        week,
        exceptions: vec![],
    })
}

proptest! {
    /// Counting forward and counting between are one arithmetic.
    #[test]
    fn what_is_added_is_what_lies_between(hours in any_hours(), second in 0i64..60_000_000, minutes in 1i64..20_000) {
        let since = at("2026-01-01T00:00:00Z") + Duration::seconds(second);
        if let Some(due) = hours.after(since, Duration::minutes(minutes)) {
            prop_assert!(due > since);
            prop_assert_eq!(hours.between(since, due), Duration::minutes(minutes));
        }
    }

    /// A pause cuts the count in two, and nothing is lost or counted twice.
    #[test]
    fn parts_make_the_whole(hours in any_hours(), a in 0i64..4_000_000, b in 0i64..4_000_000, c in 0i64..4_000_000) {
        let mut cuts = [a, b, c].map(|second| at("2026-03-20T00:00:00Z") + Duration::seconds(second));
        cuts.sort();
        let [a, b, c] = cuts;
        prop_assert_eq!(hours.between(a, b) + hours.between(b, c), hours.between(a, c));
    }
}
