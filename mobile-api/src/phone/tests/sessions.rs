//! Tokens, people who share a phone, and signing out.

use super::{faults::Fault, *};
use crate::phone::PhoneError;

#[tokio::test]
async fn an_expired_token_is_renewed_on_the_way() {
    let world = World::new(1);
    let phone = world.ready().await;
    world.server.ledger().sessions.clear();
    let done = record(&phone, order(0), dispatch::Accept {}).id;
    sync(&phone).await.expect("syncs");
    assert_eq!(state(&phone, done), State::Settled);
}

#[tokio::test]
async fn a_session_that_ended_asks_for_the_person_and_keeps_their_work() {
    let world = World::new(1);
    let phone = world.ready().await;
    let done = work(&phone, &world.clock, order(0));
    world.server.ledger().sessions.clear();
    world.server.ledger().refresh.clear();
    assert!(matches!(sync(&phone).await, Err(SyncError::SignInAgain)));
    assert!(matches!(phone.run(Duration::from_secs(1)).await, SyncError::SignInAgain), "the loop ends: nobody to ask");
    assert_eq!(phone.unsent_count().expect("count"), 6);
    record(&phone, order(0), note("recorded while signed out by the server"));
    assert!(matches!(phone.sign_in("wang", "wrong").await, Err(SyncError::WrongCredentials)));
    phone.sign_in(" Wang ", "secret").await.expect("signs in");
    sync(&phone).await.expect("syncs");
    assert_eq!(world.server.ledger().applied[..6], done);
    assert_eq!(world.server.ledger().applied.len(), 7);
}

#[tokio::test]
async fn whatever_the_server_answers_no_operation_goes() {
    let world = World::new(1);
    let phone = world.ready().await;
    work(&phone, &world.clock, order(0));
    for fault in [401, 403, 404, 429, 500, 502, 503, 504].map(Fault::Status).into_iter().chain([Fault::Portal]) {
        world.line.plan(move |_| fault);
        let error = sync(&phone).await.expect_err("no server");
        assert!(error.is_transient(), "{fault:?} is not the server's word: {error}");
        assert_eq!(phone.unsent_count().expect("count"), 6);
    }
    world.line.up();
    assert_eq!(sync(&phone).await.expect("syncs").unsent, 0);
}

#[tokio::test]
async fn signing_out_counts_what_is_unsent_and_keeps_it() {
    let world = World::new(1);
    let phone = world.ready().await;
    world.line.down();
    work(&phone, &world.clock, order(0));
    assert!(matches!(phone.sign_out(false).await, Err(PhoneError::Unsent(6))));
    phone.sign_out(true).await.expect("forced");
    assert!(matches!(phone.unsent_count(), Err(PhoneError::NobodySignedIn)));
    world.line.up();
    let phone = world.ready().await;
    assert_eq!(phone.unsent_count().expect("count"), 0, "sent at the next sign-in");
    assert_eq!(world.server.ledger().applied.len(), 6);
    phone.sign_out(false).await.expect("nothing is unsent");
}

#[tokio::test]
async fn two_people_on_one_phone_are_kept_apart() {
    let world = World::new(1);
    let phone = world.ready().await;
    world.line.down();
    let done = work(&phone, &world.clock, order(0));
    let (wang, wangs_device) = phone.identity().expect("signed in");
    world.line.up();
    phone.sign_in("chen", "secret").await.expect("signs in");
    sync(&phone).await.expect("syncs");
    let (chen, chens_device) = phone.identity().expect("signed in");
    assert_ne!((wang, wangs_device), (chen, chens_device));
    assert_eq!((phone.unsent_count().expect("count"), get(&phone, order(0))), (0, None));
    assert!(phone.operation(done[0]).expect("readable").is_none(), "another person's");
    assert!(world.server.ledger().applied.is_empty(), "Chen does not send for Wang");
    let own = record(&phone, order(0), note("not mine"));
    assert_eq!(own.seq, 1, "a sequence of their own");
    let people = phone.people().expect("readable");
    let unsent: Vec<_> = people.iter().map(|person| (person.login.as_str(), person.unsent)).collect();
    assert_eq!(unsent, [("wang", 6), ("chen", 1)]);
    phone.sign_in("wang", "secret").await.expect("signs in");
    assert_eq!(phone.identity().expect("signed in").1, wangs_device);
    sync(&phone).await.expect("syncs");
    assert_eq!(world.server.ledger().applied, done);
}

#[tokio::test]
async fn a_login_may_change_hands() {
    let world = World::new(1);
    let phone = world.ready().await;
    world.line.down();
    let done = record(&phone, order(0), dispatch::Accept {}).id;
    world.line.up();
    let (_, wangs_device) = phone.identity().expect("signed in");
    // The office renames Wang's account and gives the old name to Chen.
    let mut accounts = std::mem::take(&mut world.server.ledger().accounts);
    let (wang, chen) = (accounts.remove("wang").expect("Wang"), accounts.remove("chen").expect("Chen"));
    accounts.extend([("wang.lei".to_owned(), wang), ("wang".to_owned(), chen)]);
    world.server.ledger().accounts = accounts;
    phone.sign_in("wang", "secret").await.expect("Chen signs in");
    assert_ne!(phone.identity().expect("signed in").1, wangs_device);
    assert!(phone.operation(done).expect("readable").is_none());
    phone.sign_in("wang.lei", "secret").await.expect("Wang signs in");
    assert_eq!(phone.identity().expect("signed in").1, wangs_device);
    sync(&phone).await.expect("syncs");
    assert_eq!(state(&phone, done), State::Settled);
}
