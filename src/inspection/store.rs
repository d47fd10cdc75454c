//! SQL by which forms, rounds, inspections and faults are found. Forms, rounds and inspections themselves are records.

use diesel::prelude::*;
use mobile_api::{
    inspection::{FoundBy, Inspection, Round, Template},
    record::{Kind, Ref},
    time::Timestamp,
    work_order::WorkOrder,
};
use uuid::Uuid;

use crate::asset;
use crate::db::{
    Conn, DbError, Prepared, both, column_text,
    schema::{faults, inspections, rounds, templates},
    types::{Micros, Uid},
};

/// Brings the columns of a form up to date.
///
/// # Errors
/// The database's.
pub fn project_template(conn: &mut Conn, org: Uuid, template: &Template) -> Result<(), DbError> {
    let values = (
        templates::family_id.eq(Uid::from(template.family)),
        templates::version.eq(i64::from(template.version)),
        templates::code.eq(column_text(template.code.trim())),
        templates::name.eq(column_text(&format!("{} {}", template.name.zh, template.name.en))),
        templates::status.eq(template.state.as_str()),
    );
    let upsert = diesel::insert_into(templates::table)
        .values((templates::org_id.eq(Uid(org)), templates::id.eq(Uid::from(template.id)), values.clone()))
        .on_conflict((templates::org_id, templates::id))
        .do_update()
        .set(values);
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

/// Brings the columns of a round up to date.
///
/// # Errors
/// The database's.
pub fn project_round(conn: &mut Conn, org: Uuid, round: &Round) -> Result<(), DbError> {
    let values = (
        rounds::name.eq(column_text(&round.name)),
        rounds::template_id.eq(Uid::from(round.template)),
        rounds::site_id.eq(Uid::from(round.spot.site)),
        rounds::assignee_id.eq(round.assignee.user.map(Uid::from)),
        rounds::team_id.eq(round.assignee.team.map(Uid::from)),
        rounds::active.eq(round.withdrawn.is_none()),
        rounds::plan_at.eq(round.plan_at.map(Micros::from)),
    );
    let upsert = diesel::insert_into(rounds::table)
        .values((rounds::org_id.eq(Uid(org)), rounds::id.eq(Uid::from(round.id)), values.clone()))
        .on_conflict((rounds::org_id, rounds::id))
        .do_update()
        .set(values);
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

/// The columns of an inspection.
#[derive(Clone, Debug, PartialEq, Insertable, AsChangeset)]
#[diesel(table_name = inspections, treat_none_as_null = true)]
struct Columns {
    at: Micros,
    template_id: Uid,
    round_id: Option<Uid>,
    work_order_id: Option<Uid>,
    site_id: Uid,
    unit_id: Option<Uid>,
    asset_id: Option<Uid>,
    assignee_id: Option<Uid>,
    team_id: Option<Uid>,
    status: &'static str,
    passed: Option<bool>,
    due_until: Option<Micros>,
    finished_at: Option<Micros>,
    points: i64,
    late_points: i64,
    missed_points: i64,
    reach_changes_at: Option<Micros>,
    watch_at: Option<Micros>,
}

fn columns(inspection: &Inspection, now: Timestamp) -> Columns {
    let assignee = inspection.assignee();
    let (late, missed) = inspection.late_and_missed();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    Columns {
        at: inspection.due.map_or(inspection.recorded.latest, |due| due.from).into(),
        template_id: inspection.template.into(),
        round_id: inspection.round.map(Uid::from),
        work_order_id: inspection.order.map(Uid::from),
        site_id: inspection.spot.site.into(),
        unit_id: inspection.spot.unit.map(Uid::from),
        asset_id: inspection.spot.asset.map(Uid::from),
        assignee_id: assignee.user.map(Uid::from),
        team_id: assignee.team.map(Uid::from),
        status: inspection.status().as_str(),
        passed: inspection.result().map(|result| result.passed),
        due_until: inspection.due.map(|due| due.until.into()),
        finished_at: inspection.finished().map(|finished| finished.latest.into()),
        points: count(inspection.points.len()),
        late_points: count(late.len()),
        missed_points: count(missed.len()),
        reach_changes_at: mobile_api::record::RecordType::reach_changes_at(inspection, now).map(Micros::from),
        watch_at: inspection.watch_at().map(Micros::from),
    }
}

/// Brings the columns of an inspection up to date. Nothing is written if they say the same of it as it is stored, `before`:
/// most answers change its record alone.
///
/// # Errors
/// The database's.
pub fn project(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&Inspection>,
    inspection: &Inspection,
    now: Timestamp,
) -> Result<(), DbError> {
    let values = columns(inspection, now);
    if before.is_some_and(|before| columns(before, now) == values) {
        return Ok(());
    }
    let upsert = diesel::insert_into(inspections::table)
        .values((inspections::org_id.eq(Uid(org)), inspections::id.eq(Uid::from(inspection.id)), values.clone()))
        .on_conflict((inspections::org_id, inspections::id))
        .do_update()
        .set(values)
        .returning(inspections::id);
    let _: Vec<Uid> = both!(conn, c => Prepared(upsert).rows(c))?;
    enter_assets(conn, org, before, inspection)
}

/// Enters what was carried out into the history of each asset that it looked at, when it is finished.
fn enter_assets(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&Inspection>,
    inspection: &Inspection,
) -> Result<(), DbError> {
    let Some(finished) = inspection.finished().filter(|_| before.and_then(Inspection::finished).is_none()) else {
        return Ok(());
    };
    let address = Ref::new(Kind::Inspection, inspection.id);
    for asset in inspection.assets() {
        asset::history::enter(conn, org, asset, address, finished.latest)?;
    }
    Ok(())
}

/// Rounds of which turns are to be planned by now, with their organisations; those that waited longest first.
///
/// # Errors
/// The database's.
pub fn plan_due(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let query = rounds::table
        .filter(rounds::plan_at.le(Micros::from(now)))
        .order(rounds::plan_at)
        .limit(most)
        .select((rounds::org_id, rounds::id));
    let rows: Vec<(Uid, Uid)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(org, id)| (org.0, id.0)).collect())
}

