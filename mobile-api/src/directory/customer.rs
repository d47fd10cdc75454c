//! Customers: who lives there, how and when to reach them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Organisation;
use crate::{
    actor::Actor,
    check::Check,
    ids::{CustomerId, Id, SiteId, UnitId},
    operation::{Change, Context, Decision, Need, Payload, Save},
    record::{Kind, Reach, RecordType, Ref},
    refusal::Refusal,
    return_visit::plan,
    time::Timestamp,
};

/// Most contacts of one customer.
const MOST_CONTACTS: usize = 50;

/// Most days on which a customer is not to be called.
const MOST_DAYS: usize = 100;

/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// An owner, tenant or resident (业主, 租户, 住户).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Customer {
    /// Their id.
    pub id: CustomerId,
    /// The site, which decides who in the office sees them.
    pub site: SiteId,
    /// Where they live.
    pub unit: Option<UnitId>,
    /// Their name.
    pub name: String,
    /// How to reach them.
    pub contacts: Vec<Contact>,
    /// When they like to be visited.
    pub preferred: Vec<Hours>,
    /// When they must not be called (return visits keep to this).
    pub rest: Vec<Hours>,
    /// Days on which they must not be called at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub do_not_call: Vec<NaiveDate>,
    /// Member or VIP: every repair is called back.
    pub member: bool,
    /// The class of customers that they belong to, for prices that are not everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Anything else.
    pub note: Option<String>,
}

/// A way to reach a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contact {
    /// Who answers; at most 100 characters.
    pub name: String,
    /// Number or address; 1 to 100 characters.
    pub reach: String,
    /// The operation that added it, if a technician did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_by: Option<Uuid>,
}

impl Contact {
    fn check(&self, check: &mut Check, pointer: &str) {
        check.text(&format!("{pointer}/name"), &self.name, 0..=100);
        check.text(&format!("{pointer}/reach"), &self.reach, 1..=100);
    }
}

/// Hours of the day in the time zone of the site, on some days of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hours {
    /// 1 Monday … 7 Sunday; empty means every day.
    #[serde(default)]
    pub days: Vec<u8>,
    /// Minutes after midnight, 0 to 1440.
    pub from_minute: u32,
    /// Minutes after midnight, 0 to 1440; smaller than `from_minute` means until the next day.
    pub until_minute: u32,
}

impl Hours {
    fn check(&self, check: &mut Check, pointer: &str) {
        check.number(&format!("{pointer}/from_minute"), self.from_minute.into(), 0..=DAY);
        check.number(&format!("{pointer}/until_minute"), self.until_minute.into(), 0..=DAY);
        check.count(&format!("{pointer}/days"), self.days.len(), 0..=7);
        for day in &self.days {
            check.number(&format!("{pointer}/days"), (*day).into(), 1..=7);
        }
    }
}

impl RecordType for Customer {
    const KIND: Kind = Kind::Customer;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() && actor.covers_site(self.site)
    }

    // A phone holds the customers of its orders only; the orders bring them.
    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        Vec::new()
    }
}

/// Makes a customer or changes their particulars.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerSave {
    /// The site.
    pub site: SiteId,
    /// Where they live.
    pub unit: Option<UnitId>,
    /// Their name; 1 to 200 characters.
    pub name: String,
    /// How to reach them; at most 50.
    #[serde(default)]
    pub contacts: Vec<Contact>,
    /// When they like to be visited.
    #[serde(default)]
    pub preferred: Vec<Hours>,
    /// When they must not be called.
    #[serde(default)]
    pub rest: Vec<Hours>,
    /// Days on which they must not be called at all; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub do_not_call: Vec<NaiveDate>,
    /// Member or VIP.
    #[serde(default)]
    pub member: bool,
    /// The class of customers that they belong to, for prices that are not everybody's; at most 60 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Anything else; at most 2,000 characters.
    pub note: Option<String>,
}

impl Payload for CustomerSave {
    type Record = Customer;

