//! S19: a revoked device gets no data; its unsent work is still accepted by salvage.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicBool, Ordering},
};

use chrono::TimeDelta;
use doorstep::config::{Config, Limits};
use mobile_api::{
    Role,
    directory::UserSave,
    phone::{PhoneError, Step, SyncError, go_on},
    record::Kind,
    signing::Digest,
    sync::VerdictStatus,
    work_order::visit::Arrive,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    books::Books,
    kit::{Hand, note},
};
use crate::{
    harness::{Firm, House, Office, PASSWORD},
    photos::kit::{arrive, took},
};

stories! {
    /// The phone turns up after it was reported lost, with an afternoon's work in it.
    async fn s19_a_revoked_phone_hands_over_its_outbox(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.did(order, note("sent in time"));
        phone.sync().await;
        let arrived = phone.did(order, Arrive {});
        let noted = phone.did(order, note("The valve is from 1987"));
        let device = phone.identity().unwrap().1;
        revoke(&house, device).await;
        house.clock.advance(TimeDelta::days(40));

        let error = phone.sync_once(&go_on).await.unwrap_err();
        assert!(matches!(error, SyncError::DeviceRevoked), "{error}");
        assert!(matches!(phone.sign_out(false).await, Err(PhoneError::Unsent(2))));
        assert_eq!(phone.salvage(&go_on).await.unwrap(), 2);
        assert_eq!(phone.unsent_count().unwrap(), 0);

        let books = Books::of(&house.db, house.firm.org).await;
        for op in [arrived, noted] {
            assert_eq!(books.journal[&op].verdict.status, VerdictStatus::Kept);
            assert_eq!(books.journal[&op].verdict.problem.as_ref().unwrap().code, "salvaged");
            let reviews = books.reviews_of(op);
            assert_eq!(reviews.len(), 1);
            assert_eq!(reviews[0].by, house.firm.wang);
            assert_eq!(reviews[0].about.id, order.uuid());
        }
        let record = &books.record(Kind::WorkOrder, order).body;
        assert_eq!(record["state"]["status"], "assigned", "nothing was applied");
        assert_eq!(record["notes"].as_array().unwrap().len(), 1);
    }

    /// It is switched off before the answer comes, and on again.
    async fn s19_handing_over_twice_keeps_once(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        phone.sync().await;
        let recorded: Vec<Uuid> = (0..60).map(|n| phone.did(order, note(format!("{n}")))).collect();
        revoke(&house, phone.identity().unwrap().1).await;
        let died = AtomicBool::new(false);
        let dies = |step| match step {
            Step::Answered if !died.swap(true, Ordering::SeqCst) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        assert!(matches!(phone.salvage(&dies).await, Err(SyncError::Stopped)));
        assert_eq!(phone.unsent_count().unwrap(), 60, "the phone has no answer");
        assert_eq!(phone.salvage(&go_on).await.unwrap(), 60);
        assert_eq!(phone.salvage(&go_on).await.unwrap(), 0);
        let books = Books::of(&house.db, house.firm.org).await;
        for op in recorded {
            assert_eq!(books.reviews_of(op).len(), 1);
        }
    }

    /// Half a day of long notes is more than a request may weigh, and one of them is so long that it can never be brought.
    async fn s19_a_heavy_outbox_is_brought_in_parts(house: House) {
        let mut house = house;
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        let mut recorded: Vec<Uuid> = (0..20).map(|n| phone.did(order, note("word ".repeat(50 + n)))).collect();
        let endless = phone.did(order, note("word ".repeat(700)));
        recorded.push(phone.did(order, note("the last")));
        revoke(&house, phone.identity().unwrap().1).await;
        drop(phone);
        house.kill().await;
        let limits = Limits { body_bytes: 3_000, ..Limits::default() };
        house.start_with(Config { limits, ..Config::default() }).await;
        let phone = house.phone("wang");

        assert_eq!(phone.salvage(&go_on).await.unwrap(), 21);
        assert_eq!(phone.unsent_count().unwrap(), 1, "what nobody took stays on the phone");
        let books = Books::of(&house.db, house.firm.org).await;
        assert!(recorded.iter().all(|op| books.reviews_of(*op).len() == 1));
        assert!(!books.journal.contains_key(&endless));
    }

    /// A photo whose operation was salvaged is owed like any other: its bytes are taken when somebody brings them.
    async fn s19_photos_of_a_lost_phone_are_still_awaited(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        let bytes = b"\xff\xd8the valve";
        let taken = took(&phone, order, bytes);
        revoke(&house, phone.identity().unwrap().1).await;
        assert_eq!(phone.salvage(&go_on).await.unwrap(), 1);
        assert_eq!(Books::of(&house.db, house.firm.org).await.reviews_of(taken).len(), 1);

        let office = house.office("admin").await;
        let asked = json!({ "sha256": [Digest::of(bytes)] });
        assert_eq!(office.post("/v1/blobs/status", &asked).await.body["blobs"][0]["status"], "awaited");
        assert!(arrive(&house, bytes).await, "somebody found the phone");
        assert_eq!(office.post("/v1/blobs/status", &asked).await.body["blobs"][0]["status"], "stored");
    }

    /// They left the firm: their account is closed, and their phone can do this one thing only.
    async fn s19_who_left_the_firm_gets_nothing_and_brings_everything(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let hand = Hand::of(&house, "wang").await;
        let wang = signed_in(&hand).await;
        let work = hand.op(1, order, note("last day"));
        house.office("admin").await.perform(house.firm.wang, account("wang", Role::Technician, false)).await.applied();

        for path in ["/v1/sync/pull", "/v1/sync/push", "/v1/sync/digest", "/v1/sync/operations/lookup"] {
            assert_eq!(wang.post(path, &json!({ "device": hand.device })).await.problem(403), "account_disabled", "{path}");
        }
        let answer = wang.post("/v1/sync/salvage", &json!({ "device": hand.device, "operations": [work] })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body, json!({ "operations": [{ "id": work["id"], "status": "kept" }] }), "and no more is told");
    }

    /// A lapsed token brings in the work of its own device; only the office brings in another's.
    async fn s19_whose_outbox_it_may_be(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let other = Firm::with(1);
        house.found(&other, "other").await;
        let (wangs, zhaos) = (Hand::of(&house, "wang").await, Hand::of(&house, "zhao").await);
        let (wang, zhao) = (signed_in(&wangs).await, signed_in(&zhaos).await);
        let of_wang = |n: u64| json!({ "device": wangs.device, "operations": [wangs.op(n, order, note("in the shaft"))] });
        let chen = house.clock.new_id();
        house.account(&house.firm, chen.into(), account("chen", Role::FrontDesk, true)).await;
        let (stranger, desk) = (house.office("li@other").await, house.office("chen").await);
        for nobody in [&zhao, &stranger, &desk] {
            assert_eq!(nobody.post("/v1/sync/salvage", &of_wang(1)).await.problem(404), "not_found");
        }
        assert_eq!(house.li().await.post("/v1/sync/salvage", &of_wang(2)).await.status, StatusCode::OK);
        house.clock.advance(TimeDelta::minutes(11));
        assert_eq!(zhao.post("/v1/sync/salvage", &of_wang(3)).await.problem(401), "token_expired");
        assert_eq!(wang.post("/v1/sync/salvage", &of_wang(4)).await.status, StatusCode::OK);
        let forged = Office { token: format!("{}x", wang.token), ..wang.clone() };
        assert_eq!(forged.post("/v1/sync/salvage", &of_wang(5)).await.problem(401), "token_invalid");
        let nobody = Office { token: String::new(), ..wang };
        assert_eq!(nobody.post("/v1/sync/salvage", &of_wang(6)).await.problem(401), "not_signed_in");
    }

    /// What was applied before stays applied; what is no operation at all is kept as it is.
    async fn s19_known_work_and_rubbish(house: House) {
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let hand = Hand::of(&house, "wang").await;
        let wang = signed_in(&hand).await;
        let known = hand.op(1, order, note("pushed"));
        assert_eq!(hand.push_one(&known).await["status"], "applied");
        revoke(&house, hand.device).await;
        let unknown = json!({ "id": hand.new_id(), "type": "work_order.teleport", "entity": order, "payload": {} });
        let body = json!({ "device": hand.device, "operations": [known, unknown, 17, "rubbish"] });
        let first = wang.post("/v1/sync/salvage", &body).await;
        assert_eq!(first.status, StatusCode::OK, "{}", first.body);
        let statuses: Vec<&Value> = first.body["operations"].as_array().unwrap().iter().map(|o| &o["status"]).collect();
        assert_eq!(statuses, ["applied", "kept", "kept", "kept"]);
        assert_eq!(wang.post("/v1/sync/salvage", &body).await.body, first.body);
    }
}

fn account(login: &str, role: Role, active: bool) -> UserSave {
    let (login, name) = (login.to_owned(), login.to_uppercase());
    let (skills, certificates) = (vec![], vec![]);
    UserSave { name, login, role, sites: vec![], teams: vec![], skills, certificates, calendar: None, active }
}

async fn revoke(house: &House, device: Uuid) {
    let admin = house.office("admin").await;
    let revoked = admin.post(&format!("/v1/devices/{device}/revoke"), &json!({ "reason": "Lost" })).await;
    assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.body);
}

/// Signed in on the device itself, as phones are.
async fn signed_in(hand: &Hand) -> Office {
    let login = json!({ "login": hand.login, "password": PASSWORD, "device_id": hand.device });
    let answer = hand.office.post("/v1/auth/login", &login).await.body;
    Office { token: answer["access_token"].as_str().unwrap().to_owned(), ..hand.office.clone() }
}
