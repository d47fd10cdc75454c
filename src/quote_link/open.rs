//! The page behind the link, for whoever was given it, without signing in.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::MessageBody,
    get,
    http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, VARY},
    post,
    web::{Data, Form, Path},
};
use mobile_api::{Actor, refusal::Refusal, work_order::by_link::ConfirmByLink};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    page::{self, Standing, Typed},
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
};

/// Registers the addresses of this subject.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(open_quote).service(confirm_quote);
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

/// What the page's form sends.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct QuoteForm {
    /// Who confirms; 1 to 200 characters.
    #[schema(example = "Mrs Chen")]
    pub name: String,
}

/// Open a quote
///
/// For the customer who was sent the link, without signing in: the price, whether it still stands, and a form to confirm it.
#[utoipa::path(tag = "work-orders", operation_id = "open_quote", security(()),
    params(("code" = String, Path, description = "The code in the link", example = "7Q4M-XK2P-0R9T"), PageQuery),
    responses((status = 200, description = "The page", content((String = "text/html")))))]
#[get("/q/{code}")]
async fn open_quote(
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

/// Confirm a quote as its customer
///
/// What the page's form sends. The answer leads back to the page, which says what became of it: pressed twice, it is confirmed
/// once.
#[utoipa::path(tag = "work-orders", operation_id = "confirm_quote_by_link", security(()),
    params(("code" = String, Path, description = "The code in the link", example = "7Q4M-XK2P-0R9T"), PageQuery),
    request_body(content = QuoteForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page")))]
#[post("/q/{code}")]
async fn confirm_quote(
    state: Data<AppState>,
    request: HttpRequest,
    code: Path<String>,
    Query(query): Query<PageQuery>,
    Form(form): Form<QuoteForm>,
) -> Result<HttpResponse, Error> {
    let language = negotiation::language(&request, query.lang.as_deref())?;
    let Some((linked, code)) = find(&state, &code).await? else { return nobody_has(language) };
    if linked.standing(state.clock.now()) == Standing::Open {
        let name = form.name.trim().to_owned();
        let action = ConfirmByLink { quote: linked.quote, name: name.clone() }.into();
        let operation = Online { id: state.clock.new_id(), action, entity: linked.order.id.uuid(), expected_rev: None };
        match state.door.perform(Actor::system(linked.firm.id.uuid()), operation).await {
            // What somebody else was faster at, the page says.
            Ok(_) | Err(DoorError::Refused(Refusal::IllegalTransition { .. } | Refusal::QuoteUnknown)) => {}
            Err(DoorError::Refused(Refusal::Invalid { .. })) => {
                let answer = HttpResponse::UnprocessableEntity();
                return shown(answer, &state, &linked, language, Some(Typed { name }));
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

fn shown(
    answer: HttpResponseBuilder,
    state: &AppState,
    linked: &Linked,
    language: Language,
    typed: Option<Typed>,
) -> Result<HttpResponse, Error> {
    let page = page::quote(linked, state.clock.now(), language, typed);
    Ok(answered(answer, language, page.map_err(Error::internal)?))
}

fn nobody_has(language: Language) -> Result<HttpResponse, Error> {
    let page = page::unknown(language).map_err(Error::internal)?;
    Ok(answered(HttpResponse::NotFound(), language, page))
}

fn answered(mut answer: HttpResponseBuilder, language: Language, page: impl MessageBody + 'static) -> HttpResponse {
    // The code is in the address: it must not travel on to another site, nor stay in a shared cache.
    answer.insert_header((REFERRER_POLICY, "no-referrer")).insert_header((CACHE_CONTROL, "no-store"));
    answer.insert_header((CONTENT_SECURITY_POLICY, page::POLICY)).insert_header((VARY, "Accept-Language"));
    answer.insert_header((CONTENT_LANGUAGE, language.tag()));
    let mut answer = answer.content_type("text/html; charset=utf-8").body(page);
    answer.extensions_mut().insert(Deliberate);
    answer
}
