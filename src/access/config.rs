//! What an operator can set about signing in. Plain values; tests build them by hand.

use std::time::Duration;

use chrono::TimeDelta;

use crate::config;

/// Everything about passwords, tokens and throttling.
#[derive(Clone, Debug, Default)]
pub struct AccessConfig {
    /// Passwords.
    pub password: PasswordConfig,
    /// Access and refresh tokens, and the keys that sign them.
    pub token: TokenConfig,
    /// Failed sign-ins.
    pub throttle: ThrottleConfig,
}

impl From<&config::Tokens> for AccessConfig {
    /// The defaults with what the operator has set.
    fn from(settings: &config::Tokens) -> Self {
        let duration = |set: TimeDelta| set.to_std().unwrap_or_default();
        Self {
            token: TokenConfig {
                access_lifetime: duration(settings.access()),
                refresh_lifetime: duration(settings.refresh()),
                repeat_grace: duration(settings.refresh_repeat()),
                ..TokenConfig::default()
            },
            throttle: ThrottleConfig { behind_proxy: settings.behind_proxy, ..ThrottleConfig::default() },
            ..Self::default()
        }
    }
}

/// How passwords are hashed and which are accepted.
#[derive(Clone, Debug)]
pub struct PasswordConfig {
    /// Argon2id memory, in KiB.
    pub memory_kib: u32,
    /// Argon2id passes over that memory.
    pub passes: u32,
    /// Argon2id lanes.
    pub lanes: u32,
    /// Fewest characters of a new password.
    pub min_chars: usize,
    /// Most bytes of any password. A longer one is not even hashed as it is, so that a megabyte of "password" costs no
    /// more than a wrong one.
    pub max_bytes: usize,
    /// Hashes computed at the same time; each takes `memory_kib` and a core.
    pub concurrency: usize,
    /// Requests that may wait for their turn to hash; more are answered with 503 at once.
    pub queue: usize,
}

impl Default for PasswordConfig {
    /// OWASP's parameters for Argon2id (19 MiB, 2 passes, 1 lane).
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
            min_chars: 10,
            max_bytes: 256,
            concurrency: std::thread::available_parallelism().map_or(1, usize::from),
            queue: 64,
        }
    }
}

impl PasswordConfig {
    /// The cheapest parameters that Argon2 permits: for tests and demonstrations, never for real accounts.
    pub fn cheap() -> Self {
        Self { memory_kib: 8, passes: 1, lanes: 1, ..Self::default() }
    }
}

/// Lifetimes of tokens and keys.
#[derive(Clone, Debug)]
pub struct TokenConfig {
    /// How long an access token is good for. No authority is read from it, so this bounds only how long a stolen one works.
    pub access_lifetime: Duration,
    /// How long a refresh token is good for; each use starts the time anew.
    pub refresh_lifetime: Duration,
    /// How long after its first use a refresh token may be repeated by a phone that never got the answer. The repeat is
    /// also refused as soon as the answer's token has been used. Phones lose signal for as long as a repair in a cellar
    /// takes, hence hours; see `session` for why this is safe.
    pub repeat_grace: Duration,
    /// How long a replaced signing key still verifies. Longer than `access_lifetime` plus `key_reload`.
    pub key_overlap: Duration,
    /// Signing keys older than this in memory are read again before the next signature, so that every server signs with
    /// the new key soon after a rotation.
    pub key_reload: Duration,
    /// How long an account's and a device's state may be remembered by a server that is not told of a change. At most 5 s.
    pub account_cache: Duration,
    /// Most sessions and verified tokens remembered.
    pub cache_entries: u64,
}

impl Default for TokenConfig {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const DAY: u64 = 24 * 60 * MINUTE;
        Self {
            access_lifetime: Duration::from_secs(10 * MINUTE),
            refresh_lifetime: Duration::from_secs(60 * DAY),
            repeat_grace: Duration::from_secs(120 * MINUTE),
            key_overlap: Duration::from_secs(DAY),
            key_reload: Duration::from_secs(MINUTE),
            account_cache: Duration::from_secs(5),
            cache_entries: 50_000,
        }
    }
}

/// When failed sign-ins are slowed down.
#[derive(Clone, Debug)]
pub struct ThrottleConfig {
    /// Failures of one login that cost nothing.
    pub login_free: i64,
    /// Failures from one client address that cost nothing. Higher, because a whole office can share one address.
    pub address_free: i64,
    /// The longest block; the n-th failure after the free ones blocks for 2^n seconds up to this.
    pub longest: Duration,
    /// Failures are forgotten when none has been added for this long.
    pub forget_after: Duration,
    /// Whether a reverse proxy stands before the server, so that the client's address is the last entry of
    /// `X-Forwarded-For`. Never set this when clients connect directly: they would choose their own address.
    pub behind_proxy: bool,
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self {
            login_free: 5,
            address_free: 50,
            longest: Duration::from_secs(15 * 60),
            forget_after: Duration::from_secs(24 * 60 * 60),
            behind_proxy: false,
        }
    }
}
