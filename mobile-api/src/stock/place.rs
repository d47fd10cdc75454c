//! Where material can be.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::{MonthlyCount, StockLevel};
use crate::{
    actor::Actor,
    check::Check,
    directory::{Organisation, User},
    ids::{ArticleId, Id, StockPlaceId, UserId, WorkOrderId},
    operation::{Context, Decision, Need, Payload, Save},
    record::{Kind, Reach, RecordType, Ref, Scope},
    refusal::Refusal,
    time::Timestamp,
};

/// Where material can be. On the wire a text: `store:{id}`, `bag:{id}`, `order:{id}`, `supplier`…
///
/// Stores and vans have a record, because they have a name and are opened and closed. A technician's bag is simply the
/// technician's: everybody has one, and a phone knows which without asking. An order is its own place. The others are
/// one each for the whole firm, and nobody asks how much lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A store (仓库) or a van.
    Store(StockPlaceId),
    /// A technician's own bag.
    Bag(UserId),
    /// Built in on an order.
    Order(WorkOrderId),
    /// Not bought yet, or sent back.
    Supplier,
    /// Away for repair.
    Repair,
    /// Put aside to be scrapped, until a manager has decided.
    Condemned,
    /// Scrapped (报废).
    Scrap,
    /// Where a count finds too much or too little.
    Difference,
}

impl Place {
    /// Whether material lies here to be used, so that its level is kept.
    pub fn is_stock(self) -> bool {
        matches!(self, Place::Store(_) | Place::Bag(_))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Store(id) => write!(f, "store:{id}"),
            Place::Bag(id) => write!(f, "bag:{id}"),
            Place::Order(id) => write!(f, "order:{id}"),
            Place::Supplier => f.write_str("supplier"),
            Place::Repair => f.write_str("repair"),
            Place::Condemned => f.write_str("condemned"),
            Place::Scrap => f.write_str("scrap"),
            Place::Difference => f.write_str("difference"),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || "a place such as `supplier` or `store:{id}`".to_owned();
        Ok(match text.split_once(':') {
            None => match text {
                "supplier" => Place::Supplier,
                "repair" => Place::Repair,
                "condemned" => Place::Condemned,
                "scrap" => Place::Scrap,
                "difference" => Place::Difference,
                _ => return Err(unknown()),
            },
            Some((sort, id)) => {
                let id = Uuid::parse_str(id).map_err(|_| unknown())?;
                match sort {
                    "store" => Place::Store(id.into()),
                    "bag" => Place::Bag(id.into()),
                    "order" => Place::Order(id.into()),
                    _ => return Err(unknown()),
                }
            }
        })
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Place {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .pattern(Some("^((store|bag|order):[0-9a-f-]{36}|supplier|repair|condemned|scrap|difference)$"))
            .examples([serde_json::json!("bag:01930000-0000-7000-8000-000000000012")])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Place {}

/// What sort of place has a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StockPlaceKind {
    /// A room with a storekeeper (仓库).
    Store,
    /// A van (工程车) that one or more technicians drive.
    Van,
}

/// A store or a van.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StockPlace {
    /// Its id.
    pub id: StockPlaceId,
    /// Its name.
    pub name: String,
    /// Store or van.
    pub kind: StockPlaceKind,
    /// A van's technicians: their phones know what is in it.
    pub holders: Vec<UserId>,
    /// How many past weeks tell what is used from here; 1 to 52.
    pub usage_weeks: u32,
    /// For how many weeks of such use there should always be enough; 0 to 52.
    pub cover_weeks: u32,
    /// A van's articles, so that its levels can be brought to the phones of whoever drives it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub articles: Vec<ArticleId>,
    /// When everything that lies here is counted, month by month; nobody asks for it if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_count: Option<MonthlyCount>,
    /// When the next of these sheets opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_count_at: Option<DateTime<Utc>>,
    /// Whether it is in use.
    pub active: bool,
}

/// Most articles of a van that its technicians' phones are told of. More can be in it.
pub(super) const MOST_ARTICLES: usize = 500;

impl StockPlace {
    /// Whether this technician drives the van.
    pub fn is_held_by(&self, user: Id<User>) -> bool {
        self.kind == StockPlaceKind::Van && self.holders.contains(&user)
    }
}

impl RecordType for StockPlace {
    const KIND: Kind = Kind::StockPlace;

