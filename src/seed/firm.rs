//! The firm itself: what its things are called, where they are, who works there.

use chrono::{DateTime, TimeDelta, Utc};
use mobile_api::{
    Role,
    catalogue::Action,
    complaint::ComplaintClassSave,
    directory::{
        BuildingSave, Certificate, Contact, CustomerSave, Deadlines, Found, Hours, Label, OrderTypeSave, SiteSave,
        TeamSave, UnitSave, UserSave,
    },
    ids::{
        AssetId, BuildingId, ComplaintClassId, CustomerId, OrderTypeId, SiteId, TeamId, TemplateId, UnitId, UserId,
        derived,
    },
    inspection::{Ask, Form, FormItem, FormSection, PublishTemplate, TemplateSave},
    money::Currency,
};
use uuid::Uuid;

use super::{
    Size,
    texts::{CLASSES, ITEMS, NAMES, SORTS},
};
use crate::{import::ids, operations::Online};

/// The short name of every seeded organisation.
pub const SLUG: &str = "seed";

/// Crews of a firm of any size: what all phones hold is the same, however many orders there are.
const TEAMS: u64 = 8;

/// Flats of one building.
const FLATS: u64 = 50;

/// The name that the technician of this number signs in with.
fn login(technician: u64) -> String {
    format!("seed.t{technician}")
}

/// A seeded firm: where each of its things is.
#[derive(Clone, Copy, Debug)]
pub struct Firm {
    /// The organisation.
    pub org: Uuid,
    /// How large it is.
    pub size: Size,
    /// Until when its history goes.
    pub newest: DateTime<Utc>,
}

/// The organisation of this size.
pub(super) fn organisation(size: Size) -> Uuid {
    derived(&[b"doorstep seed", format!("{size:?}").as_bytes()])
}

/// Its founding.
pub(super) fn founding(org: Uuid) -> anyhow::Result<Online> {
    let found = Found {
        name: "Seed Property Services 种子物业".into(),
        time_zone: "Asia/Shanghai".into(),
        currency: Currency::CNY,
        deadlines: Deadlines::TRADE,
    };
    let action: Action = found.into();
    let id = ids::operation(org, action.payload()?.get());
    Ok(Online { id, action, entity: org, expected_rev: None })
}

impl Firm {
    /// The id of the `n`th thing of a kind.
    fn id(&self, what: &str, n: u64) -> Uuid {
        derived(&[self.org.as_bytes(), what.as_bytes(), &n.to_be_bytes()])
    }

    /// An estate.
    pub fn site(&self, n: u64) -> SiteId {
        self.id("site", n % self.size.counts().sites).into()
    }

    fn building(&self, unit: u64) -> BuildingId {
        self.id("building", unit / FLATS).into()
    }

    /// A flat.
    pub fn unit(&self, n: u64) -> UnitId {
        self.id("unit", n).into()
    }

    /// Who lives in the flat of this number.
    pub fn customer(&self, n: u64) -> CustomerId {
        self.id("customer", n).into()
    }

    /// The estate of a flat: buildings are dealt out in turn.
    pub(super) fn site_of_unit(&self, unit: u64) -> SiteId {
        self.site(unit / FLATS)
    }

    /// An asset.
    pub fn asset(&self, n: u64) -> AssetId {
        self.id("asset", n).into()
    }

    /// An order.
    pub fn order(&self, n: u64) -> Uuid {
        self.id("work_order", n)
    }

    /// An inspection.
    pub fn inspection(&self, n: u64) -> Uuid {
        self.id("inspection", n)
    }

    /// A complaint.
    pub fn complaint(&self, n: u64) -> Uuid {
        self.id("complaint", n)
    }

    /// A class of complaints.
    pub(super) fn class(&self, class: usize) -> ComplaintClassId {
        self.id("complaint_class", class as u64).into()
    }

    fn team(&self, n: u64) -> TeamId {
        self.id("team", n % TEAMS).into()
    }

    /// A technician.
    pub fn technician(&self, n: u64) -> UserId {
        self.id("technician", n % self.size.counts().technicians).into()
    }

    /// A dispatcher who sees every estate; signs in as `seed.office`.
    pub fn dispatcher(&self) -> UserId {
        self.id("dispatcher", 0).into()
    }

    /// The form of an equipment round.
    pub fn template(&self) -> TemplateId {
        self.id("template", 0).into()
    }

    /// A sort of job.
    pub(super) fn order_type(&self, sort: usize) -> OrderTypeId {
        self.id("order_type", sort as u64).into()
    }

    /// How many steps [`setup`](Self::setup) has.
    pub(super) fn setup_size(&self) -> u64 {
        let counts = self.size.counts();
        1 + counts.sites + counts.units.div_ceil(FLATS) + counts.units + counts.technicians
    }

