//! An asset is written down, or its particulars corrected.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    Asset, AssetCertificate, AssetDocument, Meter, MeterKind, Serves, Service, meter::check_meters, record::serial_key,
};
use crate::{
    actor::Actor,
    check::Check,
    ids::{AssetId, BuildingId, Id, SiteId, UnitId},
    operation::{Context, Decision, Need, Payload, Save},
    refusal::Refusal,
    work_order::Source,
};

/// Makes an asset or changes its particulars.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssetSave {
    /// Its name; 1 to 200 characters.
    pub name: String,
    /// What sort of thing, in the firm's own words; 1 to 60 characters.
    pub asset_type: String,
    /// The firm's number for it; at most 120 characters.
    #[serde(default)]
    pub code: Option<String>,
    /// The maker's number for it; at most 120 characters.
    #[serde(default)]
    pub serial: Option<String>,
    /// The site.
    pub site: SiteId,
    /// The building.
    #[serde(default)]
    pub building: Option<BuildingId>,
    /// The unit, if it stands in one.
    #[serde(default)]
    pub unit: Option<UnitId>,
    /// Where, in words; at most 500 characters.
    #[serde(default)]
    pub place: String,
    /// Whom it serves, at the same site, if it is not simply all of where it stands.
    #[serde(default, skip_serializing_if = "Serves::is_empty")]
    pub serves: Serves,
    /// The asset that it is a part of, at the same site.
    #[serde(default)]
    pub parent: Option<AssetId>,
    /// Who made it; at most 200 characters.
    #[serde(default)]
    pub maker: Option<String>,
    /// What its maker calls it; at most 200 characters.
    #[serde(default)]
    pub model: Option<String>,
    /// When it was installed.
    #[serde(default)]
    pub installed_on: Option<NaiveDate>,
    /// The last day of its maker's warranty.
    #[serde(default)]
    pub warranty_until: Option<NaiveDate>,
    /// The paper without which it may not run.
    #[serde(default)]
    pub certificate: Option<AssetCertificate>,
    /// Manuals, drawings, reports; at most 50.
    #[serde(default)]
    pub documents: Vec<AssetDocument>,
    /// What can be read off it; at most 20.
    #[serde(default)]
    pub meters: Vec<Meter>,
    /// Where it came from, if it was imported.
    #[serde(default)]
    pub source: Option<Source>,
}

impl Payload for AssetSave {
    type Record = Asset;

    fn example() -> Self {
        Self {
            name: "Lift 2".into(),
            asset_type: "lift".into(),
            code: Some("L-07-2".into()),
            serial: Some("30218344".into()),
            site: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000001")),
            building: None,
            unit: None,
            place: "Building 7, shaft 2".into(),
            serves: Serves::default(),
            parent: None,
            maker: Some("Hitachi".into()),
            model: Some("HCA-1050".into()),
            installed_on: NaiveDate::from_ymd_opt(2019, 5, 14),
            warranty_until: NaiveDate::from_ymd_opt(2021, 5, 13),
            certificate: NaiveDate::from_ymd_opt(2027, 3, 31)
                .map(|expires_on| AssetCertificate { number: Some("TZ-2026-1187".into()), expires_on }),
            documents: vec![AssetDocument { title: "Manual".into(), url: "https://docs.example.com/hca.pdf".into() }],
            meters: vec![Meter {
                code: "hours".into(),
                unit: "h".into(),
                kind: MeterKind::Counter,
                low_milli: None,
                high_milli: None,
            }],
            source: None,
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.text("/asset_type", &self.asset_type, 1..=60);
        check.text("/place", &self.place, 0..=500);
        for (pointer, value, longest) in [
            ("/code", &self.code, 120),
            ("/serial", &self.serial, 120),
            ("/maker", &self.maker, 200),
            ("/model", &self.model, 200),
        ] {
            check.optional_text(pointer, value.as_deref(), longest);
        }
        for (pointer, date) in [("/installed_on", self.installed_on), ("/warranty_until", self.warranty_until)] {
            check_date(check, pointer, date);
        }
        if let Some(certificate) = &self.certificate {
            check.optional_text("/certificate/number", certificate.number.as_deref(), 120);
            check_date(check, "/certificate/expires_on", Some(certificate.expires_on));
        }
        check.count("/serves/buildings", self.serves.buildings.len(), 0..=200);
        check.count("/serves/units", self.serves.units.len(), 0..=1_000);
        check.count("/documents", self.documents.len(), 0..=50);
        for (at, document) in self.documents.iter().enumerate() {
            check.text(&format!("/documents/{at}/title"), &document.title, 1..=200);
            check.text(&format!("/documents/{at}/url"), &document.url, 1..=2000);
            // Whoever opens it must not run what somebody typed in.
            if !document.url.starts_with("https://") {
                check.error(format!("/documents/{at}/url"), "malformed", "an address that begins with https://");
            }
        }
        check_meters(check, &self.meters);
        if let Some(source) = &self.source {
            check.text("/source/system", &source.system, 1..=60);
            check.text("/source/id", &source.id, 1..=120);
        }
    }

    fn needs(&self, _: Option<&Asset>, _: &Actor) -> Vec<Need> {
        let mut needs = vec![Need::record(self.site)];
        needs.extend(self.building.map(Need::record));
        needs.extend(self.unit.map(Need::record));
        needs.extend(self.serves.buildings.iter().copied().map(Need::record));
        needs.extend(self.serves.units.iter().copied().map(Need::record));
        if let Some(parent) = self.parent {
            needs.extend([Need::record(parent), Need::AssetsAbove { asset: parent }]);
        }
        if let Some(serial) = self.serial() {
            needs.push(Need::AssetWithSerial { key: serial_key(&self.asset_type, self.maker.as_deref(), serial) });
        }
        needs
    }
}

fn check_date(check: &mut Check, pointer: &str, date: Option<NaiveDate>) {
    if let Some(date) = date {
        check.time(pointer, date.and_time(chrono::NaiveTime::MIN).and_utc());
    }
}

impl AssetSave {
    /// Whether the asset says all of this already.
    pub fn changes_nothing_of(&self, asset: &Asset) -> bool {
        self.clone().on(asset.id, Some(asset)) == *asset
    }

