//! S12 and S21: neither a wrong clock nor whatever answers in the server's place changes what was done.

use std::{collections::BTreeMap, time::Duration};

use chrono::{FixedOffset, TimeDelta};
use mobile_api::{
    ids::WorkOrderId,
    phone::{
        PhoneClock, PhoneError, SyncError, go_on,
        transport::{Request, Response},
    },
    record::Kind,
    work_order::{
        WorkOrder,
        dispatch::{Accept, Assign},
        visit::{Arrive, Diagnose, Finish, Start},
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    books::Books,
    kit::note,
    line::{BadLine, Fate},
};
use crate::{
    harness::{Backend, House, World},
    repair::{confirmed, quote, signature},
};

/// One repair with a reassignment in between, on a phone whose clock is `error` off and jumps on the way. Answers every
/// record, without what the wall clock said.
async fn repair(house: &House, error: TimeDelta) -> (BTreeMap<(String, String), Value>, Vec<String>) {
    let firm = house.firm;
    let (order, other) =
        (house.assigned(firm.plumbing, firm.wang).await, house.assigned(firm.check_up, firm.wang).await);
    let phone = house.phone("wang");
    let zone = |hours: i32| FixedOffset::east_opt(hours * 3_600).unwrap();
    phone.clock.turn_wall(error, zone(8));
    phone.sign_in("wang").await;
    phone.sync().await;

    phone.did(order, Accept {});
    house.pass(Duration::from_secs(19 * 60), &[&phone]);
    phone.did(order, Arrive {});
    phone.clock.turn_wall(-error, zone(-5));
    phone.did(order, Diagnose { findings: "Worn".into(), cause: None, explained: None });
    let offer = phone.did(order, quote(house));
    phone.did(order, confirmed(offer));
    phone.did(other, Accept {});
    house.li().await.perform(other, Assign { technician: firm.zhao }).await.applied();
    house.pass(Duration::from_secs(3_600), &[&phone]);
    phone.clock.turn_wall(error * 2, zone(14));
    phone.did(other, note("Was there before it was taken away"));
    phone.did(order, Start {});
    phone.did_together(order, vec![note("One of two").into(), Finish { summary: None }.into()]);
    let shown: WorkOrder = phone.get(order).unwrap().unwrap();
    phone.did(order, signature(&phone, &shown, "Mrs Chen"));
    let report = phone.sync().await;
    let mut outcomes: Vec<String> = Vec::new();
    for verdict in report.verdicts {
        let flags: Vec<&str> = verdict.flags.iter().map(|flagged| flagged.flag.as_str()).collect();
        outcomes.push(format!("{} {flags:?} {:?}", verdict.status.as_str(), verdict.problem.map(|p| p.code)));
    }

    // The ids of a phone contain its idea of time; they are numbered instead.
    let books = Books::of(&house.db, firm.org).await;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (n, entry) in books.in_order().into_iter().enumerate() {
        names.insert(entry.op.to_string(), format!("operation {n}"));
    }
    names.insert(phone.identity().unwrap().1.to_string(), "the phone".into());
    let records = books.records.iter().map(|((kind, id), stored)| {
        let mut body = stored.body.clone();
        without_wall(&mut body);
        let mut text = body.to_string();
        let mut id = id.to_string();
        for (name, alias) in &names {
            text = text.replace(name, alias);
            id = id.replace(name, alias);
        }
        ((kind.clone(), id), serde_json::from_str(&text).unwrap())
    });
    (records.collect(), outcomes)
}

/// Takes out what the wall clock showed, and digests over content with ids in it, which contain it too.
fn without_wall(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("wall");
            fields.remove("digest");
            fields.values_mut().for_each(without_wall);
        }
        Value::Array(values) => values.iter_mut().for_each(without_wall),
        _ => {}
    }
}