    fn visible_to(&self, _: &Actor) -> bool {
        true
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        let itself = Reach { scope: Scope::Catalog, record: Ref::new(Self::KIND, self.id) };
        if self.kind != StockPlaceKind::Van || !self.active {
            return vec![itself];
        }
        let place = Place::Store(self.id);
        let level = |article: &ArticleId| Ref::new(Kind::StockLevel, StockLevel::id_of(place, *article));
        let of_holder = |holder: &UserId| {
            let scope = Scope::User(holder.uuid());
            self.articles.iter().map(move |article| Reach { scope, record: level(article) })
        };
        self.holders.iter().flat_map(of_holder).chain([itself]).collect()
    }
}

fn usual_usage_weeks() -> u32 {
    4
}

fn usual_cover_weeks() -> u32 {
    2
}

/// Makes a store or a van, or changes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StockPlaceSave {
    /// Its name; 1 to 200 characters.
    pub name: String,
    /// Store or van.
    pub kind: StockPlaceKind,
    /// A van's technicians; at most 20.
    #[serde(default)]
    pub holders: Vec<UserId>,
    /// How many past weeks tell what is used from here; 1 to 52, 4 if absent.
    #[serde(default = "usual_usage_weeks")]
    pub usage_weeks: u32,
    /// For how many weeks of such use there should always be enough; 0 to 52, 2 if absent.
    #[serde(default = "usual_cover_weeks")]
    pub cover_weeks: u32,
    /// When everything that lies here is counted, month by month; nobody asks for it if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_count: Option<MonthlyCount>,
    /// Whether it is in use.
    pub active: bool,
}

impl Payload for StockPlaceSave {
    type Record = StockPlace;

    fn example() -> Self {
        let (usage_weeks, cover_weeks) = (usual_usage_weeks(), usual_cover_weeks());
        let kind = StockPlaceKind::Store;
        let (name, monthly_count) = ("Central store".into(), Some(MonthlyCount { day: 28, counters: vec![] }));
        Self { name, kind, holders: vec![], usage_weeks, cover_weeks, monthly_count, active: true }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        let most = if self.kind == StockPlaceKind::Van { 20 } else { 0 };
        check.count("/holders", self.holders.len(), 0..=most);
        check.number("/usage_weeks", self.usage_weeks.into(), 1..=52);
        check.number("/cover_weeks", self.cover_weeks.into(), 0..=52);
        if let Some(monthly) = &self.monthly_count {
            monthly.check(check, "/monthly_count");
        }
    }

    fn needs(&self, _: Option<&StockPlace>, actor: &Actor) -> Vec<Need> {
        let counters = self.monthly_count.iter().flat_map(|monthly| &monthly.counters);
        let firm = Need::record(Id::<Organisation>::new(actor.org));
        self.holders.iter().chain(counters).copied().map(Need::record).chain([firm]).collect()
    }
}

impl Save for StockPlaceSave {
    fn decide(
        self,
        id: Id<StockPlace>,
        place: Option<StockPlace>,
        context: &Context<'_>,
    ) -> Result<Decision<StockPlace>, Refusal> {
        for (at, holder) in self.holders.iter().enumerate() {
            if context.related.get(*holder).is_none() {
                return Err(Refusal::BadReference { pointer: format!("/holders/{at}") });
            }
        }
        let counters = self.monthly_count.iter().flat_map(|monthly| &monthly.counters);
        if let Some(at) = counters.clone().position(|counter| context.related.get(*counter).is_none()) {
            return Err(Refusal::BadReference { pointer: format!("/monthly_count/counters/{at}") });
        }
        let firm = context.related.get(Id::<Organisation>::new(context.actor.org));
        // A sheet that is due and not open yet opens whatever else is saved meanwhile.
        let held = place.as_ref().filter(|place| place.monthly_count == self.monthly_count && self.active);
        let next = || self.monthly_count.as_ref()?.next_after(context.received_at, firm);
        let next_count_at = held.and_then(|place| place.next_count_at).or_else(next).filter(|_| self.active);
        let StockPlaceSave { name, kind, holders, usage_weeks, cover_weeks, monthly_count, active } = self;
        let articles = match place {
            // What is in a store is on nobody's phone, and a store that becomes a van has its articles counted in anew.
            Some(place) if place.kind == kind => place.articles,
            _ => Vec::new(),
        };
        let place = StockPlace {
            id,
            name,
            kind,
            holders,
            usage_weeks,
            cover_weeks,
            articles,
            monthly_count,
            next_count_at,
            active,
        };
        Ok(place.into())
    }
}
