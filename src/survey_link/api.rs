//! The address of a survey's page, for the desk.

use actix_web::{
    HttpRequest, get,
    web::{Data, Path},
};
use chrono::{DateTime, Utc};
use mobile_api::{
    Id, Role,
    return_visit::{ReturnVisit, SurveySent},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::store;
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    json::Json,
    negotiation,
    operations::reading,
};

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_survey_link);
}

/// Where a customer answers a survey.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "address": "https://doorstep.example/s/7Q4M-XK2P-0R9T", "until": "2026-03-16T08:40:00Z", "answered": false,
    "sent": [{
        "op": "01930000-0000-7000-8000-000000000091", "to": "138 0013 8000", "by": "01930000-0000-7000-8000-000000000010",
        "at": { "earliest": "2026-03-02T09:00:00Z", "latest": "2026-03-02T09:00:00Z" }
    }]
}))]
pub struct SurveyLink {
    /// The page. Whoever has this address can answer.
    pub address: String,
    /// Until when it can be answered.
    pub until: DateTime<Utc>,
    /// Whether it was.
    pub answered: bool,
    /// To whom it went.
    pub sent: Vec<SurveySent>,
}

/// Read the link to a survey
///
/// The address of the page on which the customer says how it was. For those who speak with customers; never for the technician,
/// who would answer in the customer's name.
#[utoipa::path(tag = "return-visits", operation_id = "get_survey_link",
    params(("id" = Uuid, Path, description = "The return visit", example = "01930000-0000-7000-8000-000000000090")),
    responses((status = 200, body = SurveyLink, description = "The link")))]
#[get("/return-visits/{id}/survey-link")]
async fn get_survey_link(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<Json<SurveyLink>, Error> {
    let (org, role, id) = (actor.org, actor.role, Id::<ReturnVisit>::new(*id));
    let visit = state.db.read(move |conn| reading::record(conn, &actor, id)).await?.ok_or(Code::NotFound)?;
    if !matches!(role, Role::Admin | Role::Manager | Role::Dispatcher | Role::FrontDesk) {
        return Err(Code::Forbidden.into());
    }
    let survey = visit.survey.ok_or(Code::NotFound)?;
    let code = state.db.read(move |conn| store::code(conn, org, id)).await.map_err(Error::from)?;
    let address = format!("{}/s/{code}", negotiation::public_url(&state, &request));
    Ok(Json(SurveyLink { address, until: survey.until, answered: survey.answer.is_some(), sent: survey.sent }))
}
