//! SQL of certificates: the codes, and what a certificate or a check is put together from.

use chrono_tz::Tz;
use diesel::prelude::*;
use mobile_api::{
    Actor, Id,
    directory::Organisation,
    photo::Photo,
    work_order::{SignOff, WorkOrder},
};
use uuid::Uuid;

use super::{
    Certificate,
    check::{self, Check, Recorded},
    facts::{self, Times},
};
use crate::{
    db::{Conn, DbError, both, schema::certificates, types::Uid},
    directory::premises::Premises,
    link_code::{Leads, LinkCode},
    operations::{DoorError, reading, store::secret, timeline},
};

/// Enters the codes of these signatures of an order. Does nothing for those that are there.
///
/// # Errors
/// The database's.
pub fn enter(conn: &mut Conn, org: Uuid, order: Id<WorkOrder>, signatures: &[Uuid]) -> Result<(), DbError> {
    if signatures.is_empty() {
        return Ok(());
    }
    let secret = secret(conn, org)?;
    for op in signatures {
        let code = LinkCode::of(&secret, Leads::ToCertificate, *op);
        let insert = diesel::insert_into(certificates::table)
            .values((
                certificates::code.eq(code.digits()),
                certificates::org_id.eq(Uid(org)),
                certificates::work_order_id.eq(Uid::from(order)),
                certificates::op_id.eq(Uid(*op)),
            ))
            .on_conflict_do_nothing();
        both!(conn, c => insert.execute(c))?;
    }
    Ok(())
}

/// The code of a signature, if it was entered.
fn code_of(conn: &mut Conn, org: Uuid, op: Uuid) -> Result<Option<LinkCode>, DbError> {
    let query = certificates::table
        .filter(certificates::org_id.eq(Uid(org)))
        .filter(certificates::op_id.eq(Uid(op)))
        .select(certificates::code);
    let code: Option<String> = both!(conn, c => query.first(c).optional())?;
    Ok(code.and_then(|code| code.parse().ok()))
}

/// What asking for a certificate comes to.
#[derive(Debug)]
pub enum Asked {
    /// There is no such order, or the actor may not see it.
    Unknown,
    /// Nobody has signed.
    Unsigned,
    /// What is stored as signed is not what was signed.
    Mismatch,
    /// It was signed before there were codes; [`enter`] one, then ask again.
    WithoutCode(Uuid),
    /// Here it is, still without its address, and with the photos whose pictures belong on it.
    Ready(Box<Certificate>, Vec<Photo>),
}

/// The certificate of an order, for those who may see the order.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn certificate(conn: &mut Conn, actor: &Actor, order: Id<WorkOrder>) -> Result<Asked, DoorError> {
    let Some(order): Option<WorkOrder> = reading::record(conn, actor, order)? else { return Ok(Asked::Unknown) };
    let Some(sign_off) = order.primary_sign_off() else { return Ok(Asked::Unsigned) };
    let recorded = recorded(conn, actor.org, sign_off.op)?;
    let matches = recorded.matches(sign_off);
    let Some(sign) = recorded.sign.filter(|_| matches) else { return Ok(Asked::Mismatch) };
    let Some(code) = code_of(conn, actor.org, sign_off.op)? else { return Ok(Asked::WithoutCode(sign_off.op)) };
    let (firm, time_zone) = firm(conn, actor.org)?;
    let photos = facts::shown(&order.photos);
    let certificate = Certificate {
        firm,
        time_zone,
        premises: Premises::read(conn, actor.org, order.site, order.building, order.unit)?,
        number: order.number.clone(),
        content: sign.content,
        sign_off: sign_off.clone(),
        strokes: sign.strokes,
        times: Times::of(&order, sign_off.at.clone()),
        done: facts::done(&order),
        diagnosis: order.diagnosis,
        quotes: order.quotes,
        charge: order.charge,
        photos: Vec::new(),
        code,
        address: String::new(),
    };
    Ok(Asked::Ready(Box::new(certificate), photos))
}

/// The check of the certificate with this code. As much work for a code that nobody has as for a text that is none.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn check(conn: &mut Conn, code: Option<LinkCode>) -> Result<Option<Check>, DoorError> {
    let digits = code.as_ref().map_or("", LinkCode::digits);
    let columns = (certificates::org_id, certificates::work_order_id, certificates::op_id);
    let query = certificates::table.find(digits).select(columns);
    let row: Option<(Uid, Uid, Uid)> = both!(conn, c => query.first(c).optional())?;
    let Some((code, (Uid(org), order, Uid(op)))) = code.zip(row) else { return Ok(None) };
    let Some(order): Option<WorkOrder> = reading::record(conn, &Actor::system(org), order.into())? else {
        return Ok(None);
    };
    let Some(sign_off) = order.sign_offs.iter().find(|sign_off| sign_off.op == op) else { return Ok(None) };
    let recorded = recorded(conn, org, op)?;
    Ok(Some(check::check(&order, sign_off, &recorded, code, firm(conn, org)?)))
}

/// One signature of an order, for those who may see the order.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn signature(
    conn: &mut Conn,
    actor: &Actor,
    order: Id<WorkOrder>,
    op: Uuid,
) -> Result<Option<(SignOff, Recorded)>, DoorError> {
    let Some(order): Option<WorkOrder> = reading::record(conn, actor, order)? else { return Ok(None) };
    let Some(sign_off) = order.sign_offs.into_iter().find(|sign_off| sign_off.op == op) else { return Ok(None) };
    let recorded = recorded(conn, actor.org, op)?;
    Ok(Some((sign_off, recorded)))
}

fn recorded(conn: &mut Conn, org: Uuid, op: Uuid) -> Result<Recorded, DoorError> {
    let found = timeline::payload_as_sent(conn, org, op)?;
    Ok(found.map_or(Recorded { sign: None, intact: false }, |(sign, intact)| Recorded { sign, intact }))
}

/// The firm's name and time zone. A zone that is unknown here prints UTC, which says so itself.
fn firm(conn: &mut Conn, org: Uuid) -> Result<(String, Tz), DoorError> {
    let firm: Option<Organisation> = reading::record(conn, &Actor::system(org), Id::new(org))?;
    Ok(firm.map_or((String::new(), Tz::UTC), |firm| (firm.name, firm.time_zone.parse().unwrap_or(Tz::UTC))))
}
