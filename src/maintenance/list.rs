//! SQL by which plans, shutdowns and notices are listed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use mobile_api::{Actor, maintenance::ShutdownStatus, record::Kind};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{maintenance_plans, records, shutdown_notices, shutdowns},
        types::{Micros, Uid},
    },
    paging::{Ask, Listed, Row, found, newest, page_of},
    query::Several,
    sight::{Seen, Sight, narrow},
};

/// Which plans are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlanFilter {
    /// At this site.
    pub site: Option<Uuid>,
    /// For this asset.
    pub asset: Option<Uuid>,
    /// Whether it makes orders; both, if absent.
    pub active: Option<bool>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most plans of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Which shutdowns are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShutdownFilter {
    /// Where they stand; several with commas between them, or the parameter repeated.
    #[param(value_type = Vec<ShutdownStatus>, style = Form, explode = false, required = false, example = json!(["draft", "approved"]))]
    pub status: Several<ShutdownStatus>,
    /// At this site.
    pub site: Option<Uuid>,
    /// For work on this asset.
    pub asset: Option<Uuid>,
    /// Of this plan.
    pub plan: Option<Uuid>,
    /// For this order.
    pub work_order: Option<Uuid>,
    /// Beginning at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Beginning before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most shutdowns of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Which notices are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NoticeFilter {
    /// Of this shutdown.
    pub shutdown: Option<Uuid>,
    /// To this unit.
    pub unit: Option<Uuid>,
    /// To this department.
    pub team: Option<Uuid>,
    /// Whether the newest edition was read; both, if absent.
    pub read: Option<bool>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most notices of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Plans that fit the filter and that the actor may see, by name.
///
/// # Errors
/// The database's.
pub fn plans(
    conn: &mut Conn,
    actor: &Actor,
    filter: &PlanFilter,
    ask: &Ask<String>,
) -> Result<Vec<Listed<String>>, DbError> {
    let Some(sites) = sites_of(actor, Kind::MaintenancePlan) else { return Ok(Vec::new()) };
    let rows: Vec<Row<String>> = page_of!(conn, actor.org, ask, Kind::MaintenancePlan => maintenance_plans, alphabetical by name;
        sites => |sites| maintenance_plans::site_id.eq_any(sites);
        filter.site => |id| maintenance_plans::site_id.eq(Uid(id));
        filter.asset => |id| maintenance_plans::asset_id.eq(Uid(id));
        filter.active => |active| maintenance_plans::active.eq(active);
    );
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// The sites that an office reader sees; `None` for who sees nothing.
fn sites_of(actor: &Actor, kind: Kind) -> Option<Option<Vec<Uid>>> {
    match Sight::of(actor, kind) {
        Sight::All => Some(None),
        Sight::Sites(sites) => Some(Some(sites)),
        Sight::Own(_) | Sight::Nothing => None,
    }
}

/// Shutdowns that fit the filter and that the actor may see, those that begin last first: a technician sees those that were given to
/// them or their teams.
///
/// # Errors
/// The database's.
pub fn shutdowns(
    conn: &mut Conn,
    actor: &Actor,
    filter: &ShutdownFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Listed<i64>>, DbError> {
    let mut rows: Vec<Row<i64>> = Vec::new();
    for seen in Seen::by(actor, Kind::Shutdown) {
        rows.extend(shutdowns_seen(conn, actor.org, seen, filter, ask)?);
    }
    Ok(newest(rows, ask))
}

fn shutdowns_seen(
    conn: &mut Conn,
    org: Uuid,
    seen: Seen,
    filter: &ShutdownFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Row<i64>>, DbError> {
    let (sites, own, teams) = seen.conditions();
    let statuses = filter.status.given().map(|given| given.iter().map(|s| s.as_str()).collect::<Vec<_>>());
    let rows = page_of!(conn, org, ask, Kind::Shutdown => shutdowns, newest by begins_at;
        sites => |sites| shutdowns::site_id.eq_any(sites);
        own => |user| shutdowns::assignee_id.eq(user);
        teams => |teams| shutdowns::team_id.eq_any(teams);
        statuses => |names| shutdowns::status.eq_any(names);
        filter.site => |id| shutdowns::site_id.eq(Uid(id));
        filter.asset => |id| shutdowns::asset_id.eq(Uid(id));
        filter.plan => |id| shutdowns::plan_id.eq(Uid(id));
        filter.work_order => |id| shutdowns::work_order_id.eq(Uid(id));
        filter.from => |from| shutdowns::begins_at.ge(Micros::from(from));
        filter.until => |until| shutdowns::begins_at.lt(Micros::from(until));
    );
    Ok(rows)
}

/// Notices that fit the filter and that the actor may see, by their id.
///
/// # Errors
/// The database's.
pub fn notices(
    conn: &mut Conn,
    actor: &Actor,
    filter: &NoticeFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Listed<i64>>, DbError> {
    let Some(sites) = sites_of(actor, Kind::ShutdownNotice) else { return Ok(Vec::new()) };
    let rows: Vec<(Uid, i64, String)> = both!(conn, c => {
        let mut query = found!(shutdown_notices, Kind::ShutdownNotice, actor.org)
            .inner_join(
                shutdowns::table.on(shutdowns::org_id
                    .eq(shutdown_notices::org_id)
                    .and(shutdowns::id.eq(shutdown_notices::shutdown_id))),
            )
            .order(shutdown_notices::id)
            .limit(ask.rows())
            .select((shutdown_notices::id, records::rev, records::body))
            .into_boxed();
        narrow!(query:
            sites => |sites| shutdown_notices::site_id.eq_any(sites);
            filter.shutdown => |id| shutdown_notices::shutdown_id.eq(Uid(id));
            filter.unit => |id| shutdown_notices::unit_id.eq(Uid(id));
            filter.team => |id| shutdown_notices::team_id.eq(Uid(id));
            filter.read.filter(|read| *read) => |_yes| shutdown_notices::read_edition.ge(shutdowns::edition);
            filter.read.filter(|read| !*read) => |_no| shutdown_notices::read_edition.lt(shutdowns::edition);
            ask.after => |place| shutdown_notices::id.gt(Uid(place.1));
        );
        query.load(c)
    })?;
    Ok(rows.into_iter().map(|(id, rev, body)| Listed::from((0, id, rev, body))).collect())
}
