//! Through real HTTP: every failure is a problem document.

use std::{net::SocketAddr, time::Duration};

use actix_web::{HttpResponse, web};
use reqwest::{Client, Response};
use serde_json::Value;

use crate::{
    app,
    config::{Config, Http, Limits},
    error::{Code, Error},
    json::Json,
    server,
};

/// A server with small limits and some handlers that misbehave; its address.
async fn serve() -> SocketAddr {
    let limits = Limits { body_bytes: 30_000, request_millis: 300, ..Limits::default() };
    let http = Http { listen: ([127, 0, 0, 1], 0).into(), workers: 1, ..Http::default() };
    // Nothing here reads the database, so its folder may go.
    let (state, _folder) = app::testing::state(Config { limits, http, ..Config::default() }).await;
    server::start_with(state, misbehave).unwrap().addr
}

fn misbehave(cfg: &mut web::ServiceConfig) {
    cfg.route("/panic", web::get().to(panics))
        .route("/slow", web::get().to(sleeps))
        .route("/echo", web::post().to(echo))
        .route("/plain/{number}", web::post().to(plain))
        .route("/bare", web::get().to(HttpResponse::Forbidden))
        .route("/foreign", web::get().to(foreign))
        .route("/cause", web::get().to(cause));
}

async fn panics() -> HttpResponse {
    panic!("a mistake of ours")
}

async fn sleeps() -> HttpResponse {
    tokio::time::sleep(Duration::from_secs(60)).await;
    HttpResponse::Ok().finish()
}

async fn echo(body: Json<Value>) -> Json<Value> {
    body
}

async fn plain(_: web::Path<u32>, _: web::Query<Page>, _: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[derive(serde::Deserialize)]
struct Page {
    #[expect(dead_code, reason = "only its type matters here")]
    limit: Option<u32>,
}

async fn foreign() -> actix_web::Result<HttpResponse> {
    Err(actix_web::error::ErrorInternalServerError("password hunter2"))
}

async fn cause() -> Result<HttpResponse, Error> {
    Err(Error::new(Code::Unavailable).because("password hunter2").retry_after(Duration::from_millis(1500)))
}

/// The code of an answer, after checking that it is a problem document in every respect.
async fn code(answer: Response) -> String {
    let status = answer.status();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (kind, id) = (header("content-type"), header("x-request-id").expect("every answer has its id"));
    assert_eq!(kind.as_deref(), Some("application/problem+json"), "{status}");
    assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
    let text = answer.text().await.unwrap();
    assert!(!text.contains("hunter2") && !text.contains("a mistake of ours"), "{text}");
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["status"], status.as_u16());
    assert_eq!(document["instance"], format!("urn:uuid:{id}"));
    assert!(document["title"].is_string() && document["type"].is_string(), "{document}");
    document["code"].as_str().unwrap().to_owned()
}

async fn get(address: SocketAddr, path: &str) -> Response {
    reqwest::get(format!("http://{address}{path}")).await.unwrap()
}

