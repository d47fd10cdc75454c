//! The page of a notice: what stands still, from when until when, and what became of it. It needs no script and no other file.

use askama::Template;
use chrono_tz::Tz;
use mobile_api::maintenance::{Edition, EditionReason, Shutdown, ShutdownStatus};

use super::store::Linked;
use crate::{certificate::words::Words, language::Language};

#[derive(Default, Template)]
#[template(path = "maintenance/page.html")]
struct NoticePage {
    lang: &'static str,
    firm: String,
    title: String,
    whom: String,
    class: &'static str,
    state: String,
    about: String,
    rows: Vec<Row>,
    read: String,
    form: Option<Form>,
}

struct Row {
    label: String,
    text: String,
}

struct Form {
    edition: u32,
    button: String,
}

/// The page of a notice.
///
/// # Errors
/// If the template fails, which no input is known to bring about.
pub fn notice(linked: &Linked, language: Language) -> Result<String, askama::Error> {
    let zone = linked.firm.time_zone.parse().unwrap_or(Tz::UTC);
    let words = Words { language, zone };
    let Some(edition) = linked.shutdown.editions.last() else { return unknown(language) };
    let (class, id) = told(&linked.shutdown, edition);
    let read = linked.notice.read.iter().find(|read| read.edition == edition.number);
    let form = read.is_none().then(|| Form { edition: edition.number, button: words.say("notice-confirm") });
    let read = read.map(|read| words.say_with("notice-read", &[("time", words.when(&read.at).0)]));
    NoticePage {
        lang: language.tag(),
        firm: linked.firm.name.clone(),
        title: words.say("notice-title"),
        whom: linked.unit.as_ref().map(|unit| unit.name.clone()).unwrap_or_default(),
        class,
        state: words.say(&format!("notice-{id}")),
        about: words.say(&format!("notice-{id}-about")),
        rows: rows(linked, edition, words),
        read: read.unwrap_or_default(),
        form,
    }
    .render()
}

/// How it stands for whoever opens the link.
fn told(shutdown: &Shutdown, edition: &Edition) -> (&'static str, &'static str) {
    match (edition.reason, shutdown.status()) {
        (EditionReason::Withdrawn, _) => ("unchanged", "withdrawn"),
        (EditionReason::Resumed, _) => ("unchanged", "resumed"),
        (_, ShutdownStatus::Running) => ("mismatch", "running"),
        (_, ShutdownStatus::Restored) => ("unchanged", "restored"),
        (EditionReason::Changed, _) => ("changed", "changed"),
        (EditionReason::Planned, _) => ("changed", "planned"),
    }
}

fn rows(linked: &Linked, edition: &Edition, words: Words) -> Vec<Row> {
    let shutdown = &linked.shutdown;
    let stops: Vec<String> =
        shutdown.stops.iter().map(|stop| words.say(&format!("notice-stops-{}", stop.as_str()))).collect();
    let row = |id: &str, text: String| Row { label: words.say(&format!("notice-{id}")), text };
    let mut rows = vec![
        row("stops", stops.join(&words.say("notice-and"))),
        row("from", words.instant(edition.window.from)),
        row("until", words.instant(edition.window.until)),
    ];
    // Of the editions before only one says what those affected remember: the last that had another time.
    let before = shutdown.editions.iter().rev().find(|other| other.window != edition.window);
    if let Some(before) = before.filter(|_| edition.reason == EditionReason::Changed) {
        let span = [("from", words.instant(before.window.from)), ("until", words.instant(before.window.until))];
        rows.push(row("instead", words.say_with("notice-span", &span)));
    }
    let asset = [linked.asset.name.as_str(), linked.asset.place.as_str()];
    rows.push(row("asset", asset.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")));
    rows.extend((!shutdown.text.is_empty()).then(|| row("text", shutdown.text.clone())));
    rows.extend((!edition.text.is_empty()).then(|| row("remark", edition.text.clone())));
    rows.push(row("edition", edition.number.to_string()));
    rows
}

/// What is answered to a code that nobody gave out.
///
/// # Errors
/// If the template fails, which no input is known to bring about.
pub fn unknown(language: Language) -> Result<String, askama::Error> {
    let words = Words { language, zone: Tz::UTC };
    NoticePage {
        lang: language.tag(),
        title: words.say("notice-title"),
        class: "mismatch",
        state: words.say("notice-unknown"),
        about: words.say("notice-unknown-about"),
        ..NoticePage::default()
    }
    .render()
}
