//! The extractor for JSON bodies: bounded in bytes and depth, and precise about what was wrong.

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::{Decompress, Payload},
    http::header,
    web::{Bytes, BytesMut},
};
use futures_util::{StreamExt, future::LocalBoxFuture};
use mobile_api::check::{escape, pointer};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    config::Limits,
    error::{Code, Error, FieldError},
};

/// A JSON body, plain or compressed with gzip or zstd.
///
/// Use it in place of `actix_web::web::Json`: it bounds the depth as well as the size, and says with a JSON pointer
/// which value was wrong. Limits come from the [`Limits`] in the app's data.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let limits = Limits::of(&request);
            let body = read(&request, payload, limits.body_bytes).await?;
            parse_object(&body, limits.json_depth).map(Json)
        })
    }
}

/// As an answer: 200 with this value as JSON.
impl<T: Serialize> Responder for Json<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self.0)
    }
}

/// Reads the whole body, decompressed. At most `limit` bytes are ever held, whatever a compressed body unpacks to.
async fn read(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, Error> {
    let understandable = understandable(request);
    if request.headers().contains_key(header::CONTENT_TYPE) {
        understandable.as_ref().map_err(|code| Error::new(*code))?;
    }
    let too_large = || Error::new(Code::BodyTooLarge).arg("limit", limit);
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        return Err(too_large());
    }
    let mut stream = Decompress::from_headers(payload, request.headers());
    let mut body = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|cause| Error::new(Code::BadRequest).because(cause))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    if body.is_empty() {
        // Before any complaint about its type: whoever sends nothing should be told so.
        return Err(FieldError::new("", "required", "a JSON body; `{}` if there is nothing to say").into());
    }
    understandable?;
    Ok(body.freeze())
}

/// Refuses what is not JSON by its headers. actix takes an encoding that it does not know for none at all, which
/// would only lead to a puzzling complaint about the JSON.
fn understandable(request: &HttpRequest) -> Result<(), Code> {
    let json = request.mime_type().ok().flatten().is_some_and(|mime| {
        mime.subtype().as_str() == "json" || mime.suffix().is_some_and(|suffix| suffix.as_str() == "json")
    });
    let encoding =
        request.headers().get(header::CONTENT_ENCODING).map_or("identity", |value| value.to_str().unwrap_or(""));
    let known = ["identity", "gzip", "zstd"].iter().any(|name| encoding.trim().eq_ignore_ascii_case(name));
    if json && known { Ok(()) } else { Err(Code::UnsupportedMediaType) }
}

/// Reads an object, as all bodies of ours are. serde would take an array for a struct, field by field, which nobody
/// means.
fn parse_object<T: DeserializeOwned>(body: &[u8], depth: usize) -> Result<T, Error> {
    let value = parse(body, depth)?;
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Ok(value),
        _ => Err(FieldError::new("", "wrong_type", "expected an object").into()),
    }
}

/// Reads a value from JSON that is nested at most `depth` levels.
///
/// # Errors
/// `too_deep`, `invalid_json` for text that is not JSON, `invalid` with a pointer for JSON of another shape.
pub fn parse<T: DeserializeOwned>(body: &[u8], depth: usize) -> Result<T, Error> {
    if deeper_than(body, depth) {
        return Err(Error::new(Code::TooDeep).arg("limit", depth));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        // What is no JSON at all is told so first, wherever a wrong value was met before.
        match serde_json::from_slice::<&serde_json::value::RawValue>(body) {
            Ok(_) => unsuitable(error.inner(), pointer),
            Err(error) => no_json(&error),
        }
    })?;
    reader.end().map_err(|error| no_json(&error))?;
    Ok(value)
}

