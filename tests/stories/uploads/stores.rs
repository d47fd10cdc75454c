//! Where the bytes lie: a folder that is full, a store that speaks S3, a server that dies.

use chrono::TimeDelta;
use doorstep::{clock::Clock, config::Config};
use mobile_api::signing::Digest;
use reqwest::StatusCode;

use super::kit::{self, Sender, files, stored};
use crate::harness::{House, S3, narrow};

stories! {
    /// No room: nothing is half-stored, the offset does not move, and with room again it goes on.
    async fn a_full_disk_is_told(house: House) {
        let mut house = house;
        house.kill().await;
        let (depot, room) = narrow(&house.photos());
        house.start_on(Config::default(), depot).await;
        let wang = Sender::of(&house, "wang").await;
        let small = kit::bytes(50_000, 51);
        let large = kit::bytes(17_000_000, 52);
        for bytes in [&small, &large] {
            let url = wang.begin(bytes).await;
            room.set(0);
            let answer = wang.patch(&url, 0, bytes).await;
            assert!(answer.headers.contains_key("retry-after"));
            assert_eq!(answer.problem(507), "storage_full");
            assert_eq!(wang.offset(&url).await, 0);
            // For some parts there is room: these are kept.
            room.set(1);
            if bytes.len() > 16_000_000 {
                assert_eq!(wang.patch(&url, 0, bytes).await.problem(507), "storage_full");
                assert_eq!(wang.offset(&url).await, 8 << 20);
                // For all parts, but not for what they become.
                room.set(2);
                assert_eq!(wang.patch(&url, 8 << 20, &bytes[8 << 20..]).await.problem(507), "storage_full");
                assert_eq!(wang.head(&url).await.status.as_u16(), 507);
                assert_ne!(wang.status(Digest::of(bytes)).await, "stored");
                room.set(1);
                assert_eq!(wang.offset(&url).await, bytes.len(), "asking completes it");
            } else {
                assert_eq!(wang.patch(&url, 0, bytes).await.status, StatusCode::NO_CONTENT);
            }
            assert_eq!(stored(&house, Digest::of(bytes)).await.as_ref(), Some(bytes));
            room.set(usize::MAX);
        }
        assert_eq!(files(&house).await.len(), 2, "nothing is left over");
    }

    /// Killed after each step, it goes on from there.
    async fn a_killed_server_loses_no_byte(house: House) {
        let mut house = house;
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(12_000_000, 53);
        let sha256 = Digest::of(&bytes);
        let url = wang.begin(&bytes).await;
        house.kill().await;
        house.start().await;
        let wang = Sender::of(&house, "wang").await;
        assert_eq!(wang.offset(&url).await, 0);
        // While a body comes in: what was kept by then is kept, and no row names what was not.
        let stream = wang.half_patch(&url, 0, bytes.len(), &bytes[..10_000_000]).await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        house.kill().await;
        drop(stream);
        house.start().await;
        let wang = Sender::of(&house, "wang").await;
        // What died with the server was told to nobody; whatever it says is kept, is.
        let mut offset = wang.offset(&url).await;
        assert!(offset <= 10_000_000, "{offset}");
        while offset < 11_000_000 {
            let answer = wang.patch(&url, offset, &bytes[offset..11_000_000]).await;
            assert!([204, 409].contains(&answer.status.as_u16()), "{}", answer.body);
            offset = wang.offset(&url).await;
        }
        house.kill().await;
        // With all bytes kept, before they are joined.
        let (depot, room) = narrow(&house.photos());
        house.start_on(Config::default(), depot).await;
        let wang = Sender::of(&house, "wang").await;
        assert_eq!(wang.offset(&url).await, 11_000_000);
        room.set(1);
        assert_eq!(wang.patch(&url, 11_000_000, &bytes[11_000_000..]).await.problem(507), "storage_full");
        house.kill().await;
        house.start().await;
        let wang = Sender::of(&house, "wang").await;
        assert_ne!(wang.status(sha256).await, "stored");
        assert_eq!(wang.patch(&url, bytes.len(), &[]).await.status, StatusCode::NO_CONTENT, "asking completes it");
        assert_eq!(wang.status(sha256).await, "stored");
        // Before the parts are deleted.
        house.kill().await;
        house.start().await;
        let wang = Sender::of(&house, "wang").await;
        assert_eq!(wang.offset(&url).await, bytes.len());
        assert_eq!(stored(&house, sha256).await, Some(bytes));
        // A part that was written in the moment of its death has no row; it is swept up in time.
        let whole = files(&house).await.into_iter().filter(|file| !file.to_string_lossy().contains("/uploads/"));
        assert_eq!(whole.count(), 1);
    }

    /// A part that a server wrote and died before it was noted.
    async fn parts_without_a_row_are_swept_up(house: House) {
        let now = Clock::system().now();
        house.clock.set(now + TimeDelta::days(8));
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(10_000, 54);
        let url = wang.begin(&bytes).await;
        wang.patch(&url, 0, &bytes[..4_000]).await;
        let depot = house.state().media.depot();
        let orphan = format!("uploads/{}/0-{}", house.clock.new_id(), house.clock.new_id());
        depot.put(&orphan, bytes.clone().into()).await.unwrap();
        assert_eq!(files(&house).await.len(), 2);
        house.state().timers().purge(&house.clock).await.unwrap();
        assert_eq!(files(&house).await.len(), 1, "the part that has a row stays");
        assert_eq!(wang.patch(&url, 4_000, &bytes[4_000..]).await.status, StatusCode::NO_CONTENT);
        assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes));
    }

    /// The same over S3.
    async fn bytes_may_lie_in_an_s3_store(house: House) {
        let mut house = house;
        house.kill().await;
        let s3 = S3::start();
        house.start_on(Config::default(), s3.depot()).await;
        let wang = Sender::of(&house, "wang").await;
        for (length, cut) in [(30_000, 30_000), (30_000, 10_000), (19_000_000, 18_000_000)] {
            let bytes = kit::bytes(length, 55 + cut as u64);
            let url = wang.begin(&bytes).await;
            if cut < length {
                drop(wang.half_patch(&url, 0, length, &bytes[..cut]).await);
                wang.keeps(&url, cut).await;
            }
            let start = cut % length;
            assert_eq!(wang.patch(&url, start, &bytes[start..]).await.status, StatusCode::NO_CONTENT);
            assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes));
        }
        house.state().timers().do_due().await.unwrap();
        let names = s3.store.names();
        assert_eq!(names.len(), 3, "the parts are gone: {names:?}");
        assert!(names.iter().all(|name| name.starts_with(&format!("firm/{}/", house.firm.org))), "{names:?}");
        // A part without a row is found by listing.
        let orphan = format!("uploads/{}/0-x", house.clock.new_id());
        house.state().media.depot().put(&orphan, bytes::Bytes::from_static(b"x")).await.unwrap();
        assert_eq!(s3.store.names().len(), 4);
        house.clock.advance(TimeDelta::days(8));
        house.state().timers().purge(&house.clock).await.unwrap();
        assert_eq!(s3.store.names().len(), 3);
    }
}
