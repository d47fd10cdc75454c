//! SQL by which work orders are listed and found. The orders themselves are records.

use diesel::prelude::*;
use mobile_api::{
    Id,
    ids::AssetId,
    operation::{OpenOrder, OtherLabour, Subject},
    record::RecordType,
    time::Timestamp,
    work_order::{Labour, Status, WorkOrder},
};
use uuid::Uuid;

use super::deadline::{Deadline, due};
pub use super::deadline::{DeadlineReport, ReportFilter, deadline_report};
use crate::db::{
    Conn, DbError, Prepared, both, column_text, insert_rows,
    schema::{labour, work_orders},
    types::{Micros, Uid},
};

/// The columns of an order that change with it.
#[derive(PartialEq, Insertable, AsChangeset)]
#[diesel(table_name = work_orders, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Changing<'o> {
    number: Option<&'o str>,
    status: &'static str,
    unit_id: Option<Uid>,
    customer_id: Option<Uid>,
    asset_id: Option<Uid>,
    team_id: Option<Uid>,
    assignee_id: Option<Uid>,
    priority: &'static str,
    closed_at: Option<Micros>,
    due_at: Option<Micros>,
    deadline: &'static str,
    reach_changes_at: Option<Micros>,
    watch_at: Option<Micros>,
    signed_at: Option<Micros>,
    passed: Option<bool>,
    warranty_until: Option<Micros>,
}

/// All columns of an order.
// An absent value is written as NULL, not left to the default: only rows of one shape go into one statement.
#[derive(Insertable)]
#[diesel(table_name = work_orders, treat_none_as_default_value = false)]
struct Row<'o> {
    org_id: Uid,
    id: Uid,
    order_type_id: Uid,
    site_id: Uid,
    received_at: Micros,
    external_source: Option<String>,
    external_id: Option<String>,
    plan_id: Option<Uid>,
    #[diesel(embed)]
    changing: Changing<'o>,
}

fn changing(order: &WorkOrder, now: Timestamp) -> Changing<'_> {
    let clock = order.clocks.headline();
    Changing {
        number: order.number.as_deref(),
        status: order.status().as_str(),
        unit_id: order.unit.map(Uid::from),
        customer_id: order.customer.map(Uid::from),
        asset_id: order.asset.map(Uid::from),
        team_id: order.team.map(Uid::from),
        assignee_id: order.technician().map(Uid::from),
        priority: order.priority.as_str(),
        closed_at: order.over_since().map(Micros::from),
        due_at: clock.map(|clock| Micros::from(due(clock))),
        deadline: Deadline::of(order).as_str(),
        reach_changes_at: order.reach_changes_at(now).map(Micros::from),
        watch_at: order.next_alarm().map(|next| Micros::from(next.at)),
        signed_at: order.primary_sign_off().map(|sign_off| Micros::from(sign_off.at.latest)),
        passed: order.passed(),
        warranty_until: order.warranty_until().map(Micros::from),
    }
}

fn row(org: Uuid, order: &WorkOrder, now: Timestamp) -> Row<'_> {
    Row {
        org_id: Uid(org),
        id: order.id.into(),
        order_type_id: order.order_type.into(),
        site_id: order.site.into(),
        received_at: order.called_at.into(),
        external_source: order.source.as_ref().map(|source| column_text(&source.system)),
        external_id: order.source.as_ref().map(|source| column_text(&source.id)),
        plan_id: order.plan.as_ref().map(|of| of.plan.into()),
        changing: changing(order, now),
    }
}

/// Brings the columns of an order up to date. Nothing is written if they say the same of the order as it is stored,
/// `before`: most of what is done to an order changes its record alone.
///
/// # Errors
/// The database's.
pub fn project(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&WorkOrder>,
    order: &WorkOrder,
    now: Timestamp,
) -> Result<(), DbError> {
    let columns = changing(order, now);
    if before.is_some_and(|before| changing(before, now) == columns) {
        return Ok(());
    }
    let update = diesel::update(work_orders::table.find((Uid(org), Uid::from(order.id)))).set(columns);
    let _: Vec<Uid> = both!(conn, c => Prepared(update.returning(work_orders::id)).rows(c))?;
    Ok(())
}

/// Writes the columns of new orders.
///
/// # Errors
/// The database's.
pub fn project_new(conn: &mut Conn, org: Uuid, orders: &[&WorkOrder], now: Timestamp) -> Result<(), DbError> {
    if orders.is_empty() {
        return Ok(());
    }
    let rows: Vec<Row<'_>> = orders.iter().map(|order| row(org, order, now)).collect();
    insert_rows!(conn, rows, rows => diesel::insert_into(work_orders::table).values(rows));
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

/// Orders of which somebody is to be told by now, with their organisations; those that waited longest first.
///
/// # Errors
/// The database's.
pub fn watch_due(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let query = work_orders::table
        .filter(work_orders::watch_at.le(Micros::from(now)))
        .order(work_orders::watch_at)
        .limit(most)
        .select((work_orders::org_id, work_orders::id));
    let rows: Vec<(Uid, Uid)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(org, id)| (org.0, id.0)).collect())
}

