//! What an actor may see of a list, in a form that SQL can use.
//!
//! Each agrees with the `visible_to` of the records in question: a list never shows what that denies. A test compares
//! the two.

use mobile_api::{Actor, Role, record::Kind};

use crate::db::types::Uid;

/// The part of a list that an actor may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All of the organisation's.
    All,
    /// What belongs to one of these sites.
    Sites(Vec<Uid>),
    /// What is the actor's own.
    Own(Uid),
    /// Nothing.
    Nothing,
}

impl Sight {
    /// What the actor sees of records of this kind. Work orders, complaints, forms, rounds, inspections and shutdowns have their own rule for
    /// technicians, see the `list` of each.
    pub fn of(actor: &Actor, kind: Kind) -> Self {
        let office = actor.role.is_office();
        match kind {
            Kind::Organisation | Kind::Team | Kind::OrderType | Kind::PriceItem | Kind::Calendar => Sight::All,
            Kind::Article | Kind::StockPlace | Kind::Template | Kind::ComplaintClass => Sight::All,
            Kind::StockLevel | Kind::StockSerial | Kind::StockCount if office => Sight::All,
            Kind::User if office => Sight::All,
            Kind::Handover if office && actor.sites.is_empty() => Sight::All,
            Kind::Webhook
                if actor.sites.is_empty() && matches!(actor.role, Role::Admin | Role::Manager | Role::System) =>
            {
                Sight::All
            }
            Kind::Webhook => Sight::Nothing,
            Kind::Device if matches!(actor.role, Role::Admin | Role::Manager | Role::System) => Sight::All,
            Kind::User | Kind::Device | Kind::Handover => Sight::Own(actor.user.into()),
            // What is in their own bag.
            Kind::StockLevel | Kind::StockSerial | Kind::StockCount => Sight::Own(actor.user.into()),
            Kind::StockMove | Kind::ReturnVisit if !office => Sight::Own(actor.user.into()),
            Kind::Site
            | Kind::Building
            | Kind::Unit
            | Kind::Customer
            | Kind::Review
            | Kind::WorkOrder
            | Kind::Asset
            | Kind::AssetReading
            | Kind::Round
            | Kind::Inspection
            | Kind::MaintenancePlan
            | Kind::Shutdown
            | Kind::ShutdownNotice
            | Kind::Complaint
            | Kind::ReturnVisit
            | Kind::StockMove => match actor.sites.as_slice() {
                _ if !office => Sight::Nothing,
                [] => Sight::All,
                sites => Sight::Sites(sites.iter().copied().map(Uid::from).collect()),
            },
        }
    }
}

/// One way in which a reader sees records that are given to people and crews, each to be found by an index of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// All of the organisation's.
    All,
    /// What belongs to one of these sites.
    OfSites(Vec<Uid>),
    /// What is this technician's.
    Own(Uid),
    /// What is one of these crews'.
    OfTeams(Vec<Uid>),
}

impl Seen {
    /// Every way in which the actor sees records of this kind; a record may be seen in several.
    pub fn by(actor: &Actor, kind: Kind) -> Vec<Self> {
        if actor.role == Role::Technician {
            let teams = actor.teams.iter().copied().map(Uid::from).collect();
            return vec![Seen::Own(actor.user.into()), Seen::OfTeams(teams)];
        }
        match Sight::of(actor, kind) {
            Sight::All => vec![Seen::All],
            Sight::Sites(sites) => vec![Seen::OfSites(sites)],
            Sight::Own(_) | Sight::Nothing => Vec::new(),
        }
    }

    /// The same as conditions, of which at most one is there: sites, technician, crews.
    pub fn conditions(self) -> (Option<Vec<Uid>>, Option<Uid>, Option<Vec<Uid>>) {
        match self {
            Seen::All => (None, None, None),
            Seen::OfSites(sites) => (Some(sites), None, None),
            Seen::Own(user) => (None, Some(user), None),
            Seen::OfTeams(teams) => (None, None, Some(teams)),
        }
    }
}

/// Adds to a boxed query a condition for each of these that is there.
macro_rules! narrow {
    ($query:ident: $($value:expr => |$given:ident| $condition:expr;)+) => {$(
        if let Some($given) = $value {
            $query = $query.filter($condition);
        }
    )+};
}
pub(crate) use narrow;
