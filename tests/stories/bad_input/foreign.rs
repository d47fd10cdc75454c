//! Ids of another organisation: they exist as little as ids that nobody ever made.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use mobile_api::{
    directory::SiteSave,
    work_order::{dispatch::Assign, merge::Merge, request::Request},
};

use super::*;
use crate::harness::Firm;

/// Our house, the neighbours' firm in it, and an order of theirs.
async fn neighbours(house: &House) -> (Firm, Office, Uuid) {
    let theirs = Firm::with(1);
    house.found(&theirs, "other").await;
    let (li, order) = (house.office("li@other").await, house.clock.new_id());
    let request = Request {
        order_type: theirs.plumbing,
        site: theirs.site,
        unit: Some(theirs.unit),
        customer: Some(theirs.customer),
        team: Some(theirs.plumbers),
        ..house.request_for(theirs.plumbing)
    };
    li.perform(order, request).await.applied();
    (theirs, li, order)
}

/// The problem without what differs from request to request.
fn told(answer: Answer) -> (u16, Value) {
    let mut body = answer.body;
    body.as_object_mut().unwrap().remove("instance");
    (answer.status.as_u16(), body)
}

stories! {
    async fn an_order_of_the_neighbours_is_like_one_that_never_was(house: House) {
        let (theirs, _, order) = neighbours(&house).await;
        let ours = house.request(house.firm.plumbing).await;
        let (li, device) = device(&house, "li").await;
        let (before, never) = (version(&house).await, house.clock.new_id());
        for (verb, payload) in [
            ("note", json!({ "text": "x" })),
            ("assign", json!({ "technician": house.firm.wang })),
            ("cancel", json!({ "reason": "x" })),
            ("merge", json!({ "into": ours })),
        ] {
            let answer = async |id: Uuid| told(li.post(&format!("/v1/work-orders/{id}/{verb}"), &payload).await);
            let (foreign, unknown) = (answer(order).await, answer(never).await);
            assert_eq!(foreign, unknown, "{verb}");
            assert_eq!((foreign.0, &foreign.1["code"]), (404, &json!("not_found")));
        }
        let bad = async |action: mobile_api::catalogue::Action| refused(&li.perform(ours, action).await, "reference");
        assert_eq!(bad(Assign { technician: theirs.wang }.into()).await, "bad_reference");
        assert_eq!(bad(Merge { into: order.into() }.into()).await, "bad_reference");
        for request in [
            Request { site: theirs.site, ..house.request_for(house.firm.plumbing) },
            Request { unit: Some(theirs.unit), ..house.request_for(house.firm.plumbing) },
            Request { customer: Some(theirs.customer), ..house.request_for(house.firm.plumbing) },
            Request { team: Some(theirs.plumbers), ..house.request_for(house.firm.plumbing) },
            house.request_for(theirs.plumbing),
        ] {
            let answer = li.perform(house.clock.new_id(), request).await;
            assert_eq!((&*refused(&answer, "request"), answer.status.as_u16()), ("bad_reference", 422));
        }
        assert_eq!(version(&house).await, before);

        let pushed = [order, never].map(|id| operation(house.clock.new_id(), "work_order.note", id, json!({ "text": "x" })));
        let verdicts = li.push(device, &pushed).await.body["verdicts"].clone();
        assert_eq!(verdicts[0]["problem"], verdicts[1]["problem"]);
        assert_eq!((&verdicts[0]["status"], &verdicts[0]["problem"]["code"]), (&json!("kept"), &json!("not_found")));
    }

    async fn a_device_of_the_neighbours_speaks_for_nobody_here(house: House) {
        let (_, their_li, order) = neighbours(&house).await;
        let (device, id) = (house.clock.new_id(), house.clock.new_id());
        their_li.register(device).await;
        let note = operation(id, "work_order.note", order, json!({ "text": "ours alone" }));
        assert_eq!(their_li.push(device, std::slice::from_ref(&note)).await.body["verdicts"][0]["status"], "applied");
        let li = house.li().await;
        for address in ["push", "pull", "digest"] {
            let body = json!({ "device": device, "schema": 1, "operations": [note] });
            let answer = li.post(&format!("/v1/sync/{address}"), &body).await;
            assert_eq!((&*refused(&answer, address), answer.status.as_u16()), ("not_found", 404));
        }
        assert_eq!(li.get(&format!("/v1/sync/operations/{id}")).await.body["status"], "unknown");
        let asked = li.post("/v1/sync/operations/lookup", &json!({ "operations": [id] })).await;
        assert_eq!(asked.body["verdicts"][0]["status"], "unknown");
    }

    /// Ids are made on phones, so two firms may hold the same one; each means its own.
    async fn the_same_id_in_two_firms_is_two_things(house: House) {
        let (theirs, _, _) = neighbours(&house).await;
        let admin = house.office("admin").await;
        admin.perform(theirs.site, SiteSave { name: "Our own".into(), address: String::new(), location: None, time_zone: None }).await.applied();
        let theirs_still = Actor::system(theirs.org);
        let about = Ref::new(Kind::Site, theirs.site);
        let found = house.db.read(move |conn| reading::visible(conn, &theirs_still, about)).await.unwrap().unwrap();
        assert!(found.body.contains("Lakeside Garden"), "{}", found.body);
        assert_eq!(record(&house, Kind::Site, theirs.site).await["name"], "Our own");
    }

    /// A cursor is opaque, not secret: what somebody makes of it shows them nothing else and breaks nothing.
    async fn a_cursor_that_somebody_made_themselves(house: House) {
        let (li, device) = device(&house, "li").await;
        let pull = async |cursor: &str| li.post("/v1/sync/pull", &json!({ "device": device, "schema": 1, "cursor": cursor })).await;
        let page = li.post("/v1/sync/pull", &json!({ "device": device, "schema": 1 })).await;
        let cursor = page.body["cursor"].as_str().unwrap();
        let honest: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
        let nobody = Uuid::nil();
        for place in [
            json!({ "v": u64::MAX }),
            json!({ "v": -1 }),
            json!({ "v": 0, "b": u64::MAX }),
            json!({ "v": 0, "a": ["\0", nobody] }),
            json!({ "v": 0, "a": ["\u{10ffff}".repeat(1_000), nobody] }),
            json!({ "v": 0, "a": ["work_order", "none"] }),
            json!({ "v": 0, "a": [] }),
            json!(null),
        ] {
            let mut forged = honest.clone();
            forged["s"]["catalog"] = place.clone();
            let answer = pull(&BASE64_URL_SAFE_NO_PAD.encode(forged.to_string())).await;
            if answer.status != 200 {
                assert!(refused(&answer, &place.to_string()).starts_with("cursor_"), "{place}: {}", answer.body);
            }
        }
        let mut greedy = honest;
        greedy["s"][format!("user:{}", house.firm.wang)] = json!({ "v": 0 });
        greedy["s"]["device:garbage"] = json!({ "v": 0 });
        let answer = pull(&BASE64_URL_SAFE_NO_PAD.encode(greedy.to_string())).await;
        assert_eq!(refused(&answer, "a scope that is none"), "cursor_invalid");
        greedy["s"].as_object_mut().unwrap().remove("device:garbage");
        let answer = pull(&BASE64_URL_SAFE_NO_PAD.encode(greedy.to_string())).await;
        let scopes = answer.body["scopes"].as_array().unwrap();
        assert!(!scopes.contains(&json!(format!("user:{}", house.firm.wang))), "{scopes:?}");
        assert_eq!(answer.body["changes"], json!([]));
    }

    async fn a_cursor_of_the_neighbours_leads_nowhere(house: House) {
        let (_, their_li, _) = neighbours(&house).await;
        let (li, ours) = device(&house, "li").await;
        let device = house.clock.new_id();
        their_li.register(device).await;
        let page = their_li.post("/v1/sync/pull", &json!({ "device": device, "schema": 1 })).await;
        let stolen = page.body["cursor"].as_str().unwrap().to_owned();
        for cursor in [&*stolen, "", "garbage", "\0", "🏠", &"9".repeat(5_000), &stolen[..stolen.len() / 2]] {
            let answer = li.post("/v1/sync/pull", &json!({ "device": ours, "schema": 1, "cursor": cursor })).await;
            let code = refused(&answer, cursor);
            assert!(code.starts_with("cursor_"), "{cursor}: {code}");
        }
    }
}
