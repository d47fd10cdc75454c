//! Who may speak: passwords, sessions, tokens, and the guard before every request.
//!
//! * [`password`] – Argon2id. * [`throttle`] – failed sign-ins. * [`session`] – refresh tokens and the rules of their
//!   rotation. * [`token`] and [`keys`] – signed access tokens. * [`account`] – what is looked up for each request.
//! * `sign_in` – these put together. * [`mod@guard`] and [`api`] – HTTP. * [`store`] – SQL.
//!
//! What an account *is* (name, role, sites) is a record like any other and changes by operations. This module keeps only
//! what proves that somebody is that account: secrets never enter the journal.

pub mod account;
pub mod api;
mod config;
mod error;
pub mod guard;
pub mod keys;
pub mod password;
pub mod session;
mod sign_in;
pub mod store;
pub mod throttle;
pub mod token;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use mobile_api::Actor;
use uuid::Uuid;

use self::{
    account::Standings,
    keys::Keys,
    password::Passwords,
    session::Session,
    token::{Reading, VerifiedTokens},
};
pub use self::{
    config::{AccessConfig, PasswordConfig, ThrottleConfig, TokenConfig},
    error::AccessError,
    guard::{Authenticated, Bringer, guard},
    sign_in::{Origin, Tokens},
    store::{find_credential, load_account, rename_login, revoke_device_sessions, revoke_user_sessions, set_password},
};
use crate::{clock::Clock, db::Db};

/// Used refresh tokens are kept this long, so that their return ends the family; see [`store::purge`].
const USED_TOKENS_KEPT: TimeDelta = TimeDelta::days(7);

/// Signs people in and tells who speaks. Cloning is cheap; one per server.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    config: AccessConfig,
    passwords: Passwords,
    keys: Keys,
    verified: VerifiedTokens,
    standings: Standings,
}

impl Access {
    /// Prepares the password hasher, which takes as long as one hash; touches no database.
    ///
    /// # Errors
    /// Password parameters that Argon2 does not permit.
    pub fn new(db: Db, clock: Clock, config: AccessConfig) -> Result<Self, AccessError> {
        let passwords = Passwords::new(config.password.clone())?;
        let token = &config.token;
        let keys = Keys::new(db.clone(), clock.clone(), token.clone());
        let verified = VerifiedTokens::new(token.cache_entries, token.access_lifetime);
        let standings = Standings::new(token.cache_entries, token.account_cache);
        Ok(Self(Arc::new(Inner { db, clock, config, passwords, keys, verified, standings })))
    }

    /// Hashes passwords, for whoever sets one (`doorstep admin`, an administrator's form).
    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// The settings.
    pub fn config(&self) -> &AccessConfig {
        &self.0.config
    }

    /// Who speaks with this access token, as of now.
    ///
    /// # Errors
    /// `TokenExpired`, `TokenInvalid`, `DeviceRevoked`, `DeviceNotYours`, `AccountDisabled`; the database's.
    pub async fn authenticate(&self, token: &str) -> Result<(Session, Actor), AccessError> {
        let session = match self.read_token(token).await? {
            Reading::Good(verified) => verified.claims.session(),
            Reading::Expired(_) => return Err(AccessError::TokenExpired),
            Reading::UnknownKey(_) | Reading::Invalid => return Err(AccessError::TokenInvalid),
        };
        let inner = &self.0;
        let standing = inner
            .standings
            .get(&session, || {
                let session = session.clone();
                inner.db.read(move |conn| store::standing(conn, &session))
            })
            .await?;
        let actor = standing.admit(&session)?.actor(session.device);
        Ok((session, actor))
    }

    /// Whom this access token was given to, although it expired, its session was ended, its device revoked or its
    /// account disabled. It proves who brings something in, and opens nothing. Whoever must end that too retires the key.
    ///
    /// # Errors
    /// `TokenInvalid`; the database's.
    pub async fn recognise(&self, token: &str) -> Result<Session, AccessError> {
        match self.read_token(token).await? {
            Reading::Good(verified) => Ok(verified.claims.session()),
            Reading::Expired(claims) => Ok(claims.session()),
            Reading::UnknownKey(_) | Reading::Invalid => Err(AccessError::TokenInvalid),
        }
    }

    /// An account as an actor who speaks through `device`, whatever its standing.
    ///
    /// # Errors
    /// `AccountDisabled` if there is none; the database's.
    pub async fn owner(&self, user: Uuid, device: Uuid) -> Result<Actor, AccessError> {
        let account = self.0.db.read(move |conn| store::load_account(conn, user)).await?;
        account.map(|account| account.actor(Some(device))).ok_or(AccessError::AccountDisabled)
    }

    async fn read_token(&self, token: &str) -> Result<Reading, AccessError> {
        let (inner, now) = (&self.0, self.0.clock.now());
        let reading = inner.verified.read(token, &*inner.keys.ring().await?, now);
        let Reading::UnknownKey(kid) = reading else { return Ok(reading) };
        let ring = inner.keys.ring_for_unknown(&kid).await?;
        Ok(inner.verified.read(token, &ring, now))
    }

    /// The server's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// The name of an account, empty if it has none any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn name_of(&self, user: Uuid) -> Result<String, AccessError> {
        let account = self.0.db.read(move |conn| store::load_account(conn, user)).await?;
        Ok(account.map(|account| account.name).unwrap_or_default())
    }

    /// Forgets what is remembered of an account: call it after the commit of whatever changed the account or ended
    /// its sessions. Other servers notice within `account_cache`.
    pub fn forget_user(&self, user: Uuid) {
        self.0.standings.forget_user(user);
    }

    /// Forgets what is remembered of a device: call it after the commit that registered or revoked it.
    pub fn forget_device(&self, device: Uuid) {
        self.0.standings.forget_device(device);
    }

    /// Puts a new signing key in use and answers its name. The old ones verify for `key_overlap` more, so nobody is
    /// signed out.
    ///
    /// # Errors
    /// The database's.
    pub async fn rotate_keys(&self) -> Result<String, AccessError> {
        self.0.keys.rotate().await
    }

    /// Deletes tokens, counters and keys that no longer decide anything; for a nightly job. Answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn purge(&self) -> Result<usize, AccessError> {
        let now = self.0.clock.now();
        let (used_before, failures_before) = (now - USED_TOKENS_KEPT, now - self.0.config.throttle.forget_after);
        self.0.db.write(move |conn| store::purge(conn, now, used_before, failures_before)).await
    }
}
