use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc,
    thread,
};

use serde_json::json;

use super::*;

/// Answers one request with these bytes and tells what was asked.
fn serve(answer: &'static str, stay: Duration) -> (HttpTransport, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (told, asked) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a request");
        let mut reader = BufReader::new(stream.try_clone().expect("the same line"));
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.trim().is_empty() {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        told.send(format!("{head}\n{}", String::from_utf8_lossy(&body))).expect("heard");
        stream.write_all(answer.as_bytes()).expect("sent");
        stream.flush().expect("sent");
        thread::sleep(stay);
    });
    (HttpTransport::new(&format!("http://{address}/"), "zh-CN").expect("a client"), asked)
}

#[tokio::test]
async fn a_request_carries_token_language_and_body() {
    let (transport, asked) =
        serve("HTTP/1.1 503 Unavailable\r\nRetry-After: 17\r\nContent-Length: 2\r\n\r\n{}", Duration::ZERO);
    let mut request = Request::post("/v1/sync/push", &json!({ "operations": [] })).expect("JSON");
    request.bearer = Some("secret".into());
    assert!(!format!("{request:?}").contains("secret"), "no token in a log");
    let response = transport.send(request).await.expect("an answer");
    assert_eq!((response.status, response.retry_after), (503, Some(Duration::from_secs(17))));
    let asked = asked.recv().expect("asked").to_lowercase();
    for part in ["post /v1/sync/push", "authorization: bearer secret", "accept-language: zh-cn", "{\"operations\":[]}"]
    {
        assert!(asked.contains(part), "{part} in {asked}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let (transport, _asked) =
        serve("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", Duration::ZERO);
    let response = transport.send(Request::get("/v1/sync/config")).await.expect("an answer");
    assert_eq!(response.status, 302);
}

#[tokio::test]
async fn silence_and_broken_answers_are_no_answers() {
    let (transport, _asked) = serve("", Duration::from_secs(2));
    let request = Request { timeout: Duration::from_millis(100), ..Request::get("/") };
    assert_eq!(transport.send(request).await.map(drop), Err(TransportError::TimedOut));
    let (transport, _asked) = serve("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half", Duration::ZERO);
    let broken = transport.send(Request::get("/")).await;
    assert!(matches!(broken, Err(TransportError::Unreachable(_))), "{broken:?}");
    let nobody = HttpTransport::new("http://127.0.0.1:1", "en").expect("a client");
    assert!(matches!(nobody.send(Request::get("/")).await, Err(TransportError::Unreachable(_))));
}

#[tokio::test]
async fn pokes_are_heard_until_the_line_breaks() {
    let (transport, _asked) = serve(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n\
         event: changed\ndata: {\"version\":41}\n\n: still here\n\nevent: changed\ndata: {\"version\":42}\n\n",
        Duration::ZERO,
    );
    let (told, heard) = mpsc::channel();
    let poked = move |text: &str| told.send(text.to_owned()).expect("heard");
    transport.listen(Request::get("/v1/sync/events"), &poked).await.expect("an end");
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["{\"version\":41}", "{\"version\":42}"]);
    let (transport, _asked) = serve("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", Duration::ZERO);
    assert!(transport.listen(Request::get("/v1/sync/events"), &|_: &str| {}).await.is_err());
}