/// Orders of a unit or an asset that are not over; at most 20, newest first.
///
/// # Errors
/// The database's.
pub fn open_orders_at(conn: &mut Conn, org: Uuid, about: &Subject) -> Result<Vec<OpenOrder>, DbError> {
    let open = || {
        work_orders::table
            .filter(work_orders::org_id.eq(Uid(org)))
            .filter(work_orders::status.ne_all(over()))
            .order((work_orders::received_at.desc(), work_orders::id))
            .limit(20)
            .select(OPEN)
    };
    let mut rows: Vec<OpenRow> = Vec::new();
    // Each by its index; an order that names another asset in the same unit is about something else.
    if let Some(asset) = about.asset {
        let query = open().filter(work_orders::asset_id.eq(Uid(asset)));
        rows.extend(both!(conn, c => query.load::<OpenRow>(c))?);
    }
    if let Some(unit) = about.unit {
        let at_unit = open().filter(work_orders::unit_id.eq(Uid(unit)));
        if about.asset.is_some() {
            let query = at_unit.filter(work_orders::asset_id.is_null());
            rows.extend(both!(conn, c => query.load::<OpenRow>(c))?);
        } else {
            rows.extend(both!(conn, c => at_unit.load::<OpenRow>(c))?);
        }
    }
    Ok(rows.into_iter().map(open_order).collect())
}

type OpenRow = (Uid, Option<Uid>, Option<Uid>, Uid, Micros);

/// The columns of an [`OpenRow`].
const OPEN: (
    work_orders::id,
    work_orders::unit_id,
    work_orders::asset_id,
    work_orders::order_type_id,
    work_orders::received_at,
) = (
    work_orders::id,
    work_orders::unit_id,
    work_orders::asset_id,
    work_orders::order_type_id,
    work_orders::received_at,
);

fn open_order((id, unit, asset, order_type, received_at): OpenRow) -> OpenOrder {
    let about = Subject { unit: unit.map(Uuid::from), asset: asset.map(Uuid::from) };
    OpenOrder { work_order: id.into(), about, order_type: order_type.0, received_at: received_at.time() }
}

/// The last orders about an asset that were not cancelled; at most 20, newest first.
///
/// # Errors
/// The database's.
pub fn faults_of(conn: &mut Conn, org: Uuid, asset: AssetId) -> Result<Vec<OpenOrder>, DbError> {
    let query = work_orders::table
        .filter(work_orders::org_id.eq(Uid(org)))
        .filter(work_orders::asset_id.eq(Uid::from(asset)))
        // What a plan had made is no fault.
        .filter(work_orders::plan_id.is_null())
        .filter(work_orders::status.ne(Status::Cancelled.as_str()))
        .order((work_orders::received_at.desc(), work_orders::id))
        .limit(20)
        .select(OPEN);
    let rows: Vec<OpenRow> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(open_order).collect())
}

/// Orders of a unit or an asset whose work is under warranty at `at`; at most 20, the longest first.
///
/// # Errors
/// The database's.
pub fn under_warranty_at(conn: &mut Conn, org: Uuid, about: &Subject, at: Timestamp) -> Result<Vec<Uuid>, DbError> {
    let done = || {
        work_orders::table
            .filter(work_orders::org_id.eq(Uid(org)))
            .filter(work_orders::warranty_until.ge(Micros::from(at)))
            .order((work_orders::warranty_until.desc(), work_orders::id))
            .limit(20)
            .select(work_orders::id)
    };
    let mut rows: Vec<Uid> = Vec::new();
    if let Some(asset) = about.asset {
        let query = done().filter(work_orders::asset_id.eq(Uid(asset)));
        rows.extend(both!(conn, c => query.load::<Uid>(c))?);
    }
    if let Some(unit) = about.unit {
        let at_unit = done().filter(work_orders::unit_id.eq(Uid(unit)));
        if about.asset.is_some() {
            let query = at_unit.filter(work_orders::asset_id.is_null());
            rows.extend(both!(conn, c => query.load::<Uid>(c))?);
        } else {
            rows.extend(both!(conn, c => at_unit.load::<Uid>(c))?);
        }
    }
    Ok(rows.into_iter().map(Uuid::from).collect())
}

/// A technician's orders that are not finished.
///
/// # Errors
/// The database's.
pub fn open_of(conn: &mut Conn, org: Uuid, technician: Uuid) -> Result<Vec<Uuid>, DbError> {
    let query = work_orders::table
        .filter(work_orders::org_id.eq(Uid(org)))
        .filter(work_orders::assignee_id.eq(Uid(technician)))
        .filter(work_orders::status.eq_any(unfinished()))
        .select(work_orders::id);
    let rows: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(Uuid::from).collect())
}

/// What each technician has to do: whose, in which state, at which site.
///
/// # Errors
/// The database's.
pub fn work_in_hand(conn: &mut Conn, org: Uuid) -> Result<Vec<(Uuid, Status, Uuid)>, DbError> {
    let query = work_orders::table
        .filter(work_orders::org_id.eq(Uid(org)))
        .filter(work_orders::status.eq_any(unfinished()))
        .filter(work_orders::assignee_id.is_not_null())
        .select((work_orders::assignee_id.assume_not_null(), work_orders::status, work_orders::site_id));
    let rows: Vec<(Uid, String, Uid)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().filter_map(|(user, status, site)| Some((user.0, Status::parse(&status)?, site.0))).collect())
}

/// The statuses in which an order is somebody's and still to be done.
fn unfinished() -> Vec<&'static str> {
    let mine = |status: &&Status| (Status::Assigned..Status::Finished).contains(*status);
    Status::ALL.iter().filter(mine).map(|status| status.as_str()).collect()
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

/// Takes a working time that was voided out of the index.
///
/// # Errors
/// The database's.
pub fn delete_labour(conn: &mut Conn, org: Uuid, entry: &Labour) -> Result<(), DbError> {
    let key = (Uid(org), Uid::from(entry.by), Micros::from(entry.from), Uid(entry.op));
    both!(conn, c => diesel::delete(labour::table.find(key)).execute(c))?;
    Ok(())
}

/// The statuses after which nothing more is to happen.
fn over() -> Vec<&'static str> {
    Status::ALL.iter().filter(|status| status.is_over()).map(|status| status.as_str()).collect()
}
