//! The catalogue of operations as the document shows it: an address for each line.

use mobile_api::{
    catalogue::{self, Action, OPERATIONS, PayloadSchema},
    operation::{On, Spec},
    sync::{Verdict, VerdictStatus},
};
use serde_json::{Value, json};
use utoipa::{ToSchema, openapi::OpenApi};
use uuid::Uuid;

use super::{CatalogueOperation, add_operations, add_schema};

/// Adds every operation of the catalogue with its payload's schema and example.
pub fn add_catalogue(document: &mut OpenApi) {
    add_schema::<Verdict>(document);
    let payloads = catalogue::schemas();
    let schemas = &mut document.components.get_or_insert_default().schemas;
    for payload in &payloads {
        schemas.insert(schema_name(payload), payload.schema.clone());
        schemas.extend(payload.refers.iter().cloned());
    }
    let lines = OPERATIONS.iter().zip(payloads).zip(Action::examples());
    let operations = lines.map(|((spec, payload), example)| described(spec, &payload, &example));
    add_operations(document, &Verdict::name(), &verdict(), operations);
}

/// Apart from the schemas of records, which may have the same name.
fn schema_name(payload: &PayloadSchema) -> String {
    format!("{}Payload", payload.name)
}

fn described(spec: &Spec, payload: &PayloadSchema, example: &Action) -> CatalogueOperation {
    let creates = match spec.on {
        On::New => "Makes a new record under an id of your making.",
        On::Existing => "The record must exist.",
        On::Any => "Makes the record if there is none under this id.",
    };
    let payload_json = example.payload().ok().and_then(|json| serde_json::from_str(json.get()).ok());
    CatalogueOperation {
        path: spec.path(),
        summary: spec.summary.to_owned(),
        description: format!("The operation `{}`. {creates}", spec.name),
        payload: schema_name(payload),
        example: payload_json.unwrap_or(Value::Null),
        roles: spec.roles.iter().map(|role| role.as_str()).collect(),
        offline: spec.offline,
    }
}

/// A verdict as an example.
fn verdict() -> Value {
    let verdict = Verdict {
        id: Uuid::from_u128(0x0199_a1f0_7a52_7c3e_9a70_3f0f_5f0f_9c11),
        status: VerdictStatus::Applied,
        flags: Vec::new(),
        problem: None,
        review: None,
        until: None,
        rev: Some(8),
    };
    json!(verdict)
}
