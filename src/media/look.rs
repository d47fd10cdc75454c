//! What looking at bytes tells, in the words of the record.

use mobile_api::photo::{CameraFacts, Finding, Place};
use photos::{Bounds, Examined, Facts, Outcome, Why};

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
pub(super) fn at(original: &[u8]) -> Looked {
    let Examined { media_type, facts, outcome } = photos::examine(original, &Bounds::default());
    let (finding, copies) = match outcome {
        Outcome::Ready { width, height, thumb, screen } => {
            (Finding::Ready { width, height }, Some(Copies { thumb, screen }))
        }
        Outcome::NoPreview { why } => (Finding::NoPreview { why: name(why) }, None),
        Outcome::Unreadable { why } => (Finding::Unreadable { why: name(why) }, None),
        Outcome::Refused { why } => (Finding::Refused { why: name(why) }, None),
    };
    Looked { media_type: media_type.map(|sort| sort.as_str().to_owned()), finding, camera: camera(facts), copies }
}

/// The stable name of a reason.
fn name(why: Why) -> String {
    match serde_json::to_value(why) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "unknown".to_owned(),
    }
}

fn camera(facts: Facts) -> CameraFacts {
    let Facts { taken_at, taken_offset, place, make, model, .. } = facts;
    let taken_at = taken_at.map(|at| at + taken_offset.as_deref().unwrap_or_default());
    let camera = [make, model].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let place = place.map(|at| Place { latitude: at.latitude, longitude: at.longitude, altitude: at.altitude });
    CameraFacts { taken_at, place, camera: Some(camera).filter(|camera| !camera.is_empty()) }
}
