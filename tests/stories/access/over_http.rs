//! The guard and the addresses of signing in.

use super::*;

stories! {
    async fn signing_in_over_http(firm: Firm) {
        let (client, host) = (Client::new(), firm.serve().await);
        let url = |path: &str| format!("http://{host}/v1{path}");
        let login = json!({ "login": "wang", "password": PASSWORD, "device_id": PHONE });
        let answer = client.post(url("/auth/login")).json(&login).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
        let signed_in: Value = answer.json().await.unwrap();
        assert_eq!(signed_in["organisation"], json!(ORG));
        assert_eq!(signed_in["user"], json!({ "id": WANG, "name": "王力" }));
        assert_eq!((&signed_in["role"], &signed_in["expires_in"]), (&json!("technician"), &json!(600)));
        assert_eq!(signed_in["server_time"], json!(START));

        let access = signed_in["access_token"].as_str().unwrap();
        let me: Value = client.get(url("/me")).bearer_auth(access).send().await.unwrap().json().await.unwrap();
        assert_eq!((&me["user"], &me["device_id"]), (&signed_in["user"], &json!(PHONE)));

        let refresh = json!({ "refresh_token": signed_in["refresh_token"], "device_id": PHONE });
        let renewed: Value = client.post(url("/auth/refresh")).json(&refresh).send().await.unwrap().json().await.unwrap();
        let access = renewed["access_token"].as_str().unwrap();
        let change = json!({ "current_password": PASSWORD, "new_password": "short" });
        let refused = client.post(url("/auth/password")).bearer_auth(access).json(&change).send().await.unwrap();
        assert_eq!(problem(refused).await, (422, "invalid".into()));
        assert_eq!(client.post(url("/auth/logout")).bearer_auth(access).send().await.unwrap().status(), 204);
        assert_eq!(problem(client.get(url("/me")).bearer_auth(access).send().await.unwrap()).await, (401, "token_invalid".into()));
        let late = client.post(url("/auth/refresh")).json(&json!({ "refresh_token": renewed["refresh_token"], "device_id": PHONE }));
        assert_eq!(problem(late.send().await.unwrap()).await, (401, "refresh_invalid".into()));
    }

    async fn wrong_password_and_unknown_login_look_the_same_over_http(firm: Firm) {
        let (client, host) = (Client::new(), firm.serve().await);
        let answer = async |login: &str, password: &str| {
            let body = json!({ "login": login, "password": password });
            let answer = client.post(format!("http://{host}/v1/auth/login")).header("accept-language", "zh-CN").json(&body);
            let answer = answer.send().await.unwrap();
            let retry_after = answer.headers().get("retry-after").cloned();
            let (status, mut body) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
            body.as_object_mut().unwrap().remove("instance");
            (status, retry_after, body)
        };
        let unknown = answer("nobody", PASSWORD).await;
        assert_eq!((unknown.0, &unknown.2["title"]), (401, &json!("用户名或密码错误")));
        for login in ["wang", "\0", "' OR ''='", ""] {
            assert_eq!(answer(login, "guess").await, unknown, "{login}");
        }
        for _ in 0..6 {
            answer("wang", "guess").await;
            answer("nobody", "guess").await;
        }
        let (wang, nobody) = (answer("wang", PASSWORD).await, answer("nobody", PASSWORD).await);
        assert_eq!(wang, nobody);
        assert_eq!((wang.0, wang.1), (429, Some("2".parse().unwrap())));
    }

    async fn a_bad_token_is_answered_before_a_bad_body(firm: Firm) {
        let (client, host) = (Client::new(), firm.serve().await);
        let token = firm.wang().await.access;
        let send = async |authorization: Option<&str>| {
            let request = client.post(format!("http://{host}/v1/auth/password")).body("{ not json");
            let request = request.header("content-type", "application/json");
            let request = authorization.into_iter().fold(request, |request, value| request.header("authorization", value));
            problem(request.send().await.unwrap()).await
        };
        let (not_signed_in, invalid) = ((401, "not_signed_in".to_owned()), (401, "token_invalid".to_owned()));
        assert_eq!(send(None).await, not_signed_in);
        for none in ["", "Bearer", "Bearer ", "Basic d2FuZzp4", &token] {
            assert_eq!(send(Some(none)).await, not_signed_in, "{none}");
        }
        for bad in ["Bearer x", "Bearer a.b.c", "Bearer null", &format!("Bearer {token}x"), &format!("Bearer {token} {token}")] {
            assert_eq!(send(Some(bad)).await, invalid, "{bad}");
        }
        assert_eq!(send(Some(&format!("bearer  {token}"))).await, (400, "invalid_json".into()));
        firm.wait(600);
        assert_eq!(send(Some(&format!("Bearer {token}"))).await, (401, "token_expired".into()));
    }

    async fn a_stranger_is_answered_without_waiting_for_the_body(firm: Firm) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(firm.serve().await).await.unwrap();
        let head = "POST /v1/auth/password HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
            content-length: 100000000\r\n\r\n{";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut start)).await.expect("an answer").unwrap();
        assert_eq!(&start, b"HTTP/1.1 401");
    }

    async fn strangers_do_not_learn_which_addresses_exist(firm: Firm) {
        let (client, host) = (Client::new(), firm.serve().await);
        let token = firm.wang().await.access;
        let get = async |path: &str, token: Option<&str>| {
            let request = client.get(format!("http://{host}{path}"));
            let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
            problem(request.send().await.unwrap()).await
        };
        for path in ["/v1/nothing", "/v1/auth/login/", "/v1//auth/login", "/v1/auth/login/../../me", "/v1/auth/%6Cogin"] {
            assert_eq!(get(path, None).await.0, 401, "{path}");
        }
        assert_eq!(get("/v1/nothing", Some(&token)).await, (404, "not_found".into()));
        assert_eq!(get("/v1/auth/login", None).await, (405, "method_not_allowed".into()));
    }
}

async fn problem(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    (status, answer.json::<Value>().await.unwrap()["code"].as_str().unwrap().to_owned())
}
