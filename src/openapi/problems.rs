//! The problem responses of each operation, from the table of codes and from what the operation takes.

use serde_json::json;
use utoipa::openapi::{
    OpenApi, Ref, RefOr,
    content::Content,
    example::Example,
    header::Header,
    path::{Operation, ParameterIn},
    response::Response,
    schema::{ObjectBuilder, Type},
};

use crate::{
    error::{Code, Error, FieldError},
    problem::{self, Language, Problem},
};

/// The statuses that have a description of their own. All others fall under `default`.
const DESCRIBED: [(u16, &str); 14] = [
    (400, "The request cannot be understood"),
    (401, "Not signed in, or the token does not hold any more"),
    (403, "Not allowed"),
    (404, "It does not exist, or you may not see it"),
    (406, "No encoding that you accept"),
    (409, "The present state does not allow it"),
    (410, "The cursor does not fit any more; begin without one"),
    (412, "It has changed since the version in `If-Match`"),
    (413, "The body is too large"),
    (415, "The body is not JSON"),
    (422, "Values that cannot be accepted"),
    (428, "`If-Match` is missing"),
    (429, "Too many requests; see `Retry-After`"),
    (503, "Not available at the moment; see `Retry-After`"),
];

/// Adds the problem documents to the components, and to each operation those that it can answer with.
///
/// What a handler declares itself stays; a handler names the statuses that only it can know of (409, 410, 412, …)
/// with [`reference`].
pub(super) fn add(document: &mut OpenApi) {
    super::add_schema::<Problem>(document);
    let components = document.components.get_or_insert_default();
    for (status, description) in DESCRIBED {
        components.responses.insert(name(status), response(description, Some(status)).into());
    }
    components.responses.insert("Problem".to_owned(), response("Any other failure", None).into());
    let open_by_default = document.security.is_none();
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.head,
            &mut item.patch,
            &mut item.options,
        ];
        for operation in operations.into_iter().flatten() {
            complete(operation, open_by_default);
        }
    }
}

/// A response that refers to the problem documents of a status, for what only a handler can know of.
pub fn reference(status: u16) -> RefOr<Response> {
    Ref::from_response_name(name(status)).into()
}

/// The problem documents with status 409, for handlers that refuse: `responses((status = 409, response = Conflict))`.
#[derive(Clone, Copy, Debug)]
pub struct Conflict;

impl utoipa::ToResponse<'_> for Conflict {
    fn response() -> (&'static str, RefOr<Response>) {
        ("Problem409", reference(409))
    }
}

fn name(status: u16) -> String {
    format!("Problem{status}")
}

fn complete(operation: &mut Operation, open_by_default: bool) {
    let takes = |place: ParameterIn| {
        operation.parameters.iter().flatten().any(|parameter| match parameter {
            RefOr::T(parameter) => parameter.parameter_in == place,
            RefOr::Ref(_) => false,
        })
    };
    let has_body = operation.request_body.is_some();
    // An empty list, or a requirement of nothing, marks an open address.
    let is_open = operation
        .security
        .as_ref()
        .map_or(open_by_default, |needed| needed.iter().all(|requirement| *requirement == Default::default()));
    let mut statuses = vec![406, 503];
    if takes(ParameterIn::Path) {
        statuses.push(404);
    }
    if takes(ParameterIn::Query) || has_body {
        statuses.push(400);
    }
    if has_body {
        statuses.extend([413, 415, 422]);
    }
    if !is_open {
        statuses.extend([401, 403, 429]);
    }
    for status in statuses {
        operation.responses.responses.entry(status.to_string()).or_insert_with(|| reference(status));
    }
    let rest = operation.responses.responses.entry("default".to_owned());
    rest.or_insert_with(|| Ref::from_response_name("Problem").into());
}

/// One response with an example for every code that has this status.
fn response(description: &str, status: Option<u16>) -> Response {
    let mut content = Content::new(Some(Ref::from_schema_name("ProblemDocument")));
    let codes = Code::ALL.iter().filter(|code| match status {
        Some(status) => code.status().as_u16() == status,
        None => **code == Code::Internal,
    });
    for code in codes {
        let mut example = Example::new();
        example.summary = Language::English.title(*code);
        example.value = Some(json!(Problem::of(&sample(*code), Language::English, None)));
        content.examples.insert(code.to_string(), example.into());
    }
    let mut response = Response::new(description);
    response.content.insert(problem::MEDIA_TYPE.to_owned(), content.into());
    if matches!(status, Some(429 | 503)) {
        let mut header = Header::new(ObjectBuilder::new().schema_type(Type::Integer).build());
        header.description = Some("Seconds to wait before the next try".to_owned());
        response.headers.insert("Retry-After".to_owned(), header.into());
    }
    response
}

/// An error of this code with believable values.
fn sample(code: Code) -> Error {
    let error = Error::new(code);
    match code {
        Code::Invalid => FieldError::new("/text", "too_long", "at most 2000 characters").into(),
        Code::InvalidJson => error.arg("line", 1).arg("column", 17),
        Code::InvalidQuery => error.arg("reason", "invalid digit found in string"),
        Code::TooDeep => error.arg("limit", 64),
        Code::BodyTooLarge => error.arg("limit", 1_048_576),
        Code::UploadTooLarge => error.arg("limit", 67_108_864),
        Code::InvalidHeader => error.arg("name", "upload-length").arg("reason", "a whole number"),
        Code::ChecksumAlgorithm => error.arg("known", "sha256,sha1"),
        _ => error,
    }
}
