use std::collections::BTreeSet;

use mobile_api::stock::MoveKind;
use serde_json::Value;

use super::*;

fn has_sentence(id: &str) -> bool {
    // English is what is fallen back to, so Chinese would seem to have every sentence that English has.
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
    ["en", "zh-CN"].into_iter().all(|language| {
        let files = std::fs::read_dir(folder.join(language)).unwrap();
        let lines = files.flat_map(|file| {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        });
        lines.into_iter().any(|line| line.split_once(" = ").is_some_and(|(name, said)| name == id && !said.is_empty()))
    })
}

#[test]
fn every_column_has_a_title_in_both_languages() {
    let titles: BTreeSet<&str> = Kind::ALL.iter().flat_map(|kind| titles(*kind)).collect();
    let without: Vec<&str> = titles.into_iter().filter(|title| !has_sentence(&format!("list-{title}"))).collect();
    assert_eq!(without, Vec::<&str>::new());
}

#[test]
fn no_table_has_two_columns_of_one_name() {
    for kind in Kind::ALL.iter().copied() {
        for language in Language::ALL {
            let heading = heading(kind, language);
            let distinct: BTreeSet<&String> = heading.iter().collect();
            assert_eq!(distinct.len(), heading.len(), "{kind}: {heading:?}");
        }
    }
}

#[test]
fn every_value_of_an_enumeration_has_a_word_in_both_languages() {
    let document = serde_json::to_value(crate::openapi::document()).unwrap();
    let values = |schema: &str| -> Vec<String> {
        let values = document["components"]["schemas"][schema]["enum"].as_array();
        let values = values.unwrap_or_else(|| panic!("{schema} is no enumeration of the API document"));
        values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut words: Vec<String> = Vec::new();
    for (group, schema) in [
        ("file-status", "Status"),
        ("file-status", "InspectionStatus"),
        ("file-status", "ComplaintStatus"),
        ("list-shutdown", "ShutdownStatus"),
        ("list-deadline", "Deadline"),
        ("list-priority", "Priority"),
        ("list-channel", "Channel"),
        ("role", "Role"),
        ("list-price-kind", "PriceKind"),
        ("list-article", "ArticleKind"),
        ("list-stock", "StockPlaceKind"),
        ("list-count", "CountReason"),
        ("notice-stops", "StopKind"),
        ("list-severity", "Severity"),
        ("list-complaint-channel", "ComplaintChannel"),
        ("list-way", "Way"),
        ("file", "Satisfaction"),
        ("list-decision", "ReviewDecision"),
        ("flag", "Flag"),
    ] {
        words.extend(values(schema).into_iter().map(|value| format!("{group}-{value}")));
    }
    words.extend(MoveKind::ALL.map(|kind| format!("list-move-{}", kind.as_str())));
    words.extend(Kind::ALL.iter().map(|kind| format!("list-kind-{kind}")));
    words.retain(|word| !has_sentence(word));
    assert_eq!(words, Vec::<String>::new());
}

#[test]
fn a_row_has_a_cell_for_every_title() {
    let examples: Value = serde_json::from_str(include_str!("../../openapi/examples.json")).unwrap();
    for kind in Kind::ALL.iter().copied() {
        let record = Record::from_json(kind, &examples[kind.as_str()].to_string()).unwrap();
        let cells = cells(&record, None);
        assert_eq!(cells.len(), titles(kind).len(), "{kind}");
        assert_eq!(cells.last(), Some(&Cell::Text(record.address().id.to_string())), "{kind}");
    }
}
