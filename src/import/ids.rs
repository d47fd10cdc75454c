//! Ids that follow from what things are called elsewhere, so that the same thing has the same id at each import.

use mobile_api::ids::{AssetId, ComplaintClassId, OrderTypeId, PriceItemId, SiteId, WorkOrderId};
use uuid::Uuid;

use crate::operations::incoming::derived_id;

fn derived(org: Uuid, what: &str, parts: &[&str]) -> Uuid {
    let mut all: Vec<&[u8]> = vec![b"doorstep import", org.as_bytes(), what.as_bytes()];
    all.extend(parts.iter().map(|part| part.as_bytes()));
    derived_id(&all)
}

/// The order that the source knows by `external`.
pub fn work_order(org: Uuid, source: &str, external: &str) -> WorkOrderId {
    derived(org, "work_order", &[source, external]).into()
}

/// The asset that the source knows by `external`.
pub fn asset(org: Uuid, source: &str, external: &str) -> AssetId {
    derived(org, "asset", &[source, external]).into()
}

/// The order type of this code.
pub fn order_type(org: Uuid, code: &str) -> OrderTypeId {
    derived(org, "order_type", &[code]).into()
}

/// The site of this name.
pub fn site(org: Uuid, name: &str) -> SiteId {
    derived(org, "site", &[name]).into()
}

/// The item of the price list of this code.
pub fn price_item(org: Uuid, code: &str) -> PriceItemId {
    derived(org, "price_item", &[code]).into()
}

/// The class of complaints of this code.
pub fn complaint_class(org: Uuid, code: &str) -> ComplaintClassId {
    derived(org, "complaint_class", &[code]).into()
}

/// The operation that changes `entity` as it is at revision `rev`. A price that goes up and down again is changed twice.
pub fn operation_on(entity: Uuid, rev: u64, payload: &str) -> Uuid {
    let rev = rev.to_be_bytes();
    derived_id(&[b"doorstep import", b"operation", entity.as_bytes(), &rev, payload.as_bytes()])
}

/// The operation that makes `entity`. Its payload belongs to it: the same thing imported with other particulars is
/// another operation, which the door then judges on its own.
pub fn operation(entity: Uuid, payload: &str) -> Uuid {
    derived_id(&[b"doorstep import", b"operation", entity.as_bytes(), payload.as_bytes()])
}
