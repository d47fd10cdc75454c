//! What is not taken, and what it leaves: nothing.

use base64::{Engine, engine::general_purpose::STANDARD};
use doorstep::config::{Config, Limits};
use mobile_api::signing::Digest;
use reqwest::StatusCode;
use serde_json::json;

use super::kit::{self, Sender, blob, files, stored};
use crate::harness::House;

stories! {
    /// The refusal comes on the headers alone: no byte of the body was sent.
    async fn too_large_a_photo_is_refused_before_its_bytes(house: House) {
        let mut house = house;
        house.kill().await;
        let limits = Limits { photo_bytes: 1000, ..Limits::default() };
        house.start_with(Config { limits, ..Config::default() }).await;
        let wang = Sender::of(&house, "wang").await;
        let metadata = kit::metadata(Digest::of(b"x"));
        let headers = [("Upload-Length", "1001"), ("Upload-Metadata", metadata.as_str())];
        for expect in [None, Some(("Expect", "100-continue"))] {
            let headers: Vec<_> = headers.into_iter().chain(expect).collect();
            let mut stream = wang.half("POST", "/v1/uploads", &headers, 1001, &[]).await;
            let mut answer = kit::answer_on(&mut stream).await;
            if answer == "HTTP/1.1 100 Continue\r\n\r\n" {
                answer = kit::answer_on(&mut stream).await;
            }
            let answer = answer.to_ascii_lowercase();
            assert!(answer.starts_with("http/1.1 413"), "{answer}");
            assert!(answer.contains("tus-max-size: 1000\r\n") && answer.contains("upload_too_large"), "{answer}");
        }
        let url = wang.begin(&kit::bytes(1000, 20)).await;
        let mut stream = wang.half_patch(&url, 0, 1001, &[]).await;
        assert!(kit::answer_on(&mut stream).await.starts_with("HTTP/1.1 413"));
        // A body that does not say how long it is ends where the upload does.
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(vec![0_u8; 1001])]));
        let answer = wang.send(wang.continuation(&url, 0, &[]).body(body)).await;
        assert_eq!(answer.problem(413), "upload_too_large");
        assert_eq!(wang.offset(&url).await, 0);
    }

    /// What a client cannot have meant.
    async fn requests_that_make_no_sense_are_told_so(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(5_000, 21);
        let url = wang.begin(&bytes).await;
        let elsewhere = wang.patch(&url, 1, &bytes[1..]).await;
        assert_eq!(elsewhere.problem(409), "offset_mismatch");
        let wrong_type = wang.request("PATCH", &url).header("Upload-Offset", 0).header("Content-Type", "image/jpeg");
        assert_eq!(wang.send(wrong_type.body(bytes.clone())).await.problem(415), "upload_media_type");
        let no_offset = wang.request("PATCH", &url).header("Content-Type", kit::BYTES).body(bytes.clone());
        assert_eq!(wang.send(no_offset).await.problem(400), "invalid_header");
        let md5 = wang.continuation(&url, 0, &bytes).header("Upload-Checksum", "md5 AAAA");
        assert_eq!(wang.send(md5).await.problem(400), "checksum_algorithm");
        for version in [None, Some("0.2.2")] {
            let request = wang.0.client.patch(format!("{}{url}", wang.0.base));
            let request = version.map_or(request.try_clone().unwrap(), |version| request.header("Tus-Resumable", version));
            assert_eq!(wang.send(request).await.problem(412), "tus_version");
        }
        assert_eq!(wang.send(wang.request("POST", "/v1/uploads")).await.problem(400), "invalid_header");
        let later = wang.creation(5, Digest::of(b"x")).header("Upload-Defer-Length", 1);
        assert_eq!(wang.send(later).await.problem(400), "invalid_header");
        assert_eq!(wang.offset(&url).await, 0);
        let many = json!({ "sha256": vec![Digest::of(b"x"); 501] });
        assert_eq!(wang.0.post("/v1/blobs/status", &many).await.problem(422), "invalid");
    }

    /// The checksum of a body holds, or nothing of it is kept.
    async fn a_body_may_prove_itself(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(4_500_000, 22);
        let url = wang.begin(&bytes).await;
        let sum = |bytes: &[u8]| format!("sha256 {}", STANDARD.encode(Digest::of(bytes).as_bytes()));
        let wrong = wang.continuation(&url, 0, &bytes).header("Upload-Checksum", sum(b"other"));
        assert_eq!(wang.send(wrong).await.problem(460), "chunk_mismatch");
        assert_eq!(wang.offset(&url).await, 0);
        assert!(files(&house).await.is_empty());
        let (first, rest) = bytes.split_at(4_400_000);
        let right = wang.continuation(&url, 0, first).header("Upload-Checksum", sum(first));
        assert_eq!(wang.send(right).await.status, StatusCode::NO_CONTENT);
        let right = wang.continuation(&url, first.len(), rest).header("Upload-Checksum", sum(rest));
        assert_eq!(wang.send(right).await.status, StatusCode::NO_CONTENT);
        assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes));
    }

    /// S16: bits flipped on the way, in one part and in several.
    async fn flipped_bits_are_not_stored(house: House) {
        let wang = Sender::of(&house, "wang").await;
        for (length, cut) in [(50_000, 50_000), (50_000, 20_000), (9_000_000, 9_000_000)] {
            let bytes = kit::bytes(length, 23);
            let url = wang.begin(&bytes).await;
            let mut flipped = bytes.clone();
            flipped[length / 2] ^= 1;
            if cut < length {
                assert_eq!(wang.patch(&url, 0, &flipped[..cut]).await.status, StatusCode::NO_CONTENT);
            }
            let start = cut % length;
            assert_eq!(wang.patch(&url, start, &flipped[start..]).await.problem(460), "checksum_mismatch");
            assert_eq!(wang.head(&url).await.status, StatusCode::NOT_FOUND);
            assert_ne!(wang.status(Digest::of(&bytes)).await, "stored");
            assert!(files(&house).await.is_empty(), "nothing is left of it");
            assert!(blob(&house, house.firm.org, Digest::of(&flipped)).await.is_none());
            // Nor if the bytes came with the creation.
            let creation = wang.creation(length as u64, Digest::of(&bytes)).header("Content-Type", kit::BYTES);
            assert_eq!(wang.send(creation.body(flipped.clone())).await.problem(460), "checksum_mismatch");
            assert!(files(&house).await.is_empty(), "nothing is left of it");
            // From the beginning once more, and it is there.
            wang.upload(&bytes).await;
            assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes.clone()));
            let object = blob(&house, house.firm.org, Digest::of(&bytes)).await.unwrap().object.unwrap();
            house.state().media.delete(&object).await.unwrap();
            house.state().db.write(move |conn| {
                use diesel::prelude::*;
                use doorstep::db::{DbError, both, schema::{blobs, uploads}};
                both!(conn, c => { diesel::delete(uploads::table).execute(c)?; diesel::delete(blobs::table).execute(c) })?;
                Ok::<_, DbError>(())
            }).await.unwrap();
        }
    }

    /// Nobody fills the disk with beginnings.
    async fn beginnings_are_bounded(house: House) {
        let (wang, zhao) = (Sender::of(&house, "wang").await, Sender::of(&house, "zhao").await);
        let mut urls = Vec::new();
        for n in 0..64 {
            urls.push(wang.begin(&kit::bytes(100, 1000 + n)).await);
        }
        let one_more = wang.creation(100, Digest::of(b"one more"));
        assert_eq!(wang.send(one_more.try_clone().unwrap()).await.problem(429), "too_many_uploads");
        zhao.begin(b"somebody else").await;
        wang.send(wang.request("DELETE", &urls[0])).await;
        assert_eq!(wang.send(one_more).await.status, StatusCode::CREATED);
    }
}
