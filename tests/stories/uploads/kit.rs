//! Somebody who speaks tus, politely or not.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use doorstep::media::store::blobs::BlobRow;
use mobile_api::signing::Digest;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uuid::Uuid;

use crate::harness::{Answer, House, Office};

/// The type of a body with bytes.
pub const BYTES: &str = "application/offset+octet-stream";

/// Bytes that look like nothing in particular, the same for the same seed.
pub fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    std::iter::repeat_with(|| (next() >> 24) as u8).take(length).collect()
}

/// `Upload-Metadata` that names these bytes.
pub fn metadata(sha256: Digest) -> String {
    format!("sha256 {},filename {}", STANDARD.encode(sha256.to_string()), STANDARD.encode("sink.jpg"))
}

/// Somebody who is signed in and sends.
#[derive(Clone)]
pub struct Sender(pub Office);

impl Sender {
    pub async fn of(house: &House, login: &str) -> Self {
        Self(house.office(login).await)
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.0.client.request(method, format!("{}{path}", self.0.base)).header("Tus-Resumable", "1.0.0")
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = self.0.send(request).await;
        assert_eq!(answer.headers["tus-resumable"], "1.0.0");
        answer
    }

    pub fn creation(&self, length: u64, sha256: Digest) -> RequestBuilder {
        let request = self.request("POST", "/v1/uploads").header("Upload-Length", length);
        request.header("Upload-Metadata", metadata(sha256))
    }

    /// Begins an upload of these bytes, and answers its address.
    pub async fn begin(&self, bytes: &[u8]) -> String {
        let answer = self.send(self.creation(bytes.len() as u64, Digest::of(bytes))).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.headers["location"].to_str().unwrap().to_owned()
    }

    pub fn continuation(&self, url: &str, offset: usize, body: &[u8]) -> RequestBuilder {
        let request = self.request("PATCH", url).header("Upload-Offset", offset).header("Content-Type", BYTES);
        request.body(body.to_vec())
    }

    /// Continues an upload.
    pub async fn patch(&self, url: &str, offset: usize, body: &[u8]) -> Answer {
        self.send(self.continuation(url, offset, body)).await
    }

    pub async fn head(&self, url: &str) -> Answer {
        self.send(self.request("HEAD", url)).await
    }

    /// How many bytes the server says it keeps.
    pub async fn offset(&self, url: &str) -> usize {
        let answer = self.head(url).await;
        assert_eq!(answer.status, StatusCode::OK, "{url}");
        offset_in(&answer)
    }

    /// Waits until the server keeps that many bytes: it learns of a cut a moment after it happened.
    pub async fn keeps(&self, url: &str, expected: usize) {
        for _ in 0..500 {
            if self.offset(url).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(self.offset(url).await, expected, "every byte that came is kept");
    }

    /// Sends these bytes from beginning to end.
    pub async fn upload(&self, bytes: &[u8]) -> String {
        let url = self.begin(bytes).await;
        let answer = self.patch(&url, 0, bytes).await;
        assert_eq!((answer.status, offset_in(&answer)), (StatusCode::NO_CONTENT, bytes.len()), "{}", answer.body);
        url
    }

    /// What `POST /v1/blobs/status` says of these bytes.
    pub async fn status(&self, sha256: Digest) -> String {
        let answer = self.0.post("/v1/blobs/status", &json!({ "sha256": [sha256] })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body["blobs"][0]["status"].as_str().unwrap().to_owned()
    }

    /// Opens a connection of its own and writes a request with the beginning of its body. The caller cuts it.
    pub async fn half(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        length: usize,
        body: &[u8],
    ) -> TcpStream {
        let address = self.0.base.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let token = &self.0.token;
        let head = format!(
            "{method} {url} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\n\
             Content-Type: {BYTES}\r\nContent-Length: {length}\r\n{more}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        stream.flush().await.unwrap();
        stream
    }

    /// A continuation that is cut after `body`, of which `length` bytes were to come.
    pub async fn half_patch(&self, url: &str, offset: usize, length: usize, body: &[u8]) -> TcpStream {
        self.half("PATCH", url, &[("Upload-Offset", &offset.to_string())], length, body).await
    }
}

/// The next answer, as it is on the wire: a problem, or that the body may come.
pub async fn answer_on(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    while !(answer.ends_with('}') || answer.starts_with("HTTP/1.1 100") && answer.ends_with("\r\n\r\n")) {
        let mut piece = [0; 1];
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut piece)).await.expect("an answer");
        assert_eq!(read.unwrap(), 1, "{answer}");
        answer.push(piece[0].into());
    }
    answer
}

pub fn offset_in(answer: &Answer) -> usize {
    answer.headers["upload-offset"].to_str().unwrap().parse().unwrap()
}

/// The blob as the server has it.
pub async fn blob(house: &House, org: Uuid, sha256: Digest) -> Option<BlobRow> {
    house.state().media.find(org, sha256).await.unwrap()
}

/// The bytes that the server stores under a name, if it does.
pub async fn stored(house: &House, sha256: Digest) -> Option<Vec<u8>> {
    let object = blob(house, house.firm.org, sha256).await?.object?;
    Some(house.state().media.depot().get(&object).await.unwrap().to_vec())
}

/// Every file in the store of photos, with what is due done first.
pub async fn files(house: &House) -> Vec<std::path::PathBuf> {
    house.state().timers().do_due().await.unwrap();
    walk(&house.photos())
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
