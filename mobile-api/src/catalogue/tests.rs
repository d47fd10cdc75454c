//! What holds for every operation of the catalogue, so that a new line is right from its first day.

use std::{collections::HashSet, fmt::Write as _};

use proptest::prelude::*;
use serde_json::{Map, Value, json, value::to_raw_value};

use super::{Action, OPERATIONS, ParseError, spec};
use crate::{actor::Role, operation::On, record::Kind};

fn payload(action: &Action) -> Value {
    serde_json::from_str(action.payload().expect("a payload").get()).expect("JSON")
}

fn parse(name: &str, payload: &Value) -> Result<Action, ParseError> {
    Action::parse(name, &to_raw_value(payload).expect("JSON"))
}

#[test]
fn every_example_parses_back_and_passes_its_own_check() {
    for example in Action::examples() {
        let spec = example.spec();
        let content = payload(&example);
        let again = parse(spec.name, &content).unwrap_or_else(|error| panic!("{}: {error}", spec.name));
        assert_eq!(payload(&again), content, "{}", spec.name);
        assert_eq!(again.spec().name, spec.name);
        assert_eq!(again.check(), Ok(()), "{}", spec.name);
    }
}

#[test]
fn names_and_paths_are_unique_and_follow_from_kind_and_verb() {
    let names: HashSet<_> = OPERATIONS.iter().map(|spec| spec.name).collect();
    let paths: HashSet<_> = OPERATIONS.iter().map(|spec| spec.path()).collect();
    assert_eq!((names.len(), paths.len()), (OPERATIONS.len(), OPERATIONS.len()));
    for operation in OPERATIONS {
        assert_eq!(operation.name, format!("{}.{}", operation.kind, operation.verb));
        assert_eq!(spec(operation.name).map(|found| found.name), Some(operation.name));
        let words = operation.path().replace("{id}", "");
        assert!(words.chars().all(|c| c.is_ascii_lowercase() || "/-1".contains(c)), "{words}");
        assert!(!operation.summary.ends_with('.'), "{}", operation.name);
    }
    assert!(spec("work_order.unheard_of").is_none());
}

#[test]
fn every_kind_is_made_by_an_operation_or_by_the_server() {
    let follows = [
        Kind::Review,
        Kind::StockLevel,
        Kind::StockSerial,
        Kind::AssetReading,
        Kind::ShutdownNotice,
        Kind::ReturnVisit,
    ];
    for kind in Kind::ALL.iter().filter(|kind| !follows.contains(kind)) {
        let made = OPERATIONS.iter().any(|spec| spec.kind == *kind && spec.on != On::Existing);
        assert!(made, "{kind}");
    }
}

/// Reviewed like code: a tick where the role may record the operation.
#[test]
fn who_may_do_what() {
    let mut table = format!("{:29}", "");
    for role in Role::ALL {
        write!(table, "| {role} ").expect("a text grows");
    }
    table.truncate(table.trim_end().len());
    for operation in OPERATIONS {
        write!(table, "\n{:29}", operation.name).expect("a text grows");
        for role in Role::ALL {
            let tick = if operation.allows(role) { "x" } else { "" };
            write!(table, "| {tick:width$} ", width = role.as_str().len()).expect("a text grows");
        }
        table.truncate(table.trim_end().len());
    }
    insta::assert_snapshot!(table);
}

#[test]
fn what_a_phone_may_record_without_signal() {
    let names: Vec<_> = OPERATIONS.iter().filter(|spec| spec.offline).map(|spec| spec.name).collect();
    insta::assert_snapshot!(names.join("\n"));
}

#[test]
fn everybody_at_the_door_can_work_without_signal() {
    // Who may have an order among colleagues is decided where all can see it; and whoever takes a link back wants it dead at once, not
    // when there is signal again.
    let online = ["device.register", "user.renew_calendar_link", "work_order.grab", "work_order.pass_on"];
    for operation in OPERATIONS.iter().filter(|spec| spec.allows(Role::Technician)) {
        assert!(operation.offline || online.contains(&operation.name), "{}", operation.name);
    }
}

#[test]
fn customers_have_no_operation_of_their_own_yet() {
    assert!(!OPERATIONS.iter().any(|spec| spec.allows(Role::Customer)));
}

#[test]
fn fields_of_a_later_app_are_passed_over() {
    for example in Action::examples() {
        let known = payload(&example);
        let mut later = known.clone();
        later.as_object_mut().expect("an object").insert("from_the_future".into(), json!({ "deep": [1, null] }));
        let parsed = parse(example.spec().name, &later).expect("parses");
        assert_eq!(payload(&parsed), known, "{}", example.spec().name);
        assert_eq!(parsed.check(), Ok(()));
    }
}

#[test]
fn an_unknown_type_is_told_from_a_bad_payload() {
    assert!(matches!(parse("work_order.teleport", &json!({})), Err(ParseError::UnknownType)));
    assert!(matches!(parse("work_order.note", &json!({})), Err(ParseError::Payload { .. })));
}

#[test]
fn other_json_than_an_object_is_no_payload() {
    for operation in OPERATIONS {
        for wrong in [json!(null), json!(true), json!(1e300), json!("text"), json!([[[]]])] {
            // An array is a struct's fields in order to serde, so an empty struct takes an empty one; never this.
            assert!(parse(operation.name, &wrong).is_err(), "{} took {wrong}", operation.name);
        }
    }
}

