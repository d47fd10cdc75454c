//! The demonstration company, founded through the one door like any other.
//!
//! Every id follows from what the thing is called, so building twice changes nothing; what people changed in between
//! stays as they left it.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, Utc};
use mobile_api::{
    Actor,
    actor::Role,
    catalogue::Action,
    directory::{
        BuildingSave, Certificate, Contact, CustomerSave, Deadlines, Found, Hours, Label, OrderTypeSave, PriceItemSave,
        PriceKind, SiteSave, TeamSave, UnitSave, UserSave,
    },
    ids::{BuildingId, CustomerId, OrderTypeId, PriceItemId, SiteId, TeamId, UnitId, UserId, WorkOrderId},
    money::{Currency, Money},
    work_order::{Caller, Channel, Priority, request::Request},
};
use uuid::Uuid;

use super::tables::{
    self, BUILDINGS, HOUSEHOLDS, HouseholdRow, ORDER_TYPES, PEOPLE, PersonRow, SITES, TEAMS, TodayRow,
};
use crate::{
    access::{self, Access, store::credential_of},
    import::{self, Ended, Input, Mapping, Options, ids},
    language::Language,
    operations::{self, Door, DoorError, Online, incoming::derived_id},
};

/// The short name of the demonstration's organisation.
pub const SLUG: &str = "demo";

/// The password of all its accounts. It is printed; nothing real is behind it.
pub const PASSWORD: &str = "doorstep-demo";

/// Until when the technicians' certificates are valid: a fixed day (the last of 2100), so that building again changes
/// nothing.
const CERTIFIED_UNTIL: DateTime<Utc> = DateTime::from_timestamp(4_133_894_400, 0).unwrap();

/// The demonstration company: who and what there is, for whoever plays its day.
#[derive(Clone, Debug)]
pub struct Company {
    /// The organisation.
    pub org: Uuid,
    /// Its name.
    pub name: String,
    /// Sets everything up.
    pub admin: Person,
    /// Approves, and decides about money.
    pub manager: Person,
    /// Assigns and resolves reviews.
    pub dispatcher: Person,
    /// Records requests.
    pub front_desk: Person,
    /// Keeps the store.
    pub storekeeper: Person,
    /// Plumber and heating fitter with the certificate `gas`.
    pub plumber: Person,
    /// Electrician with the certificate `electrician`.
    pub electrician: Person,
    /// Plumber without any certificate: electrical and gas orders cannot be assigned to him.
    pub apprentice: Person,
    /// The crews, by key: `water`, `power`.
    pub teams: BTreeMap<&'static str, TeamId>,
    /// The invented estates, by key: `lakeside`, `plane-tree`.
    pub sites: BTreeMap<&'static str, SiteId>,
    /// The sorts of job, by code: `plumbing`, `electrical` (needs the certificate `electrician`), `heating`, `damp`, `gas`
    /// (needs `gas`), `public-lighting` and `public-area` (free of charge).
    pub order_types: BTreeMap<&'static str, OrderTypeId>,
    /// The price list: real prices in yuan, labour first.
    pub prices: Vec<PriceLine>,
    /// The flats with who lives there.
    pub households: Vec<Household>,
    /// The requests of the day, nobody sent yet; in the order in which they came.
    pub today: Vec<Job>,
    /// Real requests of the City of Boston, taken over by the importer with their deadlines; at sites named after its
    /// neighbourhoods.
    pub history: Vec<WorkOrderId>,
}

/// An account of the company.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account.
    pub id: UserId,
    /// The person's name.
    pub name: &'static str,
    /// The name to sign in with; the password is [`PASSWORD`].
    pub login: String,
    /// What they may do.
    pub role: Role,
    /// The crew, for technicians.
    pub team: Option<TeamId>,
}

impl Person {
    /// The person as who speaks at the door, without a device.
    pub fn actor(&self, org: Uuid) -> Actor {
        let teams = self.team.into_iter().collect();
        Actor { org, user: self.id, role: self.role, sites: Vec::new(), teams, device: None }
    }
}

/// A line of the price list.
#[derive(Clone, Debug)]
pub struct PriceLine {
    /// Its id.
    pub id: PriceItemId,
    /// Its code in the source.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// Work or goods.
    pub kind: PriceKind,
    /// What a quantity counts.
    pub unit: String,
    /// The price of one unit.
    pub price: Money,
}