/// Inspections whose place in scopes has to be worked out anew by now, oldest first.
///
/// # Errors
/// The database's.
pub fn reach_due(conn: &mut Conn, org: Uuid, now: Timestamp, most: i64) -> Result<Vec<Uuid>, DbError> {
    let query = inspections::table
        .filter(inspections::org_id.eq(Uid(org)))
        .filter(inspections::reach_changes_at.le(Micros::from(now)))
        .order(inspections::reach_changes_at)
        .limit(most)
        .select(inspections::id);
    let rows: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(Uuid::from).collect())
}

/// Inspections that nobody carried out in time, with their organisations; those that waited longest first.
///
/// # Errors
/// The database's.
pub fn watch_due(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let query = inspections::table
        .filter(inspections::watch_at.le(Micros::from(now)))
        .order(inspections::watch_at)
        .limit(most)
        .select((inspections::org_id, inspections::id));
    let rows: Vec<(Uid, Uid)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(org, id)| (org.0, id.0)).collect())
}

/// Notes which faults an order came from or was joined to, as far as it did since it was as `before`.
///
/// # Errors
/// The database's.
pub fn enter_faults(conn: &mut Conn, org: Uuid, before: Option<&WorkOrder>, order: &WorkOrder) -> Result<(), DbError> {
    let known = before.map(|before| before.found_by.as_slice()).unwrap_or_default();
    let fresh: Vec<&FoundBy> = order.found_by.iter().filter(|found| !known.contains(found)).collect();
    for found in fresh {
        let insert = diesel::insert_into(faults::table)
            .values((
                faults::org_id.eq(Uid(org)),
                faults::fault_id.eq(Uid(found.fault)),
                faults::work_order_id.eq(Uid::from(order.id)),
            ))
            .on_conflict_do_nothing();
        both!(conn, c => insert.execute(c))?;
    }
    Ok(())
}

/// Orders that ever came from a fault; at most 20, the newest last. Which of them are open, their records say.
///
/// # Errors
/// The database's.
pub fn orders_of_fault(conn: &mut Conn, org: Uuid, fault: Uuid) -> Result<Vec<Uuid>, DbError> {
    let query = faults::table
        .filter(faults::org_id.eq(Uid(org)))
        .filter(faults::fault_id.eq(Uid(fault)))
        .order(faults::work_order_id.desc())
        .limit(20)
        .select(faults::work_order_id);
    let rows: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(Uuid::from).collect())
}