async fn post(address: SocketAddr, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Response {
    let request = Client::new().post(format!("http://{address}{path}")).header("content-type", kind);
    request.body(body).send().await.unwrap()
}

#[tokio::test]
async fn a_panic_is_our_mistake_and_the_server_lives_on() {
    let address = serve().await;
    for _ in 0..3 {
        let answer = get(address, "/panic").await;
        assert_eq!(answer.status(), 500);
        assert_eq!(code(answer).await, "internal");
    }
    assert_eq!(get(address, "/health/live").await.status(), 200);
}

#[tokio::test]
async fn a_slow_request_is_given_up() {
    let answer = get(serve().await, "/slow").await;
    assert_eq!(answer.headers()["retry-after"], "5");
    assert_eq!(code(answer).await, "timeout");
}

#[tokio::test]
async fn bodies_are_bounded() {
    let address = serve().await;
    let json = "application/json";
    for size in [30_001, 100_000, 5_000_000] {
        let answer = post(address, "/echo", json, format!("\"{}\"", "x".repeat(size))).await;
        assert_eq!(answer.status(), 413);
        assert_eq!(code(answer).await, "body_too_large");
    }
    let deep = post(address, "/echo", json, "[".repeat(10_000) + &"]".repeat(10_000)).await;
    assert_eq!(deep.status(), 400);
    assert_eq!(code(deep).await, "too_deep");
    assert_eq!(code(post(address, "/echo", json, "{").await).await, "invalid_json");
    assert_eq!(code(post(address, "/echo", "text/plain", "{}").await).await, "unsupported_media_type");
    assert_eq!(code(post(address, "/plain/1", "text/plain", "x".repeat(30_001)).await).await, "body_too_large");
    assert_eq!(post(address, "/echo", "application/json; charset=utf-8", "{}").await.status(), 200);
    assert_eq!(post(address, "/echo", "application/vnd.doorstep+json", "{}").await.status(), 200);
}

#[tokio::test]
async fn a_compressed_body_counts_unpacked() {
    let address = serve().await;
    let send = async |bytes: usize, encoding: &str| {
        let text = format!("{{\"text\":\"{}\"}}", "x".repeat(bytes));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut packed, text.as_bytes()).unwrap();
        let request = Client::new().post(format!("http://{address}/echo")).header("content-type", "application/json");
        request.header("content-encoding", encoding).body(packed.finish().unwrap()).send().await.unwrap()
    };
    assert_eq!(send(100, "gzip").await.status(), 200);
    assert_eq!(code(send(1_000_000, "gzip").await).await, "body_too_large");
    assert_eq!(code(send(100, "zstd").await).await, "bad_request");
    assert_eq!(code(send(100, "rot13").await).await, "unsupported_media_type");
}

#[tokio::test]
async fn an_unknown_address_or_method_is_a_problem_too() {
    let address = serve().await;
    assert_eq!(code(get(address, "/no/such/thing").await).await, "not_found");
    // Strangers do not learn which addresses exist.
    assert_eq!(code(get(address, "/v1/no-such-thing").await).await, "not_signed_in");
    let wrong_method = post(address, "/health/live", "text/plain", "").await;
    assert_eq!(wrong_method.headers()["allow"], "GET");
    assert_eq!(code(wrong_method).await, "method_not_allowed");
}

#[tokio::test]
async fn answers_of_libraries_become_documents() {
    let address = serve().await;
    assert_eq!(code(get(address, "/bare").await).await, "forbidden");
    assert_eq!(code(get(address, "/foreign").await).await, "internal");
    assert_eq!(code(post(address, "/plain/x", "text/plain", "").await).await, "not_found");
    assert_eq!(code(post(address, "/plain/1?limit=x", "text/plain", "").await).await, "invalid_query");
    let request = Client::new().get(format!("http://{address}/health/live"));
    let picky = request.header("accept-encoding", "rot13, identity;q=0").send().await.unwrap();
    assert_eq!(code(picky).await, "not_acceptable");
}

#[tokio::test]
async fn the_cause_stays_inside_and_the_wait_is_rounded_up() {
    let answer = get(serve().await, "/cause").await;
    assert_eq!(answer.headers()["retry-after"], "2");
    assert_eq!(code(answer).await, "unavailable");
}

#[tokio::test]
async fn the_reader_chooses_the_language() {
    let address = serve().await;
    for path in ["/nowhere", "/panic", "/slow"] {
        let request = Client::new().get(format!("http://{address}{path}"));
        let answer = request.header("accept-language", "zh-CN,zh;q=0.9,en;q=0.8").send().await.unwrap();
        assert_eq!(answer.headers()["content-language"], "zh-CN");
        let title = answer.json::<Value>().await.unwrap()["title"].as_str().unwrap().to_owned();
        assert!(["未找到", "服务器出错", "处理超时"].contains(&title.as_str()), "{title}");
    }
}

#[tokio::test]
async fn a_success_carries_its_id() {
    let answer = get(serve().await, "/health/live").await;
    assert!(answer.headers().contains_key("x-request-id"));
    assert_eq!(answer.json::<Value>().await.unwrap()["status"], "live");
}
