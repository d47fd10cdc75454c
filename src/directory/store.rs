//! SQL by which the directory is listed and found. The entries themselves are records.

use diesel::prelude::*;
use mobile_api::{
    record::{Kind, Record, Ref},
    work_order::Status,
};
use uuid::Uuid;

use crate::db::{
    Conn, DbError, both, column_text,
    schema::{directory, work_orders},
    types::Uid,
};

/// What lists need to know of an entry.
struct Row {
    address: Ref,
    parent: Option<Uuid>,
    site: Option<Uuid>,
    name: String,
    code: Option<String>,
    active: bool,
}

fn row(record: &Record) -> Option<Row> {
    let address = record.address();
    let row = |parent: Option<Uuid>, site: Option<Uuid>, name: &str| {
        let name = column_text(name);
        Some(Row { address, parent, site, name, code: None, active: true })
    };
    match record {
        Record::Site(site) => row(None, Some(site.id.uuid()), &site.name),
        Record::Building(building) => row(Some(building.site.uuid()), Some(building.site.uuid()), &building.name),
        Record::Unit(unit) => {
            let parent = unit.building.map_or(unit.site.uuid(), |building| building.uuid());
            row(Some(parent), Some(unit.site.uuid()), &unit.name)
        }
        Record::Customer(customer) => {
            row(customer.unit.map(|unit| unit.uuid()), Some(customer.site.uuid()), &customer.name)
        }
        Record::Team(team) => row(None, team.site.map(|site| site.uuid()), &team.name),
        Record::User(user) => {
            let row = row(None, None, &user.name)?;
            Some(Row { code: Some(column_text(&user.login)), active: user.active, ..row })
        }
        Record::OrderType(sort) => {
            let row = row(None, None, &sort.name.en)?;
            Some(Row { code: Some(column_text(&sort.code)), active: sort.active, ..row })
        }
        Record::PriceItem(item) => {
            let row = row(None, None, &item.name.en)?;
            Some(Row { code: Some(column_text(&item.code)), active: item.active, ..row })
        }
        Record::Calendar(calendar) => row(None, None, &calendar.name.en),
        Record::Article(article) => {
            let row = row(None, None, &article.name.en)?;
            Some(Row { code: Some(column_text(&article.code)), active: article.active, ..row })
        }
        Record::StockPlace(place) => {
            let row = row(None, None, &place.name)?;
            Some(Row { active: place.active, ..row })
        }
        Record::ComplaintClass(class) => {
            let row = row(class.parent.map(Into::into), None, &class.name.zh)?;
            Some(Row { code: Some(column_text(&class.code)), active: class.active, ..row })
        }
        Record::Organisation(_)
        | Record::Device(_)
        | Record::Review(_)
        | Record::WorkOrder(_)
        | Record::StockMove(_)
        | Record::StockLevel(_)
        | Record::StockSerial(_)
        | Record::StockCount(_)
        | Record::Asset(_)
        | Record::AssetReading(_)
        | Record::Handover(_)
        | Record::Webhook(_)
        | Record::MaintenancePlan(_)
        | Record::Shutdown(_)
        | Record::ShutdownNotice(_)
        | Record::Complaint(_)
        | Record::ReturnVisit(_)
        | Record::Template(_)
        | Record::Round(_)
        | Record::Inspection(_) => None,
    }
}

/// Writes the columns of an entry, or takes its row away.
///
/// # Errors
/// The database's.
pub fn project(conn: &mut Conn, org: Uuid, record: &Record, deleted: bool) -> Result<(), DbError> {
    let Some(Row { address, parent, site, name, code, active }) = row(record) else { return Ok(()) };
    let key = (Uid(org), address.kind.as_str(), Uid(address.id));
    if deleted {
        let delete = diesel::delete(directory::table.find(key));
        both!(conn, c => delete.execute(c))?;
        return Ok(());
    }
    let values = (
        directory::parent_id.eq(parent.map(Uid)),
        directory::site_id.eq(site.map(Uid)),
        directory::name.eq(&name),
        directory::code.eq(&code),
        directory::active.eq(active),
    );
    let upsert = diesel::insert_into(directory::table)
        .values((directory::org_id.eq(key.0), directory::kind.eq(key.1), directory::id.eq(key.2), values))
        .on_conflict((directory::org_id, directory::kind, directory::id))
        .do_update()
        .set(values);
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

/// How many open work orders refer to a unit or a customer. Closed ones keep their own copy of what they need.
///
/// # Errors
/// The database's.
pub fn dependents(conn: &mut Conn, org: Uuid, of: Ref) -> Result<u64, DbError> {
    let over: Vec<&str> = Status::ALL.iter().filter(|status| status.is_over()).map(|status| status.as_str()).collect();
    let open = work_orders::table.filter(work_orders::org_id.eq(Uid(org))).filter(work_orders::status.ne_all(over));
    let count: i64 = match of.kind {
        Kind::Unit => {
            let query = open.filter(work_orders::unit_id.eq(Uid(of.id))).count();
            both!(conn, c => query.get_result(c))?
        }
        Kind::Customer => {
            let query = open.filter(work_orders::customer_id.eq(Uid(of.id))).count();
            both!(conn, c => query.get_result(c))?
        }
        _ => 0,
    };
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The account with this login (in lower case), of whichever organisation, with its organisation.
///
/// # Errors
/// The database's.
pub fn user_by_login(conn: &mut Conn, login: &str) -> Result<Option<(Uuid, Uuid)>, DbError> {
    let query = directory::table
        .filter(directory::kind.eq(Kind::User.as_str()))
        .filter(directory::code.eq(login))
        .select((directory::org_id, directory::id));
    let row: Option<(Uid, Uid)> = both!(conn, c => query.first(c).optional())?;
    Ok(row.map(|(org, user)| (org.0, user.0)))
}
