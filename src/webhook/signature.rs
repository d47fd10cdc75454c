//! Signatures of events, by the Standard Webhooks specification: HMAC-SHA256 over id, time and body.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use mobile_api::webhook::Webhook;
use uuid::Uuid;

/// The key with which a webhook's events are signed. It follows from the organisation's secret, so it is stored nowhere; each edition is
/// another one.
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// The key of a webhook in its present edition.
    pub fn of(secret: &[u8], webhook: &Webhook) -> Self {
        let purpose: &[u8] = b"doorstep-webhook-1\0";
        let what = [purpose, webhook.id.uuid().as_bytes(), &webhook.key.to_be_bytes()].concat();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &what);
        let mut key = [0; 32];
        key.copy_from_slice(tag.as_ref());
        Self(key)
    }

    /// As the receiver is given it: `whsec_…`.
    pub fn shown(&self) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(self.0))
    }

    /// The header `webhook-signature` of an event that is sent at `timestamp`, in seconds since 1970.
    pub fn sign(&self, event: Uuid, timestamp: i64, body: &str) -> String {
        let signed = format!("{event}.{timestamp}.{body}");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), signed.as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same with another program's HMAC: `printf '%s' ID.1700000000.'{}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…`.
    #[test]
    fn the_signature_is_the_specifications() {
        let key = SigningKey([7; 32]);
        let id = uuid::uuid!("01930000-0000-7000-8000-000000000001");
        assert_eq!(key.sign(id, 1_700_000_000, "{}"), "v1,yWICqI+oEzwHtfBFgzuPE3KPGm2SdtJ6pdlOu2ukcY8=");
        assert_eq!(key.shown(), format!("whsec_{}", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="));
    }
}