    fn example() -> Self {
        Self {
            site: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000001")),
            unit: None,
            name: "Mrs Chen".into(),
            contacts: vec![Contact { name: "Mrs Chen".into(), reach: "021-5550101".into(), added_by: None }],
            preferred: vec![Hours { days: vec![6, 7], from_minute: 9 * 60, until_minute: 18 * 60 }],
            rest: vec![Hours { days: vec![], from_minute: 21 * 60, until_minute: 8 * 60 }],
            do_not_call: vec![],
            member: true,
            class: Some("owner".into()),
            note: None,
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.optional_text("/class", self.class.as_deref(), 60);
        check.optional_text("/note", self.note.as_deref(), 2000);
        check.count("/contacts", self.contacts.len(), 0..=MOST_CONTACTS);
        check.count("/preferred", self.preferred.len(), 0..=20);
        check.count("/rest", self.rest.len(), 0..=20);
        check.count("/do_not_call", self.do_not_call.len(), 0..=MOST_DAYS);
        for (i, contact) in self.contacts.iter().enumerate() {
            contact.check(check, &format!("/contacts/{i}"));
        }
        for (name, all) in [("preferred", &self.preferred), ("rest", &self.rest)] {
            for (i, hours) in all.iter().enumerate() {
                hours.check(check, &format!("/{name}/{i}"));
            }
        }
    }

    fn needs(&self, record: Option<&Customer>, actor: &Actor) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(actor.org);
        let visits = record.filter(|record| record.rest != self.rest || record.do_not_call != self.do_not_call);
        let visits =
            visits.into_iter().flat_map(|customer| [Need::VisitsOf { customer: customer.id }, Need::record(firm)]);
        self.unit.map(Need::record).into_iter().chain([Need::record(self.site)]).chain(visits).collect()
    }
}

impl Save for CustomerSave {
    fn decide(
        self,
        id: Id<Customer>,
        _: Option<Customer>,
        context: &Context<'_>,
    ) -> Result<Decision<Customer>, Refusal> {
        let CustomerSave { site, unit, name, contacts, preferred, rest, do_not_call, member, class, note } = self;
        if !context.related.get(site).is_some_and(|site| context.actor.covers_site(site.id)) {
            return Err(Refusal::BadReference { pointer: "/site".into() });
        }
        if unit.is_some_and(|unit| context.related.get(unit).is_none_or(|unit| unit.site != site)) {
            return Err(Refusal::BadReference { pointer: "/unit".into() });
        }
        let made = Customer { id, site, unit, name, contacts, preferred, rest, do_not_call, member, class, note };
        let also = plan::follow_hours(&made, context);
        Ok(Decision { record: Some(made), also, flags: Vec::new() })
    }
}

/// Adds a way to reach the customer, as learnt at the door. Adds, never replaces: nothing to conflict with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddContact {
    /// Who answers; at most 100 characters.
    pub name: String,
    /// Number or address; 1 to 100 characters.
    pub reach: String,
}

impl Payload for AddContact {
    type Record = Customer;

    fn example() -> Self {
        Self { name: "Mr Chen".into(), reach: "021-5550102".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 0..=100);
        check.text("/reach", &self.reach, 1..=100);
    }
}

impl Change for AddContact {
    fn decide(self, mut customer: Customer, context: &Context<'_>) -> Result<Decision<Customer>, Refusal> {
        if customer.contacts.len() >= MOST_CONTACTS {
            return Err(Refusal::TooManyEntries);
        }
        customer.contacts.push(Contact { name: self.name, reach: self.reach, added_by: Some(context.op) });
        Ok(customer.into())
    }
}

/// Deletes a customer that no order refers to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerDelete {}

impl Payload for CustomerDelete {
    type Record = Customer;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, record: Option<&Customer>, _: &Actor) -> Vec<Need> {
        record.map(|customer| Need::Dependents(Ref::new(Kind::Customer, customer.id))).into_iter().collect()
    }
}

impl Change for CustomerDelete {
    fn decide(self, _: Customer, context: &Context<'_>) -> Result<Decision<Customer>, Refusal> {
        match context.related.dependents {
            0 => Ok(Decision::delete()),
            orders => Err(Refusal::StillInUse { what: format!("{orders} open work order(s) refer to this customer") }),
        }
    }
}