/// A flat with who lives there.
#[derive(Clone, Debug)]
pub struct Household {
    /// `lakeside-1-302`.
    pub key: String,
    /// The estate.
    pub site: SiteId,
    /// The building.
    pub building: BuildingId,
    /// The flat.
    pub unit: UnitId,
    /// Who lives there.
    pub customer: CustomerId,
    /// Their name.
    pub name: &'static str,
    /// Their number.
    pub phone: &'static str,
}

/// A request of the day.
#[derive(Clone, Debug)]
pub struct Job {
    /// The order.
    pub order: WorkOrderId,
    /// The code of its sort.
    pub order_type: &'static str,
    /// Where.
    pub household: Household,
    /// What is wrong.
    pub fault: Label,
    /// The request of Boston, by its id, whose sort of fault it has.
    pub source_id: String,
}

impl Company {
    /// All accounts, in the order of the roles.
    pub fn people(&self) -> [&Person; 8] {
        [
            &self.admin,
            &self.manager,
            &self.dispatcher,
            &self.front_desk,
            &self.storekeeper,
            &self.plumber,
            &self.electrician,
            &self.apprentice,
        ]
    }

    /// The line of the price list with this code.
    pub fn price(&self, code: &str) -> Option<&PriceLine> {
        self.prices.iter().find(|line| line.code == code)
    }

    /// The requests of the day of this sort.
    pub fn jobs<'c>(&'c self, order_type: &'c str) -> impl Iterator<Item = &'c Job> {
        self.today.iter().filter(move |job| job.order_type == order_type)
    }
}

/// Founds the demonstration company, or completes it.
///
/// # Errors
/// Another organisation has its short name; whatever the door or the database says.
pub async fn build(door: &Door, access: &Access) -> anyhow::Result<Company> {
    let company = describe()?;
    found(door, &company).await?;
    let setup = setup(&company)?;
    perform(door, Actor::system(company.org), setup).await.context("the company could not be set up")?;
    set_passwords(door, access, &company).await?;
    let requests = requests(&company)?;
    perform(door, company.front_desk.actor(company.org), requests).await.context("the day's requests")?;
    take_over_history(door, &company).await.context("the requests of Boston")?;
    Ok(company)
}

fn id(what: &str, key: &str) -> Uuid {
    derived_id(&[b"doorstep demonstration", what.as_bytes(), key.as_bytes()])
}

/// The company as it will be.
fn describe() -> anyhow::Result<Company> {
    let org = id("organisation", SLUG);
    let teams: BTreeMap<_, TeamId> = TEAMS.iter().map(|(key, _)| (*key, id("team", key).into())).collect();
    let sites: BTreeMap<_, SiteId> = SITES.iter().map(|(key, ..)| (*key, id("site", key).into())).collect();
    let order_types = ORDER_TYPES.iter().map(|sort| (sort.code, ids::order_type(org, sort.code))).collect();
    let [admin, manager, dispatcher, front_desk, storekeeper, plumber, electrician, apprentice] =
        PEOPLE.each_ref().map(|row| person(row, &teams));
    let households: Vec<Household> = HOUSEHOLDS.iter().map(|row| household(row, &sites)).collect();
    let today = tables::today()?.into_iter().map(|row| job(row, &households)).collect::<anyhow::Result<_>>()?;
    Ok(Company {
        org,
        name: "晨光物业 Morninglight（演示 demonstration）".into(),
        admin,
        manager,
        dispatcher,
        front_desk,
        storekeeper,
        plumber,
        electrician,
        apprentice,
        teams,
        sites,
        order_types,
        prices: price_list()?,
        households,
        today,
        history: tables::history_ids()?.iter().map(|id| ids::work_order(org, tables::HISTORY_SOURCE, id)).collect(),
    })
}

fn person(row: &PersonRow, teams: &BTreeMap<&'static str, TeamId>) -> Person {
    let team = row.team.and_then(|team| teams.get(team).copied());
    Person { id: id("user", row.key).into(), name: row.name, login: format!("demo.{}", row.key), role: row.role, team }
}

