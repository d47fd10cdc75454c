//! What the stories of photos share.

use std::path::PathBuf;

use bytes::Bytes;
use mobile_api::{
    phone::Draft,
    photo::{Blob, NewPhoto, PhotoRole},
    signing::Digest,
    work_order::{WorkOrder, photos::AddPhoto},
};
use uuid::Uuid;

use crate::harness::{Handset, House};

/// A real picture: `exif-orientation/Landscape_6.jpg`, `hostile/generated/…`.
pub fn picture(name: &str) -> Vec<u8> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/photos");
    let folder = std::env::var_os("DOORSTEP_TEST_PHOTOS").map_or(beside, PathBuf::from);
    std::fs::read(folder.join(name)).unwrap_or_else(|error| {
        panic!(
            "{name}: {error}. The photos for tests are expected in ../shared/data/photos beside the repository, or where \
             DOORSTEP_TEST_PHOTOS says"
        )
    })
}

/// A photo of how it was left.
pub fn after(bytes: &[u8]) -> AddPhoto {
    let photo = NewPhoto { role: PhotoRole::After, caption: Some("Dry".into()), blob: Blob::of(bytes, "image/jpeg") };
    AddPhoto { photo }
}

/// Takes the photo with the phone; answers its operation.
pub fn took(phone: &Handset, order: impl Into<Uuid>, bytes: &[u8]) -> Uuid {
    phone.phone.record_photo(Draft::new(order, after(bytes)).unwrap(), bytes).unwrap().id
}

/// Bytes reach the server, whole, as if an upload had ended.
pub async fn arrive(house: &House, bytes: &[u8]) -> bool {
    let (state, sha256) = (house.state(), Digest::of(bytes));
    let object = state.media.object_for(house.firm.org, sha256);
    state.media.depot().put(&object, Bytes::copy_from_slice(bytes)).await.unwrap();
    state.media.receive(house.firm.org, sha256, bytes.len() as u64, object).await.unwrap()
}

/// Everything that is due is done.
pub async fn work(house: &House) {
    house.state().timers().do_due().await.unwrap();
}

/// The order as the server has it.
pub async fn order(house: &House, id: impl Into<Uuid>) -> WorkOrder {
    let answer = house.li().await.get(&format!("/v1/work-orders/{}", id.into())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_value(answer.body).unwrap()
}
