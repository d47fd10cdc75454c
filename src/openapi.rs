//! The API document (OpenAPI 3.1), made from the routes and the catalogue of operations, and the browser for it.
//!
//! Nothing is listed by hand: a route is in the document because it is registered, and its problems follow from
//! what it takes. `openapi.yaml` is the same document in git, so that a change of the API shows in review.

mod browser;
mod catalogue;
mod operations;
mod problems;
mod records;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::LazyLock};

use actix_web::App;
use utoipa::{
    ToSchema,
    openapi::{
        Info, License, OpenApi, Server,
        path::PathItem,
        schema::Components,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
        tag::Tag,
    },
};
use utoipa_actix_web::AppExt;

pub use self::{
    browser::browser,
    catalogue::add_catalogue,
    operations::{CatalogueOperation, add_operations},
    problems::Conflict,
    records::add_records,
};
use crate::app;

/// The tag of addresses for those who run the server.
pub const OPERATION: &str = "operation";

/// The name of the security scheme: an access token in the `Authorization` header.
pub const BEARER: &str = "bearer";

const ABOUT: &str = "\
A field-service backend that works where there is no signal. State goes down, operations go up: whoever changes \
something sends an **operation** with an id of its own making and gets a **verdict**; the same id never applies twice.

Failures are problem documents (RFC 9457, `application/problem+json`) with a stable `code`; their texts come in \
English or Chinese by `Accept-Language`. Every answer carries an `x-request-id`. Bodies may be compressed with gzip or \
zstd in both directions. Instants are RFC 3339 in UTC, amounts are whole minor units of a currency.";

/// The document, built once.
pub fn document() -> &'static OpenApi {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(build);
    &DOCUMENT
}

/// The document as it stands in `openapi.yaml`.
///
/// # Errors
/// If the document cannot be written as YAML, which the drift test would show first.
pub fn to_yaml() -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    Ok(document().to_yaml()?)
}

fn build() -> OpenApi {
    let (_, mut document) = App::new().into_utoipa_app().openapi(frame()).configure(app::routes).split_for_parts();
    add_catalogue(&mut document);
    add_records(&mut document);
    problems::add(&mut document);
    document
}

/// What does not come from a route: the first page, and how to sign in.
fn frame() -> OpenApi {
    let mut info = Info::new("Doorstep", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    let mut license = License::new(env!("CARGO_PKG_LICENSE"));
    license.identifier = Some(env!("CARGO_PKG_LICENSE").to_owned());
    info.license = Some(license);

    let mut server = Server::new("/");
    server.description = Some("This server".to_owned());

    let mut token = Http::new(HttpAuthScheme::Bearer);
    token.bearer_format = Some("JWT".to_owned());
    token.description = Some("A short-lived access token, from signing in or from a refresh token.".to_owned());
    let mut components = Components::new();
    components.security_schemes.insert(BEARER.to_owned(), SecurityScheme::Http(token).into());

    let mut operation = Tag::new(OPERATION);
    operation.description = Some("For those who run the server".to_owned());

    let mut frame = OpenApi::new(info, utoipa::openapi::Paths::new());
    frame.servers = Some(vec![server]);
    frame.components = Some(components);
    frame.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
    let mut access = Tag::new(crate::access::api::TAG);
    access.description = Some("Signing in and out".to_owned());
    frame.tags = Some(vec![access, operation]);
    frame
}

/// Makes a type known to the document under its name, with all that it refers to.
pub fn add_schema<T: ToSchema>(document: &mut OpenApi) {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    document.components.get_or_insert_default().schemas.extend(schemas);
}

/// The methods that an address answers to, as `Allow` lists them.
pub fn methods_at(path: &str) -> Option<String> {
    let items = document().paths.paths.iter().filter(|(template, _)| fits(template, path));
    let methods: BTreeSet<&str> = items.flat_map(|(_, item)| operations_of(item).map(|(method, _)| method)).collect();
    (!methods.is_empty()).then(|| methods.into_iter().collect::<Vec<_>>().join(", "))
}

/// Whether a path is an instance of a template such as `/v1/users/{id}`.
fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(part, segment)| part == segment || (part.starts_with('{') && !segment.is_empty()))
}

fn operations_of(item: &PathItem) -> impl Iterator<Item = (&'static str, &utoipa::openapi::path::Operation)> {
    [
        ("GET", &item.get),
        ("PUT", &item.put),
        ("POST", &item.post),
        ("DELETE", &item.delete),
        ("HEAD", &item.head),
        ("PATCH", &item.patch),
        ("OPTIONS", &item.options),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
}
