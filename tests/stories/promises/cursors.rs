//! S13: a cursor that no longer fits is refused with its reason, and the phone replaces its copy without losing what it
//! has not sent.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use diesel::prelude::*;
use doorstep::db::{Conn, DbError, both, schema::organisations, types::Uid};
use mobile_api::{
    ids::WorkOrderId,
    phone::{Agreement, go_on},
    record::Kind,
    work_order::dispatch::Assign,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    books::Books,
    kit::{Copy, Hand, note},
};
use crate::harness::{Handset, House};

/// The cursor with something in it changed.
fn forged(cursor: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut inside = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    change(&mut inside);
    BASE64_URL_SAFE_NO_PAD.encode(inside.to_string())
}

/// Every place of the cursor is now `change`d.
fn each_place(inside: &mut Value, change: impl Fn(&mut Value)) {
    inside["s"].as_object_mut().unwrap().values_mut().for_each(change);
}

/// The phone has unsent work, syncs, and ends with what the server holds, with nothing lost and nothing twice.
async fn replaces_its_copy(house: &House, phone: &Handset, order: WorkOrderId, gone: WorkOrderId) {
    let unsent = phone.did(order, note("not sent yet"));
    assert!(phone.get(gone).unwrap().is_some());
    let report = phone.sync().await;
    assert!(report.replaced, "the copy could not be continued");
    assert!(phone.get(gone).unwrap().is_none(), "what left meanwhile is gone, though nobody says so any more");
    assert!(phone.get(order).unwrap().is_some());
    assert_eq!(phone.unsent_count().unwrap(), 0);
    let (agreement, report) = phone.check(&go_on).await.unwrap();
    assert_eq!((agreement, report.repaired), (Agreement::Equal, vec![]));
    let books = Books::of(&house.db, house.firm.org).await;
    assert!(books.journal[&unsent].verdict.status.is_applied());
    let notes = books.record(Kind::WorkOrder, order).body["notes"].as_array().unwrap().clone();
    let mut written: Vec<&str> = notes.iter().map(|note| note["op"].as_str().unwrap()).collect();
    written.sort_unstable();
    written.dedup();
    assert_eq!(written.len(), notes.len(), "each once");
}

