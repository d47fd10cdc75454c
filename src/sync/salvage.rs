//! The last resort (S19): what a device still has that may no longer push. Everything is kept for a person, nothing is
//! applied, and nothing but the fate of the operations is told.

use std::sync::Arc;

use actix_web::{post, web::Data};
use mobile_api::{
    Actor, Role,
    sync::{SalvageRequest, SalvageResponse, Salvaged},
};
use uuid::Uuid;

use super::api::{TAG, at_most};
use crate::{
    access::{AccessError, Bringer},
    app::AppState,
    error::Error,
    json::Json,
    operations::{DoorError, Incoming, store as ledger},
};

/// Save what a locked-out device still has
///
/// For a device that was revoked, whose owner's account was disabled, or whose app is too old to push. The device proves
/// itself by its last access token, even an expired one; an administrator, manager or dispatcher may bring in another's
/// outbox as well. Every operation is kept and opens a review; none is applied. Sending it again changes nothing.
#[utoipa::path(tag = TAG, operation_id = "salvage_operations", request_body(content = SalvageRequest, example = json!({
    "device": "0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11",
    "operations": [{
        "id": "0199a1f0-8000-7000-8000-000000000001", "seq": 17, "type": "work_order.note",
        "entity": "01930000-0000-7000-8000-000000000030", "payload": { "text": "Valve replaced, paid in cash" }
    }]
})), responses((status = 200, body = SalvageResponse, description = "Kept", example = json!({
    "operations": [{ "id": "0199a1f0-8000-7000-8000-000000000001", "status": "kept" }]
}))))]
#[post("/sync/salvage")]
pub(super) async fn salvage_operations(
    state: Data<AppState>,
    bringer: Bringer,
    Json(body): Json<SalvageRequest>,
) -> Result<Json<SalvageResponse>, Error> {
    let SalvageRequest { device, operations } = body;
    at_most(operations.len(), state.sync_limits().push_operations)?;
    let owner = owner(&state, bringer, device).await?;
    let operations = operations.into_iter().map(|raw| Arc::new(Incoming::read(raw, device))).collect();
    let outcome = state.door.salvage(owner, device, operations).await.map_err(Error::from)?;
    tracing::warn!(%device, operations = outcome.verdicts.len(), "operations salvaged");
    let operations = outcome.verdicts.into_iter().map(|verdict| Salvaged { id: verdict.id, status: verdict.status });
    Ok(Json(SalvageResponse { operations: operations.collect() }))
}

/// Whose work it is: the device's owner, if the bringer is that person on that device, or may speak for the office.
async fn owner(state: &AppState, bringer: Bringer, device: Uuid) -> Result<Actor, Error> {
    let Bringer { session, actor } = bringer;
    let org = session.org;
    let row = state.db.read(move |conn| ledger::device(conn, org, device)).await?.ok_or(DoorError::UnknownDevice)?;
    let own = row.user == session.user && (session.device == Some(device) || actor.is_some());
    let for_the_office =
        actor.as_ref().is_some_and(|actor| matches!(actor.role, Role::Admin | Role::Manager | Role::Dispatcher));
    match (own || for_the_office, actor.is_some()) {
        (true, _) => Ok(state.access.owner(row.user, device).await?),
        (false, true) => Err(DoorError::UnknownDevice.into()),
        (false, false) => Err(AccessError::TokenExpired.into()),
    }
}
