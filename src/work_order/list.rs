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
        schema::{journal, records, search_texts, work_orders},
        types::{Micros, Uid},
    },
    operations::store::signed,
    paging::{Ask, Listed, Row, newest, page_of},
    query::Several,
    search::{self, Sought, Wanted},
    sight::Seen,
};

/// Which orders are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorkOrderFilter {
    /// Part of what is wrong, of the place, the number, the caller or what was found; Chinese or Latin, upper and lower case are the
    /// same. At most 200 signs, with at least one letter, digit or Chinese sign.
    #[param(value_type = Option<String>, example = "漏水")]
    pub text: Option<Sought>,
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

impl WorkOrderFilter {
    /// Whether the list is short, and quickly found, without a text: what one technician, flat or customer has; what technicians see is theirs.
    fn is_short(&self, actor: &Actor) -> bool {
        let of_one = [self.assignee, self.unit, self.customer, self.asset, self.plan].iter().any(Option::is_some);
        of_one || self.number.is_some() || self.external_id.is_some() || actor.role == Role::Technician
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
    search::page(
        conn,
        (actor.org, Kind::WorkOrder),
        (filter.text.as_ref(), filter.is_short(actor)),
        ask,
        |conn| newest_of(conn, actor.org),
        |conn, found| {
            let mut rows = Vec::new();
            for seen in Seen::by(actor, Kind::WorkOrder) {
                for status in filter.status.each() {
                    rows.extend(load(conn, actor.org, (seen.clone(), status), (filter, found), ask, now)?);
                }
            }
            Ok(newest(rows, ask))
        },
    )
}

/// Where the list begins.
fn newest_of(conn: &mut Conn, org: Uuid) -> Result<Option<i64>, DbError> {
    let query = work_orders::table
        .filter(work_orders::org_id.eq(Uid(org)))
        .order(work_orders::received_at.desc())
        .limit(1)
        .select(work_orders::received_at);
    Ok(both!(conn, c => query.get_result(c).optional())?)
}

fn load(
    conn: &mut Conn,
    org: Uuid,
    (seen, status): (Seen, Option<Status>),
    (filter, found): (&WorkOrderFilter, &Wanted),
    ask: &Ask<i64>,
    now: DateTime<Utc>,
) -> Result<Vec<Row<i64>>, DbError> {
    let (sites, own, pool) = seen.conditions();
    let survivors = filter.changed_after.map(|version| survivors(conn, org, version)).transpose()?;
    let deadlines = filter.deadline.given().map(|given| given.iter().map(|d| d.as_str()).collect::<Vec<_>>());
    let overdue = || {
        let late = work_orders::due_at.lt(Micros::from(now)).assume_not_null();
        work_orders::due_at.is_not_null().and(work_orders::deadline.eq(Deadline::Running.as_str())).and(late)
    };
    // As a value and not as a condition on another table: that PostgreSQL would turn into a join of everything with everything.
    let containing = |pattern: String| {
        let text = search_texts::table
            .filter(search_texts::org_id.eq(Uid(org)))
            .filter(search_texts::kind.eq(Kind::WorkOrder.as_str()))
            .filter(search_texts::id.eq(work_orders::id))
            .select(search_texts::text);
        text.single_value().assume_not_null().like(pattern).escape('\\')
    };
    let recorded_after = journal::table
        .filter(journal::org_id.eq(Uid(org)))
        .filter(journal::kind.eq(Kind::WorkOrder.as_str()))
        .filter(journal::version.gt(signed(filter.changed_after.unwrap_or_default())))
        .select(journal::entity_id);
    let rows = page_of!(conn, org, ask, Kind::WorkOrder => work_orders, newest by received_at;
        own => |user| work_orders::assignee_id.eq(user);
        pool => |teams| work_orders::status.eq(Status::Requested.as_str()).and(work_orders::team_id.eq_any(teams));
        sites => |sites| work_orders::site_id.eq_any(sites);
        survivors => |ids| work_orders::id.eq_any(recorded_after).or(work_orders::id.eq_any(ids));
        found.ids() => |ids| work_orders::id.eq_any(ids);
        found.pattern() => |pattern| containing(pattern.to_owned());
        status => |status| work_orders::status.eq(status.as_str());
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
    );
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
