//! Operations and records over HTTP: one address per line of the catalogue, one per record, one per history.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETAG, IF_MATCH, IF_NONE_MATCH},
    web::{self, Data, Path},
};
use mobile_api::{
    Actor,
    catalogue::{Action, OPERATIONS, ParseError},
    operation::Spec,
    record::{Kind, Ref},
    refusal::Refusal,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    DoorError, Online,
    incoming::derived_id,
    reading,
    timeline::{self, HistoryEntry},
};
use crate::{
    access::Authenticated,
    app::{self, AppState},
    db::Conn,
    error::{Code, Error},
    json::{self, Json},
    paging::{self, Ask},
    query::Query,
};

/// Registers the addresses of this subject, relative to `/v1`: for each kind of record the record and its history, and
/// whatever the catalogue has. Register it last, because it takes any three segments.
pub fn routes(cfg: &mut ServiceConfig) {
    for kind in Kind::ALL.iter().copied() {
        let path = format!("/{}/{{id}}", kind.path());
        cfg.route(&path, web::get().to(move |state, request, actor, id| get_record(kind, state, request, actor, id)));
        let history = move |state, actor, id, query| list_history(kind, state, actor, id, query);
        cfg.route(&format!("{path}/history"), web::get().to(history));
    }
    cfg.route("/{kind}/{id}/{verb}", web::post().to(perform_operation));
}

/// `POST /v1/{kind}/{id}/{verb}`: whatever the catalogue has.
async fn perform_operation(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    path: Path<(String, String, String)>,
    Json(payload): Json<Box<RawValue>>,
) -> Result<HttpResponse, Error> {
    let (kind, entity, verb) = path.into_inner();
    let spec = line(&kind, &verb).ok_or_else(|| app::nothing_at(request.path()))?;
    let entity = Uuid::parse_str(&entity).map_err(|cause| Error::new(Code::NotFound).because(cause))?;
    let action = read(spec, &payload)?;
    let expected_rev = expected(&state, &request, &actor, Ref::new(spec.kind, entity)).await?;
    let id = operation_id(&state, &request, &actor)?;
    let performed = state.door.perform(actor, Online { id, action, entity, expected_rev }).await?;
    state.forget(&performed.after);
    let mut answer = HttpResponse::Ok();
    // Of a deleted record there is no version to name, and a merged one answers for the order that stayed.
    let is_there = performed.record.as_ref().is_some_and(|(_, record)| record.address().id == entity);
    if let Some(rev) = performed.verdict.rev.filter(|_| is_there) {
        answer.insert_header((ETAG, etag(rev)));
    }
    Ok(answer.json(performed.verdict))
}

fn line(kind: &str, verb: &str) -> Option<&'static Spec> {
    // The address has hyphens only: `sign-off`, not `sign_off`.
    let verb = if verb.contains('_') { return None } else { verb.replace('-', "_") };
    OPERATIONS.iter().find(|spec| spec.kind.path() == kind && spec.verb == verb)
}

fn read(spec: &Spec, payload: &RawValue) -> Result<Action, Error> {
    Action::parse(spec.name, payload).map_err(|error| match error {
        ParseError::UnknownType => Code::UnknownOperation.into(),
        ParseError::Payload { pointer, cause } => json::unsuitable(&cause, pointer),
    })
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

/// The revision that the caller insists on: that of `If-Match`, or none at all for `If-None-Match: *`.
async fn expected(state: &AppState, request: &HttpRequest, actor: &Actor, about: Ref) -> Result<Option<u64>, Error> {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default().trim());
    match (header(IF_MATCH), header(IF_NONE_MATCH)) {
        (None, None) => Ok(None),
        (None, Some("*")) => Ok(Some(0)),
        (Some("*"), None) => {
            // Records are never undone, so what is here now is here when the operation is judged.
            let actor = actor.clone();
            let found = state.db.read(move |conn| reading::visible(conn, &actor, about)).await?;
            found.map(|_| None).ok_or_else(|| Code::PreconditionFailed.into())
        }
        (Some(tag), None) => revision(tag).map(Some),
        _ => Err(Code::BadRequest.into()),
    }
}

/// The revision of one `ETag`. A weak one never fits, because it promises less than a write needs (RFC 9110, 13.1.1).
fn revision(tag: &str) -> Result<u64, Error> {
    let bare = |tag: &str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    match tag.strip_prefix("W/") {
        Some(weak) if bare(weak).is_some() => Err(Code::PreconditionFailed.into()),
        _ => bare(tag).ok_or_else(|| Code::BadRequest.into()),
    }
}

/// `GET /v1/{kind}/{id}`: the record, for those who may see it.
async fn get_record(
    kind: Kind,
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<HttpResponse, Error> {
    let about = Ref::new(kind, *id);
    let found = state.db.read(move |conn| reading::visible(conn, &actor, about)).await?;
    let found = found.ok_or(Code::NotFound)?;
    let tag = etag(found.rev);
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = known.is_some_and(|known| paging::lists(known, &tag));
    let mut answer = if same { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "private, no-cache"));
    Ok(if same { answer.finish() } else { answer.content_type("application/json").body(found.body) })
}

/// Which page of a history.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most entries of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// A page of a history, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct History {
    /// The entries.
    pub items: Vec<HistoryEntry>,
    /// The `cursor` of the next page; `null` if this was the last.
    pub next: Option<String>,
}

/// `GET /v1/{kind}/{id}/history`: every operation on a record.
async fn list_history(
    kind: Kind,
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<History>, Error> {
    let about = Ref::new(kind, *id);
    let ask: Ask<u64> = Ask::read(&state, query.cursor.as_deref(), query.limit)?;
    let (after, rows) = (ask.after, ask.rows());
    let read = move |conn: &mut Conn| {
        reading::visible(conn, &actor, about)?.ok_or(Refusal::NotFound)?;
        if !reading::may_read_history(&actor, kind) {
            return Err(DoorError::Refused(Refusal::Forbidden));
        }
        timeline::history(conn, actor.org, about, after, rows)
    };
    let mut items = state.db.read(read).await?;
    let more = items.len() > ask.limit;
    items.truncate(ask.limit);
    let next = items.last().filter(|_| more).map(|last| paging::cursor(&(last.version, last.id))).transpose()?;
    Ok(Json(History { items, next }))
}
