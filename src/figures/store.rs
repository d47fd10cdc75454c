//! What settled orders say, in a table ordered by when they were settled: a month is one range of it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types::Bool};
use mobile_api::{
    evidence::Verdict,
    figures::{Facts, Material, Satisfied, Visit},
    return_visit::{Satisfaction, VisitStatus},
    time::Timestamp,
    work_order::WorkOrder,
};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both, insert_rows,
        schema::{order_facts, return_visits},
        types::{Micros, Uid},
    },
    operations::store::uids,
};

// An absent value is written as NULL, not left to the default: only rows of one shape go into one statement.
#[derive(Insertable)]
#[diesel(table_name = order_facts, treat_none_as_default_value = false)]
struct Row {
    org_id: Uid,
    settled_at: Micros,
    order_id: Uid,
    called_at: Micros,
    technician_id: Option<Uid>,
    team_id: Option<Uid>,
    site_id: Uid,
    order_type_id: Uid,
    deadline: Option<&'static str>,
    passed: Option<bool>,
    response_seconds: Option<i64>,
    resolution_seconds: i64,
    labour_minutes: i64,
    rework: bool,
    material_minor: Option<i64>,
    material_unpriced: Option<i64>,
}

fn row(org: Uuid, facts: &Facts) -> Row {
    Row {
        org_id: Uid(org),
        settled_at: facts.settled_at.into(),
        order_id: facts.order.into(),
        called_at: facts.called_at.into(),
        technician_id: facts.technician.map(Uid::from),
        team_id: facts.team.map(Uid::from),
        site_id: facts.site.into(),
        order_type_id: facts.order_type.into(),
        deadline: facts.deadline.map(Verdict::as_str),
        passed: facts.passed,
        response_seconds: facts.response_seconds,
        resolution_seconds: facts.resolution_seconds,
        labour_minutes: facts.labour_minutes,
        rework: facts.rework,
        material_minor: facts.material.map(|material| material.minor),
        material_unpriced: facts.material.map(|material| material.unpriced.into()),
    }
}

/// Keeps the facts of an order in step with it.
///
/// # Errors
/// The database's.
pub fn project(conn: &mut Conn, org: Uuid, before: Option<&WorkOrder>, order: &WorkOrder) -> Result<(), DbError> {
    let (was, is) = (before.and_then(Facts::of), Facts::of(order));
    if was == is {
        return Ok(());
    }
    replace(conn, org, was.as_slice(), is.as_slice())
}

/// Writes facts in place of others.
///
/// # Errors
/// The database's.
pub fn replace(conn: &mut Conn, org: Uuid, gone: &[Facts], facts: &[Facts]) -> Result<(), DbError> {
    for gone in gone {
        let key = (Uid(org), Micros::from(gone.settled_at), Uid::from(gone.order));
        both!(conn, c => diesel::delete(order_facts::table.find(key)).execute(c))?;
    }
    insert(conn, org, facts)
}

/// Writes the facts of new orders; most have none yet.
///
/// # Errors
/// The database's.
pub fn project_new(conn: &mut Conn, org: Uuid, orders: &[&WorkOrder]) -> Result<(), DbError> {
    let facts: Vec<Facts> = orders.iter().filter_map(|order| Facts::of(order)).collect();
    insert(conn, org, &facts)
}

fn insert(conn: &mut Conn, org: Uuid, facts: &[Facts]) -> Result<(), DbError> {
    if facts.is_empty() {
        return Ok(());
    }
    let rows: Vec<Row> = facts.iter().map(|facts| row(org, facts)).collect();
    insert_rows!(conn, rows, rows => diesel::insert_into(order_facts::table).values(rows));
    Ok(())
}

type Loaded = (
    Micros,
    Uid,
    Micros,
    Option<Uid>,
    Option<Uid>,
    Uid,
    Uid,
    Option<String>,
    Option<bool>,
    Option<i64>,
    i64,
    i64,
    bool,
    (Option<i64>, Option<i64>),
);

