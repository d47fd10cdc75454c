//! SQL by which work orders are listed.

use chrono::{DateTime, Utc};
use diesel::{dsl::not, prelude::*};
use mobile_api::{
    Actor, Role,
    record::Kind,
    work_order::{Status, merge::Merge},
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::deadline::Deadline;
use crate::{
    db::{
        Conn, DbError, both,
        schema::{journal, records, work_orders},
        types::{Micros, Uid},
    },
    operations::store::{signed, unsigned},
    paging::{Ask, Listed},
    query::Several,
    sight::{Sight, narrow},
};

/// Which orders are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorkOrderFilter {
    /// Where they stand; several with commas between them, or the parameter repeated.
    #[param(value_type = Vec<Status>, style = Form, explode = false, required = false, example = json!(["assigned", "en_route"]))]
    pub status: Several<Status>,
    /// How they stand to their deadline; several as with `status`.
    #[param(value_type = Vec<Deadline>, style = Form, explode = false, required = false, example = json!(["late"]))]
    pub deadline: Several<Deadline>,
    /// `true`: the deadline is past, and what it waits for has not happened. `false`: all others.
    pub overdue: Option<bool>,
    /// Whose order it is now.
    pub assignee: Option<Uuid>,
    /// The crew whose pool it is in while nobody is assigned.
    pub team: Option<Uuid>,
    /// The site.
    pub site: Option<Uuid>,
    /// The unit.
    pub unit: Option<Uuid>,
    /// The customer.
    pub customer: Option<Uuid>,
    /// About this asset.
    pub asset: Option<Uuid>,
    /// Made by this maintenance plan.
    pub plan: Option<Uuid>,
    /// What sort of job.
    pub order_type: Option<Uuid>,
    /// The human number.
    #[param(example = "2026-000123")]
    pub number: Option<String>,
    /// The other system that it was taken over from.
    #[param(example = "boston-311")]
    pub external_source: Option<String>,
    /// Its id there; best together with `external_source`.
    pub external_id: Option<String>,
    /// The customer called at this instant or later.
    pub received_from: Option<DateTime<Utc>>,
    /// The customer called before this instant.
    pub received_until: Option<DateTime<Utc>>,
    /// Something was recorded about it after this version of the organisation: the `version` of an earlier answer.
    /// So another system can follow the changes.
    pub changed_after: Option<u64>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most orders of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

type Row = (i64, Uid, i64, String);

/// Which orders a reader sees, each sort to be found by an index of its own.
enum Seen {
    All,
    OfSites(Vec<Uid>),
    AssignedTo(Uid),
    InPoolOf(Vec<Uid>),
}

impl Seen {
    fn by(actor: &Actor) -> Vec<Seen> {
        if actor.role == Role::Technician {
            let teams = actor.teams.iter().copied().map(Uid::from).collect();
            return vec![Seen::AssignedTo(actor.user.into()), Seen::InPoolOf(teams)];
        }
        match Sight::of(actor, Kind::WorkOrder) {
            Sight::All => vec![Seen::All],
            Sight::Sites(sites) => vec![Seen::OfSites(sites)],
            Sight::Own(_) | Sight::Nothing => Vec::new(),
        }
    }
}

/// Orders that fit the filter and that the actor may see, newest first.
///
/// A technician is shown the orders that are theirs now, and those that nobody has yet in the pools of their teams. (One
/// that they did and that is closed they can still read by its id.)
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    actor: &Actor,
    filter: &WorkOrderFilter,
    ask: &Ask<i64>,
    now: DateTime<Utc>,
) -> Result<Vec<Listed<i64>>, DbError> {
    let mut rows = Vec::new();
    for seen in Seen::by(actor) {
        rows.extend(load(conn, actor.org, seen, filter, ask, now)?);
    }
    // No order is seen in two ways, so this is the page: the first of each, in one order.
    rows.sort_unstable_by_key(|row: &Row| std::cmp::Reverse((row.0, row.1)));
    rows.truncate(ask.limit.saturating_add(1));
    let listed = |(at, id, rev, body): Row| Listed { place: (at, id.0), rev: unsigned(rev), body, last_seen_at: None };
    Ok(rows.into_iter().map(listed).collect())
}

