//! The server put together: state, routes, middleware, start and stop.

use std::sync::Arc;

use actix_web::{
    App, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Compress, from_fn},
    web::{self, Data},
};
use tracing_actix_web::TracingLogger;
use utoipa_actix_web::{AppExt, service_config::ServiceConfig};

use crate::{
    access::{self, Access},
    clock::Clock,
    config::{Config, Limits},
    db::Db,
    edge::edge,
    error::{Code, Error, FieldError},
    health,
    lifecycle::Lifecycle,
    openapi, problems,
    telemetry::RequestSpan,
};

/// What every request handler can ask for, as `Data<AppState>`. Cloning is cheap.
#[derive(Clone)]
pub struct AppState {
    /// The settings.
    pub config: Arc<Config>,
    /// The database.
    pub db: Db,
    /// The time, and new ids.
    pub clock: Clock,
    /// Who speaks.
    pub access: Access,
    /// Whether the server is going down, and what must be waited for.
    pub lifecycle: Lifecycle,
}

impl AppState {
    /// The state of a server with these settings, on this database.
    pub fn new(config: Config, db: Db, clock: Clock, access: Access) -> Self {
        Self { config: Arc::new(config), db, clock, access, lifecycle: Lifecycle::default() }
    }
}

/// Every address that the server answers to. Needs no state, so that the API document can be made from it alone.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(health::routes);
    cfg.configure(problems::routes);
    // The guard wraps this scope, so that a caller is known, or turned away, before any body is read.
    cfg.service(utoipa_actix_web::scope("/v1").wrap(from_fn(access::guard)).configure(v1));
}

/// The API proper. Each subject registers its own addresses: one line each, in alphabetical order.
fn v1(cfg: &mut ServiceConfig) {
    cfg.configure(access::api::routes);
}

/// The app that each worker thread runs.
///
/// Of the middleware, the last one wrapped is the first to see a request: request id and span, then the edge (time
/// limit, panics, problem documents), then compression, then the routes – among them the guard of `/v1`.
pub fn build(
    state: AppState,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new()
        .wrap(Compress::default())
        .wrap(from_fn(edge))
        .wrap(TracingLogger::<RequestSpan>::new())
        .configure(|cfg| extractors(cfg, &state.config.limits))
        .app_data(state.lifecycle.clone())
        .app_data(Data::new(health::Migrated::default()))
        .app_data(Data::new(state.access.clone()))
        .app_data(Data::new(state))
        .default_service(web::to(no_such_address))
        .configure(openapi::browser)
        .into_utoipa_app()
        .configure(routes)
        .into_app()
}

/// Lets the extractors keep the limits, and fail with errors of ours.
fn extractors(cfg: &mut web::ServiceConfig, limits: &Limits) {
    let unreadable_path = |cause: actix_web::error::PathError, _: &HttpRequest| {
        // An id that is none names nothing.
        Error::new(Code::NotFound).because(cause).into()
    };
    let unreadable_query = |cause: actix_web::error::QueryPayloadError, _: &HttpRequest| {
        let actix_web::error::QueryPayloadError::Deserialize(reason) = &cause else {
            return Error::new(Code::BadRequest).because(cause).into();
        };
        Error::new(Code::InvalidQuery).arg("reason", reason).into()
    };
    let unreadable_json = |cause: actix_web::error::JsonPayloadError, _: &HttpRequest| {
        // Our own extractor says more; this one is only here so that the other cannot be used by mistake.
        Error::from(FieldError::new("", "malformed", "see the log")).because(cause).into()
    };
    cfg.app_data(limits.clone())
        .app_data(web::PayloadConfig::new(limits.body_bytes))
        .app_data(web::PathConfig::default().error_handler(unreadable_path))
        .app_data(web::QueryConfig::default().error_handler(unreadable_query))
        .app_data(web::JsonConfig::default().limit(limits.body_bytes).error_handler(unreadable_json));
}

/// Answers what no route took: 405 if the address has other methods, else 404.
async fn no_such_address(request: HttpRequest) -> Result<HttpResponse, Error> {
    Err(match openapi::methods_at(request.path()) {
        Some(methods) => Error::new(Code::MethodNotAllowed).allow(methods),
        None => Error::new(Code::NotFound),
    })
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::{
        access::{AccessConfig, PasswordConfig},
        db::DbOptions,
    };

    /// A state on a new, empty database, which lives as long as the folder.
    pub(crate) async fn state(config: Config) -> (AppState, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let options = DbOptions { data_dir: folder.path().to_owned(), ..DbOptions::default() };
        let (db, clock) = (Db::open(options).await.unwrap(), Clock::system());
        let cheap = AccessConfig { password: PasswordConfig::cheap(), ..AccessConfig::from(&config.tokens) };
        let access = Access::new(db.clone(), clock.clone(), cheap).unwrap();
        (AppState::new(config, db, clock, access), folder)
    }
}
