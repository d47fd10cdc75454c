//! Who sees which bytes, in which form, and what nobody's browser ever runs.

use mobile_api::signing::Digest;
use serde_json::json;

use super::kit::{after, arrive, order, picture, work};
use crate::harness::{Firm, House, Office};

const UPRIGHT: &str = "exif-orientation/Landscape_6.jpg";

async fn fetch(office: &Office, bytes: &[u8], size: &str) -> reqwest::Response {
    let url = format!("{}/v1/blobs/{}?size={size}", office.base, Digest::of(bytes));
    office.client.get(url).bearer_auth(&office.token).send().await.unwrap()
}

stories! {
    /// S10: to those whose order refers to it, and to nobody else; who may not see it learns nothing of it.
    async fn s10_a_photo_is_seen_through_what_refers_to_it(house: House) {
        let (bytes, job) = (picture(UPRIGHT), house.assigned(house.firm.plumbing, house.firm.wang).await);
        house.li().await.perform(job, after(&bytes)).await.applied();
        arrive(&house, &bytes).await;
        work(&house).await;
        let other = Firm::with(1);
        house.found(&other, "other").await;
        for (login, status) in [("li", 200), ("wang", 200), ("zhao", 404), ("li@other", 404)] {
            let Some(office) = sign_in(&house, login).await else { continue };
            for size in ["original", "screen", "thumb"] {
                assert_eq!(fetch(&office, &bytes, size).await.status(), status, "{login} {size}");
            }
        }
        let nobodys = picture("exif-orientation/Portrait_1.jpg");
        arrive(&house, &nobodys).await;
        work(&house).await;
        assert_eq!(fetch(&house.li().await, &nobodys, "thumb").await.status(), 404, "nothing refers to it yet");
    }

    /// Sizes, caching for good, ranges, and copies without what the camera wrote.
    async fn a_photo_is_served_in_sizes(house: House) {
        let bytes = picture("field-photos/photo.jpg");
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let li = house.li().await;
        li.perform(job, after(&bytes)).await.applied();
        assert_eq!(fetch(&li, &bytes, "original").await.status(), 404, "awaited");
        arrive(&house, &bytes).await;
        work(&house).await;
        let original = fetch(&li, &bytes, "original").await;
        assert_eq!(original.headers()["content-type"], "image/jpeg");
        assert_eq!(original.headers()["x-content-type-options"], "nosniff");
        assert_eq!(original.headers()["cache-control"], "private, max-age=31536000, immutable");
        let tag = original.headers()["etag"].clone();
        assert_eq!(original.bytes().await.unwrap(), bytes.as_slice());
        let url = format!("{}/v1/blobs/{}", li.base, Digest::of(&bytes));
        let ask = |name: &str, value: &str| li.client.get(&url).bearer_auth(&li.token).header(name, value).send();
        assert_eq!(ask("if-none-match", tag.to_str().unwrap()).await.unwrap().status(), 304);
        let part = ask("range", "bytes=10-19").await.unwrap();
        assert_eq!(part.status(), 206);
        assert_eq!(part.headers()["content-range"], format!("bytes 10-19/{}", bytes.len()));
        assert_eq!(part.bytes().await.unwrap(), &bytes[10..20]);
        assert_eq!(ask("range", &format!("bytes={}-", bytes.len())).await.unwrap().status(), 416);
        for (size, most) in [("screen", 1600), ("thumb", 320)] {
            let copy = fetch(&li, &bytes, size).await.bytes().await.unwrap();
            assert!(!copy.windows(4).any(|window| window == b"Exif"), "{size}");
            let picture = image::load_from_memory(&copy).unwrap();
            assert_eq!(picture.width().max(picture.height()), most, "{size}");
        }
    }

    /// HTML and SVG that call themselves pictures are kept, and never shown as anything.
    async fn what_is_no_picture_is_never_served_as_one(house: House) {
        let li = house.li().await;
        let html = b"<!doctype html><script>alert(1)</script>".to_vec();
        let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>"#.to_vec();
        for bytes in [html, svg] {
            let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
            li.perform(job, after(&bytes)).await.applied();
            arrive(&house, &bytes).await;
            work(&house).await;
            let answer = fetch(&li, &bytes, "original").await;
            assert_eq!(answer.headers()["content-type"], "application/octet-stream");
            assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
            assert!(answer.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
            assert_eq!(answer.bytes().await.unwrap(), bytes.as_slice(), "kept whole");
            assert_eq!(fetch(&li, &bytes, "screen").await.status(), 404);
            let order = order(&house, job).await;
            let arrival = serde_json::to_value(&order.photos[0].arrival).unwrap();
            assert_eq!(arrival["state"], "refused", "{arrival}");
        }
    }

    /// Which photos are owed, by whose phone, since when.
    async fn the_dispatcher_sees_what_is_owed(house: House) {
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.sync().await;
        let bytes = picture(UPRIGHT);
        phone.did(job, after(&bytes));
        phone.sync().await;
        let li = house.li().await;
        let owed = li.get("/v1/photos/awaited").await.body;
        let photo = &owed["items"][0];
        assert_eq!(photo["on"], json!({ "kind": "work_order", "id": job }));
        assert_eq!((&photo["role"], &photo["caption"]), (&json!("after"), &json!("Dry")));
        assert_eq!(photo["user"], json!(house.firm.wang));
        assert_eq!(photo["device"], json!(phone.identity().unwrap().1));
        assert_eq!(photo["number"], "2026-000001");
        assert_eq!(photo["sha256"], json!(Digest::of(&bytes)));
        assert_eq!(house.office("wang").await.get("/v1/photos/awaited").await.body["items"].as_array().unwrap().len(), 1);
        assert_eq!(house.office("zhao").await.get("/v1/photos/awaited").await.body["items"], json!([]));
        let page = li.get("/v1/photos/awaited?limit=1").await.body;
        assert_eq!(page.get("next"), None, "{page}");
        arrive(&house, &bytes).await;
        work(&house).await;
        assert_eq!(li.get("/v1/photos/awaited").await.body["items"], json!([]));
    }
}

/// Signs in, if there is such an account.
async fn sign_in(house: &House, login: &str) -> Option<Office> {
    match login.split_once('@') {
        None => Some(house.office(login).await),
        Some(_) => None,
    }
}
