//! A sheet, and the result of a check, as pages that need nothing else: no scripts, styles and pictures inside. The
//! templates escape whatever they are given.

use askama::Template;
use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    check::{Check, State},
    sheet::{Row, Sheet, grouped},
    words::Words,
};
use crate::language::Language;

/// What a browser may load for these pages: nothing but what they carry.
pub const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; \
                          base-uri 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "certificate/certificate.html")]
struct CertificatePage<'s> {
    sheet: &'s Sheet,
}

/// The certificate as a page.
///
/// # Errors
/// If the template fails, which no input is known to bring about.
pub fn certificate(sheet: &Sheet) -> Result<String, askama::Error> {
    CertificatePage { sheet }.render()
}

fn data_uri(media_type: &str, content: impl AsRef<[u8]>) -> String {
    format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(content))
}

#[derive(Default, Template)]
#[template(path = "certificate/check.html")]
struct CheckPage {
    lang: &'static str,
    firm: String,
    title: String,
    class: &'static str,
    state: String,
    about: String,
    changed: Vec<String>,
    differed: Vec<String>,
    differed_about: String,
    rows: Vec<Row>,
}

/// The result of a check as a page.
///
/// # Errors
/// If the template fails, which no input is known to bring about.
pub fn check(check: &Check, language: Language) -> Result<String, askama::Error> {
    let words = Words { language, zone: check.time_zone };
    let (class, state, about) = match check.state {
        State::Unchanged => ("unchanged", "check-unchanged", "check-unchanged-about"),
        State::Changed => ("changed", "check-changed", "check-changed-about"),
        State::Mismatch => ("mismatch", "check-mismatch", "check-mismatch-about"),
    };
    // With nothing changed but what differed from the beginning, the list of changes would be empty.
    let about = if check.changed.is_empty() && class == "changed" { String::new() } else { words.say(about) };
    let parts = |parts: &[String]| parts.iter().map(|part| words.say(&format!("check-part-{part}"))).collect();
    CheckPage {
        lang: language.tag(),
        firm: check.firm.clone(),
        title: words.say("check-title"),
        class,
        state: words.say(state),
        about,
        changed: parts(&check.changed),
        differed: parts(&check.differed_when_signed),
        differed_about: words.say("check-differed-about"),
        rows: facts(check, words),
    }
    .render()
}

fn facts(check: &Check, words: Words) -> Vec<Row> {
    let (signed, _) = words.when(&check.signed_at);
    let facts = [
        ("check-order", check.order_number.clone()),
        ("check-signed", Some(signed)),
        ("check-signer", Some(check.signer.clone())),
        ("check-amount", Some(words.money(check.amount))),
        ("check-charged", check.charged.filter(|charged| *charged != check.amount).map(|charged| words.money(charged))),
        ("check-digest", Some(grouped(&check.digest))),
        ("check-code", Some(check.code.clone())),
    ];
    let row = |(label, text): (&str, Option<String>)| {
        text.map(|text| Row { label: words.say(label), text, small: String::new() })
    };
    facts.into_iter().filter_map(row).collect()
}

/// What is answered to a code that nobody gave out.
///
/// # Errors
/// If the template fails, which no input is known to bring about.
pub fn unknown(language: Language) -> Result<String, askama::Error> {
    let words = Words { language, zone: chrono_tz::Tz::UTC };
    CheckPage {
        lang: language.tag(),
        title: words.say("check-title"),
        class: "mismatch",
        state: words.say("check-unknown"),
        about: words.say("check-unknown-about"),
        ..CheckPage::default()
    }
    .render()
}
