//! The last thing before an answer leaves: every failure, of whatever making, becomes a problem document in the
//! reader's language, and is logged once with its cause.

use std::{panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use futures_util::FutureExt;
use uuid::Uuid;

use crate::{
    config::Limits,
    error::{Code, Error},
    lifecycle::Lifecycle,
    media::uploads::{
        api::{BODY_TIME, is_upload},
        headers::VERSION,
    },
    problem::{self, Language},
    telemetry,
};

/// The header that carries the request id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Marks a failure (in its extensions) whose body is meant as it is: a page for people at an address for people.
#[derive(Clone, Copy, Debug)]
pub struct Deliberate;

/// The header by which an answer belongs to the upload protocol, which wants it on all of them.
const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");

/// Middleware (`from_fn`): time limit, panics, problem documents, request id, one log line for each answer.
///
/// It must lie outside of every middleware that can fail, and inside of the one that makes the request id.
pub async fn edge<B>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error>
where
    B: MessageBody + 'static,
{
    let view = View::of(&request);
    let mut limit = Limits::of(request.request()).request_time();
    if view.is_upload {
        // A photo on a bad line takes as long as it takes; the handler ends a body that is silent or endless.
        limit += BODY_TIME;
    }
    // In a block of its own, because a middleware may panic before it returns its future.
    let answer = AssertUnwindSafe(async { next.call(request).await }).catch_unwind();
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(Ok(response))) => Ok(view.finish(response)),
        Ok(Ok(Err(error))) => Err(view.fail(translated(&error, |error| view.render(error)))),
        Ok(Err(_panic)) => Err(view.fail(view.render(&Error::new(Code::Internal)))),
        Err(_elapsed) => Err(view.fail(view.render(&Error::new(Code::Timeout)))),
    }
}

/// What is needed of a request to answer it, when the request itself is gone (after a panic or a time-out).
struct View {
    id: Option<Uuid>,
    language: Option<HeaderValue>,
    /// Probes come every few seconds and would drown the rest.
    is_probe: bool,
    is_upload: bool,
    draining: bool,
    started: Instant,
}

impl View {
    fn of(request: &ServiceRequest) -> Self {
        Self {
            id: telemetry::request_id(request),
            language: request.headers().get(header::ACCEPT_LANGUAGE).cloned(),
            is_probe: request.path().starts_with("/health/"),
            is_upload: is_upload(request.path()),
            draining: request.app_data::<Lifecycle>().is_some_and(Lifecycle::is_draining),
            started: Instant::now(),
        }
    }

    fn finish<B: MessageBody + 'static>(&self, response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        let (request, response) = response.into_parts();
        let mut response = match self.document(&response) {
            Some(document) => document.map_into_right_body(),
            None => {
                self.log(response.status(), None);
                response.map_into_left_body()
            }
        };
        self.sign(response.headers_mut());
        if self.draining {
            // A kept connection would outlive the drain only to be cut.
            response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
        }
        ServiceResponse::new(request, response)
    }

    /// The problem document that takes the place of a failure, with those headers of the failure that do not
    /// describe its body. Nothing for a success, or a failure that is a problem document already.
    fn document<B>(&self, response: &HttpResponse<B>) -> Option<HttpResponse> {
        let mut document = match response.error() {
            Some(error) => translated(error, |error| self.render(error)),
            None => self.render(&Error::new(bare_failure(response)?)),
        };
        for (name, value) in response.headers() {
            if !name.as_str().starts_with("content-") && !document.headers().contains_key(name) {
                document.headers_mut().append(name.clone(), value.clone());
            }
        }
        Some(document)
    }

    /// An answer for when there is no request any more that a response could belong to.
    fn fail(&self, mut document: HttpResponse) -> actix_web::Error {
        self.sign(document.headers_mut());
        InternalError::from_response("already answered", document).into()
    }

    fn render(&self, error: &Error) -> HttpResponse {
        self.log(error.code().status(), Some(error));
        problem::response(error, Language::negotiate(self.language.as_ref()), self.id)
    }

    fn sign(&self, headers: &mut HeaderMap) {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.is_upload {
            headers.insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
        }
        if let Some(id) = self.id.and_then(|id| HeaderValue::from_str(&id.to_string()).ok()) {
            headers.insert(REQUEST_ID, id);
        }
    }

    /// The one line that each answer leaves in the log.
    fn log(&self, status: StatusCode, error: Option<&Error>) {
        let duration_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let status = status.as_u16();
        let Some(error) = error else {
            match self.is_probe {
                true => tracing::debug!(status, duration_us, "answered {status}"),
                false => tracing::info!(status, duration_us, "answered {status}"),
            }
            return;
        };
        let cause = error.cause().map(|cause| causes(cause.as_ref()));
        // A probe that is refused tells its own watcher; the requests that fail will tell of the rest.
        if error.code().deserves_alert() && !self.is_probe {
            tracing::error!(status, code = %error, cause, duration_us, "answered {status} {error}");
        } else {
            tracing::info!(status, code = %error, cause, duration_us, "answered {status} {error}");
        }
    }
}

/// Hands on our error out of actix's wrapper, or makes one for an error of a library.
fn translated<R>(error: &actix_web::Error, answer: impl FnOnce(&Error) -> R) -> R {
    match error.as_error::<Error>() {
        Some(ours) => answer(ours),
        None => {
            let code = Code::of_status(error.as_response_error().status_code());
            answer(&Error::new(code).because(error.to_string()))
        }
    }
}

/// The code for a failure that somebody answered with a status, but without an error of ours.
fn bare_failure<B>(response: &HttpResponse<B>) -> Option<Code> {
    if response.extensions().contains::<Deliberate>() {
        return None;
    }
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_failure = status.is_client_error() || status.is_server_error();
    let code = Code::of_status(status);
    // A status that no code has (say, 416) says more than the nearest code would.
    (is_failure && kind != Some(problem::MEDIA_TYPE.as_bytes()) && code.status() == status).then_some(code)
}

/// An error and everything behind it, on one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
