//! SQL of links to surveys.

use diesel::prelude::*;
use mobile_api::{Actor, Id, directory::Organisation, directory::Site, ids::ReturnVisitId, return_visit::ReturnVisit};
use uuid::Uuid;

use crate::{
    db::{Conn, DbError, both, schema::survey_links, types::Uid},
    link_code::{Leads, LinkCode},
    operations::{DoorError, reading, store::secret},
};

/// Enters the code of a survey that was just made.
///
/// # Errors
/// The database's.
pub fn enter(conn: &mut Conn, org: Uuid, before: Option<&ReturnVisit>, visit: &ReturnVisit) -> Result<(), DbError> {
    let there = before.is_some_and(|before| before.survey.is_some());
    if there || visit.survey.is_none() {
        return Ok(());
    }
    let code = code(conn, org, visit.id)?;
    let insert = diesel::insert_into(survey_links::table)
        .values((
            survey_links::code.eq(code.digits()),
            survey_links::org_id.eq(Uid(org)),
            survey_links::return_visit_id.eq(Uid::from(visit.id)),
        ))
        .on_conflict_do_nothing();
    both!(conn, c => insert.execute(c))?;
    Ok(())
}

/// The code of the survey of a return visit.
///
/// # Errors
/// The database's.
pub fn code(conn: &mut Conn, org: Uuid, visit: ReturnVisitId) -> Result<LinkCode, DbError> {
    Ok(LinkCode::of(&secret(conn, org)?, Leads::ToSurvey, visit.uuid()))
}

/// What lies behind a link.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Whose it is.
    pub firm: Organisation,
    /// Where the job was.
    pub site: Option<Site>,
    /// The return visit with the survey.
    pub visit: ReturnVisit,
}

/// What lies behind the link with this code. As much work for a code that nobody has as for a text that is none.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn find(conn: &mut Conn, code: Option<LinkCode>) -> Result<Option<Linked>, DoorError> {
    let digits = code.as_ref().map_or("", LinkCode::digits);
    let query = survey_links::table.find(digits).select((survey_links::org_id, survey_links::return_visit_id));
    let row: Option<(Uid, Uid)> = both!(conn, c => query.first(c).optional())?;
    let Some((Uid(org), visit)) = row else { return Ok(None) };
    let system = Actor::system(org);
    let firm = reading::record(conn, &system, Id::new(org))?;
    let visit: Option<ReturnVisit> = reading::record(conn, &system, visit.into())?;
    let site = visit.as_ref().map(|visit| reading::record(conn, &system, visit.site)).transpose()?.flatten();
    Ok(firm.zip(visit).map(|(firm, visit)| Linked { firm, site, visit }))
}
