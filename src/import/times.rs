//! Times as other systems write them: local, in some format, and twice a year missing or double.

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use mobile_api::time::Timestamp;

/// Something worth knowing about how a time was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// The clock showed it twice, because summer time ended: the first of the two is taken.
    Twice,
    /// The clock never showed it, because summer time began: it is taken as if the clock had not been put forward yet,
    /// so that 02:30 means what the clock then called 03:30.
    Never,
}

/// What a date without a time of day means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateMeans {
    /// Its first moment: for beginnings.
    Start,
    /// Its last second: for deadlines, and for ends compared with them.
    End,
}

/// Reads times in one zone and some formats.
#[derive(Clone, Debug)]
pub(super) struct Times {
    zone: Tz,
    formats: Vec<String>,
}

impl Times {
    pub(super) fn new(zone: Tz, formats: &[String]) -> Self {
        Self { zone, formats: formats.to_vec() }
    }

    /// The formats, for messages.
    pub(super) fn formats(&self) -> String {
        self.formats.join(", ")
    }

    /// The instant that `text` names; `None` if no format fits it.
    pub(super) fn read(&self, text: &str, date_means: DateMeans) -> Option<(Timestamp, Option<Oddity>)> {
        self.formats.iter().find_map(|format| self.read_as(text, format, date_means))
    }

    fn read_as(&self, text: &str, format: &str, date_means: DateMeans) -> Option<(Timestamp, Option<Oddity>)> {
        if format == "rfc3339" {
            return Some((DateTime::parse_from_rfc3339(text).ok()?.to_utc(), None));
        }
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some((time.to_utc(), None));
        }
        if let Ok(local) = NaiveDateTime::parse_from_str(text, format) {
            return self.local(local);
        }
        let date = NaiveDate::parse_from_str(text, format).ok()?;
        match date_means {
            DateMeans::Start => self.local(date.and_time(NaiveTime::MIN)),
            DateMeans::End => {
                let (next, oddity) = self.local(date.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN))?;
                Some((next - TimeDelta::seconds(1), oddity))
            }
        }
    }

    fn local(&self, local: NaiveDateTime) -> Option<(Timestamp, Option<Oddity>)> {
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(time) => Some((time.to_utc(), None)),
            LocalResult::Ambiguous(first, _) => Some((first.to_utc(), Some(Oddity::Twice))),
            LocalResult::None => Some((self.before_the_gap(local)?, Some(Oddity::Never))),
        }
    }

    /// The local time by the offset that was in force before the clock was put forward.
    fn before_the_gap(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        use chrono::Offset;
        // No zone has ever moved its clock by more than a day.
        let earlier = local.checked_sub_signed(TimeDelta::hours(25))?;
        let earlier = self.zone.from_local_datetime(&earlier).earliest()?;
        let offset = earlier.offset().fix().local_minus_utc();
        Some(local.checked_sub_signed(TimeDelta::seconds(offset.into()))?.and_utc())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(zone: &str, format: &str, text: &str) -> Option<(String, Option<Oddity>)> {
        let times = Times::new(zone.parse().unwrap(), &[format.to_owned(), "rfc3339".to_owned()]);
        let (time, oddity) = times.read(text, DateMeans::End)?;
        Some((time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true), oddity))
    }

    #[test]
    fn local_times_at_the_change_of_clocks() {
        let new_york = |text| read("America/New_York", "%Y-%m-%d %H:%M:%S", text).unwrap();
        let plain = |utc: &str| (utc.to_owned(), None);
        assert_eq!(new_york("2011-07-01 01:32:33"), plain("2011-07-01T05:32:33Z"));
        assert_eq!(new_york("2011-11-06 00:59:59"), plain("2011-11-06T04:59:59Z"));
        assert_eq!(new_york("2011-11-06 01:11:52"), ("2011-11-06T05:11:52Z".to_owned(), Some(Oddity::Twice)));
        assert_eq!(new_york("2011-11-06 02:00:00"), plain("2011-11-06T07:00:00Z"));
        assert_eq!(new_york("2012-03-11 01:59:59"), plain("2012-03-11T06:59:59Z"));
        assert_eq!(new_york("2012-03-11 02:30:00"), ("2012-03-11T07:30:00Z".to_owned(), Some(Oddity::Never)));
        assert_eq!(new_york("2012-03-11 03:30:00"), plain("2012-03-11T07:30:00Z"));
        // Samoa left out a whole day.
        let samoa = read("Pacific/Apia", "%Y-%m-%d %H:%M:%S", "2011-12-30 12:00:00").unwrap();
        assert_eq!(samoa, ("2011-12-30T22:00:00Z".to_owned(), Some(Oddity::Never)));
    }

    #[test]
    fn dates_offsets_and_nonsense() {
        let shanghai = |text| read("Asia/Shanghai", "%d.%m.%Y", text);
        assert_eq!(shanghai("01.07.2011").unwrap().0, "2011-07-01T15:59:59Z");
        assert_eq!(shanghai("2011-07-01T00:00:00-04:00").unwrap().0, "2011-07-01T04:00:00Z");
        for nonsense in ["", "31.02.2011", "yesterday", "01.07.2011 x", "99999999999999999999.1.1", "=NOW()"] {
            assert_eq!(shanghai(nonsense), None, "{nonsense}");
        }
        assert!(shanghai("01.01.0000").is_some(), "whether a year is sane is for the rule to say");
        assert!(shanghai("31.12.9999").is_some());
        let with_offset = read("UTC", "%Y-%m-%d %H:%M %z", "2011-07-01 12:00 +0800").unwrap();
        assert_eq!(with_offset.0, "2011-07-01T04:00:00Z");
    }
}
