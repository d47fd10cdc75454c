use std::collections::BTreeSet;

use actix_web::{App, http::header, test as http};
use mobile_api::record::{Kind, Record};
use serde_json::{Value, json};

use super::*;

/// Every operation of a document as (method and path, operation).
fn all_of(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = ["get", "put", "post", "delete", "head", "patch", "options"];
    paths
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter().filter(|(method, _)| methods.contains(&method.as_str()));
            operations.map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
        })
        .collect()
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            resolve(document, document.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference}")))
        }
        None => value,
    }
}

/// Whether a reader finds a concrete value: at the media type, or anywhere within its schema.
fn has_example(document: &Value, content: &Value) -> bool {
    fn in_schema(document: &Value, schema: &Value, depth: usize) -> bool {
        let schema = resolve(document, schema);
        let here = ["example", "examples", "const", "enum"].iter().any(|key| !schema[key].is_null());
        let inner = schema["properties"].as_object().into_iter().flat_map(|all| all.values());
        let variants = ["oneOf", "allOf", "anyOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
        let mut below = inner.chain(variants).chain(schema.get("items"));
        here || (depth > 0 && below.any(|schema| in_schema(document, schema, depth - 1)))
    }
    !content["example"].is_null() || !content["examples"].is_null() || in_schema(document, &content["schema"], 4)
}

/// What is missing from one operation, in words.
fn faults(document: &Value, operation: &Value) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, fault| {
        if !holds {
            faults.push(fault);
        }
    };
    let text = |key: &str| operation[key].as_str().unwrap_or_default().to_owned();
    must(!text("summary").is_empty() && !text("summary").ends_with('.'), "a summary without a full stop");
    must(!text("description").is_empty(), "a description");
    let id = text("operationId");
    let words =
        id.split('_').filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    must(words.clone().count() >= 2 && words.count() == id.split('_').count(), "an operationId <verb>_<resource>");
    must(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "exactly one tag");

    let body = resolve(document, &operation["requestBody"]);
    for content in body["content"].as_object().into_iter().flat_map(|all| all.values()) {
        must(has_example(document, content), "an example for its body");
    }
    let responses = operation["responses"].as_object().unwrap();
    let mut refusals = responses.iter().filter(|(status, _)| status.starts_with('4'));
    let is_problem = |answer: &Value| !resolve(document, answer)["content"]["application/problem+json"].is_null();
    must(refusals.clone().next().is_some() && refusals.all(|(_, answer)| is_problem(answer)), "4xx problem responses");
    for (_, answer) in responses.iter().filter(|(status, _)| status.starts_with('2')) {
        let contents = resolve(document, answer)["content"].as_object().into_iter().flatten();
        for (_, content) in contents.filter(|(kind, _)| kind.contains("json")) {
            must(has_example(document, content), "an example for its answer");
        }
    }
    faults
}

/// What is missing anywhere in a document, one line each.
fn report(document: &OpenApi) -> String {
    let document = serde_json::to_value(document).unwrap();
    let operations = all_of(&document);
    let mut report: Vec<String> = Vec::new();
    for (name, operation) in &operations {
        report.extend(faults(&document, operation).into_iter().map(|fault| format!("{name} lacks {fault}")));
    }
    let ids: BTreeSet<&str> =
        operations.iter().filter_map(|(_, operation)| operation["operationId"].as_str()).collect();
    if ids.len() != operations.len() {
        report.push("an operationId stands twice".to_owned());
    }
    walk(&document, &document);
    report.join("\n")
}

/// Fails if a reference leads nowhere.
fn walk(document: &Value, value: &Value) {
    match value {
        Value::Object(map) => {
            if map.get("$ref").is_some_and(Value::is_string) {
                resolve(document, value);
            }
            map.values().for_each(|value| walk(document, value));
        }
        Value::Array(list) => list.iter().for_each(|value| walk(document, value)),
        _ => {}
    }
}

#[test]
fn every_operation_is_described() {
    assert_eq!(report(document()), "");
}

