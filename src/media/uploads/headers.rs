//! The headers of tus 1.0, read and written.

use actix_web::http::header::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use mobile_api::signing::Digest;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::error::{Code, Error};

/// The version of the protocol, and the only one.
pub const VERSION: &str = "1.0.0";

/// What is understood beyond the core protocol.
pub const EXTENSIONS: &str = "creation,creation-with-upload,checksum,expiration,termination";

/// The checksums of single requests that are understood. The protocol wants SHA-1 of every server.
pub const CHECKSUMS: &str = "sha256,sha1";

/// The type of a body that holds bytes of an upload.
pub const BYTES: &str = "application/offset+octet-stream";

/// Longest `Upload-Metadata` that is kept, in bytes.
const MOST_METADATA: usize = 2048;

/// Longest file name that is kept, in bytes.
const MOST_NAME: usize = 512;

/// Longest media type that is kept, in bytes.
const MOST_TYPE: usize = 100;

/// What a new upload says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The SHA-256 that its bytes must have.
    pub sha256: Digest,
    /// How many bytes.
    pub bytes: u64,
    /// `Upload-Metadata` as it was sent; given back, never trusted.
    pub metadata: String,
}

impl Announced {
    /// Reads it from the headers of a creation.
    ///
    /// # Errors
    /// `upload_too_large` beyond `limit` bytes, `invalid_header` for what is missing or cannot be read.
    pub fn read(headers: &HeaderMap, limit: u64) -> Result<Self, Error> {
        for refused in ["upload-defer-length", "upload-concat"] {
            if headers.contains_key(refused) {
                return Err(invalid(refused, "this server does not know this extension"));
            }
        }
        let bytes = number(headers, "upload-length")?;
        if bytes == 0 {
            return Err(invalid("upload-length", "at least 1"));
        }
        if bytes > limit {
            return Err(Error::new(Code::UploadTooLarge).arg("limit", limit).max_size(limit));
        }
        let metadata = required(headers, "upload-metadata")?;
        Ok(Self { sha256: sha256_in(metadata)?, bytes, metadata: metadata.to_owned() })
    }
}

/// The `sha256` among the pairs of key and base64 value, after a look at the others that are known.
fn sha256_in(metadata: &str) -> Result<Digest, Error> {
    let wrong = |reason: &str| invalid("upload-metadata", reason);
    if metadata.len() > MOST_METADATA {
        return Err(wrong("at most 2048 bytes"));
    }
    let mut found = None;
    for pair in metadata.split(',').map(str::trim) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = STANDARD.decode(value.trim()).map_err(|_| wrong("each value in base64"))?;
        match key {
            "sha256" if found.is_some() => return Err(wrong("each key once")),
            "sha256" => {
                let hex = std::str::from_utf8(&value).ok().and_then(|hex| hex.parse().ok());
                found = Some(hex.ok_or_else(|| wrong("sha256: 64 hexadecimal digits"))?);
            }
            "filename" if value.len() > MOST_NAME => return Err(wrong("filename: at most 512 bytes")),
            "filetype" if value.len() > MOST_TYPE => return Err(wrong("filetype: at most 100 bytes")),
            _ => {}
        }
    }
    found.ok_or_else(|| wrong("sha256 is missing"))
}

/// The checksum that a request announces of its own body.
#[derive(Clone, Debug)]
pub enum Checksum {
    /// `sha1`.
    Sha1(Sha1, Vec<u8>),
    /// `sha256`.
    Sha256(Sha256, Vec<u8>),
}

impl Checksum {
    /// Reads `Upload-Checksum`, if there is one.
    ///
    /// # Errors
    /// `checksum_algorithm` for one that is not known, `invalid_header`.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Error> {
        if !headers.contains_key("upload-checksum") {
            return Ok(None);
        }
        let value = required(headers, "upload-checksum")?;
        let (algorithm, sum) =
            value.split_once(' ').ok_or_else(|| invalid("upload-checksum", "an algorithm, a space, base64"))?;
        let sum = STANDARD.decode(sum.trim()).map_err(|_| invalid("upload-checksum", "the sum in base64"))?;
        match algorithm {
            "sha1" => Ok(Some(Checksum::Sha1(Sha1::new(), sum))),
            "sha256" => Ok(Some(Checksum::Sha256(Sha256::new(), sum))),
            _ => Err(Error::new(Code::ChecksumAlgorithm).arg("known", CHECKSUMS)),
        }
    }

    /// Takes the next bytes of the body into account.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Checksum::Sha1(hash, _) => hash.update(bytes),
            Checksum::Sha256(hash, _) => hash.update(bytes),
        }
    }

    /// Whether the body was what was announced.
    pub fn holds(self) -> bool {
        match self {
            Checksum::Sha1(hash, sum) => hash.finalize().as_slice() == sum,
            Checksum::Sha256(hash, sum) => hash.finalize().as_slice() == sum,
        }
    }
}

