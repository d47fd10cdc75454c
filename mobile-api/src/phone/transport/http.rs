#[cfg(test)]
mod tests;

use std::time::Duration;

use reqwest::{
    Client, RequestBuilder,
    header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};

use super::{Answer, Method, Request, Response, Transport, TransportError};

/// No answer of the server is longer, in bytes; anything that is comes from something else on the way.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// A line on which nothing came for so long is dead: on the one that carries pokes the server gives a sign of life
/// every 25 seconds.
const SILENCE: Duration = Duration::from_secs(60);

/// Longest line of a poke that is read, in bytes.
const LONGEST_POKE: usize = 256;

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// The real server, over HTTP.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: Client,
    base: String,
    language: String,
}

impl HttpTransport {
    /// `base` is the server's address without a path, `https://doorstep.example`; `language` is for the texts of
    /// problems (`en`, `zh-CN`).
    ///
    /// # Errors
    /// If the TLS library cannot be set up.
    pub fn new(base: &str, language: &str) -> Result<Self, TransportError> {
        // A redirect comes from a captive portal, never from the server.
        let builder = Client::builder().redirect(Policy::none());
        let builder = builder.connect_timeout(CONNECT_TIMEOUT).read_timeout(SILENCE);
        let client = builder.build().map_err(failed)?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), language: language.to_owned() })
    }

    fn builder(&self, request: Request) -> RequestBuilder {
        let url = format!("{}{}", self.base, request.path);
        let mut builder = match request.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
            Method::Head => self.client.head(url),
            Method::Patch => self.client.patch(url),
        };
        if let Some(token) = request.bearer {
            builder = builder.bearer_auth(token);
        }
        if let Some(body) = request.body {
            if !request.headers.iter().any(|(name, _)| *name == CONTENT_TYPE.as_str()) {
                builder = builder.header(CONTENT_TYPE, "application/json");
            }
            builder = builder.body(body);
        }
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        builder.header(ACCEPT_LANGUAGE, &self.language)
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let timeout = request.timeout;
        let mut answer = self.builder(request).timeout(timeout).send().await.map_err(failed)?;
        let (status, retry_after) = (answer.status().as_u16(), retry_after(answer.headers()));
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers = answer.headers().iter().filter_map(text).collect();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(TransportError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, retry_after, headers, body })
    }

    async fn events(&self, request: Request, poked: &(dyn Fn(&str) + Send + Sync)) -> Result<(), TransportError> {
        let builder = self.builder(request).header(ACCEPT, "text/event-stream");
        let mut answer = builder.send().await.map_err(failed)?;
        if !answer.status().is_success() {
            return Err(TransportError::Unreachable(format!("events: status {}", answer.status())));
        }
        let mut line = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            for byte in chunk {
                match byte {
                    b'\n' => {
                        if let Some(data) = line.strip_prefix(b"data:") {
                            poked(String::from_utf8_lossy(data).trim());
                        }
                        line.clear();
                    }
                    // A poke is short, so a line without end cannot fill the memory.
                    _ if line.len() < LONGEST_POKE => line.push(byte),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> Answer<'_, Response> {
        Box::pin(self.exchange(request))
    }

    fn listen<'a>(&'a self, request: Request, poked: &'a (dyn Fn(&str) + Send + Sync)) -> Answer<'a, ()> {
        Box::pin(self.events(request, poked))
    }
}

fn failed(error: reqwest::Error) -> TransportError {
    if error.is_timeout() {
        TransportError::TimedOut
    } else {
        TransportError::Unreachable(error.without_url().to_string())
    }
}

/// Seconds only: the server never sends a date, and a date would have to be judged by the phone's clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