    /// The asset that it makes, with what the asset knows besides.
    fn on(self, id: Id<Asset>, asset: Option<&Asset>) -> Asset {
        let known = |asset: &Asset| (asset.service.clone(), asset.readings.clone(), asset.certificate_told);
        let (service, readings, certificate_told) = asset.map_or((Service::InService, Vec::new(), None), known);
        Asset {
            id,
            name: self.name,
            asset_type: self.asset_type,
            code: self.code,
            serial: self.serial,
            site: self.site,
            building: self.building,
            unit: self.unit,
            place: self.place,
            serves: self.serves,
            parent: self.parent,
            maker: self.maker,
            model: self.model,
            installed_on: self.installed_on,
            warranty_until: self.warranty_until,
            certificate: self.certificate,
            certificate_told,
            documents: self.documents,
            meters: self.meters,
            readings,
            service,
            source: self.source,
        }
    }

    /// The serial, unless it is empty.
    fn serial(&self) -> Option<&str> {
        self.serial.as_deref().map(str::trim).filter(|serial| !serial.is_empty())
    }

    fn check_references(&self, id: Id<Asset>, context: &Context<'_>) -> Result<(), Refusal> {
        let related = context.related;
        let bad = |pointer: &str| Err(Refusal::BadReference { pointer: pointer.into() });
        if related.get(self.site).is_none() || !context.actor.covers_site(self.site) {
            return bad("/site");
        }
        if self.building.is_some_and(|id| related.get(id).is_none_or(|building| building.site != self.site)) {
            return bad("/building");
        }
        let stands_there = |unit: &crate::directory::Unit| {
            unit.site == self.site && (self.building.is_none() || unit.building == self.building)
        };
        if self.unit.is_some_and(|id| !related.get(id).is_some_and(stands_there)) {
            return bad("/unit");
        }
        let served = &self.serves;
        let elsewhere = |id: &BuildingId| related.get(*id).is_none_or(|building| building.site != self.site);
        if let Some(at) = served.buildings.iter().position(elsewhere) {
            return bad(&format!("/serves/buildings/{at}"));
        }
        let elsewhere = |id: &UnitId| related.get(*id).is_none_or(|unit| unit.site != self.site);
        if let Some(at) = served.units.iter().position(elsewhere) {
            return bad(&format!("/serves/units/{at}"));
        }
        // Nothing is a part of itself, however long the way around.
        let usable = |parent: &Asset| parent.site == self.site && !parent.is_retired() && parent.id != id;
        if self.parent.is_some_and(|parent| !related.get(parent).is_some_and(usable))
            || related.assets_above.contains(&id)
        {
            return bad("/parent");
        }
        match related.asset_with_serial {
            Some(other) if other != id => Err(Refusal::SerialTaken { asset: other }),
            _ => Ok(()),
        }
    }
}

impl Save for AssetSave {
    fn decide(self, id: Id<Asset>, asset: Option<Asset>, context: &Context<'_>) -> Result<Decision<Asset>, Refusal> {
        if asset.as_ref().is_some_and(Asset::is_retired) {
            return Err(Refusal::AssetRetired);
        }
        self.check_references(id, context)?;
        Ok(self.on(id, asset.as_ref()).into())
    }
}
