//! Plans, shutdowns and notices over HTTP: lists, and the addresses of notices. Single records and what changes them are in
//! `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{self, Data, Path},
};
use mobile_api::{
    Id, Role,
    ids::{ShutdownId, ShutdownNoticeId},
    maintenance::ShutdownNotice,
    record::Kind,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    list::{self, NoticeFilter, PlanFilter, ShutdownFilter},
    store,
};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    json::Json,
    negotiation,
    operations::reading,
    paging::{self, Ask, Depends},
    query::Query,
};

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/maintenance-plans", web::get().to(list_plans))
        .route("/shutdowns", web::get().to(list_shutdowns))
        .route("/shutdown-notices", web::get().to(list_notices))
        .service(get_notice_link);
}

async fn list_plans(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<PlanFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::plans(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::MaintenancePlan, ask, Depends::OnRecords, load).await
}

async fn list_shutdowns(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<ShutdownFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::shutdowns(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::Shutdown, ask, Depends::OnRecords, load).await
}

async fn list_notices(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<NoticeFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::notices(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::ShutdownNotice, ask, Depends::OnRecords, load).await
}

/// Where somebody reads a notice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "notice": "01930000-0000-7000-8000-000000000092", "shutdown": "01930000-0000-7000-8000-000000000091",
    "address": "https://doorstep.example/n/7Q4M-XK2P-0R9T"
}))]
pub struct NoticeLink {
    /// The notice.
    pub notice: ShutdownNoticeId,
    /// Its shutdown.
    pub shutdown: ShutdownId,
    /// The page. Whoever has this address can say that the notice was read.
    pub address: String,
}

/// Read the link to a notice
///
/// The address of the page on which those affected read the notice and say so. It stays the same through all editions. For those who
/// speak with customers.
#[utoipa::path(tag = "shutdown-notices", operation_id = "get_notice_link",
    params(("id" = Uuid, Path, description = "The notice", example = "01930000-0000-7000-8000-000000000092")),
    responses((status = 200, body = NoticeLink, description = "The link")))]
#[get("/shutdown-notices/{id}/link")]
async fn get_notice_link(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<Json<NoticeLink>, Error> {
    let (org, role, id) = (actor.org, actor.role, Id::<ShutdownNotice>::new(*id));
    let notice = state.db.read(move |conn| reading::record(conn, &actor, id)).await?.ok_or(Code::NotFound)?;
    if !matches!(role, Role::Admin | Role::Manager | Role::Dispatcher | Role::FrontDesk) {
        return Err(Code::Forbidden.into());
    }
    let code = state.db.read(move |conn| store::code(conn, org, id)).await.map_err(Error::from)?;
    let address = format!("{}/n/{code}", negotiation::public_url(&state, &request));
    Ok(Json(NoticeLink { notice: id, shutdown: notice.shutdown, address }))
}