fn household(row: &HouseholdRow, sites: &BTreeMap<&'static str, SiteId>) -> Household {
    let key = row.key();
    Household {
        site: sites[row.site],
        building: id("building", &format!("{}-{}", row.site, row.building)).into(),
        unit: id("unit", &key).into(),
        customer: id("customer", &key).into(),
        name: row.customer,
        phone: row.phone,
        key,
    }
}

fn job(row: TodayRow, households: &[Household]) -> anyhow::Result<Job> {
    let household = households.iter().find(|household| household.key == row.household);
    let sort = ORDER_TYPES.iter().find(|sort| sort.code == row.order_type);
    let (Some(household), Some(sort)) = (household, sort) else { bail!("{} has no such flat or sort", row.source_id) };
    Ok(Job {
        order: id("work_order", &row.source_id).into(),
        order_type: sort.code,
        household: household.clone(),
        fault: Label { zh: row.fault_zh, en: row.fault_en },
        source_id: row.source_id,
    })
}

fn price_list() -> anyhow::Result<Vec<PriceLine>> {
    let line = |row: tables::PriceRow| {
        let kind = if row.kind == "labour" { PriceKind::Labour } else { PriceKind::Material };
        let price = row.price()?;
        let name = Label { zh: row.name_zh, en: row.name_en };
        Ok(PriceLine { id: id("price_item", &row.code).into(), code: row.code, name, kind, unit: row.unit, price })
    };
    tables::prices()?.into_iter().map(line).collect()
}

async fn found(door: &Door, company: &Company) -> anyhow::Result<()> {
    let known = door.db().read(operations::store::organisations).await?;
    match known.iter().find(|(_, slug)| slug == SLUG) {
        Some((org, _)) if *org == company.org => return Ok(()),
        Some(_) => bail!("the short name `{SLUG}` belongs to another organisation; use another data folder"),
        None => {}
    }
    let found = Found {
        name: company.name.clone(),
        time_zone: "Asia/Shanghai".into(),
        currency: Currency::CNY,
        deadlines: Deadlines::TRADE,
    };
    door.found(SLUG.into(), operation(company.org, found)?).await?;
    Ok(())
}

/// The operation that makes `entity` so. Its id follows from its content: the same again is known, and another version
/// of the program that wants it otherwise changes it.
fn operation(entity: impl Into<Uuid>, action: impl Into<Action>) -> anyhow::Result<Online> {
    let (entity, action) = (entity.into(), action.into());
    let id = ids::operation(entity, action.payload()?.get());
    Ok(Online { id, action, entity, expected_rev: None })
}

/// Everything but the orders, in an order in which each refers only to what came before.
fn setup(company: &Company) -> anyhow::Result<Vec<Online>> {
    let mut all = Vec::new();
    for (key, name, address) in SITES {
        all.push(operation(
            company.sites[key],
            SiteSave { name: name.into(), address: address.into(), location: None, time_zone: None },
        )?);
    }
    for (key, name) in TEAMS {
        all.push(operation(company.teams[key], TeamSave { name: name.into(), site: None })?);
    }
    for (site, key, name) in BUILDINGS {
        let building = id("building", &format!("{site}-{key}"));
        all.push(operation(building, BuildingSave { site: company.sites[site], name: name.into() })?);
    }
    for (row, household) in HOUSEHOLDS.iter().zip(&company.households) {
        let (site, building) = (household.site, Some(household.building));
        let (name, access_note) = (format!("{}-{}", row.building, row.unit), row.access.map(Into::into));
        all.push(operation(household.unit, UnitSave { site, building, name, access_note })?);
        all.push(operation(household.customer, customer(row, household))?);
    }
    for sort in &ORDER_TYPES {
        let save = OrderTypeSave {
            code: sort.code.into(),
            name: Label::new(sort.zh, sort.en),
            free_of_charge: sort.free_of_charge,
            certificate: sort.certificate.map(Into::into),
            deadlines: sort.deadlines,
            photos: Vec::new(),
            timing: Default::default(),
            warranty_days: Some(90),
            active: true,
        };
        all.push(operation(company.order_types[sort.code], save)?);
    }
    for line in &company.prices {
        let PriceLine { id, code, name, kind, unit, price } = line.clone();
        all.push(operation(
            id,
            PriceItemSave { code, name, kind, unit, price, active: true, terms: Default::default(), others: vec![] },
        )?);
    }
    for (row, person) in PEOPLE.iter().zip(company.people()) {
        all.push(operation(person.id, user(row, person))?);
    }
    Ok(all)
}

