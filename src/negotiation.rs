//! In which form and language a document is wanted.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, Accept, Header},
    web::Data,
};
use serde::Serialize;

use crate::{
    app::AppState,
    error::{Code, Error},
    language::Language,
};

/// The first of these media types that the caller accepts, by the caller's preference; the first of all if the caller
/// prefers none of them.
pub(crate) fn preferred(request: &HttpRequest, offered: &[&'static str]) -> Option<&'static str> {
    let default = offered.first().copied();
    let Ok(accept) = Accept::parse(request) else { return default };
    let fits = |range: &str, kind: &str| {
        let same_top = || range.strip_suffix("/*").is_some_and(|top| kind.split('/').next() == Some(top));
        range == "*/*" || range == kind || same_top()
    };
    let ranked: Vec<String> = accept.ranked().iter().map(|range| range.essence_str().to_owned()).collect();
    ranked.iter().find_map(|range| offered.iter().copied().find(|kind| fits(range, kind))).or(default)
}

/// The type of a table for spreadsheets.
pub(crate) const CSV: &str = "text/csv";

/// The type of a page to print.
pub(crate) const PDF: &str = "application/pdf";

/// A document of this type, [`CSV`] or [`PDF`], under this name without its ending; for addresses that answer in several types.
pub(crate) fn document(kind: &str, name: &str, language: Language, body: Vec<u8>) -> HttpResponse {
    let (kind, shown) = match kind {
        PDF => (PDF, format!("inline; filename=\"{name}.pdf\"")),
        _ => ("text/csv; charset=utf-8", format!("attachment; filename=\"{name}.csv\"")),
    };
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CONTENT_DISPOSITION, shown))
        .insert_header((header::CONTENT_LANGUAGE, language.tag()))
        .insert_header((header::VARY, "Accept, Accept-Language"))
        .body(body)
}

/// A report as JSON or, for whoever asks for it by `Accept: text/csv`, as a table for spreadsheets of this name. The table
/// speaks the language of `Accept-Language`.
pub(crate) fn report<E: std::error::Error + Send + Sync + 'static>(
    request: &HttpRequest,
    report: &impl Serialize,
    name: &str,
    table: impl FnOnce(Language) -> Result<Vec<u8>, E>,
) -> Result<HttpResponse, Error> {
    const VARY: (header::HeaderName, &str) = (header::VARY, "Accept, Accept-Language");
    if preferred(request, &["application/json", CSV]) != Some(CSV) {
        return Ok(HttpResponse::Ok().insert_header(VARY).json(report));
    }
    let language = Language::negotiate(request.headers().get(header::ACCEPT_LANGUAGE));
    let table = table(language).map_err(Error::internal)?;
    Ok(document(CSV, name, language, table))
}

/// The language asked for in the query, else that of `Accept-Language`.
pub(crate) fn language(request: &HttpRequest, asked: Option<&str>) -> Result<Language, Error> {
    match asked {
        None => Ok(Language::negotiate(request.headers().get(header::ACCEPT_LANGUAGE))),
        Some("en") => Ok(Language::English),
        Some("zh-CN" | "zh") => Ok(Language::Chinese),
        Some(_) => Err(Error::new(Code::InvalidQuery).arg("reason", "lang is en or zh-CN")),
    }
}

/// Where whoever holds the paper finds this server: as configured, else as this request found it.
pub(crate) fn public_url(state: &Data<AppState>, request: &HttpRequest) -> String {
    if let Some(url) = &state.config.http.public_url {
        return url.clone();
    }
    if state.config.tokens.behind_proxy {
        let seen = request.connection_info();
        return format!("{}://{}", seen.scheme(), seen.host());
    }
    // Without a proxy nobody but the client would have written the headers that claim another address.
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let plain =
        |host: &&str| host.len() <= 255 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    host.filter(plain).map_or_else(|| format!("http://{}", state.config.http.listen), |host| format!("http://{host}"))
}
