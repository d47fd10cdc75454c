//! Whose upload it is, and what becomes of it when they may no longer.

use chrono::TimeDelta;
use mobile_api::signing::Digest;
use reqwest::StatusCode;
use serde_json::json;

use super::kit::{self, Sender, blob, files, stored};
use crate::{
    harness::{Firm, House, Office, PASSWORD},
    promises::kit::Hand,
};

stories! {
    /// Whoever did not begin it does not learn that it exists.
    async fn an_upload_is_its_makers(house: House) {
        let (wang, zhao, li) =
            (Sender::of(&house, "wang").await, Sender::of(&house, "zhao").await, Sender::of(&house, "li").await);
        let other = Firm::with(1);
        house.found(&other, "other").await;
        let stranger = Sender::of(&house, "wang@other").await;
        let bytes = kit::bytes(10_000, 41);
        let url = wang.begin(&bytes).await;
        for somebody in [&zhao, &li, &stranger] {
            assert_eq!(somebody.head(&url).await.status, StatusCode::NOT_FOUND);
            assert_eq!(somebody.patch(&url, 0, &bytes).await.problem(404), "not_found");
            assert_eq!(somebody.send(somebody.request("DELETE", &url)).await.problem(404), "not_found");
        }
        assert_eq!(stranger.status(Digest::of(&bytes)).await, "unknown", "another firm's bytes are its own affair");
        assert_eq!(wang.patch(&url, 0, &bytes).await.status, StatusCode::NO_CONTENT);
        assert_eq!(li.status(Digest::of(&bytes)).await, "stored");
        assert_eq!(stranger.status(Digest::of(&bytes)).await, "unknown");
    }

    /// The token runs out between two chunks; the next one goes on.
    async fn a_new_token_goes_on(house: House) {
        let login = json!({ "login": "wang", "password": PASSWORD });
        let client = reqwest::Client::new();
        let answer = client.post(format!("{}/v1/auth/login", house.url())).json(&login).send().await.unwrap();
        let tokens: serde_json::Value = answer.json().await.unwrap();
        let with = |token: &serde_json::Value| {
            Sender(Office { client: client.clone(), base: house.url(), token: token.as_str().unwrap().into() })
        };
        let wang = with(&tokens["access_token"]);
        let bytes = kit::bytes(20_000, 42);
        let url = wang.begin(&bytes).await;
        assert_eq!(wang.patch(&url, 0, &bytes[..7_000]).await.status, StatusCode::NO_CONTENT);
        house.clock.advance(TimeDelta::minutes(11));
        assert_eq!(wang.patch(&url, 7_000, &bytes[7_000..]).await.problem(401), "token_expired");
        let refresh = json!({ "refresh_token": tokens["refresh_token"] });
        let answer = client.post(format!("{}/v1/auth/refresh", house.url())).json(&refresh).send().await.unwrap();
        let tokens: serde_json::Value = answer.json().await.unwrap();
        let wang = with(&tokens["access_token"]);
        assert_eq!(wang.offset(&url).await, 7_000);
        assert_eq!(wang.patch(&url, 7_000, &bytes[7_000..]).await.status, StatusCode::NO_CONTENT);
        assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes));
    }

    /// What a revoked phone has sent stays for a while, and is shown to nobody.
    async fn a_device_is_revoked_midway(house: House) {
        let hand = Hand::of(&house, "wang").await;
        let login = json!({ "login": "wang", "password": PASSWORD, "device_id": hand.device });
        let answer = hand.office.post("/v1/auth/login", &login).await.body;
        let token = answer["access_token"].as_str().unwrap().to_owned();
        let wang = Sender(Office { token, ..hand.office.clone() });
        let bytes = kit::bytes(30_000, 43);
        let url = wang.begin(&bytes).await;
        assert_eq!(wang.patch(&url, 0, &bytes[..12_000]).await.status, StatusCode::NO_CONTENT);
        let admin = house.office("admin").await;
        let revoked = admin.post(&format!("/v1/devices/{}/revoke", hand.device), &json!({ "reason": "Lost" })).await;
        assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.body);
        assert_eq!(wang.patch(&url, 12_000, &bytes[12_000..]).await.problem(403), "device_revoked");
        assert_eq!(wang.head(&url).await.status, StatusCode::FORBIDDEN);
        let kept = files(&house).await;
        assert_eq!(kept.len(), 1, "what came is kept");
        assert_eq!(std::fs::read(&kept[0]).unwrap(), bytes[..12_000]);
        let li = Sender::of(&house, "li").await;
        assert_eq!(li.status(Digest::of(&bytes)).await, "awaited");
        assert!(blob(&house, house.firm.org, Digest::of(&bytes)).await.unwrap().object.is_none());
        // On another phone, the same person goes on.
        let again = Sender::of(&house, "wang").await;
        assert_eq!(again.patch(&url, 12_000, &bytes[12_000..]).await.status, StatusCode::NO_CONTENT);
        assert_eq!(li.status(Digest::of(&bytes)).await, "stored");
    }
}
