//! The Ed25519 keys that sign access tokens.
//!
//! They live in the database, so every server process signs and verifies with the same ones. The newest that is not
//! retiring signs; a retiring one still verifies until its time, so that rotating signs nobody out. Each token names
//! its key (`kid`); a process that meets one it does not know reads the table again, at most once a second.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};
use tokio::{sync::Mutex, time::Instant};

use super::{AccessError, TokenConfig, store};
use crate::{clock::Clock, db::Db};

/// The fixed start of an Ed25519 public key in DER (RFC 8410); the 32 bytes of the key follow.
const PUBLIC_KEY_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Tokens with made-up key ids must not become a way to query the database.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_secs(1);

/// A row of `signing_keys`.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The key's name in token headers: the start of the public key's SHA-256, in hex.
    pub kid: String,
    /// PKCS#8.
    pub private_pem: String,
    /// SubjectPublicKeyInfo.
    pub public_pem: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it verifies nothing any more; `None` while it may sign.
    pub retires_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for SigningKey {
    /// Without the private half, so that it cannot reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("retires_at", &self.retires_at)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Makes a new key of 32 bytes that nobody can guess.
    ///
    /// # Errors
    /// When the cryptographic library refuses.
    pub fn from_seed(seed: [u8; 32], now: DateTime<Utc>) -> Result<Self, AccessError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(internal)?;
        let private = pair.to_pkcs8v1().map_err(internal)?;
        let public = pair.public_key().as_ref();
        let kid = Sha256::digest(public).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            kid,
            private_pem: pem("PRIVATE KEY", private.as_ref()),
            public_pem: pem("PUBLIC KEY", &[&PUBLIC_KEY_PREFIX, public].concat()),
            created_at: now,
            retires_at: None,
        })
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    // Both kinds fit in one line of 64 characters or just over; readers accept longer lines than RFC 7468 writes.
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// The keys as a process knows them at one moment.
pub struct KeyRing {
    verifying: HashMap<String, (DecodingKey, Option<DateTime<Utc>>)>,
    signing: Option<(String, EncodingKey)>,
    read_at: Instant,
}

impl KeyRing {
    /// Prepares the stored keys for use.
    ///
    /// # Errors
    /// When a stored key cannot be read.
    pub fn new(keys: &[SigningKey]) -> Result<Self, AccessError> {
        let mut verifying = HashMap::new();
        for key in keys {
            let decoding = DecodingKey::from_ed_pem(key.public_pem.as_bytes()).map_err(internal)?;
            verifying.insert(key.kid.clone(), (decoding, key.retires_at));
        }
        // Equal times are possible, equal order in every process is needed: hence the kid.
        let newest = keys.iter().filter(|key| key.retires_at.is_none()).max_by_key(|key| (key.created_at, &key.kid));
        let signing = match newest {
            Some(key) => {
                Some((key.kid.clone(), EncodingKey::from_ed_pem(key.private_pem.as_bytes()).map_err(internal)?))
            }
            None => None,
        };
        Ok(Self { verifying, signing, read_at: Instant::now() })
    }

    /// The key that verifies signatures of `kid`, if there is one and it has not retired.
    pub fn verifying(&self, kid: &str, now: DateTime<Utc>) -> Option<&DecodingKey> {
        let (key, retires_at) = self.verifying.get(kid)?;
        retires_at.is_none_or(|at| now < at).then_some(key)
    }

    /// Whether `kid` is in the table at all, retired or not.
    pub fn knows(&self, kid: &str) -> bool {
        self.verifying.contains_key(kid)
    }

    /// The key that signs, with its name.
    pub fn signing(&self) -> Option<(&str, &EncodingKey)> {
        self.signing.as_ref().map(|(kid, key)| (kid.as_str(), key))
    }
}

/// This process's view of `signing_keys`. Read at the first use, so that a server starts while its database is away.
pub struct Keys {
    db: Db,
    clock: Clock,
    config: TokenConfig,
    ring: RwLock<Option<Arc<KeyRing>>>,
    /// When an unknown kid last made this process read the table; held while it does, so that many requests with the
    /// same new kid cause one query.
    unknown_at: Mutex<Option<Instant>>,
}

