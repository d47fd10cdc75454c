//! SQL by which assets are listed.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use mobile_api::{Actor, record::Kind};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{asset_readings, assets, records},
        types::{Micros, Uid},
    },
    directory::list::{containing, lower},
    paging::{Ask, Listed, Row, found, page_of},
    sight::{Sight, narrow},
};

/// Which assets are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AssetFilter {
    /// Part of the name, or of the firm's number or the serial; upper and lower case are the same.
    #[param(example = "lift")]
    pub q: Option<String>,
    /// At this site.
    pub site: Option<Uuid>,
    /// In this building.
    pub building: Option<Uuid>,
    /// In this unit.
    pub unit: Option<Uuid>,
    /// Parts of this asset.
    pub parent: Option<Uuid>,
    /// Of this type.
    #[param(example = "lift")]
    pub asset_type: Option<String>,
    /// With this serial.
    #[param(example = "30218344")]
    pub serial: Option<String>,
    /// Whether it is retired; both, if absent.
    pub retired: Option<bool>,
    /// Whose certificate runs out before this day, those first that do so first. Never of retired ones.
    #[param(example = "2027-01-01")]
    pub certificate_expires_before: Option<NaiveDate>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most assets of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Assets that fit the filter and that the actor may see: by name, or by when the certificate runs out.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    actor: &Actor,
    filter: &AssetFilter,
    ask: &Ask<String>,
) -> Result<Vec<Listed<String>>, DbError> {
    let sites = match Sight::of(actor, Kind::Asset) {
        Sight::All => None,
        Sight::Sites(sites) => Some(sites),
        Sight::Own(_) | Sight::Nothing => return Ok(Vec::new()),
    };
    let text = filter.q.as_deref().map(containing);
    let expiring = filter.certificate_expires_before.map(|day| day.to_string());
    let by_day = expiring.is_some();
    // Both lists are of one shape: a text to order by, and the id that parts equal ones.
    let rows: Vec<Row<String>> = both!(conn, c => {
        let mut query = found!(assets, Kind::Asset, actor.org)
            .limit(ask.rows())
            .into_boxed();
        narrow!(query:
            sites => |sites| assets::site_id.eq_any(sites);
            text.as_deref() => |text| lower(assets::name)
                .like(lower(text))
                .escape('\\')
                .or(assets::code.is_not_null().and(lower(assets::code.assume_not_null()).like(lower(text)).escape('\\')))
                .or(assets::serial.is_not_null().and(lower(assets::serial.assume_not_null()).like(lower(text)).escape('\\')));
            filter.site => |id| assets::site_id.eq(Uid(id));
            filter.building => |id| assets::building_id.eq(Uid(id));
            filter.unit => |id| assets::unit_id.eq(Uid(id));
            filter.parent => |id| assets::parent_id.eq(Uid(id));
            filter.asset_type.as_deref() => |name| assets::asset_type.eq(name.trim());
            filter.serial.as_deref() => |serial| assets::serial.eq(serial.trim());
            filter.retired.filter(|wanted| *wanted) => |_yes| assets::status.eq("retired");
            filter.retired.filter(|wanted| !*wanted) => |_no| assets::status.ne("retired");
            expiring.as_deref() => |day| assets::certificate_expires.is_not_null()
                .and(assets::certificate_expires.assume_not_null().lt(day));
            ask.after.as_ref().filter(|_| !by_day) => |place| assets::name
                .ge(&place.0)
                .and(assets::name.gt(&place.0).or(assets::id.gt(Uid(place.1))));
            ask.after.as_ref().filter(|_| by_day) => |place| assets::certificate_expires.assume_not_null()
                .ge(&place.0)
                .and(assets::certificate_expires.assume_not_null().gt(&place.0).or(assets::id.gt(Uid(place.1))));
        );
        if by_day {
            let day = assets::certificate_expires.assume_not_null();
            query.order((assets::certificate_expires, assets::id)).select((day, assets::id, records::rev, records::body)).load(c)
        } else {
            query.order((assets::name, assets::id)).select((assets::name, assets::id, records::rev, records::body)).load(c)
        }
    })?;
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// Which readings are wanted. Those that fit all of what is given.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadingFilter {
    /// Of this asset.
    pub asset: Option<Uuid>,
    /// Of the meter with this code; together with `asset`.
    #[param(example = "hours")]
    pub meter: Option<String>,
    /// Whether it lies beyond the limits that the meter had.
    pub beyond: Option<bool>,
    /// Read at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Read before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most readings of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// Readings that fit the filter and that the actor may see, newest first.
///
/// # Errors
/// The database's.
pub fn readings(
    conn: &mut Conn,
    actor: &Actor,
    filter: &ReadingFilter,
    ask: &Ask<i64>,
) -> Result<Vec<Listed<i64>>, DbError> {
    let sites = match Sight::of(actor, Kind::AssetReading) {
        Sight::All => None,
        Sight::Sites(sites) => Some(sites),
        Sight::Own(_) | Sight::Nothing => return Ok(Vec::new()),
    };
    let rows: Vec<Row<i64>> = page_of!(conn, actor.org, ask, Kind::AssetReading => asset_readings, newest by at;
        sites => |sites| asset_readings::site_id.eq_any(sites);
        filter.asset => |id| asset_readings::asset_id.eq(Uid(id));
        filter.meter.as_deref() => |meter| asset_readings::meter.eq(meter.trim());
        filter.beyond => |beyond| asset_readings::beyond.eq(beyond);
        filter.from => |from| asset_readings::at.ge(Micros::from(from));
        filter.until => |until| asset_readings::at.lt(Micros::from(until));
    );
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// The last values of a meter with their instants, oldest first; at most so many.
///
/// # Errors
/// The database's.
pub fn series(
    conn: &mut Conn,
    org: Uuid,
    asset: Uuid,
    meter: &str,
    (from, until): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    most: i64,
) -> Result<Vec<(DateTime<Utc>, i64, bool)>, DbError> {
    let rows: Vec<(Micros, i64, bool)> = both!(conn, c => {
        let mut query = asset_readings::table
            .filter(asset_readings::org_id.eq(Uid(org)))
            .filter(asset_readings::asset_id.eq(Uid(asset)))
            .filter(asset_readings::meter.eq(meter.trim()))
            .order((asset_readings::at.desc(), asset_readings::id.desc()))
            .limit(most)
            .select((asset_readings::at, asset_readings::milli, asset_readings::beyond))
            .into_boxed();
        narrow!(query:
            from => |from| asset_readings::at.ge(Micros::from(from));
            until => |until| asset_readings::at.lt(Micros::from(until));
        );
        query.load(c)
    })?;
    Ok(rows.into_iter().rev().map(|(at, milli, beyond)| (at.time(), milli, beyond)).collect())
}
