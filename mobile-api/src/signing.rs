//! What a customer signs: content in one canonical form, its digest, and the strokes of a name.
//!
//! The phone shows the content, digests it and sends the digest in the operation; the server digests what it
//! holds and compares. Both sides therefore need the same bytes for the same content, whatever wrote them: RFC 8785.

mod digest;
mod strokes;

pub use self::{
    digest::{CanonicalError, Digest, MalformedDigest, canonical, digest},
    strokes::{MOST_POINTS, Point, Stroke, StrokesProblem, check_strokes},
};
