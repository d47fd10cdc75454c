//! The page behind the link, for whoever was given it, without signing in.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::MessageBody,
    get,
    http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, VARY},
    post,
    web::{Data, Form, Path},
};
use mobile_api::{Actor, refusal::Refusal, return_visit::Satisfaction};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    form::{self, Sent, Wrong},
    page,
    store::{self, Linked},
};
use crate::{
    app::AppState,
    edge::Deliberate,
    error::Error,
    language::Language,
    link_code::LinkCode,
    negotiation,
    operations::{DoorError, Online},
    query::Query,
    quote_link::page::POLICY,
};

/// Registers the addresses of this subject.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(open_survey).service(answer_survey);
}

/// In which language.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `en` or `zh-CN`; by `Accept-Language`, if absent.
    #[param(example = "zh-CN")]
    pub lang: Option<String>,
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
    match find(&state, &code).await? {
        Some((linked, _)) => shown(HttpResponse::Ok(), &state, &linked, language, None),
        None => nobody_has(language),
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
    let Some((linked, code)) = find(&state, &code).await? else { return nobody_has(language) };
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
    // Relative, since a proxy may have put a path in front.
    let back = query.lang.map_or_else(|| code.to_string(), |_| format!("{code}?lang={}", language.tag()));
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, back)).insert_header((CACHE_CONTROL, "no-store")).finish())
}

async fn find(state: &AppState, code: &str) -> Result<Option<(Linked, LinkCode)>, Error> {
    let code: Option<LinkCode> = code.parse().ok();
    let linked = state.db.read(move |conn| store::find(conn, code)).await?;
    Ok(linked.zip(code))
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
    let page = page::survey(linked, state.clock.now(), language, typed);
    Ok(answered(answer, language, page.map_err(Error::internal)?))
}

fn nobody_has(language: Language) -> Result<HttpResponse, Error> {
    let page = page::unknown(language).map_err(Error::internal)?;
    Ok(answered(HttpResponse::NotFound(), language, page))
}

fn answered(mut answer: HttpResponseBuilder, language: Language, page: impl MessageBody + 'static) -> HttpResponse {
    // The code is in the address: it must not travel on to another site, nor stay in a shared cache.
    answer.insert_header((REFERRER_POLICY, "no-referrer")).insert_header((CACHE_CONTROL, "no-store"));
    answer.insert_header((CONTENT_SECURITY_POLICY, POLICY)).insert_header((VARY, "Accept-Language"));
    answer.insert_header((CONTENT_LANGUAGE, language.tag()));
    let mut answer = answer.content_type("text/html; charset=utf-8").body(page);
    answer.extensions_mut().insert(Deliberate);
    answer
}
