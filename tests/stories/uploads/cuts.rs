//! Lines that break.

use std::time::Duration;

use mobile_api::signing::Digest;
use reqwest::StatusCode;

use super::kit::{self, Sender, stored};
use crate::harness::House;

stories! {
    /// Cut after cut, and no byte is sent twice.
    async fn an_upload_goes_on_at_the_byte(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(12_000_000, 11);
        let url = wang.begin(&bytes).await;
        // At the first byte, before and behind the end of a part, and wherever.
        let cuts = [1, 2, 70_001, 1_048_576, 8_388_608, 8_388_609, 11_999_999];
        let mut offset = 0;
        for (n, cut) in cuts.into_iter().enumerate() {
            let stream = wang.half_patch(&url, offset, bytes.len() - offset, &bytes[offset..cut]).await;
            if n % 2 == 0 {
                drop(stream);
                wang.keeps(&url, cut).await;
            } else {
                // Nobody closes the old connection: the phone just asks on a new one.
                tokio::time::sleep(Duration::from_millis(300)).await;
                assert_eq!(wang.offset(&url).await, cut);
                drop(stream);
            }
            offset = cut;
        }
        let answer = wang.patch(&url, offset, &bytes[offset..]).await;
        assert_eq!((answer.status, kit::offset_in(&answer)), (StatusCode::NO_CONTENT, bytes.len()), "{}", answer.body);
        assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes));
    }

    /// A body that says how its bytes add up is taken whole or not at all.
    async fn a_cut_body_with_a_checksum_leaves_nothing(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(5_000_000, 12);
        let url = wang.begin(&bytes).await;
        let headers = [("Upload-Offset", "0"), ("Upload-Checksum", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=")];
        let stream = wang.half("PATCH", &url, &headers, bytes.len(), &bytes[..4_500_000]).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(stream);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(wang.offset(&url).await, 0);
        assert!(kit::files(&house).await.is_empty());
        assert_eq!(wang.patch(&url, 0, &bytes).await.status, StatusCode::NO_CONTENT);
        assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes));
    }

    /// Two clients send the same bytes to the same place: one goes on, the other is told to look again.
    async fn two_at_once_do_not_mix(house: House) {
        let wang = Sender::of(&house, "wang").await;
        let bytes = kit::bytes(200_000, 13);
        for _ in 0..10 {
            let url = wang.begin(&bytes).await;
            let half = &bytes[..100_000];
            let (one, other) = tokio::join!(wang.patch(&url, 0, half), wang.patch(&url, 0, half));
            let mut statuses = [one.status.as_u16(), other.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 409], "{} {}", one.body, other.body);
            assert_eq!(wang.offset(&url).await, 100_000);
            assert_eq!(wang.send(wang.request("DELETE", &url)).await.status, StatusCode::NO_CONTENT);
        }
        assert!(kit::files(&house).await.is_empty(), "the part that lost is deleted");
        wang.upload(&bytes).await;
        assert_eq!(stored(&house, Digest::of(&bytes)).await, Some(bytes));
    }
}
