//! When did it happen? Evidence instead of trust.
//!
//! A phone's clock can be turned, so it proves nothing. What a phone cannot easily turn is the time since it was
//! switched on. Tied to two moments at which it heard from the server, that uptime says when an operation was
//! recorded: to the second within one boot, otherwise between the last time it heard the server and the arrival
//! of the operation. [`judge`] computes that interval and [`against`] compares a deadline with it.

mod interval;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

pub use self::interval::{DRIFT_PPM, FLIGHT_MS, SLACK_MS, against, judge};
use crate::time::Timestamp;

/// What a phone attaches to each operation at the moment a person records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// The phone's wall clock with its zone offset, RFC 3339. Shown to people, never believed; text that is no
    /// date is evidence of nothing and never a reason to refuse.
    #[serde(default, deserialize_with = "any_text")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-03-02T16:04:11.250+08:00"))]
    pub wall: String,
    /// Milliseconds since the phone was switched on, sleep included (Android `elapsedRealtime`, iOS
    /// `mach_continuous_time`). A clock that stops while the phone sleeps must not be used.
    pub uptime_ms: u64,
    /// Changes whenever the phone is switched on.
    pub boot_id: Uuid,
    /// The last server time that the phone saw, read *before* `uptime_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
}

/// A server time as it stands in answers to phones, with the server's proof that it said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stamp {
    /// The server's clock when it answered, in whole microseconds.
    pub server_time: DateTime<Utc>,
    /// A keyed hash over [`Stamp::message`] that only the server can make. Opaque to phones.
    pub proof: String,
}

impl Stamp {
    /// The bytes that `proof` authenticates: this time, said to this device.
    pub fn message(server_time: Timestamp, device: Uuid) -> Vec<u8> {
        let mut message = b"doorstep-anchor-1\0".to_vec();
        message.extend_from_slice(device.as_bytes());
        message.extend_from_slice(&server_time.timestamp_micros().to_be_bytes());
        message
    }

    /// Ties the stamp to the phone's uptime when the answer arrived.
    pub fn anchor(self, uptime_ms: u64, boot_id: Uuid, rtt_ms: u32) -> Anchor {
        let Stamp { server_time, proof } = self;
        Anchor { server_time, uptime_ms, boot_id, rtt_ms: Some(rtt_ms), proof }
    }
}

/// A moment at which the phone heard from the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Anchor {
    /// The server's clock when it answered.
    pub server_time: DateTime<Utc>,
    /// The phone's uptime in milliseconds when the answer arrived.
    pub uptime_ms: u64,
    /// The phone's boot when the answer arrived.
    pub boot_id: Uuid,
    /// Milliseconds from sending the request to the arrival of the answer. Without it the anchor proves only that
    /// something happened after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<u32>,
    /// [`Stamp::proof`], handed back.
    #[serde(default)]
    pub proof: String,
}

impl Anchor {
    /// The part that the server can verify.
    pub fn stamp(&self) -> Stamp {
        Stamp { server_time: self.server_time, proof: self.proof.clone() }
    }
}

/// What the server itself knows of an operation's arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The server's clock when the operation first arrived. Nothing in it can have happened later.
    pub server_time: Timestamp,
    /// Before this nothing can have been recorded: when the device was registered.
    pub floor: Timestamp,
    /// Whether the proof in the operation's own anchor is the server's. Decided by the server, which has the
    /// key; an anchor without proof is ignored, or a phone could claim any time it likes.
    pub anchor_trusted: bool,
    /// The phone's uptime in milliseconds when it sent the envelope, stated anew at each attempt.
    pub uptime_ms: Option<u64>,
    /// The phone's boot when it sent the envelope.
    pub boot_id: Option<Uuid>,
    /// The last anchor the phone had when it sent the envelope; only set if its proof is the server's.
    pub anchor: Option<Anchor>,
}

impl Received {
    /// An arrival of which only the server's own clock is known.
    pub fn at(server_time: Timestamp, floor: Timestamp) -> Self {
        Self { server_time, floor, anchor_trusted: false, uptime_ms: None, boot_id: None, anchor: None }
    }
}

/// When something happened, as far as it can be proved. Records store this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct When {
    /// It did not happen before this.
    pub earliest: DateTime<Utc>,
    /// It did not happen after this.
    pub latest: DateTime<Utc>,
    /// What the phone's clock showed, with its zone: for display only. Absent if it was no date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-03-02T16:04:11.250+08:00"))]
    pub wall: Option<String>,
}

impl When {
    /// Something that happened in the server's own presence.
    pub fn at(time: Timestamp) -> Self {
        Self { earliest: time, latest: time, wall: None }
    }
}

/// A deadline's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Proved to have happened by the deadline.
    OnTime,
    /// Proved to have happened after the deadline.
    Late,
    /// The evidence allows either.
    Unprovable,
}

impl Verdict {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::OnTime => "on_time",
            Verdict::Late => "late",
            Verdict::Unprovable => "unprovable",
        }
    }

    /// The verdict of this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::OnTime, Self::Late, Self::Unprovable].into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// For `#[serde(default, deserialize_with = "evidence::lenient")]`: evidence of the wrong shape is no evidence,
/// but no reason to refuse the operation that it came with.
///
/// # Errors
/// Only what the format itself reports, such as JSON that does not parse.
pub fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Evidence>, D::Error> {
    let text = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(text.get()).ok())
}

/// Any JSON value as a text, because a wall clock of the wrong type is no worse than a wrong wall clock.
fn any_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    })
}

/// The wall clock's text if it is a date that is fit to be shown.
fn readable(wall: &str) -> Option<String> {
    // The longest honest form has nine digits of a second and an offset; a stored record must not carry more.
    const LONGEST: usize = 40;
    let is_date = wall.len() <= LONGEST && DateTime::parse_from_rfc3339(wall).is_ok();
    is_date.then(|| wall.to_owned())
}
