//! Work orders over HTTP: the list and the report. Single orders and what is done to them are in `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header,
    web::{self, Data, Path},
};
use chrono::{DateTime, Utc};
use mobile_api::{
    Actor, Role,
    directory::Organisation,
    record::{Kind, Ref},
    work_order::WorkOrder,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    candidates::{self, Proposal},
    deadline::{DeadlineReport, ReportFilter, deadline_report},
    explain::{self, ClockReport},
    list::{self, WorkOrderFilter},
    quality::{QualityFilter, QualityReport, quality_report},
};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    json::Json,
    language::Language,
    operations::reading,
    paging::{self, Ask, Depends},
    query::Query,
    sight::Sight,
};

/// The tag of reports in the API document.
const REPORTS: &str = "reports";

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/work-orders", web::get().to(list_work_orders))
        .service(get_deadline_report)
        .service(get_clocks)
        .service(list_candidates)
        .service(get_quality_report);
}

async fn list_work_orders(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<WorkOrderFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let depends = if filter.overdue.is_some() { Depends::OnTime } else { Depends::OnRecords };
    let now = state.clock.now();
    let load = move |conn: &mut _, actor: &_, ask: &_| list::list(conn, actor, &filter, ask, now);
    paging::answer(&state, &request, actor, Kind::WorkOrder, ask, depends, load).await
}

/// Which orders the report counts, and by when.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// Tells deadlines that are past from those to come; now, if absent. What was judged stays judged.
    pub as_of: Option<DateTime<Utc>>,
    /// Orders of which the customer called at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Orders of which the customer called before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Orders of this site.
    pub site: Option<Uuid>,
    /// Orders that were taken over from this system.
    #[param(example = "boston-311")]
    pub source: Option<String>,
}

/// Count orders by their deadlines
///
/// Each order is counted once. The deadline of an order is the time by which somebody was to be at the door; of orders
/// without one (those taken over from another system) the date by which it was to be settled. For the office; who is
/// limited to some sites is told of these.
#[utoipa::path(tag = REPORTS, operation_id = "get_deadline_report", params(ReportQuery),
    responses((status = 200, body = DeadlineReport, description = "The figures")))]
#[get("/reports/deadlines")]
async fn get_deadline_report(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    Query(query): Query<ReportQuery>,
) -> Result<Json<DeadlineReport>, Error> {
    let ReportQuery { as_of, from, until, site, source } = query;
    let sites = sites(&actor, site)?;
    let as_of = as_of.unwrap_or_else(|| state.clock.now());
    let filter = ReportFilter { received_from: from, received_until: until, sites, source };
    let report = state.db.read(move |conn| deadline_report(conn, actor.org, as_of, &filter)).await?;
    Ok(Json(report))
}

/// Account for an order's deadlines
///
/// Each clock with its verdict, found anew from what is written down: the time that it allowed and that was used, every
/// pause with its reason and consent, every time that was agreed, and all of it in a sentence.
#[utoipa::path(tag = "work orders", operation_id = "get_work_order_clocks",
    params(("id" = Uuid, Path, description = "The order", example = "01930000-0000-7000-8000-000000000030")),
    responses((status = 200, body = ClockReport, description = "Its clocks")))]
#[get("/work-orders/{id}/clocks")]
async fn get_clocks(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<Json<ClockReport>, Error> {
    let language = Language::negotiate(request.headers().get(header::ACCEPT_LANGUAGE));
    let about = Ref::new(Kind::WorkOrder, *id);
    let firm = Ref::new(Kind::Organisation, actor.org);
    let found = state
        .db
        .read(move |conn| {
            Ok::<_, Error>((reading::visible(conn, &actor, about)?, reading::visible(conn, &actor, firm)?))
        })
        .await?;
    let (Some(order), Some(firm)) = found else { return Err(Code::NotFound.into()) };
    let order: WorkOrder = serde_json::from_str(&order.body).map_err(Error::internal)?;
    let firm: Organisation = serde_json::from_str(&firm.body).map_err(Error::internal)?;
    let zone = firm.time_zone.parse().unwrap_or(chrono_tz::Tz::UTC);
    Ok(Json(explain::report(&order, zone, language, state.clock.now())))
}

/// Propose who to send
///
/// Every technician with the reasons for and against, the best first: whether they hold the certificate that is needed, are on
/// duty when somebody is expected, are trained for this sort of job (its code is among their skills), belong to its crew, how
/// much they have in hand and how far away they are. Nobody is sent by this; `assign` does that. For those who assign.
#[utoipa::path(tag = "work orders", operation_id = "list_work_order_candidates",
    params(("id" = Uuid, Path, description = "The order", example = "01930000-0000-7000-8000-000000000030")),
    responses((status = 200, body = Proposal, description = "The technicians, those who may not go last")))]
#[get("/work-orders/{id}/candidates")]
async fn list_candidates(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<Json<Proposal>, Error> {
    let (about, now, org) = (Ref::new(Kind::WorkOrder, *id), state.clock.now(), actor.org);
    let may_assign = matches!(actor.role, Role::Admin | Role::Manager | Role::Dispatcher);
    let proposal = state
        .db
        .read(move |conn| {
            let found = reading::visible(conn, &actor, about)?.ok_or(Code::NotFound)?;
            if !may_assign {
                return Err(Code::Forbidden.into());
            }
            let order: WorkOrder = serde_json::from_str(&found.body).map_err(Error::internal)?;
            Ok::<_, Error>(candidates::propose(conn, org, &order, now)?)
        })
        .await?;
    Ok(Json(proposal))
}

/// Which signed orders the report counts.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QualityQuery {
    /// Orders that were signed for at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Orders that were signed for before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Orders of this site.
    pub site: Option<Uuid>,
}

/// Count orders that were good at once
///
/// The pass rate: of the orders that the customer signed for, those that were accepted the first time and not done again. Rework
/// that is linked later counts against the order that it mends. For the office; who is limited to some sites is told of these.
#[utoipa::path(tag = REPORTS, operation_id = "get_quality_report", params(QualityQuery),
    responses((status = 200, body = QualityReport, description = "The figures")))]
#[get("/reports/quality")]
async fn get_quality_report(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    Query(query): Query<QualityQuery>,
) -> Result<Json<QualityReport>, Error> {
    let QualityQuery { from, until, site } = query;
    let filter = QualityFilter { signed_from: from, signed_until: until, sites: sites(&actor, site)? };
    Ok(Json(state.db.read(move |conn| quality_report(conn, actor.org, &filter)).await?))
}

/// The sites that are counted: the one asked for, within those that the actor sees.
pub(crate) fn sites(actor: &Actor, asked: Option<Uuid>) -> Result<Option<Vec<Uuid>>, Error> {
    let seen = match Sight::of(actor, Kind::WorkOrder) {
        Sight::Own(_) | Sight::Nothing => return Err(Code::Forbidden.into()),
        Sight::All => return Ok(asked.map(|site| vec![site])),
        Sight::Sites(sites) => sites.into_iter().map(Uuid::from),
    };
    Ok(Some(seen.filter(|site| asked.is_none_or(|asked| *site == asked)).collect()))
}
