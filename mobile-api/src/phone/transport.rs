//! How the engine talks to the server: one request, one answer. Tests put a transport of their own in between
//! and cut the line before or after the server has acted.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

pub use self::http::HttpTransport;

mod http;

/// A boxed future, so that transports can be chosen while the program runs.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, TransportError>> + Send + 'a>>;

/// Carries requests to the server.
pub trait Transport: Send + Sync {
    /// Sends one request and waits for the whole answer. Must end within [`Request::timeout`]: the evidence of
    /// time counts on it that no envelope is on its way for longer.
    fn send(&self, request: Request) -> Answer<'_, Response>;

    /// Listens to the server's pokes and calls `poked` with the text of each, until the line breaks. Polling works
    /// without it.
    fn listen<'a>(&'a self, _request: Request, _poked: &'a (dyn Fn(&str) + Send + Sync)) -> Answer<'a, ()> {
        Box::pin(std::future::pending())
    }
}

/// A request to the server.
#[derive(Clone)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// The path with its query, from the root: `/v1/sync/push`.
    pub path: String,
    /// The access token.
    pub bearer: Option<String>,
    /// JSON, unless a header says otherwise.
    pub body: Option<Vec<u8>>,
    /// Further headers, their names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// When to give up.
    pub timeout: Duration,
}

/// The methods that the engine uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Everything else.
    Post,
    /// Asks how much of an upload has arrived.
    Head,
    /// Goes on with an upload.
    Patch,
}

/// Half of [`crate::evidence::FLIGHT_MS`], so that an envelope is never read later than the evidence allows for.
const TIMEOUT: Duration = Duration::from_secs(60);

impl Request {
    /// A request without a body.
    pub fn bare(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), bearer: None, body: None, headers: Vec::new(), timeout: TIMEOUT }
    }

    /// Reads `path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::bare(Method::Get, path)
    }

    /// Sends `body` to `path`.
    ///
    /// # Errors
    /// If `body` cannot be written as JSON.
    pub fn post(path: impl Into<String>, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        let body = Some(serde_json::to_vec(body)?);
        Ok(Self { body, ..Self::bare(Method::Post, path) })
    }
}

/// Without the token and without the body: neither belongs in a log.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} ({} bytes)", self.method, self.path, self.body.as_ref().map_or(0, Vec::len))
    }
}

/// The server's answer, whatever its status.
#[derive(Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the server did what was asked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Reads the body.
    ///
    /// # Errors
    /// If the body is not the JSON that was expected.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
    }
}

/// There was no answer. The server may have acted all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it broke.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// Nothing came in time.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The answer was longer than any that the server gives.
    #[error("the answer was too long")]
    TooLong,
}
