//! Synchronisation over HTTP.

use std::sync::Arc;

use actix_web::{
    HttpResponse, get,
    http::header::ContentType,
    post,
    web::{Data, Path},
};
use mobile_api::{
    Actor, Id,
    device::Register,
    refusal::Refusal,
    sync::{
        Config, DigestRequest, DigestResponse, DigestSum, LookupRequest, LookupResponse, PullRequest, PullResponse,
        PushRequest, PushResponse, RegisterRequest, SCHEMA, Verdict, VerdictStatus,
    },
    upload::CHUNK_BYTES,
};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{events, pull, salvage, scopes_of, store};
use crate::{
    access::Authenticated,
    app::AppState,
    db::Conn,
    error::{Code, Error, FieldError},
    json::Json,
    operations::{DoorError, Incoming, Online, Sender, incoming::derived_id, store as ledger},
};

/// The tag of these addresses in the API document.
pub const TAG: &str = "sync";

/// Oldest contract that this server still understands.
const OLDEST_SCHEMA: u32 = 1;

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(register_device)
        .service(get_config)
        .service(push_operations)
        .service(get_verdict)
        .service(list_verdicts)
        .service(pull_changes)
        .service(create_digest)
        .service(salvage::salvage_operations)
        .service(events::watch_events);
}

/// Register this device
///
/// The device makes its own id and keeps it; registering again changes nothing. Two people on one phone are two
/// devices. Answers the limits, the server's time and the epoch.
#[utoipa::path(tag = TAG, operation_id = "introduce_device", request_body(content = RegisterRequest, example = json!({
    "id": "0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11", "name": "Wang's phone", "platform": "android", "app_version": "1.4.0"
})), responses((status = 200, body = Config, description = "Registered", example = json!({
    "schemas": [1, 1], "push_operations": 200, "push_bytes": 4194304, "pull_changes": 500, "retention_days": 180,
    "photo_bytes": 67108864, "chunk_bytes": 8388608,
    "epoch": "0199a1f0-0000-7000-8000-00000000000e",
    "time": { "server_time": "2026-03-02T08:05:00.000000Z", "proof": "hV0q…" }
}))))]
#[post("/sync/devices")]
async fn register_device(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    Json(body): Json<RegisterRequest>,
) -> Result<Json<Config>, Error> {
    let RegisterRequest { id, name, platform, app_version } = body;
    let org = actor.org;
    let known = state.db.read(move |conn| ledger::device(conn, org, id)).await?;
    match known {
        Some(device) if device.user != actor.user.uuid() => return Err(Refusal::AlreadyExists.into()),
        Some(device) if device.revoked => return Err(Code::DeviceRevoked.into()),
        Some(_) => {}
        None => {
            let action = Register { name, platform, app_version }.into();
            let operation = derived_id(&[b"register", id.as_bytes()]);
            let online = Online { id: operation, action, entity: id, expected_rev: None };
            let performed = state.door.perform(actor.clone(), online).await.map_err(Error::from)?;
            state.forget(&performed.after);
        }
    }
    config(&state, &actor, id).await.map(Json)
}

/// Get the limits
///
/// How much a push and a page may hold, how long cursors stay valid, which contracts are understood, and the server's
/// time with its proof (see `docs/sync.md`).
#[utoipa::path(tag = TAG, operation_id = "get_config", responses((status = 200, body = Config, description = "The limits", example = json!({
    "schemas": [1, 1], "push_operations": 200, "push_bytes": 4194304, "pull_changes": 500, "retention_days": 180,
    "photo_bytes": 67108864, "chunk_bytes": 8388608,
    "epoch": "0199a1f0-0000-7000-8000-00000000000e",
    "time": { "server_time": "2026-03-02T08:05:00.000000Z", "proof": "hV0q…" }
}))))]
#[get("/sync/config")]
async fn get_config(state: Data<AppState>, Authenticated(actor): Authenticated) -> Result<Json<Config>, Error> {
    let device = actor.device.map(Id::uuid).unwrap_or_default();
    config(&state, &actor, device).await.map(Json)
}

async fn config(state: &AppState, actor: &Actor, device: Uuid) -> Result<Config, Error> {
    let (org, now) = (actor.org, state.clock.now());
    let limits = state.sync_limits();
    let push_bytes = state.config.limits.body_bytes as u64;
    let time = state.door.clock_proof(org).await?.stamp(now, device);
    let epoch = state.db.read(move |conn| ledger::epoch(conn, org)).await?;
    let schemas = (OLDEST_SCHEMA, SCHEMA);
    Ok(Config {
        schemas,
        push_operations: limits.push_operations,
        push_bytes,
        pull_changes: limits.pull_changes,
        retention_days: limits.retention_days,
        photo_bytes: state.config.limits.photo_bytes,
        chunk_bytes: CHUNK_BYTES,
        epoch,
        time,
    })
}

