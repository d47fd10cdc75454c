//! What looking at bytes tells, in the words of the record.

use mobile_api::photo::{CameraFacts, Finding};

/// What was found, and the copies that people are shown.
pub(super) struct Looked {
    pub(super) media_type: Option<String>,
    pub(super) finding: Finding,
    pub(super) camera: CameraFacts,
    pub(super) copies: Option<Copies>,
}

/// JPEGs without anything that the camera wrote.
pub(super) struct Copies {
    pub(super) thumb: Vec<u8>,
    pub(super) screen: Vec<u8>,
}

/// Looks. Takes a processor for a fraction of a second.
pub(super) fn at(_original: &[u8]) -> Looked {
    Looked {
        media_type: None,
        finding: Finding::NoPreview { why: "format".into() },
        camera: CameraFacts::default(),
        copies: None,
    }
}
