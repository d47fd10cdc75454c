//! Time, ids and chance, as a value that is handed in.
//!
//! Rules, stores and tests take the time and new ids as parameters; this is the only place that asks the machine
//! for them (a lint sees to it). So a test can stand at any moment, and a figure can be computed again.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::{Builder, Uuid};

/// Where the server's idea of "now" and its new ids come from. Cloning is cheap; clones of a settable clock
/// show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<Mutex<Manual>>),
}

#[derive(Debug)]
struct Manual {
    now: DateTime<Utc>,
    ids_made: u128,
}

impl Clock {
    /// The machine's clock and random, time-ordered ids.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `now` until [`set`](Self::set) or [`advance`](Self::advance) moves it.
    ///
    /// Its ids are the same in each run: they count up from the first. Two such clocks therefore make the same
    /// ids, so share one (by cloning it) among all that write to one database.
    pub fn fixed(now: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(Mutex::new(Manual { now, ids_made: 0 }))))
    }

    /// The present instant.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(manual) => lock(manual).now,
        }
    }

    /// A new UUID, version 7: later ids sort behind earlier ones, to the millisecond.
    pub fn new_id(&self) -> Uuid {
        match &self.0 {
            Source::System => system_id(),
            Source::Manual(manual) => lock(manual).new_id(),
        }
    }

    /// 32 bytes that nobody can guess, for tokens and keys. Truly random on a settable clock too: a secret
    /// that repeats is none.
    pub fn secret(&self) -> [u8; 32] {
        system_secret()
    }

    /// Moves a settable clock to `now`, forwards or backwards. The machine's clock is not moved.
    pub fn set(&self, now: DateTime<Utc>) {
        if let Source::Manual(manual) = &self.0 {
            lock(manual).now = now;
        }
    }

    /// Moves a settable clock by `step`, which may be negative. The machine's clock is not moved.
    pub fn advance(&self, step: TimeDelta) {
        if let Source::Manual(manual) = &self.0 {
            lock(manual).now += step;
        }
    }
}

impl Manual {
    fn new_id(&mut self) -> Uuid {
        self.ids_made += 1;
        let millis = u64::try_from(self.now.timestamp_millis()).unwrap_or(0);
        let mut counter = [0; 10];
        counter.copy_from_slice(&self.ids_made.to_be_bytes()[6..]);
        Builder::from_unix_timestamp_millis(millis, &counter).into_uuid()
    }
}

fn lock(manual: &Mutex<Manual>) -> std::sync::MutexGuard<'_, Manual> {
    // A panic elsewhere cannot leave a time or a counter half-written.
    manual.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
fn system_id() -> Uuid {
    Uuid::now_v7()
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks for chance")]
fn system_secret() -> [u8; 32] {
    rand::random()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settable_clock_moves_only_when_told_and_with_its_clones() {
        let start = DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
        let clock = Clock::fixed(start);
        let other = clock.clone();
        assert_eq!(clock.now(), start);
        other.advance(TimeDelta::minutes(5));
        assert_eq!(clock.now(), start + TimeDelta::minutes(5));
        clock.set(start);
        assert_eq!(other.now(), start);
    }

    #[test]
    fn ids_of_a_settable_clock_repeat_from_run_to_run_and_sort_by_age() {
        let start = DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
        let (one, two) = (Clock::fixed(start), Clock::fixed(start));
        let first = one.new_id();
        assert_eq!(first, two.new_id());
        assert_eq!(first.get_version_num(), 7);
        assert!(first < one.new_id());
        one.advance(TimeDelta::seconds(1));
        assert!(two.new_id() < one.new_id());
    }

    #[test]
    fn secrets_never_repeat() {
        let clock = Clock::fixed(DateTime::UNIX_EPOCH);
        assert_ne!(clock.secret(), clock.secret());
    }
}
