//! Offline: what is recorded, and what the screen shows of it.

use serde_json::json;

use super::{server::WANG, *};
use crate::{
    actor::Role,
    directory::PriceKind,
    money::{Currency, Money, Quantity},
    phone::{
        Outcome, PhoneError,
        store::copies::{self, Place},
    },
    refusal::{Flag, Refusal},
    work_order::{ConfirmationMethod, Status, confirm, quote, request},
};

#[tokio::test]
async fn a_day_without_signal_is_on_the_screen_and_in_the_outbox() {
    let world = World::new(2);
    let phone = world.ready().await;
    world.line.down();
    let done = work(&phone, &world.clock, order(0));
    let shown = phone.show(crate::Ref::new(Kind::WorkOrder, order(0))).expect("readable").expect("there");
    assert_eq!(shown.pending.len(), done.len());
    assert!(shown.pending.iter().all(|pending| pending.outcome == Outcome::Applies(vec![])));
    let order_0 = get(&phone, order(0)).expect("there");
    assert_eq!((order_0.status(), order_0.notes.len()), (Status::Finished, 1));
    assert_eq!(get(&phone, order(1)).expect("there").status(), Status::Assigned);
    assert_eq!(phone.unsent_count().expect("count"), 6);
    // Switched off and on: nothing is gone.
    drop(phone);
    let phone = world.phone();
    let again = get(&phone, order(0)).expect("there");
    // But for how surely each minute is known: that is least wide at the minute itself.
    assert_eq!((again.status(), &again.notes[0].text), (order_0.status(), &order_0.notes[0].text));
    assert_eq!(again.timeline.len(), order_0.timeline.len());
    let seqs: Vec<u64> = phone.unsent().expect("readable").iter().map(|entry| entry.recorded.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn what_a_person_did_is_kept_whatever_the_rules_say() {
    let world = World::new(1);
    let phone = world.ready().await;
    world.line.down();
    let early = record(&phone, order(0), visit::Finish { summary: None });
    assert!(matches!(early.outcome, Outcome::Refused(Refusal::IllegalTransition { .. })), "{:?}", early.outcome);
    let invalid = record(&phone, order(0), note(""));
    assert!(matches!(invalid.outcome, Outcome::Refused(Refusal::Invalid { .. })), "{:?}", invalid.outcome);
    let unknown = record(&phone, order(77), visit::Arrive {});
    assert_eq!(unknown.outcome, Outcome::Refused(Refusal::NotFound));
    let draft =
        Draft::from_json(order(0), "work_order.note", &json!({ "words": ["neither", "nor"] })).expect("a draft");
    let odd = phone.record(draft).expect("kept");
    assert_eq!(odd.outcome, Outcome::Unreadable);
    assert_eq!(phone.unsent_count().expect("count"), 4);
    assert_eq!(get(&phone, order(0)).expect("there").status(), Status::Assigned, "none of them shows an effect");
    // The server keeps them for a person; none is lost and none blocks.
    world.line.up();
    let good = record(&phone, order(0), dispatch::Accept {});
    sync(&phone).await.expect("syncs");
    assert_eq!(phone.unsent_count().expect("count"), 0);
    assert_eq!(get(&phone, order(0)).expect("there").status(), Status::Assigned, "accepted, and no more");
    assert_eq!(world.server.ledger().applied, [good.id]);
}

#[tokio::test]
async fn an_order_made_on_the_phone_is_listed_before_the_server_knows_it() {
    let world = World::new(1);
    let phone = world.ready().await;
    world.line.down();
    let made = record(&phone, order(5), super::server::request());
    assert_eq!(made.outcome, Outcome::Applies(vec![]));
    assert_eq!(get(&phone, order(5)).expect("shown").number, None, "numbers come from the server");
    assert_eq!(phone.list(Kind::WorkOrder).expect("readable").len(), 2);
}

/// A price per hour, for one hour.
fn priced(minor: i64) -> quote::MakeQuote {
    let line = quote::NewLine {
        item: None,
        name: "Labour".into(),
        kind: PriceKind::Labour,
        quantity_milli: Quantity(1_000),
        unit: "h".into(),
        unit_price: Money { minor, currency: Currency::CNY },
        discount: 0,
        tax_rate: None,
    };
    quote::MakeQuote { lines: vec![line], note: None }
}

fn confirmed(quote: Uuid) -> confirm::ConfirmQuote {
    confirm::ConfirmQuote {
        quote,
        name: "Mrs Li".into(),
        method: ConfirmationMethod::Verbal { witness: "Mr Gu".into() },
    }
}

#[tokio::test]
async fn what_the_phone_did_itself_counts_as_seen_and_what_the_office_did_does_not() {
    let world = World::new(0);
    let request = request::Request { order_type: super::server::HEATING, ..super::server::request() };
    world.server.office(Role::Dispatcher, order(0).uuid(), request);
    world.server.office(Role::Dispatcher, order(0).uuid(), dispatch::Assign { technician: WANG });
    let phone = world.ready().await;
    let fits = |recorded: Recorded| {
        assert_eq!(recorded.outcome, Outcome::Applies(vec![]));
        recorded.id
    };
    fits(record(&phone, order(0), visit::Arrive {}));
    assert!(matches!(record(&phone, order(0), visit::Start {}).outcome, Outcome::Refused(Refusal::QuoteNotConfirmed)));
    // A quote that the phone itself replaced is known to be replaced, whether or not the first was sent meanwhile.
    let first = fits(record(&phone, order(0), priced(5_000)));
    sync(&phone).await.expect("syncs");
    let second = fits(record(&phone, order(0), priced(6_000)));
    assert_eq!(record(&phone, order(0), confirmed(first)).outcome, Outcome::Refused(Refusal::QuoteUnknown));
    sync(&phone).await.expect("syncs");
    // One that the office makes meanwhile is not.
    world.server.office(Role::Dispatcher, order(0).uuid(), priced(9_000));
    fits(record(&phone, order(0), confirmed(second)));
    fits(record(&phone, order(0), visit::Start {}));
    let report = sync(&phone).await.expect("syncs");
    let flags = report.verdicts.iter().map(|verdict| verdict.flags[0].flag).collect::<Vec<_>>();
    assert_eq!(flags, [Flag::SignedOlderQuote, Flag::QuoteChangedMeanwhile]);
}

#[tokio::test]
async fn what_a_newer_server_sends_is_kept_and_not_shown() {
    let world = World::new(2);
    let phone = world.ready().await;
    let harm = |tx: &rusqlite::Transaction<'_>| {
        let copy = crate::phone::store::accounts::active(tx)?.and_then(|account| account.live).expect("a copy");
        let scope = "catalog";
        let place = |kind, id| Place { scope, kind, id };
        copies::upsert(tx, copy, place("drone", order(9).uuid()), (1, 1), "{\"rotors\":4}")?;
        copies::upsert(
            tx,
            copy,
            place("work_order", order(1).uuid()),
            (9, 99),
            "{\"state\":{\"status\":\"teleported\"}}",
        )
    };
    phone.line().store.now(harm).expect("stored");
    assert_eq!(phone.list(Kind::WorkOrder).expect("readable").len(), 1);
    let recorded = record(&phone, order(1), visit::Arrive {});
    assert_eq!(recorded.outcome, Outcome::Unreadable, "the server can judge it");
}

#[tokio::test]
async fn a_group_shows_whole_or_not_at_all() {
    let world = World::new(1);
    let phone = world.ready().await;
    world.line.down();
    let draft = |action: Action| Draft::new(order(0), action).expect("a draft");
    let drafts = vec![draft(note("Done").into()), draft(visit::Finish { summary: None }.into())];
    let group = phone.record_group(drafts).expect("kept");
    assert_eq!(group[0].outcome, Outcome::GroupRefused);
    assert!(matches!(group[1].outcome, Outcome::Refused(_)));
    assert!(get(&phone, order(0)).expect("there").notes.is_empty());
    let single = phone.record_group(vec![draft(note("alone").into())]);
    assert!(matches!(single, Err(PhoneError::GroupSize)));
}

#[tokio::test]
async fn acts_on_a_present_state_are_not_for_the_outbox() {
    let world = World::new(1);
    let phone = world.phone();
    let cancel = || Draft::new(order(0), dispatch::Cancel { reason: "Called off".into() }).expect("a draft");
    let accept = || Draft::new(order(0), dispatch::Accept {}).expect("a draft");
    assert!(matches!(phone.record(accept()), Err(PhoneError::NobodySignedIn)));
    phone.sign_in("wang", "secret").await.expect("signs in");
    assert!(matches!(phone.record(cancel()), Err(PhoneError::NeedsServer(name)) if name == "work_order.cancel"));
    assert!(matches!(Draft::from_json(order(0), "work_order.fly", &json!({})), Err(PhoneError::UnknownType(_))));
}

#[test]
fn the_file_itself_forbids_losing_or_changing_what_was_recorded() {
    let world = World::new(0);
    let phone = world.phone();
    let (id, device) = (Uuid::from_u128(1), Uuid::from_u128(2));
    phone
        .line()
        .store
        .now(|tx| {
            let account = crate::phone::store::accounts::add(tx, "wang", device)?;
            let insert = "INSERT INTO outbox (account, seq, id, type, kind, entity, recorded_at, body)
                          VALUES (?, 1, ?, 'work_order.note', 'work_order', ?, '', '{}')";
            assert_eq!(account.device, device);
            tx.execute(insert, rusqlite::params![1, id.to_string(), id.to_string()])?;
            for harm in ["DELETE FROM outbox", "UPDATE outbox SET body = '[]'", "UPDATE outbox SET seq = 2"] {
                let refused = tx.execute(harm, []).expect_err("the file refuses").to_string();
                assert!(refused.contains("operation is never"), "{refused}");
            }
            tx.execute("UPDATE outbox SET state = 'settled'", [])?;
            assert_eq!(tx.execute("DELETE FROM outbox", [])?, 1, "the archive may be cut");
            Ok::<_, crate::phone::store::StoreError>(())
        })
        .expect("works");
}

#[test]
fn a_file_of_a_newer_app_is_left_alone() {
    let world = World::new(0);
    drop(world.phone());
    let file = rusqlite::Connection::open(world.path()).expect("opens");
    file.pragma_update(None, "user_version", 99).expect("writes");
    let opened = Phone::open(&world.path(), world.clock.clone(), world.line.clone(), About::default());
    assert!(matches!(opened.map(drop), Err(crate::phone::store::StoreError::Newer(99))));
}
