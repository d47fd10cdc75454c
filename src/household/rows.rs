//! Which records concern which unit and customer, and reading them.

use diesel::prelude::*;
use mobile_api::{
    Actor,
    complaint::Complaint,
    directory::Customer,
    ids::{CustomerId, UnitId},
    inspection::Inspection,
    record::{Kind, Record, Ref},
    return_visit::ReturnVisit,
    time::Timestamp,
    work_order::WorkOrder,
};
use uuid::Uuid;

use crate::{
    db::{
        Conn, both,
        schema::{directory, records},
        types::Uid,
    },
    history::{self, Row},
    operations::{DoorError, reading},
    paging::{Ask, Place},
};

/// Most customers of one unit that its file names.
const MOST_CUSTOMERS: i64 = 50;

/// Most rows that one page looks through for what the reader may see.
const MOST_LOOKED_AT: usize = 1_000;

/// How many rows are read at a time, at least.
const USUAL: usize = 50;

/// A unit and a customer, as far as a record names them.
pub type Household = (Option<UnitId>, Option<CustomerId>);

/// Keeps a record in the files of the household that it concerns, and out of those that it concerned by mistake. Whatever kind of
/// record is to stand in them calls this from its own `project`.
///
/// # Errors
/// The database's.
pub fn follow(
    conn: &mut Conn,
    org: Uuid,
    record: Ref,
    (was, is): (Household, Household),
    at: Timestamp,
) -> Result<(), DoorError> {
    let pairs = [(was.0.map(Uuid::from), is.0.map(Uuid::from)), (was.1.map(Uuid::from), is.1.map(Uuid::from))];
    for (was, is) in pairs.into_iter().filter(|(was, is)| was != is) {
        if let Some(subject) = was {
            history::leave(conn, org, subject, record)?;
        }
        if let Some(subject) = is {
            history::enter(conn, org, subject, record, at)?;
        }
    }
    Ok(())
}

/// Keeps an order in the files of its household.
///
/// # Errors
/// The database's.
pub fn follow_order(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&WorkOrder>,
    order: &WorkOrder,
) -> Result<(), DoorError> {
    let of = |order: &WorkOrder| (order.unit, order.customer);
    let was = before.map_or((None, None), of);
    follow(conn, org, Ref::new(Kind::WorkOrder, order.id), (was, of(order)), order.called_at)
}

/// Keeps an inspection in the file of its unit.
///
/// # Errors
/// The database's.
pub fn follow_inspection(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&Inspection>,
    inspection: &Inspection,
) -> Result<(), DoorError> {
    let of = |inspection: &Inspection| (inspection.spot.unit, None);
    let was = before.map_or((None, None), of);
    follow(conn, org, Ref::new(Kind::Inspection, inspection.id), (was, of(inspection)), inspection.recorded.latest)
}

/// Keeps a return visit in the files of its household.
///
/// # Errors
/// The database's.
pub fn follow_visit(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&ReturnVisit>,
    visit: &ReturnVisit,
) -> Result<(), DoorError> {
    let of = |visit: &ReturnVisit| (visit.unit, visit.customer);
    let was = before.map_or((None, None), of);
    follow(conn, org, Ref::new(Kind::ReturnVisit, visit.id), (was, of(visit)), visit.since)
}

/// Keeps a complaint in the files of its household.
///
/// # Errors
/// The database's.
pub fn follow_complaint(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&Complaint>,
    complaint: &Complaint,
) -> Result<(), DoorError> {
    let of = |complaint: &Complaint| (complaint.about.unit, complaint.about.customer);
    let was = before.map_or((None, None), of);
    let about = Ref::new(Kind::Complaint, complaint.id);
    follow(conn, org, about, (was, of(complaint)), complaint.recorded.latest)
}

/// A record of a household's file, and where it stands in it.
pub struct Found {
    /// When.
    pub at: Timestamp,
    /// The record.
    pub record: Record,
}

/// A page of a file.
pub struct Page {
    /// Newest first.
    pub items: Vec<Found>,
    /// Behind which place to go on, if there is more.
    pub next: Option<Place<i64>>,
}

/// What concerned a subject, newest first, as far as the actor may see it. Others' work in the same flat is not shown to a
/// technician: a page may have fewer items than were asked for and go on all the same.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn page(conn: &mut Conn, actor: &Actor, subject: Uuid, ask: &Ask<i64>) -> Result<Page, DoorError> {
    let mut look = Ask { after: ask.after, limit: ask.limit.max(USUAL) };
    let (mut items, mut looked_at) = (Vec::new(), 0);
    loop {
        let mut rows = history::of(conn, actor.org, subject, &look)?;
        let more = rows.len() > look.limit;
        rows.truncate(look.limit);
        let mut left = rows.len();
        for row in rows {
            let place = (row.at, row.record.id);
            items.extend(seen(conn, actor, row)?);
            (left, looked_at, look.after) = (left - 1, looked_at + 1, Some(place));
            let enough = items.len() >= ask.limit || looked_at >= MOST_LOOKED_AT;
            if enough && (left > 0 || more) {
                return Ok(Page { items, next: Some(place) });
            }
        }
        if !more {
            return Ok(Page { items, next: None });
        }
    }
}

/// The record of a row, if the actor may see it: by right, or because their phone holds it.
fn seen(conn: &mut Conn, actor: &Actor, row: Row) -> Result<Option<Found>, DoorError> {
    let corrupt = |cause| DoorError::Corrupt { what: "record", cause };
    let record = Record::from_json(row.record.kind, &row.body).map_err(corrupt)?;
    // An office sees by what the record says; for what somebody's phone was given, the feed is asked.
    let visible =
        record.visible_to(actor) || (!actor.role.is_office() && reading::visible(conn, actor, row.record)?.is_some());
    let at = Timestamp::from_timestamp_micros(row.at).unwrap_or_default();
    Ok(visible.then_some(Found { at, record }))
}

/// Who lives in a unit, by name, as far as the actor may see them.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn customers_of(conn: &mut Conn, actor: &Actor, unit: UnitId) -> Result<Vec<Customer>, DoorError> {
    let query = directory::table
        .inner_join(
            records::table.on(records::org_id
                .eq(directory::org_id)
                .and(records::kind.eq(directory::kind))
                .and(records::id.eq(directory::id))),
        )
        .filter(directory::org_id.eq(Uid(actor.org)))
        .filter(directory::kind.eq(Kind::Customer.as_str()))
        .filter(directory::parent_id.eq(Uid::from(unit)))
        .order((directory::name, directory::id))
        .limit(MOST_CUSTOMERS)
        .select(directory::id);
    let ids: Vec<Uid> = both!(conn, c => query.load(c))?;
    let mut customers = Vec::new();
    for id in ids {
        customers.extend(reading::record(conn, actor, CustomerId::from(id))?);
    }
    Ok(customers)
}