/// Whether brackets nest deeper than `limit`. Looks at the bytes only, because serde_json's own limit does not hold
/// for values that are skipped or kept as raw text.
fn deeper_than(body: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// A problem for JSON that is not of the shape that was asked for. serde_json takes some of it (a list where a choice
/// is expected) for wrong syntax; whoever calls this knows better.
pub(crate) fn unsuitable(error: &serde_json::Error, pointer: String) -> Error {
    Error::invalid([field_error(&error.to_string(), pointer)])
}

fn no_json(error: &serde_json::Error) -> Error {
    Error::new(Code::InvalidJson).arg("line", error.line()).arg("column", error.column())
}

/// serde says what is wrong in words only; their beginnings are part of its stable interface (`de::Error`).
fn field_error(message: &str, parent: String) -> FieldError {
    // The place in the text is of no use beside the pointer.
    let reason = message.rfind(" at line ").map_or(message, |end| &message[..end]);
    let named = |prefix: &str| reason.strip_prefix(prefix).and_then(|rest| rest.split('`').next());
    if let Some(name) = named("missing field `") {
        FieldError::new(format!("{parent}/{}", escape(name)), "required", reason)
    } else if let Some(name) = named("duplicate field `") {
        FieldError::new(format!("{parent}/{}", escape(name)), "duplicate", reason)
    } else if reason.starts_with("unknown field") {
        FieldError::new(parent, "unknown_field", reason)
    } else if reason.starts_with("unknown variant") {
        FieldError::new(parent, "not_allowed", reason)
    } else if reason.starts_with("invalid type") {
        FieldError::new(parent, "wrong_type", reason)
    } else {
        FieldError::new(parent, "malformed", reason)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[expect(dead_code, reason = "only its type matters here")]
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[expect(dead_code, reason = "only its type matters here")]
        quantity: u32,
        #[expect(dead_code, reason = "only its type matters here")]
        unit: Option<Unit>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Unit {
        Metre,
    }

    fn wrong(json: &str) -> (String, String) {
        let error = parse::<Order>(json.as_bytes(), 16).unwrap_err();
        assert_eq!(error.code(), Code::Invalid, "{json}");
        (error.fields()[0].pointer.clone(), error.fields()[0].code.to_string())
    }

    fn at(pointer: &str, code: &str) -> (String, String) {
        (pointer.into(), code.into())
    }

    #[test]
    fn a_pointer_leads_to_the_wrong_value() {
        assert_eq!(wrong("{}"), at("/lines", "required"));
        assert_eq!(wrong(r#"{"lines":[{"quantity":1,"unit":[[1]]}]}"#), at("/lines/0/unit", "malformed"));
        assert_eq!(wrong("7"), at("", "wrong_type"));
        assert_eq!(wrong(r#"{"lines":[{"quantity":1},{"quantity":"x"}]}"#), at("/lines/1/quantity", "wrong_type"));
        assert_eq!(wrong(r#"{"lines":[{"quantity":-1}]}"#), at("/lines/0/quantity", "malformed"));
        assert_eq!(wrong(r#"{"lines":[{"quantity":1,"unit":"mile"}]}"#), at("/lines/0/unit", "not_allowed"));
        assert_eq!(wrong(r#"{"lines":[],"a/b":1}"#), at("/a~1b", "unknown_field"));
        assert_eq!(wrong(r#"{"lines":[],"lines":[]}"#), at("/lines", "duplicate"));
    }

    #[test]
    fn text_that_is_not_json_is_told_apart() {
        for text in ["", "{", "nonsense", r#"{"lines":[]} more"#, "\u{feff}{}", "{\"lines\":[\"\u{1}\"]}"] {
            assert_eq!(parse::<Order>(text.as_bytes(), 16).unwrap_err().code(), Code::InvalidJson, "{text:?}");
        }
        assert_eq!(parse::<Order>(b"\xff\xfe", 16).unwrap_err().code(), Code::InvalidJson);
    }

    #[test]
    fn text_that_is_not_json_is_no_json_even_where_a_wrong_value_comes_first() {
        for text in ["{\"lines\":7,}", "[1 true]", "{\"lines\":\"\u{1}\"}"] {
            assert_eq!(parse::<Order>(text.as_bytes(), 16).unwrap_err().code(), Code::InvalidJson, "{text:?}");
        }
        assert_eq!(parse::<Order>(b"{\"lines\":\"\xff\"}", 16).unwrap_err().code(), Code::InvalidJson);
    }

    #[test]
    fn an_array_is_no_object() {
        assert!(parse_object::<Order>(b" {\"lines\":[]}", 16).is_ok());
        let error = parse_object::<Order>(b"[[]]", 16).unwrap_err();
        assert_eq!(error.fields(), [FieldError::new("", "wrong_type", "expected an object")]);
    }

    #[test]
    fn depth_is_bounded_even_where_serde_does_not_look() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let refused = |json: &str| parse::<Box<serde_json::value::RawValue>>(json.as_bytes(), 64).unwrap_err().code();
        assert_eq!(refused(&deep(10_000)), Code::TooDeep);
        assert_eq!(refused(&deep(65)), Code::TooDeep);
        assert!(parse::<Box<serde_json::value::RawValue>>(deep(64).as_bytes(), 64).is_ok());
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert!(!deeper_than(br#"["[[[[\"[[[[\\", "[[["]"#, 1));
        assert!(deeper_than(br#"["\\", [1]]"#, 1));
    }
}
