//! How often work was good at once: accepted the first time, and not done again (维修合格率).

use diesel::{prelude::*, sql_types::Bool};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::{Conn, DbError, both, schema::work_orders, types::Uid};
use mobile_api::{money::WHOLE, time::Timestamp};

/// Which orders are counted.
#[derive(Clone, Debug, Default)]
pub struct QualityFilter {
    /// Signed for at this instant or later.
    pub signed_from: Option<Timestamp>,
    /// Signed for before this instant.
    pub signed_until: Option<Timestamp>,
    /// Of these sites; `None` means of all, an empty list of none.
    pub sites: Option<Vec<Uuid>>,
}

/// How often work was good at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({ "signed": 120, "passed": 111, "pass_rate": 9250 }))]
pub struct QualityReport {
    /// Orders that the customer signed for.
    pub signed: u64,
    /// Of these, those that were accepted the first time and not done again.
    pub passed: u64,
    /// Their share in parts per ten thousand, rounded down; none if there is nothing to share.
    pub pass_rate: Option<u64>,
}

/// Counts signed orders and those that passed, from the columns alone. An order that has to be done again later falls
/// out of those that passed, in the time in which it was signed for.
///
/// # Errors
/// The database's.
pub fn quality_report(conn: &mut Conn, org: Uuid, filter: &QualityFilter) -> Result<QualityReport, DbError> {
    let from = filter.signed_from.map_or(i64::MIN, |from| from.timestamp_micros());
    let until = filter.signed_until.map_or(i64::MAX, |until| until.timestamp_micros());
    let any_site = filter.sites.is_none();
    let sites: Vec<Uid> = filter.sites.iter().flatten().copied().map(Uid).collect();
    let counted = work_orders::table
        .filter(work_orders::org_id.eq(Uid(org)))
        .filter(work_orders::signed_at.ge(from).and(work_orders::signed_at.lt(until)))
        .filter(any_site.into_sql::<Bool>().or(work_orders::site_id.eq_any(sites)));
    let passed = counted.clone().filter(work_orders::passed.eq(true)).count();
    let (signed, passed): (i64, i64) =
        (both!(conn, c => counted.count().get_result(c))?, both!(conn, c => passed.get_result(c))?);
    let (signed, passed) = (u64::try_from(signed).unwrap_or(0), u64::try_from(passed).unwrap_or(0));
    Ok(QualityReport { signed, passed, pass_rate: (passed * u64::from(WHOLE)).checked_div(signed) })
}
