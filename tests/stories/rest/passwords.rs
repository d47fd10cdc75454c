//! An administrator sets somebody's password.

use mobile_api::{Id, Role, directory::UserSave, operation::Payload};
use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{House, PASSWORD};

const NEW: &str = "staple in the rain";

stories! {
    async fn a_new_password_ends_every_sign_in(house: House) {
        let firm = house.firm;
        let (admin, wang) = (house.office("admin").await, house.office("wang").await);
        let path = format!("/v1/users/{}/password", firm.wang);
        for _ in 0..2 {
            let set = admin.post(&path, &json!({ "new_password": NEW })).await;
            assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.body);
        }
        assert_eq!(wang.get("/v1/me").await.problem(401), "token_invalid");
        let sign_in = async |password: &str| {
            let body = json!({ "login": "wang", "password": password });
            admin.client.post(format!("{}/v1/auth/login", admin.base)).json(&body).send().await.unwrap().status()
        };
        assert_eq!(sign_in(PASSWORD).await, StatusCode::UNAUTHORIZED);
        assert_eq!(sign_in(NEW).await, StatusCode::OK);
        let short = admin.post(&path, &json!({ "new_password": "short" })).await;
        assert_eq!(short.body["errors"][0]["pointer"], "/new_password");
        assert_eq!(short.problem(422), "invalid");
    }

    async fn not_everybody_may(house: House) {
        let firm = house.firm;
        let manager = UserSave { login: "ma".into(), role: Role::Manager, ..UserSave::example() };
        house.account(&firm, Id::new(house.clock.new_id()), manager).await;
        let (ma, li, wang) = (house.office("ma").await, house.li().await, house.office("wang").await);
        let admin = house.office("admin").await;
        let body = json!({ "new_password": NEW });
        let path = |user: mobile_api::ids::UserId| format!("/v1/users/{user}/password");
        assert_eq!(li.post(&path(firm.wang), &body).await.problem(403), "forbidden");
        assert_eq!(wang.post(&path(firm.wang), &body).await.problem(403), "forbidden", "one's own is changed otherwise");
        assert_eq!(wang.post(&path(firm.li), &body).await.problem(404), "not_found");
        assert_eq!(ma.post(&path(firm.admin), &body).await.problem(403), "forbidden");
        assert_eq!(admin.post(&path(firm.admin), &body).await.problem(403), "forbidden");
        assert_eq!(ma.post(&path(firm.wang), &body).await.status, StatusCode::NO_CONTENT);
    }
}
