//! Pages for people who have no account: what `/q/{code}`, `/n/{code}` and `/s/{code}` have in common, and in part `/c/{code}`.
//!
//! Whoever holds the link is shown the page. So the code in its address must not travel on to another site nor stay in a shared cache,
//! and the page needs no script and no other file.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, VARY},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    app::AppState, db::Conn, edge::Deliberate, error::Error, language::Language, link_code::LinkCode,
    operations::DoorError,
};

/// What a browser may do with a page that has a form: show what it carries, and send the form back.
const WITH_FORM: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; \
                         frame-ancestors 'none'";

/// In which language.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `en` or `zh-CN`; by `Accept-Language`, if absent.
    #[param(example = "zh-CN")]
    pub lang: Option<String>,
}

/// What lies behind a code, with the code itself. `find` is asked as well for a text that is none, so that both take as long.
pub(crate) async fn behind<L: Send + 'static>(
    state: &AppState,
    code: &str,
    mut find: impl FnMut(&mut Conn, Option<LinkCode>) -> Result<Option<L>, DoorError> + Send + 'static,
) -> Result<Option<(L, LinkCode)>, Error> {
    let code: Option<LinkCode> = code.parse().ok();
    let linked = state.db.read(move |conn| find(conn, code)).await?;
    Ok(linked.zip(code))
}

/// A page with a form.
pub(crate) fn page(
    answer: HttpResponseBuilder,
    language: Language,
    page: askama::Result<String>,
) -> Result<HttpResponse, Error> {
    private(answer, language, WITH_FORM, "Accept-Language", page)
}

/// A page that says that nothing lies behind the code.
pub(crate) fn nothing_there(language: Language, unknown: askama::Result<String>) -> Result<HttpResponse, Error> {
    page(HttpResponse::NotFound(), language, unknown)
}

/// A page under what `policy` says that a browser may do with it; it differs by these headers of the request.
pub(crate) fn private(
    mut answer: HttpResponseBuilder,
    language: Language,
    policy: &'static str,
    vary: &'static str,
    page: askama::Result<String>,
) -> Result<HttpResponse, Error> {
    let page = page.map_err(Error::internal)?;
    answer.insert_header((REFERRER_POLICY, "no-referrer")).insert_header((CACHE_CONTROL, "no-store"));
    answer.insert_header((CONTENT_SECURITY_POLICY, policy)).insert_header((VARY, vary));
    answer.insert_header((CONTENT_LANGUAGE, language.tag()));
    let mut answer = answer.content_type("text/html; charset=utf-8").body(page);
    // What a browser shows a person is no problem document, whatever its status.
    answer.extensions_mut().insert(Deliberate);
    Ok(answer)
}

/// Back to the page after its form was sent, in the language that was asked for; so reloading it sends nothing again.
pub(crate) fn back(code: LinkCode, asked: Option<&str>, language: Language) -> HttpResponse {
    // Relative, since a proxy may have put a path in front.
    let back = asked.map_or_else(|| code.to_string(), |_| format!("{code}?lang={}", language.tag()));
    HttpResponse::SeeOther().insert_header((LOCATION, back)).insert_header((CACHE_CONTROL, "no-store")).finish()
}
