//! The phone engine and its photos, against the real server.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicUsize, Ordering},
};

use doorstep::media::STAGED;
use mobile_api::{photo::Tally, signing::Digest, work_order::visit::Arrive};

use super::kit::{order, picture, took, work};
use crate::harness::House;

stories! {
    /// Taken in the basement, sent on the way out: the phone lets go of its copy only when the server has it.
    async fn s16_the_phone_keeps_its_copy_until_the_server_has_it(house: House) {
        let job = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.sync().await;
        phone.did(job, Arrive {});
        let (small, large) = (picture("exif-orientation/Portrait_3.jpg"), picture("field-photos/photo.jpg"));
        for bytes in [&large, &small] {
            took(&phone, job, bytes);
            assert!(phone.has_bytes(Digest::of(bytes)).unwrap());
        }
        assert_eq!(phone.owed_photos().unwrap(), 2);
        let refused = phone.sign_out(false).await.unwrap_err().to_string();
        assert!(refused.starts_with('5') || refused.contains("not sent"), "{refused}");
        let report = phone.sync().await;
        assert_eq!((report.photos_owed, phone.owed_photos().unwrap()), (0, 0));
        for bytes in [&large, &small] {
            assert!(!phone.has_bytes(Digest::of(bytes)).unwrap());
        }
        work(&house).await;
        assert_eq!(order(&house, job).await.photo_tally(), Tally { photos: 2, awaited: 0 });
        let again = phone.sync().await;
        assert_eq!(again.photos_owed, 0);
        house.clock.advance(STAGED * 2);
        house.state().media.collect().await.unwrap();
        for bytes in [large, small] {
            let blob = house.state().media.find(house.firm.org, Digest::of(&bytes)).await.unwrap().unwrap();
            assert_eq!(house.state().media.depot().get(&blob.object.unwrap()).await.unwrap(), bytes);
        }
    }

    /// The battery dies after every single step of the sync, again and again: in the end all is there, once.
    async fn a_phone_that_dies_at_every_step_still_delivers(house: House) {
        let job = house.assigned(house.firm.check_up, house.firm.wang).await;
        let mut phone = house.phone_of("wang").await;
        phone.sync().await;
        let mut bytes = picture("field-photos/photo_1.jpg");
        // More than one piece.
        bytes.resize(bytes.len().max(2_500_000), 0);
        took(&phone, job, &bytes);
        let (mut deaths, mut life) = (0, 1);
        loop {
            let steps = AtomicUsize::new(0);
            let dies = |_| match steps.fetch_add(1, Ordering::Relaxed) + 1 {
                step if step >= life => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            };
            if phone.sync_once(&dies).await.is_ok() {
                break;
            }
            deaths += 1;
            life += 1;
            phone.restart();
            assert!(deaths < 200, "it never ends");
        }
        assert!(deaths > 8, "{deaths}");
        work(&house).await;
        assert_eq!(order(&house, job).await.photo_tally(), Tally { photos: 1, awaited: 0 });
        assert_eq!(phone.owed_photos().unwrap(), 0);
    }
}
