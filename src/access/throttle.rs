//! Failed sign-ins, slowed down per login and per client address.
//!
//! An attempt is counted **before** the password is looked at and taken back when it was right. So a thousand guesses
//! sent at once are a thousand failures, and not one check that all of them passed. A blocked attempt is not counted:
//! trying again too early does not prolong the block. Logins that do not exist are counted like those that do.
//!
//! Counters live in the database: they survive restarts and hold across servers.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::{AccessError, ThrottleConfig, store};
use crate::db::Conn;

/// What failures are counted for. The text is the key in `login_failures`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    key: String,
    free: i64,
}

impl Subject {
    /// A login, as a digest: what people type there (sometimes their password) is stored nowhere.
    pub fn login(login: &str, config: &ThrottleConfig) -> Self {
        let digest: String = Sha256::digest(login.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { key: format!("login:{digest}"), free: config.login_free }
    }

    /// A client address; of IPv6 the first 64 bits, because a single client commonly has all the rest to choose from.
    pub fn address(address: IpAddr, config: &ThrottleConfig) -> Self {
        let key = match address.to_canonical() {
            IpAddr::V4(v4) => format!("addr:{v4}"),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                format!("addr:{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        };
        Self { key, free: config.address_free }
    }

    /// The key in `login_failures`.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// How long the `failures`-th failure blocks: nothing for the free ones, then 2, 4, 8 … seconds, at most `longest`.
pub fn block_after(failures: i64, free: i64, longest: Duration) -> Duration {
    let excess = failures.saturating_sub(free);
    if excess <= 0 {
        return Duration::ZERO;
    }
    let seconds = u32::try_from(excess).ok().and_then(|excess| 2u64.checked_pow(excess));
    seconds.map_or(longest, |seconds| longest.min(Duration::from_secs(seconds)))
}

/// Counts one attempt for each subject, or refuses it when one of them is blocked. Runs inside a write; when it
/// refuses, the caller's error rolls the counting back.
///
/// # Errors
/// `TooManyAttempts` with the time to wait; the database's.
pub fn count_attempt(
    conn: &mut Conn,
    subjects: &[Subject],
    now: DateTime<Utc>,
    config: &ThrottleConfig,
) -> Result<(), AccessError> {
    let forgotten = now - config.forget_after;
    for subject in subjects {
        let counted = store::add_failure(conn, &subject.key, now, forgotten)?;
        if now < counted.blocked_until {
            return Err(AccessError::TooManyAttempts { retry_after: whole_seconds(counted.blocked_until - now) });
        }
        let block = block_after(counted.failures, subject.free, config.longest);
        if !block.is_zero() {
            store::block(conn, &subject.key, now + block)?;
        }
    }
    Ok(())
}

/// Takes an attempt back whose password was right: the login's counter starts anew, the address's loses this one.
///
/// The address keeps its other failures; else one known password would buy unlimited guesses at others. That its block is
/// lifted buys none: above the free failures an attempt is only looked at when no block stands, so whoever is right has
/// waited for the block of the guess before.
///
/// # Errors
/// The database's.
pub fn forgive(conn: &mut Conn, login: &Subject, address: Option<&Subject>) -> Result<(), AccessError> {
    store::forget_failures(conn, &login.key)?;
    if let Some(address) = address {
        store::take_failure_back(conn, &address.key)?;
    }
    Ok(())
}

/// Takes an attempt back whose password nobody looked at.
///
/// # Errors
/// The database's.
pub fn take_back(conn: &mut Conn, subjects: &[Subject]) -> Result<(), AccessError> {
    subjects.iter().try_for_each(|subject| store::take_failure_back(conn, &subject.key))
}

/// Rounded up, so that a client that waits as told is not too early.
fn whole_seconds(wait: TimeDelta) -> Duration {
    let wait = wait.to_std().unwrap_or_default();
    Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_are_free_then_it_doubles_up_to_a_quarter_of_an_hour() {
        let longest = Duration::from_secs(900);
        let blocks: Vec<u64> = (0..=17).map(|n| block_after(n, 5, longest).as_secs()).collect();
        assert_eq!(blocks, [0, 0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        assert_eq!(block_after(i64::MAX, 5, longest), longest);
        assert_eq!(block_after(i64::MIN, 5, longest), Duration::ZERO);
    }

    #[test]
    fn subjects_hide_logins_and_group_addresses() {
        let config = ThrottleConfig::default();
        let login = Subject::login("li.wei\0'; DROP TABLE", &config);
        assert!(login.key().bytes().all(|byte| byte.is_ascii_graphic()) && login.key().len() == 70);
        let address = |text: &str| Subject::address(text.parse().unwrap(), &config).key().to_owned();
        assert_eq!(address("203.0.113.9"), "addr:203.0.113.9");
        assert_eq!(address("::ffff:203.0.113.9"), "addr:203.0.113.9");
        assert_eq!(address("2001:db8:1:2:3:4:5:6"), address("2001:db8:1:2::1"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
    }

    #[test]
    fn waits_are_rounded_up() {
        assert_eq!(whole_seconds(TimeDelta::milliseconds(1_001)), Duration::from_secs(2));
        assert_eq!(whole_seconds(TimeDelta::seconds(2)), Duration::from_secs(2));
        assert_eq!(whole_seconds(TimeDelta::seconds(-2)), Duration::ZERO);
    }
}
