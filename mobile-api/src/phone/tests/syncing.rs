//! Signal: up, down, and what happens when either is cut.

use super::{
    faults::Fault,
    server::{CHEN, WANG},
    *,
};
use crate::{
    actor::Role,
    phone::{Agreement, Outcome, store::copies::Place},
    sync::VerdictStatus,
    work_order::Status,
};

#[tokio::test]
async fn everything_recorded_offline_is_applied_in_order_and_once() {
    let world = World::new(3);
    let phone = world.ready().await;
    world.line.down();
    let mut done = work(&phone, &world.clock, order(0));
    done.extend(work(&phone, &world.clock, order(1)));
    let before = everything(&phone);
    assert!(sync(&phone).await.expect_err("no signal").is_transient());
    world.line.up();
    let report = sync(&phone).await.expect("syncs");
    assert_eq!(report.verdicts.iter().map(|verdict| verdict.id).collect::<Vec<_>>(), done);
    assert!(report.verdicts.iter().all(|verdict| verdict.status == VerdictStatus::Applied));
    assert_eq!((report.unsent, world.server.ledger().applied.clone()), (0, done));
    assert!(phone.pending().expect("readable").is_empty());
    assert_eq!(before.len(), everything(&phone).len());
    assert_eq!(get(&phone, order(1)).expect("there").status(), Status::Finished);
    // Nothing new: one pull and no push.
    world.server.ledger().asked.clear();
    sync(&phone).await.expect("syncs");
    assert_eq!(world.server.ledger().asked, ["/v1/sync/pull"]);
}

#[tokio::test]
async fn evidence_dates_each_operation_to_seconds_whatever_the_wall_clock_says() {
    let world = World::new(1);
    let phone = world.ready().await;
    world.line.down();
    let mut truths = Vec::new();
    for years in [-10, 10] {
        world
            .clock
            .turn_wall(chrono::TimeDelta::days(365 * years), chrono::FixedOffset::east_opt(3_600).expect("zone"));
        world.clock.advance(Duration::from_secs(3_600));
        truths.push((record(&phone, order(0), note("tick")).id, world.clock.truth()));
    }
    // After a reboot no anchor of this boot is known until the contact that precedes the push.
    world.clock.reboot();
    world.clock.advance(Duration::from_secs(600));
    truths.push((record(&phone, order(0), note("tock")).id, world.clock.truth()));
    world.clock.advance(Duration::from_secs(3_600));
    world.line.up();
    sync(&phone).await.expect("syncs");
    for (id, truth) in truths {
        let when = world.server.ledger().judged[&id].clone();
        assert!(when.earliest <= truth && truth <= when.latest, "{truth} not in {when:?}");
        assert!((when.latest - when.earliest).num_seconds() < 10, "{when:?}");
    }
}

#[tokio::test]
async fn an_answer_lost_anywhere_heals_without_a_second_effect() {
    for fault in [Fault::Before, Fault::After, Fault::Status(502), Fault::Status(302), Fault::Portal] {
        for cut_at in 0..12 {
            let world = World::new(2);
            world.server.ledger().pull_changes = 4;
            world.server.ledger().push_operations = 4;
            let phone = world.signed_in().await;
            let mut count = 0;
            world.line.plan(move |_| {
                count += 1;
                if count == cut_at + 1 { fault } else { Fault::None }
            });
            let _first = sync(&phone).await;
            world.line.down();
            let done = work(&phone, &world.clock, order(0));
            let mut count = 0;
            world.line.plan(move |_| {
                count += 1;
                if count == cut_at + 1 { fault } else { Fault::None }
            });
            let _second = sync(&phone).await;
            world.line.up();
            sync(&phone).await.expect("syncs");
            assert_eq!(world.server.ledger().applied, done, "{fault:?} at {cut_at}");
            assert_eq!(phone.unsent_count().expect("count"), 0);
            let (agreement, report) = phone.check(&go_on).await.expect("checks");
            assert_eq!((agreement, report.repaired), (Agreement::Equal, vec![]));
        }
    }
}