    /// One step of founding the firm: first what all the rest refers to, then estates, buildings, flats, technicians.
    pub(super) fn setup(&self, n: u64) -> Vec<(Uuid, Action)> {
        let counts = self.size.counts();
        let Some(n) = n.checked_sub(1) else { return self.basics() };
        let Some(building) = n.checked_sub(counts.sites) else {
            let save = SiteSave {
                name: format!("湖畔花园 Lakeside {}", n + 1),
                address: format!("{} Lake Road", n + 1),
                time_zone: None,
                location: None,
            };
            return vec![(self.site(n).uuid(), save.into())];
        };
        let buildings = counts.units.div_ceil(FLATS);
        let Some(unit) = building.checked_sub(buildings) else {
            let (site, name) = (self.site(building), format!("{} 号楼", building + 1));
            return vec![(self.id("building", building), BuildingSave { site, name }.into())];
        };
        match unit.checked_sub(counts.units) {
            None => self.household(unit),
            Some(technician) => vec![(self.technician(technician).uuid(), self.worker(technician).into())],
        }
    }

    fn basics(&self) -> Vec<(Uuid, Action)> {
        let mut all: Vec<(Uuid, Action)> = Vec::new();
        for n in 0..TEAMS {
            all.push((self.team(n).uuid(), TeamSave { name: format!("Crew {}", n + 1), site: None }.into()));
        }
        for (sort, (code, zh, en, _)) in SORTS.iter().enumerate() {
            let save = OrderTypeSave {
                code: (*code).into(),
                name: Label::new(zh, en),
                free_of_charge: *code == "public-area",
                certificate: None,
                deadlines: None,
                photos: Vec::new(),
                timing: Default::default(),
                warranty_days: Some(90),
                active: true,
            };
            all.push((self.order_type(sort).uuid(), save.into()));
        }
        let office =
            UserSave { role: Role::Dispatcher, login: "seed.office".into(), teams: Vec::new(), ..self.worker(0) };
        all.push((self.dispatcher().uuid(), office.into()));
        for (class, (code, zh, en)) in CLASSES.iter().enumerate() {
            let save =
                ComplaintClassSave { code: (*code).into(), name: Label::new(zh, en), parent: None, active: true };
            all.push((self.class(class).uuid(), save.into()));
        }
        all.push((self.template().uuid(), form().into()));
        all.push((self.template().uuid(), PublishTemplate {}.into()));
        all
    }

    fn household(&self, n: u64) -> Vec<(Uuid, Action)> {
        let (site, unit) = (self.site_of_unit(n), self.unit(n));
        let flat = UnitSave { site, building: Some(self.building(n)), name: flat_name(n), access_note: None };
        let name = format!("{} {n}", NAMES[(n % NAMES.len() as u64) as usize]);
        let customer = CustomerSave {
            site,
            unit: Some(unit),
            contacts: vec![Contact { name: name.clone(), reach: format!("021-{:08}", 55_000_000 + n), added_by: None }],
            name,
            preferred: Vec::new(),
            rest: vec![Hours { days: Vec::new(), from_minute: 21 * 60 + 30, until_minute: 8 * 60 }],
            do_not_call: Vec::new(),
            member: n.is_multiple_of(10),
            class: None,
            note: None,
        };
        vec![(unit.uuid(), flat.into()), (self.customer(n).uuid(), customer.into())]
    }

    fn worker(&self, n: u64) -> UserSave {
        let certificate = Certificate { code: "lift".into(), expires_at: self.newest + TimeDelta::days(400) };
        UserSave {
            name: format!("{}师傅 {n}", NAMES[(n % NAMES.len() as u64) as usize]),
            login: login(n),
            role: Role::Technician,
            sites: Vec::new(),
            teams: vec![self.team(n)],
            skills: Vec::new(),
            certificates: vec![certificate],
            calendar: None,
            active: true,
        }
    }
}

/// `12-0703`: building, floor and door.
pub fn flat_name(n: u64) -> String {
    format!("{}-{:02}{:02}", n / FLATS + 1, n % FLATS / 4 + 1, n % 4 + 1)
}

/// The equipment round: sixteen things to look at, two readings, two counters.
fn form() -> TemplateSave {
    let ask = |key: &str| match key {
        "temperature" => Ask::Reading { unit: "°C".into(), low_milli: None, high_milli: Some(75_000) },
        "pressure" => Ask::Reading { unit: "MPa".into(), low_milli: Some(200), high_milli: Some(800) },
        "hours" => Ask::Counter { unit: "h".into() },
        "energy" => Ask::Counter { unit: "kWh".into() },
        _ => Ask::PassFail,
    };
    let item = |(key, zh, en): &(&str, &str, &str)| FormItem {
        key: (*key).into(),
        text: Label::new(zh, en),
        ask: ask(key),
        required: true,
        show_if: Vec::new(),
        photo: None,
        explain_failure: false,
        weight: 1,
        critical: false,
        repair: None,
        meter: None,
    };
    let section = FormSection {
        key: "round".into(),
        name: Label::new("设备巡检", "Equipment"),
        items: ITEMS.iter().map(item).collect(),
    };
    TemplateSave {
        code: "equipment".into(),
        name: Label::new("设备巡检", "Equipment round"),
        form: Form { sections: vec![section], pass_percent: Some(90), repair_type: None },
        revises: None,
    }
}
