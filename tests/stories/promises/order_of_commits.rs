//! S1 and S2: what is committed is seen, in the order in which it was committed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use diesel::connection::SimpleConnection;
use doorstep::db::{Conn, Db, DbError};
use mobile_api::{ids::WorkOrderId, work_order::dispatch::Assign};
use serde_json::Value;
use tokio::{sync::watch, task::JoinSet};
use uuid::Uuid;

use super::{
    books::Books,
    kit::{Copy, Dice, Hand, note},
};
use crate::harness::{Firm, House};

/// Makes writers pause between their last statement and their commit, each for another time: on PostgreSQL by a
/// trigger that fires at the commit. SQLite has one writer at a time; there a writer comes in between who does nothing
/// but take its time.
async fn dawdle(db: &Db) {
    let trigger = "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(random() * 0.004); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON journal DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION dawdle();";
    let work = move |conn: &mut Conn| match conn {
        Conn::Pg(c) => c.batch_execute(trigger).map_err(DbError::from),
        Conn::Sqlite(_) => Ok(()),
    };
    db.write(work).await.unwrap();
}

/// Where the server is. It moves when it is killed and started again.
type Address = watch::Receiver<String>;

/// Posts until there is an answer, at the server's new address if it has moved. A server with too much to do says 503.
async fn post(address: &mut Address, hand: &Hand, path: &str, body: &Value) -> Value {
    loop {
        let url = format!("{}{path}", *address.borrow_and_update());
        let request = hand.office.client.post(url).bearer_auth(&hand.office.token).json(body);
        if let Ok(answer) = request.send().await {
            let status = answer.status();
            if status == 503 {
                continue;
            }
            if let Ok(text) = answer.text().await {
                assert_eq!(status, 200, "{text}");
                return serde_json::from_str(&text).unwrap();
            }
        }
        address.changed().await.unwrap();
    }
}

/// A technician who writes notes, each in a push of its own.
async fn write(hand: Hand, mut address: Address, orders: Vec<WorkOrderId>, mut dice: Dice, done: watch::Sender<usize>) {
    for seq in 1..=25_u64 {
        let order = *dice.pick(&orders);
        let operation = hand.op(seq, order, note(format!("{seq} of {}", hand.device)));
        let body = serde_json::json!({ "device": hand.device, "schema": 1, "operations": [operation] });
        post(&mut address, &hand, "/v1/sync/push", &body).await;
        done.send_modify(|count| *count += 1);
    }
}

/// A dispatcher who gives orders from one to the other. Fewer times than others write, so that in the end most of what
/// was written is news to whoever holds the order already.
async fn reassign(hand: Hand, mut address: Address, orders: Vec<WorkOrderId>, mut dice: Dice, firm: Firm) {
    for _ in 0..8 {
        let (order, technician) = (*dice.pick(&orders), *dice.pick(&[firm.wang, firm.zhao]));
        let path = format!("/v1/work-orders/{order}/assign");
        let body = serde_json::to_value(Assign { technician }).unwrap();
        post(&mut address, &hand, &path, &body).await;
    }
}

/// A device that pulls page by page all the while, and gives back its copy once everybody else is done.
async fn follow(hand: Hand, mut address: Address, mut dice: Dice, stop: Arc<AtomicBool>) -> (Hand, Copy) {
    let mut copy = Copy::default();
    loop {
        let last_round = stop.load(Ordering::SeqCst);
        let limit = 1 + dice.below(5);
        let body = serde_json::json!({ "device": hand.device, "schema": 1, "cursor": copy.cursor, "limit": limit });
        let page = post(&mut address, &hand, "/v1/sync/pull", &body).await;
        if copy.apply(&page) && last_round {
            return (hand, copy);
        }
    }
}

