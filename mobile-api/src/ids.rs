//! Identifiers that cannot be mixed up.

use std::{cmp::Ordering, fmt, hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    asset::{Asset, AssetReading},
    calendar::Calendar,
    complaint::{Complaint, ComplaintClass},
    device::Device,
    directory::{Building, Customer, OrderType, Organisation, PriceItem, Site, Team, Unit, User},
    handover::Handover,
    inspection::{Inspection, Round, Template},
    maintenance::{MaintenancePlan, Shutdown, ShutdownNotice},
    return_visit::ReturnVisit,
    review::Review,
    stock::{Article, StockCount, StockLevel, StockMove, StockPlace, StockSerial},
    webhook::Webhook,
    work_order::WorkOrder,
};

/// The id of a `T`: a UUID, made where the thing is first recorded (on the phone, if that is where it happened).
///
/// On the wire it is a plain UUID string. The type parameter only keeps the id of a customer from being used
/// where the id of a site is meant.
pub struct Id<T> {
    uuid: Uuid,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// Wraps a UUID that is known to name a `T`.
    pub const fn new(uuid: Uuid) -> Self {
        Self { uuid, of: PhantomData }
    }

    /// The UUID itself.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<T> hash::Hash for Id<T> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}

impl<T> FromStr for Id<T> {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self::new)
    }
}

impl<T> From<Uuid> for Id<T> {
    fn from(uuid: Uuid) -> Self {
        Self::new(uuid)
    }
}

impl<T> From<Id<T>> for Uuid {
    fn from(id: Id<T>) -> Self {
        id.uuid
    }
}

impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.uuid.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(feature = "openapi")]
impl<T> utoipa::PartialSchema for Id<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::Uuid)))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl<T> utoipa::ToSchema for Id<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
}

// Names without type parameters, because the OpenAPI derive composes the schemas of type parameters.

/// The id of a site.
pub type SiteId = Id<Site>;

/// The id of a building.
pub type BuildingId = Id<Building>;

/// The id of a unit.
pub type UnitId = Id<Unit>;

/// The id of a customer.
pub type CustomerId = Id<Customer>;

/// The id of an account.
pub type UserId = Id<User>;

/// The id of a team.
pub type TeamId = Id<Team>;

/// The id of an order type.
pub type OrderTypeId = Id<OrderType>;

/// The id of an item of the price list.
pub type PriceItemId = Id<PriceItem>;

/// The id of an organisation.
pub type OrganisationId = Id<Organisation>;

/// The id of a device.
pub type DeviceId = Id<Device>;

/// The id of a review.
pub type ReviewId = Id<Review>;

/// The id of a calendar.
pub type CalendarId = Id<Calendar>;

/// The id of a work order.
pub type WorkOrderId = Id<WorkOrder>;

/// The id of an article.
pub type ArticleId = Id<Article>;

/// The id of a store or van.
pub type StockPlaceId = Id<StockPlace>;

/// The id of a move of stock.
pub type StockMoveId = Id<StockMove>;

/// The id of an article's level at a place.
pub type StockLevelId = Id<StockLevel>;

/// The id of a numbered piece.
pub type StockSerialId = Id<StockSerial>;

/// The id of a webhook.
pub type WebhookId = Id<Webhook>;

/// The id of a handover.
pub type HandoverId = Id<Handover>;

/// The id of a complaint.
pub type ComplaintId = Id<Complaint>;

/// The id of a class of complaints.
pub type ComplaintClassId = Id<ComplaintClass>;

/// The id of a return visit.
pub type ReturnVisitId = Id<ReturnVisit>;

/// The id of a count sheet.
pub type StockCountId = Id<StockCount>;

/// The id of a version of a form.
pub type TemplateId = Id<Template>;

/// The id of a round.
pub type RoundId = Id<Round>;

/// The id of an inspection.
pub type InspectionId = Id<Inspection>;

/// The id of an asset.
pub type AssetId = Id<Asset>;

/// The id of a reading of an asset's meter.
pub type AssetReadingId = Id<AssetReading>;

/// The id of a maintenance plan.
pub type MaintenancePlanId = Id<MaintenancePlan>;

/// The id of a shutdown.
pub type ShutdownId = Id<Shutdown>;

/// The id of the notice of a shutdown to somebody.
pub type ShutdownNoticeId = Id<ShutdownNotice>;

/// An id that follows from bytes: the same bytes always have the same one (UUID version 8). For records that a rule makes
/// beside the one that the operation is about, so that a replay makes the same.
pub fn derived(parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Like [`derived`], for a record that belongs into the order of operations: it begins as the id of its operation does, which
/// is with the time, so that what one push brings is listed in the order in which it was recorded.
pub fn derived_at(op: Uuid, parts: &[&[u8]]) -> Uuid {
    let mut bytes = *derived(parts).as_bytes();
    bytes[..8].copy_from_slice(&op.as_bytes()[..8]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
