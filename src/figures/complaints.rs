//! The complaints behind a figure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use mobile_api::{
    complaint::Complaint,
    figures::{ComplaintFacts, Counted, Figure},
    ids::ComplaintId,
    time::Timestamp,
    work_order::Clock,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    complaint_store,
    orders::Part,
    report::{Asked, house_rules},
};
use crate::{
    db::Conn,
    operations::{DoorError, reading::named},
    paging::Ask,
    period::{Month, Period},
};

/// One complaint behind a figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FigureComplaint {
    /// The complaint.
    pub complaint: ComplaintId,
    /// Its number.
    pub number: Option<String>,
    /// When it was written down.
    pub received_at: DateTime<Utc>,
    /// Whether it is counted, of shares; none if that cannot be proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<bool>,
    /// The clocks by which it was judged, that of the present round first, with everything that moved their ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<Clock>,
}

/// Which groups are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct ComplaintGroups {
    pub(super) team: Option<Uuid>,
    pub(super) class: Option<Uuid>,
    pub(super) cause: Option<String>,
}

impl ComplaintGroups {
    fn hold(&self, facts: &ComplaintFacts) -> bool {
        let fits = |asked: Option<Uuid>, is: Option<Uuid>| asked.is_none() || asked == is;
        fits(self.team, facts.team.map(|id| id.uuid()))
            && fits(self.class, facts.class.map(|id| id.uuid()))
            && (self.cause.is_none() || self.cause == facts.cause)
    }
}

/// A page of the complaints behind a figure, in the order in which they were written down, and whether there are more. The same
/// function judges them that counted them.
///
/// # Errors
/// The database's; a record that cannot be read.
pub(super) fn complaints(
    conn: &mut Conn,
    org: Uuid,
    (figure, part): (Figure, Part),
    asked: &Asked,
    groups: &ComplaintGroups,
    ask: &Ask<Timestamp>,
    now: Timestamp,
) -> Result<(Vec<FigureComplaint>, bool), DoorError> {
    let zone = house_rules(conn, org)?.zone;
    let period = asked.period.unwrap_or_else(|| Period::Month(Month::of(now, zone)));
    let (from, until) = period.span(zone).unwrap_or((now, now));
    let begin = ask.after.map_or(from, |(at, _)| at.max(from));
    let behind =
        |facts: &ComplaintFacts| ask.after.is_none_or(|place| (facts.received_at, facts.complaint.uuid()) > place);
    let all = complaint_store::received(conn, org, (begin, until), asked.sites.as_deref())?;
    let mut found: Vec<(ComplaintFacts, Counted)> = all
        .into_iter()
        .filter(|facts| behind(facts) && groups.hold(facts))
        .map(|facts| (figure.count_complaint(&facts, now), facts))
        .filter(|(counted, _)| part.holds(*counted))
        .map(|(counted, facts)| (facts, counted))
        .take(ask.limit + 1)
        .collect();
    let more = found.len() > ask.limit;
    found.truncate(ask.limit);
    let records: HashMap<Uuid, Complaint> = named(conn, org, found.iter().map(|(facts, _)| facts.complaint.uuid()))?;
    let entry = |(facts, counted): (ComplaintFacts, Counted)| {
        let record = records.get(&facts.complaint.uuid());
        FigureComplaint {
            complaint: facts.complaint,
            number: record.and_then(|record| record.number.clone()),
            received_at: facts.received_at,
            counted: if let Counted::Share(met) = counted { Some(met) } else { None },
            clocks: record.map(|record| figure.complaint_clocks(record)).unwrap_or_default(),
        }
    };
    Ok((found.into_iter().map(entry).collect(), more))
}
