//! Words, numbers and times of a certificate in the reader's language.

use chrono::{DateTime, FixedOffset, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use mobile_api::{evidence::When, money::Money};

use crate::language::Language;

/// Up to this far apart, the two ends of what is proved are printed as one time and ± half of it.
const STILL_ONE_TIME: TimeDelta = TimeDelta::minutes(10);

/// A language, and the zone that its times are told in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub(crate) language: Language,
    pub(crate) zone: Tz,
}

impl Words {
    /// The sentence of this id; the id itself if it is missing, which a test rules out.
    pub(crate) fn say(&self, id: &str) -> String {
        self.say_with(id, &[])
    }

    /// The sentence of this id with values in it.
    pub(crate) fn say_with(&self, id: &str, args: &[(&'static str, String)]) -> String {
        self.language.say(id, args)
    }

    /// `¥1,234.50`, or with the currency's letters where there is no sign that everybody knows.
    pub(crate) fn money(&self, money: Money) -> String {
        let (whole, rest) = (money.minor.unsigned_abs() / 100, money.minor.unsigned_abs() % 100);
        let digits = whole.to_string();
        let grouped: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|c| str::from_utf8(c).unwrap_or("")).collect();
        let sign = if money.minor < 0 { "−" } else { "" };
        let symbol = match money.currency.as_str() {
            "CNY" => "¥".to_owned(),
            "GBP" => "£".to_owned(),
            other => format!("{other} "),
        };
        format!("{sign}{symbol}{}.{rest:02}", grouped.join(","))
    }

    /// `2026-03-02 16:04:11 (UTC+08:00)`.
    pub(crate) fn instant(&self, time: DateTime<Utc>) -> String {
        time.with_timezone(&self.zone).format("%Y-%m-%d %H:%M:%S (UTC%:z)").to_string()
    }

    /// When it happened, and how well that is proved.
    pub(crate) fn when(&self, when: &When) -> (String, String) {
        let width = when.latest - when.earliest;
        if width <= TimeDelta::zero() {
            return (self.instant(when.latest), self.say("certificate-proof-exact"));
        }
        if width <= STILL_ONE_TIME {
            let middle = (when.earliest + width / 2).trunc_subsecs(0);
            let farthest = (when.latest - middle).max(middle - when.earliest);
            // Rounded up: the true time is never outside of what is printed.
            let seconds = (farthest.num_microseconds().unwrap_or(i64::MAX) + 999_999) / 1_000_000;
            let proof = self.say_with("certificate-proof-within", &[("seconds", seconds.max(1).to_string())]);
            return (self.instant(middle), proof);
        }
        let args = [("from", self.instant(when.earliest)), ("until", self.instant(when.latest))];
        let shown = when.wall.as_deref().and_then(|wall| self.wall(wall));
        (shown.unwrap_or_else(|| "–".into()), self.say_with("certificate-proof-none", &args))
    }

    /// What a phone's clock showed, with the zone of that phone.
    pub(crate) fn wall(&self, wall: &str) -> Option<String> {
        let time: DateTime<FixedOffset> = DateTime::parse_from_rfc3339(wall).ok()?;
        Some(time.format("%Y-%m-%d %H:%M:%S (UTC%:z)").to_string())
    }
}

/// Whether what a screen showed is what is proved, give or take a minute: then it need not be told twice.
pub(crate) fn agrees(when: &When, shown: &str) -> bool {
    let slack = TimeDelta::minutes(1);
    let proved = when.latest - when.earliest <= STILL_ONE_TIME;
    let near = |shown: DateTime<FixedOffset>| shown >= when.earliest - slack && shown <= when.latest + slack;
    proved && DateTime::parse_from_rfc3339(shown).is_ok_and(near)
}
