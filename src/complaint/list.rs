//! SQL by which complaints are listed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use mobile_api::{Actor, Role, complaint::ComplaintStatus, record::Kind};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{complaint_people, complaints, records, search_texts},
        types::{Micros, Uid},
    },
    paging::{Ask, Listed, Row, newest, page_of},
    query::Several,
    search::{self, Sought, Wanted},
    sight::Seen,
};

/// Which complaints are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ComplaintFilter {
    /// Part of what was said, found or summed up, of the number or the name; Chinese or Latin, upper and lower case are the same. At
    /// most 200 signs, with at least one letter, digit or Chinese sign.
    #[param(value_type = Option<String>, example = "漏水")]
    pub text: Option<Sought>,
    /// Where they stand; several with commas between them, or the parameter repeated.
    #[param(value_type = Vec<ComplaintStatus>, style = Form, explode = false, required = false, example = json!(["received", "investigating"]))]
    pub status: Several<ComplaintStatus>,
    /// `ordinary` or `serious`.
    #[param(example = "serious")]
    pub severity: Option<String>,
    /// The human number.
    #[param(example = "C2026-000017")]
    pub number: Option<String>,
    /// At this site.
    pub site: Option<Uuid>,
    /// About this unit.
    pub unit: Option<Uuid>,
    /// Of this customer.
    pub customer: Option<Uuid>,
    /// About this asset.
    pub asset: Option<Uuid>,
    /// About this order.
    pub work_order: Option<Uuid>,
    /// About this person.
    pub person: Option<Uuid>,
    /// Of this department.
    pub team: Option<Uuid>,
    /// Summed up under this class.
    pub class: Option<Uuid>,
    /// Whether it was judged to be founded.
    pub founded: Option<bool>,
    /// Whether the manager was told that it is still unsolved.
    pub escalated: Option<bool>,
    /// `true`: something that is still to be done should have been done by now. `false`: all others.
    pub overdue: Option<bool>,
    /// Written down at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Written down before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most complaints of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

impl ComplaintFilter {
    /// Whether the list is short, and quickly found, without a text: what is about one flat, customer or order; what technicians see concerns them.
    fn is_short(&self, actor: &Actor) -> bool {
        let of_one = [self.unit, self.customer, self.asset, self.work_order, self.person].iter().any(Option::is_some);
        of_one || self.number.is_some() || actor.role == Role::Technician
    }
}

/// Complaints that fit the filter and that the actor may see, newest first.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    actor: &Actor,
    filter: &ComplaintFilter,
    ask: &Ask<i64>,
    now: DateTime<Utc>,
) -> Result<Vec<Listed<i64>>, DbError> {
    search::page(
        conn,
        (actor.org, Kind::Complaint),
        (filter.text.as_ref(), filter.is_short(actor)),
        ask,
        |conn| newest_of(conn, actor.org),
        |conn, found| {
            let mut rows = Vec::new();
            for seen in Seen::by(actor, Kind::Complaint) {
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
    let query = complaints::table
        .filter(complaints::org_id.eq(Uid(org)))
        .order(complaints::received_at.desc())
        .limit(1)
        .select(complaints::received_at);
    Ok(both!(conn, c => query.get_result(c).optional())?)
}

fn load(
    conn: &mut Conn,
    org: Uuid,
    (seen, status): (Seen, Option<ComplaintStatus>),
    (filter, found): (&ComplaintFilter, &Wanted),
    ask: &Ask<i64>,
    now: DateTime<Utc>,
) -> Result<Vec<Row<i64>>, DbError> {
    let (sites, own, teams) = seen.conditions();
    let concerning = |user: Uid| {
        complaint_people::table
            .filter(complaint_people::org_id.eq(Uid(org)))
            .filter(complaint_people::user_id.eq(user))
            .select(complaint_people::complaint_id)
    };
    // As a value and not as a condition on another table: that PostgreSQL would turn into a join of everything with everything.
    let containing = |pattern: String| {
        let text = search_texts::table
            .filter(search_texts::org_id.eq(Uid(org)))
            .filter(search_texts::kind.eq(Kind::Complaint.as_str()))
            .filter(search_texts::id.eq(complaints::id))
            .select(search_texts::text);
        text.single_value().assume_not_null().like(pattern).escape('\\')
    };
    let late = || complaints::due_at.is_not_null().and(complaints::due_at.assume_not_null().lt(Micros::from(now)));
    let in_time = || complaints::due_at.is_null().or(complaints::due_at.assume_not_null().ge(Micros::from(now)));
    let rows = page_of!(conn, org, ask, Kind::Complaint => complaints, newest by received_at;
        sites => |sites| complaints::site_id.eq_any(sites);
        own => |user| complaints::id.eq_any(concerning(user));
        teams => |teams| complaints::team_id.eq_any(teams);
        found.ids() => |ids| complaints::id.eq_any(ids);
        found.pattern() => |pattern| containing(pattern.to_owned());
        status => |status| complaints::status.eq(status.as_str());
        filter.severity.as_deref() => |name| complaints::severity.eq(name);
        filter.number.as_deref() => |number| complaints::number.eq(number);
        filter.site => |id| complaints::site_id.eq(Uid(id));
        filter.unit => |id| complaints::unit_id.eq(Uid(id));
        filter.customer => |id| complaints::customer_id.eq(Uid(id));
        filter.asset => |id| complaints::asset_id.eq(Uid(id));
        filter.work_order => |id| complaints::work_order_id.eq(Uid(id));
        filter.person => |id| complaints::person_id.eq(Uid(id));
        filter.team => |id| complaints::team_id.eq(Uid(id));
        filter.class => |id| complaints::class_id.eq(Uid(id));
        filter.founded => |founded| complaints::founded.eq(founded);
        filter.escalated => |escalated| complaints::escalated.eq(escalated);
        filter.overdue.filter(|wanted| *wanted) => |_yes| late();
        filter.overdue.filter(|wanted| !*wanted) => |_no| in_time();
        filter.from => |from| complaints::received_at.ge(Micros::from(from));
        filter.until => |until| complaints::received_at.lt(Micros::from(until));
    );
    Ok(rows)
}
