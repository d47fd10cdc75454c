//! The phone's clocks and its source of ids: the only place of the engine that asks the system for either.

use std::{
    fs,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, FixedOffset, Local, Offset, TimeDelta, Utc};
use uuid::Uuid;

use crate::signing::Digest;

/// What the engine needs to know of time. A native app implements it with its platform's clocks.
pub trait PhoneClock: Send + Sync {
    /// The wall clock with its zone. May be wrong by any amount.
    fn wall(&self) -> DateTime<FixedOffset>;

    /// Milliseconds since the phone was switched on, sleep included (Android `elapsedRealtime`, iOS
    /// `mach_continuous_time`). Never goes back within one boot.
    fn uptime_ms(&self) -> u64;

    /// Another one each time the phone is switched on.
    fn boot_id(&self) -> Uuid;

    /// A new id (UUIDv7) that no other device will ever make.
    fn new_id(&self) -> Uuid;
}

/// The clocks of this machine.
///
/// On Linux and Android the uptime is the kernel's and includes sleep. Elsewhere it counts from the start of the
/// program, and each start counts as a boot: less is proved, but nothing wrong.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    boot: Boot,
}

#[derive(Debug)]
enum Boot {
    /// The kernel's own boot id goes with the kernel's uptime.
    Kernel(Uuid),
    /// Made at the start of the program.
    Program(Uuid),
}

impl SystemClock {
    /// Finds out what this machine offers.
    #[expect(clippy::disallowed_methods, reason = "this is the phone's source of ids")]
    pub fn new() -> Self {
        let kernel = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let kernel = kernel.and_then(|text| Uuid::parse_str(text.trim()).ok()).filter(|_| kernel_uptime().is_some());
        Self { started: Instant::now(), boot: kernel.map_or_else(|| Boot::Program(Uuid::now_v7()), Boot::Kernel) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

/// `/proc/uptime` is "seconds.hundredths idle".
fn kernel_uptime() -> Option<u64> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = text.split_whitespace().next()?.split_once('.')?;
    let hundredths = hundredths.parse::<u64>().ok().filter(|hundredths| *hundredths < 100)?;
    seconds.parse::<u64>().ok()?.checked_mul(1_000)?.checked_add(hundredths * 10)
}

impl PhoneClock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the phone's clock")]
    fn wall(&self) -> DateTime<FixedOffset> {
        Local::now().fixed_offset()
    }

    fn uptime_ms(&self) -> u64 {
        let since_start = || u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match self.boot {
            // A kernel that answered once and then no longer is no case worth more than a bounded wrong answer.
            Boot::Kernel(_) => kernel_uptime().unwrap_or_else(since_start),
            Boot::Program(_) => since_start(),
        }
    }

    fn boot_id(&self) -> Uuid {
        match self.boot {
            Boot::Kernel(id) | Boot::Program(id) => id,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the phone's source of ids")]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// A phone's clocks that stand still until they are moved, for tests and demonstrations.
///
/// The true time and what the wall clock shows are two things here, as they are in a technician's pocket.
#[derive(Debug)]
pub struct SimulatedClock {
    state: Mutex<Simulated>,
}

#[derive(Debug)]
struct Simulated {
    truth: DateTime<Utc>,
    wall_error: TimeDelta,
    zone: FixedOffset,
    booted: DateTime<Utc>,
    boots: u64,
    ids: u64,
    seed: u64,
}

impl SimulatedClock {
    /// A phone that was switched on an hour before `truth` and whose wall clock is right. Phones of other seeds
    /// make other ids.
    pub fn new(truth: DateTime<Utc>, seed: u64) -> Self {
        let booted = truth - TimeDelta::hours(1);
        let zone = Utc.fix();
        let state = Simulated { truth, wall_error: TimeDelta::zero(), zone, booted, boots: 1, ids: 0, seed };
        Self { state: Mutex::new(state) }
    }

    /// True time passes.
    pub fn advance(&self, by: Duration) {
        self.state().truth += TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
    }

    /// True time is now `truth`, such as that of a server the phone talks to.
    pub fn set_truth(&self, truth: DateTime<Utc>) {
        self.state().truth = truth;
    }

    /// Somebody turns the wall clock to `error` off the truth, and the zone to `zone`.
    pub fn turn_wall(&self, error: TimeDelta, zone: FixedOffset) {
        let mut state = self.state();
        (state.wall_error, state.zone) = (error, zone);
    }

    /// The phone is switched off and on.
    pub fn reboot(&self) {
        let mut state = self.state();
        state.booted = state.truth;
        state.boots += 1;
    }

    /// What is really the time.
    pub fn truth(&self) -> DateTime<Utc> {
        self.state().truth
    }

    fn state(&self) -> MutexGuard<'_, Simulated> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Simulated {
    fn chance(&self, what: &str, count: u64) -> [u8; 10] {
        let digest = Digest::of(format!("{what} {count} of {}", self.seed).as_bytes());
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&digest.as_bytes()[..10]);
        bytes
    }

    fn id(&self, what: &str, count: u64) -> Uuid {
        let millis = u64::try_from((self.truth + self.wall_error).timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.chance(what, count)).into_uuid()
    }
}

impl PhoneClock for SimulatedClock {
    fn wall(&self) -> DateTime<FixedOffset> {
        let state = self.state();
        (state.truth + state.wall_error).with_timezone(&state.zone)
    }

    fn uptime_ms(&self) -> u64 {
        let state = self.state();
        u64::try_from((state.truth - state.booted).num_milliseconds()).unwrap_or(0)
    }

    fn boot_id(&self) -> Uuid {
        let state = self.state();
        uuid::Builder::from_unix_timestamp_millis(0, &state.chance("boot", state.boots)).into_uuid()
    }

    fn new_id(&self) -> Uuid {
        let mut state = self.state();
        state.ids += 1;
        state.id("id", state.ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_goes_on_within_one_boot() {
        let clock = SystemClock::new();
        let (before, boot) = (clock.uptime_ms(), clock.boot_id());
        std::thread::sleep(Duration::from_millis(30));
        assert!(clock.uptime_ms() >= before + 10, "resolution of a hundredth of a second");
        assert_eq!(
            (clock.boot_id(), SystemClock::new().boot_id() == boot),
            (boot, matches!(clock.boot, Boot::Kernel(_)))
        );
        assert_ne!(clock.new_id(), clock.new_id());
    }

    #[test]
    fn turning_the_wall_clock_leaves_the_uptime_alone() {
        let truth = "2026-03-02T08:00:00Z".parse().expect("a time");
        let clock = SimulatedClock::new(truth, 1);
        let east = FixedOffset::east_opt(8 * 3_600).expect("a zone");
        clock.turn_wall(TimeDelta::days(-3_650), east);
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.uptime_ms(), 3_605_000);
        assert_eq!(clock.wall().to_rfc3339(), "2016-03-04T16:00:05+08:00");
        let boot = clock.boot_id();
        clock.reboot();
        assert_eq!(clock.uptime_ms(), 0);
        assert_ne!(clock.boot_id(), boot);
        assert_ne!(clock.new_id(), clock.new_id());
        assert_ne!(SimulatedClock::new(truth, 1).new_id(), SimulatedClock::new(truth, 2).new_id());
    }
}
