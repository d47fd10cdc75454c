//! SQL by which work orders are listed and found. The orders themselves are records.

use diesel::prelude::*;
use mobile_api::{
    Id,
    operation::{OpenOrder, OtherLabour},
    record::RecordType,
    time::Timestamp,
    work_order::{Labour, Status, WorkOrder},
};
use uuid::Uuid;

use crate::db::{
    Conn, DbError, both, column_text,
    schema::{labour, work_orders},
    types::{Micros, Uid},
};

/// Writes the columns of an order. `fresh` tells that it has no row yet.
///
/// # Errors
/// The database's.
pub fn project(conn: &mut Conn, org: Uuid, order: &WorkOrder, now: Timestamp, fresh: bool) -> Result<(), DbError> {
    let clock = order.clocks.headline();
    let deadline = match clock {
        None => "none",
        Some(clock) => clock.verdict.map_or("running", |verdict| verdict.as_str()),
    };
    let changing = (
        (
            work_orders::number.eq(&order.number),
            work_orders::status.eq(order.status().as_str()),
            work_orders::unit_id.eq(order.unit.map(Uid::from)),
            work_orders::customer_id.eq(order.customer.map(Uid::from)),
            work_orders::team_id.eq(order.team.map(Uid::from)),
            work_orders::assignee_id.eq(order.technician().map(Uid::from)),
            work_orders::priority.eq(order.priority.as_str()),
        ),
        (
            work_orders::closed_at.eq(order.over_since().map(Micros::from)),
            work_orders::due_at.eq(clock.map(|clock| Micros::from(clock.due))),
            work_orders::deadline.eq(deadline),
            work_orders::reach_changes_at.eq(order.reach_changes_at(now).map(Micros::from)),
        ),
    );
    if !fresh {
        let update = diesel::update(work_orders::table.find((Uid(org), Uid::from(order.id)))).set(changing);
        both!(conn, c => update.execute(c))?;
        return Ok(());
    }
    let insert = diesel::insert_into(work_orders::table).values((
        (
            work_orders::org_id.eq(Uid(org)),
            work_orders::id.eq(Uid::from(order.id)),
            work_orders::order_type_id.eq(Uid::from(order.order_type)),
            work_orders::site_id.eq(Uid::from(order.site)),
            work_orders::received_at.eq(Micros::from(order.called_at)),
            work_orders::external_source.eq(order.source.as_ref().map(|source| column_text(&source.system))),
            work_orders::external_id.eq(order.source.as_ref().map(|source| column_text(&source.id))),
        ),
        changing,
    ));
    both!(conn, c => insert.execute(c))?;
    Ok(())
}

/// Orders whose place in scopes has to be worked out anew by now, oldest first.
///
/// # Errors
/// The database's.
pub fn reach_due(conn: &mut Conn, org: Uuid, now: Timestamp, most: i64) -> Result<Vec<Uuid>, DbError> {
    let query = work_orders::table
        .filter(work_orders::org_id.eq(Uid(org)))
        .filter(work_orders::reach_changes_at.le(Micros::from(now)))
        .order(work_orders::reach_changes_at)
        .limit(most)
        .select(work_orders::id);
    let rows: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(Uuid::from).collect())
}

/// Orders of a unit that are not over; at most 20, newest first.
///
/// # Errors
/// The database's.
pub fn open_orders_at(conn: &mut Conn, org: Uuid, unit: Uuid) -> Result<Vec<OpenOrder>, DbError> {
    let over: Vec<&str> = Status::ALL.iter().filter(|status| status.is_over()).map(|status| status.as_str()).collect();
    let query = work_orders::table
        .filter(work_orders::org_id.eq(Uid(org)))
        .filter(work_orders::unit_id.eq(Uid(unit)))
        .filter(work_orders::status.ne_all(over))
        .order((work_orders::received_at.desc(), work_orders::id))
        .limit(20)
        .select((work_orders::id, work_orders::order_type_id, work_orders::received_at));
    let rows: Vec<(Uid, Uid, Micros)> = both!(conn, c => query.load(c))?;
    let open = |(id, order_type, received_at): (Uid, Uid, Micros)| OpenOrder {
        work_order: id.into(),
        order_type: order_type.0,
        received_at: received_at.time(),
    };
    Ok(rows.into_iter().map(open).collect())
}

/// A technician's working times that overlap the span; at most 20.
///
/// # Errors
/// The database's.
pub fn overlapping_labour(
    conn: &mut Conn,
    org: Uuid,
    technician: Uuid,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<OtherLabour>, DbError> {
    // No working time is longer than two days, which bounds how far back the index has to be read.
    let earliest = from.checked_sub_signed(chrono::Duration::days(2)).unwrap_or(from);
    let query = labour::table
        .filter(labour::org_id.eq(Uid(org)))
        .filter(labour::technician_id.eq(Uid(technician)))
        .filter(labour::started_at.ge(Micros::from(earliest)))
        .filter(labour::started_at.lt(Micros::from(until)))
        .filter(labour::ended_at.gt(Micros::from(from)))
        .limit(20)
        .select((labour::work_order_id, labour::op_id));
    let rows: Vec<(Uid, Uid)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(order, op)| OtherLabour { work_order: order.0, op: op.0 }).collect())
}

/// Enters a working time by technician.
///
/// # Errors
/// The database's.
pub fn insert_labour(conn: &mut Conn, org: Uuid, order: Id<WorkOrder>, entry: &Labour) -> Result<(), DbError> {
    let insert = diesel::insert_into(labour::table).values((
        labour::org_id.eq(Uid(org)),
        labour::technician_id.eq(Uid::from(entry.by)),
        labour::started_at.eq(Micros::from(entry.from)),
        labour::op_id.eq(Uid(entry.op)),
        labour::ended_at.eq(Micros::from(entry.until)),
        labour::work_order_id.eq(Uid::from(order)),
    ));
    both!(conn, c => insert.execute(c))?;
    Ok(())
}

/// Removes a working time that was taken back, if it is there.
///
/// # Errors
/// The database's.
pub fn delete_labour(conn: &mut Conn, org: Uuid, entry: &Labour) -> Result<(), DbError> {
    let delete =
        diesel::delete(labour::table.find((Uid(org), Uid::from(entry.by), Micros::from(entry.from), Uid(entry.op))));
    both!(conn, c => delete.execute(c))?;
    Ok(())
}
