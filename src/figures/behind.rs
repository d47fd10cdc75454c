//! What lies behind a figure: a page of those that count, judged by the function that counted them.

use chrono_tz::Tz;
use mobile_api::{figures::Counted, time::Timestamp};

use super::{orders::Part, report::Asked};
use crate::{
    paging::{Ask, Place},
    period::{Month, Period},
};

/// From when until when facts are to be read for this page: the period, without what earlier pages held.
pub(super) fn span(zone: Tz, asked: &Asked, ask: &Ask<Timestamp>, now: Timestamp) -> (Timestamp, Timestamp) {
    let period = asked.period.unwrap_or_else(|| Period::Month(Month::of(now, zone)));
    let (from, until) = period.span(zone).unwrap_or((now, now));
    (ask.after.map_or(from, |(at, _)| at.max(from)), until)
}

/// The facts on this page with what they count for, of facts in the order of their places; and whether there are more.
pub(super) fn page<F>(
    facts: impl Iterator<Item = F>,
    place: impl Fn(&F) -> Place<Timestamp>,
    count: impl Fn(&F) -> Counted,
    part: Part,
    ask: &Ask<Timestamp>,
) -> (Vec<(F, Counted)>, bool) {
    let mut found: Vec<(F, Counted)> = facts
        .filter(|facts| ask.after.is_none_or(|after| place(facts) > after))
        .map(|facts| (count(&facts), facts))
        .filter(|(counted, _)| part.holds(*counted))
        .map(|(counted, facts)| (facts, counted))
        .take(ask.limit + 1)
        .collect();
    let more = found.len() > ask.limit;
    found.truncate(ask.limit);
    (found, more)
}
