//! The same request twice: a finger that clicks twice, an answer that got lost, a key used for something else.

use std::collections::HashSet;

use super::*;

/// A request with a key.
async fn with_key(office: &Office, path: &str, key: &str, body: &Value) -> Answer {
    let request = office.client.post(format!("{}{path}", office.base)).header("idempotency-key", key);
    office.send(request.json(body)).await
}

stories! {
    async fn a_double_click_is_one_click(house: House) {
        let order = house.request(house.firm.check_up).await;
        let (li, path) = (house.li().await, format!("/v1/work-orders/{order}/note"));
        let id = house.clock.new_id().to_string();
        for key in [&*id, "click-17", &"k".repeat(200)] {
            let before = version(&house).await;
            let first = with_key(&li, &path, key, &json!({ "text": key })).await;
            let again = with_key(&li, &path, key, &json!({ "text": key })).await;
            assert_eq!(first.status, 200, "{key}: {}", first.body);
            assert_eq!((&first.body, &first.headers["etag"]), (&again.body, &again.headers["etag"]), "{key}");
            first.applied();
            assert_eq!(version(&house).await, before + 1, "{key}");
            // Spaces and the order of fields are not what somebody means.
            let spaced = li.client.post(format!("{}{path}", li.base)).header("idempotency-key", key);
            let spaced = spaced.header("content-type", "application/json").body(format!("{{ \"text\" : \"{key}\" }} "));
            assert_eq!(li.send(spaced).await.body, again.body);
        }
        let keyless = [li.post(&path, &json!({ "text": "x" })).await, li.post(&path, &json!({ "text": "x" })).await];
        assert_ne!(keyless[0].body["id"], keyless[1].body["id"], "without a key each is a note of its own");
    }

    async fn a_key_for_something_else_is_refused(house: House) {
        let order = house.request(house.firm.check_up).await;
        let (li, admin, path) = (house.li().await, house.office("admin").await, format!("/v1/work-orders/{order}/note"));
        let key = house.clock.new_id().to_string();
        with_key(&li, &path, &key, &json!({ "text": "one" })).await.applied();
        let before = version(&house).await;
        let elsewhere = format!("/v1/work-orders/{}/note", house.request(house.firm.check_up).await);
        let edit = format!("/v1/work-orders/{order}/edit");
        for (office, path, body) in [
            (&li, &path, json!({ "text": "two" })),
            (&li, &elsewhere, json!({ "text": "one" })),
            (&li, &edit, json!({ "place": "one" })),
            // An id is an id whoever uses it; what the other one did is not told.
            (&admin, &path, json!({ "text": "one" })),
        ] {
            let answer = with_key(office, path, &key, &body).await;
            assert_eq!((&*refused(&answer, path), answer.status.as_u16()), ("idempotency_key_reused", 422), "{path} {body}");
        }
        assert_eq!(version(&house).await, before + 1, "only the other order was written");
        // A word that is no id is each person's own.
        with_key(&li, &path, "my key", &json!({ "text": "li" })).await.applied();
        with_key(&admin, &path, "my key", &json!({ "text": "admin" })).await.applied();
    }

    /// What was refused was not recorded: the same key may carry it once it is right.
    async fn a_refused_request_leaves_its_key_free(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let (li, path) = (house.li().await, format!("/v1/work-orders/{order}/close"));
        let body = json!({ "without_signature": "Nobody at home" });
        let refusal = with_key(&li, &path, "close it", &body).await;
        assert_eq!(refusal.problem(409), "illegal_transition");
        let cancel = format!("/v1/work-orders/{order}/cancel");
        with_key(&li, &cancel, "close it", &json!({ "reason": "x" })).await.applied();
    }

    /// The server acted and its answer was lost: another attempt, even much later, gets the first one's answer.
    async fn the_answer_that_was_lost(house: House) {
        let order = house.clock.new_id();
        let (path, body) = (format!("/v1/work-orders/{order}/request"), json!(house.request_for(house.firm.plumbing)));
        let key = house.clock.new_id().to_string();
        let first = with_key(&house.li().await, &path, &key, &body).await.applied();
        house.pass(std::time::Duration::from_secs(86_400), &[]);
        let li = house.li().await;
        li.post(&format!("/v1/work-orders/{order}/note"), &json!({ "text": "moved on meanwhile" })).await.applied();
        assert_eq!(with_key(&li, &path, &key, &body).await.applied(), first);
        let without = li.post(&path, &body).await;
        assert_eq!(without.problem(409), "already_exists", "without the key it is another request for the same order");
        let next = house.request(house.firm.plumbing).await;
        assert_eq!(record(&house, Kind::WorkOrder, next).await["number"], "2026-000002");
    }

    async fn eight_fingers_at_once(house: House) {
        let li = house.li().await;
        let (order, key) = (house.clock.new_id(), house.clock.new_id().to_string());
        let before = version(&house).await;
        let (path, body) = (format!("/v1/work-orders/{order}/request"), json!(house.request_for(house.firm.plumbing)));
        let mut clicks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (li, path, key, body) = (li.clone(), path.clone(), key.clone(), body.clone());
            clicks.spawn(async move { with_key(&li, &path, &key, &body).await.applied().to_string() });
        }
        let answers: HashSet<_> = clicks.join_all().await.into_iter().collect();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(version(&house).await, before + 1);
        assert_eq!(record(&house, Kind::WorkOrder, order).await["number"], "2026-000001");
    }

    /// Who insists on the revision that they have seen does not overwrite what they have not.
    async fn what_moved_on_meanwhile_is_not_overwritten(house: House) {
        let order = house.request(house.firm.check_up).await;
        let (li, path) = (house.li().await, format!("/v1/work-orders/{order}/edit"));
        let edit = async |rev: &str, key: &str, place: &str| {
            let request = li.client.post(format!("{}{path}", li.base)).header("if-match", rev).header("idempotency-key", key);
            li.send(request.json(&json!({ "place": place }))).await
        };
        let seen = edit("\"1\"", "a", "7-1203").await;
        assert_eq!(seen.headers["etag"], "\"2\"");
        assert_eq!(edit("\"1\"", "b", "7-1302").await.problem(412), "precondition_failed");
        assert_eq!(edit("\"3\"", "b", "7-1302").await.problem(412), "precondition_failed");
        assert_eq!(edit("\"1\"", "a", "7-1203").await.body, seen.body, "a replay is not judged by it again");
        edit("\"2\"", "b", "7-1302").await.applied();
        edit("*", "c", "7-1304").await.applied();
    }
}
