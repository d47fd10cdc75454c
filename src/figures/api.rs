//! Figures over HTTP: for the office; who is limited to some sites is told of these.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header,
    web::{Data, Path},
};
use mobile_api::{
    Actor,
    directory::Organisation,
    figures::{ComplaintFacts, CountedOf, Facts, Figure},
    ids::Id,
    record::Kind,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    behind::{self, Question},
    complaints::{self, ComplaintGroups, FigureComplaint},
    orders::{self, FigureOrder, Groups, Part},
    report::{self, Asked, By, Figures},
    sheet,
};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    language::Language,
    lists,
    negotiation::{self, PDF},
    operations::reading,
    paging::{self, Ask},
    period::Period,
    query::Query,
    work_order::api::sites,
};

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_figures).service(list_figure_orders).service(list_figure_complaints);
}

/// Most earlier periods that are told with one.
const MOST_TREND: u32 = 12;

/// Which figures.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FiguresQuery {
    /// The month (`2026-11`) or the week by ISO 8601 (`2026-W47`), in the organisation's time zone; the present month, if absent.
    #[param(example = "2026-11")]
    pub period: Option<String>,
    /// By what they are divided; by nothing, if absent.
    #[param(inline)]
    pub by: Option<By>,
    /// Of this site only.
    pub site: Option<Uuid>,
    /// How many earlier periods are told as well, 0 to 12; one, if absent.
    #[param(maximum = 12)]
    pub trend: Option<u32>,
}

/// Report the figures of a week or month
///
/// Counted from the orders whose work was settled in it – signed for, or closed – and from the complaints that were written down in it. Each figure has its definition, its target, what it
/// was counted from, and what nobody can prove apart; `GET /v1/figures/{figure}/orders` lists the orders behind it, or `GET /v1/figures/{figure}/complaints` the complaints. As JSON, as a table
/// for spreadsheets (`Accept: text/csv`), or as a page to print (`Accept: application/pdf`).
#[utoipa::path(tag = "reports", operation_id = "get_figures", params(FiguresQuery),
    responses((status = 200, description = "The figures", content(
        (Figures = "application/json"), (String = "text/csv", example = "Period,Figure,Group\n2026-11,On-time rate,\n"),
        (Vec<u8> = "application/pdf")
    ))))]
#[get("/figures")]
async fn get_figures(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(query): Query<FiguresQuery>,
) -> Result<HttpResponse, Error> {
    let language = Language::negotiate(request.headers().get(header::ACCEPT_LANGUAGE));
    let asked = Asked {
        period: period(query.period.as_deref())?,
        by: query.by,
        trend: usize::try_from(query.trend.unwrap_or(1).min(MOST_TREND)).unwrap_or(1),
        sites: sites(&actor, query.site)?,
        language,
    };
    let (org, now) = (actor.org, state.clock.now());
    let read = move |conn: &mut _| {
        let firm = reading::record::<Organisation>(conn, &Actor::system(org), Id::new(org))?;
        Ok::<_, crate::operations::DoorError>((report::figures(conn, org, &asked, now)?, firm))
    };
    let (figures, firm) = state.db.read(read).await?;
    let name = format!("figures-{}", figures.period);
    if negotiation::preferred(&request, &["application/json", negotiation::CSV, PDF]) == Some(PDF) {
        let firm = firm.map(|firm| firm.name).unwrap_or_default();
        let print = move || sheet::pdf(&figures, &firm, language);
        let pdf =
            actix_web::rt::task::spawn_blocking(print).await.map_err(Error::internal)?.map_err(Error::internal)?;
        return Ok(negotiation::document(PDF, &name, language, pdf));
    }
    negotiation::report(&request, &figures, &name, |language| sheet::csv(&figures, language))
}

/// The figure of this name, if it is counted of these.
fn figure_of(name: &str, of: CountedOf) -> Result<Figure, Error> {
    Figure::parse(name).filter(|figure| figure.counted_of() == of).ok_or_else(|| Code::NotFound.into())
}

fn period(text: Option<&str>) -> Result<Option<Period>, Error> {
    let unreadable = || {
        Error::new(Code::InvalidQuery).arg("reason", "`period` is a month such as 2026-11 or a week such as 2026-W47")
    };
    text.map(|text| Period::parse(text).ok_or_else(unreadable)).transpose()
}

/// Which orders behind a figure.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FigureOrdersQuery {
    /// The month or week, as in `GET /v1/figures`.
    #[param(example = "2026-11")]
    pub period: Option<String>,
    /// Which of them: those that count, those that are counted, or those that prove nothing.
    #[param(inline)]
    pub part: Part,
    /// Of this site only.
    pub site: Option<Uuid>,
    /// Whose work it was.
    pub technician: Option<Uuid>,
    /// Of this crew.
    pub team: Option<Uuid>,
    /// Of this sort of job.
    pub order_type: Option<Uuid>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most orders of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// A page of the orders behind a figure.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "items": [{
        "order": "01930000-0000-7000-8000-000000010000", "number": "2026-000017", "settled_at": "2026-11-20T07:40:00Z", "counted": true,
        "clock": { "since": "2026-11-20T04:00:00Z", "due": "2026-11-20T04:20:00Z", "verdict": "on_time", "stopped": {
            "earliest": "2026-11-20T04:17:00Z", "latest": "2026-11-20T04:17:01Z" } }
    }],
    "next": null
}))]
pub struct FigureOrders {
    /// In the order in which they were settled.
    pub items: Vec<FigureOrder>,
    /// Where the next page goes on.
    pub next: Option<String>,
}

