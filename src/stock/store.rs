//! SQL by which stock is listed and summed up. Moves, levels, pieces and sheets themselves are records.

use diesel::{prelude::*, sql_types::BigInt};
use mobile_api::{
    record::Record,
    stock::{Place, StockCount, StockLevel, StockMove, StockPlace, StockSerial},
    time::Timestamp,
    work_order::WorkOrder,
};
use uuid::Uuid;

use crate::db::{
    Conn, DbError, Prepared, both, column_text,
    schema::{monthly_counts, reserved, stock_counts, stock_levels, stock_moves, stock_serials},
    types::{Micros, Uid},
};

/// Keeps the tables in step with a record that changed; `fresh` if it was not there before.
///
/// # Errors
/// The database's.
pub fn project(conn: &mut Conn, org: Uuid, record: &Record, fresh: bool) -> Result<(), DbError> {
    match record {
        Record::StockMove(entry) if fresh => insert_move(conn, org, entry),
        Record::StockMove(entry) => update_move(conn, org, entry),
        Record::StockLevel(level) => project_level(conn, org, level),
        Record::StockSerial(piece) => project_serial(conn, org, piece),
        Record::StockCount(count) => project_count(conn, org, count),
        _ => Ok(()),
    }
}

/// Keeps the day of the next monthly count of a place.
///
/// # Errors
/// The database's.
pub fn project_place(conn: &mut Conn, org: Uuid, place: &StockPlace) -> Result<(), DbError> {
    let key = (Uid(org), Uid::from(place.id));
    match place.next_count_at.map(Micros::from) {
        Some(due) => {
            let upsert = diesel::insert_into(monthly_counts::table)
                .values((
                    monthly_counts::org_id.eq(key.0),
                    monthly_counts::place_id.eq(key.1),
                    monthly_counts::due_at.eq(due),
                ))
                .on_conflict((monthly_counts::org_id, monthly_counts::place_id))
                .do_update()
                .set(monthly_counts::due_at.eq(due));
            both!(conn, c => upsert.execute(c))?;
        }
        None => {
            let delete = diesel::delete(monthly_counts::table.find(key));
            both!(conn, c => delete.execute(c))?;
        }
    }
    Ok(())
}

/// Places whose monthly count is due, with their organisations; those that waited longest first.
///
/// # Errors
/// The database's.
pub fn counts_due(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let query = monthly_counts::table
        .filter(monthly_counts::due_at.le(Micros::from(now)))
        .order(monthly_counts::due_at)
        .limit(most)
        .select((monthly_counts::org_id, monthly_counts::place_id));
    let rows: Vec<(Uid, Uid)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(|(org, id)| (org.0, id.0)).collect())
}

/// The levels of a place that are not zero.
///
/// # Errors
/// The database's.
pub fn levels_at(conn: &mut Conn, org: Uuid, place: Place) -> Result<Vec<Uuid>, DbError> {
    let query = stock_levels::table
        .filter(stock_levels::org_id.eq(Uid(org)))
        .filter(stock_levels::place.eq(place.to_string()))
        .filter(stock_levels::milli.ne(0))
        .select(stock_levels::id);
    let rows: Vec<Uid> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(Uuid::from).collect())
}

fn insert_move(conn: &mut Conn, org: Uuid, entry: &StockMove) -> Result<(), DbError> {
    let used = entry.used;
    let insert = diesel::insert_into(stock_moves::table).values((
        stock_moves::org_id.eq(Uid(org)),
        stock_moves::id.eq(Uid::from(entry.id)),
        stock_moves::kind.eq(entry.kind.as_str()),
        stock_moves::article_id.eq(Uid::from(entry.article)),
        stock_moves::from_place.eq(entry.from.to_string()),
        stock_moves::to_place.eq(entry.to.to_string()),
        stock_moves::milli.eq(entry.quantity_milli.0),
        stock_moves::received_at.eq(Micros::from(entry.received_at)),
        stock_moves::happened_at.eq(Micros::from(entry.at.latest)),
        stock_moves::by_id.eq(Uid::from(entry.by)),
        stock_moves::awaiting.eq(entry.awaits_approval()),
        (
            stock_moves::used_milli.eq(entry.used_milli()),
            stock_moves::technician_id.eq(used.map(|used| Uid::from(used.technician))),
            stock_moves::team_id.eq(used.and_then(|used| used.team).map(Uid::from)),
            stock_moves::site_id.eq(used.map(|used| Uid::from(used.site))),
        ),
    ));
    both!(conn, c => insert.execute(c))?;
    Ok(())
}

