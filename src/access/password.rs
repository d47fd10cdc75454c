//! Passwords: Argon2id, never on a thread that serves requests, never inside a transaction.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use tokio::sync::Semaphore;

use super::{AccessError, PasswordConfig};

/// What became of comparing a password with a stored hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Wrong password, or there was no such login.
    No,
    /// Right, and the stored hash is as it would be made today.
    Yes,
    /// Right, and here is a hash with today's parameters to store instead.
    YesRehashed(String),
}

/// Hashes and verifies passwords, a few at a time.
#[derive(Clone)]
pub struct Passwords {
    inner: Arc<Inner>,
}

struct Inner {
    config: PasswordConfig,
    argon2: Argon2<'static>,
    /// Compared with when there is no such login, so that both cases cost the same.
    decoy: String,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    compared: AtomicU64,
}

impl Passwords {
    /// Prepares a hasher; computes one hash, so call it at start-up and not in a request.
    ///
    /// # Errors
    /// When Argon2 does not permit the configured parameters.
    pub fn new(config: PasswordConfig) -> Result<Self, AccessError> {
        let params = Params::new(config.memory_kib, config.passes, config.lanes, None).map_err(internal)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash(&argon2, b"nobody has this password")?;
        let turns = Arc::new(Semaphore::new(config.concurrency.max(1)));
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                argon2,
                decoy,
                turns,
                waiting: AtomicUsize::new(0),
                compared: AtomicU64::new(0),
            }),
        })
    }

    /// Whether a new password may be used.
    ///
    /// # Errors
    /// `PasswordTooShort` (characters), `PasswordTooLong` (bytes).
    pub fn check_new(&self, password: &str) -> Result<(), AccessError> {
        let PasswordConfig { min_chars, max_bytes, .. } = self.inner.config;
        if password.len() > max_bytes {
            return Err(AccessError::PasswordTooLong { max: max_bytes });
        }
        if password.chars().count() < min_chars {
            return Err(AccessError::PasswordTooShort { min: min_chars });
        }
        Ok(())
    }

    /// The PHC string to store for a new password.
    ///
    /// # Errors
    /// As [`check_new`](Self::check_new); `Busy` when too many wait.
    pub async fn hash_new(&self, password: String) -> Result<String, AccessError> {
        self.check_new(&password)?;
        self.in_turn(move |inner| hash(&inner.argon2, password.as_bytes())).await
    }

    /// Compares a password with a stored PHC string; `None` (no such login) costs the same and is always `No`.
    ///
    /// # Errors
    /// `Busy` when too many wait; `Internal` when the stored string is not a PHC string.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<Verified, AccessError> {
        self.in_turn(move |inner| inner.verify(&password, stored.as_deref())).await
    }

    /// How many comparisons, each with a full computation of the hash, were made since the start.
    pub fn compared(&self) -> u64 {
        self.inner.compared.load(Ordering::Relaxed)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, AccessError> + Send + 'static,
    ) -> Result<T, AccessError> {
        let turn = {
            let _place = Place::take(&self.inner)?;
            Arc::clone(&self.inner.turns).acquire_owned().await.map_err(internal)?
        };
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || {
            // The turn moves in here: a client that hangs up must not free it while the hash is still being computed.
            let _turn = turn;
            work(&inner)
        })
        .await
        .map_err(internal)?
    }
}

impl Inner {
    fn verify(&self, password: &str, stored: Option<&str>) -> Result<Verified, AccessError> {
        // A password that is too long can never have been set; it is compared as an empty one with the decoy, so that its
        // length neither costs work nor tells whether the login exists.
        let (password, stored) = match stored {
            Some(stored) if password.len() <= self.config.max_bytes => (password, Some(stored)),
            _ if password.len() > self.config.max_bytes => ("", None),
            _ => (password, None),
        };
        let parsed = PasswordHash::new(stored.unwrap_or(&self.decoy)).map_err(internal)?;
        self.compared.fetch_add(1, Ordering::Relaxed);
        let matches = self.argon2.verify_password(password.as_bytes(), &parsed).is_ok();
        if !matches || stored.is_none() {
            return Ok(Verified::No);
        }
        if self.is_current(&parsed) {
            return Ok(Verified::Yes);
        }
        Ok(Verified::YesRehashed(hash(&self.argon2, password.as_bytes())?))
    }

