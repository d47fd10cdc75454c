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
        schema::asset_readings,
        types::{Micros, Uid},
    },
    history,
};

/// Enters a record into an asset's history, or moves it to another instant.
///
/// # Errors
/// The database's.
pub fn enter(conn: &mut Conn, org: Uuid, asset: AssetId, record: Ref, at: Timestamp) -> Result<(), DbError> {
    history::enter(conn, org, asset.uuid(), record, at)
}

/// Takes a record out of an asset's history: it turned out to be about another one.
///
/// # Errors
/// The database's.
pub fn leave(conn: &mut Conn, org: Uuid, asset: AssetId, record: Ref) -> Result<(), DbError> {
    history::leave(conn, org, asset.uuid(), record)
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
    // What was planned and called off was never there.
    let called_off = matches!(inspection.state, InspectionState::Void { .. }) && inspection.people.is_empty();
    if called_off || matches!(inspection.state, InspectionState::Planned) {
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