/// Of what is entered only whether it still waits for somebody can change.
fn update_move(conn: &mut Conn, org: Uuid, entry: &StockMove) -> Result<(), DbError> {
    let update = diesel::update(stock_moves::table.find((Uid(org), Uid::from(entry.id))))
        .set(stock_moves::awaiting.eq(entry.awaits_approval()));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

fn project_level(conn: &mut Conn, org: Uuid, level: &StockLevel) -> Result<(), DbError> {
    let upsert = diesel::insert_into(stock_levels::table)
        .values((
            stock_levels::org_id.eq(Uid(org)),
            stock_levels::place.eq(level.place.to_string()),
            stock_levels::article_id.eq(Uid::from(level.article)),
            stock_levels::id.eq(Uid::from(level.id)),
            stock_levels::milli.eq(level.milli),
        ))
        .on_conflict((stock_levels::org_id, stock_levels::place, stock_levels::article_id))
        .do_update()
        .set(stock_levels::milli.eq(level.milli))
        .returning(stock_levels::milli);
    let _: Vec<i64> = both!(conn, c => Prepared(upsert).rows(c))?;
    Ok(())
}

fn project_serial(conn: &mut Conn, org: Uuid, piece: &StockSerial) -> Result<(), DbError> {
    let upsert = diesel::insert_into(stock_serials::table)
        .values((
            stock_serials::org_id.eq(Uid(org)),
            stock_serials::id.eq(Uid::from(piece.id)),
            stock_serials::article_id.eq(Uid::from(piece.article)),
            stock_serials::serial.eq(column_text(&piece.serial)),
            stock_serials::place.eq(piece.place.to_string()),
        ))
        .on_conflict((stock_serials::org_id, stock_serials::id))
        .do_update()
        .set(stock_serials::place.eq(piece.place.to_string()));
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

fn project_count(conn: &mut Conn, org: Uuid, count: &StockCount) -> Result<(), DbError> {
    let counters: Vec<String> = count.counters.iter().map(ToString::to_string).collect();
    let upsert = diesel::insert_into(stock_counts::table)
        .values((
            stock_counts::org_id.eq(Uid(org)),
            stock_counts::id.eq(Uid::from(count.id)),
            stock_counts::place.eq(count.place.to_string()),
            stock_counts::open.eq(count.is_open()),
            stock_counts::opened_at.eq(Micros::from(count.opened_at)),
            stock_counts::counters.eq(counters.join(" ")),
        ))
        .on_conflict((stock_counts::org_id, stock_counts::id))
        .do_update()
        .set(stock_counts::open.eq(count.is_open()));
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

/// Writes down what an order keeps back, if that changed since it was as `before`.
///
/// # Errors
/// The database's.
pub fn keep_back(conn: &mut Conn, org: Uuid, before: Option<&WorkOrder>, order: &WorkOrder) -> Result<(), DbError> {
    let now = order.reserved();
    if before.map(WorkOrder::reserved).unwrap_or_default() == now {
        return Ok(());
    }
    let of_order =
        reserved::table.filter(reserved::org_id.eq(Uid(org))).filter(reserved::work_order_id.eq(Uid::from(order.id)));
    both!(conn, c => diesel::delete(of_order).execute(c))?;
    for entry in now {
        let insert = diesel::insert_into(reserved::table).values((
            reserved::org_id.eq(Uid(org)),
            reserved::work_order_id.eq(Uid::from(order.id)),
            reserved::place.eq(entry.place.to_string()),
            reserved::article_id.eq(Uid::from(entry.article)),
            reserved::milli.eq(entry.milli),
        ));
        both!(conn, c => insert.execute(c))?;
    }
    Ok(())
}

/// How much of an article lies at a place, in thousandths of its unit: one row of the index, however many moves it
/// is the sum of. 0 if nothing was ever there.
///
/// # Errors
/// The database's.
pub fn balance(conn: &mut Conn, org: Uuid, place: &str, article: Uuid) -> Result<i64, DbError> {
    let query = stock_levels::table.find((Uid(org), place, Uid(article))).select(stock_levels::milli);
    let milli: Option<i64> = both!(conn, c => query.first(c).optional())?;
    Ok(milli.unwrap_or(0))
}

/// A level beside the sum of its moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Where.
    pub place: String,
    /// What.
    pub article: Uuid,
    /// What the level says.
    pub milli: i64,
    /// What the moves come to.
    pub moves_milli: i64,
}

/// Every level with the sum of its moves, which must be the same. Reads the whole ledger: for checks, not for screens.
///
/// # Errors
/// The database's.
pub fn balances(conn: &mut Conn, org: Uuid) -> Result<Vec<Balance>, DbError> {
    let levels = stock_levels::table
        .filter(stock_levels::org_id.eq(Uid(org)))
        .order((stock_levels::place, stock_levels::article_id))
        .select((stock_levels::place, stock_levels::article_id, stock_levels::milli));
    let levels: Vec<(String, Uid, i64)> = both!(conn, c => levels.load(c))?;
    let of_org = || stock_moves::table.filter(stock_moves::org_id.eq(Uid(org)));
    let came = of_org().group_by((stock_moves::to_place, stock_moves::article_id)).select((
        stock_moves::to_place,
        stock_moves::article_id,
        sum_of_milli(),
    ));
    let went = of_org().group_by((stock_moves::from_place, stock_moves::article_id)).select((
        stock_moves::from_place,
        stock_moves::article_id,
        sum_of_milli(),
    ));
    let came: Vec<(String, Uid, i64)> = both!(conn, c => came.load(c))?;
    let went: Vec<(String, Uid, i64)> = both!(conn, c => went.load(c))?;
    let mut sums = std::collections::HashMap::new();
    for (place, article, milli) in came {
        *sums.entry((place, article.0)).or_insert(0) += milli;
    }
    for (place, article, milli) in went {
        *sums.entry((place, article.0)).or_insert(0) -= milli;
    }
    let balance = |(place, article, milli): (String, Uid, i64)| {
        let moves_milli = sums.get(&(place.clone(), article.0)).copied().unwrap_or(0);
        Balance { place, article: article.0, milli, moves_milli }
    };
    Ok(levels.into_iter().map(balance).collect())
}

/// diesel would have the sum of BIGINTs as a decimal number, which SQLite does not know.
pub(super) fn sum_of_milli() -> diesel::expression::SqlLiteral<BigInt> {
    diesel::dsl::sql::<BigInt>("CAST(SUM(milli) AS BIGINT)")
}