impl Keys {
    /// The keys in this database.
    pub fn new(db: Db, clock: Clock, config: TokenConfig) -> Self {
        Self { db, clock, config, ring: RwLock::default(), unknown_at: Mutex::default() }
    }

    /// The keys as last read. The first time they are read, and the first one is made if there is none, which is safe
    /// when several servers start at once.
    ///
    /// # Errors
    /// The database's; unreadable keys.
    pub async fn ring(&self) -> Result<Arc<KeyRing>, AccessError> {
        if let Some(ring) = self.known() {
            return Ok(ring);
        }
        let fresh = SigningKey::from_seed(self.clock.secret(), self.clock.now())?;
        let keys = self.db.write(move |conn| store::ensure_signing_key(conn, &fresh)).await?;
        self.remember(&keys)
    }

    /// The keys to sign with: read again if they were last read longer than `key_reload` ago.
    ///
    /// # Errors
    /// The database's; unreadable keys.
    pub async fn ring_for_signing(&self) -> Result<Arc<KeyRing>, AccessError> {
        let ring = self.ring().await?;
        if ring.read_at.elapsed() < self.config.key_reload { Ok(ring) } else { self.reload().await }
    }

    /// The keys after a token named one that is not among them; reads the table unless that was just done.
    ///
    /// # Errors
    /// The database's; unreadable keys.
    pub async fn ring_for_unknown(&self, kid: &str) -> Result<Arc<KeyRing>, AccessError> {
        let mut unknown_at = self.unknown_at.lock().await;
        let ring = self.ring().await?;
        if ring.knows(kid) || unknown_at.is_some_and(|at| at.elapsed() < UNKNOWN_KEY_PAUSE) {
            return Ok(ring);
        }
        *unknown_at = Some(Instant::now());
        self.reload().await
    }

    /// Puts a new key in use. The others verify for `key_overlap` more, so nobody is signed out.
    ///
    /// # Errors
    /// The database's.
    pub async fn rotate(&self) -> Result<String, AccessError> {
        let now = self.clock.now();
        let fresh = SigningKey::from_seed(self.clock.secret(), now)?;
        let kid = fresh.kid.clone();
        let retires_at = now + self.config.key_overlap;
        self.db.write(move |conn| store::rotate_signing_key(conn, &fresh, retires_at)).await?;
        self.reload().await?;
        Ok(kid)
    }

    async fn reload(&self) -> Result<Arc<KeyRing>, AccessError> {
        let keys = self.db.read(store::signing_keys).await?;
        self.remember(&keys)
    }

    fn known(&self) -> Option<Arc<KeyRing>> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, keys: &[SigningKey]) -> Result<Arc<KeyRing>, AccessError> {
        let ring = Arc::new(KeyRing::new(keys)?);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&ring));
        Ok(ring)
    }
}

fn internal(error: impl std::fmt::Display) -> AccessError {
    AccessError::Internal(format!("signing keys: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    #[test]
    fn the_newest_unretired_key_signs_and_retired_ones_stop_verifying() {
        let old = SigningKey { retires_at: Some(at(60)), ..SigningKey::from_seed([1; 32], at(0)).unwrap() };
        let new = SigningKey::from_seed([2; 32], at(10)).unwrap();
        let ring = KeyRing::new(&[new.clone(), old.clone()]).unwrap();
        assert_eq!(ring.signing().unwrap().0, new.kid);
        assert!(ring.verifying(&old.kid, at(59)).is_some());
        assert!(ring.verifying(&old.kid, at(60)).is_none());
        assert!(ring.knows(&old.kid));
        assert!(!ring.knows("0000000000000000"));
    }

    #[test]
    fn debug_output_has_no_private_key() {
        let key = SigningKey::from_seed([1; 32], at(0)).unwrap();
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }

    #[test]
    fn an_unreadable_key_is_an_internal_error() {
        let broken = SigningKey { public_pem: "nonsense".into(), ..SigningKey::from_seed([1; 32], at(0)).unwrap() };
        assert!(matches!(KeyRing::new(&[broken]), Err(AccessError::Internal(_))));
    }
}
