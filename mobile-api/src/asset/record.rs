//! The asset as a record.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{LastReading, Meter};
use crate::{
    actor::Actor,
    evidence::When,
    ids::{AssetId, BuildingId, SiteId, UnitId, UserId},
    record::{Kind, Reach, RecordType},
    time::Timestamp,
    work_order::Source,
};

/// A machine or installation that is looked after (设备).
///
/// It holds no history: that would grow for as long as the thing stands, and every phone that needs the asset would fetch all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Asset {
    /// Its id; the label on it says it, as a QR code.
    pub id: AssetId,
    /// Its name, `Lift 2`.
    pub name: String,
    /// What sort of thing, in the firm's own words: `lift`, `pump`.
    pub asset_type: String,
    /// The firm's number for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The maker's number for it. Two of one type, maker and serial there are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The site.
    pub site: SiteId,
    /// The building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<BuildingId>,
    /// The unit, if it stands in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// Where, in words: the shaft, the plant room.
    #[serde(default)]
    pub place: String,
    /// Whom it serves, if it is not simply all of where it stands.
    #[serde(default, skip_serializing_if = "Serves::is_empty")]
    pub serves: Serves,
    /// The asset that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AssetId>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// What its maker calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// When it was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_on: Option<NaiveDate>,
    /// The last day of its maker's warranty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warranty_until: Option<NaiveDate>,
    /// The paper without which it may not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<AssetCertificate>,
    /// The last day of the certificate of which somebody was told that it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_told: Option<NaiveDate>,
    /// Manuals, drawings, reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<AssetDocument>,
    /// What can be read off it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub meters: Vec<Meter>,
    /// The last few readings of each meter, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<LastReading>,
    /// Whether it runs.
    pub service: Service,
    /// Where it came from, if it was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// What an asset serves, at its site: a pump in building 3 may supply 3 and 4. If nothing is named, it serves all of where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Serves {
    /// All units of these buildings; at most 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buildings: Vec<BuildingId>,
    /// These units; at most 1,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
}

impl Serves {
    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.buildings.is_empty() && self.units.is_empty()
    }
}

/// A certificate (检验合格证) that must be renewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssetCertificate {
    /// Its number; at most 120 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The last day on which it is valid.
    pub expires_on: NaiveDate,
}

/// A paper about an asset, kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssetDocument {
    /// What it is; 1 to 200 characters.
    pub title: String,
    /// Where it lies: an address that begins with `https://`; at most 2,000 characters.
    pub url: String,
}

/// Whether an asset runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Service {
    /// It runs.
    InService,
    /// It stands still (停用).
    OutOfService {
        /// Since when.
        since: When,
        /// Who took it out of service.
        by: UserId,
        /// Why.
        reason: String,
    },
    /// It is gone for good (报废). What was done to it stays.
    Retired {
        /// Since when.
        at: When,
        /// The revision that retired it: what was recorded without it, did not know.
        rev: u64,
        /// Who decided.
        by: UserId,
        /// Why.
        reason: String,
        /// What stands in its place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaced_by: Option<AssetId>,
    },
}

impl Service {
    /// The name on the wire and in the database.
    pub fn as_str(&self) -> &'static str {
        match self {
            Service::InService => "in_service",
            Service::OutOfService { .. } => "out_of_service",
            Service::Retired { .. } => "retired",
        }
    }
}

impl Asset {
    /// Whether it is gone for good.
    pub fn is_retired(&self) -> bool {
        matches!(self.service, Service::Retired { .. })
    }

    /// What it is told apart by from others: type, maker and serial, whatever their case. `None` without a serial, and once it is
    /// retired: the same machine may come back under another id.
    pub fn serial_key(&self) -> Option<String> {
        let told = |serial: &&str| !self.is_retired() && !serial.trim().is_empty();
        self.serial.as_deref().filter(told).map(|serial| serial_key(&self.asset_type, self.maker.as_deref(), serial))
    }
}

/// See [`Asset::serial_key`].
pub fn serial_key(asset_type: &str, maker: Option<&str>, serial: &str) -> String {
    let parts = [asset_type, maker.unwrap_or_default(), serial];
    // A sign that is in no text of a payload with lines of its own.
    parts.map(|part| part.trim().to_lowercase()).join("\u{1f}")
}

// An asset reaches phones only through the orders and rounds that need it, hence the empty `reach`.
impl RecordType for Asset {
    const KIND: Kind = Kind::Asset;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() && actor.covers_site(self.site)
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        Vec::new()
    }
}
