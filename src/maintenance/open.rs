//! The page behind the link of a notice, for whoever was given it, without signing in.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::MessageBody,
    get,
    http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, VARY},
    post,
    web::{Data, Form, Path},
};
use mobile_api::{Actor, maintenance::ReadNotice, refusal::Refusal};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
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
    quote_link::{open::PageQuery, page::POLICY},
};

/// Registers the addresses of this subject.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(open_notice).service(read_notice);
}

/// What the page's form sends.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NoticeForm {
    /// Which edition was shown.
    #[schema(example = 1)]
    pub edition: u32,
}

/// Open a notice
///
/// For a household or department that was sent the link, without signing in: what stands still, from when until when, whether that was
/// changed or withdrawn, whether everything runs again, and a button to say that it was read.
#[utoipa::path(tag = "shutdown-notices", operation_id = "open_notice", security(()),
    params(("code" = String, Path, description = "The code in the link", example = "7Q4M-XK2P-0R9T"), PageQuery),
    responses((status = 200, description = "The page", content((String = "text/html")))))]
#[get("/n/{code}")]
async fn open_notice(
    state: Data<AppState>,
    request: HttpRequest,
    code: Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let language = negotiation::language(&request, query.lang.as_deref())?;
    match find(&state, &code).await? {
        Some((linked, _)) => {
            let page = page::notice(&linked, language).map_err(Error::internal)?;
            Ok(answered(HttpResponse::Ok(), language, page))
        }
        None => nobody_has(language),
    }
}

/// Say that a notice was read
///
/// What the page's form sends. The answer leads back to the page: pressed twice, it was read once.
#[utoipa::path(tag = "shutdown-notices", operation_id = "read_notice_by_link", security(()),
    params(("code" = String, Path, description = "The code in the link", example = "7Q4M-XK2P-0R9T"), PageQuery),
    request_body(content = NoticeForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page")))]
#[post("/n/{code}")]
async fn read_notice(
    state: Data<AppState>,
    request: HttpRequest,
    code: Path<String>,
    Query(query): Query<PageQuery>,
    Form(form): Form<NoticeForm>,
) -> Result<HttpResponse, Error> {
    let language = negotiation::language(&request, query.lang.as_deref())?;
    let Some((linked, code)) = find(&state, &code).await? else { return nobody_has(language) };
    let action = ReadNotice { edition: form.edition }.into();
    let operation = Online { id: state.clock.new_id(), action, entity: linked.notice.id.uuid(), expected_rev: None };
    match state.door.perform(Actor::system(linked.firm.id.uuid()), operation).await {
        // What somebody else of the household was faster at, or what there is not, the page shows as it is.
        Ok(_)
        | Err(DoorError::Refused(
            Refusal::StillInUse { .. } | Refusal::BadReference { .. } | Refusal::Invalid { .. },
        )) => {}
        Err(error) => return Err(error.into()),
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