#[tokio::test]
async fn a_lost_push_is_asked_about_and_not_sent_again() {
    let world = World::new(1);
    let phone = world.ready().await;
    let done = record(&phone, order(0), dispatch::Accept {}).id;
    world.line.plan(|request| if request.path.ends_with("push") { Fault::After } else { Fault::None });
    assert!(sync(&phone).await.expect_err("cut").is_transient());
    assert_eq!(phone.unsent_count().expect("count"), 1, "in doubt counts as unsent");
    world.line.up();
    world.server.ledger().asked.clear();
    let report = sync(&phone).await.expect("syncs");
    assert_eq!(world.server.ledger().asked, ["/v1/sync/operations/lookup", "/v1/sync/pull"]);
    assert_eq!((report.verdicts[0].id, state(&phone, done)), (done, State::Settled));
}

#[tokio::test]
async fn a_poisonous_operation_is_set_aside_and_delays_no_other() {
    let world = World::new(2);
    let phone = world.ready().await;
    let mut done: Vec<Uuid> = (0..7).map(|i| record(&phone, order(0), note(&format!("{i}"))).id).collect();
    let poison = done.remove(3);
    world.server.ledger().poison.insert(poison);
    sync(&phone).await.expect("syncs");
    assert_eq!(world.server.ledger().applied, done);
    assert_eq!((state(&phone, poison), phone.unsent_count().expect("count")), (State::Stuck, 1));
    // It is not tried again at each sync, but a new app tries it.
    let later = record(&phone, order(1), note("later")).id;
    sync(&phone).await.expect("syncs");
    assert_eq!((state(&phone, later), state(&phone, poison)), (State::Settled, State::Stuck));
    world.server.ledger().poison.clear();
    let world = World { about: About { app_version: "2.0.0".into(), ..About::default() }, ..world };
    let phone = world.phone();
    sync(&phone).await.expect("syncs");
    assert_eq!((state(&phone, poison), phone.unsent_count().expect("count")), (State::Settled, 0));
}

#[tokio::test]
async fn batches_keep_to_the_limits_and_groups_stay_whole() {
    let world = World::new(1);
    world.server.ledger().push_operations = 5;
    let phone = world.ready().await;
    for i in 0..4 {
        record(&phone, order(0), note(&format!("{i}")));
    }
    let drafts = (0..3).map(|i| Draft::new(order(0), note(&format!("together {i}"))).expect("a draft"));
    phone.record_group(drafts.collect()).expect("kept");
    for i in 0..4 {
        record(&phone, order(0), note(&"long".repeat(100 * i)));
    }
    world.server.ledger().asked.clear();
    sync(&phone).await.expect("syncs");
    let pushes = |world: &World| world.server.ledger().asked.iter().filter(|path| path.ends_with("push")).count();
    assert_eq!(pushes(&world), 3, "4, then 3 + 2, then 2");
    // A limit that was lowered meanwhile is met by halving.
    for i in 0..4 {
        record(&phone, order(0), note(&format!("more {i}")));
    }
    world.server.ledger().push_operations = 1;
    sync(&phone).await.expect("syncs");
    assert_eq!(phone.unsent_count().expect("count"), 0);
    assert_eq!(world.server.ledger().applied.len(), 14, "the empty note was kept for a person");
}

#[tokio::test]
async fn a_held_operation_is_settled_by_a_later_pull() {
    let world = World::new(1);
    let phone = world.ready().await;
    let missing = Uuid::from_u128(0xdead);
    let draft = Draft::new(order(0), note("afterwards")).expect("a draft").after(missing);
    let waiting = phone.record(draft).expect("kept").id;
    sync(&phone).await.expect("syncs");
    assert_eq!((state(&phone, waiting), phone.unsent_count().expect("count")), (State::Held, 0));
    assert_eq!(get(&phone, order(0)).expect("there").notes.len(), 1, "still on the screen");
    world.server.ledger().applied.push(missing);
    record(&phone, order(0), note("now"));
    let report = sync(&phone).await.expect("syncs");
    assert_eq!(state(&phone, waiting), State::Settled);
    assert!(report.verdicts.iter().any(|verdict| verdict.id == waiting));
    assert_eq!(get(&phone, order(0)).expect("there").notes.len(), 2);
}