/// Something on the way that answers in the server's place.
fn answers(status: u16, body: &'static str) -> impl FnMut(&Request) -> Fate + Send + 'static {
    move |_| Fate::Answered(Response { status, retry_after: None, headers: Vec::new(), body: body.as_bytes().to_vec() })
}

stories! {
    /// The same day with the phone's clock right, ten years slow, ten years fast: the same records, but for the text
    /// that says what the clock showed.
    async fn s12_a_wrong_clock_changes_nothing_but_the_evidence(house: House) {
        let backend = if house.db.is_sqlite() { Backend::Sqlite } else { Backend::Postgres };
        let (right, outcomes) = repair(&house, TimeDelta::zero()).await;
        assert!(outcomes.iter().any(|outcome| outcome.contains("reassigned_meanwhile")), "{outcomes:?}");
        for years in [-10, 10] {
            let house = House::on(backend).await;
            let (wrong, same_outcomes) = repair(&house, TimeDelta::days(365 * years)).await;
            assert_eq!(outcomes, same_outcomes, "{years} years off");
            for (address, record) in &right {
                assert_eq!(Some(record), wrong.get(address), "{address:?}, {years} years off");
            }
            assert_eq!(right.len(), wrong.len());
        }
    }

    /// 401, 5xx, captive portals, broken and empty answers, time-outs: the outbox stays as it is, and once the line is
    /// good everything arrives.
    async fn s21_no_failure_deletes_an_operation(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let line = BadLine::new(&house.url(), |_| Fate::Delivered);
        let phone = house.phone_with("wang", line.clone());
        phone.sign_in("wang").await;
        phone.sync().await;
        let recorded: Vec<Uuid> = (0..5).map(|n| phone.did(order, note(format!("{n}")))).collect();
        let bodies = |phone: &crate::harness::Handset| -> Vec<(Uuid, String)> {
            phone.unsent().unwrap().into_iter().map(|e| (e.recorded.id, e.recorded.body)).collect()
        };
        let before = bodies(&phone);
        assert_eq!(before.iter().map(|(id, _)| *id).collect::<Vec<_>>(), recorded);

        const PORTAL: &str = "<!doctype html><title>Welcome to FreeWifi</title><p>Please log in";
        const PROBLEM: &str = r#"{"code":"internal","title":"Oh dear","status":500}"#;
        let weather = [
            (200, PORTAL), (200, ""), (200, "{}"), (200, "null"), (204, ""), (302, ""), (401, PORTAL), (403, PORTAL),
            (404, PORTAL), (407, PORTAL), (408, ""), (413, PORTAL), (429, ""), (500, PROBLEM), (500, ""), (502, PORTAL),
            (503, PROBLEM), (504, ""), (511, PORTAL), (400, PORTAL), (422, PORTAL), (410, PORTAL),
            (200, r#"{"verdicts":[],"time":null,"version":1}"#), (403, r#"{"code":"forbidden","title":"No"}"#),
        ];
        for (status, body) in weather {
            line.becomes(answers(status, body));
            let failure = phone.sync_once(&go_on).await;
            assert!(failure.is_err(), "{status} {body}");
            assert_eq!(bodies(&phone), before, "{status} {body}");
        }
        for fate in [|| Fate::Lost, || Fate::AnswerLost] {
            // Only what is sent: a lost answer of a pull is another story.
            line.becomes(move |request| if request.path == "/v1/sync/push" { fate() } else { Fate::Delivered });
            phone.sync_once(&go_on).await.unwrap_err();
            assert_eq!(phone.operation(recorded[0]).unwrap().unwrap().recorded.body, before[0].1);
        }
        line.becomes(|_| Fate::Delivered);
        phone.sync().await;
        assert_eq!(phone.unsent_count().unwrap(), 0);
        let books = Books::of(&house.db, house.firm.org).await;
        for (id, body) in before {
            assert_eq!(books.journal[&id].body, body);
            assert!(books.journal[&id].verdict.status.is_applied());
        }
        assert_eq!(notes(&books, order), 5);
    }

    /// The session ends while there is unsent work: the person is asked to sign in, and nothing is lost meanwhile.
    async fn s21_a_session_that_ends_keeps_the_work(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let line = BadLine::new(&house.url(), |_| Fate::Delivered);
        let phone = house.phone_with("wang", line.clone());
        phone.sign_in("wang").await;
        phone.sync().await;
        phone.did(order, note("kept"));
        line.becomes(answers(401, r#"{"code":"token_revoked","title":"Sign in again","status":401}"#));
        let error = phone.sync_once(&go_on).await.unwrap_err();
        assert!(matches!(error, SyncError::SignInAgain), "{error}");
        assert_eq!(phone.unsent_count().unwrap(), 1);
        phone.did(order, note("recorded without a session"));
        assert_eq!(phone.unsent_count().unwrap(), 2);
        line.becomes(|_| Fate::Delivered);
        phone.sign_in("wang").await;
        phone.sync().await;
        assert_eq!(phone.unsent_count().unwrap(), 0);
        assert_eq!(notes(&Books::of(&house.db, house.firm.org).await, order), 2);
    }

    /// Signing out says how many operations are not sent; forced, they stay in the file until the person is back.
    async fn s21_signing_out_counts_what_is_unsent(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        for n in 0..3 {
            phone.did(order, note(format!("{n}")));
        }
        let error = phone.sign_out(false).await.unwrap_err();
        assert!(matches!(error, PhoneError::Unsent(3)), "{error}");
        assert_eq!(phone.unsent_count().unwrap(), 3, "and nothing has happened");
        phone.sign_out(true).await.unwrap();
        phone.sign_in("zhao").await;
        phone.sync().await;
        assert_eq!(phone.unsent_count().unwrap(), 0, "somebody else's work is not Zhao's");
        phone.sign_out(false).await.unwrap();
        phone.sign_in("wang").await;
        assert_eq!(phone.unsent_count().unwrap(), 3);
        phone.sync().await;
        phone.sign_out(false).await.unwrap();
        assert_eq!(notes(&Books::of(&house.db, house.firm.org).await, order), 3);
    }

    /// A phone that is ten years off even while it is switched off and on, and signs with it: the server's time counts.
    async fn s12_turning_the_clock_back_makes_nobody_punctual(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let mut phone = house.phone_of("wang").await;
        phone.did(order, Accept {});
        phone.sync().await;
        house.pass(Duration::from_secs(2 * 3_600), &[&phone]);
        phone.restart();
        phone.clock.turn_wall(TimeDelta::hours(-2), FixedOffset::east_opt(0).unwrap());
        assert_eq!(phone.clock.wall().to_utc(), crate::harness::morning());
        phone.did(order, Arrive {});
        phone.sync().await;
        let order: WorkOrder = phone.get(order).unwrap().unwrap();
        assert_ne!(order.clocks.arrive.unwrap().verdict.unwrap().as_str(), "on_time");
    }
}

fn notes(books: &Books, order: WorkOrderId) -> usize {
    books.record(Kind::WorkOrder, order).body["notes"].as_array().map_or(0, Vec::len)
}
