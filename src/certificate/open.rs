//! The check of a certificate, for anybody who holds the paper.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY},
    web::{Data, Path},
};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{api::CertificateQuery, check::Check, page, store};
use crate::{
    app::AppState,
    edge::Deliberate,
    error::{Code, Error},
    language::Language,
    negotiation,
    query::Query,
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
        (Some(check), false) => Ok(answer(HttpResponse::Ok(), language, page::check(&check, language))?),
        (None, false) => {
            let mut answer = answer(HttpResponse::NotFound(), language, page::unknown(language))?;
            answer.extensions_mut().insert(Deliberate);
            Ok(answer)
        }
    }
}

fn answer(
    mut answer: actix_web::HttpResponseBuilder,
    language: Language,
    page: Result<String, askama::Error>,
) -> Result<HttpResponse, Error> {
    let page = page.map_err(Error::internal)?;
    // The code is in the address: it must not travel on to another site, nor stay in a shared cache.
    answer.insert_header((REFERRER_POLICY, "no-referrer")).insert_header((CACHE_CONTROL, "no-store"));
    answer.insert_header((CONTENT_SECURITY_POLICY, page::POLICY)).insert_header((VARY, "Accept, Accept-Language"));
    answer.insert_header((CONTENT_LANGUAGE, language.tag()));
    Ok(answer.content_type("text/html; charset=utf-8").body(page))
}