#[tokio::test]
async fn an_order_given_to_another_leaves_the_phone_though_the_pull_was_lost() {
    let world = World::new(2);
    let phone = world.ready().await;
    world.server.office(Role::Dispatcher, order(0).uuid(), dispatch::Assign { technician: CHEN });
    world.line.plan(|request| if request.path.ends_with("pull") { Fault::After } else { Fault::None });
    assert!(sync(&phone).await.expect_err("cut").is_transient());
    world.line.up();
    sync(&phone).await.expect("syncs");
    assert_eq!((get(&phone, order(0)), get(&phone, order(1)).is_some()), (None, true));
    // What was done on it meanwhile is still the person's to see, and the server's to judge.
    let late = record(&phone, order(0), visit::Arrive {});
    assert!(matches!(late.outcome, Outcome::Refused(_)));
    sync(&phone).await.expect("syncs");
    assert_eq!(state(&phone, late.id), State::Settled);
}

#[tokio::test]
async fn pages_cut_elsewhere_and_pages_that_come_twice_give_the_same_phone() {
    let mut phones = Vec::new();
    for (size, twice) in [(500, false), (1, false), (2, true), (3, true), (7, false)] {
        let world = World::new(5);
        world.server.ledger().pull_changes = size;
        let phone = world.signed_in().await;
        // Each page is lost once after the server gave it, if it is to come twice.
        let mut lost = false;
        world.line.plan(move |request| {
            lost = twice && request.path.ends_with("pull") && !lost;
            if lost { Fault::After } else { Fault::None }
        });
        while sync(&phone).await.is_err() {}
        phones.push(everything(&phone));
    }
    assert!(phones[0].len() > 5 && phones.iter().all(|phone| *phone == phones[0]));
}

#[tokio::test]
async fn a_scope_that_is_withdrawn_goes_with_all_it_brought() {
    let world = World::new(1);
    let phone = world.ready().await;
    assert_eq!(phone.list(Kind::OrderType).expect("readable").len(), 2);
    world.server.ledger().withdrawn.push(crate::Scope::Catalog);
    sync(&phone).await.expect("syncs");
    assert_eq!(phone.list(Kind::OrderType).expect("readable").len(), 0);
    assert!(get(&phone, order(0)).is_some());
    assert_eq!(phone.check(&go_on).await.expect("checks").0, Agreement::Equal);
}

#[tokio::test]
async fn a_copy_that_went_wrong_is_noticed_and_pulled_anew() {
    let world = World::new(3);
    let phone = world.ready().await;
    let good = everything(&phone);
    let scope = format!("user:{}", user(WANG));
    let harm = |tx: &rusqlite::Transaction<'_>| {
        let copy = crate::phone::store::accounts::active(tx)?.and_then(|account| account.live).expect("a copy");
        let place = Place { scope: &scope, kind: "work_order", id: order(1).uuid() };
        crate::phone::store::copies::remove(tx, copy, place)
    };
    phone.line().store.now(harm).expect("harm is done");
    assert_ne!(everything(&phone), good);
    let (agreement, report) = phone.check(&go_on).await.expect("checks");
    assert_eq!(agreement, Agreement::Equal);
    assert_eq!(report.repaired, [crate::Scope::User(WANG.uuid())]);
    assert_eq!(everything(&phone), good);
}

#[tokio::test]
async fn the_loop_sends_what_is_recorded_and_outlives_a_server_that_is_down() {
    let world = World::new(1);
    let phone = world.ready().await;
    world.line.down();
    let done = record(&phone, order(0), dispatch::Accept {}).id;
    let running = phone.clone();
    let running = tokio::spawn(async move { running.run(Duration::from_secs(3_600)).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.line.up();
    let settled = async |id| {
        for _ in 0..600 {
            if state(&phone, id) == State::Settled {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    };
    assert!(settled(done).await, "after the first pause");
    let next = record(&phone, order(0), note("at once")).id;
    assert!(settled(next).await, "recording wakes the loop");
    running.abort();
}
