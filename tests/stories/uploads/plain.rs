//! Lines that hold.

use mobile_api::signing::Digest;
use reqwest::StatusCode;
use serde_json::json;

use super::kit::{self, Sender, files, stored};
use crate::harness::House;

const MIB: usize = 1024 * 1024;

stories! {
    /// One request, one part, one object.
    async fn a_photo_travels_in_one_piece(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(300_000, 1);
        let sha256 = Digest::of(&bytes);
        assert_eq!(wang.status(sha256).await, "unknown");
        let url = wang.begin(&bytes).await;
        assert_eq!(wang.status(sha256).await, "awaited");
        let head = wang.head(&url).await;
        assert_eq!((head.status, kit::offset_in(&head)), (StatusCode::OK, 0));
        assert_eq!(head.headers["upload-length"], "300000");
        assert_eq!(head.headers["cache-control"], "no-store");
        assert_eq!(head.headers["upload-metadata"], kit::metadata(sha256).as_str());
        assert_eq!(head.headers["upload-expires"], "Mon, 09 Mar 2026 00:00:00 GMT");
        let answer = wang.patch(&url, 0, &bytes).await;
        assert_eq!((answer.status, kit::offset_in(&answer)), (StatusCode::NO_CONTENT, bytes.len()));
        assert_eq!(wang.offset(&url).await, bytes.len());
        assert_eq!(wang.status(sha256).await, "stored");
        assert_eq!(stored(&house, sha256).await, Some(bytes));
        assert_eq!(files(&house).await.len(), 1);
    }

    /// Parts are joined, proved and deleted.
    async fn a_large_photo_travels_in_many_pieces(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(17 * MIB + 77, 2);
        let url = wang.begin(&bytes).await;
        let mut offset = 0;
        for piece in bytes.chunks(9 * MIB) {
            let answer = wang.patch(&url, offset, piece).await;
            offset += piece.len();
            assert_eq!((answer.status, kit::offset_in(&answer)), (StatusCode::NO_CONTENT, offset), "{}", answer.body);
        }
        assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes));
        assert_eq!(files(&house).await.len(), 1, "the parts are gone");
    }

    /// What was created with its first bytes goes on like any other.
    async fn bytes_may_come_with_the_creation(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(100_000, 3);
        let (first, rest) = bytes.split_at(40_000);
        let creation = wang.creation(100_000, Digest::of(&bytes)).header("Content-Type", kit::BYTES);
        let answer = wang.send(creation.body(first.to_vec())).await;
        assert_eq!((answer.status, kit::offset_in(&answer)), (StatusCode::CREATED, 40_000), "{}", answer.body);
        let url = answer.headers["location"].to_str().unwrap().to_owned();
        assert_eq!(wang.patch(&url, 40_000, rest).await.status, StatusCode::NO_CONTENT);
        assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes.clone()));

        let other = kit::bytes(50_000, 4);
        let creation = wang.creation(50_000, Digest::of(&other)).header("Content-Type", kit::BYTES);
        let answer = wang.send(creation.body(other.clone())).await;
        assert_eq!((answer.status, kit::offset_in(&answer)), (StatusCode::CREATED, 50_000));
        assert_eq!(stored(&house, Digest::of(&other)).await, Some(other));
    }

    /// Two people photographed the same paper, or one phone sends twice.
    async fn the_same_bytes_are_stored_once(house: House) {
        let (wang, zhao) = (Sender::of(&house, "wang").await, Sender::of(&house, "zhao").await);
        let bytes = kit::bytes(80_000, 5);
        let (one, other) = (wang.begin(&bytes).await, zhao.begin(&bytes).await);
        assert_eq!(zhao.patch(&other, 0, &bytes[..30_000]).await.status, StatusCode::NO_CONTENT);
        assert_eq!(wang.patch(&one, 0, &bytes).await.status, StatusCode::NO_CONTENT);
        assert_eq!(zhao.patch(&other, 30_000, &bytes[30_000..]).await.status, StatusCode::NO_CONTENT);
        // Who comes later need send nothing.
        let answer = zhao.send(zhao.creation(80_000, Digest::of(&bytes))).await;
        assert_eq!((answer.status, kit::offset_in(&answer)), (StatusCode::CREATED, 80_000));
        let url = answer.headers["location"].to_str().unwrap().to_owned();
        assert_eq!(zhao.offset(&url).await, 80_000);
        // And who sends nevertheless is let talk.
        let creation = zhao.creation(80_000, Digest::of(&bytes)).header("Content-Type", kit::BYTES);
        let answer = zhao.send(creation.body(bytes.clone())).await;
        assert_eq!((answer.status, kit::offset_in(&answer)), (StatusCode::CREATED, 80_000));
        assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes));
        assert_eq!(files(&house).await.len(), 1);
    }

    /// What is given up leaves nothing.
    async fn an_upload_is_given_up(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(90_000, 6);
        let url = wang.begin(&bytes).await;
        wang.patch(&url, 0, &bytes[..50_000]).await;
        assert_eq!(files(&house).await.len(), 1);
        assert_eq!(wang.send(wang.request("DELETE", &url)).await.status, StatusCode::NO_CONTENT);
        assert_eq!(wang.send(wang.request("DELETE", &url)).await.problem(404), "not_found");
        assert_eq!(wang.patch(&url, 50_000, &bytes[50_000..]).await.problem(404), "not_found");
        assert_eq!(wang.head(&url).await.status, StatusCode::NOT_FOUND);
        assert_eq!(wang.status(Digest::of(&bytes)).await, "unknown");
        assert!(files(&house).await.is_empty());

        // What has become a blob stays one.
        let url = wang.upload(&bytes).await;
        assert_eq!(wang.send(wang.request("DELETE", &url)).await.status, StatusCode::NO_CONTENT);
        assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes));
    }

    /// What nobody continues for a week is forgotten.
    async fn an_upload_expires(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(60_000, 7);
        let url = wang.begin(&bytes).await;
        house.clock.advance(chrono::TimeDelta::days(6));
        let wang = Sender::of(&house, "wang").await;
        let answer = wang.patch(&url, 0, &bytes[..20_000]).await;
        assert_eq!(answer.headers["upload-expires"], "Sun, 15 Mar 2026 00:00:00 GMT", "going on extends it");
        house.clock.advance(chrono::TimeDelta::days(6));
        house.state().timers().purge(&house.clock).await.unwrap();
        let wang = Sender::of(&house, "wang").await;
        assert_eq!(wang.offset(&url).await, 20_000);
        house.clock.advance(chrono::TimeDelta::days(1));
        let wang = Sender::of(&house, "wang").await;
        assert_eq!(wang.patch(&url, 20_000, &bytes[20_000..]).await.problem(410), "upload_expired");
        assert_eq!(wang.head(&url).await.status, StatusCode::GONE);
        house.state().timers().purge(&house.clock).await.unwrap();
        assert_eq!(wang.head(&url).await.status, StatusCode::NOT_FOUND);
        assert!(files(&house).await.is_empty());
        assert_eq!(wang.status(Digest::of(&bytes)).await, "unknown");
    }

    /// A client asks for the rules before anything else.
    async fn the_rules_are_told(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let answer = wang.0.send(wang.0.client.request(reqwest::Method::OPTIONS, format!("{}/v1/uploads", wang.0.base))).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!((header("tus-resumable"), header("tus-version")), ("1.0.0".into(), "1.0.0".into()));
        assert_eq!(header("tus-extension"), "creation,creation-with-upload,checksum,expiration,termination");
        assert_eq!(header("tus-max-size"), (64 * MIB).to_string());
        assert_eq!(header("tus-checksum-algorithm"), "sha256,sha1");
        let config = wang.0.get("/v1/sync/config").await.body;
        assert_eq!((&config["photo_bytes"], &config["chunk_bytes"]), (&json!(64 * MIB), &json!(8 * MIB)));
    }

    /// A network that lets nothing through but GET and POST.
    async fn the_method_may_stand_in_a_header(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(10_000, 8);
        let url = wang.begin(&bytes).await;
        let over = |method: &str| wang.request("POST", &url).header("X-HTTP-Method-Override", method);
        let answer =
            wang.send(over("PATCH").header("Upload-Offset", 0).header("Content-Type", kit::BYTES).body(bytes.clone())).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
        assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes));
        assert_eq!(wang.send(over("DELETE")).await.status, StatusCode::NO_CONTENT);
        assert_eq!(wang.send(over("GET")).await.problem(405), "method_not_allowed");
    }
}
