//! SQL by which forms, rounds and inspections are listed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use mobile_api::{Actor, Role, inspection::InspectionStatus, record::Kind};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{inspections, records, rounds, templates},
        types::{Micros, Uid},
    },
    operations::store::unsigned,
    paging::{Ask, Listed},
    query::Several,
    sight::{Sight, narrow},
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

type TextRow = (String, Uid, i64, String);

fn listed_by_text((text, id, rev, body): TextRow) -> Listed<String> {
    Listed { place: (text, id.0), rev: unsigned(rev), body, last_seen_at: None }
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
    let rows: Vec<TextRow> = both!(conn, c => {
        let mut query = templates::table
            .inner_join(
                records::table.on(records::org_id
                    .eq(templates::org_id)
                    .and(records::kind.eq(Kind::Template.as_str()))
                    .and(records::id.eq(templates::id))),
            )
            .filter(templates::org_id.eq(Uid(actor.org)))
            .order((templates::code, templates::id))
            .limit(ask.rows())
            .select((templates::code, templates::id, records::rev, records::body))
            .into_boxed();
        narrow!(query:
            field.then_some(()) => |_field| templates::status.eq("published");
            filter.family => |id| templates::family_id.eq(Uid(id));
            filter.code.as_deref() => |code| templates::code.eq(code.trim());
            statuses => |names| templates::status.eq_any(names);
            ask.after.as_ref() => |place| templates::code
                .ge(&place.0)
                .and(templates::code.gt(&place.0).or(templates::id.gt(Uid(place.1))));
        );
        query.load(c)
    })?;
    Ok(rows.into_iter().map(listed_by_text).collect())
}

/// What a reader sees of rounds and inspections, each sort to be found by an index of its own.
#[derive(Clone)]
enum Seen {
    All,
    OfSites(Vec<Uid>),
    Own(Uid),
    OfTeams(Vec<Uid>),
}

impl Seen {
    fn by(actor: &Actor, kind: Kind) -> Vec<Seen> {
        if actor.role == Role::Technician {
            let teams = actor.teams.iter().copied().map(Uid::from).collect();
            return vec![Seen::Own(actor.user.into()), Seen::OfTeams(teams)];
        }
        match Sight::of(actor, kind) {
            Sight::All => vec![Seen::All],
            Sight::Sites(sites) => vec![Seen::OfSites(sites)],
            Sight::Own(_) | Sight::Nothing => Vec::new(),
        }
    }

    fn conditions(self) -> (Option<Vec<Uid>>, Option<Uid>, Option<Vec<Uid>>) {
        match self {
            Seen::All => (None, None, None),
            Seen::OfSites(sites) => (Some(sites), None, None),
            Seen::Own(user) => (None, Some(user), None),
            Seen::OfTeams(teams) => (None, None, Some(teams)),
        }
    }
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
    let mut rows: Vec<TextRow> = Vec::new();
    for seen in Seen::by(actor, Kind::Round) {
        rows.extend(rounds_seen(conn, actor.org, seen, filter, ask)?);
    }
    rows.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    rows.dedup_by_key(|row| row.1);
    rows.truncate(ask.limit.saturating_add(1));
    Ok(rows.into_iter().map(listed_by_text).collect())
}

fn rounds_seen(
    conn: &mut Conn,
    org: Uuid,
    seen: Seen,
    filter: &RoundFilter,
    ask: &Ask<String>,
) -> Result<Vec<TextRow>, DbError> {
    let (sites, own, teams) = seen.conditions();
    let rows = both!(conn, c => {
        let mut query = rounds::table
            .inner_join(
                records::table.on(records::org_id
                    .eq(rounds::org_id)
                    .and(records::kind.eq(Kind::Round.as_str()))
                    .and(records::id.eq(rounds::id))),
            )
            .filter(rounds::org_id.eq(Uid(org)))
            .order((rounds::name, rounds::id))
            .limit(ask.rows())
            .select((rounds::name, rounds::id, records::rev, records::body))
            .into_boxed();
        narrow!(query:
            sites => |sites| rounds::site_id.eq_any(sites);
            own => |user| rounds::assignee_id.eq(user);
            teams => |teams| rounds::team_id.eq_any(teams);
            filter.site => |id| rounds::site_id.eq(Uid(id));
            filter.template => |id| rounds::template_id.eq(Uid(id));
            filter.assignee => |id| rounds::assignee_id.eq(Uid(id));
            filter.team => |id| rounds::team_id.eq(Uid(id));
            filter.active => |active| rounds::active.eq(active);
            ask.after.as_ref() => |place| rounds::name
                .ge(&place.0)
                .and(rounds::name.gt(&place.0).or(rounds::id.gt(Uid(place.1))));
        );
        query.load(c)
    })?;
    Ok(rows)
}

type Row = (i64, Uid, i64, String);

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
    let mut rows: Vec<Row> = Vec::new();
    for seen in Seen::by(actor, Kind::Inspection) {
        rows.extend(inspections_seen(conn, actor.org, seen, filter, ask)?);
    }
    rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.0, row.1)));
    rows.dedup_by_key(|row| row.1);
    rows.truncate(ask.limit.saturating_add(1));
    let listed = |(at, id, rev, body): Row| Listed { place: (at, id.0), rev: unsigned(rev), body, last_seen_at: None };
    Ok(rows.into_iter().map(listed).collect())
}

fn inspections_seen(
    conn: &mut Conn,
    org: Uuid,
    seen: Seen,
    filter: &InspectionFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Row>, DbError> {
    let (sites, own, teams) = seen.conditions();
    let statuses = filter.status.given().map(|given| given.iter().map(|s| s.as_str()).collect::<Vec<_>>());
    let rows = both!(conn, c => {
        let mut query = inspections::table
            .inner_join(
                records::table.on(records::org_id
                    .eq(inspections::org_id)
                    .and(records::kind.eq(Kind::Inspection.as_str()))
                    .and(records::id.eq(inspections::id))),
            )
            .filter(inspections::org_id.eq(Uid(org)))
            .order((inspections::at.desc(), inspections::id.desc()))
            .limit(ask.rows())
            .select((inspections::at, inspections::id, records::rev, records::body))
            .into_boxed();
        narrow!(query:
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
            ask.after => |place| inspections::at
                .le(place.0)
                .and(inspections::at.lt(place.0).or(inspections::id.lt(Uid(place.1))));
        );
        query.load(c)
    })?;
    Ok(rows)
}
