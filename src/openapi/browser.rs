//! `/openapi.json` and the API browser at `/docs`, which needs no other host than this server.

use std::sync::LazyLock;

use actix_web::{
    HttpResponse,
    http::header,
    middleware::DefaultHeaders,
    web::{self, Bytes},
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::document;

const DOCUMENT: &str = "/openapi.json";

/// Lets the pages load from this server only: what a page must not do, the browser does not do either.
const OWN_HOST_ONLY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Registers the document and its browser.
pub fn browser(cfg: &mut web::ServiceConfig) {
    // Without "none" the pages would show a badge that an outside host draws.
    let pages = SwaggerUi::new("/{_:.*}").config(Config::from(DOCUMENT).validator_url("none").filter(true));
    cfg.route(DOCUMENT, web::get().to(get_document)).service(web::redirect("/docs", "/docs/").permanent()).service(
        web::scope("/docs")
            .wrap(DefaultHeaders::new().add((header::CONTENT_SECURITY_POLICY, OWN_HOST_ONLY)))
            .service(pages),
    );
}

async fn get_document() -> HttpResponse {
    static JSON: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(document()).unwrap_or_default().into());
    HttpResponse::Ok().content_type("application/json").body(JSON.clone())
}
