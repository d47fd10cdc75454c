//! SQL by which forms, rounds and inspections are listed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use mobile_api::{Actor, inspection::InspectionStatus, record::Kind};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError,
        schema::{inspections, records, rounds, templates},
        types::{Micros, Uid},
    },
    paging::{Ask, Listed, Row, alphabetical, newest, page_of},
    query::Several,
    sight::Seen,
};

/// Which forms are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TemplateFilter {
    /// Versions of this form: of which this is the first.
    pub family: Option<Uuid>,
    /// With this code.
    #[param(example = "pump-room")]
    pub code: Option<String>,
    /// `draft`, `published`, `replaced` or `withdrawn`; several with commas between them.
    #[param(value_type = Vec<String>, style = Form, explode = false, required = false, example = json!(["published"]))]
    pub status: Several<String>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most forms of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Which rounds are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RoundFilter {
    /// At this site.
    pub site: Option<Uuid>,
    /// With this version of a form.
    pub template: Option<Uuid>,
    /// Of this person.
    pub assignee: Option<Uuid>,
    /// Of this team.
    pub team: Option<Uuid>,
    /// Whether it is walked; both, if absent.
    pub active: Option<bool>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most rounds of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Which inspections are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InspectionFilter {
    /// Where they stand; several with commas between them, or the parameter repeated.
    #[param(value_type = Vec<InspectionStatus>, style = Form, explode = false, required = false, example = json!(["planned", "running"]))]
    pub status: Several<InspectionStatus>,
    /// Whether it was passed; only of those that are finished.
    pub passed: Option<bool>,
    /// Filled in with this version of a form.
    pub template: Option<Uuid>,
    /// A turn of this round.
    pub round: Option<Uuid>,
    /// Of this order.
    pub work_order: Option<Uuid>,
    /// At this site.
    pub site: Option<Uuid>,
    /// In this unit.
    pub unit: Option<Uuid>,
    /// Of this asset.
    pub asset: Option<Uuid>,
    /// Given to this person.
    pub assignee: Option<Uuid>,
    /// Given to this team.
    pub team: Option<Uuid>,
    /// Due, or begun if nobody planned it, at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Due, or begun if nobody planned it, before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most inspections of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Forms that fit the filter and that the actor may see, by code: the office sees all, a technician those in use.
///
/// # Errors
/// The database's.
pub fn templates(
    conn: &mut Conn,
    actor: &Actor,
    filter: &TemplateFilter,
    ask: &Ask<String>,
) -> Result<Vec<Listed<String>>, DbError> {
    let field = !actor.role.is_office();
    let statuses = filter.status.given().map(<[String]>::to_vec);
    let rows: Vec<Row<String>> = page_of!(conn, actor.org, ask, Kind::Template => templates, alphabetical by code;
        field.then_some(()) => |_field| templates::status.eq("published");
        filter.family => |id| templates::family_id.eq(Uid(id));
        filter.code.as_deref() => |code| templates::code.eq(code.trim());
        statuses => |names| templates::status.eq_any(names);
    );
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// Rounds that fit the filter and that the actor may see, by name: a technician sees their own and those of their teams.
///
/// # Errors
/// The database's.
pub fn rounds(
    conn: &mut Conn,
    actor: &Actor,
    filter: &RoundFilter,
    ask: &Ask<String>,
) -> Result<Vec<Listed<String>>, DbError> {
    let mut rows: Vec<Row<String>> = Vec::new();
    for seen in Seen::by(actor, Kind::Round) {
        rows.extend(rounds_seen(conn, actor.org, seen, filter, ask)?);
    }
    Ok(alphabetical(rows, ask))
}

fn rounds_seen(
    conn: &mut Conn,
    org: Uuid,
    seen: Seen,
    filter: &RoundFilter,
    ask: &Ask<String>,
) -> Result<Vec<Row<String>>, DbError> {
    let (sites, own, teams) = seen.conditions();
    let rows = page_of!(conn, org, ask, Kind::Round => rounds, alphabetical by name;
        sites => |sites| rounds::site_id.eq_any(sites);
        own => |user| rounds::assignee_id.eq(user);
        teams => |teams| rounds::team_id.eq_any(teams);
        filter.site => |id| rounds::site_id.eq(Uid(id));
        filter.template => |id| rounds::template_id.eq(Uid(id));
        filter.assignee => |id| rounds::assignee_id.eq(Uid(id));
        filter.team => |id| rounds::team_id.eq(Uid(id));
        filter.active => |active| rounds::active.eq(active);
    );
    Ok(rows)
}

/// Inspections that fit the filter and that the actor may see, newest first: a technician sees their own and those of their teams.
/// (One that they only took part in they can still read by its id.)
///
/// # Errors
/// The database's.
pub fn inspections(
    conn: &mut Conn,
    actor: &Actor,
    filter: &InspectionFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Listed<i64>>, DbError> {
    let mut rows: Vec<Row<i64>> = Vec::new();
    for seen in Seen::by(actor, Kind::Inspection) {
        rows.extend(inspections_seen(conn, actor.org, seen, filter, ask)?);
    }
    Ok(newest(rows, ask))
}

fn inspections_seen(
    conn: &mut Conn,
    org: Uuid,
    seen: Seen,
    filter: &InspectionFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Row<i64>>, DbError> {
    let (sites, own, teams) = seen.conditions();
    let statuses = filter.status.given().map(|given| given.iter().map(|s| s.as_str()).collect::<Vec<_>>());
    let rows = page_of!(conn, org, ask, Kind::Inspection => inspections, newest by at;
        sites => |sites| inspections::site_id.eq_any(sites);
        own => |user| inspections::assignee_id.eq(user);
        teams => |teams| inspections::team_id.eq_any(teams);
        statuses => |names| inspections::status.eq_any(names);
        filter.passed => |passed| inspections::passed.eq(passed);
        filter.template => |id| inspections::template_id.eq(Uid(id));
        filter.round => |id| inspections::round_id.eq(Uid(id));
        filter.work_order => |id| inspections::work_order_id.eq(Uid(id));
        filter.site => |id| inspections::site_id.eq(Uid(id));
        filter.unit => |id| inspections::unit_id.eq(Uid(id));
        filter.asset => |id| inspections::asset_id.eq(Uid(id));
        filter.assignee => |id| inspections::assignee_id.eq(Uid(id));
        filter.team => |id| inspections::team_id.eq(Uid(id));
        filter.from => |from| inspections::at.ge(Micros::from(from));
        filter.until => |until| inspections::at.lt(Micros::from(until));
    );
    Ok(rows)
}
