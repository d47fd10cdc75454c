//! Operations and single records over HTTP.

use mobile_api::work_order::dispatch::Assign;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    harness::{Answer, House, Office},
    promises::kit::note,
};

async fn send(office: &Office, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let mut request = office.client.post(format!("{}{path}", office.base)).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    office.send(request).await
}

stories! {
    async fn a_record_is_read_with_its_tag(house: House) {
        let (li, wang, zhao) = (house.li().await, house.office("wang").await, house.office("zhao").await);
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let path = format!("/v1/work-orders/{order}");
        let found = li.get(&path).await;
        assert_eq!((found.status, found.headers["etag"].to_str().unwrap()), (StatusCode::OK, "\"2\""));
        assert_eq!(found.body["id"], order.to_string());
        for (known, status) in [("\"2\"", 304), ("W/\"2\"", 304), ("\"1\", \"2\"", 304), ("*", 304), ("\"1\"", 200)] {
            let request = li.client.get(format!("{}{path}", li.base)).header("if-none-match", known);
            assert_eq!(li.send(request).await.status.as_u16(), status, "{known}");
        }
        assert_eq!(wang.get(&path).await.status, StatusCode::OK);
        assert_eq!(zhao.get(&path).await.problem(404), "not_found");
        let unit = format!("/v1/units/{}", house.firm.unit);
        assert_eq!(wang.get(&unit).await.status, StatusCode::OK, "the order brings it");
        assert_eq!(zhao.get(&unit).await.problem(404), "not_found");
        li.perform(order, Assign { technician: house.firm.zhao }).await.applied();
        assert_eq!(wang.get(&unit).await.problem(404), "not_found", "it went with the order");
        assert_eq!(wang.get(&path).await.status, StatusCode::OK, "they had to do with the order");
        for path in ["/v1/work-orders/nonsense", "/v1/nothing/01930000-0000-7000-8000-000000000001"] {
            assert_eq!(li.get(path).await.problem(404), "not_found");
        }
    }

    async fn histories_are_for_whom_they_concern(house: House) {
        let firm = house.firm;
        let (li, admin) = (house.li().await, house.office("admin").await);
        let (wang, zhao) = (house.office("wang").await, house.office("zhao").await);
        let order = house.assigned(firm.plumbing, firm.wang).await;
        for text in ["One", "Two", "Three"] {
            li.perform(order, note(text)).await.applied();
        }
        let path = format!("/v1/work-orders/{order}/history");
        let (mut types, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = li.get(&format!("{path}?limit=2{cursor}")).await.body;
            let items = page["items"].as_array().unwrap();
            types.extend(items.iter().map(|entry| entry["type"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let note = "work_order.note";
        assert_eq!(types, ["work_order.request", "work_order.assign", note, note, note]);
        let last = li.get(&path).await.body["items"][4].clone();
        assert_eq!(last["operation"]["payload"], json!({ "text": "Three" }));
        assert_eq!((&last["verdict"]["status"], &last["actor"]), (&json!("applied"), &json!(firm.li)));
        assert_eq!(wang.get(&path).await.status, StatusCode::OK);
        assert_eq!(zhao.get(&path).await.problem(404), "not_found");
        let customer = format!("/v1/customers/{}/history", firm.customer);
        assert_eq!(li.get(&customer).await.status, StatusCode::OK);
        assert_eq!(wang.get(&customer).await.problem(403), "forbidden", "seen, but not what the office wrote");
        let own = format!("/v1/organisations/{}/history", firm.org);
        assert_eq!(admin.get(&own).await.body["items"][0]["type"], "organisation.found");
        assert_eq!(li.get(&own).await.problem(403), "forbidden");
        assert_eq!(li.get(&format!("{path}?cursor=x")).await.problem(400), "cursor_invalid");
    }

    async fn a_key_makes_an_operation_one(house: House) {
        let li = house.li().await;
        let order = house.request(house.firm.plumbing).await;
        let path = format!("/v1/work-orders/{order}/note");
        for key in ["0199a1f0-8000-7000-8000-0000000000aa", "any text will do"] {
            let first = send(&li, &path, &[("idempotency-key", key)], &json!({ "text": "Once" })).await.applied();
            let again = send(&li, &path, &[("idempotency-key", key)], &json!({ "text": "Once" })).await.applied();
            assert_eq!(first, again);
            let other = send(&li, &path, &[("idempotency-key", key)], &json!({ "text": "Twice" })).await;
            assert_eq!(other.problem(422), "idempotency_key_reused");
        }
        for key in ["", " ", &"x".repeat(201)] {
            let answer = send(&li, &path, &[("idempotency-key", key)], &json!({ "text": "Never" })).await;
            assert_eq!(answer.problem(400), "bad_request");
        }
        let record = li.get(&format!("/v1/work-orders/{order}")).await.body;
        assert_eq!(record["notes"].as_array().unwrap().len(), 2);
    }

    async fn a_condition_is_kept(house: House) {
        let li = house.li().await;
        let order = house.request(house.firm.plumbing).await;
        let path = format!("/v1/work-orders/{order}/note");
        let on = async |header: &str, value: &str| {
            send(&li, &path, &[(header, value)], &json!({ "text": "Seen" })).await
        };
        let answer = on("if-match", "\"1\"").await;
        assert_eq!(answer.headers["etag"], "\"2\"");
        answer.applied();
        assert_eq!(on("if-match", "\"1\"").await.problem(412), "precondition_failed");
        assert_eq!(on("if-match", "W/\"2\"").await.problem(412), "precondition_failed", "a weak tag never fits");
        for malformed in ["2", "two", "\"2", "\"2\", \"3\""] {
            assert_eq!(on("if-match", malformed).await.problem(400), "bad_request", "{malformed}");
        }
        on("if-match", "*").await.applied();
        assert_eq!(on("if-none-match", "*").await.problem(412), "precondition_failed");

        let team = format!("/v1/teams/{}/save", house.clock.new_id());
        let admin = house.office("admin").await;
        let save = async |header: &str, value: &str| {
            send(&admin, &team, &[(header, value)], &json!({ "name": "Lifts", "site": null })).await
        };
        assert_eq!(save("if-match", "*").await.problem(412), "precondition_failed", "there is none yet");
        save("if-none-match", "*").await.applied();
        assert_eq!(save("if-none-match", "*").await.problem(412), "precondition_failed");
        save("if-match", "\"1\"").await.applied();

        // The first verdict comes again even if the condition would no longer hold.
        let headers = [("idempotency-key", "once"), ("if-match", "\"3\"")];
        let first = send(&li, &path, &headers, &json!({ "text": "Once" })).await.applied();
        li.perform(order, note("Meanwhile")).await.applied();
        assert_eq!(send(&li, &path, &headers, &json!({ "text": "Once" })).await.applied(), first);
    }

    async fn what_is_deleted_has_no_tag_and_does_not_come_back(house: House) {
        let firm = house.firm;
        let admin = house.office("admin").await;
        let unit = format!("/v1/units/{}", firm.unit);
        let gone = admin.post(&format!("{unit}/delete"), &json!({})).await;
        assert!(!gone.headers.contains_key("etag"));
        gone.applied();
        assert_eq!(admin.get(&unit).await.problem(404), "not_found");
        assert_eq!(admin.get("/v1/units").await.body["items"], json!([]));
        let saved = json!({ "site": firm.site, "building": null, "name": "7-1203", "access_note": null });
        assert_eq!(admin.post(&format!("{unit}/save"), &saved).await.problem(409), "deleted");
    }

    async fn what_cannot_be_read_is_said_clearly(house: House) {
        let firm = house.firm;
        let admin = house.office("admin").await;
        let path = format!("/v1/units/{}/delete", firm.unit);
        for body in [json!([]), json!(null), json!("x"), json!(1)] {
            let answer = admin.post(&path, &body).await;
            assert_eq!(answer.body["errors"][0]["code"], "wrong_type", "{}", answer.body);
            assert_eq!(answer.problem(422), "invalid");
        }
        for request in [
            admin.client.post(format!("{}{path}", admin.base)),
            admin.client.post(format!("{}{path}", admin.base)).header("content-type", "application/json"),
        ] {
            let missing = admin.send(request).await;
            assert_eq!(missing.body["errors"][0]["code"], "required", "{}", missing.body);
            assert_eq!(missing.problem(422), "invalid");
        }
        let text = admin.client.post(format!("{}{path}", admin.base)).body("{}").header("content-type", "text/plain");
        assert_eq!(admin.send(text).await.problem(415), "unsupported_media_type");
        let order = house.request(firm.plumbing).await;
        let note = format!("/v1/work-orders/{order}/note");
        let missing = admin.post(&note, &json!({})).await;
        assert_eq!(missing.body["errors"][0]["pointer"], "/text", "{}", missing.body);
        assert_eq!(admin.get(&format!("/v1/units/{}", firm.unit)).await.status, StatusCode::OK, "nothing was deleted");
    }

    async fn addresses_that_are_none_say_so(house: House) {
        let li = house.li().await;
        let order = house.request(house.firm.plumbing).await;
        for path in [
            format!("/v1/work-orders/{order}/juggle"),
            format!("/v1/nothing/{order}/note"),
            format!("/v1/work-orders/{order}/sign_off"),
            "/v1/work-orders/nonsense/note".into(),
        ] {
            assert_eq!(li.post(&path, &json!({ "text": "x" })).await.problem(404), "not_found", "{path}");
        }
        let wrong = async |method: reqwest::Method, path: String| {
            let answer = li.send(li.client.request(method, format!("{}{path}", li.base)).json(&json!({}))).await;
            let allow = answer.headers.get("allow").map(|allow| allow.to_str().unwrap().to_owned());
            assert_eq!(answer.problem(405), "method_not_allowed", "{path}");
            allow.unwrap()
        };
        assert_eq!(wrong(reqwest::Method::GET, format!("/v1/work-orders/{order}/note")).await, "POST");
        assert_eq!(wrong(reqwest::Method::POST, format!("/v1/work-orders/{order}/history")).await, "GET");
        assert_eq!(wrong(reqwest::Method::PUT, format!("/v1/work-orders/{order}")).await, "GET");
        assert_eq!(wrong(reqwest::Method::DELETE, "/v1/work-orders".into()).await, "GET");
        assert_eq!(wrong(reqwest::Method::GET, "/v1/auth/login".into()).await, "POST");
    }
}