/// What the orders say that were settled from one instant until before another, in that order. `sites` are those that the reader
/// sees; `None` means all.
///
/// # Errors
/// The database's.
pub fn settled(
    conn: &mut Conn,
    org: Uuid,
    (from, until): (Timestamp, Timestamp),
    sites: Option<&[Uuid]>,
) -> Result<Vec<Facts>, DbError> {
    let any_site = sites.is_none();
    let query = order_facts::table
        .filter(order_facts::org_id.eq(Uid(org)))
        .filter(order_facts::settled_at.ge(Micros::from(from)).and(order_facts::settled_at.lt(Micros::from(until))))
        .filter(any_site.into_sql::<Bool>().or(order_facts::site_id.eq_any(uids(sites.unwrap_or_default()))))
        .order((order_facts::settled_at, order_facts::order_id))
        .select((
            order_facts::settled_at,
            order_facts::order_id,
            order_facts::called_at,
            order_facts::technician_id,
            order_facts::team_id,
            order_facts::site_id,
            order_facts::order_type_id,
            order_facts::deadline,
            order_facts::passed,
            order_facts::response_seconds,
            order_facts::resolution_seconds,
            order_facts::labour_minutes,
            order_facts::rework,
            (order_facts::material_minor, order_facts::material_unpriced),
        ));
    let rows: Vec<Loaded> = both!(conn, c => query.load(c))?;
    let mut visits = visits(conn, org, (from, until))?;
    let with_visit = |row| {
        let facts = facts(row);
        Facts { visit: visits.remove(&facts.order.uuid()).flatten(), ..facts }
    };
    Ok(rows.into_iter().map(with_visit).collect())
}

type Called = (Micros, Uid, Uid, String, Option<String>, Option<Micros>);

/// What became of the first return visit of each order that was settled in this span: a follow-up asks about what was done
/// since, and counts for nothing.
fn visits(
    conn: &mut Conn,
    org: Uuid,
    (from, until): (Timestamp, Timestamp),
) -> Result<HashMap<Uuid, Option<Visit>>, DbError> {
    let query =
        order_facts::table
            .inner_join(return_visits::table.on(
                return_visits::org_id.eq(order_facts::org_id).and(return_visits::about_id.eq(order_facts::order_id)),
            ))
            .filter(order_facts::org_id.eq(Uid(org)))
            .filter(order_facts::settled_at.ge(Micros::from(from)).and(order_facts::settled_at.lt(Micros::from(until))))
            .select((
                return_visits::since,
                return_visits::id,
                return_visits::about_id,
                return_visits::status,
                return_visits::satisfaction,
                return_visits::due_at,
            ));
    let mut rows: Vec<Called> = both!(conn, c => query.load(c))?;
    // Here and not in SQL: SQLite would take that for a reason to go through all visits there ever were.
    rows.sort_unstable_by_key(|row| (row.0.time(), row.1));
    let mut visits = HashMap::new();
    for (_, _, about, status, satisfaction, due) in rows {
        visits.entry(about.0).or_insert_with(|| visit(&status, satisfaction.as_deref(), due));
    }
    Ok(visits)
}

/// `None` if nobody was to be called.
fn visit(status: &str, satisfaction: Option<&str>, due: Option<Micros>) -> Option<Visit> {
    let status: VisitStatus = status.parse().ok().filter(|status| *status != VisitStatus::NotChosen)?;
    let satisfied = satisfaction.map(|said| match said {
        said if said == Satisfaction::Satisfied.as_str() => Satisfied::Yes,
        said if said == Satisfaction::Fair.as_str() => Satisfied::Fair,
        _ => Satisfied::No,
    });
    let due = due.map_or(DateTime::<Utc>::MIN_UTC, Micros::time);
    Some(Visit { due, unreachable: status == VisitStatus::Unreachable, satisfied })
}

fn facts(row: Loaded) -> Facts {
    let (
        settled_at,
        order,
        called_at,
        technician,
        team,
        site,
        order_type,
        deadline,
        passed,
        response,
        resolution,
        labour,
        rework,
        material,
    ) = row;
    Facts {
        order: order.0.into(),
        settled_at: settled_at.time(),
        called_at: called_at.time(),
        technician: technician.map(|id| id.0.into()),
        team: team.map(|id| id.0.into()),
        site: site.0.into(),
        order_type: order_type.0.into(),
        deadline: deadline.and_then(|text| Verdict::parse(&text)),
        passed,
        response_seconds: response,
        resolution_seconds: resolution,
        labour_minutes: labour,
        rework,
        material: material
            .0
            .zip(material.1)
            .map(|(minor, unpriced)| Material { minor, unpriced: u32::try_from(unpriced).unwrap_or(u32::MAX) }),
        visit: None,
    }
}
