//! Logs: structured, with the request id, the actor and the device on every line of a request.
//!
//! Never logged: bodies, query strings, tokens, names, phone numbers, addresses, or the paths of requests (only their
//! patterns: a customer's link carries its secret in the path). People appear as account ids.

use std::{fmt::Display, io::IsTerminal, panic};

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use tracing::{Span, field};
use tracing_actix_web::{RequestId, RootSpan, RootSpanBuilder};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};
use uuid::Uuid;

use crate::config::{Log, LogFormat};

/// What is logged without any setting.
const DEFAULT_FILTER: &str = "info,actix_server=warn";

/// Starts logging to standard error, so that standard output stays free for what a command prints. Once a process.
///
/// # Errors
/// A filter that cannot be read, or a second call.
pub fn init(log: &Log) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let filter = EnvFilter::try_new(log.filter.as_deref().unwrap_or(DEFAULT_FILTER))?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    match log.format {
        LogFormat::Human => {
            registry.with(lines.with_ansi(std::io::stderr().is_terminal()).with_target(false)).try_init()?
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true).with_current_span(false)).try_init()?,
    }
    log_panics();
    Ok(())
}

/// Panics go to the log with the span they happened in, instead of as loose text to standard error.
fn log_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let message = text.or(payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        tracing::error!(place, "panicked: {message}");
    }));
}

/// The span around each request. Its fields are on every line that is logged inside.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let route = request.match_pattern().unwrap_or_else(|| "unknown".to_owned());
        tracing::info_span!(
            "request",
            request_id = request_id(request).map(field::display),
            method = %request.method(),
            route,
            actor = field::Empty,
            device = field::Empty,
        )
    }

    /// Nothing: the edge logs each answer, because only it knows the code.
    fn on_request_end<B: MessageBody>(_: Span, _: &Result<ServiceResponse<B>, Error>) {}
}

/// The id of a request: in its log lines, in the `x-request-id` header and in problem documents.
pub fn request_id(request: &impl HttpMessage) -> Option<Uuid> {
    request.extensions().get::<RequestId>().map(|id| **id)
}

/// Notes in the request's span who is speaking; for the guard, as soon as it knows.
pub fn record_actor(request: &impl HttpMessage, user: impl Display, device: Option<impl Display>) {
    if let Some(span) = request.extensions().get::<RootSpan>() {
        span.record("actor", field::display(user));
        if let Some(device) = device {
            span.record("device", field::display(device));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use actix_web::{App, HttpRequest, HttpResponse, middleware::from_fn, test as http, web};
    use tracing_actix_web::TracingLogger;

    use super::*;
    use crate::edge::{REQUEST_ID, edge};

    async fn link(request: HttpRequest) -> HttpResponse {
        record_actor(&request, "the-account", Some("the-device"));
        tracing::info!("inside");
        HttpResponse::Ok().finish()
    }

    #[actix_web::test]
    async fn every_line_of_a_request_says_whose_it_is_and_nothing_private() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = lines.clone();
        let sink = move || Lines(writer.clone());
        let layer = fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(sink);
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));

        let app = App::new().wrap(from_fn(edge)).wrap(TracingLogger::<RequestSpan>::new());
        let app = http::init_service(app.route("/links/{secret}", web::get().to(link))).await;
        let request =
            http::TestRequest::get().uri("/links/s3cret?token=s3cret").insert_header(("authorization", "s3cret"));
        let answer = http::call_service(&app, request.to_request()).await;
        let id = answer.headers().get(REQUEST_ID).unwrap().to_str().unwrap().to_owned();

        let text = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "one of the handler, one of the edge: {text}");
        assert!(!text.contains("s3cret"), "{text}");
        for line in text.lines() {
            for part in [id.as_str(), "the-account", "the-device", "/links/{secret}"] {
                assert!(line.contains(part), "{part} in {line}");
            }
        }
    }

    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
