//! SQL of payments. The payments themselves are entries of their orders.

use std::collections::HashMap;

use diesel::{prelude::*, upsert::excluded};
use mobile_api::{
    record::Kind,
    time::Timestamp,
    work_order::{Payment, Refund, WorkOrder},
};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both, column_text,
        schema::{directory, payments, work_orders},
        types::{Micros, Uid},
    },
    operations::store::uids,
};

/// Enters what came to an order since `before`: payments, and refunds below zero. What moved here from a duplicate moves.
///
/// # Errors
/// The database's.
pub fn enter(conn: &mut Conn, org: Uuid, before: Option<&WorkOrder>, order: &WorkOrder) -> Result<(), DbError> {
    let (paid, returned) = before.map_or((0, 0), |before| (before.payments.len(), before.refunds.len()));
    if (order.payments.len(), order.refunds.len()) == (paid, returned) {
        return Ok(());
    }
    let known = |op: Uuid| {
        before.is_some_and(|before| {
            before.payments.iter().any(|payment| payment.op == op)
                || before.refunds.iter().any(|refund| refund.op == op)
        })
    };
    for Payment { op, receipt, amount, method, reference, by, at } in &order.payments {
        if !known(*op) {
            let row = (*op, by.uuid(), method.as_str(), amount.minor, at.latest);
            upsert(conn, org, order, row, receipt.as_deref(), reference.as_deref())?;
        }
    }
    for Refund { op, receipt, amount, method, by, at, .. } in &order.refunds {
        if !known(*op) {
            let row = (*op, by.uuid(), method.as_str(), -amount.minor, at.latest);
            upsert(conn, org, order, row, receipt.as_deref(), None)?;
        }
    }
    Ok(())
}

fn upsert(
    conn: &mut Conn,
    org: Uuid,
    order: &WorkOrder,
    (op, user, method, minor, at): (Uuid, Uuid, &'static str, i64, Timestamp),
    receipt: Option<&str>,
    reference: Option<&str>,
) -> Result<(), DbError> {
    let insert = diesel::insert_into(payments::table)
        .values((
            payments::org_id.eq(Uid(org)),
            payments::op_id.eq(Uid(op)),
            payments::work_order_id.eq(Uid::from(order.id)),
            payments::site_id.eq(Uid::from(order.site)),
            payments::user_id.eq(Uid(user)),
            payments::method.eq(method),
            payments::minor.eq(minor),
            payments::at.eq(Micros::from(at)),
            payments::receipt.eq(receipt),
            payments::reference.eq(reference.map(column_text)),
        ))
        .on_conflict((payments::org_id, payments::op_id))
        .do_update()
        .set(payments::work_order_id.eq(excluded(payments::work_order_id)));
    both!(conn, c => insert.execute(c))?;
    Ok(())
}

/// Which payments are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// From this instant on.
    pub from: Timestamp,
    /// Before this one.
    pub until: Timestamp,
    /// Who took them; `None` means anybody.
    pub technician: Option<Uuid>,
    /// At which sites; `None` means all.
    pub sites: Option<Vec<Uuid>>,
}

/// A payment, or what was given back of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who took it.
    pub user: Uuid,
    /// For which order.
    pub work_order: Uuid,
    /// The order's number.
    pub number: Option<String>,
    /// How.
    pub method: String,
    /// How much, in minor units; below zero if it was given back.
    pub minor: i64,
    /// When, at the latest.
    pub at: Timestamp,
    /// The number on the receipt.
    pub receipt: Option<String>,
    /// The number that bank, WeChat or Alipay gave it.
    pub reference: Option<String>,
}

type Row = (Uid, Uid, Option<String>, String, i64, Micros, Option<String>, Option<String>);

/// Payments by who took them and by time; at most `most`.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, org: Uuid, wanted: &Wanted, most: i64) -> Result<Vec<Entry>, DbError> {
    let sites = wanted.sites.as_ref().map(|sites| uids(sites));
    let rows: Vec<Row> = both!(conn, c => {
        let mut query = payments::table
            .inner_join(
                work_orders::table
                    .on(work_orders::org_id.eq(payments::org_id).and(work_orders::id.eq(payments::work_order_id))),
            )
            .filter(payments::org_id.eq(Uid(org)))
            .filter(payments::at.ge(Micros::from(wanted.from)))
            .filter(payments::at.lt(Micros::from(wanted.until)))
            .order((payments::user_id, payments::at, payments::op_id))
            .limit(most)
            .select((
                payments::user_id,
                payments::work_order_id,
                work_orders::number,
                payments::method,
                payments::minor,
                payments::at,
                payments::receipt,
                payments::reference,
            ))
            .into_boxed();
        if let Some(technician) = wanted.technician {
            query = query.filter(payments::user_id.eq(Uid(technician)));
        }
        if let Some(sites) = &sites {
            query = query.filter(payments::site_id.eq_any(sites.clone()));
        }
        query.load(c)
    })?;
    let entry = |(user, work_order, number, method, minor, at, receipt, reference): Row| Entry {
        user: user.0,
        work_order: work_order.0,
        number,
        method,
        minor,
        at: at.time(),
        receipt,
        reference,
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// What these accounts are called.
///
/// # Errors
/// The database's.
pub fn names(conn: &mut Conn, org: Uuid, users: &[Uuid]) -> Result<HashMap<Uuid, String>, DbError> {
    let query = directory::table
        .filter(directory::org_id.eq(Uid(org)))
        .filter(directory::kind.eq(Kind::User.as_str()))
        .filter(directory::id.eq_any(uids(users)))
        .select((directory::id, directory::name));
    let rows: Vec<(Uid, String)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(id, name)| (id.0, name)).collect())
}
