//! The organisation and its defaults.

use serde::{Deserialize, Serialize};

use super::{Deadlines, Escalation, in_catalog};
use crate::{
    actor::Actor,
    asset::MaintenanceRules,
    check::Check,
    complaint::ComplaintRules,
    figures::Targets,
    ids::{Id, OrganisationId},
    money::Currency,
    operation::{Change, Context, Create, Decision, Payload},
    price_list::MoneyRules,
    record::{Kind, Reach, RecordType, Ref},
    refusal::Refusal,
    return_visit::ReturnVisitRules,
    time::Timestamp,
};

/// The firm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name.
    pub name: String,
    /// IANA time zone, `Asia/Shanghai`.
    pub time_zone: String,
    /// The currency of all its prices.
    pub currency: Currency,
    /// Deadlines of order types that set none themselves.
    pub deadlines: Deadlines,
    /// Who is told of a deadline, and when.
    #[serde(default = "trade")]
    pub escalation: Escalation,
    /// Most orders that a technician may have open and still take another from the pool.
    #[serde(default = "pool_cap")]
    pub pool_cap: u32,
    /// Taxes, discounts, and how long quotes are valid.
    #[serde(default, skip_serializing_if = "MoneyRules::is_default")]
    pub money: MoneyRules,
    /// Why things fail, and when a fault counts as one that comes back.
    #[serde(default, skip_serializing_if = "MaintenanceRules::is_default")]
    pub maintenance: MaintenanceRules,
    /// What the figures are to be at least.
    #[serde(default, skip_serializing_if = "Targets::is_default")]
    pub targets: Targets,
    /// How fast each step of a complaint must be, and when the manager is told.
    #[serde(default, skip_serializing_if = "ComplaintRules::is_default")]
    pub complaints: ComplaintRules,
    /// Whom to call after a repair, when, and what to ask.
    #[serde(default, skip_serializing_if = "ReturnVisitRules::is_default")]
    pub return_visits: ReturnVisitRules,
}

/// What a new organisation starts with.
const POOL_CAP: u32 = 5;

fn pool_cap() -> u32 {
    POOL_CAP
}

fn trade() -> Escalation {
    Escalation::TRADE
}

impl RecordType for Organisation {
    const KIND: Kind = Kind::Organisation;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.org == self.id.uuid()
    }

    fn reach(&self, _now: Timestamp) -> Vec<Reach> {
        in_catalog(Self::KIND, self.id)
    }

    /// The hours of the deadlines of complaints.
    fn companions(&self) -> Vec<Ref> {
        self.complaints.calendar.map(|calendar| Ref::new(Kind::Calendar, calendar)).into_iter().collect()
    }
}

impl Organisation {
    /// The day that an instant falls on, where the organisation is.
    pub fn day(&self, at: Timestamp) -> chrono::NaiveDate {
        let zone: chrono_tz::Tz = self.time_zone.parse().unwrap_or(chrono_tz::Tz::UTC);
        at.with_timezone(&zone).date_naive()
    }
}

fn check_particulars(check: &mut Check, name: &str, time_zone: &str, deadlines: &Deadlines) {
    check.text("/name", name, 1..=200);
    deadlines.check(check, "/deadlines");
    if time_zone.parse::<chrono_tz::Tz>().is_err() {
        check.error("/time_zone", "malformed", "an IANA time zone such as Asia/Shanghai");
    }
}

/// Founds the organisation: its first operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Found {
    /// Its name; 1 to 200 characters.
    pub name: String,
    /// IANA time zone.
    pub time_zone: String,
    /// The currency of all its prices; cannot be changed later.
    pub currency: Currency,
    /// Deadlines of order types that set none themselves.
    pub deadlines: Deadlines,
}

impl Payload for Found {
    type Record = Organisation;

    fn example() -> Self {
        let (name, time_zone) = ("Bright Home Services".into(), "Asia/Shanghai".into());
        Self { name, time_zone, currency: Currency::CNY, deadlines: Deadlines::TRADE }
    }

    fn check(&self, check: &mut Check) {
        check_particulars(check, &self.name, &self.time_zone, &self.deadlines);
    }
}

impl Create for Found {
    fn decide(self, id: Id<Organisation>, _: &Context<'_>) -> Result<Decision<Organisation>, Refusal> {
        let Found { name, time_zone, currency, deadlines } = self;
        let firm = Organisation {
            id,
            name,
            time_zone,
            currency,
            deadlines,
            escalation: Escalation::TRADE,
            pool_cap: POOL_CAP,
            money: MoneyRules::default(),
            maintenance: MaintenanceRules::default(),
            targets: Targets::default(),
            complaints: ComplaintRules::default(),
            return_visits: ReturnVisitRules::default(),
        };
        Ok(firm.into())
    }
}

/// Changes the organisation's particulars. Orders that exist keep the deadlines they were made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganisationSave {
    /// Its name; 1 to 200 characters.
    pub name: String,
    /// IANA time zone.
    pub time_zone: String,
    /// Deadlines of order types that set none themselves.
    pub deadlines: Deadlines,
    /// Who is told of a deadline, and when; absent leaves it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// Most orders that a technician may have open and still take another from the pool, 1 to 100; absent leaves it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_cap: Option<u32>,
}

impl Payload for OrganisationSave {
    type Record = Organisation;

    fn example() -> Self {
        let (name, time_zone) = ("Bright Home Services".into(), "Asia/Shanghai".into());
        Self { name, time_zone, deadlines: Deadlines::TRADE, escalation: Some(Escalation::TRADE), pool_cap: Some(5) }
    }

    fn check(&self, check: &mut Check) {
        check_particulars(check, &self.name, &self.time_zone, &self.deadlines);
        if let Some(escalation) = &self.escalation {
            escalation.check(check, "/escalation");
        }
        if let Some(cap) = self.pool_cap {
            check.number("/pool_cap", cap.into(), 1..=100);
        }
    }
}

impl Change for OrganisationSave {
    fn decide(self, current: Organisation, _: &Context<'_>) -> Result<Decision<Organisation>, Refusal> {
        let OrganisationSave { name, time_zone, deadlines, escalation, pool_cap } = self;
        let escalation = escalation.unwrap_or(current.escalation);
        let pool_cap = pool_cap.unwrap_or(current.pool_cap);
        Ok(Organisation { name, time_zone, deadlines, escalation, pool_cap, ..current }.into())
    }
}
