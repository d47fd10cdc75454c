//! From the first mention to the last: S16, S17, and the photo rows of the table of conflicts.

use chrono::TimeDelta;
use doorstep::media::{
    STAGED,
    store::refs::{self, PhotoRow},
};
use mobile_api::{
    photo::{Finding, Tally},
    signing::Digest,
    work_order::{dispatch::Cancel, visit::Arrive},
};
use serde_json::json;
use uuid::Uuid;

use super::kit::{after, arrive, order, picture, work};
use crate::harness::House;

const UPRIGHT: &str = "exif-orientation/Landscape_6.jpg";

fn days(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

/// What the order's only photo turned out to be.
async fn finding(house: &House, id: impl Into<Uuid>) -> Option<Finding> {
    let order = order(house, id).await;
    let [photo] = order.photos.as_slice() else { panic!("{:?}", order.photos) };
    photo.arrival.as_ref().map(|arrival| arrival.finding.clone())
}

stories! {
    /// The operation comes first, as a rule: the order says at once that a photo is awaited.
    async fn s17_the_operation_comes_before_its_photo(house: House) {
        let (bytes, job) = (picture(UPRIGHT), house.assigned(house.firm.plumbing, house.firm.wang).await);
        house.li().await.perform(job, after(&bytes)).await.applied();
        assert_eq!(order(&house, job).await.photo_tally(), Tally { photos: 1, awaited: 1 });
        assert!(arrive(&house, &bytes).await);
        work(&house).await;
        assert_eq!(finding(&house, job).await, Some(Finding::Ready { width: 1800, height: 1200 }));
        assert_eq!(order(&house, job).await.photo_tally(), Tally { photos: 1, awaited: 0 });
    }

    /// The photo comes a day before its operation: it is staged, and the end is the same.
    async fn s17_the_photo_comes_a_day_before_its_operation(house: House) {
        let (bytes, job) = (picture(UPRIGHT), house.assigned(house.firm.plumbing, house.firm.wang).await);
        assert!(arrive(&house, &bytes).await);
        work(&house).await;
        house.clock.advance(days(1));
        house.state().media.collect().await.unwrap();
        house.li().await.perform(job, after(&bytes)).await.applied();
        assert_eq!(finding(&house, job).await, Some(Finding::Ready { width: 1800, height: 1200 }), "at once");
    }

    /// The operation is decided while the bytes are here but nobody has looked at them yet.
    async fn s17_the_operation_comes_between_arrival_and_look(house: House) {
        let (bytes, job) = (picture(UPRIGHT), house.assigned(house.firm.plumbing, house.firm.wang).await);
        assert!(arrive(&house, &bytes).await);
        house.li().await.perform(job, after(&bytes)).await.applied();
        assert_eq!(order(&house, job).await.photo_tally().awaited, 1);
        work(&house).await;
        assert_eq!(order(&house, job).await.photo_tally().awaited, 0);
    }

    /// An operation that waited is decided while its bytes are being looked at, and does not see what was found: it is told.
    async fn s17_an_operation_that_waited_is_told_all_the_same(house: House) {
        let (bytes, job) = (picture(UPRIGHT), house.assigned(house.firm.plumbing, house.firm.wang).await);
        house.li().await.perform(job, after(&bytes)).await.applied();
        arrive(&house, &bytes).await;
        work(&house).await;
        let (org, now) = (house.firm.org, house.clock.now());
        let naming = move |conn: &mut _| refs::naming(conn, org, Digest::of(&bytes));
        let known = house.db.read(naming.clone()).await.unwrap();
        let late = vec![PhotoRow { awaited: true, ..known[0].clone() }];
        house.db.write(move |conn| refs::write(conn, org, &late, now)).await.unwrap();
        work(&house).await;
        assert_eq!(house.db.read(naming).await.unwrap(), known, "nothing is owed, and nothing was counted twice");
    }

    /// The same photo by two phones on two orders: stored once, told to both.
    async fn the_same_photo_twice_is_stored_once(house: House) {
        let bytes = picture(UPRIGHT);
        let one = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let other = house.assigned(house.firm.check_up, house.firm.zhao).await;
        house.li().await.perform(one, after(&bytes)).await.applied();
        house.li().await.perform(other, after(&bytes)).await.applied();
        assert!(arrive(&house, &bytes).await);
        assert!(!arrive(&house, &bytes).await, "the second time it is here already");
        work(&house).await;
        for job in [one, other] {
            assert_eq!(order(&house, job).await.photo_tally().awaited, 0);
        }
    }

    /// What nobody names goes after its time; what somebody names stays, however old.
    async fn s16_a_referenced_blob_is_never_collected(house: House) {
        let (named, nobodys) = (picture(UPRIGHT), picture("exif-orientation/Portrait_3.jpg"));
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        house.li().await.perform(job, after(&named)).await.applied();
        for bytes in [&named, &nobodys] {
            arrive(&house, bytes).await;
        }
        work(&house).await;
        let (org, media) = (house.firm.org, &house.state().media);
        let here = async |bytes: &[u8]| media.find(org, Digest::of(bytes)).await.unwrap().and_then(|blob| blob.object);
        house.clock.advance(STAGED - TimeDelta::seconds(1));
        media.collect().await.unwrap();
        let (kept, object) = (here(&named).await.unwrap(), here(&nobodys).await.unwrap());
        house.clock.advance(TimeDelta::seconds(2));
        media.collect().await.unwrap();
        work(&house).await;
        assert_eq!(here(&named).await, Some(kept.clone()));
        assert_eq!(here(&nobodys).await, None);
        assert!(media.depot().size(&kept).await.is_ok());
        assert!(media.depot().size(&object).await.is_err(), "its bytes are gone too");
        // The phone that named it too late sends it again, and all is as if it had never gone.
        house.li().await.perform(job, after(&nobodys)).await.applied();
        assert_eq!(order(&house, job).await.photo_tally().awaited, 1);
        assert!(arrive(&house, &nobodys).await);
        work(&house).await;
        assert_eq!(order(&house, job).await.photo_tally().awaited, 0);
    }

    /// The collector and a late reference at once: either the reference finds the bytes, or it is owed and they come again;
    /// never is it settled without bytes.
    async fn s16_the_collector_races_with_a_late_reference(house: House) {
        let job = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let li = house.li().await;
        for n in 0..6_u8 {
            let mut bytes = picture(UPRIGHT);
            bytes.push(n);
            arrive(&house, &bytes).await;
            work(&house).await;
            house.clock.advance(STAGED + days(1));
            let media = house.state().media.clone();
            let (collected, added) = tokio::join!(media.collect(), li.perform(job, after(&bytes)));
            collected.unwrap();
            // A day later the session may have ended; that is another story.
            if added.status == 401 {
                house.li().await.perform(job, after(&bytes)).await.applied();
            }
            work(&house).await;
            let order = order(&house, job).await;
            let photo = order.photos.iter().find(|photo| photo.blob.sha256 == Digest::of(&bytes)).unwrap();
            let blob = media.find(house.firm.org, Digest::of(&bytes)).await.unwrap().unwrap();
            if photo.arrival.is_some() {
                let object = blob.object.expect("what has arrived is here");
                assert!(media.depot().size(&object).await.is_ok());
            } else {
                assert_eq!(blob.object, None, "what is owed is not here");
                assert!(arrive(&house, &bytes).await);
            }
        }
    }

    /// A photo whose order the server does not know: kept with its operation for a person, who can look at it.
    async fn a_photo_whose_order_is_gone_is_kept_with_its_review(house: House) {
        let wang = house.office("wang").await;
        let device = Uuid::from_u128(0xd1);
        wang.register(device).await;
        let (bytes, op) = (picture(UPRIGHT), Uuid::from_u128(0xf1));
        let payload = serde_json::to_value(after(&bytes)).unwrap();
        let operation = json!({ "id": op, "seq": 1, "type": "work_order.add_photo", "entity": Uuid::from_u128(0xdead), "payload": payload });
        let answer = wang.push(device, &[operation]).await;
        assert_eq!(answer.body["verdicts"][0]["status"], "kept", "{}", answer.body);
        let owed = house.li().await.get("/v1/photos/awaited").await.body;
        assert_eq!(owed["items"][0]["on"]["kind"], "review", "{owed}");
        arrive(&house, &bytes).await;
        work(&house).await;
        house.clock.advance(STAGED + days(300));
        house.state().media.collect().await.unwrap();
        let li = house.li().await;
        assert_eq!(li.get("/v1/photos/awaited").await.body["items"], json!([]));
        let path = format!("/v1/blobs/{}?size=thumb", Digest::of(&bytes));
        assert_eq!(li.get(&path).await.status, 200, "whoever decides about it can look at it");
        assert_eq!(house.office("zhao").await.get(&path).await.status, 404);
    }

    /// The order was cancelled while the phone was away: the photo is kept on it, and flagged.
    async fn a_photo_of_a_cancelled_order_is_kept_and_flagged(house: House) {
        let job = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.sync().await;
        phone.did(job, Arrive {});
        let bytes = picture(UPRIGHT);
        phone.did(job, after(&bytes));
        house.li().await.perform(job, Cancel { reason: "It stopped by itself".into() }).await.applied();
        let verdicts = phone.sync().await.verdicts;
        let flags: Vec<_> = verdicts.iter().flat_map(|verdict| &verdict.flags).map(|flag| flag.flag.as_str()).collect();
        assert_eq!(flags, ["cancelled_meanwhile", "cancelled_meanwhile"]);
        arrive(&house, &bytes).await;
        work(&house).await;
        assert_eq!(order(&house, job).await.photo_tally(), Tally { photos: 1, awaited: 0 });
    }
}
