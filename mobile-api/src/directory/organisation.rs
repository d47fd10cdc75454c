//! The organisation and its defaults.

use serde::{Deserialize, Serialize};

use super::in_catalog;
use crate::{
    actor::Actor,
    check::Check,
    ids::{Id, OrganisationId},
    money::Currency,
    operation::{Change, Context, Create, Decision, Payload},
    price_list::MoneyRules,
    record::{Kind, Reach, RecordType},
    refusal::Refusal,
    time::Timestamp,
};

/// Longest deadline that can be set, in minutes: thirty days.
const MOST_MINUTES: i64 = 30 * 24 * 60;

/// How long each step of an order may take, in minutes; `None` sets no deadline.
///
/// The trade's own figures are 5, 15 and 20 minutes; they are what a new organisation starts with,
/// and it changes them per order type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deadlines {
    /// From the call to the request being written down.
    pub record_minutes: Option<u32>,
    /// From the request being written down to somebody being sent.
    pub dispatch_minutes: Option<u32>,
    /// From the request being written down to arrival on site, unless another time was agreed.
    pub arrive_minutes: Option<u32>,
}

impl Deadlines {
    /// The trade's figures: written down within 5 minutes, dispatched within 15, on site within 20.
    pub const TRADE: Deadlines =
        Deadlines { record_minutes: Some(5), dispatch_minutes: Some(15), arrive_minutes: Some(20) };

    /// Notes an error for each deadline of zero or more than thirty days.
    pub fn check(&self, check: &mut Check, pointer: &str) {
        let all = [
            ("record_minutes", self.record_minutes),
            ("dispatch_minutes", self.dispatch_minutes),
            ("arrive_minutes", self.arrive_minutes),
        ];
        for (name, minutes) in all {
            if let Some(minutes) = minutes {
                check.number(&format!("{pointer}/{name}"), minutes.into(), 1..=MOST_MINUTES);
            }
        }
    }
}

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
    /// Taxes, discounts, and how long quotes are valid.
    #[serde(default, skip_serializing_if = "MoneyRules::is_default")]
    pub money: MoneyRules,
}

impl RecordType for Organisation {
    const KIND: Kind = Kind::Organisation;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.org == self.id.uuid()
    }

    fn reach(&self, _now: Timestamp) -> Vec<Reach> {
        in_catalog(Self::KIND, self.id)
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
        Ok(Organisation { id, name, time_zone, currency, deadlines, money: MoneyRules::default() }.into())
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
}

impl Payload for OrganisationSave {
    type Record = Organisation;

    fn example() -> Self {
        let (name, time_zone) = ("Bright Home Services".into(), "Asia/Shanghai".into());
        Self { name, time_zone, deadlines: Deadlines::TRADE }
    }

    fn check(&self, check: &mut Check) {
        check_particulars(check, &self.name, &self.time_zone, &self.deadlines);
    }
}

impl Change for OrganisationSave {
    fn decide(self, current: Organisation, _: &Context<'_>) -> Result<Decision<Organisation>, Refusal> {
        let OrganisationSave { name, time_zone, deadlines } = self;
        Ok(Organisation { name, time_zone, deadlines, ..current }.into())
    }
}
