//! Records: the server's present state of a thing. They travel down; nothing but an operation changes them.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    actor::Actor,
    asset::{Asset, AssetReading},
    calendar::Calendar,
    complaint::{Complaint, ComplaintClass},
    device::Device,
    directory::{Building, Customer, OrderType, Organisation, PriceItem, Site, Team, Unit, User},
    handover::Handover,
    inspection::{Inspection, Round, Template},
    maintenance::{MaintenancePlan, Shutdown, ShutdownNotice},
    photo::Photo,
    return_visit::ReturnVisit,
    review::Review,
    stock::{Article, StockCount, StockLevel, StockMove, StockPlace, StockSerial},
    time::Timestamp,
    webhook::Webhook,
    work_order::WorkOrder,
};

/// What every kind of record answers.
pub trait RecordType: Serialize + DeserializeOwned + Clone {
    /// Its kind.
    const KIND: Kind;

    /// Whether this actor may see it by what it says itself. The organisation has been checked already. Besides, a
    /// technician sees whatever an order brought to their phone, which only the feed can tell.
    fn visible_to(&self, actor: &Actor) -> bool;

    /// What it brings into which scopes at `now`; phones hold exactly this.
    fn reach(&self, now: Timestamp) -> Vec<Reach>;

    /// When `reach` changes by mere passing of time, if it does.
    fn reach_changes_at(&self, _now: Timestamp) -> Option<Timestamp> {
        None
    }

    /// Records without which a rule cannot use this one: whoever asks for it is given them as well.
    fn companions(&self) -> Vec<Ref> {
        Vec::new()
    }

    /// Its photos.
    fn photos(&self) -> &[Photo] {
        &[]
    }

    /// The record that this one was merged into: operations for this one then go there.
    fn alias(&self) -> Option<Uuid> {
        None
    }
}

/// One record in one scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reach {
    /// The scope.
    pub scope: Scope,
    /// What it holds.
    pub record: Ref,
}

/// A set of records that a device can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// A technician's own orders and what they need.
    User(Uuid),
    /// A team's pool of unassigned orders.
    Team(Uuid),
    /// A device's own verdicts.
    Device(Uuid),
    /// What all technicians need: order types, price list, teams.
    Catalog,
    /// What an office that sees every site watches: reviews.
    Office,
    /// The same for an office that is limited to some sites.
    OfficeOf(Uuid),
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Scope::User(id) => write!(f, "user:{id}"),
            Scope::Team(id) => write!(f, "team:{id}"),
            Scope::Device(id) => write!(f, "device:{id}"),
            Scope::Catalog => f.write_str("catalog"),
            Scope::Office => f.write_str("office"),
            Scope::OfficeOf(id) => write!(f, "office:{id}"),
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || format!("unknown scope `{text}`");
        match text.split_once(':') {
            None if text == "catalog" => Ok(Scope::Catalog),
            None if text == "office" => Ok(Scope::Office),
            Some((sort, id)) => {
                let id = Uuid::parse_str(id).map_err(|_| unknown())?;
                match sort {
                    "user" => Ok(Scope::User(id)),
                    "team" => Ok(Scope::Team(id)),
                    "device" => Ok(Scope::Device(id)),
                    "office" => Ok(Scope::OfficeOf(id)),
                    _ => Err(unknown()),
                }
            }
            None => Err(unknown()),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A kind and an id: the address of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ref {
    /// The kind.
    pub kind: Kind,
    /// The id.
    pub id: Uuid,
}

impl Ref {
    /// The address of a record.
    pub fn new(kind: Kind, id: impl Into<Uuid>) -> Self {
        Self { kind, id: id.into() }
    }
}

macro_rules! records {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal, $path:literal; )+) => {
        /// Every kind of record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum Kind { $( $(#[$doc])* $variant, )+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)+];

            /// The name on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$variant => $name,)+ }
            }

            /// The path segment under `/v1`.
            pub fn path(self) -> &'static str {
                match self { $(Kind::$variant => $path,)+ }
            }

            /// The kind of this name.
            pub fn parse(name: &str) -> Option<Kind> {
                match name { $($name => Some(Kind::$variant),)+ _ => None }
            }
        }

        /// A record of any kind.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "one lives at a time, on the stack of one rule")]
        pub enum Record { $( $(#[$doc])* $variant($variant), )+ }

        impl Record {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Record::$variant(_) => Kind::$variant,)+ }
            }

            /// Its address.
            pub fn address(&self) -> Ref {
                match self { $(Record::$variant(r) => Ref::new(Kind::$variant, r.id),)+ }
            }

            /// Reads the wire form of a record of `kind`.
            pub fn from_json(kind: Kind, json: &str) -> Result<Record, serde_json::Error> {
                match kind { $(Kind::$variant => serde_json::from_str(json).map(Record::$variant),)+ }
            }

            /// The wire form.
            pub fn to_json(&self) -> Result<String, serde_json::Error> {
                match self { $(Record::$variant(r) => serde_json::to_string(r),)+ }
            }

            /// See [`RecordType::visible_to`].
            pub fn visible_to(&self, actor: &Actor) -> bool {
                match self { $(Record::$variant(r) => r.visible_to(actor),)+ }
            }

            /// See [`RecordType::reach`]; sorted, without repetition.
            pub fn reach(&self, now: Timestamp) -> Vec<Reach> {
                let mut reach = match self { $(Record::$variant(r) => r.reach(now),)+ };
                reach.sort_unstable();
                reach.dedup();
                reach
            }

            /// See [`RecordType::reach_changes_at`].
            pub fn reach_changes_at(&self, now: Timestamp) -> Option<Timestamp> {
                match self { $(Record::$variant(r) => r.reach_changes_at(now),)+ }
            }

            /// See [`RecordType::companions`].
            pub fn companions(&self) -> Vec<Ref> {
                match self { $(Record::$variant(r) => r.companions(),)+ }
            }

            /// See [`RecordType::photos`].
            pub fn photos(&self) -> &[Photo] {
                match self { $(Record::$variant(r) => r.photos(),)+ }
            }

            /// See [`RecordType::alias`].
            pub fn alias(&self) -> Option<Uuid> {
                match self { $(Record::$variant(r) => r.alias(),)+ }
            }
        }

        $(
            impl From<$variant> for Record {
                fn from(record: $variant) -> Self { Record::$variant(record) }
            }

            impl TryFrom<Record> for $variant {
                type Error = Record;
                fn try_from(record: Record) -> Result<Self, Record> {
                    match record { Record::$variant(r) => Ok(r), other => Err(other) }
                }
            }

            impl<'a> TryFrom<&'a Record> for &'a $variant {
                type Error = ();
                fn try_from(record: &'a Record) -> Result<Self, ()> {
                    match record { Record::$variant(r) => Ok(r), _ => Err(()) }
                }
            }
        )+
    };
}

