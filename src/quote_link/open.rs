//! The page behind the link, for whoever was given it, without signing in.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, get, post,
    web::{Data, Form, Path},
};
use mobile_api::{Actor, refusal::Refusal, work_order::by_link::ConfirmByLink};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    page::{self, Standing, Typed},
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
    cfg.service(open_quote).service(confirm_quote);
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
    match stranger_page::behind(&state, &code, store::find).await? {
        Some((linked, _)) => shown(HttpResponse::Ok(), &state, &linked, language, None),
        None => stranger_page::nothing_there(language, page::unknown(language)),
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
    let Some((linked, code)) = stranger_page::behind(&state, &code, store::find).await? else {
        return stranger_page::nothing_there(language, page::unknown(language));
    };
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
    Ok(stranger_page::back(code, query.lang.as_deref(), language))
}

fn shown(
    answer: HttpResponseBuilder,
    state: &AppState,
    linked: &Linked,
    language: Language,
    typed: Option<Typed>,
) -> Result<HttpResponse, Error> {
    stranger_page::page(answer, language, page::quote(linked, state.clock.now(), language, typed))
}
