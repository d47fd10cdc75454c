//! What complaints say, in a table ordered by when they were written down: a month is one range of it.

use diesel::{prelude::*, sql_types::Bool};
use mobile_api::{
    complaint::Complaint,
    evidence::Verdict,
    figures::{ComplaintFacts, Kept},
    time::Timestamp,
};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both, column_text, insert_rows,
        schema::complaint_facts,
        types::{Micros, Uid},
    },
    operations::store::uids,
};

// An absent value is written as NULL, not left to the default: only rows of one shape go into one statement.
#[derive(Insertable)]
#[diesel(table_name = complaint_facts, treat_none_as_default_value = false)]
struct Row {
    org_id: Uid,
    received_at: Micros,
    complaint_id: Uid,
    site_id: Option<Uid>,
    team_id: Option<Uid>,
    class_id: Option<Uid>,
    cause: Option<String>,
    founded: Option<bool>,
    told: Option<&'static str>,
    told_due: Option<Micros>,
    responded: Option<&'static str>,
    responded_due: Option<Micros>,
    resolved: Option<&'static str>,
    resolved_due: Option<Micros>,
    called: Option<&'static str>,
    called_due: Option<Micros>,
    accepted: Option<bool>,
    again: bool,
}

fn row(org: Uuid, facts: &ComplaintFacts) -> Row {
    let verdict = |kept| if let Kept::Judged(verdict) = kept { Some(verdict.as_str()) } else { None };
    let due = |kept| if let Kept::Due(due) = kept { Some(Micros::from(due)) } else { None };
    Row {
        org_id: Uid(org),
        received_at: facts.received_at.into(),
        complaint_id: facts.complaint.into(),
        site_id: facts.site.map(Uid::from),
        team_id: facts.team.map(Uid::from),
        class_id: facts.class.map(Uid::from),
        cause: facts.cause.as_deref().map(column_text),
        founded: facts.founded,
        told: verdict(facts.told),
        told_due: due(facts.told),
        responded: verdict(facts.responded),
        responded_due: due(facts.responded),
        resolved: verdict(facts.resolved),
        resolved_due: due(facts.resolved),
        called: verdict(facts.called),
        called_due: due(facts.called),
        accepted: facts.accepted,
        again: facts.again,
    }
}

/// Keeps the facts of a complaint in step with it.
///
/// # Errors
/// The database's.
pub fn project(conn: &mut Conn, org: Uuid, before: Option<&Complaint>, complaint: &Complaint) -> Result<(), DbError> {
    let (was, is) = (before.and_then(ComplaintFacts::of), ComplaintFacts::of(complaint));
    if was == is {
        return Ok(());
    }
    replace(conn, org, was.as_slice(), is.as_slice())
}

/// Writes facts in place of others.
///
/// # Errors
/// The database's.
pub fn replace(conn: &mut Conn, org: Uuid, gone: &[ComplaintFacts], facts: &[ComplaintFacts]) -> Result<(), DbError> {
    for gone in gone {
        let key = (Uid(org), Micros::from(gone.received_at), Uid::from(gone.complaint));
        both!(conn, c => diesel::delete(complaint_facts::table.find(key)).execute(c))?;
    }
    let rows: Vec<Row> = facts.iter().map(|facts| row(org, facts)).collect();
    if !rows.is_empty() {
        insert_rows!(conn, rows, rows => diesel::insert_into(complaint_facts::table).values(rows));
    }
    Ok(())
}

type Judged = (Option<String>, Option<Micros>);

type Loaded = (
    (Micros, Uid, Option<Uid>, Option<Uid>, Option<Uid>, Option<String>, Option<bool>),
    (Judged, Judged, Judged, Judged),
    (Option<bool>, bool),
);

/// What the complaints say that were written down from one instant until before another, in that order. `sites` are those that the
/// reader sees; `None` means all.
///
/// # Errors
/// The database's.
pub fn received(
    conn: &mut Conn,
    org: Uuid,
    (from, until): (Timestamp, Timestamp),
    sites: Option<&[Uuid]>,
) -> Result<Vec<ComplaintFacts>, DbError> {
    use complaint_facts as facts;
    let any_site = sites.is_none();
    let query = facts::table
        .filter(facts::org_id.eq(Uid(org)))
        .filter(facts::received_at.ge(Micros::from(from)).and(facts::received_at.lt(Micros::from(until))))
        .filter(any_site.into_sql::<Bool>().nullable().or(facts::site_id.eq_any(uids(sites.unwrap_or_default()))))
        .order((facts::received_at, facts::complaint_id))
        .select((
            (
                facts::received_at,
                facts::complaint_id,
                facts::site_id,
                facts::team_id,
                facts::class_id,
                facts::cause,
                facts::founded,
            ),
            (
                (facts::told, facts::told_due),
                (facts::responded, facts::responded_due),
                (facts::resolved, facts::resolved_due),
                (facts::called, facts::called_due),
            ),
            (facts::accepted, facts::again),
        ));
    let rows: Vec<Loaded> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(loaded).collect())
}

fn loaded((what, (told, responded, resolved, called), (accepted, again)): Loaded) -> ComplaintFacts {
    let (received_at, complaint, site, team, class, cause, founded) = what;
    ComplaintFacts {
        complaint: complaint.0.into(),
        received_at: received_at.time(),
        site: site.map(|id| id.0.into()),
        team: team.map(|id| id.0.into()),
        class: class.map(|id| id.0.into()),
        cause,
        founded,
        told: kept(told),
        responded: kept(responded),
        resolved: kept(resolved),
        called: kept(called),
        accepted,
        again,
    }
}

fn kept((verdict, due): Judged) -> Kept {
    let judged = verdict.and_then(|text| Verdict::parse(&text)).map(Kept::Judged);
    judged.or(due.map(|due| Kept::Due(due.time()))).unwrap_or(Kept::Nothing)
}
