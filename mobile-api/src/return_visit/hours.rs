//! When a customer can be called: in the hours in which the firm calls, outside their rest, never on a day that they excepted.
//!
//! Hours are meant in the time zone of the site. A stretch of rest is counted in instants like working hours are: on the night on
//! which a clock is put back, rest from the first two o'clock lasts until after the second.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::ReturnVisitRules;
use crate::{
    calendar::instant,
    directory::{Customer, Hours, Organisation, Site},
    ids::{Id, SiteId},
    operation::Context,
    time::Timestamp,
};

/// How many times a call is put off before it is given up that there is a time: with at most 20 stretches of rest a day, more than
/// the 100 days that a customer can except.
const MOST_STEPS: usize = 4_000;

/// A stretch in which nobody is called, end excluded.
type Stretch = (Timestamp, Timestamp);

/// A customer and when they can be called.
pub(super) struct Callable<'a> {
    customer: Option<&'a Customer>,
    rules: &'a ReturnVisitRules,
    zone: Tz,
}

impl<'a> Callable<'a> {
    /// `None` where the organisation is not known.
    pub(super) fn of(customer: Option<&'a Customer>, site: SiteId, context: &Context<'a>) -> Option<Self> {
        let firm: Id<Organisation> = Id::new(context.actor.org);
        let firm = context.related.get(firm)?;
        Some(Self { customer, rules: &firm.return_visits, zone: zone_of(firm, context.related.get(site)) })
    }

    /// The first instant from `since` on at which they can be called; `None` if there is none in sight.
    pub(super) fn from(&self, since: Timestamp) -> Option<Timestamp> {
        let mut at = since;
        for _ in 0..MOST_STEPS {
            let around = self.days_around(at).flat_map(|day| self.stretches(day));
            match around.filter(|(from, until)| *from <= at && at < *until).map(|(_, until)| until).max() {
                Some(until) => at = until,
                None => return Some(at),
            }
        }
        None
    }

    /// Until when the customer rests, if they do at `at`: by their own hours and days, whenever the firm may call.
    pub(super) fn rests(&self, at: Timestamp) -> Option<Timestamp> {
        let around = self.days_around(at).flat_map(|day| self.rest_of(day));
        around.filter(|(from, until)| *from <= at && at < *until).map(|(_, until)| until).max()
    }

    /// The day of an instant and the day before, whose night may reach into it.
    fn days_around(&self, at: Timestamp) -> impl Iterator<Item = NaiveDate> + use<> {
        let day = at.with_timezone(&self.zone).date_naive();
        day.pred_opt().into_iter().chain([day])
    }

    fn stretches(&self, day: NaiveDate) -> Vec<Stretch> {
        let mut all = self.rest_of(day);
        let rules = self.rules;
        all.push(self.stretch(day, 0, rules.call_from_minute));
        all.push(self.stretch(day, rules.call_until_minute, DAY));
        all
    }

    /// When the customer rests, beginning on that day.
    fn rest_of(&self, day: NaiveDate) -> Vec<Stretch> {
        let Some(customer) = self.customer else { return Vec::new() };
        let excepted = customer.do_not_call.contains(&day).then(|| self.stretch(day, 0, DAY));
        let weekday = u8::try_from(day.weekday().number_from_monday()).unwrap_or_default();
        let on = |hours: &&Hours| hours.days.is_empty() || hours.days.contains(&weekday);
        let until = |hours: &Hours| {
            if hours.until_minute < hours.from_minute { DAY + hours.until_minute } else { hours.until_minute }
        };
        let rest = customer.rest.iter().filter(on).map(|hours| self.stretch(day, hours.from_minute, until(hours)));
        rest.chain(excepted).collect()
    }

    fn stretch(&self, day: NaiveDate, from: u32, until: u32) -> Stretch {
        let local = |minute: u32| day.and_time(NaiveTime::MIN) + Duration::minutes(minute.into());
        (instant(self.zone, local(from), false), instant(self.zone, local(until), true))
    }
}

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// The time zone in which the hours of people at this site are meant.
pub fn zone_of(firm: &Organisation, site: Option<&Site>) -> Tz {
    let own = site.and_then(|site| site.time_zone.as_ref()).and_then(|zone| zone.parse().ok());
    own.or_else(|| firm.time_zone.parse().ok()).unwrap_or(Tz::UTC)
}

/// So many days later. Nobody plans for the end of time.
pub(super) fn days_after(at: Timestamp, days: u32) -> Timestamp {
    at.checked_add_signed(Duration::days(days.into())).unwrap_or(DateTime::<chrono::Utc>::MAX_UTC)
}
