//! Working hours, and how to count in them.
//!
//! Hours are written in local time and counted in instants: where a clock is put forward at night, a span that begins
//! in the missing hour begins when that hour would have ended, and one that spans the change is an hour shorter, as the
//! shift really is.

use chrono::{DateTime, Datelike, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{check::Check, time::Timestamp};

/// Most spans of one day.
const MOST_SPANS: usize = 6;

/// Most exceptions of one calendar: the public holidays of some ten years.
const MOST_EXCEPTIONS: usize = 400;

/// How many days are looked through for working time. A calendar that is closed for longer counts nothing.
const MOST_DAYS: u32 = 800;

/// A time of day, `00:00` to `24:00`, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayTime(u16);

impl DayTime {
    /// The end of the day.
    pub const MIDNIGHT: DayTime = DayTime(24 * 60);

    /// Hour 0 to 24 and minute 0 to 59; `None` beyond 24:00.
    pub fn new(hour: u16, minute: u16) -> Option<Self> {
        let at = DayTime(hour.checked_mul(60)?.checked_add(minute)?);
        (minute < 60 && at <= Self::MIDNIGHT).then_some(at)
    }

    fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let number = |text: &str| (text.len() == 2).then(|| text.parse().ok()).flatten();
        Self::new(number(hour)?, number(minute)?)
    }

    /// That time on a day; 24:00 is the next day's beginning.
    fn on(self, day: NaiveDate) -> NaiveDateTime {
        day.and_time(NaiveTime::MIN) + Duration::minutes(self.0.into())
    }
}

impl std::fmt::Display for DayTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for DayTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DayTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a time of day from `00:00` to `24:00`"))
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for DayTime {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .pattern(Some("^([01][0-9]|2[0-4]):[0-5][0-9]$"))
            .examples([serde_json::json!("08:30")])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for DayTime {}

/// A stretch of work. One whose end is not after its beginning goes on into the next day: `20:00` to `08:00` is a night.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    /// From.
    pub from: DayTime,
    /// Until.
    pub until: DayTime,
}

/// A day unlike its weekday: a holiday, or a working day that makes up for one (调休).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Exception {
    /// The day.
    pub date: NaiveDate,
    /// What it is called; at most 100 characters.
    pub name: String,
    /// The hours of that day; none on a holiday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Span>,
}

/// Hours of each weekday, and the days that are different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkingHours {
    /// IANA time zone in which the hours are meant.
    pub time_zone: String,
    /// The hours of Monday to Sunday: seven lists, each of at most 6 spans.
    pub week: Vec<Vec<Span>>,
    /// Days that are different, at most 400.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}

/// Working time between two instants, end excluded.
type Stretch = (Timestamp, Timestamp);

impl WorkingHours {
    /// Monday to Friday, with a break at noon, and the three days of the new year.
    pub fn example() -> Self {
        let span = |from: u16, until: u16| Span { from: DayTime(from * 60), until: DayTime(until * 60) };
        let day = vec![span(8, 12), span(13, 18)];
        let mut week = vec![day; 5];
        week.extend([vec![], vec![]]);
        let holiday = |day| Exception {
            date: NaiveDate::from_ymd_opt(2026, 1, day).unwrap_or_default(),
            name: "元旦".into(),
            hours: vec![],
        };
        Self { time_zone: "Asia/Shanghai".into(), week, exceptions: (1..=3).map(holiday).collect() }
    }

    /// Notes an error for a zone that is none, spans that overlap within a day, days that are named twice.
    pub fn check(&self, check: &mut Check, pointer: &str) {
        if self.time_zone.parse::<Tz>().is_err() {
            check.error(format!("{pointer}/time_zone"), "malformed", "an IANA time zone such as Asia/Shanghai");
        }
        check.count(&format!("{pointer}/week"), self.week.len(), 7..=7);
        for (at, spans) in self.week.iter().take(7).enumerate() {
            check_spans(check, &format!("{pointer}/week/{at}"), spans);
        }
        check.count(&format!("{pointer}/exceptions"), self.exceptions.len(), 0..=MOST_EXCEPTIONS);
        let mut days = std::collections::HashSet::new();
        for (at, exception) in self.exceptions.iter().take(MOST_EXCEPTIONS).enumerate() {
            let pointer = format!("{pointer}/exceptions/{at}");
            check.text(&format!("{pointer}/name"), &exception.name, 0..=100);
            check_spans(check, &format!("{pointer}/hours"), &exception.hours);
            if !days.insert(exception.date) {
                check.error(format!("{pointer}/date"), "duplicate", "each day once");
            }
        }
    }

