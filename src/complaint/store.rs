//! SQL by which complaints are found. The complaints themselves are records.

use diesel::prelude::*;
use mobile_api::{complaint::Complaint, record::RecordType, time::Timestamp};
use uuid::Uuid;

use crate::db::{
    Conn, DbError, both,
    schema::{complaint_people, complaints},
    types::{Micros, Uid},
};

/// The columns of a complaint.
#[derive(Clone, Debug, PartialEq, Insertable, AsChangeset)]
#[diesel(table_name = complaints, treat_none_as_null = true)]
struct Columns {
    number: Option<String>,
    received_at: Micros,
    status: &'static str,
    severity: &'static str,
    channel: &'static str,
    site_id: Option<Uid>,
    unit_id: Option<Uid>,
    customer_id: Option<Uid>,
    asset_id: Option<Uid>,
    work_order_id: Option<Uid>,
    person_id: Option<Uid>,
    team_id: Option<Uid>,
    class_id: Option<Uid>,
    founded: Option<bool>,
    escalated: bool,
    closed_at: Option<Micros>,
    due_at: Option<Micros>,
    watch_at: Option<Micros>,
    reach_changes_at: Option<Micros>,
}

fn columns(complaint: &Complaint, now: Timestamp) -> Columns {
    let about = complaint.about;
    Columns {
        number: complaint.number.clone(),
        received_at: complaint.recorded.latest.into(),
        status: complaint.status().as_str(),
        severity: complaint.severity.as_str(),
        channel: complaint.channel.as_str(),
        site_id: about.site.map(Uid::from),
        unit_id: about.unit.map(Uid::from),
        customer_id: about.customer.map(Uid::from),
        asset_id: about.asset.map(Uid::from),
        work_order_id: about.order.map(Uid::from),
        person_id: about.person.map(Uid::from),
        team_id: complaint.department().map(|department| department.team.into()),
        class_id: complaint.summary.as_ref().and_then(|summary| summary.class).map(Uid::from),
        founded: complaint.judgements.last().map(|judgement| judgement.founded),
        escalated: complaint.escalated.is_some(),
        closed_at: complaint.over_since().map(Micros::from),
        due_at: complaint.due().map(Micros::from),
        watch_at: complaint.next_alarm().map(|next| next.at.into()),
        reach_changes_at: complaint.reach_changes_at(now).map(Micros::from),
    }
}

/// Brings the columns of a complaint up to date. Nothing is written if they say the same of it as it is stored, `before`: most of what
/// is done to one changes its record alone.
///
/// # Errors
/// The database's.
pub fn project(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&Complaint>,
    complaint: &Complaint,
    now: Timestamp,
) -> Result<(), DbError> {
    let values = columns(complaint, now);
    if before.is_none_or(|before| columns(before, now) != values) {
        let upsert = diesel::insert_into(complaints::table)
            .values((complaints::org_id.eq(Uid(org)), complaints::id.eq(Uid::from(complaint.id)), values.clone()))
            .on_conflict((complaints::org_id, complaints::id))
            .do_update()
            .set(values);
        both!(conn, c => upsert.execute(c))?;
    }
    enter_people(conn, org, before, complaint)
}

/// Which technicians have to do with it. Nobody is ever taken away, but from one that was merged into another.
fn enter_people(conn: &mut Conn, org: Uuid, before: Option<&Complaint>, complaint: &Complaint) -> Result<(), DbError> {
    let known = before.map(|before| before.people.as_slice()).unwrap_or_default();
    for user in complaint.people.iter().filter(|user| !known.contains(user)) {
        let insert = diesel::insert_into(complaint_people::table)
            .values((
                complaint_people::org_id.eq(Uid(org)),
                complaint_people::user_id.eq(Uid::from(*user)),
                complaint_people::complaint_id.eq(Uid::from(complaint.id)),
            ))
            .on_conflict_do_nothing();
        both!(conn, c => insert.execute(c))?;
    }
    if known.iter().any(|user| !complaint.people.contains(user)) {
        let delete = diesel::delete(
            complaint_people::table
                .filter(complaint_people::org_id.eq(Uid(org)))
                .filter(complaint_people::complaint_id.eq(Uid::from(complaint.id)))
                .filter(complaint_people::user_id.ne_all(complaint.people.iter().copied().map(Uid::from))),
        );
        both!(conn, c => delete.execute(c))?;
    }
    Ok(())
}

/// Complaints of which somebody is to be told by now, with their organisations; those that waited longest first.
///
/// # Errors
/// The database's.
pub fn watch_due(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let query = complaints::table
        .filter(complaints::watch_at.le(Micros::from(now)))
        .order(complaints::watch_at)
        .limit(most)
        .select((complaints::org_id, complaints::id));
    let rows: Vec<(Uid, Uid)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(org, id)| (org.0, id.0)).collect())
}

/// Complaints whose place in scopes has to be worked out anew by now, oldest first.
///
/// # Errors
/// The database's.
pub fn reach_due(conn: &mut Conn, org: Uuid, now: Timestamp, most: i64) -> Result<Vec<Uuid>, DbError> {
    let query = complaints::table
        .filter(complaints::org_id.eq(Uid(org)))
        .filter(complaints::reach_changes_at.le(Micros::from(now)))
        .order(complaints::reach_changes_at)
        .limit(most)
        .select(complaints::id);
    let rows: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(Uuid::from).collect())
}