records! {
    /// The organisation itself and its defaults.
    Organisation = "organisation", "organisations";
    /// A housing estate or project (小区).
    Site = "site", "sites";
    /// A building (楼栋).
    Building = "building", "buildings";
    /// A flat or room (房号).
    Unit = "unit", "units";
    /// An owner or tenant (业主, 租户).
    Customer = "customer", "customers";
    /// An account.
    User = "user", "users";
    /// A crew.
    Team = "team", "teams";
    /// What sort of job, with its deadlines.
    OrderType = "order_type", "order-types";
    /// A line of the unified price list.
    PriceItem = "price_item", "price-items";
    /// Working hours.
    Calendar = "calendar", "calendars";
    /// A registered phone or browser.
    Device = "device", "devices";
    /// A question for a person.
    Review = "review", "reviews";
    /// A work order.
    WorkOrder = "work_order", "work-orders";
    /// Material or a tool (物料, 工具).
    Article = "article", "articles";
    /// A store or a van (仓库, 工程车).
    StockPlace = "stock_place", "stock-places";
    /// A line of the ledger (台账).
    StockMove = "stock_move", "stock-moves";
    /// How much of an article lies at a place.
    StockLevel = "stock_level", "stock-levels";
    /// A numbered piece and who holds it.
    StockSerial = "stock_serial", "stock-serials";
    /// A count sheet (盘点单).
    StockCount = "stock_count", "stock-counts";
    /// A form in one version (检查表).
    Template = "template", "templates";
    /// A way past some points, walked again and again (巡检路线).
    Round = "round", "rounds";
    /// One carrying-out of a form (巡检).
    Inspection = "inspection", "inspections";
    /// A machine or installation (设备).
    Asset = "asset", "assets";
    /// What a meter of an asset said.
    AssetReading = "asset_reading", "asset-readings";
    /// What one shift leaves to the next (交接班).
    Handover = "handover", "handovers";
    /// Work on an asset that comes back (维保计划).
    MaintenancePlan = "maintenance_plan", "maintenance-plans";
    /// A plan that stops water, power, gas, lifts or business (停水停电停梯).
    Shutdown = "shutdown", "shutdowns";
    /// The notice of a shutdown to one household or department.
    ShutdownNotice = "shutdown_notice", "shutdown-notices";
    /// What somebody complained of (投诉).
    Complaint = "complaint", "complaints";
    /// A class of complaints (投诉分类).
    ComplaintClass = "complaint_class", "complaint-classes";
    /// What a customer said of a job afterwards (回访).
    ReturnVisit = "return_visit", "return-visits";
    /// Where another program is told of what happens.
    Webhook = "webhook", "webhooks";
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
