//! Logs: structured, with the request id, the actor and the device on every line of a request.
//!
//! Never logged: bodies, query strings, tokens, names, phone numbers, addresses, or the paths of requests (only their
//! patterns: a customer's link carries its secret in the path). People appear as account ids.

use std::{fmt::Display, panic};

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
        LogFormat::Human => registry.with(lines.with_target(false)).try_init()?,
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
