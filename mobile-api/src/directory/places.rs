//! Places: site → building → unit.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    check::Check,
    ids::{BuildingId, Id, SiteId, UnitId},
    operation::{Change, Context, Decision, Need, Payload, Save},
    record::{Kind, Reach, RecordType, Ref},
    refusal::Refusal,
    time::Timestamp,
};

/// A housing estate or project (小区, 项目).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its name.
    pub name: String,
    /// Street and town.
    pub address: String,
    /// Where it lies, if somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Its time zone, if it is not that of the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A point on the earth (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Location {
    /// Degrees north, −90 to 90.
    pub latitude: f64,
    /// Degrees east, −180 to 180.
    pub longitude: f64,
}

/// The earth's mean radius in metres (IUGG).
const EARTH: f64 = 6_371_008.8;

impl Location {
    /// Notes an error for degrees that there are not.
    pub fn check(&self, check: &mut Check, pointer: &str) {
        for (name, degrees, most) in [("latitude", self.latitude, 90.0), ("longitude", self.longitude, 180.0)] {
            if !degrees.is_finite() || degrees.abs() > most {
                check.error(format!("{pointer}/{name}"), "out_of_range", format!("−{most} to {most} degrees"));
            }
        }
    }

    /// Metres in a straight line over the ground, by the haversine formula.
    pub fn metres_to(self, other: Location) -> u32 {
        let (here, there) = (self.latitude.to_radians(), other.latitude.to_radians());
        let (north, east) = (there - here, (other.longitude - self.longitude).to_radians());
        let half = (north / 2.0).sin().powi(2) + here.cos() * there.cos() * (east / 2.0).sin().powi(2);
        // At most half of the way around the earth, which fits.
        (2.0 * EARTH * half.sqrt().min(1.0).asin()).round() as u32
    }
}

/// A building (楼栋).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Building {
    /// Its id.
    pub id: BuildingId,
    /// The site it stands on.
    pub site: SiteId,
    /// Its name or number.
    pub name: String,
}

/// A flat, shop or room (房号): one household, one file (一户一档).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// The site, repeated here so that a unit can be judged alone.
    pub site: SiteId,
    /// The building.
    pub building: Option<BuildingId>,
    /// Its name or number.
    pub name: String,
    /// What a technician should know: floor, entry code at the porter's, where the stop-cock is.
    pub access_note: Option<String>,
}

// Places reach phones only through the orders that need them, hence the empty `reach`.

impl RecordType for Site {
    const KIND: Kind = Kind::Site;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() && actor.covers_site(self.id)
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        Vec::new()
    }
}

impl RecordType for Building {
    const KIND: Kind = Kind::Building;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() && actor.covers_site(self.site)
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        Vec::new()
    }
}

impl RecordType for Unit {
    const KIND: Kind = Kind::Unit;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() && actor.covers_site(self.site)
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        Vec::new()
    }
}

/// Makes a site or changes its particulars.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SiteSave {
    /// Its name; 1 to 200 characters.
    pub name: String,
    /// Street and town; at most 500 characters.
    pub address: String,
    /// Where it lies, for the distance of those who could go there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Its IANA time zone, if it is not that of the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

impl Payload for SiteSave {
    type Record = Site;

    fn example() -> Self {
        let location = Some(Location { latitude: 31.2304, longitude: 121.4737 });
        Self { name: "Lakeside Garden".into(), address: "18 Lake Road, Shanghai".into(), location, time_zone: None }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.text("/address", &self.address, 0..=500);
        if let Some(location) = self.location {
            location.check(check, "/location");
        }
        if self.time_zone.as_ref().is_some_and(|zone| zone.parse::<chrono_tz::Tz>().is_err()) {
            check.error("/time_zone", "malformed", "an IANA time zone such as Asia/Shanghai");
        }
    }
}

impl Save for SiteSave {
    fn decide(self, id: Id<Site>, _: Option<Site>, context: &Context<'_>) -> Result<Decision<Site>, Refusal> {
        // Somebody who is limited to some sites cannot make a further one.
        if !context.actor.covers_site(id) {
            return Err(Refusal::Forbidden);
        }
        let SiteSave { name, address, location, time_zone } = self;
        Ok(Site { id, name, address, location, time_zone }.into())
    }
}

/// Makes a building or changes its particulars.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BuildingSave {
    /// The site it stands on.
    pub site: SiteId,
    /// Its name or number; 1 to 200 characters.
    pub name: String,
}

impl Payload for BuildingSave {
    type Record = Building;

    fn example() -> Self {
        Self { site: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000001")), name: "Building 7".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
    }

    fn needs(&self, _: Option<&Building>, _: &Actor) -> Vec<Need> {
        vec![Need::record(self.site)]
    }
}

impl Save for BuildingSave {
    fn decide(
        self,
        id: Id<Building>,
        _: Option<Building>,
        context: &Context<'_>,
    ) -> Result<Decision<Building>, Refusal> {
        usable_site(context, self.site)?;
        Ok(Building { id, site: self.site, name: self.name }.into())
    }
}

/// Makes a unit or changes its particulars.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnitSave {
    /// The site.
    pub site: SiteId,
    /// The building.
    pub building: Option<BuildingId>,
    /// Its name or number; 1 to 200 characters.
    pub name: String,
    /// What a technician should know; at most 1,000 characters.
    pub access_note: Option<String>,
}

impl Payload for UnitSave {
    type Record = Unit;

    fn example() -> Self {
        Self {
            site: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000001")),
            building: None,
            name: "7-1203".into(),
            access_note: Some("Stop-cock behind the washing machine".into()),
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.optional_text("/access_note", self.access_note.as_deref(), 1000);
    }

    fn needs(&self, _: Option<&Unit>, _: &Actor) -> Vec<Need> {
        let site = Need::record(self.site);
        self.building.map(Need::record).into_iter().chain([site]).collect()
    }
}

impl Save for UnitSave {
    fn decide(self, id: Id<Unit>, _: Option<Unit>, context: &Context<'_>) -> Result<Decision<Unit>, Refusal> {
        let UnitSave { site, building, name, access_note } = self;
        usable_site(context, site)?;
        if let Some(building) = building {
            let stands_there = context.related.get(building).is_some_and(|building| building.site == site);
            if !stands_there {
                return Err(Refusal::BadReference { pointer: "/building".into() });
            }
        }
        Ok(Unit { id, site, building, name, access_note }.into())
    }
}

/// Deletes a unit that no order refers to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnitDelete {}

impl Payload for UnitDelete {
    type Record = Unit;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, record: Option<&Unit>, _: &Actor) -> Vec<Need> {
        record.map(|unit| Need::Dependents(Ref::new(Kind::Unit, unit.id))).into_iter().collect()
    }
}

impl Change for UnitDelete {
    fn decide(self, _: Unit, context: &Context<'_>) -> Result<Decision<Unit>, Refusal> {
        match context.related.dependents {
            0 => Ok(Decision::delete()),
            orders => Err(Refusal::StillInUse { what: format!("{orders} work order(s) refer to this unit") }),
        }
    }
}

/// The site must exist and lie within what the actor sees.
fn usable_site(context: &Context<'_>, site: Id<Site>) -> Result<(), Refusal> {
    match context.related.get(site) {
        Some(site) if context.actor.covers_site(site.id) => Ok(()),
        _ => Err(Refusal::BadReference { pointer: "/site".into() }),
    }
}
