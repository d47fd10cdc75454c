//! Problem documents (RFC 9457) and the languages they speak.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{Error, FieldError};
pub use crate::language::Language;

/// One problem as the client sees it (`application/problem+json`, RFC 9457).
// Named apart from the shorter problem inside a verdict, because schemas share one space of names.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ProblemDocument)]
pub struct Problem {
    /// Address of the explanation of this kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/problems/not_found")]
    pub kind: String,
    /// What kind of problem it is, in the reader's language. The same for every occurrence.
    #[schema(example = "Not found")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// The stable code that programs decide by.
    #[schema(example = "not_found")]
    pub code: String,
    /// What it means here and what helps, in the reader's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "It does not exist, or you may not see it.")]
    pub detail: Option<String>,
    /// The request, for a call to support: the id that the server's log carries too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "urn:uuid:0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11")]
    pub instance: Option<String>,
    /// The values that were wrong, where single values were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldProblem>,
}

/// One wrong value of a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer (RFC 6901) to the value; empty means the body as a whole.
    #[schema(example = "/lines/0/quantity_milli")]
    pub pointer: String,
    /// What is wrong with it, for programs.
    #[schema(example = "wrong_type")]
    pub code: String,
    /// The same in the reader's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The media type of problem documents.
pub const MEDIA_TYPE: &str = "application/problem+json";

impl Problem {
    /// The document of an error, as a reader of `language` gets it. `request` is the id in the server's log.
    pub fn of(error: &Error, language: Language, request: Option<Uuid>) -> Self {
        let inner = error.inner();
        let code = inner.refusal.as_deref().unwrap_or(inner.code.as_str());
        Self {
            kind: format!("/problems/{}", inner.code),
            title: language.title(inner.code),
            status: inner.code.status().as_u16(),
            code: code.to_owned(),
            detail: language.explanation(inner.code, &inner.args),
            instance: request.map(|id| id.urn().to_string()),
            errors: inner.fields.iter().map(|field| FieldProblem::of(field, language)).collect(),
        }
    }
}

impl FieldProblem {
    fn of(field: &FieldError, language: Language) -> Self {
        let detail = language.sentence(&format!("field-{}", field.code), &[("reason", field.reason.clone())]);
        Self { pointer: field.pointer.clone(), code: field.code.to_string(), detail }
    }
}

/// The response that carries an error's document, with the headers that its code asks for.
pub fn response(error: &Error, language: Language, request: Option<Uuid>) -> HttpResponse {
    let inner = error.inner();
    let mut response = HttpResponse::build(inner.code.status());
    response
        .insert_header((header::CONTENT_TYPE, MEDIA_TYPE))
        .insert_header((header::CONTENT_LANGUAGE, language.tag()))
        .insert_header((header::VARY, "Accept-Language"))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(wait) = inner.retry_after {
        // Rounded up: a client that comes back too early is only refused once more.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    if let Some(methods) = &inner.allow {
        response.insert_header((header::ALLOW, methods.as_str()));
    }
    if let Some(bytes) = inner.max_size {
        response.insert_header(("Tus-Max-Size", bytes));
    }
    if inner.code.status() == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    response.json(Problem::of(error, language, request))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use actix_web::http::header::HeaderValue;

    use super::*;
    use crate::error::{Code, FIELD_CODES};

    /// What a language file has: for each message whether it has an explanation, and the values it names.
    fn messages(file: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut found = BTreeMap::<String, BTreeSet<String>>::new();
        let mut current = String::new();
        for line in file.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let (key, text) = line.split_once('=').expect("one message or attribute a line");
            match key.strip_prefix("    .") {
                Some(attribute) => _ = found.get_mut(&current).unwrap().insert(format!(".{}", attribute.trim())),
                None => {
                    current = key.trim().to_owned();
                    assert!(found.insert(current.clone(), BTreeSet::new()).is_none(), "{current} stands twice");
                }
            }
            let values = text.split("{ $").skip(1).map(|rest| rest.split(' ').next().unwrap().to_owned());
            found.get_mut(&current).unwrap().extend(values);
        }
        found
    }

    #[test]
    fn every_code_speaks_both_languages_and_nothing_is_left_over() {
        let english = messages(include_str!("../locales/en/problems.ftl"));
        let chinese = messages(include_str!("../locales/zh-CN/problems.ftl"));
        assert_eq!(english, chinese, "same messages, explanations and values in both languages");

        let codes = Code::ALL.iter().map(|code| code.to_string());
        let fields = FIELD_CODES.iter().map(|code| format!("field-{code}"));
        let expected: BTreeSet<String> = codes.chain(fields).collect();
        assert_eq!(english.keys().cloned().collect::<BTreeSet<_>>(), expected);
        for code in Code::ALL {
            assert!(english[code.as_str()].contains(".detail"), "{code} has no explanation");
        }
    }

    #[test]
    fn table_of_codes() {
        let table: Vec<String> = Code::ALL
            .iter()
            .map(|code| {
                let [english, chinese] = Language::ALL.map(|language| language.title(*code));
                format!("{code} {} | {english} | {chinese}", code.status().as_u16())
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"));
    }

    #[test]
    fn language_follows_the_weights() {
        let language = |text: &str| Language::negotiate(Some(&HeaderValue::from_str(text).unwrap()));
        assert_eq!(language("zh-CN"), Language::Chinese);
        assert_eq!(language("zh"), Language::Chinese);
        assert_eq!(language("zh-Hans-CN, en;q=0.8"), Language::Chinese);
        assert_eq!(language("zh-TW"), Language::Chinese);
        assert_eq!(language("en;q=0.2, zh-CN;q=0.9"), Language::Chinese);
        assert_eq!(language("en-GB, zh;q=0.9"), Language::English);
        assert_eq!(language("zh;q=0, en;q=0.1"), Language::English);
        assert_eq!(language("fr, de"), Language::English);
        assert_eq!(language("fr, zh;q=0.5"), Language::Chinese);
        assert_eq!(language(";;;,"), Language::English);
        assert_eq!(Language::negotiate(None), Language::English);
    }

    #[test]
    fn the_cause_stays_inside() {
        let error = Error::internal("password of the database is hunter2").arg("unused", "x");
        let document = serde_json::to_string(&Problem::of(&error, Language::Chinese, None)).unwrap();
        assert!(!document.contains("hunter2"), "{document}");
    }

    #[test]
    fn document_of_a_refused_request() {
        let error = Error::invalid([FieldError::new("/lines/0/text", "too_long", "at most 200 characters")]);
        insta::assert_json_snapshot!(Problem::of(&error, Language::Chinese, Some(Uuid::nil())));
    }
}