stories! {
    /// Every way in which a cursor can be wrong has a code of its own.
    async fn s13_a_cursor_that_does_not_fit_is_refused_with_its_reason(house: House) {
        house.assigned(house.firm.check_up, house.firm.wang).await;
        let hand = Hand::of(&house, "wang").await;
        let good = Copy::fetched(&hand, 3).await.cursor.unwrap();
        assert_eq!(hand.pull(Some(&good), 3).await.status, 200);

        let ahead = forged(&good, |c| each_place(c, |place| place["v"] = json!(1_000_000)));
        assert_eq!(hand.pull(Some(&ahead), 3).await.problem(410), "cursor_ahead");
        let epoch = forged(&good, |c| c["e"] = json!(Uuid::from_u128(1)));
        assert_eq!(hand.pull(Some(&epoch), 3).await.problem(410), "cursor_other_epoch");
        let began = forged(&good, |c| each_place(c, |place| place["b"] = json!(u64::MAX)));
        assert_eq!(hand.pull(Some(&began), 3).await.problem(410), "cursor_ahead");
        let garbage = [
            String::new(),
            "0".into(),
            "?".into(),
            "A".repeat(20_000),
            BASE64_URL_SAFE_NO_PAD.encode("{}"),
            BASE64_URL_SAFE_NO_PAD.encode("[[[["),
            forged(&good, |c| each_place(c, |place| place["v"] = json!(-1))),
            forged(&good, |c| each_place(c, |place| place["v"] = json!("x"))),
            forged(&good, |c| c["s"] = json!({ "nowhere": { "v": 1 } })),
            forged(&good, |c| each_place(c, |place| place["a"] = json!(["unit"]))),
        ];
        for text in garbage {
            assert_eq!(hand.pull(Some(&text), 3).await.problem(400), "cursor_invalid", "{text:.60}");
        }
        // Of a scope that is not theirs nothing comes, whatever the cursor says.
        let foreign = forged(&good, |c| c["s"]["user:01930000-0000-7000-8000-000000000013"] = json!({ "v": 0 }));
        let page = hand.pull(Some(&foreign), 500).await;
        let mut copy = Copy::default();
        copy.apply(&page.body);
        assert!(copy.rows.is_empty() && page.status == 200, "{}", page.body);
    }

    /// A phone that slept longer than drops are kept.
    async fn s13_a_phone_that_slept_too_long(house: House) {
        let firm = house.firm;
        let (order, gone) = (house.assigned(firm.check_up, firm.wang).await, house.assigned(firm.check_up, firm.wang).await);
        let phone = house.phone_of("wang").await;
        let hand = Hand::of(&house, "wang").await;
        let cursor = Copy::fetched(&hand, 500).await.cursor.unwrap();
        house.li().await.perform(gone, Assign { technician: firm.zhao }).await.applied();

        house.pass((TimeDelta::days(179)).to_std().unwrap(), &[&phone]);
        house.state().timers().purge(&house.clock).await.unwrap();
        let mut hand = hand;
        hand.renew(&house).await;
        assert_eq!(hand.pull(Some(&cursor), 500).await.status, 200, "drops are kept for 180 days");

        house.pass((TimeDelta::days(2)).to_std().unwrap(), &[&phone]);
        house.state().timers().purge(&house.clock).await.unwrap();
        let books = Books::of(&house.db, firm.org).await;
        assert!(books.feed.iter().all(|row| row.refs > 0), "and no longer");
        hand.renew(&house).await;
        assert_eq!(hand.pull(Some(&cursor), 500).await.problem(410), "cursor_too_old");
        phone.sign_in("wang").await;
        replaces_its_copy(&house, &phone, order, gone).await;
    }

    /// A server that was restored from a backup has another epoch: the phone starts anew and offers again what it had
    /// sent; nothing is applied twice.
    async fn s13_a_server_of_another_epoch(house: House) {
        let firm = house.firm;
        let (order, gone) = (house.assigned(firm.check_up, firm.wang).await, house.assigned(firm.check_up, firm.wang).await);
        let phone = house.phone_of("wang").await;
        phone.did(order, note("sent before"));
        phone.sync().await;
        house.li().await.perform(gone, Assign { technician: firm.zhao }).await.applied();
        let org = firm.org;
        let restore = move |conn: &mut Conn| {
            let update = diesel::update(organisations::table.find(Uid(org)))
                .set(organisations::epoch.eq(Uid(Uuid::from_u128(0xe0c4))));
            Ok::<_, DbError>(both!(conn, c => update.execute(c))?)
        };
        house.db.write(restore).await.unwrap();
        replaces_its_copy(&house, &phone, order, gone).await;
    }

    /// A server that lost its last days without saying so is behind the phone.
    async fn s13_a_server_that_is_behind_the_phone(house: House) {
        let firm = house.firm;
        let (order, gone) = (house.assigned(firm.check_up, firm.wang).await, house.assigned(firm.check_up, firm.wang).await);
        let phone = house.phone_of("wang").await;
        house.li().await.perform(gone, Assign { technician: firm.zhao }).await.applied();
        damage(&phone, |cursor| forged(cursor, |c| each_place(c, |place| place["v"] = json!(1_000_000))));
        replaces_its_copy(&house, &phone, order, gone).await;
    }

    /// A phone whose own cursor is damaged.
    async fn s13_a_phone_with_a_broken_cursor(house: House) {
        let firm = house.firm;
        let (order, gone) = (house.assigned(firm.check_up, firm.wang).await, house.assigned(firm.check_up, firm.wang).await);
        let phone = house.phone_of("wang").await;
        house.li().await.perform(gone, Assign { technician: firm.zhao }).await.applied();
        damage(&phone, |_| "garbage".into());
        replaces_its_copy(&house, &phone, order, gone).await;
    }
}

/// Writes another cursor into the phone's file.
fn damage(phone: &Handset, cursor: impl FnOnce(&str) -> String) {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::Text)]
        cursor: String,
    }
    let mut file = SqliteConnection::establish(phone.path().to_str().unwrap()).unwrap();
    let found: Found = diesel::sql_query("SELECT cursor FROM copies").get_result(&mut file).unwrap();
    let update = diesel::sql_query("UPDATE copies SET cursor = ?");
    update.bind::<diesel::sql_types::Text, _>(cursor(&found.cursor)).execute(&mut file).unwrap();
}
