//! Assets: what stands where, what was done to it, and what became of both when phones come back.

mod import;
mod register;
mod two_phones;
mod upkeep;

use chrono::NaiveDate;
use mobile_api::{
    asset::{AssetCertificate, AssetSave},
    ids::AssetId,
};
use serde_json::Value;
use uuid::Uuid;

use crate::harness::House;

/// A lift at the firm's site, in no building.
fn lift(house: &House, name: &str, serial: &str) -> AssetSave {
    AssetSave {
        name: name.into(),
        asset_type: "lift".into(),
        code: None,
        serial: Some(serial.into()),
        site: house.firm.site,
        building: None,
        unit: None,
        place: "Building 7".into(),
        serves: Default::default(),
        parent: None,
        maker: Some("Hitachi".into()),
        model: None,
        installed_on: None,
        warranty_until: None,
        certificate: None,
        documents: vec![],
        meters: vec![],
        source: None,
    }
}

fn until(day: &str) -> Option<AssetCertificate> {
    Some(AssetCertificate { number: None, expires_on: day.parse::<NaiveDate>().unwrap() })
}

/// An asset that the office wrote down.
async fn made(house: &House, asset: AssetSave) -> AssetId {
    let id = AssetId::new(house.clock.new_id());
    house.li().await.perform(id, asset).await.applied();
    id
}

/// The names on a page.
fn names(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
    items.iter().map(|item| item["record"]["name"].as_str().unwrap()).collect()
}

async fn named(house: &House, query: &str) -> Vec<String> {
    let page = house.li().await.get(&format!("/v1/assets?{query}")).await.body;
    names(&page).into_iter().map(Into::into).collect()
}

fn nobody() -> Uuid {
    Uuid::from_u128(99)
}
