//! The page behind the link, for whoever was given it, without signing in.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, get, post,
    web::{Data, Form, Path},
};
use mobile_api::{Actor, refusal::Refusal, return_visit::Satisfaction};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    form::{self, Sent, Wrong},
    page,
    store::{self, Linked},
};
use crate::{
    app::AppState,
    error::Error,
    language::Language,
    negotiation,
    operations::{DoorError, Online},
    query::Query,
    stranger_page::{self, PageQuery},
};

/// Registers the addresses of this subject.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(open_survey).service(answer_survey);
}

/// What the page's form sends; besides, a field `score-…` for each score of the script, from 1 to 5.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SurveyForm {
    /// The answer in one word; the only one that is needed.
    #[schema(example = "satisfied")]
    pub satisfaction: Satisfaction,
    /// In the customer's own words; at most 2,000 characters.
    #[schema(example = "Quick and clean")]
    pub words: Option<String>,
}

/// Open a survey
///
/// For the customer who was sent the link, without signing in: what was done, and how it was in a few choices. Answered or too
/// late, it says so.
#[utoipa::path(tag = "return-visits", operation_id = "open_survey", security(()),
    params(("code" = String, Path, description = "The code in the link", example = "7Q4M-XK2P-0R9T"), PageQuery),
    responses((status = 200, description = "The page", content((String = "text/html")))))]
#[get("/s/{code}")]
async fn open_survey(
    state: Data<AppState>,
    request: HttpRequest,
    code: Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let language = negotiation::language(&request, query.lang.as_deref())?;
    match stranger_page::behind(&state, &code, store::find).await? {
        Some((linked, _)) => shown(HttpResponse::Ok(), &state, &linked, language, None),
        None => stranger_page::nothing_there(language, page::unknown(language)),
    }
}

/// Answer a survey
///
/// What the page's form sends. The answer leads back to the page, which says thanks: sent twice, it counts once.
#[utoipa::path(tag = "return-visits", operation_id = "answer_survey_by_link", security(()),
    params(("code" = String, Path, description = "The code in the link", example = "7Q4M-XK2P-0R9T"), PageQuery),
    request_body(content = SurveyForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page")))]
#[post("/s/{code}")]
async fn answer_survey(
    state: Data<AppState>,
    request: HttpRequest,
    code: Path<String>,
    Query(query): Query<PageQuery>,
    Form(sent): Form<Sent>,
) -> Result<HttpResponse, Error> {
    let language = negotiation::language(&request, query.lang.as_deref())?;
    let Some((linked, code)) = stranger_page::behind(&state, &code, store::find).await? else {
        return stranger_page::nothing_there(language, page::unknown(language));
    };
    if linked.is_open(state.clock.now()) {
        let answer = match form::read(&sent, &linked.firm.return_visits.script) {
            Ok(answer) => answer,
            Err(wrong) => return not_taken(&state, &linked, language, wrong, sent),
        };
        let entity = linked.visit.id.uuid();
        let operation = Online { id: state.clock.new_id(), action: answer.into(), entity, expected_rev: None };
        match state.door.perform(Actor::system(linked.firm.id.uuid()), operation).await {
            // What another press was faster at, the page says.
            Ok(_) | Err(DoorError::Refused(Refusal::SurveyOver)) => {}
            Err(DoorError::Refused(Refusal::Invalid { .. } | Refusal::BadReference { .. })) => {
                return not_taken(&state, &linked, language, Wrong::Unreadable, sent);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(stranger_page::back(code, query.lang.as_deref(), language))
}

fn not_taken(
    state: &AppState,
    linked: &Linked,
    language: Language,
    wrong: Wrong,
    sent: Sent,
) -> Result<HttpResponse, Error> {
    shown(HttpResponse::UnprocessableEntity(), state, linked, language, Some((wrong, sent)))
}

fn shown(
    answer: HttpResponseBuilder,
    state: &AppState,
    linked: &Linked,
    language: Language,
    typed: Option<(Wrong, Sent)>,
) -> Result<HttpResponse, Error> {
    stranger_page::page(answer, language, page::survey(linked, state.clock.now(), language, typed))
}
