//! What lies behind a figure: those that count, judged by the function that counted them, a page at a time or all as a table.

use actix_web::{HttpRequest, HttpResponse};
use chrono_tz::Tz;
use mobile_api::{Actor, figures::Counted, record::Kind, time::Timestamp};

use super::{orders::Part, report::Asked};
use crate::{
    app::AppState,
    db::Conn,
    error::Error,
    lists,
    paging::{self, Ask, Place},
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

/// The places of all of them on this and every later page.
pub(super) fn places<F>(
    facts: impl Iterator<Item = F>,
    place: impl Fn(&F) -> Place<Timestamp>,
    count: impl Fn(&F) -> Counted,
    part: Part,
) -> Vec<Place<Timestamp>> {
    facts.filter(|facts| part.holds(count(facts))).map(|facts| place(&facts)).collect()
}

/// The same as a table: the records of these places with the columns of their kind.
///
/// # Errors
/// The database's, if the first page cannot be read.
pub(super) async fn table(
    (state, request): (&AppState, &HttpRequest),
    actor: Actor,
    kind: Kind,
    places: Vec<Place<Timestamp>>,
    ask: Ask<Timestamp>,
) -> Result<HttpResponse, Error> {
    let load = move |conn: &mut Conn, actor: &Actor, ask: &Ask<Timestamp>| {
        let from = ask.after.map_or(0, |after| places.partition_point(|place| *place <= after));
        let page = places.iter().skip(from).take(ask.limit.saturating_add(1));
        paging::at(conn, actor.org, kind, &page.copied().collect::<Vec<_>>())
    };
    lists::answer(state, request, actor, kind, ask, load).await
}
