//! The page behind the link of a notice, for whoever was given it, without signing in.

use actix_web::{
    HttpRequest, HttpResponse, get, post,
    web::{Data, Form, Path},
};
use mobile_api::{Actor, maintenance::ReadNotice, refusal::Refusal};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{page, store};
use crate::{
    app::AppState,
    error::Error,
    negotiation,
    operations::{DoorError, Online},
    query::Query,
    stranger_page::{self, PageQuery},
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
    match stranger_page::behind(&state, &code, store::find).await? {
        Some((linked, _)) => stranger_page::page(HttpResponse::Ok(), language, page::notice(&linked, language)),
        None => stranger_page::nothing_there(language, page::unknown(language)),
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
    let Some((linked, code)) = stranger_page::behind(&state, &code, store::find).await? else {
        return stranger_page::nothing_there(language, page::unknown(language));
    };
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
    Ok(stranger_page::back(code, query.lang.as_deref(), language))
}
