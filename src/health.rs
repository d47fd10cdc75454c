//! For whoever watches the server: is it alive, and may it be sent requests?

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use actix_web::{get, web::Data};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    app::AppState,
    db::Db,
    error::{Cause, Code, Error},
    json::Json,
    openapi,
};

/// Registers the addresses of this subject.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_liveness).service(get_readiness);
}

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `live` or `ready`.
    #[schema(example = "ready")]
    pub status: &'static str,
}

/// Whether the process is alive
///
/// Answers as long as the process can answer at all. Restart it when this fails.
#[utoipa::path(tag = openapi::OPERATION, security(()), responses((status = 200, body = Health, description = "Alive")))]
#[get("/health/live")]
async fn get_liveness() -> Json<Health> {
    Json(Health { status: "live" })
}

/// Whether requests can be served
///
/// Fails with `unavailable` while the database is away or out of date, and while the server is stopping. Send it
/// no requests then; it comes back by itself.
#[utoipa::path(tag = openapi::OPERATION, security(()), responses((status = 200, body = Health, description = "Ready")))]
#[get("/health/ready")]
async fn get_readiness(state: Data<AppState>) -> Result<Json<Health>, Error> {
    if state.lifecycle.is_draining() {
        return Err(Error::new(Code::Unavailable).because("the server is stopping"));
    }
    let unavailable = |cause: Cause| Error::new(Code::Unavailable).because(cause);
    let check = tokio::time::timeout(PATIENCE, database(&state.db, &state.migrated));
    check.await.map_err(|slow| unavailable(slow.into()))?.map_err(unavailable)?;
    Ok(Json(Health { status: "ready" }))
}

/// How long the database may take to answer before it counts as away. Watchers give up after a few seconds too.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the tables have been seen complete. Asked only until they are: the question takes a lock, and nobody
/// takes tables back under a running server.
#[derive(Debug, Default)]
pub(crate) struct Migrated(AtomicBool);

async fn database(db: &Db, migrated: &Migrated) -> Result<(), Cause> {
    db.ping().await?;
    if !migrated.0.load(Ordering::Relaxed) {
        let missing = db.pending_migrations().await?;
        if !missing.is_empty() {
            return Err(format!("the database lacks {}: run `doorstep migrate`", missing.join(", ")).into());
        }
        migrated.0.store(true, Ordering::Relaxed);
    }
    Ok(())
}
