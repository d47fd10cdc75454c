//! What settled orders say, in a table ordered by when they were settled: a month is one range of it.

use diesel::{prelude::*, sql_types::Bool};
use mobile_api::{evidence::Verdict, figures::Facts, time::Timestamp, work_order::WorkOrder};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both, insert_rows,
        schema::order_facts,
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
    if let Some(was) = was {
        let key = (Uid(org), Micros::from(was.settled_at), Uid::from(was.order));
        both!(conn, c => diesel::delete(order_facts::table.find(key)).execute(c))?;
    }
    insert(conn, org, is.into_iter().collect())
}

/// Writes the facts of new orders; most have none yet.
///
/// # Errors
/// The database's.
pub fn project_new(conn: &mut Conn, org: Uuid, orders: &[&WorkOrder]) -> Result<(), DbError> {
    insert(conn, org, orders.iter().filter_map(|order| Facts::of(order)).collect())
}

fn insert(conn: &mut Conn, org: Uuid, facts: Vec<Facts>) -> Result<(), DbError> {
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
        ));
    let rows: Vec<Loaded> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(facts).collect())
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
        visit: None,
    }
}