#[test]
fn the_whole_catalogue_can_be_described() {
    let mut document = frame();
    add_catalogue(&mut document);
    problems::add(&mut document);
    assert_eq!(document.paths.paths.len(), mobile_api::catalogue::OPERATIONS.len());
    assert_eq!(report(&document), "");
}

#[test]
fn examples_of_records_are_records() {
    for kind in Kind::ALL.iter().copied() {
        let example = records::example(kind);
        let record = Record::from_json(kind, &example.to_string()).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(serde_json::from_str::<Value>(&record.to_json().unwrap()).unwrap(), example, "{kind}");
    }
}

#[test]
fn committed_document_is_up_to_date() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.yaml")).unwrap_or_default();
    assert!(
        committed == to_yaml().unwrap(),
        "openapi.yaml differs from the code. Run `cargo run -- openapi > openapi.yaml` and look at the difference."
    );
}

#[test]
fn operations_of_the_catalogue_are_complete() {
    #[derive(utoipa::ToSchema)]
    #[expect(dead_code, reason = "only its schema matters here")]
    struct Arrive {
        place: Option<String>,
    }

    let mut document = frame();
    add_schema::<Arrive>(&mut document);
    let arrive = CatalogueOperation {
        path: "/v1/work-orders/{id}/hand-back".into(),
        summary: "Hand the order back".into(),
        description: "Refused once work has begun.".into(),
        payload: "Arrive".into(),
        example: json!({ "place": "door" }),
        roles: vec!["technician", "dispatcher"],
        offline: true,
    };
    assert_eq!(arrive.operation_id(), "hand_back_work_order");
    add_operations(&mut document, "Arrive", &json!({ "place": "door" }), [arrive]);
    problems::add(&mut document);
    let document = serde_json::to_value(&document).unwrap();
    let operations = all_of(&document);
    assert_eq!(faults(&document, &operations[0].1), Vec::<&str>::new());
    let operation = &operations[0].1;
    assert_eq!(operation["x-operation"]["roles"], json!(["technician", "dispatcher"]));
    for status in ["401", "403", "404", "409", "412", "422", "503", "default"] {
        assert!(operation["responses"][status].is_object(), "{status}");
    }
}

#[test]
fn addresses_are_recognised() {
    assert_eq!(methods_at("/health/live").as_deref(), Some("GET"));
    assert_eq!(methods_at("/problems/deleted").as_deref(), Some("GET"));
    assert_eq!(methods_at("/problems/"), None);
    assert_eq!(methods_at("/problems/deleted/more"), None);
}

#[actix_web::test]
async fn the_browser_needs_no_other_host() {
    let app = http::init_service(App::new().configure(browser)).await;
    let page = async |path: &str| {
        let answer = http::call_service(&app, http::TestRequest::get().uri(path).to_request()).await;
        assert_eq!(answer.status(), 200, "{path}");
        let policy = answer.headers().get(header::CONTENT_SECURITY_POLICY).cloned();
        (String::from_utf8_lossy(&http::read_body(answer).await).into_owned(), policy)
    };
    let (index, policy) = page("/docs/").await;
    let policy = policy.expect("the pages say what they may load");
    assert!(policy.to_str().unwrap().starts_with("default-src 'self'"));
    let mut loaded = 0;
    for attribute in ["src=\"", "href=\""] {
        for target in index.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(!target.contains("//"), "{target}");
            page(&format!("/docs/{}", target.trim_start_matches("./"))).await;
            loaded += 1;
        }
    }
    assert!(loaded >= 4, "styles and scripts: {index}");
    let (initializer, _) = page("/docs/swagger-initializer.js").await;
    assert!(initializer.contains("\"/openapi.json\"") && initializer.contains("\"validatorUrl\": \"none\""));
    assert!(!initializer.contains("http"), "{initializer}");
    let (served, _) = page("/openapi.json").await;
    assert!(serde_json::from_str::<Value>(&served).unwrap()["openapi"].as_str().unwrap().starts_with("3.1"));
}
