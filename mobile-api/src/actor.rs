//! Who acts, and what role lets them do.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    directory::Site,
    ids::{DeviceId, Id, SiteId, TeamId, UserId},
};

/// What a person (or the system itself) is in an organisation. One role each; the operation catalogue names
/// the roles that may record each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sets up the organisation: accounts, devices, order types, prices.
    Admin,
    /// Approves, reads the figures, and may do all that a dispatcher does.
    Manager,
    /// Assigns orders, watches deadlines, resolves reviews.
    Dispatcher,
    /// Records requests and customers, calls back.
    FrontDesk,
    /// Issues and counts material.
    Storekeeper,
    /// Travels, inspects, quotes, repairs, gets the signature.
    Technician,
    /// Confirms and signs through a link of their own.
    Customer,
    /// Timers and importers.
    System,
}

impl Role {
    /// Every role, in the order of the permission matrix.
    pub const ALL: [Role; 8] = [
        Role::Admin,
        Role::Manager,
        Role::Dispatcher,
        Role::FrontDesk,
        Role::Storekeeper,
        Role::Technician,
        Role::Customer,
        Role::System,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Manager => "manager",
            Role::Dispatcher => "dispatcher",
            Role::FrontDesk => "front_desk",
            Role::Storekeeper => "storekeeper",
            Role::Technician => "technician",
            Role::Customer => "customer",
            Role::System => "system",
        }
    }

    /// Whether this role sees the whole of its sites (and not only what it is assigned to).
    pub fn is_office(self) -> bool {
        !matches!(self, Role::Technician | Role::Customer)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| format!("unknown role `{text}`"))
    }
}

/// The person behind an operation or a read, with the bounds of what they may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The organisation; nothing outside of it exists for this actor.
    pub org: Uuid,
    /// The account.
    pub user: UserId,
    /// What the account may do.
    pub role: Role,
    /// The sites that an office role is limited to; empty means all.
    pub sites: Vec<SiteId>,
    /// The teams whose pool of unassigned orders a technician sees.
    pub teams: Vec<TeamId>,
    /// The registered device that speaks, if it is one.
    pub device: Option<DeviceId>,
}

impl Actor {
    /// The organisation's own timers and importers: sees and may do all that `System` may.
    pub fn system(org: Uuid) -> Self {
        Self { org, user: Id::new(Uuid::nil()), role: Role::System, sites: Vec::new(), teams: Vec::new(), device: None }
    }

    /// Whether an office role's sites include this one.
    pub fn covers_site(&self, site: Id<Site>) -> bool {
        self.sites.is_empty() || self.sites.contains(&site)
    }
}