    /// These hours with only the exceptions that can matter from `since` on.
    #[must_use]
    pub fn from_day(&self, since: Timestamp) -> Self {
        let first = since.date_naive().checked_sub_days(chrono::Days::new(2)).unwrap_or(NaiveDate::MIN);
        let exceptions = self.exceptions.iter().filter(|exception| exception.date >= first).cloned().collect();
        Self { exceptions, ..self.clone() }
    }

    /// The instant at which `time` of work will have been done after `since`; `None` if these hours never bring it.
    pub fn after(&self, since: Timestamp, time: Duration) -> Option<Timestamp> {
        let mut left = time;
        for (from, until) in self.stretches(since) {
            let length = until - from;
            if left <= length {
                return Some(from + left);
            }
            left -= length;
        }
        None
    }

    /// Whether somebody works at that instant.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.stretches(at).next().is_some_and(|(from, _)| from <= at)
    }

    /// How much working time lies between two instants; nothing if they come in the wrong order.
    pub fn between(&self, since: Timestamp, until: Timestamp) -> Duration {
        let stretches = self.stretches(since).take_while(|(from, _)| *from < until);
        stretches.fold(Duration::zero(), |sum, (from, to)| sum + (to.min(until) - from))
    }

    /// The working time between two instants, in order.
    pub fn during(&self, since: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let stretches = self.stretches(since).take_while(|(from, _)| *from < until);
        stretches.map(|(from, to)| (from, to.min(until))).collect()
    }

    /// Working time after `since`, in order, without overlap.
    fn stretches(&self, since: Timestamp) -> impl Iterator<Item = Stretch> {
        let zone: Tz = self.time_zone.parse().unwrap_or(Tz::UTC);
        // The night before may reach into the first day.
        let first = since.with_timezone(&zone).date_naive().pred_opt();
        let days = first.into_iter().flat_map(|first| first.iter_days().take(MOST_DAYS as usize));
        let mut reached = since;
        days.flat_map(move |day| self.spans_of(day).iter().map(move |span| instants(zone, day, *span))).filter_map(
            move |(from, until)| {
                let from = from.max(reached);
                reached = reached.max(until);
                (from < until).then_some((from, until))
            },
        )
    }

    fn spans_of(&self, day: NaiveDate) -> &[Span] {
        if let Some(exception) = self.exceptions.iter().find(|exception| exception.date == day) {
            return &exception.hours;
        }
        self.week.get(day.weekday().num_days_from_monday() as usize).map_or(&[], Vec::as_slice)
    }
}

fn check_spans(check: &mut Check, pointer: &str, spans: &[Span]) {
    check.count(pointer, spans.len(), 0..=MOST_SPANS);
    for (at, pair) in spans.windows(2).take(MOST_SPANS).enumerate() {
        if pair[0].until <= pair[0].from || pair[1].from < pair[0].until {
            check.error(format!("{pointer}/{}", at + 1), "out_of_range", "after the span before it");
        }
    }
}

fn instants(zone: Tz, day: NaiveDate, span: Span) -> Stretch {
    let last = if span.until > span.from { day } else { day.succ_opt().unwrap_or(day) };
    (instant(zone, span.from.on(day), false), instant(zone, span.until.on(last), true))
}

/// The instant of a local time. Of an hour that comes twice, work begins in the first and ends in the second.
pub(crate) fn instant(zone: Tz, local: NaiveDateTime, end: bool) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) => time.to_utc(),
        LocalResult::Ambiguous(first, second) => if end { second } else { first }.to_utc(),
        // No zone ever skipped more than a day.
        LocalResult::None => (1..=24 * 4)
            .find_map(|quarters| zone.from_local_datetime(&(local + Duration::minutes(15 * quarters))).earliest())
            .map_or_else(|| local.and_utc(), |time| time.to_utc()),
    }
}
