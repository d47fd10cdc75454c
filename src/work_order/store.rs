//! SQL by which work orders are listed and found. The orders themselves are records.

use diesel::{dsl::count_star, prelude::*, sql_types::Bool};
use mobile_api::{
    Id,
    evidence::Verdict,
    operation::{OpenOrder, OtherLabour},
    record::RecordType,
    time::Timestamp,
    work_order::{Labour, Status, WorkOrder},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::{
    Conn, DbError, both, column_text,
    schema::{labour, work_orders},
    types::{Micros, Uid},
};

/// The column `deadline` of an order that has none.
pub(super) const NO_DEADLINE: &str = "none";

/// The column `deadline` of an order whose clock has not stopped.
pub(super) const RUNNING: &str = "running";

/// Writes the columns of an order. `fresh` tells that it has no row yet.
///
/// # Errors
/// The database's.
pub fn project(conn: &mut Conn, org: Uuid, order: &WorkOrder, now: Timestamp, fresh: bool) -> Result<(), DbError> {
    let clock = order.clocks.headline();
    let deadline = match clock {
        None => NO_DEADLINE,
        Some(clock) => clock.verdict.map_or(RUNNING, |verdict| verdict.as_str()),
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
    let query = work_orders::table
        .filter(work_orders::org_id.eq(Uid(org)))
        .filter(work_orders::unit_id.eq(Uid(unit)))
        .filter(work_orders::status.ne_all(over()))
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

/// Which orders a report counts.
#[derive(Clone, Debug, Default)]
pub struct ReportFilter {
    /// Received at this instant or later.
    pub received_from: Option<Timestamp>,
    /// Received before this instant.
    pub received_until: Option<Timestamp>,
    /// Of these sites; `None` means of all, an empty list of none.
    pub sites: Option<Vec<Uuid>>,
    /// Taken over from this system.
    pub source: Option<String>,
}

/// How orders stand to their deadlines. Each order is counted once, so that the parts add up to `total`.
///
/// The deadline of an order is the date by which it was to be settled, if it has one (imported orders do); otherwise
/// the time by which somebody was to be at the door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "total": 58251, "in_time": 35591, "late": 8230, "unprovable": 0, "open_past_deadline": 3449,
    "open_within_deadline": 0, "dropped": 0, "without_deadline": 10981
}))]
pub struct DeadlineReport {
    /// All of them.
    pub total: u64,
    /// The deadline was met.
    pub in_time: u64,
    /// It was missed.
    pub late: u64,
    /// Nobody can prove whether it was met.
    pub unprovable: u64,
    /// It is past, and what it waits for has not happened.
    pub open_past_deadline: u64,
    /// It is still to come.
    pub open_within_deadline: u64,
    /// The order was cancelled, or closed without what the deadline waited for.
    pub dropped: u64,
    /// There is none.
    pub without_deadline: u64,
}

/// Counts orders by how they stand to their deadlines, from the columns alone.
///
/// `as_of` only tells deadlines that are past from those to come; what was judged stays judged.
///
/// # Errors
/// The database's.
pub fn deadline_report(
    conn: &mut Conn,
    org: Uuid,
    as_of: Timestamp,
    filter: &ReportFilter,
) -> Result<DeadlineReport, DbError> {
    let from = filter.received_from.map_or(i64::MIN, |from| from.timestamp_micros());
    let until = filter.received_until.map_or(i64::MAX, |until| until.timestamp_micros());
    let any_site = filter.sites.is_none();
    let sites: Vec<Uid> = filter.sites.iter().flatten().copied().map(Uid).collect();
    let any_source = filter.source.is_none();
    let source = filter.source.as_deref().unwrap_or_default();
    let counted = work_orders::table
        .filter(work_orders::org_id.eq(Uid(org)))
        .filter(work_orders::received_at.ge(from).and(work_orders::received_at.lt(until)))
        .filter(any_site.into_sql::<Bool>().or(work_orders::site_id.eq_any(sites)))
        .filter(any_source.into_sql::<Bool>().nullable().or(work_orders::external_source.eq(source)));

    let groups = counted
        .clone()
        .group_by((work_orders::deadline, work_orders::status))
        .select((work_orders::deadline, work_orders::status, count_star()));
    let groups: Vec<(String, String, i64)> = both!(conn, c => groups.load(c))?;
    let within = counted
        .filter(work_orders::deadline.eq(RUNNING))
        .filter(work_orders::status.ne_all(over()))
        .filter(work_orders::due_at.ge(Micros::from(as_of)))
        .count();
    let within: i64 = both!(conn, c => within.get_result(c))?;

    let mut report = DeadlineReport { open_within_deadline: number(within), ..DeadlineReport::default() };
    for (deadline, status, count) in groups {
        let count = number(count);
        report.total += count;
        *report.part(&deadline, &status) += count;
    }
    report.open_past_deadline = report.open_past_deadline.saturating_sub(report.open_within_deadline);
    Ok(report)
}

impl DeadlineReport {
    /// Where an order with these columns is counted. Whether a deadline that runs is past is not among them.
    fn part(&mut self, deadline: &str, status: &str) -> &mut u64 {
        let is_over = Status::parse(status).is_some_and(Status::is_over);
        match deadline {
            NO_DEADLINE => &mut self.without_deadline,
            RUNNING if is_over => &mut self.dropped,
            RUNNING => &mut self.open_past_deadline,
            verdict if verdict == Verdict::OnTime.as_str() => &mut self.in_time,
            verdict if verdict == Verdict::Late.as_str() => &mut self.late,
            _ => &mut self.unprovable,
        }
    }
}

/// The statuses after which nothing more is to happen.
fn over() -> Vec<&'static str> {
    Status::ALL.iter().filter(|status| status.is_over()).map(|status| status.as_str()).collect()
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
