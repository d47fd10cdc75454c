//! Stock over HTTP: lists, what to buy, and the report. Single records and what changes them are in `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{self, Data},
};
use mobile_api::{Actor, record::Kind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    list::{self, CountFilter, LevelFilter, MoveFilter, SerialFilter},
    report::{self, Division, MaterialReport},
    supply::{self, SupplyLine},
};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    json::Json,
    negotiation,
    paging::{self, Ask, Depends},
    period::Week,
    query::Query,
    work_order::api::sites,
};

/// The tag of these addresses in the API document.
const TAG: &str = "stock";

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/stock-moves", web::get().to(list_moves))
        .route("/stock-levels", web::get().to(list_levels))
        .route("/stock-serials", web::get().to(list_serials))
        .route("/stock-counts", web::get().to(list_counts))
        .service(get_requisition)
        .service(get_low_stock)
        .service(get_material_report);
}

async fn list_moves(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<MoveFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::moves(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::StockMove, ask, Depends::OnRecords, load).await
}

async fn list_levels(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<LevelFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::levels(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::StockLevel, ask, Depends::OnRecords, load).await
}

async fn list_serials(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<SerialFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::serials(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::StockSerial, ask, Depends::OnRecords, load).await
}

async fn list_counts(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<CountFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::counts(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::StockCount, ask, Depends::OnRecords, load).await
}

/// Which store or van is looked at.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SupplyQuery {
    /// The store or van; all that are in use, if absent.
    pub place: Option<Uuid>,
}

/// Lines of a low stock list or a requisition.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "lines": [{
    "place": "01930000-0000-7000-8000-000000000051", "place_name": "Central store",
    "article": "01930000-0000-7000-8000-000000000050", "code": "VALVE-15",
    "name": { "zh": "角阀 15 毫米", "en": "Angle valve 15 mm" }, "unit": "pc",
    "level_milli": 6000, "reserved_milli": 2000, "minimum_milli": 5000, "used_milli": 20000, "low": true,
    "proposal": { "available_milli": 4000, "target_milli": 10000, "weekly_milli": 5000, "order_milli": 6000 }
}] }))]
pub struct SupplyList {
    /// By place, then by the article's code.
    pub lines: Vec<SupplyLine>,
}

/// Propose what to buy
///
/// For each store and van the articles of which there is less than the minimum, or less than the coming weeks will use by
/// what was used in the last ones; how many weeks either way, each place says itself. What orders keep back does not count
/// as there. Nothing is ordered by asking. For the office.
#[utoipa::path(tag = TAG, operation_id = "get_requisition", params(SupplyQuery),
    responses((status = 200, body = SupplyList, description = "What to buy, with the figures behind it")))]
#[get("/stock/requisition")]
async fn get_requisition(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    Query(query): Query<SupplyQuery>,
) -> Result<Json<SupplyList>, Error> {
    let mut lines = supplies(&state, actor, query).await?;
    lines.retain(|line| line.proposal.is_some());
    Ok(Json(SupplyList { lines }))
}

/// List what runs low
///
/// The articles of which there is less at a store or van than there should be at least. What orders keep back does not
/// count as there. For the office.
#[utoipa::path(tag = TAG, operation_id = "list_low_stock", params(SupplyQuery),
    responses((status = 200, body = SupplyList, description = "What runs low")))]
#[get("/stock/low")]
async fn get_low_stock(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    Query(query): Query<SupplyQuery>,
) -> Result<Json<SupplyList>, Error> {
    let mut lines = supplies(&state, actor, query).await?;
    lines.retain(|line| line.low);
    Ok(Json(SupplyList { lines }))
}

async fn supplies(state: &AppState, actor: Actor, query: SupplyQuery) -> Result<Vec<SupplyLine>, Error> {
    if !actor.role.is_office() {
        return Err(Code::Forbidden.into());
    }
    let now = state.clock.now();
    Ok(state.db.read(move |conn| supply::lines(conn, actor.org, query.place, now)).await?)
}

/// Which week is reported.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MaterialQuery {
    /// The week by ISO 8601, in the organisation's time zone; the present one, if absent.
    #[param(example = "2026-W47")]
    pub week: Option<String>,
    /// By what it is divided beside the article; by all three, if absent.
    #[param(inline)]
    pub by: Option<Division>,
    /// Of this site only.
    pub site: Option<Uuid>,
}

/// Report material used in a week
///
/// What technicians recorded as used on orders out of stock, by when it happened, less what was put back in the week. An
/// operation that arrives late still counts in its week. For the office; who is limited to some sites is told of these. As JSON,
/// or as a table for spreadsheets (`Accept: text/csv`).
#[utoipa::path(tag = "reports", operation_id = "get_material_report", params(MaterialQuery),
    responses((status = 200, description = "The figures", content(
        (MaterialReport = "application/json"), (String = "text/csv", example = "week,code,name\n2026-W47,VALVE-15,Angle valve 15 mm\n")
    ))))]
#[get("/reports/material")]
async fn get_material_report(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(query): Query<MaterialQuery>,
) -> Result<HttpResponse, Error> {
    let MaterialQuery { week, by, site } = query;
    let sites = sites(&actor, site)?;
    let unreadable = || Error::new(Code::InvalidQuery).arg("reason", "`week` is a week such as 2026-W47");
    let week = week.map(|text| Week::parse(&text).ok_or_else(unreadable)).transpose()?;
    let now = state.clock.now();
    let load = move |conn: &mut _| report::material(conn, actor.org, week, now, by, sites.clone());
    let report = state.db.read(load).await?;
    negotiation::report(&request, &report, &format!("material-{}", report.week), |language| {
        report::csv(&report, language)
    })
}
