//! "Something changed": server-sent events without data, so that a device need not poll.

use std::time::Duration;

use actix_web::{
    HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_ENCODING, HeaderValue},
    web::{Bytes, Data},
};

use super::api::TAG;
use crate::{access::Authenticated, app::AppState, error::Error, operations::store as ledger};

/// How often a sign of life is sent, so that middle-boxes keep the connection and dead ones are noticed.
const SIGN_OF_LIFE: Duration = Duration::from_secs(25);

/// Be told that something changed
///
/// A stream of server-sent events (`text/event-stream`): `event: changed` with the organisation's version as data, at
/// once and whenever it rises. It carries no records and nothing that the caller could not know; whoever hears it pulls.
/// Everything works without it, by polling.
#[utoipa::path(tag = TAG, operation_id = "watch_events", responses(
    (status = 200, body = String, content_type = "text/event-stream", description = "The stream",
        example = "event: changed\ndata: {\"version\":1042}\n\n"),
))]
#[get("/sync/events")]
pub(super) async fn watch_events(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
) -> Result<HttpResponse, Error> {
    let org = actor.org;
    let version = state.db.read(move |conn| ledger::version(conn, org)).await?;
    let mut versions = state.pokes.listen(org, version);
    versions.mark_changed();
    let draining = state.lifecycle.draining();
    let stream = async_stream::stream! {
        tokio::pin!(draining);
        loop {
            tokio::select! {
                () = &mut draining => return,
                changed = versions.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let version = *versions.borrow_and_update();
                    yield Ok::<_, Error>(Bytes::from(format!("event: changed\ndata: {{\"version\":{version}}}\n\n")));
                }
                () = tokio::time::sleep(SIGN_OF_LIFE) => yield Ok(Bytes::from_static(b": still here\n\n")),
            }
        }
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        // A compressor would hold events back until its buffer is full.
        .insert_header((CONTENT_ENCODING, HeaderValue::from_static("identity")))
        .streaming(stream))
}
