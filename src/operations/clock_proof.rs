//! Anchors that a phone cannot forge: the server signs the times it hands out.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use mobile_api::{
    evidence::{Anchor, Stamp},
    time::{Timestamp, to_micros},
};
use uuid::Uuid;

/// Signs and checks server times with the organisation's secret (HMAC-SHA256).
#[derive(Clone, Debug)]
pub struct ClockProof(hmac::Key);

impl ClockProof {
    /// With this secret.
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The time `now` for this device, with its proof.
    pub fn stamp(&self, now: Timestamp, device: Uuid) -> Stamp {
        let server_time = to_micros(now);
        let tag = hmac::sign(&self.0, &Stamp::message(server_time, device));
        Stamp { server_time, proof: BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref()) }
    }

    /// Whether this server gave that time to that device, and not after `now`.
    pub fn trusts(&self, anchor: &Anchor, device: Uuid, now: Timestamp) -> bool {
        let Ok(proof) = BASE64_URL_SAFE_NO_PAD.decode(&anchor.proof) else { return false };
        anchor.server_time <= now && hmac::verify(&self.0, &Stamp::message(anchor.server_time, device), &proof).is_ok()
    }
}