/// Where the payload holds something that might be a text: texts, and nothing where there might be one.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) | Value::Null => found.push(here.into()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| places(item, &format!("{here}/{i}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| places(field, &format!("{here}/{name}"), found));
        }
        Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Puts `text` into each place in turn. Each is refused by form, refused by check, or comes back as it went in.
fn try_everywhere(text: &str, mut kept: impl FnMut(&str, &str)) {
    for example in Action::examples() {
        let name = example.spec().name;
        let content = payload(&example);
        let mut pointers = Vec::new();
        places(&content, "", &mut pointers);
        for pointer in pointers {
            let mut content = content.clone();
            *content.pointer_mut(&pointer).expect("a place") = json!(text);
            let Ok(parsed) = parse(name, &content) else { continue };
            if parsed.check().is_ok() {
                assert_eq!(payload(&parsed).pointer(&pointer), Some(&json!(text)), "{name} {pointer}");
                kept(name, &pointer);
            }
        }
    }
}

const NAUGHTY: [&str; 22] = [
    "",
    " \t\r\n",
    "undefined",
    "1/0",
    "0x10",
    "\u{feff}text",
    "\u{202e}desrever",
    "\u{200b}",
    "Ω≈ç√∫˜µ≤≥÷",
    "田中さんにあげて下さい",
    "👩🏽‍🚒👨‍👩‍👧‍👦",
    "﷽",
    "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮",
    "<script>alert(0)</script>",
    "'; DROP TABLE work_orders;--",
    "%s%n{0}${HOME}",
    "../../../../etc/passwd",
    "\u{1}\u{8}\u{1b}[31m\u{7f}",
    "\\\"\\u0000",
    "=1+1",
    "NaN",
    "2026-02-30T25:61:61Z",
];

#[test]
fn hostile_texts_are_refused_or_kept_as_they_are() {
    for text in NAUGHTY {
        try_everywhere(text, |_, _| {});
    }
}

#[test]
fn no_text_holds_what_a_database_cannot() {
    try_everywhere("a\0b", |name, pointer| panic!("{name} took U+0000 at {pointer}"));
}

#[test]
fn every_text_has_an_end() {
    try_everywhere(&"long ".repeat(20_000), |name, pointer| panic!("{name} has no bound at {pointer}"));
}

#[test]
fn numbers_out_of_this_world_are_refused() {
    fn numbers(value: &Value, here: &str, found: &mut Vec<String>) {
        match value {
            Value::Number(_) => found.push(here.into()),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, item)| numbers(item, &format!("{here}/{i}"), found));
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| numbers(field, &format!("{here}/{name}"), found));
            }
            _ => {}
        }
    }
    for example in Action::examples() {
        let name = example.spec().name;
        let content = payload(&example);
        let mut pointers = Vec::new();
        numbers(&content, "", &mut pointers);
        // Strokes are judged when they are applied: flagged, never refused. Degrees may be negative, and broken.
        let bounded = |pointer: &&String| !pointer.contains("/strokes") && !pointer.starts_with("/location");
        for pointer in pointers.iter().filter(bounded) {
            // What an instrument shows may be below zero, though not endlessly.
            let shown = pointer.contains("/ask/") || name == "asset.record_reading";
            let least = if shown { i64::MIN + 1 } else { -1 };
            for wrong in [json!(least), json!(i64::MIN), json!(i64::MAX), json!(u64::MAX), json!(0.5)] {
                let mut content = content.clone();
                *content.pointer_mut(pointer).expect("a place") = wrong.clone();
                let refused = parse(name, &content).map_or(true, |parsed| parsed.check().is_err());
                assert!(refused, "{name} took {wrong} at {pointer}");
            }
        }
    }
}

#[test]
fn places_off_the_earth_are_refused() {
    for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::MAX, 0.0), (-91.0, 500.0)] {
        let location = Some(crate::directory::Location { latitude, longitude });
        let site = Action::from(crate::directory::SiteSave { location, ..crate::operation::Payload::example() });
        assert!(site.check().is_err(), "{latitude} {longitude}");
    }
}

#[test]
fn dates_out_of_this_world_are_refused() {
    for text in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "+262142-01-01T00:00:00Z"] {
        try_everywhere(text, |name, pointer| {
            let is_date = Action::examples().iter().filter(|example| example.spec().name == name).any(|example| {
                let value = payload(example);
                let held = value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                chrono::DateTime::parse_from_rfc3339(held).is_ok()
            });
            assert!(!is_date, "{name} took {text} at {pointer}");
        });
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_or_kept(text in "\\PC{0,40}|.{0,40}") {
        try_everywhere(&text, |_, _| {});
    }

    #[test]
    fn any_object_is_refused_or_read(keys in proptest::collection::vec("[a-z_]{1,10}", 0..4), number in any::<i64>()) {
        let object: Map<String, Value> = keys.into_iter().map(|key| (key, json!(number))).collect();
        for operation in OPERATIONS {
            if let Ok(action) = parse(operation.name, &Value::Object(object.clone())) {
                let _ = action.check();
            }
        }
    }
}
