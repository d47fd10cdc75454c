//! When a copy cannot be continued: a new one is filled beside it, and unsent work stays.

use super::{faults::Fault, *};
use crate::{actor::Role, phone::Agreement};

/// What makes the server refuse the phone's cursor.
type Loss = fn(&World);

const LOSSES: [(&str, Loss); 3] = [
    ("too old", |world| world.server.forget_cursors()),
    ("ahead", |world| {
        let mut ledger = world.server.ledger();
        // Restored without a new epoch: what the phone saw last never happened.
        ledger.version -= 1;
    }),
    ("other epoch", |world| world.server.ledger().epoch = Uuid::from_u128(0x2e90c)),
];

#[tokio::test]
async fn a_cursor_that_is_lost_begins_a_new_copy_and_keeps_unsent_work() {
    for (name, lose) in LOSSES {
        let world = World::new(3);
        let phone = world.ready().await;
        world.line.down();
        let done = work(&phone, &world.clock, order(0));
        world.line.up();
        lose(&world);
        let report = sync(&phone).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        // A push moved the version on, so "ahead" is noticed only if nothing was sent.
        assert!(report.replaced || name == "ahead", "{name}");
        assert_eq!(world.server.ledger().applied, done, "{name}");
        let (agreement, _) = phone.check(&go_on).await.expect("checks");
        assert_eq!(agreement, Agreement::Equal, "{name}");
    }
}

#[tokio::test]
async fn a_cursor_ahead_of_the_server_begins_a_new_copy() {
    let world = World::new(3);
    let phone = world.ready().await;
    world.server.ledger().version -= 1;
    assert!(sync(&phone).await.expect("syncs").replaced);
    assert!(!sync(&phone).await.expect("syncs").replaced, "once");
}

#[tokio::test]
async fn the_old_copy_stays_on_the_screen_until_the_new_one_is_complete() {
    let world = World::new(6);
    world.server.ledger().pull_changes = 2;
    let phone = world.ready().await;
    let before = everything(&phone);
    world.server.forget_cursors();
    world.server.office(Role::Dispatcher, order(2).uuid(), note("news"));
    // Cut after each page in turn: the screen changes only once, at the end.
    let mut screens = vec![before.clone()];
    for _ in 0..20 {
        let mut pulls = 0;
        world.line.plan(move |request| {
            pulls += usize::from(request.path.ends_with("pull"));
            if pulls > 2 { Fault::Before } else { Fault::None }
        });
        world.server.ledger().oldest_cursor = 0;
        let synced = sync(&phone).await;
        screens.push(everything(&phone));
        if synced.is_ok() {
            break;
        }
    }
    screens.dedup();
    assert!(screens.len() <= 2, "the screen changed {} times", screens.len() - 1);
    assert!(everything(&phone).iter().any(|record| record.contains("news")));
}

#[tokio::test]
async fn a_first_sync_that_was_cut_shows_what_came_and_is_not_taken_for_complete() {
    let world = World::new(6);
    world.server.ledger().pull_changes = 3;
    let phone = world.signed_in().await;
    let mut pulls = 0;
    world.line.plan(move |request| {
        pulls += usize::from(request.path.ends_with("pull"));
        if pulls > 1 { Fault::After } else { Fault::None }
    });
    assert!(sync(&phone).await.expect_err("cut").is_transient());
    let shown = everything(&phone).len();
    assert!(shown > 0 && shown < 9, "{shown} records after the first page");
    assert!(!phone.progress().expect("readable").expect("begun").complete);
    world.line.up();
    sync(&phone).await.expect("syncs");
    assert!(phone.progress().expect("readable").expect("done").complete);
    assert_eq!(phone.list(Kind::WorkOrder).expect("readable").len(), 6);
}

#[tokio::test]
async fn held_operations_are_asked_about_when_the_copy_is_new() {
    let world = World::new(1);
    let phone = world.ready().await;
    let missing = Uuid::from_u128(0xdead);
    let draft = Draft::new(order(0), note("afterwards")).expect("a draft").after(missing);
    let waiting = phone.record(draft).expect("kept").id;
    sync(&phone).await.expect("syncs");
    assert_eq!(state(&phone, waiting), State::Held);
    // What it waited for comes from another phone while this one's cursor grows too old.
    world.server.ledger().applied.push(missing);
    world.server.release();
    world.server.forget_cursors();
    sync(&phone).await.expect("syncs");
    assert_eq!(state(&phone, waiting), State::Settled);
    sync(&phone).await.expect("syncs");
    assert!(phone.pending().expect("readable").is_empty());
}

#[tokio::test]
async fn a_server_that_forgot_the_device_is_told_again() {
    let world = World::new(1);
    let phone = world.ready().await;
    world.server.ledger().devices.clear();
    let done = record(&phone, order(0), dispatch::Accept {}).id;
    sync(&phone).await.expect("syncs");
    assert_eq!(state(&phone, done), State::Settled);
}

#[tokio::test]
async fn after_a_restore_from_backup_the_archive_is_offered_again() {
    let world = World::new(1);
    let phone = world.ready().await;
    let kept = record(&phone, order(0), dispatch::Accept {}).id;
    sync(&phone).await.expect("syncs");
    let backup = world.server.ledger().records.clone();
    let lost = record(&phone, order(0), dispatch::Depart {}).id;
    sync(&phone).await.expect("syncs");
    {
        let mut ledger = world.server.ledger();
        ledger.records = backup;
        ledger.journal.remove(&lost);
        ledger.applied.retain(|id| *id != lost);
        ledger.feed.retain(|(_, _, id), _| *id != lost);
        ledger.epoch = Uuid::from_u128(0x2e90c);
    }
    sync(&phone).await.expect("syncs");
    assert_eq!(world.server.ledger().applied, [kept, lost], "nothing twice, nothing missing");
    let order_0 = get(&phone, order(0)).expect("there");
    assert_eq!(order_0.status(), crate::work_order::Status::EnRoute);
    assert_eq!(phone.check(&go_on).await.expect("checks").0, Agreement::Equal);
}
