//! SQL by which assets are found. The assets themselves are records.

use diesel::prelude::*;
use mobile_api::{Actor, Id, asset::Asset, directory::Organisation, ids::AssetId, time::Timestamp};
use uuid::Uuid;

use crate::{
    db::{Conn, DbError, both, column_text, schema::assets, types::Uid},
    operations::{reading, store::organisations},
};

/// Brings the columns of an asset up to date.
///
/// # Errors
/// The database's.
pub fn project(conn: &mut Conn, org: Uuid, asset: &Asset) -> Result<(), DbError> {
    let serial_key = asset.serial_key().map(|key| column_text(&key));
    let certificate = asset.certificate.as_ref().filter(|_| !asset.is_retired());
    let values = (
        assets::name.eq(column_text(&asset.name)),
        assets::asset_type.eq(column_text(asset.asset_type.trim())),
        assets::code.eq(asset.code.as_deref().map(column_text)),
        assets::serial.eq(asset.serial.as_deref().map(str::trim).map(column_text)),
        assets::serial_key.eq(serial_key),
        assets::site_id.eq(Uid::from(asset.site)),
        assets::building_id.eq(asset.building.map(Uid::from)),
        assets::unit_id.eq(asset.unit.map(Uid::from)),
        assets::parent_id.eq(asset.parent.map(Uid::from)),
        assets::status.eq(asset.service.as_str()),
        assets::certificate_expires.eq(certificate.map(|certificate| certificate.expires_on.to_string())),
        assets::certificate_untold.eq(asset.untold_expiry().map(|day| day.to_string())),
    );
    let upsert = diesel::insert_into(assets::table)
        .values((assets::org_id.eq(Uid(org)), assets::id.eq(Uid::from(asset.id)), values.clone()))
        .on_conflict((assets::org_id, assets::id))
        .do_update()
        .set(values);
    both!(conn, c => upsert.execute(c))?;
    Ok(())
}

/// Lets go of the serials of assets that change, so that another can have them in the same transaction, whichever is written first.
///
/// # Errors
/// The database's.
pub fn release_serials(conn: &mut Conn, org: Uuid, changing: &[AssetId]) -> Result<(), DbError> {
    if changing.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uid> = changing.iter().copied().map(Uid::from).collect();
    let of_these = assets::table.filter(assets::org_id.eq(Uid(org))).filter(assets::id.eq_any(ids));
    let update = diesel::update(of_these).set(assets::serial_key.eq(None::<String>));
    both!(conn, c => update.execute(c))?;
    Ok(())
}

/// Assets of whose certificates somebody is to be told by now, with their organisations; at most so many of each.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn expiring(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let mut due = Vec::new();
    for (org, _) in organisations(conn)? {
        let query = assets::table
            .filter(assets::org_id.eq(Uid(org)))
            .filter(assets::certificate_untold.is_not_null())
            .order(assets::certificate_untold)
            .limit(most)
            .select((assets::id, assets::certificate_untold.assume_not_null()));
        let rows: Vec<(Uid, String)> = both!(conn, c => query.load(c))?;
        if rows.is_empty() {
            continue;
        }
        let firm = reading::record::<Organisation>(conn, &Actor::system(org), Id::new(org));
        let firm = firm.map_err(|error| DbError::Panicked(error.to_string()))?;
        let until = firm.and_then(|firm| firm.maintenance.tell_until(firm.day(now))).map(|day| day.to_string());
        let told = |(_, day): &(Uid, String)| until.as_ref().is_some_and(|until| day <= until);
        due.extend(rows.into_iter().take_while(told).map(|(id, _)| (org, id.0)));
    }
    Ok(due)
}

/// The asset that is not retired and is told apart by this; see [`Asset::serial_key`].
///
/// # Errors
/// The database's.
pub fn with_serial(conn: &mut Conn, org: Uuid, key: &str) -> Result<Option<AssetId>, DbError> {
    let query = assets::table
        .filter(assets::org_id.eq(Uid(org)))
        .filter(assets::serial_key.eq(column_text(key)))
        .select(assets::id);
    let row: Option<Uid> = both!(conn, c => query.first(c).optional())?;
    Ok(row.map(AssetId::from))
}
