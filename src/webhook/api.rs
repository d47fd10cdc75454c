//! Webhooks over HTTP: the list, the signing key, how deliveries stand. Single ones and what changes them are in `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, HeaderValue},
    web::{self, Data, Path},
};
use chrono::{DateTime, Utc};
use mobile_api::{Id, record::Kind, webhook::Webhook};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{list, signature::SigningKey, store};
use crate::{
    access::Authenticated,
    app::AppState,
    db::Conn,
    error::{Code, Error},
    json::Json,
    operations::{self, DoorError, reading},
    paging::{self, Ask, Depends},
    query::Query,
};

/// The tag of these addresses in the API document.
const TAG: &str = "webhooks";

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/webhooks", web::get().to(list_webhooks)).service(get_key).service(get_deliveries);
}

/// Which page of webhooks.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WebhookFilter {
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most webhooks of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

async fn list_webhooks(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<WebhookFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::list(conn, actor, ask);
    paging::answer(&state, &request, actor, Kind::Webhook, ask, Depends::OnRecords, load).await
}

/// What events are signed with.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "edition": 1, "key": "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=" }))]
pub struct WebhookKey {
    /// Which edition.
    pub edition: u32,
    /// The key, as libraries of the Standard Webhooks take it.
    pub key: String,
}

/// Show what a webhook's events are signed with
///
/// For administrators and managers of the whole organisation. `webhook.rotate_key` makes another one.
#[utoipa::path(tag = TAG, operation_id = "get_webhook_key",
    params(("id" = Uuid, Path, description = "The webhook", example = "01930000-0000-7000-8000-0000000000a0")),
    responses((status = 200, body = WebhookKey, description = "The key")))]
#[get("/webhooks/{id}/key")]
async fn get_key(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<HttpResponse, Error> {
    let (org, id) = (actor.org, Id::<Webhook>::new(*id));
    let read = move |conn: &mut Conn| {
        let webhook = reading::record(conn, &actor, id)?;
        Ok::<_, DoorError>((webhook, operations::store::secret(conn, org)?))
    };
    let (webhook, secret) = state.db.read(read).await?;
    let webhook: Webhook = webhook.ok_or(Code::NotFound)?;
    let key = WebhookKey { edition: webhook.key, key: SigningKey::of(&secret, &webhook).shown() };
    let mut answer = HttpResponse::Ok().json(key);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// How a webhook's deliveries stand.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "version": 1204, "head": 1210, "attempts": 3, "failing_since": "2026-11-22T04:00:00Z", "last_error": "answered 500",
    "next_at": "2026-11-22T04:00:35Z", "delivered_at": "2026-11-22T03:59:58Z"
}))]
pub struct Deliveries {
    /// The organisation's version up to which everything is delivered.
    pub version: u64,
    /// The organisation's version now.
    pub head: u64,
    /// How often the next event was sent in vain.
    pub attempts: u32,
    /// Since when.
    pub failing_since: Option<DateTime<Utc>>,
    /// What the receiver, or the way to it, said last.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub next_at: DateTime<Utc>,
    /// When an event was delivered last.
    pub delivered_at: Option<DateTime<Utc>>,
}

/// Show how a webhook's deliveries stand
///
/// How far it is behind, and why, if it is.
#[utoipa::path(tag = TAG, operation_id = "get_webhook_deliveries",
    params(("id" = Uuid, Path, description = "The webhook", example = "01930000-0000-7000-8000-0000000000a0")),
    responses((status = 200, body = Deliveries, description = "How they stand")))]
#[get("/webhooks/{id}/deliveries")]
async fn get_deliveries(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<Json<Deliveries>, Error> {
    let id = *id;
    let read = move |conn: &mut Conn| {
        let seen = reading::record(conn, &actor, Id::<Webhook>::new(id))?;
        Ok::<_, DoorError>(match seen {
            Some(_) => store::standing(conn, actor.org, id)?,
            None => None,
        })
    };
    let standing = state.db.read(read).await?.ok_or(Code::NotFound)?;
    let store::Standing { version, head, attempts, failing_since, last_error, next_at, delivered_at } = standing;
    Ok(Json(Deliveries { version, head, attempts, failing_since, last_error, next_at, delivered_at }))
}