fn customer(row: &HouseholdRow, household: &Household) -> CustomerSave {
    CustomerSave {
        site: household.site,
        unit: Some(household.unit),
        name: row.customer.into(),
        contacts: vec![Contact { name: row.customer.into(), reach: row.phone.into(), added_by: None }],
        preferred: Vec::new(),
        rest: vec![Hours { days: Vec::new(), from_minute: 21 * 60 + 30, until_minute: 8 * 60 }],
        do_not_call: Vec::new(),
        member: row.member,
        class: None,
        note: Some("演示用虚构人物 · Invented for the demonstration".into()),
    }
}

fn user(row: &PersonRow, person: &Person) -> UserSave {
    let certificate = |code: &&str| Certificate { code: (*code).into(), expires_at: CERTIFIED_UNTIL };
    UserSave {
        name: person.name.into(),
        login: person.login.clone(),
        role: person.role,
        sites: Vec::new(),
        teams: person.team.into_iter().collect(),
        skills: row.skills.iter().map(|skill| (*skill).into()).collect(),
        certificates: row.certificates.iter().map(certificate).collect(),
        calendar: None,
        active: true,
    }
}

/// Gives everybody the demonstration's password who has none yet.
async fn set_passwords(door: &Door, access: &Access, company: &Company) -> anyhow::Result<()> {
    let (org, now) = (company.org, door.clock().now());
    for person in company.people() {
        let (user, login) = (person.id.uuid(), person.login.clone());
        if door.db().read(move |conn| credential_of(conn, user)).await?.is_some() {
            continue;
        }
        let hash = access.passwords().hash_new(PASSWORD.into()).await?;
        door.db().write(move |conn| access::set_password(conn, org, user, &login, &hash, now)).await?;
    }
    Ok(())
}

/// The requests of the day, as the front desk writes them down.
fn requests(company: &Company) -> anyhow::Result<Vec<Online>> {
    let rows = tables::today()?;
    let mut all = Vec::new();
    for (row, job) in rows.iter().zip(&company.today) {
        let sort = ORDER_TYPES.iter().find(|sort| sort.code == job.order_type).context("a sort of job")?;
        let household = &job.household;
        let priority = match row.priority.as_str() {
            "emergency" => Priority::Emergency,
            "urgent" => Priority::Urgent,
            _ => Priority::Normal,
        };
        let request = Request {
            order_type: company.order_types[job.order_type],
            site: household.site,
            building: Some(household.building),
            unit: Some(household.unit),
            customer: Some(household.customer),
            asset: None,
            team: Some(company.teams[sort.team]),
            place: household.key.clone(),
            fault: format!("{} · {}", job.fault.zh, job.fault.en),
            caller: Caller { name: household.name.into(), phone: Some(household.phone.into()) },
            channel: Channel::Phone,
            priority,
            preferred: None,
            // The moment at which it is written down, whenever that is; a time here would make it another request.
            called_at: None,
        };
        all.push(operation(job.order, request)?);
    }
    Ok(all)
}

/// Imports the requests of Boston as anybody would import theirs.
async fn take_over_history(door: &Door, company: &Company) -> anyhow::Result<()> {
    let mapping = Mapping::parse(tables::HISTORY_MAPPING)?;
    let input = Input::memory(tables::HISTORY)?;
    let options = Options::new(company.org, Language::English);
    let report = import::requests(door, mapping, input, options, |_| {}).await.map_err(anyhow::Error::msg)?;
    if report.ended != Ended::Complete || report.refused > 0 {
        bail!("{}", report.text(Language::English));
    }
    Ok(())
}

/// Carries operations out; each must succeed, or have done so before.
async fn perform(door: &Door, actor: Actor, operations: Vec<Online>) -> anyhow::Result<()> {
    let operations = Arc::new(operations);
    let results = door.perform_all(actor, operations.clone()).await?;
    for (result, operation) in results.into_iter().zip(operations.iter()) {
        let name = operation.action.spec().name;
        match result {
            Ok(_) | Err(DoorError::Refused(mobile_api::refusal::Refusal::AlreadyExists)) => {}
            Err(error) => return Err(anyhow!(error).context(format!("{name} {:?}", operation.entity))),
        }
    }
    Ok(())
}
