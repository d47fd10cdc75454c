//! For whoever watches the server: is it alive, and may it be sent requests?

use actix_web::{get, web::Data};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    app::AppState,
    error::{Code, Error},
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
    Ok(Json(Health { status: "ready" }))
}