/// Send operations
///
/// Answers 200 with a verdict for each operation whenever the envelope can be read; an operation that cannot be applied
/// is kept for a person and delays no other. Sending an operation again returns its first verdict.
#[utoipa::path(tag = TAG, operation_id = "push_operations", request_body(content = PushRequest, example = json!({
    "device": "0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11", "schema": 1, "uptime_ms": 86_400_000,
    "boot_id": "0199a1f0-0000-7000-8000-000000000001",
    "operations": [{
        "id": "0199a1f0-8000-7000-8000-000000000001", "seq": 17, "type": "work_order.arrive",
        "entity": "01930000-0000-7000-8000-000000000030", "base_rev": 4,
        "evidence": {
            "wall": "2026-03-02T16:04:11.250+08:00", "uptime_ms": 85_000_000,
            "boot_id": "0199a1f0-0000-7000-8000-000000000001", "anchor": null
        },
        "payload": {}
    }]
})), responses((status = 200, body = PushResponse, description = "A verdict for each")))]
#[post("/sync/push")]
async fn push_operations(
    state: Data<AppState>,
    Authenticated(mut actor): Authenticated,
    Json(body): Json<PushRequest>,
) -> Result<Json<PushResponse>, Error> {
    let PushRequest { device, schema, uptime_ms, boot_id, anchor, operations } = body;
    understood(schema)?;
    at_most(operations.len(), state.sync_limits().push_operations)?;
    actor.device = Some(Id::new(device));
    let operations = operations.into_iter().map(|raw| Arc::new(Incoming::read(raw, device))).collect();
    let sender = Sender { device, uptime_ms, boot_id, anchor };
    let org = actor.org;
    let outcome = state.door.record(actor, sender, operations).await.map_err(Error::from)?;
    state.forget(&outcome.after);
    let time = state.door.clock_proof(org).await?.stamp(state.clock.now(), device);
    Ok(Json(PushResponse { verdicts: outcome.verdicts, time, version: outcome.version }))
}

fn understood(schema: u32) -> Result<(), Error> {
    if schema < OLDEST_SCHEMA { Err(Code::SchemaTooOld.into()) } else { Ok(()) }
}

pub(super) fn at_most(count: usize, most: u32) -> Result<(), Error> {
    if count > most as usize {
        return Err(FieldError::new("/operations", "too_long", format!("at most {most}")).into());
    }
    Ok(())
}

/// Ask for a verdict again
///
/// `unknown` means: the server has never stored this operation, send it. Only one's own operations are known.
#[utoipa::path(tag = TAG, operation_id = "get_verdict",
    params(("id" = Uuid, Path, description = "The operation", example = "0199a1f0-8000-7000-8000-000000000001")),
    responses((status = 200, body = Verdict, description = "What became of it")))]
#[get("/sync/operations/{id}")]
async fn get_verdict(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<Json<Verdict>, Error> {
    let verdicts = verdicts(&state, &actor, vec![*id]).await?;
    verdicts.into_iter().next().map(Json).ok_or_else(|| Code::NotFound.into())
}

/// Ask for verdicts again
///
/// In the order asked for; `unknown` means: send it.
#[utoipa::path(tag = TAG, operation_id = "list_verdicts", request_body(content = LookupRequest, example = json!({
    "operations": ["0199a1f0-8000-7000-8000-000000000001"]
})), responses((status = 200, body = LookupResponse, description = "What became of them")))]
#[post("/sync/operations/lookup")]
async fn list_verdicts(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    Json(body): Json<LookupRequest>,
) -> Result<Json<LookupResponse>, Error> {
    at_most(body.operations.len(), state.sync_limits().push_operations)?;
    let verdicts = verdicts(&state, &actor, body.operations).await?;
    Ok(Json(LookupResponse { verdicts }))
}

async fn verdicts(state: &AppState, actor: &Actor, ids: Vec<Uuid>) -> Result<Vec<Verdict>, Error> {
    let (org, user) = (actor.org, actor.user.uuid());
    let wanted = ids.clone();
    let mut known = state.db.read(move |conn| ledger::known(conn, org, &wanted)).await.map_err(Error::from)?;
    let unknown = |id| Verdict::bare(id, VerdictStatus::Unknown);
    let mut own = |id: Uuid| known.remove(&id).filter(|known| known.actor == user).map(|known| known.verdict);
    Ok(ids.into_iter().map(|id| own(id).unwrap_or_else(|| unknown(id))).collect())
}

