//! The directory: who and where. Organisation, places, customers, accounts, teams, order types, prices.

mod customer;
mod deadlines;
mod order_type;
mod organisation;
mod people;
mod places;

pub use customer::{AddContact, Contact, Customer, CustomerDelete, CustomerSave, Hours};
pub use deadlines::{DeadlineRule, Deadlines, Escalation, PauseReason, Timing};
pub use order_type::{OrderType, OrderTypeSave};
pub use organisation::{Found, Organisation, OrganisationSave};
pub use people::{Certificate, RenewCalendarLink, Team, TeamSave, User, UserSave};
pub use places::{Building, BuildingSave, Location, Site, SiteSave, Unit, UnitDelete, UnitSave};

use serde::{Deserialize, Serialize};

pub use crate::price_list::{PriceItem, PriceItemSave, PriceKind};
use crate::{
    actor::Role,
    check::Check,
    record::{Kind, Reach, Ref, Scope},
};

/// Roles that set up the organisation.
pub const SETUP: &[Role] = &[Role::Admin, Role::Manager, Role::System];

/// Roles that keep customers and places.
pub const DESK: &[Role] = &[Role::Admin, Role::Manager, Role::Dispatcher, Role::FrontDesk, Role::System];

/// A name in both languages of the product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Label {
    /// Chinese; 1 to 200 characters.
    pub zh: String,
    /// English; 1 to 200 characters.
    pub en: String,
}

impl Label {
    /// The same thing in both languages.
    pub fn new(zh: &str, en: &str) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// Notes an error for each name that is empty or too long.
    pub fn check(&self, check: &mut Check, pointer: &str) {
        check.text(&format!("{pointer}/zh"), &self.zh, 1..=200);
        check.text(&format!("{pointer}/en"), &self.en, 1..=200);
    }
}

/// What every phone of the organisation holds.
pub(crate) fn in_catalog(kind: Kind, id: impl Into<uuid::Uuid>) -> Vec<Reach> {
    vec![Reach { scope: Scope::Catalog, record: Ref::new(kind, id) }]
}
