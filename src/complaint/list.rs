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
        schema::{complaint_people, complaints, records},
        types::{Micros, Uid},
    },
    operations::store::unsigned,
    paging::{Ask, Listed},
    query::Several,
    sight::{Sight, narrow},
};

/// Which complaints are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ComplaintFilter {
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

type Row = (i64, Uid, i64, String);

/// What a reader sees, each sort to be found by an index of its own.
enum Seen {
    All,
    OfSites(Vec<Uid>),
    Concerning(Uid),
    OfTeams(Vec<Uid>),
}

impl Seen {
    fn by(actor: &Actor) -> Vec<Seen> {
        if actor.role == Role::Technician {
            let teams = actor.teams.iter().copied().map(Uid::from).collect();
            return vec![Seen::Concerning(actor.user.into()), Seen::OfTeams(teams)];
        }
        match Sight::of(actor, Kind::Complaint) {
            Sight::All => vec![Seen::All],
            Sight::Sites(sites) => vec![Seen::OfSites(sites)],
            Sight::Own(_) | Sight::Nothing => Vec::new(),
        }
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
    let mut rows: Vec<Row> = Vec::new();
    for seen in Seen::by(actor) {
        rows.extend(load(conn, actor.org, seen, filter, ask, now)?);
    }
    rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.0, row.1)));
    rows.dedup_by_key(|row| row.1);
    rows.truncate(ask.limit.saturating_add(1));
    let listed = |(at, id, rev, body): Row| Listed { place: (at, id.0), rev: unsigned(rev), body, last_seen_at: None };
    Ok(rows.into_iter().map(listed).collect())
}

fn load(
    conn: &mut Conn,
    org: Uuid,
    seen: Seen,
    filter: &ComplaintFilter,
    ask: &Ask<i64>,
    now: DateTime<Utc>,
) -> Result<Vec<Row>, DbError> {
    let (sites, own, teams) = match seen {
        Seen::All => (None, None, None),
        Seen::OfSites(sites) => (Some(sites), None, None),
        Seen::Concerning(user) => (None, Some(user), None),
        Seen::OfTeams(teams) => (None, None, Some(teams)),
    };
    let concerning = |user: Uid| {
        complaint_people::table
            .filter(complaint_people::org_id.eq(Uid(org)))
            .filter(complaint_people::user_id.eq(user))
            .select(complaint_people::complaint_id)
    };
    let statuses = filter.status.given().map(|given| given.iter().map(|s| s.as_str()).collect::<Vec<_>>());
    let late = || complaints::due_at.is_not_null().and(complaints::due_at.assume_not_null().lt(Micros::from(now)));
    let in_time = || complaints::due_at.is_null().or(complaints::due_at.assume_not_null().ge(Micros::from(now)));
    let rows = both!(conn, c => {
        let mut query = complaints::table
            .inner_join(
                records::table.on(records::org_id
                    .eq(complaints::org_id)
                    .and(records::kind.eq(Kind::Complaint.as_str()))
                    .and(records::id.eq(complaints::id))),
            )
            .filter(complaints::org_id.eq(Uid(org)))
            .order((complaints::received_at.desc(), complaints::id.desc()))
            .limit(ask.rows())
            .select((complaints::received_at, complaints::id, records::rev, records::body))
            .into_boxed();
        narrow!(query:
            sites => |sites| complaints::site_id.eq_any(sites);
            own => |user| complaints::id.eq_any(concerning(user));
            teams => |teams| complaints::team_id.eq_any(teams);
            statuses => |names| complaints::status.eq_any(names);
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
            ask.after => |place| complaints::received_at
                .le(place.0)
                .and(complaints::received_at.lt(place.0).or(complaints::id.lt(Uid(place.1))));
        );
        query.load(c)
    })?;
    Ok(rows)
}
