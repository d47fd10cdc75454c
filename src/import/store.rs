//! What the importer asks the database: what is here already, and how it stands.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use mobile_api::{record::Kind, time::Timestamp};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{directory, journal, work_orders},
        types::{Micros, Uid},
    },
    operations::store::{signed, uids},
};

/// The orders that the source's ids have here.
pub(super) fn orders(
    conn: &mut Conn,
    org: Uuid,
    source: &str,
    ids: &[String],
) -> Result<HashMap<String, Uuid>, DbError> {
    let query = work_orders::table
        .filter(work_orders::org_id.eq(Uid(org)))
        .filter(work_orders::external_source.eq(source))
        .filter(work_orders::external_id.eq_any(ids))
        .select((work_orders::external_id, work_orders::id));
    let rows: Vec<(Option<String>, Uid)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().filter_map(|(external, id)| Some((external?, id.0))).collect())
}

/// Which of these orders were imported after `version` of the organisation.
pub(super) fn imported_since(
    conn: &mut Conn,
    org: Uuid,
    orders: &[Uuid],
    version: u64,
) -> Result<HashSet<Uuid>, DbError> {
    let query = journal::table
        .filter(journal::org_id.eq(Uid(org)))
        .filter(journal::kind.eq(Kind::WorkOrder.as_str()))
        .filter(journal::entity_id.eq_any(uids(orders)))
        .filter(journal::op_type.eq("work_order.import"))
        .filter(journal::version.gt(signed(version)))
        .select(journal::entity_id);
    let rows: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|id| id.0).collect())
}

/// How an order stands to its deadline, as the lists show it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// The verdict's name, `running`, or `none`.
    pub(super) deadline: String,
    /// When it runs out.
    pub(super) due: Option<Timestamp>,
}

/// How the orders stand that the source knows by these ids.
pub(super) fn standings(
    conn: &mut Conn,
    org: Uuid,
    source: &str,
    ids: &[String],
) -> Result<HashMap<String, Standing>, DbError> {
    let query = work_orders::table
        .filter(work_orders::org_id.eq(Uid(org)))
        .filter(work_orders::external_source.eq(source))
        .filter(work_orders::external_id.eq_any(ids))
        .select((work_orders::external_id, work_orders::deadline, work_orders::due_at));
    let rows: Vec<(Option<String>, String, Option<Micros>)> = both!(conn, c => query.load(c))?;
    let standing = |(external, deadline, due): (Option<String>, String, Option<Micros>)| {
        Some((external?, Standing { deadline, due: due.map(|due| due.time()) }))
    };
    Ok(rows.into_iter().filter_map(standing).collect())
}

/// The order type of this code; one in use rather than one that is not.
pub(super) fn order_type(conn: &mut Conn, org: Uuid, code: &str) -> Result<Option<Uuid>, DbError> {
    let query = directory::table
        .filter(directory::org_id.eq(Uid(org)))
        .filter(directory::kind.eq(Kind::OrderType.as_str()))
        .filter(directory::code.eq(code))
        .order((directory::active.desc(), directory::id))
        .select(directory::id);
    let id: Option<Uid> = both!(conn, c => query.first(c).optional())?;
    Ok(id.map(|id| id.0))
}

/// The site of this name.
pub(super) fn site(conn: &mut Conn, org: Uuid, name: &str) -> Result<Option<Uuid>, DbError> {
    let query = directory::table
        .filter(directory::org_id.eq(Uid(org)))
        .filter(directory::kind.eq(Kind::Site.as_str()))
        .filter(directory::name.eq(name))
        .order(directory::id)
        .select(directory::id);
    let id: Option<Uid> = both!(conn, c => query.first(c).optional())?;
    Ok(id.map(|id| id.0))
}
