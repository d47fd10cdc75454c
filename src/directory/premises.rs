//! Where something is, in the words of the directory.

use mobile_api::{
    Actor,
    directory::{Building, Site, Unit},
    ids::{BuildingId, SiteId, UnitId},
};
use uuid::Uuid;

use crate::{
    db::Conn,
    operations::{DoorError, reading},
};

/// Names from the directory; what is gone from it has none.
#[derive(Clone, Debug, Default)]
pub struct Premises {
    /// The site.
    pub site: Option<String>,
    /// Its street and town.
    pub address: Option<String>,
    /// The building.
    pub building: Option<String>,
    /// The unit.
    pub unit: Option<String>,
}

impl Premises {
    /// Reads them. Whoever may see a record may see what its places are called.
    ///
    /// # Errors
    /// The database's; a record that cannot be read.
    pub fn read(
        conn: &mut Conn,
        org: Uuid,
        site: SiteId,
        building: Option<BuildingId>,
        unit: Option<UnitId>,
    ) -> Result<Self, DoorError> {
        let system = Actor::system(org);
        let site: Option<Site> = reading::record(conn, &system, site)?;
        let building: Option<Building> = building.map_or(Ok(None), |id| reading::record(conn, &system, id))?;
        let unit: Option<Unit> = unit.map_or(Ok(None), |id| reading::record(conn, &system, id))?;
        let (site, address) = site.map(|site| (site.name, site.address)).unzip();
        Ok(Self { site, address, building: building.map(|building| building.name), unit: unit.map(|unit| unit.name) })
    }
}