fn load(
    conn: &mut Conn,
    org: Uuid,
    seen: Seen,
    filter: &WorkOrderFilter,
    ask: &Ask<i64>,
    now: DateTime<Utc>,
) -> Result<Vec<Row>, DbError> {
    let (sites, own, pool) = match seen {
        Seen::All => (None, None, None),
        Seen::OfSites(sites) => (Some(sites), None, None),
        Seen::AssignedTo(user) => (None, Some(user), None),
        Seen::InPoolOf(teams) => (None, None, Some(teams)),
    };
    let survivors = filter.changed_after.map(|version| survivors(conn, org, version)).transpose()?;
    let statuses = filter.status.given().map(|given| given.iter().map(|s| s.as_str()).collect::<Vec<_>>());
    let deadlines = filter.deadline.given().map(|given| given.iter().map(|d| d.as_str()).collect::<Vec<_>>());
    let overdue = || {
        let late = work_orders::due_at.lt(Micros::from(now)).assume_not_null();
        work_orders::due_at.is_not_null().and(work_orders::deadline.eq(Deadline::Running.as_str())).and(late)
    };
    let recorded_after = journal::table
        .filter(journal::org_id.eq(Uid(org)))
        .filter(journal::kind.eq(Kind::WorkOrder.as_str()))
        .filter(journal::version.gt(signed(filter.changed_after.unwrap_or_default())))
        .select(journal::entity_id);
    let rows = both!(conn, c => {
        let mut query = work_orders::table
            .inner_join(
                records::table.on(records::org_id
                    .eq(work_orders::org_id)
                    .and(records::kind.eq(Kind::WorkOrder.as_str()))
                    .and(records::id.eq(work_orders::id))),
            )
            .filter(work_orders::org_id.eq(Uid(org)))
            .order((work_orders::received_at.desc(), work_orders::id.desc()))
            .limit(ask.rows())
            .select((work_orders::received_at, work_orders::id, records::rev, records::body))
            .into_boxed();
        narrow!(query:
            own => |user| work_orders::assignee_id.eq(user);
            pool => |teams| work_orders::status.eq(Status::Requested.as_str()).and(work_orders::team_id.eq_any(teams));
            sites => |sites| work_orders::site_id.eq_any(sites);
            survivors => |ids| work_orders::id.eq_any(recorded_after).or(work_orders::id.eq_any(ids));
            statuses => |names| work_orders::status.eq_any(names);
            deadlines => |names| work_orders::deadline.eq_any(names);
            filter.overdue.filter(|wanted| *wanted) => |_yes| overdue();
            filter.overdue.filter(|wanted| !*wanted) => |_no| not(overdue());
            filter.assignee => |id| work_orders::assignee_id.eq(Uid(id));
            filter.team => |id| work_orders::team_id.eq(Uid(id));
            filter.site => |id| work_orders::site_id.eq(Uid(id));
            filter.unit => |id| work_orders::unit_id.eq(Uid(id));
            filter.customer => |id| work_orders::customer_id.eq(Uid(id));
            filter.asset => |id| work_orders::asset_id.eq(Uid(id));
            filter.plan => |id| work_orders::plan_id.eq(Uid(id));
            filter.order_type => |id| work_orders::order_type_id.eq(Uid(id));
            filter.number.as_deref() => |number| work_orders::number.eq(number);
            filter.external_source.as_deref() => |source| work_orders::external_source.eq(source);
            filter.external_id.as_deref() => |id| work_orders::external_id.eq(id);
            filter.received_from => |from| work_orders::received_at.ge(Micros::from(from));
            filter.received_until => |until| work_orders::received_at.lt(Micros::from(until));
            ask.after => |place| work_orders::received_at
                .le(place.0)
                .and(work_orders::received_at.lt(place.0).or(work_orders::id.lt(Uid(place.1))));
        );
        query.load(c)
    })?;
    Ok(rows)
}

/// Orders into which others were merged after this version. The journal has that under the other order.
fn survivors(conn: &mut Conn, org: Uuid, version: u64) -> Result<Vec<Uid>, DbError> {
    let merges = journal::table
        .filter(journal::org_id.eq(Uid(org)))
        .filter(journal::version.gt(signed(version)))
        .filter(journal::op_type.eq("work_order.merge"))
        .select(journal::body);
    let merges: Vec<String> = both!(conn, c => merges.load(c))?;
    let into = |body: &String| serde_json::from_str::<MergeOperation>(body).ok().map(|op| op.payload.into.into());
    Ok(merges.iter().filter_map(into).collect())
}

#[derive(Deserialize)]
struct MergeOperation {
    payload: Merge,
}
