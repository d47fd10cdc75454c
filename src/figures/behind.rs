//! What lies behind a figure: those that count, judged by the function that counted them, a page at a time or all as a table.

use actix_web::{HttpRequest, HttpResponse};
use chrono_tz::Tz;
use mobile_api::{
    Actor,
    figures::{Counted, Figure},
    record::Kind,
    time::Timestamp,
};
use uuid::Uuid;

use super::{
    orders::Part,
    report::{Asked, house_rules},
};
use crate::{
    app::AppState,
    db::{Conn, DbError},
    error::Error,
    lists,
    operations::DoorError,
    paging::{self, Ask, Place},
    period::{Month, Period},
};

/// What somebody wants to see behind a figure.
pub(super) struct Question<G> {
    pub(super) figure: Figure,
    pub(super) part: Part,
    pub(super) asked: Asked,
    pub(super) groups: G,
    pub(super) ask: Ask<Timestamp>,
    pub(super) now: Timestamp,
}

impl<G> Question<G> {
    /// From when until when facts are to be read for this page: the period, without what earlier pages held.
    fn span(&self, zone: Tz) -> (Timestamp, Timestamp) {
        let period = self.asked.period.unwrap_or_else(|| Period::Month(Month::of(self.now, zone)));
        let (from, until) = period.span(zone).unwrap_or((self.now, self.now));
        (self.ask.after.map_or(from, |(at, _)| at.max(from)), until)
    }
}

/// Facts that figures are counted of.
pub(super) trait Countable: Sized {
    /// By what they can be asked for.
    type Groups;

    /// Those of this time and these sites, in the order of their places.
    fn read(
        conn: &mut Conn,
        org: Uuid,
        span: (Timestamp, Timestamp),
        sites: Option<&[Uuid]>,
    ) -> Result<Vec<Self>, DbError>;

    /// Whether they are of these groups.
    fn is_in(&self, groups: &Self::Groups) -> bool;

    /// Where they stand.
    fn place(&self) -> Place<Timestamp>;

    /// What they count for.
    fn count(&self, figure: Figure, now: Timestamp) -> Counted;
}

/// Those that are asked for, on this and every later page, with what they count for.
fn judged<F: Countable>(
    conn: &mut Conn,
    org: Uuid,
    question: &Question<F::Groups>,
) -> Result<impl Iterator<Item = (F, Counted)>, DoorError> {
    let Question { figure, part, asked, groups, ask, now } = question;
    let span = question.span(house_rules(conn, org)?.zone);
    let facts = F::read(conn, org, span, asked.sites.as_deref())?.into_iter();
    let asked_for = facts.filter(|facts| facts.is_in(groups) && ask.after.is_none_or(|after| facts.place() > after));
    let counted = asked_for.map(|facts| {
        let counted = facts.count(*figure, *now);
        (facts, counted)
    });
    Ok(counted.filter(|(_, counted)| part.holds(*counted)))
}

/// Those of this page, and whether there are more.
///
/// # Errors
/// The database's; a record that cannot be read.
pub(super) fn page<F: Countable>(
    conn: &mut Conn,
    org: Uuid,
    question: &Question<F::Groups>,
) -> Result<(Vec<(F, Counted)>, bool), DoorError> {
    let limit = question.ask.limit;
    let mut found: Vec<_> = judged(conn, org, question)?.take(limit + 1).collect();
    let more = found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}

/// Where those of this and every later page stand.
fn places<F: Countable>(
    conn: &mut Conn,
    org: Uuid,
    question: &Question<F::Groups>,
) -> Result<Vec<Place<Timestamp>>, DoorError> {
    Ok(judged::<F>(conn, org, question)?.map(|(facts, _)| facts.place()).collect())
}

/// The same as a table: the records of all of them with the columns of their kind. They are judged once, and their records read page by
/// page.
///
/// # Errors
/// The database's, if the first page cannot be read.
pub(super) async fn table<F: Countable>(
    (state, request): (&AppState, &HttpRequest),
    actor: Actor,
    kind: Kind,
    question: Question<F::Groups>,
) -> Result<HttpResponse, Error>
where
    F::Groups: Send + 'static,
{
    let (org, ask) = (actor.org, question.ask.clone());
    let places = state.db.read(move |conn| places::<F>(conn, org, &question)).await?;
    let load = move |conn: &mut Conn, actor: &Actor, ask: &Ask<Timestamp>| {
        let from = ask.after.map_or(0, |after| places.partition_point(|place| *place <= after));
        let page = places.iter().skip(from).take(ask.limit.saturating_add(1));
        paging::at(conn, actor.org, kind, &page.copied().collect::<Vec<_>>())
    };
    lists::answer(state, request, actor, kind, ask, load).await
}
