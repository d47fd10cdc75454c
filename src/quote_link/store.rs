//! SQL of links to quotes.

use diesel::prelude::*;
use mobile_api::{Actor, Id, directory::Organisation, work_order::WorkOrder};
use uuid::Uuid;

use crate::{
    db::{Conn, DbError, both, schema::quote_links, types::Uid},
    link_code::{Leads, LinkCode},
    operations::{DoorError, reading, store::secret},
};

/// Enters the codes of these quotes of an order. Does nothing for those that are there.
///
/// # Errors
/// The database's.
pub fn enter(conn: &mut Conn, org: Uuid, order: Id<WorkOrder>, quotes: &[Uuid]) -> Result<(), DbError> {
    if quotes.is_empty() {
        return Ok(());
    }
    let secret = secret(conn, org)?;
    for quote in quotes {
        let code = LinkCode::of(&secret, Leads::ToQuote, *quote);
        let insert = diesel::insert_into(quote_links::table)
            .values((
                quote_links::code.eq(code.digits()),
                quote_links::org_id.eq(Uid(org)),
                quote_links::work_order_id.eq(Uid::from(order)),
                quote_links::quote_id.eq(Uid(*quote)),
            ))
            .on_conflict_do_nothing();
        both!(conn, c => insert.execute(c))?;
    }
    Ok(())
}

/// The code of a quote.
///
/// # Errors
/// The database's.
pub fn code(conn: &mut Conn, org: Uuid, quote: Uuid) -> Result<LinkCode, DbError> {
    Ok(LinkCode::of(&secret(conn, org)?, Leads::ToQuote, quote))
}

/// What lies behind a link.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Whose it is.
    pub firm: Organisation,
    /// The order as it stands.
    pub order: WorkOrder,
    /// Which of its quotes.
    pub quote: Uuid,
}

/// What lies behind the link with this code. As much work for a code that nobody has as for a text that is none.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn find(conn: &mut Conn, code: Option<LinkCode>) -> Result<Option<Linked>, DoorError> {
    let digits = code.as_ref().map_or("", LinkCode::digits);
    let columns = (quote_links::org_id, quote_links::work_order_id, quote_links::quote_id);
    let query = quote_links::table.find(digits).select(columns);
    let row: Option<(Uid, Uid, Uid)> = both!(conn, c => query.first(c).optional())?;
    let Some((Uid(org), order, Uid(quote))) = row else { return Ok(None) };
    let system = Actor::system(org);
    let firm = reading::record(conn, &system, Id::new(org))?;
    let order = reading::record(conn, &system, order.into())?;
    Ok(firm.zip(order).map(|(firm, order)| Linked { firm, order, quote }))
}
