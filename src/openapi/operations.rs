//! The addresses that follow from the catalogue of operations, one for each line of it.

use serde_json::{Value, json};
use utoipa::openapi::{
    OpenApi, Ref, Required,
    content::Content,
    extensions::ExtensionsBuilder,
    path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    response::Response,
    schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type},
};

use super::problems;

/// What the document says about one operation of the catalogue.
#[derive(Clone, Debug)]
pub struct CatalogueOperation {
    /// `/v1/{kind-plural}/{id}/{verb}`, e.g. `/v1/work-orders/{id}/arrive`.
    pub path: String,
    /// One line without a full stop, e.g. "Record the arrival".
    pub summary: String,
    /// What it does and when it is refused. Markdown.
    pub description: String,
    /// The name of the payload's schema among the components; see [`super::add_schema`].
    pub payload: String,
    /// A payload that would be accepted.
    pub example: Value,
    /// The wire names of the roles that may record it.
    pub roles: Vec<&'static str>,
    /// Whether a phone may record it without signal.
    pub offline: bool,
}

impl CatalogueOperation {
    /// `<verb>_<resource>`, e.g. `arrive_work_order`, from the path.
    pub fn operation_id(&self) -> String {
        let mut segments = self.path.trim_start_matches("/v1/").split('/');
        let resource = singular(segments.next().unwrap_or_default());
        let verb = segments.next_back().unwrap_or_default();
        format!("{verb}_{resource}").replace('-', "_")
    }

    /// The tag it is listed under: the plural of its resource, e.g. `work-orders`.
    pub fn tag(&self) -> &str {
        self.path.trim_start_matches("/v1/").split('/').next().unwrap_or_default()
    }
}

pub(super) fn singular(plural: &str) -> String {
    match (plural.strip_suffix("ies"), plural.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(stem)) => stem.to_owned(),
        (None, None) => plural.to_owned(),
    }
}

/// Adds the addresses of these operations; each answers with `verdict`, the name of a schema among the components,
/// of which `example` is one.
///
/// The schemas of the payloads and of the verdict must be made known with [`super::add_schema`].
pub fn add_operations(
    document: &mut OpenApi,
    verdict: &str,
    example: &Value,
    operations: impl IntoIterator<Item = CatalogueOperation>,
) {
    for operation in operations {
        let path = operation.path.clone();
        document.paths.paths.entry(path).or_default().post = Some(described(operation, verdict, example));
    }
}

fn described(operation: CatalogueOperation, verdict: &str, example: &Value) -> Operation {
    let id = operation.operation_id();
    let tag = operation.tag().to_owned();
    let where_recorded = match operation.offline {
        true => "It may be recorded offline and arrive later.",
        false => "It needs a connection.",
    };
    let description =
        format!("{}\n\nRoles: {}. {where_recorded}", operation.description.trim(), operation.roles.join(", "));
    let extensions = ExtensionsBuilder::new()
        .add("x-operation", json!({ "offline": operation.offline, "roles": operation.roles }))
        .build();
    let mut payload = Content::new(Some(Ref::from_schema_name(operation.payload)));
    payload.example = Some(operation.example);

    let mut builder = OperationBuilder::new()
        .operation_id(Some(id))
        .tag(tag)
        .summary(Some(operation.summary))
        .description(Some(description))
        .parameter(uuid_parameter("id", ParameterIn::Path, "The record; for a new one, an id of your making"))
        .parameter(uuid_parameter(
            "Idempotency-Key",
            ParameterIn::Header,
            "The id of this operation (a UUID, best version 7). Sent again with the same body it returns the first \
             verdict; without it, each request is an operation of its own",
        ))
        .parameter(
            ParameterBuilder::new()
                .name("If-Match")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some("The ETag of the version that you have seen"))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
                .example(Some(json!("\"7\""))),
        )
        .request_body(Some(
            RequestBodyBuilder::new().content("application/json", payload).required(Some(Required::True)).build(),
        ))
        .extensions(Some(extensions))
        .response("200", answer(verdict, example));
    for status in [409, 412] {
        builder = builder.response(status.to_string(), problems::reference(status));
    }
    builder.build()
}

fn answer(verdict: &str, example: &Value) -> Response {
    let mut content = Content::new(Some(Ref::from_schema_name(verdict)));
    content.example = Some(example.clone());
    let mut answer = Response::new("What became of the operation");
    answer.content.insert("application/json".to_owned(), content.into());
    answer
}

pub(super) fn uuid_parameter(name: &str, place: ParameterIn, description: &str) -> ParameterBuilder {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    let schema =
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(description))
        .schema(Some(schema.build()))
        .example(Some(json!("0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11")))
}