/// Fetch what changed
///
/// Page by page: send the cursor of the last answer until `complete`. Without a cursor everything is fetched anew, and
/// the device keeps what it has not sent. What the device holds of scopes that the answer does not list is to be dropped.
#[utoipa::path(tag = TAG, operation_id = "pull_changes", request_body(content = PullRequest, example = json!({
    "device": "0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11", "schema": 1, "cursor": null, "limit": 200
})), responses(
    (status = 200, body = PullResponse, description = "A page", example = json!({
        "epoch": "0199a1f0-0000-7000-8000-00000000000e", "version": 1042, "cursor": "eyJlIjoi…", "complete": true,
        "scopes": ["catalog", "user:0199a1f0-0000-7000-8000-000000000012"],
        "changes": [
            { "scope": "user:0199a1f0-0000-7000-8000-000000000012", "kind": "unit",
              "id": "0199a1f0-0000-7000-8000-000000000003", "version": 1040, "rev": 2,
              "body": { "id": "0199a1f0-0000-7000-8000-000000000003", "name": "7-1203" } },
            { "scope": "user:0199a1f0-0000-7000-8000-000000000012", "kind": "work_order",
              "id": "01930000-0000-7000-8000-000000000030", "version": 1042 }
        ],
        "time": { "server_time": "2026-03-02T08:05:00.000000Z", "proof": "hV0q…" }
    })),
    (status = 410, body = crate::problem::Problem, content_type = "application/problem+json",
        description = "Start anew without a cursor: `cursor_too_old`, `cursor_other_epoch`, `cursor_ahead`"),
))]
#[post("/sync/pull")]
async fn pull_changes(
    state: Data<AppState>,
    Authenticated(mut actor): Authenticated,
    Json(body): Json<PullRequest>,
) -> Result<HttpResponse, Error> {
    let PullRequest { device, schema, cursor, limit } = body;
    understood(schema)?;
    actor.device = Some(Id::new(device));
    let most = state.sync_limits().pull_changes;
    let limit = limit.unwrap_or(most).clamp(1, most);
    let time = state.door.clock_proof(actor.org).await?.stamp(state.clock.now(), device);
    let json = state
        .db
        .read(move |conn| {
            own_device(conn, &actor, device)?;
            let page = pull::page(conn, actor.org, scopes_of(&actor), cursor.as_deref(), limit)?;
            page.to_json(&time)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header(ContentType::json()).body(json))
}

/// A device may only be spoken for by the account that registered it.
fn own_device(conn: &mut Conn, actor: &Actor, device: Uuid) -> Result<(), Error> {
    match ledger::device(conn, actor.org, device)? {
        Some(row) if row.user != actor.user.uuid() => Err(DoorError::UnknownDevice.into()),
        None => Err(DoorError::UnknownDevice.into()),
        Some(row) if row.revoked => Err(DoorError::DeviceRevoked.into()),
        Some(_) => Ok(()),
    }
}

/// Prove that both sides hold the same
///
/// Per scope a count and an order-free hash of what it holds. A device that computes the same holds the same.
#[utoipa::path(tag = TAG, operation_id = "create_digest", request_body(content = DigestRequest, example = json!({
    "device": "0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11"
})), responses((status = 200, body = DigestResponse, description = "One per scope", example = json!({
    "version": 1042, "scopes": [{ "scope": "catalog", "count": 53, "hash": "9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a" }]
}))))]
#[post("/sync/digest")]
async fn create_digest(
    state: Data<AppState>,
    Authenticated(mut actor): Authenticated,
    Json(body): Json<DigestRequest>,
) -> Result<Json<DigestResponse>, Error> {
    actor.device = Some(Id::new(body.device));
    let digest = state
        .db
        .read(move |conn| {
            own_device(conn, &actor, body.device)?;
            let version = store::head(conn, actor.org)?.version;
            let mut scopes = Vec::new();
            // Verdicts are messages, not holdings: a device may drop them once read.
            let holding = |scope: &mobile_api::Scope| !matches!(scope, mobile_api::Scope::Device(_));
            for scope in scopes_of(&actor).into_iter().filter(holding) {
                let mut sum = DigestSum::default();
                for row in store::holdings(conn, actor.org, scope)? {
                    sum.add(&row.kind, row.id, row.version);
                }
                scopes.push(sum.finish(scope));
            }
            Ok::<_, Error>(DigestResponse { version, scopes })
        })
        .await?;
    Ok(Json(digest))
}