    fn is_current(&self, stored: &PasswordHash) -> bool {
        stored.algorithm == Algorithm::Argon2id.ident()
            && stored.version == Some(Version::V0x13.into())
            && Params::try_from(stored).is_ok_and(|params| {
                let now = self.argon2.params();
                (params.m_cost(), params.t_cost(), params.p_cost()) == (now.m_cost(), now.t_cost(), now.p_cost())
            })
    }
}

/// A place in the queue for a turn, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(inner: &'a Inner) -> Result<Self, AccessError> {
        let place = Self(&inner.waiting);
        if place.0.fetch_add(1, Ordering::Relaxed) >= inner.config.queue {
            return Err(AccessError::Busy);
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, AccessError> {
    let phc: PasswordHash = argon2.hash_password(password).map_err(internal)?;
    Ok(phc.to_string())
}

fn internal(error: impl std::fmt::Display) -> AccessError {
    AccessError::Internal(format!("password hashing: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap() -> Passwords {
        Passwords::new(PasswordConfig::cheap()).unwrap()
    }

    #[tokio::test]
    async fn right_wrong_and_unknown() {
        let passwords = cheap();
        let stored = passwords.hash_new("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
        assert_eq!(passwords.verify("correct horse".into(), Some(stored.clone())).await.unwrap(), Verified::Yes);
        assert_eq!(passwords.verify("correct h0rse".into(), Some(stored)).await.unwrap(), Verified::No);
        assert_eq!(passwords.verify("correct horse".into(), None).await.unwrap(), Verified::No);
    }

    #[tokio::test]
    async fn the_decoys_own_password_opens_nothing() {
        assert_eq!(cheap().verify("nobody has this password".into(), None).await.unwrap(), Verified::No);
    }

    #[tokio::test]
    async fn changed_parameters_give_a_new_hash() {
        let old = cheap().hash_new("correct horse".into()).await.unwrap();
        let now = Passwords::new(PasswordConfig { memory_kib: 16, ..PasswordConfig::cheap() }).unwrap();
        let Verified::YesRehashed(new) = now.verify("correct horse".into(), Some(old.clone())).await.unwrap() else {
            panic!("expected a new hash");
        };
        assert!(new.starts_with("$argon2id$v=19$m=16,"), "{new}");
        assert_eq!(now.verify("correct horse".into(), Some(new)).await.unwrap(), Verified::Yes);
        assert_eq!(now.verify("wrong".into(), Some(old)).await.unwrap(), Verified::No);
    }

    #[tokio::test]
    async fn lengths() {
        let passwords = cheap();
        assert!(matches!(passwords.check_new("短短短"), Err(AccessError::PasswordTooShort { min: 10 })));
        assert!(passwords.check_new("一二三四五六七八九十").is_ok());
        assert!(matches!(passwords.check_new(&"x".repeat(257)), Err(AccessError::PasswordTooLong { max: 256 })));
        let stored = passwords.hash_new("x".repeat(256)).await.unwrap();
        assert_eq!(passwords.verify("x".repeat(257), Some(stored.clone())).await.unwrap(), Verified::No);
        assert_eq!(passwords.verify("x".repeat(5_000_000), Some(stored)).await.unwrap(), Verified::No);
    }

    #[tokio::test]
    async fn a_full_queue_is_told_so_and_recovers() {
        let passwords = Passwords::new(PasswordConfig { queue: 1, concurrency: 1, ..PasswordConfig::cheap() }).unwrap();
        let turn = Arc::clone(&passwords.inner.turns).acquire_owned().await.unwrap();
        let waiting = tokio::spawn({
            let passwords = passwords.clone();
            async move { passwords.verify("x".into(), None).await }
        });
        while passwords.inner.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(passwords.verify("y".into(), None).await, Err(AccessError::Busy)));
        drop(turn);
        assert_eq!(waiting.await.unwrap().unwrap(), Verified::No);
        assert_eq!(passwords.verify("y".into(), None).await.unwrap(), Verified::No);
    }

    #[tokio::test]
    async fn an_unreadable_hash_is_an_internal_error() {
        assert!(matches!(cheap().verify("x".into(), Some("plain".into())).await, Err(AccessError::Internal(_))));
    }
}
