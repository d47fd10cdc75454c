//! How orders stand to their deadlines: one by one, and counted.

use diesel::{dsl::count_star, prelude::*, sql_types::Bool};
use mobile_api::{
    evidence::Verdict,
    time::Timestamp,
    work_order::{Clock, WorkOrder},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::{
    Conn, DbError, both,
    schema::work_orders,
    types::{Micros, Uid},
};

/// How an order stands to its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// What it waits for has not happened.
    Running,
    /// It was met.
    OnTime,
    /// It was missed.
    Late,
    /// Nobody can prove whether it was met.
    Unprovable,
    /// The order was cancelled, or closed without what the deadline waited for. It runs against nobody any more.
    Dropped,
    /// There is none.
    None,
}

impl Deadline {
    const ALL: [Deadline; 6] =
        [Deadline::Running, Deadline::OnTime, Deadline::Late, Deadline::Unprovable, Deadline::Dropped, Deadline::None];

    /// How an order stands.
    pub fn of(order: &WorkOrder) -> Self {
        match order.clocks.headline().map(|clock| clock.verdict) {
            None => Deadline::None,
            Some(None) if order.status().is_over() => Deadline::Dropped,
            Some(None) => Deadline::Running,
            Some(Some(Verdict::OnTime)) => Deadline::OnTime,
            Some(Some(Verdict::Late)) => Deadline::Late,
            Some(Some(Verdict::Unprovable)) => Deadline::Unprovable,
        }
    }

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Deadline::Running => "running",
            Deadline::OnTime => Verdict::OnTime.as_str(),
            Deadline::Late => Verdict::Late.as_str(),
            Deadline::Unprovable => Verdict::Unprovable.as_str(),
            Deadline::Dropped => "dropped",
            Deadline::None => "none",
        }
    }
}

impl std::str::FromStr for Deadline {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|deadline| deadline.as_str() == text);
        named.ok_or_else(|| format!("unknown deadline `{text}`"))
    }
}

/// The instant after which the order is late by any account.
pub(crate) fn due(clock: &Clock) -> Timestamp {
    clock.agreed.map_or(clock.due, |agreed| agreed.max(clock.due))
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
/// The deadline of an order is the time by which somebody was to be at the door; of orders without one, such as those
/// that were imported, the date by which it was to be settled.
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

    let groups = counted.clone().group_by(work_orders::deadline).select((work_orders::deadline, count_star()));
    let groups: Vec<(String, i64)> = both!(conn, c => groups.load(c))?;
    let within = counted
        .filter(work_orders::deadline.eq(Deadline::Running.as_str()))
        .filter(work_orders::due_at.ge(Micros::from(as_of)))
        .count();
    let within: i64 = both!(conn, c => within.get_result(c))?;

    let mut report = DeadlineReport { open_within_deadline: number(within), ..DeadlineReport::default() };
    for (deadline, count) in groups {
        let count = number(count);
        report.total += count;
        *report.part(&deadline) += count;
    }
    report.open_past_deadline = report.open_past_deadline.saturating_sub(report.open_within_deadline);
    Ok(report)
}

impl DeadlineReport {
    /// Where orders with this column are counted. Whether a deadline that runs is past is not in it.
    fn part(&mut self, deadline: &str) -> &mut u64 {
        match deadline.parse() {
            Ok(Deadline::Running) => &mut self.open_past_deadline,
            Ok(Deadline::OnTime) => &mut self.in_time,
            Ok(Deadline::Late) => &mut self.late,
            Ok(Deadline::Dropped) => &mut self.dropped,
            Ok(Deadline::None) => &mut self.without_deadline,
            Ok(Deadline::Unprovable) | Err(_) => &mut self.unprovable,
        }
    }
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
