//! The rows from which an asset's maintenance record is put together: one for each order, reading or inspection that names it,
//! written in the transaction of the record itself. A further kind of record needs nothing but [`enter`] from its own `project`.

use std::collections::BTreeSet;

use diesel::prelude::*;
use mobile_api::{
    asset::AssetReading,
    ids::AssetId,
    inspection::{Inspection, InspectionState},
    record::{Kind, Ref},
    time::Timestamp,
    work_order::WorkOrder,
};
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both, column_text,
        schema::{asset_history, asset_readings, records},
        types::{Micros, Uid},
    },
    paging::Ask,
};

/// Enters a record into an asset's history, or moves it to another instant.
///
/// # Errors
/// The database's.
pub fn enter(conn: &mut Conn, org: Uuid, asset: AssetId, record: Ref, at: Timestamp) -> Result<(), DbError> {
    let at = Micros::from(at);
    let upsert = diesel::insert_into(asset_history::table)
        .values((
            asset_history::org_id.eq(Uid(org)),
            asset_history::asset_id.eq(Uid::from(asset)),
            asset_history::kind.eq(record.kind.as_str()),
            asset_history::id.eq(Uid(record.id)),
            asset_history::at.eq(at),
        ))
        .on_conflict((asset_history::org_id, asset_history::asset_id, asset_history::kind, asset_history::id))
        .do_update()
        .set(asset_history::at.eq(at));
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

/// Takes a record out of an asset's history: it turned out to be about another one.
///
/// # Errors
/// The database's.
pub fn leave(conn: &mut Conn, org: Uuid, asset: AssetId, record: Ref) -> Result<(), DbError> {
    let key = (Uid(org), Uid::from(asset), record.kind.as_str(), Uid(record.id));
    both!(conn, c => diesel::delete(asset_history::table.find(key)).execute(c))?;
    Ok(())
}

/// Keeps an order's row in step with the asset that it names.
///
/// # Errors
/// The database's.
pub fn enter_order(conn: &mut Conn, org: Uuid, before: Option<&WorkOrder>, order: &WorkOrder) -> Result<(), DbError> {
    let (was, is) = (before.and_then(|before| before.asset), order.asset);
    if was == is {
        return Ok(());
    }
    let address = Ref::new(Kind::WorkOrder, order.id);
    if let Some(asset) = was {
        leave(conn, org, asset, address)?;
    }
    is.map_or(Ok(()), |asset| enter(conn, org, asset, address, order.called_at))
}

/// Keeps an inspection's rows in step with the assets that it is about: its own, and those of its points. One that nobody has begun
/// is no history yet.
///
/// # Errors
/// The database's.
pub fn enter_inspection(
    conn: &mut Conn,
    org: Uuid,
    before: Option<&Inspection>,
    inspection: &Inspection,
) -> Result<(), DbError> {
    let (was, is) = (before.map(seen_by).unwrap_or_default(), seen_by(inspection));
    let address = Ref::new(Kind::Inspection, inspection.id);
    for asset in was.difference(&is) {
        leave(conn, org, *asset, address)?;
    }
    for asset in is.difference(&was) {
        enter(conn, org, *asset, address, inspection.recorded.latest)?;
    }
    Ok(())
}

fn seen_by(inspection: &Inspection) -> BTreeSet<AssetId> {
    if matches!(inspection.state, InspectionState::Planned) {
        return BTreeSet::new();
    }
    inspection.points.iter().filter_map(|point| point.asset).chain(inspection.spot.asset).collect()
}

/// Writes a reading down, which is never changed.
///
/// # Errors
/// The database's.
pub fn enter_reading(conn: &mut Conn, org: Uuid, reading: &AssetReading) -> Result<(), DbError> {
    let insert = diesel::insert_into(asset_readings::table).values((
        asset_readings::org_id.eq(Uid(org)),
        asset_readings::id.eq(Uid::from(reading.id)),
        asset_readings::asset_id.eq(Uid::from(reading.asset)),
        asset_readings::site_id.eq(Uid::from(reading.site)),
        asset_readings::meter.eq(column_text(reading.meter.trim())),
        asset_readings::milli.eq(reading.milli),
        asset_readings::beyond.eq(reading.beyond),
        asset_readings::at.eq(Micros::from(reading.at.latest)),
    ));
    both!(conn, c => insert.execute(c))?;
    enter(conn, org, reading.asset, Ref::new(Kind::AssetReading, reading.id), reading.at.latest)
}

/// One row: when, the record's address, and the record as it is stored.
#[derive(Debug)]
pub struct Row {
    /// When.
    pub at: i64,
    /// What.
    pub record: Ref,
    /// As it is stored.
    pub body: String,
}

type Loaded = (i64, String, Uid, String);

/// What was done to an asset and seen on it, newest first.
///
/// # Errors
/// The database's.
pub fn of(conn: &mut Conn, org: Uuid, asset: Uuid, ask: &Ask<i64>) -> Result<Vec<Row>, DbError> {
    let rows: Vec<Loaded> = both!(conn, c => {
        let mut query = asset_history::table
            .inner_join(
                records::table.on(records::org_id
                    .eq(asset_history::org_id)
                    .and(records::kind.eq(asset_history::kind))
                    .and(records::id.eq(asset_history::id))),
            )
            .filter(asset_history::org_id.eq(Uid(org)))
            .filter(asset_history::asset_id.eq(Uid(asset)))
            .order((asset_history::at.desc(), asset_history::id.desc()))
            .limit(ask.rows())
            .select((asset_history::at, asset_history::kind, asset_history::id, records::body))
            .into_boxed();
        if let Some(place) = &ask.after {
            query = query.filter(
                asset_history::at
                    .le(place.0)
                    .and(asset_history::at.lt(place.0).or(asset_history::id.lt(Uid(place.1)))),
            );
        }
        query.load(c)
    })?;
    let row = |(at, kind, id, body): Loaded| Some(Row { at, record: Ref::new(Kind::parse(&kind)?, id.0), body });
    Ok(rows.into_iter().filter_map(row).collect())
}
