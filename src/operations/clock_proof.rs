//! Anchors that a phone cannot forge: the server signs the times it hands out.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use mobile_api::{
    evidence::{Anchor, Stamp},
    time::{Timestamp, to_micros},
};
use moka::sync::Cache;
use uuid::Uuid;

use super::store;
use crate::db::{Db, DbError};

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

/// What signs the server times, by organisation. Remembered for a minute and by one door only: another database has
/// other secrets, even for an organisation of the same id.
pub(super) struct Proofs(Cache<Uuid, ClockProof>);

impl Proofs {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(60)).build())
    }

    /// From memory, or from this database.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn of(&self, db: &Db, org: Uuid) -> Result<ClockProof, DbError> {
        if let Some(proof) = self.0.get(&org) {
            return Ok(proof);
        }
        let proof = ClockProof::new(&db.read(move |conn| store::secret(conn, org)).await?);
        self.0.insert(org, proof.clone());
        Ok(proof)
    }
}
