//! The check of a certificate, for anybody who holds the paper.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, get,
    http::header::CACHE_CONTROL,
    web::{Data, Path},
};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{api::CertificateQuery, check::Check, page, store};
use crate::{
    app::AppState,
    error::{Code, Error},
    language::Language,
    negotiation,
    query::Query,
    stranger_page,
};

const HTML: &str = "text/html";
const JSON: &str = "application/json";

/// Registers the addresses of this subject.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(check_certificate);
}

/// Check a completion certificate
///
/// For whoever holds the paper, without signing in: whether what was signed is what the order holds today, and if not,
/// which parts changed. Capitals, hyphens and spaces do not matter, O is read as 0, I and L as 1. A page, or with
/// `Accept: application/json` JSON.
#[utoipa::path(tag = "work-orders", operation_id = "check_certificate", security(()),
    params(("code" = String, Path, description = "The code on the paper", example = "7Q4M-XK2P-0R9T"), CertificateQuery),
    responses((status = 200, description = "What the check comes to",
        content((Check = "application/json"), (String = "text/html")))))]
#[get("/c/{code}")]
async fn check_certificate(
    state: Data<AppState>,
    request: HttpRequest,
    code: Path<String>,
    Query(query): Query<CertificateQuery>,
) -> Result<HttpResponse, Error> {
    let language = negotiation::language(&request, query.lang.as_deref())?;
    let kind = negotiation::preferred(&request, &[HTML, JSON]);
    let code = code.parse().ok();
    let found = state.db.read(move |conn| store::check(conn, code)).await?;
    match (found, kind == Some(JSON)) {
        (Some(check), true) => Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(check)),
        (None, true) => Err(Code::NotFound.into()),
        (Some(check), false) => answer(HttpResponse::Ok(), language, page::check(&check, language)),
        (None, false) => answer(HttpResponse::NotFound(), language, page::unknown(language)),
    }
}

fn answer(
    answer: HttpResponseBuilder,
    language: Language,
    page: askama::Result<String>,
) -> Result<HttpResponse, Error> {
    stranger_page::private(answer, language, page::POLICY, "Accept, Accept-Language", page)
}
