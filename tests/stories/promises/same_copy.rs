//! S7, S8, S9: a phone holds exactly its scopes, however the pages were cut and whatever was lost on the way.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use diesel::{
    prelude::*,
    sql_types::{BigInt, Text},
};
use mobile_api::{
    catalogue::Action,
    directory::{CustomerDelete, UnitDelete},
    ids::WorkOrderId,
    phone::{
        Agreement, go_on,
        transport::{Request, Response},
    },
    record::Kind,
    work_order::{
        Status, Window, WorkOrder,
        dispatch::{Accept, AgreeTime, Assign, Cancel, Close, HandBack},
        visit::{Arrive, Diagnose, Finish, Start},
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    books::Books,
    gate::meet,
    kit::{Copy, Dice, Hand, note},
    line::{BadLine, Fate},
};
use crate::harness::{Handset, House};

/// A row of the phone's own file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
struct Held {
    #[diesel(sql_type = Text)]
    scope: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    rev: i64,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Text)]
    body: String,
}

/// What the phone's file holds, but for the verdicts of the device and its own registration.
fn inside(phone: &Handset) -> BTreeSet<Held> {
    let mut file = SqliteConnection::establish(phone.path().to_str().unwrap()).unwrap();
    let rows: Vec<Held> = diesel::sql_query(
        "SELECT scope, kind, id, rev, version, body FROM records
         WHERE copy = (SELECT live FROM accounts) AND kind NOT IN ('verdict', 'device')",
    )
    .load(&mut file)
    .unwrap();
    rows.into_iter().collect()
}

/// Asks for at most `limit` changes, whatever the phone asked for.
fn limited(request: &Request, limit: u32) -> Fate {
    if request.path != "/v1/sync/pull" {
        return Fate::Delivered;
    }
    let mut body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
    body["limit"] = limit.into();
    Fate::Changed(Request { body: Some(body.to_string().into_bytes()), ..request.clone() })
}

/// A phone whose pages hold `limit` changes.
async fn phone_with_pages(house: &House, name: &str, limit: u32) -> (Handset, Arc<BadLine>) {
    let line = BadLine::new(&house.url(), move |request| limited(request, limit));
    let phone = house.phone_with(name, line.clone());
    phone.sign_in("wang").await;
    (phone, line)
}

#[track_caller]
fn agrees(found: &(Agreement, mobile_api::phone::Report)) {
    assert_eq!(found.0, Agreement::Equal);
    assert!(found.1.repaired.is_empty(), "it was not equal before: {:?}", found.1.repaired);
}

/// One thing that the office or a technician might do now.
fn something(dice: &mut Dice) -> Action {
    match dice.below(8) {
        0 => Accept {}.into(),
        1 => Arrive {}.into(),
        2 => Diagnose { findings: "Worn".into(), cause: None, explained: None }.into(),
        3 => Start {}.into(),
        4 => Finish { summary: None }.into(),
        5 => HandBack { reason: "No time".into() }.into(),
        _ => note("Something").into(),
    }
}

/// A day of the office and two phones, at random.
async fn random_day(house: &House, dice: &mut Dice, phones: &[&Handset], steps: usize) {
    let (li, firm) = (house.li().await, house.firm);
    let mut orders: Vec<WorkOrderId> = Vec::new();
    for _ in 0..steps {
        match dice.below(10) {
            0 => orders.push(house.request(firm.check_up).await),
            1 | 2 if !orders.is_empty() => {
                let technician = *dice.pick(&[firm.wang, firm.zhao]);
                li.perform(*dice.pick(&orders), Assign { technician }).await;
            }
            3 if !orders.is_empty() => {
                let order = *dice.pick(&orders);
                if dice.one_in(2) {
                    li.perform(order, Cancel { reason: "Called off".into() }).await;
                } else {
                    li.perform(order, Close { without_signature: Some("Nobody at home".into()), without_photos: None })
                        .await;
                }
            }
            4 => drop(dice.pick(phones).sync().await),
            _ => {
                let phone = dice.pick(phones);
                let shown = phone.list(Kind::WorkOrder).unwrap();
                if !shown.is_empty() {
                    phone.did(dice.pick(&shown).address.id, something(dice));
                }
            }
        }
    }
}