/// List the orders behind a figure
///
/// The numerator or the denominator, order by order, judged by the function that counted them; each with the clock by which it was
/// judged and everything that moved its end. `GET /v1/work-orders/{id}/clocks` tells it in words.
#[utoipa::path(tag = "reports", operation_id = "list_figure_orders",
    params(("figure" = String, Path, description = "The figure, as `GET /v1/figures` names it; one that is counted of orders", example = "on_time"), FigureOrdersQuery),
    responses((status = 200, description = "A page; as `text/csv`, all of them with the columns of orders", content(
        (FigureOrders = "application/json"), (String = "text/csv")
    ))))]
#[get("/figures/{figure}/orders")]
async fn list_figure_orders(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    path: Path<String>,
    Query(query): Query<FigureOrdersQuery>,
) -> Result<HttpResponse, Error> {
    let sites = sites(&actor, query.site)?;
    let figure = figure_of(&path, CountedOf::Orders)?;
    let ask: Ask<Timestamp> = Ask::read(&state, query.cursor.as_deref(), query.limit)?;
    let asked =
        Asked { period: period(query.period.as_deref())?, by: None, trend: 0, sites, language: Language::English };
    let groups = Groups { technician: query.technician, team: query.team, order_type: query.order_type };
    let (org, now) = (actor.org, state.clock.now());
    let question = Question { figure, part: query.part, asked, groups, ask, now };
    if lists::wanted(&request) {
        return behind::table::<Facts>((&state, &request), actor, Kind::WorkOrder, question).await;
    }
    let read = move |conn: &mut _| orders::orders(conn, org, &question);
    let (items, more) = state.db.read(read).await?;
    let last = items.last().filter(|_| more).map(|last| (last.settled_at, last.order.uuid()));
    let next = last.map(|place| paging::cursor(&place)).transpose()?;
    Ok(HttpResponse::Ok().insert_header((header::VARY, "Accept")).json(FigureOrders { items, next }))
}

/// Which complaints behind a figure.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FigureComplaintsQuery {
    /// The month or week, as in `GET /v1/figures`.
    #[param(example = "2026-11")]
    pub period: Option<String>,
    /// Which of them: those that count, those that are counted, or those that prove nothing.
    #[param(inline)]
    pub part: Part,
    /// Of this site only.
    pub site: Option<Uuid>,
    /// Of this department.
    pub team: Option<Uuid>,
    /// Summed up under this class.
    pub class: Option<Uuid>,
    /// Summed up with this cause, word for word.
    #[param(example = "Old part")]
    pub cause: Option<String>,
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most complaints of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// A page of the complaints behind a figure.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "items": [{
        "complaint": "01930000-0000-7000-8000-000000000090", "number": "C2026-000017", "received_at": "2026-11-20T07:40:00Z",
        "counted": true, "clocks": [{ "since": "2026-11-20T07:40:00Z", "due": "2026-11-20T07:50:00Z", "verdict": "on_time",
            "stopped": { "earliest": "2026-11-20T07:44:00Z", "latest": "2026-11-20T07:44:01Z" } }]
    }],
    "next": null
}))]
pub struct FigureComplaints {
    /// In the order in which they were written down.
    pub items: Vec<FigureComplaint>,
    /// Where the next page goes on.
    pub next: Option<String>,
}

/// List the complaints behind a figure
///
/// The numerator or the denominator, complaint by complaint, judged by the function that counted them; each with the clocks by which
/// it was judged. `GET /v1/complaints/{id}/clocks` tells them in words.
#[utoipa::path(tag = "reports", operation_id = "list_figure_complaints",
    params(("figure" = String, Path, description = "The figure, as `GET /v1/figures` names it; one that is counted of complaints", example = "complaint_told"), FigureComplaintsQuery),
    responses((status = 200, description = "A page; as `text/csv`, all of them with the columns of complaints", content(
        (FigureComplaints = "application/json"), (String = "text/csv")
    ))))]
#[get("/figures/{figure}/complaints")]
async fn list_figure_complaints(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    path: Path<String>,
    Query(query): Query<FigureComplaintsQuery>,
) -> Result<HttpResponse, Error> {
    let sites = sites(&actor, query.site)?;
    let figure = figure_of(&path, CountedOf::Complaints)?;
    let ask: Ask<Timestamp> = Ask::read(&state, query.cursor.as_deref(), query.limit)?;
    let asked =
        Asked { period: period(query.period.as_deref())?, by: None, trend: 0, sites, language: Language::English };
    let groups = ComplaintGroups { team: query.team, class: query.class, cause: query.cause };
    let (org, now) = (actor.org, state.clock.now());
    let question = Question { figure, part: query.part, asked, groups, ask, now };
    if lists::wanted(&request) {
        return behind::table::<ComplaintFacts>((&state, &request), actor, Kind::Complaint, question).await;
    }
    let read = move |conn: &mut _| complaints::complaints(conn, org, &question);
    let (items, more) = state.db.read(read).await?;
    let last = items.last().filter(|_| more).map(|last| (last.received_at, last.complaint.uuid()));
    let next = last.map(|place| paging::cursor(&place)).transpose()?;
    Ok(HttpResponse::Ok().insert_header((header::VARY, "Accept")).json(FigureComplaints { items, next }))
}
