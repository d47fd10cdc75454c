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
    asset, calendar_feed, certificate,
    clock::Clock,
    complaint,
    config::{Config, Limits},
    day_plan,
    db::Db,
    device, directory,
    edge::edge,
    error::{Code, Error, FieldError},
    events::Pokes,
    figures, handover, health, household, inspection,
    jobs::Timers,
    lifecycle::Lifecycle,
    maintenance,
    media::{self, Media, depot::Depot},
    openapi,
    operations::{self, After, Door, Holds},
    payment, problems, quote_link, return_visit, review, stock, survey_link,
    sync::{self, SyncLimits},
    telemetry::RequestSpan,
    webhook, work_order,
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
    /// The one door for writes.
    pub door: Door,
    /// Who may speak.
    pub access: Access,
    /// Photos and their bytes.
    pub media: Media,
    /// Who is told that something changed.
    pub pokes: Pokes,
    /// Whether the server is going down, and what must be waited for.
    pub lifecycle: Lifecycle,
    /// Where certificates and signatures are drawn.
    pub press: certificate::Press,
    /// Whether the tables have been seen complete, by whichever worker was asked first.
    pub(crate) migrated: Arc<health::Migrated>,
}

impl AppState {
    /// The state of a server with these settings, on this database.
    pub fn new(config: Config, db: Db, clock: Clock, access: Access, depot: Depot) -> Self {
        let pokes = Pokes::default();
        let door = Door::new(db.clone(), clock.clone(), pokes.clone(), Holds::default());
        let (config, lifecycle, migrated) = (Arc::new(config), Lifecycle::default(), Arc::default());
        let media = Media::new(door.clone(), depot);
        let press = certificate::Press::default();
        Self { config, db, clock, door, access, media, pokes, lifecycle, press, migrated }
    }

    /// Bounds of synchronisation.
    pub fn sync_limits(&self) -> SyncLimits {
        let defaults = SyncLimits::default();
        let push_operations = u32::try_from(self.config.limits.push_operations).unwrap_or(defaults.push_operations);
        let pull_changes = u32::try_from(self.config.limits.page_size).unwrap_or(defaults.pull_changes);
        SyncLimits { push_operations, pull_changes, ..defaults }
    }

    /// Forgets what was remembered of accounts and devices that a committed write changed.
    pub fn forget(&self, after: &After) {
        after.users.iter().for_each(|user| self.access.forget_user(*user));
        after.devices.iter().for_each(|device| self.access.forget_device(*device));
    }

    /// What tells other programs of what happens.
    ///
    /// # Errors
    /// If no client can be made.
    pub fn courier(&self) -> reqwest::Result<webhook::courier::Courier> {
        webhook::courier::Courier::new(self.door.clone(), self.config.http.webhooks_private)
    }

    /// What is done by and by.
    pub fn timers(&self) -> Timers {
        let retention_days = self.sync_limits().retention_days;
        Timers::new(self.door.clone(), self.access.clone(), self.media.clone(), self.pokes.clone(), retention_days)
    }
}

/// Every address that the server answers to. Needs no state, so that the API document can be made from it alone.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(health::routes);
    cfg.configure(problems::routes);
    cfg.configure(certificate::open::routes);
    cfg.configure(maintenance::open::routes);
    cfg.configure(quote_link::open::routes);
    cfg.configure(survey_link::open::routes);
    cfg.configure(calendar_feed::open::routes);
    // The guard wraps this scope, so that a caller is known, or turned away, before any body is read.
    cfg.service(utoipa_actix_web::scope("/v1").wrap(from_fn(access::guard)).configure(v1));
}

/// The API proper. Each subject registers its own addresses: one line each, in alphabetical order.
fn v1(cfg: &mut ServiceConfig) {
    cfg.configure(access::api::routes);
    cfg.configure(calendar_feed::api::routes);
    cfg.configure(certificate::api::routes);
    cfg.configure(complaint::api::routes);
    cfg.configure(day_plan::api::routes);
    cfg.configure(device::api::routes);
    cfg.configure(directory::api::routes);
    cfg.configure(figures::api::routes);
    cfg.configure(handover::api::routes);
    cfg.configure(household::api::routes);
    cfg.configure(inspection::api::routes);
    cfg.configure(maintenance::api::routes);
    cfg.configure(media::api::routes);
    cfg.configure(media::uploads::api::routes);
    cfg.configure(payment::api::routes);
    cfg.configure(quote_link::api::routes);
    cfg.configure(return_visit::api::routes);
    cfg.configure(review::api::routes);
    cfg.configure(stock::api::routes);
    cfg.configure(asset::api::routes);
    cfg.configure(survey_link::api::routes);
    cfg.configure(sync::api::routes);
    cfg.configure(webhook::api::routes);
    cfg.configure(work_order::api::routes);
    // Last, because it takes any three segments.
    cfg.configure(operations::api::routes);
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

/// Answers what no route took.
async fn no_such_address(request: HttpRequest) -> Result<HttpResponse, Error> {
    Err(nothing_at(request.path()))
}

/// Why nothing answers there: 405 if the address has other methods, else 404.
pub(crate) fn nothing_at(path: &str) -> Error {
    match openapi::methods_at(path) {
        Some(methods) => Error::new(Code::MethodNotAllowed).allow(methods),
        None => Error::new(Code::NotFound),
    }
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
        let depot = Depot::folder(&folder.path().join("photos")).unwrap();
        (AppState::new(config, db, clock, access, depot), folder)
    }
}
