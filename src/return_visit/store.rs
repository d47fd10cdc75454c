//! SQL by which return visits are found.

use diesel::prelude::*;
use mobile_api::{ids::CustomerId, return_visit::ReturnVisit, time::Timestamp};
use uuid::Uuid;

use crate::db::{
    Conn, DbError, both,
    schema::return_visits,
    types::{Micros, Uid},
};

/// Brings the columns of a return visit up to date.
///
/// # Errors
/// The database's.
pub fn project(conn: &mut Conn, org: Uuid, visit: &ReturnVisit) -> Result<(), DbError> {
    let waiting = visit.is_waiting();
    let values = (
        return_visits::about_id.eq(Uid(visit.about.id)),
        return_visits::site_id.eq(Uid::from(visit.site)),
        return_visits::unit_id.eq(visit.unit.map(Uid::from)),
        return_visits::customer_id.eq(visit.customer.map(Uid::from)),
        return_visits::assignee_id.eq(visit.assignee.map(Uid::from)),
        return_visits::status.eq(visit.status().as_str()),
        return_visits::satisfaction.eq(visit.answer().map(|answer| answer.satisfaction.as_str())),
        return_visits::disagrees.eq(visit.disagrees),
        return_visits::since.eq(Micros::from(visit.since)),
        return_visits::due_at.eq(waiting.then(|| Micros::from(visit.due_by))),
        return_visits::next_at.eq(visit.next_at.filter(|_| waiting).map(Micros::from)),
        return_visits::watch_at.eq(visit.watch_at().map(Micros::from)),
    );
    let upsert = diesel::insert_into(return_visits::table)
        .values((return_visits::org_id.eq(Uid(org)), return_visits::id.eq(Uid::from(visit.id)), values))
        .on_conflict((return_visits::org_id, return_visits::id))
        .do_update()
        .set(values);
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

/// Return visits of a customer who is still to be called.
///
/// # Errors
/// The database's.
pub fn open_of(conn: &mut Conn, org: Uuid, customer: CustomerId) -> Result<Vec<Uuid>, DbError> {
    let query = return_visits::table
        .filter(return_visits::org_id.eq(Uid(org)))
        .filter(return_visits::customer_id.eq(Uid::from(customer)))
        .filter(return_visits::due_at.is_not_null())
        .order(return_visits::id)
        .select(return_visits::id);
    let rows: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|id| id.0).collect())
}

/// Return visits that nobody made by now and of which nobody was told, with their organisations; those that waited longest first.
///
/// # Errors
/// The database's.
pub fn watch_due(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let query = return_visits::table
        .filter(return_visits::watch_at.le(Micros::from(now)))
        .order(return_visits::watch_at)
        .limit(most)
        .select((return_visits::org_id, return_visits::id));
    let rows: Vec<(Uid, Uid)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(org, id)| (org.0, id.0)).collect())
}
