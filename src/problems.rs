//! The explanations of the problem codes, for people: what the `type` of a problem document points to.

use actix_web::{HttpRequest, get, http::header, web::Path};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    error::{Code, Error, Family},
    json::Json,
    openapi,
    problem::Language,
};

/// Registers the addresses of this subject.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list_problems).service(get_problem);
}

/// One kind of problem.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemKind {
    /// The stable code.
    #[schema(example = "cursor_too_old")]
    pub code: &'static str,
    /// The HTTP status it comes with.
    #[schema(example = 410)]
    pub status: u16,
    /// What kind of trouble it belongs to.
    pub family: Family,
    /// Its title in the reader's language.
    #[schema(example = "The cursor is too old")]
    pub title: String,
}

impl ProblemKind {
    fn of(code: Code, language: Language) -> Self {
        Self { code: code.as_str(), status: code.status().as_u16(), family: code.family(), title: language.title(code) }
    }
}

/// List every kind of problem
///
/// All codes that problem documents can carry, with titles in the language of `Accept-Language` (English or
/// Chinese). A code never changes its meaning.
#[utoipa::path(tag = openapi::OPERATION, security(()), responses((status = 200, body = Vec<ProblemKind>, description = "Every kind")))]
#[get("/problems")]
async fn list_problems(request: HttpRequest) -> Json<Vec<ProblemKind>> {
    let language = Language::negotiate(request.headers().get(header::ACCEPT_LANGUAGE));
    Json(Code::ALL.iter().map(|code| ProblemKind::of(*code, language)).collect())
}

/// Explain one kind of problem
///
/// What the `type` of a problem document leads to.
#[utoipa::path(
    tag = openapi::OPERATION,
    security(()),
    params(("code" = String, Path, description = "The code", example = "cursor_too_old")),
    responses((status = 200, body = ProblemKind, description = "The kind of problem"))
)]
#[get("/problems/{code}")]
async fn get_problem(request: HttpRequest, code: Path<String>) -> Result<Json<ProblemKind>, Error> {
    let code = Code::named(&code).ok_or(Code::NotFound)?;
    let language = Language::negotiate(request.headers().get(header::ACCEPT_LANGUAGE));
    Ok(Json(ProblemKind::of(code, language)))
}
