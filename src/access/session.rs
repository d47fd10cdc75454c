//! Sign-ins and the refresh tokens that carry them on.
//!
//! A sign-in is a **family** of refresh tokens. Each is used once and answered with the next; the server stores only
//! their SHA-256. That gives three rules:
//!
//! 1. **Rotation.** An unused token is marked used and a successor is issued.
//! 2. **Reuse.** A used token that comes back means that two parties hold the family. Nobody can tell the thief from the
//!    owner, so the whole family is revoked and the owner signs in again.
//! 3. **The lost answer.** A phone in a lift sends its token, the server rotates, the answer never arrives: the phone has
//!    only the used token. By rule 2 it would be signed out for a bad connection. So a used token may be repeated, by the
//!    same device, for `repeat_grace` after its first use, **as long as its successor has never been used**: the successor
//!    that nobody received is revoked and another one issued in its place.
//!
//! Rule 3 does not weaken rule 2. At each moment exactly one token of a family is live and unused, so a thief who repeats
//! takes the family from the owner, whose own token is now a revoked one; it comes back at the owner's next refresh, and
//! by rule 2 ends the family for both. That is the bound which a stolen *unused* token has anyway. Using the successor
//! ends the grace at once. The grace counts from the first use, so that repeating cannot prolong it.
//!
//! A phone must therefore refresh one at a time and store the answer before it uses it.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Who signed in, where, and which sign-in it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    /// The account's organisation.
    pub org: Uuid,
    /// The account.
    pub user: Uuid,
    /// The device, if it named itself at sign-in.
    pub device: Option<Uuid>,
    /// The family of refresh tokens.
    pub family: Uuid,
}

impl Session {
    /// Whether `device` may carry this session on. One without a device (a browser's) promises nothing about it.
    pub fn is_on(&self, device: Option<Uuid>) -> bool {
        self.device.is_none() || self.device == device
    }
}

/// A refresh token in the clear. It exists in the answer and nowhere else.
pub struct RefreshSecret(String);

impl RefreshSecret {
    /// 256 random bits as 43 URL-safe characters.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What is stored. A plain hash is enough: there is nothing to guess in 256 random bits.
    pub fn digest(&self) -> Vec<u8> {
        digest(&self.0)
    }

    /// What the client gets.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// The digest under which a presented token would be stored.
pub fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// A row of `refresh_tokens`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the token.
    pub digest: Vec<u8>,
    /// The sign-in.
    pub session: Session,
    /// The token for which this one was given; `None` for the first of a family.
    pub follows: Option<Vec<u8>>,
    /// When it was given.
    pub issued_at: DateTime<Utc>,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
    /// When it was first used.
    pub used_at: Option<DateTime<Utc>>,
    /// When it, or its family, was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What else the server knows when a refresh token is presented.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The unrevoked token that follows it, if any.
    pub successor: Option<RefreshToken>,
    /// Whether any token of the family is unrevoked.
    pub family_lives: bool,
    /// The server's clock.
    pub now: DateTime<Utc>,
    /// How long after its first use a token may be repeated.
    pub grace: Duration,
}

/// What to do with a presented refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Mark it used and issue a successor.
    Rotate,
    /// Its answer was lost: revoke this unused successor and issue another.
    Repeat {
        /// The successor that nobody received.
        lost: Vec<u8>,
    },
    /// Revoke the family.
    Reused,
    /// Not used for too long.
    Expired,
    /// Of a session that has ended.
    Invalid,
}

/// Judges a refresh token that its own [device](Session::is_on) presents. Pure; the rules are this module's.
pub fn judge(token: &RefreshToken, around: &Circumstances) -> Ruling {
    if token.revoked_at.is_some() {
        return if around.family_lives { Ruling::Reused } else { Ruling::Invalid };
    }
    let Some(used_at) = token.used_at else {
        return if around.now < token.expires_at { Ruling::Rotate } else { Ruling::Expired };
    };
    match &around.successor {
        Some(next) if next.used_at.is_none() && around.now <= used_at + around.grace => {
            Ruling::Repeat { lost: next.digest.clone() }
        }
        _ => Ruling::Reused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(60);

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn token(name: u8) -> RefreshToken {
        RefreshToken {
            digest: vec![name; 32],
            session: Session {
                org: Uuid::from_u128(1),
                user: Uuid::from_u128(2),
                device: Some(Uuid::from_u128(3)),
                family: Uuid::from_u128(4),
            },
            follows: None,
            issued_at: at(0),
            expires_at: at(1_000),
            used_at: None,
            revoked_at: None,
        }
    }

    fn around(second: i64, successor: Option<RefreshToken>) -> Circumstances {
        Circumstances { successor, family_lives: true, now: at(second), grace: GRACE }
    }

    fn used(name: u8, second: i64) -> RefreshToken {
        RefreshToken { used_at: Some(at(second)), ..token(name) }
    }

    #[test]
    fn an_unused_token_rotates_until_it_expires() {
        assert_eq!(judge(&token(1), &around(999, None)), Ruling::Rotate);
        assert_eq!(judge(&token(1), &around(1_000, None)), Ruling::Expired);
    }

    #[test]
    fn a_lost_answer_may_be_repeated_while_its_token_is_unused() {
        let lost = Ruling::Repeat { lost: vec![2; 32] };
        assert_eq!(judge(&used(1, 100), &around(100, Some(token(2)))), lost);
        assert_eq!(judge(&used(1, 100), &around(160, Some(token(2)))), lost);
        assert_eq!(judge(&used(1, 100), &around(161, Some(token(2)))), Ruling::Reused);
        assert_eq!(judge(&used(1, 100), &around(101, Some(used(2, 101)))), Ruling::Reused);
        assert_eq!(judge(&used(1, 100), &around(101, None)), Ruling::Reused);
    }

    #[test]
    fn a_revoked_token_of_a_living_family_is_reuse_and_of_an_ended_one_is_just_invalid() {
        let revoked = RefreshToken { revoked_at: Some(at(5)), ..token(1) };
        assert_eq!(judge(&revoked, &around(6, None)), Ruling::Reused);
        let ended = Circumstances { family_lives: false, ..around(6, None) };
        assert_eq!(judge(&revoked, &ended), Ruling::Invalid);
    }

    #[test]
    fn a_session_stays_on_its_device() {
        let session = token(1).session;
        assert!(session.is_on(Some(Uuid::from_u128(3))));
        assert!(!session.is_on(Some(Uuid::from_u128(9))) && !session.is_on(None));
        let browser = Session { device: None, ..session };
        assert!(browser.is_on(None) && browser.is_on(Some(Uuid::from_u128(9))));
    }

    #[test]
    fn a_secret_is_stored_as_its_digest_only() {
        let secret = RefreshSecret::new([7; 32]);
        let stored = secret.digest();
        let text = secret.into_text();
        assert_eq!(text.len(), 43);
        assert_eq!(digest(&text), stored);
        assert_eq!(stored.len(), 32);
    }
}