stories! {
    /// Writers that pause before they commit, a server that is killed midway, devices that pull all the while: in the
    /// end every device holds exactly what the server holds for it.
    async fn s1_no_committed_change_is_missed(house: House) {
        let (mut house, mut dice) = (house, Dice::new("s1"));
        let firm = house.firm;
        let mut orders = Vec::new();
        for technician in [firm.wang, firm.zhao, firm.wang, firm.zhao] {
            orders.push(house.assigned(firm.check_up, technician).await);
        }
        let (moved, address) = watch::channel(house.url());
        let (done, mut progress) = watch::channel(0_usize);
        dawdle(&house.db).await;

        let mut writers = JoinSet::new();
        for login in ["wang", "zhao", "wang", "zhao", "li"] {
            let hand = Hand::of(&house, login).await;
            writers.spawn(write(hand, address.clone(), orders.clone(), dice.split(), done.clone()));
        }
        writers.spawn(reassign(Hand::of(&house, "li").await, address.clone(), orders.clone(), dice.split(), firm));
        let (db, mut pauses) = ((*house.db).clone(), dice.split());
        if db.is_sqlite() {
            writers.spawn(async move {
                for _ in 0..40 {
                    let pause = Duration::from_micros(pauses.below(3_000) as u64);
                    let work = move |_: &mut Conn| { std::thread::sleep(pause); Ok::<_, DbError>(()) };
                    db.write(work).await.unwrap();
                }
            });
        }
        let stop = Arc::new(AtomicBool::new(false));
        let mut followers = JoinSet::new();
        for login in ["wang", "zhao", "li"] {
            followers.spawn(follow(Hand::of(&house, login).await, address.clone(), dice.split(), stop.clone()));
        }

        progress.wait_for(|count| *count >= 50).await.unwrap();
        house.kill().await;
        house.start().await;
        moved.send(house.url()).unwrap();

        while let Some(ended) = writers.join_next().await {
            ended.unwrap();
        }
        stop.store(true, Ordering::SeqCst);
        let books = Books::of(&house.db, firm.org).await;
        while let Some(ended) = followers.join_next().await {
            let (mut hand, copy) = ended.unwrap();
            hand.renew(&house).await;
            let fresh = Copy::fetched(&hand, 500).await;
            assert_eq!(copy.records(), fresh.records(), "followed and fetched anew");
            assert_eq!(copy.rows, books.holdings(&copy.scopes), "fetched and stored");
            assert!(copy.records().len() > 5);
        }
    }

    /// In whatever snapshot one looks, the versions in the journal are 1, 2, 3 … up to the organisation's version,
    /// without a hole: so whoever has seen version n has seen everything before it. Each organisation counts for itself.
    async fn s2_versions_are_gapless_and_in_the_order_of_commits(house: House) {
        let other = Firm::with(1);
        house.found(&other, "other").await;
        let mut dice = Dice::new("s2");
        let both = [(house.firm, "wang"), (other, "wang@other")];
        let mut orders = Vec::new();
        for (firm, login) in both {
            let office = if login == "wang" { house.li().await } else { house.office("li@other").await };
            let order: WorkOrderId = house.clock.new_id().into();
            let request = mobile_api::work_order::request::Request {
                order_type: firm.check_up,
                site: firm.site,
                unit: Some(firm.unit),
                customer: Some(firm.customer),
                team: Some(firm.plumbers),
                ..house.request_for(firm.check_up)
            };
            office.perform(order, request).await.applied();
            office.perform(order, Assign { technician: firm.wang }).await.applied();
            orders.push(order);
        }
        dawdle(&house.db).await;
        let (_moved, address) = watch::channel(house.url());
        let (done, _) = watch::channel(0_usize);
        let stop = Arc::new(AtomicBool::new(false));
        let mut observers = JoinSet::new();
        for (firm, _) in both {
            let (db, stop) = ((*house.db).clone(), stop.clone());
            observers.spawn(async move {
                let mut looks = 0;
                while !stop.load(Ordering::SeqCst) {
                    gapless(&Books::of(&db, firm.org).await, firm.org);
                    looks += 1;
                }
                looks
            });
        }
        let mut writers = JoinSet::new();
        for _ in 0..3 {
            for ((_, login), order) in both.iter().zip(&orders) {
                let hand = Hand::of(&house, login).await;
                writers.spawn(write(hand, address.clone(), vec![*order], dice.split(), done.clone()));
            }
        }
        while let Some(ended) = writers.join_next().await {
            ended.unwrap();
        }
        stop.store(true, Ordering::SeqCst);
        while let Some(looks) = observers.join_next().await {
            assert!(looks.unwrap() > 1, "somebody looked");
        }
        for (firm, _) in both {
            let books = Books::of(&house.db, firm.org).await;
            gapless(&books, firm.org);
            assert!(books.version > 75, "{}", books.version);
        }
    }
}

#[track_caller]
fn gapless(books: &Books, org: Uuid) {
    let expected: Vec<u64> = (1..=books.version).collect();
    let found: Vec<u64> = books.journalled_versions().into_iter().collect();
    assert_eq!(found, expected, "of organisation {org}");
    // Each commit of this story is one operation.
    assert_eq!(books.journal.len(), expected.len(), "two commits of organisation {org} have the same version");
}
