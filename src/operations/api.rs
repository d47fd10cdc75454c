//! Operations and records over HTTP: one address per line of the catalogue, one per record, one per history.

use actix_web::{
    HttpRequest, HttpResponse, Route,
    http::header::{ETAG, IF_MATCH, IF_NONE_MATCH},
    web::{self, Data, Path, Query},
};
use mobile_api::{
    Actor,
    catalogue::{Action, OPERATIONS, ParseError},
    operation::Spec,
    record::{Kind, Ref},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{DoorError, Online, incoming::derived_id, reading};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error, FieldError},
    json::Json,
};

/// `POST /v1/{kind}/{id}/{verb}`: whatever the catalogue has.
pub fn perform() -> Route {
    web::post().to(perform_operation)
}

async fn perform_operation(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    path: Path<(String, Uuid, String)>,
    Json(payload): Json<Box<RawValue>>,
) -> Result<HttpResponse, Error> {
    let (kind, entity, verb) = path.into_inner();
    let spec = line(&kind, &verb).ok_or(Code::NotFound)?;
    let action = Action::parse(spec.name, &payload).map_err(unreadable)?;
    let expected_rev = if_match(&request)?;
    let id = operation_id(&state, &request, &actor)?;
    let performed = state.door.perform(actor, Online { id, action, entity, expected_rev }).await?;
    state.forget(&performed.after);
    let mut answer = HttpResponse::Ok();
    if let Some(rev) = performed.verdict.rev {
        answer.insert_header((ETAG, etag(rev)));
    }
    Ok(answer.json(performed.verdict))
}

fn line(kind: &str, verb: &str) -> Option<&'static Spec> {
    let verb = verb.replace('-', "_");
    OPERATIONS.iter().find(|spec| spec.kind.path() == kind && spec.verb == verb)
}

fn unreadable(error: ParseError) -> Error {
    match error {
        ParseError::UnknownType => Code::UnknownOperation.into(),
        ParseError::Payload(cause) => FieldError::new("", "malformed", cause.to_string()).into(),
    }
}

/// The operation's id: the idempotency key if it is a UUID, an id that follows from it if it is any other text, and
/// a new one if there is none.
fn operation_id(state: &AppState, request: &HttpRequest, actor: &Actor) -> Result<Uuid, Error> {
    let Some(key) = request.headers().get("idempotency-key") else { return Ok(state.clock.new_id()) };
    let key = key.to_str().ok().map(str::trim).filter(|key| (1..=200).contains(&key.len()));
    let key = key.ok_or_else(|| Error::new(Code::BadRequest))?;
    Ok(Uuid::parse_str(key).unwrap_or_else(|_| derived_id(&[actor.user.uuid().as_bytes(), key.as_bytes()])))
}

/// `"7"`: the record's revision.
pub fn etag(rev: u64) -> String {
    format!("\"{rev}\"")
}

fn if_match(request: &HttpRequest) -> Result<Option<u64>, Error> {
    let Some(value) = request.headers().get(IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let rev = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    rev.map(Some).ok_or_else(|| Code::PreconditionFailed.into())
}

/// `GET /v1/{kind}/{id}`: the record, for those who may see it.
pub async fn get_record(
    state: &AppState,
    request: &HttpRequest,
    actor: Actor,
    about: Ref,
) -> Result<HttpResponse, Error> {
    let found = state.db.read(move |conn| reading::visible(conn, &actor, about)).await?;
    let found = found.ok_or(Code::NotFound)?;
    let tag = etag(found.rev);
    let seen = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if seen.is_some_and(|seen| seen.split(',').any(|one| one.trim() == tag)) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).content_type("application/json").body(found.body))
}

/// A page of a history.
#[derive(Clone, Debug, Deserialize)]
pub struct HistoryQuery {
    /// `cursor` of the last page.
    pub cursor: Option<String>,
    /// Most entries.
    pub limit: Option<u32>,
}

/// `GET /v1/{kind}/{id}/history`: every operation on a record.
pub async fn get_history(
    state: &AppState,
    actor: Actor,
    about: Ref,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse, Error> {
    let limit = query.limit.unwrap_or(100).clamp(1, 500);
    let after = query.cursor.as_deref().map(place).transpose()?;
    let entries = state
        .db
        .read(move |conn| {
            if reading::visible(conn, &actor, about)?.is_none() {
                return Err(DoorError::Refused(mobile_api::refusal::Refusal::NotFound));
            }
            super::timeline::history(conn, actor.org, about, after, i64::from(limit))
        })
        .await?;
    let next = (entries.len() == limit as usize).then(|| entries.last().map(|e| format!("{}.{}", e.version, e.id)));
    Ok(HttpResponse::Ok().json(serde_json::json!({ "items": entries, "next": next.flatten() })))
}

fn place(cursor: &str) -> Result<(u64, Uuid), Error> {
    let parsed = cursor.split_once('.').and_then(|(version, id)| Some((version.parse().ok()?, id.parse().ok()?)));
    parsed.ok_or_else(|| Code::CursorInvalid.into())
}

/// The kind of this path segment.
pub fn kind_at(path: &str) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.path() == path)
}