stories! {
    /// The same history fetched in pages of 1, 2, 3, 7 and 500, while it happens, with pages that come twice: every
    /// phone ends the same.
    async fn s7_pages_cut_elsewhere_or_applied_twice_give_the_same_phone(house: House) {
        let mut dice = Dice::new("s7");
        let mut phones = Vec::new();
        for limit in [1, 2, 3, 7, 500] {
            phones.push(phone_with_pages(&house, &format!("wang {limit}"), limit).await.0);
        }
        // This one sees every page twice before it sees the next: the second answer to a pull is the first one again.
        let (stutters, line) = phone_with_pages(&house, "wang stutters", 3).await;
        let last: Arc<Mutex<Option<Response>>> = Arc::default();
        let again = AtomicBool::new(false);
        let seen = last.clone();
        line.witnessed(move |request, response| {
            // A page that brings nothing and comes twice leads nowhere, and the phone says so.
            let brings = !String::from_utf8_lossy(&response.body).contains("\"changes\":[]");
            if request.path == "/v1/sync/pull" && brings {
                *seen.lock().unwrap() = Some(response.clone());
            }
        });
        line.becomes(move |request| {
            if request.path == "/v1/sync/pull" && again.fetch_xor(true, Ordering::SeqCst)
                && let Some(response) = last.lock().unwrap().take() {
                return Fate::Answered(response);
            }
            limited(request, 3)
        });
        phones.push(stutters);

        // However the day goes, these are there to differ about.
        for _ in 0..2 {
            house.assigned(house.firm.check_up, house.firm.wang).await;
        }
        let all: Vec<&Handset> = phones.iter().collect();
        for _ in 0..6 {
            random_day(&house, &mut dice, &all, 12).await;
        }
        for phone in &phones {
            phone.sync().await;
        }
        for phone in &phones {
            phone.sync().await;
        }
        let expected = inside(&phones[0]);
        assert!(expected.len() > 8, "{}", expected.len());
        for phone in &phones {
            assert_eq!(inside(phone), expected);
            agrees(&phone.check(&go_on).await.unwrap());
        }
    }

    /// After a random day, once everything is quiet, phones and server agree on every scope; and the check can tell.
    async fn s8_after_quiet_digests_are_equal(house: House) {
        let mut dice = Dice::new("s8");
        let phones = [house.phone_of("wang").await, house.phone_of("zhao").await];
        for _ in 0..3 {
            random_day(&house, &mut dice, &[&phones[0], &phones[1]], 40).await;
            for phone in phones.iter().chain(&phones) {
                phone.sync().await;
            }
            for phone in &phones {
                agrees(&phone.check(&go_on).await.unwrap());
                assert_eq!(phone.unsent_count().unwrap(), 0);
            }
        }
        // A phone whose file lost a row, or kept an old one, is noticed and repaired.
        house.assigned(house.firm.check_up, house.firm.wang).await;
        phones[0].sync().await;
        let before = inside(&phones[0]);
        for damage in ["DELETE FROM records WHERE kind = 'unit'", "UPDATE records SET version = version - 1"] {
            let mut file = SqliteConnection::establish(phones[0].path().to_str().unwrap()).unwrap();
            assert!(diesel::sql_query(damage).execute(&mut file).unwrap() > 0);
            drop(file);
            let (agreement, report) = phones[0].check(&go_on).await.unwrap();
            assert!(!report.repaired.is_empty(), "{damage} went unnoticed");
            assert_eq!(agreement, Agreement::Equal);
            assert_eq!(inside(&phones[0]), before);
        }
    }

    /// Given to somebody else, with the answer that says so lost: gone at the next complete pull, with what it brought.
    async fn s9_a_reassigned_order_leaves_the_phone(house: House) {
        let firm = house.firm;
        let order = house.assigned(firm.check_up, firm.wang).await;
        let (phone, line) = phone_with_pages(&house, "wang", 500).await;
        phone.sync().await;
        assert!(phone.get(order).unwrap().is_some() && phone.get(firm.customer).unwrap().is_some());
        house.li().await.perform(order, Assign { technician: firm.zhao }).await.applied();

        line.becomes(|request| if request.path == "/v1/sync/pull" { Fate::AnswerLost } else { Fate::Delivered });
        phone.sync_once(&go_on).await.unwrap_err();
        assert!(phone.get(order).unwrap().is_some(), "the phone has not heard of it");
        line.becomes(|_| Fate::Delivered);
        phone.sync().await;
        assert!(phone.get(order).unwrap().is_none());
        assert!(phone.get(firm.customer).unwrap().is_none(), "nor is the customer any of their business");
        assert!(phone.get(firm.unit).unwrap().is_none());
        agrees(&phone.check(&go_on).await.unwrap());
    }

    /// Two orders bring the same customer: they stay until the last of them has gone.
    async fn s9_what_two_orders_need_stays_until_both_are_gone(house: House) {
        let firm = house.firm;
        let orders = [house.assigned(firm.check_up, firm.wang).await, house.assigned(firm.check_up, firm.wang).await];
        let (phone, li) = (house.phone_of("wang").await, house.li().await);
        for (gone, order) in orders.into_iter().enumerate() {
            assert!(phone.get(firm.customer).unwrap().is_some(), "{gone} of two have gone");
            li.perform(order, Assign { technician: firm.zhao }).await.applied();
            phone.sync().await;
        }
        assert!(phone.get(firm.customer).unwrap().is_none());
    }

    /// Time passes: done work leaves after 14 days, an appointment comes 30 days before.
    async fn s9_the_window_passes(house: House) {
        let firm = house.firm;
        let (done, future) = (house.assigned(firm.check_up, firm.wang).await, house.assigned(firm.check_up, firm.wang).await);
        let phone = house.phone_of("wang").await;
        let li = house.li().await;
        let from = house.clock.now() + chrono::TimeDelta::days(40);
        let window = Window { from, until: from + chrono::TimeDelta::hours(2) };
        li.perform(future, AgreeTime { window, consented_by: "Mrs Chen".into() }).await.applied();
        li.perform(done, Cancel { reason: "Called off".into() }).await.applied();
        phone.sync().await;
        assert_eq!(phone.get::<WorkOrder>(done).unwrap().unwrap().status(), Status::Cancelled, "it stays for a while");
        assert!(phone.get(future).unwrap().is_none(), "not yet");

        let mut versions = house.state().pokes.listen(firm.org, 0);
        let day = Duration::from_secs(86_400);
        for (days, done_is_there, future_is_there) in [(9, true, false), (2, true, true), (4, false, true)] {
            house.pass(day * days, &[&phone]);
            house.state().timers().move_windows().await.unwrap();
            phone.sign_in("wang").await;
            phone.sync().await;
            assert_eq!(phone.get(done).unwrap().is_some(), done_is_there, "after {days} more days");
            assert_eq!(phone.get(future).unwrap().is_some(), future_is_there, "after {days} more days");
            agrees(&phone.check(&go_on).await.unwrap());
        }
        assert!(versions.has_changed().unwrap(), "time passing is a change like any other: listeners are poked");
        versions.mark_unchanged();
        house.state().timers().move_windows().await.unwrap();
        assert!(!versions.has_changed().unwrap(), "nothing moved");
    }

    /// An operation and the passing of time meet on one order: it comes into the scope once, and leaves it for good.
    async fn s9_time_and_an_operation_meet_on_one_order(house: House) {
        let (firm, org) = (house.firm, house.firm.org);
        let order = house.assigned(firm.check_up, firm.wang).await;
        let from = house.clock.now() + chrono::TimeDelta::days(40);
        let window = Window { from, until: from + chrono::TimeDelta::hours(2) };
        house.li().await.perform(order, AgreeTime { window, consented_by: "Mrs Chen".into() }).await.applied();
        house.clock.advance(chrono::TimeDelta::days(11));
        let (timers, li) = (house.state().timers(), house.li().await);
        let by_time = async move { timers.move_windows().await.unwrap() };
        let by_hand = async move { drop(li.perform(order, note("Rang the bell")).await.applied()) };
        let both: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> = vec![Box::pin(by_time), Box::pin(by_hand)];
        meet(&house.db, org, both).await;
        let phone = house.phone_of("wang").await;
        assert!(phone.get(order).unwrap().is_some());
        house.li().await.perform(order, Assign { technician: firm.zhao }).await.applied();
        phone.sync().await;
        assert!(phone.get(order).unwrap().is_none(), "it came twice and left once");
        agrees(&phone.check(&go_on).await.unwrap());
    }

    /// Deleted: it leaves every phone and does not come back with a later order's change.
    async fn s9_what_is_deleted_leaves_every_phone(house: House) {
        let firm = house.firm;
        let order = house.assigned(firm.check_up, firm.wang).await;
        let phones = [house.phone_of("wang").await, house.phone_of("zhao").await];
        let li = house.li().await;
        li.perform(order, Cancel { reason: "Moved away".into() }).await.applied();
        let admin = house.office("admin").await;
        admin.perform(firm.customer, CustomerDelete {}).await.applied();
        admin.perform(firm.unit, UnitDelete {}).await.applied();
        for phone in &phones {
            phone.sync().await;
            assert!(phone.get(firm.customer).unwrap().is_none() && phone.get(firm.unit).unwrap().is_none());
        }
        assert!(phones[0].get(order).unwrap().is_some(), "the order itself stays");
        li.perform(order, note("Keys are with the caretaker")).await.applied();
        house.pass(Duration::from_secs(15 * 86_400), &[&phones[0], &phones[1]]);
        house.state().timers().move_windows().await.unwrap();
        for phone in &phones {
            phone.sign_in(if std::ptr::eq(phone, &phones[0]) { "wang" } else { "zhao" }).await;
            phone.sync().await;
            assert!(phone.get(order).unwrap().is_none() && phone.get(firm.customer).unwrap().is_none());
            agrees(&phone.check(&go_on).await.unwrap());
        }
        let books = Books::of(&house.db, firm.org).await;
        assert!(books.record(Kind::Customer, firm.customer).deleted);
        let still = books.feed.iter().find(|row| row.refs > 0 && row.id == firm.customer.uuid());
        assert_eq!(still, None, "a drop, which goes in time");
    }

    /// A technician changes teams: the old team's pool goes, the new one's comes whole.
    async fn s9_a_scope_that_is_lost_goes_and_a_new_one_comes_whole(house: House) {
        use mobile_api::{Role, directory::{TeamSave, UserSave}};
        let firm = house.firm;
        let hand = Hand::of(&house, "wang").await;
        let pooled = house.request(firm.check_up).await;
        let mut copy = Copy::fetched(&hand, 2).await;
        assert!(copy.holds(pooled));
        let electricians = Uuid::from_u128(0xe1ec);
        house.system(&firm, electricians, TeamSave { name: "Electricians".into(), site: None }).await;
        let moved = |team: Uuid| UserSave {
            name: "WANG".into(), login: "wang".into(), role: Role::Technician, sites: vec![], teams: vec![team.into()],
            skills: vec![], certificates: vec![], calendar: None, active: true,
        };
        let admin = house.office("admin").await;
        admin.perform(firm.wang, moved(electricians)).await.applied();
        copy.catch_up(&hand, 2).await;
        assert!(!copy.holds(pooled));
        let second = house.request(firm.check_up).await;
        admin.perform(firm.wang, moved(firm.plumbers.uuid())).await.applied();
        copy.catch_up(&hand, 2).await;
        assert!(copy.holds(pooled) && copy.holds(second));
        assert_eq!(copy.rows, Books::of(&house.db, firm.org).await.holdings(&copy.scopes));
    }
}
