//! Photos of an order: owed from the moment they are recorded, required where the order type says so.

use super::kit::{DISPATCHER, Story, WANG, at, cancel, number};
use crate::{
    photo::{Arrival, CameraFacts, Finding, NewPhoto, PhotoRole, RequiredPhotos, Tally},
    refusal::Flag,
    signing::Digest,
    work_order::{
        Status,
        dispatch::Close,
        photos::{AddPhoto, SettlePhotos},
        visit::{Finish, VoidEntry},
    },
};

fn photo(role: PhotoRole, bytes: &[u8]) -> AddPhoto {
    let mut photo = NewPhoto { role, ..NewPhoto::example() };
    photo.blob.sha256 = Digest::of(bytes);
    AddPhoto { photo }
}

fn arrived(bytes: &[u8], finding: Finding) -> SettlePhotos {
    let arrival = Arrival { at: at(90), media_type: None, finding, camera: CameraFacts::default() };
    SettlePhotos { sha256: Digest::of(bytes), arrival }
}

fn picture() -> Finding {
    Finding::Ready { width: 3024, height: 4032 }
}

/// An order at work, of a type that wants one photo of how it was left.
fn at_work() -> Story {
    let mut story = Story::reaching(Status::Working);
    story.order.policy.photos = vec![RequiredPhotos { role: PhotoRole::After, least: 1 }];
    story
}

#[test]
fn a_photo_is_owed_until_its_bytes_are_here() {
    let mut story = at_work();
    for bytes in [b"1", b"2", b"1"] {
        story.by(WANG, photo(PhotoRole::Before, bytes)).applied();
    }
    assert_eq!(story.order.photo_tally(), Tally { photos: 3, awaited: 3 });
    assert!(crate::photo::settle(&mut story.order.photos, Digest::of(b"1"), &arrived(b"1", picture()).arrival));
    assert_eq!(story.order.photo_tally(), Tally { photos: 3, awaited: 1 }, "the same bytes arrive once for both");
    assert!(!crate::photo::settle(&mut story.order.photos, Digest::of(b"1"), &arrived(b"1", picture()).arrival));
}

#[test]
fn without_the_photos_it_is_neither_finished_nor_closed() {
    let mut story = at_work();
    story.by(WANG, Finish { summary: None }).refused("photos_missing");
    story.by(WANG, photo(PhotoRole::Before, b"before")).applied();
    story.by(WANG, Finish { summary: None }).refused("photos_missing");
    story.by(WANG, photo(PhotoRole::After, b"after")).applied();
    story.by(WANG, Finish { summary: None }).applied();
    let sign = story.signature();
    story.by(WANG, sign).applied();
    let close = || Close { without_signature: None, without_photos: None };
    story.by(DISPATCHER, close()).refused("photos_missing");
    let unreadable = Finding::Unreadable { why: "damaged".into() };
    crate::photo::settle(&mut story.order.photos, Digest::of(b"after"), &arrived(b"after", unreadable).arrival);
    story.by(DISPATCHER, close()).refused("photos_missing");
    story.order.photos[1].arrival = None;
    crate::photo::settle(&mut story.order.photos, Digest::of(b"after"), &arrived(b"after", picture()).arrival);
    story.by(DISPATCHER, close()).applied();
}

#[test]
fn the_office_may_close_without_them_and_says_why() {
    let mut story = Story::reaching(Status::SignedOff);
    story.order.policy.photos = vec![RequiredPhotos { role: PhotoRole::After, least: 2 }];
    let close = Close { without_signature: None, without_photos: Some("The phone fell into the shaft".into()) };
    story.by(DISPATCHER, close).applied();
    story.expect(Status::Closed);
    let said = story.order.timeline.iter().find(|entry| entry.what == "without_photos");
    assert_eq!(said.and_then(|entry| entry.note.as_deref()), Some("The phone fell into the shaft"));
}

#[test]
fn a_photo_taken_back_no_longer_counts_and_stays() {
    let mut story = at_work();
    story.by(WANG, photo(PhotoRole::After, b"a thumb")).applied();
    let entry = story.order.photos[0].op;
    story.by(WANG, VoidEntry { entry, reason: "Only my thumb".into() }).applied();
    assert_eq!((story.order.photos.len(), story.order.photo_tally()), (1, Tally::default()));
    story.by(WANG, Finish { summary: None }).refused("photos_missing");
    story.by(WANG, VoidEntry { entry: number(77), reason: "No such".into() }).refused("entry_unknown");
}

#[test]
fn a_photo_of_work_on_a_cancelled_order_is_kept_and_flagged() {
    let mut story = at_work();
    let mut phone = story.phone(WANG);
    story.by(DISPATCHER, cancel()).applied();
    phone.sends(&mut story, photo(PhotoRole::After, b"done all the same")).flagged(Flag::CancelledMeanwhile);
    assert_eq!(story.order.photo_tally().photos, 1);
}
