//! What the guard must know about a session: who the account is now, and whether account, device and sign-in still stand.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use mobile_api::{
    Actor, Id, Role,
    device::Device,
    directory::{Site, Team},
};
use moka::sync::Cache;
use uuid::Uuid;

use super::{AccessError, session::Session};

/// An account as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its organisation.
    pub org: Uuid,
    /// Its id.
    pub user: Uuid,
    /// The person's name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The sites that an office role is limited to; empty means all.
    pub sites: Vec<Id<Site>>,
    /// The teams whose pool a technician sees.
    pub teams: Vec<Id<Team>>,
    /// Whether the account can be used.
    pub active: bool,
}

impl Account {
    /// The account as an actor who speaks through `device`.
    pub fn actor(&self, device: Option<Uuid>) -> Actor {
        Actor {
            org: self.org,
            user: Id::new(self.user),
            role: self.role,
            sites: self.sites.clone(),
            teams: self.teams.clone(),
            device: device.map(Id::<Device>::new),
        }
    }
}

/// How a device stands, seen from an account that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceStanding {
    /// Not registered yet: a phone signs in first and registers then.
    Unknown,
    /// Registered for this account.
    Registered,
    /// Registered for another account.
    OfAnother,
    /// Taken out of use by the office.
    Revoked,
}

/// All of it, as of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `None` when the account does not exist (any more).
    pub account: Option<Account>,
    /// The session's device, if it has one.
    pub device: Option<DeviceStanding>,
    /// Whether the sign-in has not been ended by signing out, by reuse of a refresh token or by an administrator.
    pub live: bool,
}

impl Standing {
    /// The account, if it may act in this session now.
    ///
    /// # Errors
    /// `TokenInvalid` for an ended session or one of another organisation, `AccountDisabled`, `DeviceRevoked`,
    /// `DeviceNotYours`. The device comes before the session, because revoking a device ends its sessions too, and its
    /// owner must learn which of the two it was; for the same reason so does the account.
    pub fn admit(&self, session: &Session) -> Result<&Account, AccessError> {
        let account = self.account.as_ref().ok_or(AccessError::AccountDisabled)?;
        if account.org != session.org {
            return Err(AccessError::TokenInvalid);
        }
        if !account.active {
            return Err(AccessError::AccountDisabled);
        }
        match self.device {
            Some(DeviceStanding::Revoked) => return Err(AccessError::DeviceRevoked),
            Some(DeviceStanding::OfAnother) => return Err(AccessError::DeviceNotYours),
            Some(DeviceStanding::Unknown | DeviceStanding::Registered) | None => {}
        }
        if self.live { Ok(account) } else { Err(AccessError::TokenInvalid) }
    }
}

/// Standings, remembered for seconds by session.
///
/// Another server's change is seen when the entry's time is over; this server's own changes must call
/// [`forget_user`](Self::forget_user) or [`forget_device`](Self::forget_device) after their commit.
pub struct Standings {
    cache: Cache<Session, Arc<Standing>>,
    /// Counts invalidations, so that a standing read before one is not remembered after it.
    changes: AtomicU64,
}

impl Standings {
    /// Remembers up to `entries` sessions, each for `lifetime`.
    pub fn new(entries: u64, lifetime: Duration) -> Self {
        let cache =
            Cache::builder().max_capacity(entries).time_to_live(lifetime).support_invalidation_closures().build();
        Self { cache, changes: AtomicU64::new(0) }
    }

    /// The standing from memory, or by `load`.
    ///
    /// # Errors
    /// Those of `load`.
    pub async fn get<F, L>(&self, session: &Session, load: L) -> Result<Arc<Standing>, AccessError>
    where
        F: Future<Output = Result<Standing, AccessError>>,
        L: FnOnce() -> F,
    {
        if let Some(known) = self.cache.get(session) {
            return Ok(known);
        }
        let before = self.changes.load(Ordering::SeqCst);
        let standing = Arc::new(load().await?);
        if before == self.changes.load(Ordering::SeqCst) {
            self.cache.insert(session.clone(), Arc::clone(&standing));
        }
        Ok(standing)
    }

    /// Forgets every session of an account: it was changed, disabled, or its sessions were ended.
    pub fn forget_user(&self, user: Uuid) {
        self.forget(move |session| session.user == user);
    }

    /// Forgets every session of a device: it was registered or revoked.
    pub fn forget_device(&self, device: Uuid) {
        self.forget(move |session| session.device == Some(device));
    }

    fn forget(&self, which: impl Fn(&Session) -> bool + Send + Sync + 'static) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        if self.cache.invalidate_entries_if(move |session, _| which(session)).is_err() {
            self.cache.invalidate_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session {
            org: Uuid::from_u128(1),
            user: Uuid::from_u128(2),
            device: Some(Uuid::from_u128(3)),
            family: Uuid::from_u128(4),
        }
    }

    fn standing() -> Standing {
        let account = Account {
            org: Uuid::from_u128(1),
            user: Uuid::from_u128(2),
            name: "Wang".into(),
            role: Role::Technician,
            sites: vec![],
            teams: vec![],
            active: true,
        };
        Standing { account: Some(account), device: Some(DeviceStanding::Registered), live: true }
    }

    #[test]
    fn who_is_admitted() {
        assert!(standing().admit(&session()).is_ok());
        let refused = |standing: Standing| standing.admit(&session()).unwrap_err();
        assert!(matches!(refused(Standing { account: None, ..standing() }), AccessError::AccountDisabled));
        assert!(matches!(refused(Standing { live: false, ..standing() }), AccessError::TokenInvalid));
        let revoked = Standing { device: Some(DeviceStanding::Revoked), live: false, ..standing() };
        assert!(matches!(refused(revoked), AccessError::DeviceRevoked));
        let other = Standing { device: Some(DeviceStanding::OfAnother), ..standing() };
        assert!(matches!(refused(other), AccessError::DeviceNotYours));
        let mut disabled = standing();
        disabled.account.as_mut().unwrap().active = false;
        assert!(matches!(refused(disabled), AccessError::AccountDisabled));
        let mut elsewhere = standing();
        elsewhere.account.as_mut().unwrap().org = Uuid::from_u128(9);
        assert!(matches!(refused(elsewhere), AccessError::TokenInvalid));
    }

    #[tokio::test]
    async fn what_is_forgotten_is_loaded_again() {
        let standings = Standings::new(10, Duration::from_secs(60));
        let ended = Standing { live: false, ..standing() };
        assert!(standings.get(&session(), || async { Ok(standing()) }).await.unwrap().live);
        assert!(standings.get(&session(), || async { Ok(ended.clone()) }).await.unwrap().live, "remembered");
        standings.forget_user(Uuid::from_u128(9));
        assert!(standings.get(&session(), || async { Ok(ended.clone()) }).await.unwrap().live, "somebody else's");
        standings.forget_device(Uuid::from_u128(3));
        assert!(!standings.get(&session(), || async { Ok(ended.clone()) }).await.unwrap().live);
        standings.forget_user(Uuid::from_u128(2));
        assert!(standings.get(&session(), || async { Ok(standing()) }).await.unwrap().live);
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let standings = Standings::new(10, Duration::from_secs(60));
        let changed_meanwhile = || async {
            standings.forget_user(Uuid::from_u128(2));
            Ok(standing())
        };
        assert!(standings.get(&session(), changed_meanwhile).await.unwrap().live);
        let ended = Standing { live: false, ..standing() };
        assert!(!standings.get(&session(), || async { Ok(ended) }).await.unwrap().live);
    }
}
