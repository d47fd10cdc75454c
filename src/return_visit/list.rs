//! SQL by which return visits are listed.

use diesel::prelude::*;
use mobile_api::{
    Actor,
    record::Kind,
    return_visit::{Satisfaction, VisitStatus},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{records, return_visits},
        types::{Micros, Uid},
    },
    operations::store::unsigned,
    paging::{Ask, Listed, found},
    query::Several,
    sight::{Sight, narrow},
};

/// How far along a call is that somebody is to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// Can be called now: its time has come, and the customer does not rest.
    Now,
    /// Somebody should have called by now.
    Overdue,
    /// Sooner or later.
    Ever,
}

/// Which return visits are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VisitFilter {
    /// Somebody is to call: `now`, `overdue` or `ever`. These come by when they are due, the first first.
    #[param(inline)]
    pub due: Option<Due>,
    /// Where they stand; several with commas between them, or the parameter repeated.
    #[param(value_type = Vec<VisitStatus>, style = Form, explode = false, required = false, example = json!(["waiting", "answered"]))]
    pub status: Several<VisitStatus>,
    /// What the customer said; several with commas between them, or the parameter repeated.
    #[param(value_type = Vec<Satisfaction>, style = Form, explode = false, required = false, example = json!(["dissatisfied"]))]
    pub satisfaction: Several<Satisfaction>,
    /// Whether survey and call contradict each other.
    pub disagrees: Option<bool>,
    /// About this work order, or whatever else it is about.
    pub about: Option<Uuid>,
    /// At this site.
    pub site: Option<Uuid>,
    /// In this unit.
    pub unit: Option<Uuid>,
    /// Of this customer.
    pub customer: Option<Uuid>,
    /// Given to this person.
    pub assignee: Option<Uuid>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most return visits of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

type Row = (i64, Option<i64>, Uid, i64, String);

/// Return visits that fit the filter and that the actor may see: those to be called by when they are due, else newest first.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    actor: &Actor,
    filter: &VisitFilter,
    ask: &Ask<i64>,
    now: Timestamp,
) -> Result<Vec<Listed<i64>>, DbError> {
    let (own, sites) = match Sight::of(actor, Kind::ReturnVisit) {
        Sight::All => (None, None),
        Sight::Own(user) => (Some(user), None),
        Sight::Sites(sites) => (None, Some(sites)),
        Sight::Nothing => return Ok(Vec::new()),
    };
    let now = Micros::from(now);
    let names = |status: &[VisitStatus]| status.iter().map(|status| status.as_str()).collect::<Vec<_>>();
    let statuses = filter.status.given().map(names);
    let words = |said: &[Satisfaction]| said.iter().map(|said| said.as_str()).collect::<Vec<_>>();
    let said = filter.satisfaction.given().map(words);
    let rows: Vec<Row> = both!(conn, c => {
        let mut query = found!(return_visits, Kind::ReturnVisit, actor.org)
            .limit(ask.rows())
            .select((return_visits::since, return_visits::due_at, return_visits::id, records::rev, records::body))
            .into_boxed();
        narrow!(query:
            own => |user| return_visits::assignee_id.eq(user);
            sites.clone() => |sites| return_visits::site_id.eq_any(sites);
            statuses.clone() => |names| return_visits::status.eq_any(names);
            said.clone() => |words| return_visits::satisfaction.eq_any(words);
            filter.disagrees => |disagrees| return_visits::disagrees.eq(disagrees);
            filter.about => |id| return_visits::about_id.eq(Uid(id));
            filter.site => |id| return_visits::site_id.eq(Uid(id));
            filter.unit => |id| return_visits::unit_id.eq(Uid(id));
            filter.customer => |id| return_visits::customer_id.eq(Uid(id));
            filter.assignee => |id| return_visits::assignee_id.eq(Uid(id));
        );
        query = match filter.due {
            None => query.order((return_visits::since.desc(), return_visits::id.desc())),
            Some(_) => {
                query.filter(return_visits::due_at.is_not_null()).order((return_visits::due_at, return_visits::id))
            }
        };
        query = match filter.due {
            Some(Due::Now) => query.filter(return_visits::next_at.le(now)),
            Some(Due::Overdue) => query.filter(return_visits::due_at.lt(now)),
            Some(Due::Ever) | None => query,
        };
        query = match (&ask.after, filter.due) {
            (None, _) => query,
            (Some((at, id)), None) => query.filter(
                return_visits::since.le(*at).and(return_visits::since.lt(*at).or(return_visits::id.lt(Uid(*id)))),
            ),
            (Some((at, id)), Some(_)) => query.filter(
                return_visits::due_at
                    .ge(*at)
                    .and(return_visits::due_at.gt(*at).or(return_visits::id.gt(Uid(*id))))
                    .assume_not_null(),
            ),
        };
        query.load(c)
    })?;
    let place = |since: i64, due_at: Option<i64>| due_at.filter(|_| filter.due.is_some()).unwrap_or(since);
    let listed = |(since, due_at, id, rev, body): Row| Listed {
        place: (place(since, due_at), id.0),
        rev: unsigned(rev),
        body,
        last_seen_at: None,
    };
    Ok(rows.into_iter().map(listed).collect())
}