/// Refuses another version of the protocol, or none.
///
/// # Errors
/// `tus_version`.
pub fn understood(headers: &HeaderMap) -> Result<(), Error> {
    match headers.get("tus-resumable").map(|version| version.as_bytes() == VERSION.as_bytes()) {
        Some(true) => Ok(()),
        _ => Err(Code::TusVersion.into()),
    }
}

/// A header that must be a whole number.
///
/// # Errors
/// `invalid_header`.
pub fn number(headers: &HeaderMap, name: &'static str) -> Result<u64, Error> {
    let text = required(headers, name)?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| invalid(name, "a whole number"))
}

/// How long the body says that it is.
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get("content-length")?.to_str().ok()?.parse().ok()
}

/// Whether the body holds bytes of an upload.
pub fn carries_bytes(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|kind| kind.as_bytes() == BYTES.as_bytes())
}

/// An instant as `Upload-Expires` has it (RFC 9110).
pub fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn required<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Error> {
    let mut values = headers.get_all(name);
    match (values.next().map(|value| value.to_str()), values.next()) {
        (Some(Ok(value)), None) => Ok(value.trim()),
        (None, _) => Err(invalid(name, "it is missing")),
        _ => Err(invalid(name, "once, in ASCII")),
    }
}

fn invalid(name: &str, reason: &str) -> Error {
    Error::new(Code::InvalidHeader).arg("name", name).arg("reason", reason)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn refused(pairs: &[(&'static str, &str)]) -> Code {
        Announced::read(&headers(pairs), 100).unwrap_err().code()
    }

    #[test]
    fn a_creation_names_its_bytes() {
        let sha256 = Digest::of(b"x");
        let metadata = format!("filename eC5qcGc=,sha256 {}, empty", STANDARD.encode(sha256.to_string()));
        let read =
            |length| Announced::read(&headers(&[("upload-length", length), ("upload-metadata", &metadata)]), 100);
        assert_eq!(read("100").unwrap(), Announced { sha256, bytes: 100, metadata: metadata.clone() });
        assert_eq!(read("101").unwrap_err().code(), Code::UploadTooLarge);
        for length in ["0", "", "-1", "+1", "1.5", "99999999999999999999999"] {
            assert_eq!(read(length).unwrap_err().code(), Code::InvalidHeader, "{length}");
        }
    }

    #[test]
    fn metadata_is_bounded_and_must_name_the_bytes() {
        let hex = STANDARD.encode(Digest::of(b"x").to_string());
        let long = |key: &str, bytes: usize| format!("sha256 {hex},{key} {}", STANDARD.encode(vec![b'x'; bytes]));
        for metadata in [
            "",
            "filename eC5qcGc=",
            "sha256",
            "sha256 eA==",
            "sha256 not-base64!",
            &format!("sha256 {hex},sha256 {hex}"),
            &long("filename", 513),
            &long("filetype", 101),
            &long("more", 4000),
        ] {
            assert_eq!(refused(&[("upload-length", "5"), ("upload-metadata", metadata)]), Code::InvalidHeader);
        }
        assert_eq!(refused(&[("upload-length", "5")]), Code::InvalidHeader);
        let metadata = format!("sha256 {hex}");
        let deferred = [("upload-defer-length", "1"), ("upload-length", "5"), ("upload-metadata", &metadata)];
        assert_eq!(refused(&deferred), Code::InvalidHeader);
    }

    #[test]
    fn checksums_hold_or_not() {
        let holds = |value: &str| {
            let mut sum = Checksum::read(&headers(&[("upload-checksum", value)])).unwrap().unwrap();
            sum.update(b"hello ");
            sum.update(b"world");
            sum.holds()
        };
        assert!(holds("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="));
        assert!(!holds("sha1 Aq5sNclPz7QV2+lfQIuc6R7oRu0="));
        assert!(holds(&format!("sha256 {}", STANDARD.encode(Digest::of(b"hello world").as_bytes()))));
        assert!(!holds("sha256 AA=="));
        let code = |value| Checksum::read(&headers(&[("upload-checksum", value)])).unwrap_err().code();
        assert_eq!(code("md5 Kq5s"), Code::ChecksumAlgorithm);
        assert_eq!(code("sha1"), Code::InvalidHeader);
        assert_eq!(code("sha1 ???"), Code::InvalidHeader);
    }

    #[test]
    fn instants_are_written_as_http_has_them() {
        let at = "2014-06-25T16:00:00Z".parse().unwrap();
        assert_eq!(http_date(at), "Wed, 25 Jun 2014 16:00:00 GMT");
    }
}
