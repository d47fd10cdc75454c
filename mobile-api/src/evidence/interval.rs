//! From evidence to an interval, and from an interval to a verdict.
//!
//! All arithmetic is in microseconds as `i128`: the widest dates and the largest uptimes cannot overflow it, so
//! absurd statements end as bounds that contradict each other, and those are set aside.

use super::{Anchor, Evidence, Received, Verdict, When, readable};
use crate::time::Timestamp;

/// How far a phone's uptime may run fast or slow, in parts per million. Quartz is within 100.
pub const DRIFT_PPM: u32 = 200;

/// Milliseconds by which rounding and the clocks of several servers may differ.
pub const SLACK_MS: u32 = 1_000;

/// Longest time in milliseconds from a phone's stating its uptime in an envelope to the server's reading it.
/// Phones give up an attempt sooner and state the uptime anew in the next.
pub const FLIGHT_MS: u32 = 120_000;

const MICROS_PER_MS: i128 = 1_000;

/// When an operation happened, by evidence.
///
/// The result lies within [`Received::floor`] and [`Received::server_time`] and does not depend on the phone's
/// wall clock. Statements that contradict each other are all set aside except those that the server vouches for
/// itself: the proved anchor and its own clock.
pub fn judge(evidence: Option<&Evidence>, received: &Received) -> When {
    let wall = evidence.and_then(|evidence| readable(&evidence.wall));
    let vouched = vouched(evidence, received);
    let stated = evidence.and_then(|evidence| stated(evidence, received));
    let bounds = stated.and_then(|stated| vouched.intersect(stated)).unwrap_or(vouched);
    bounds.into_when(received, wall)
}

/// Compares a deadline with when something happened.
pub fn against(when: &When, due: Timestamp) -> Verdict {
    if when.latest <= due {
        Verdict::OnTime
    } else if when.earliest > due {
        Verdict::Late
    } else {
        Verdict::Unprovable
    }
}

/// Microseconds since 1970, both ends included.
#[derive(Clone, Copy)]
struct Bounds {
    earliest: i128,
    latest: i128,
}

impl Bounds {
    fn intersect(self, other: Bounds) -> Option<Bounds> {
        let (earliest, latest) = (self.earliest.max(other.earliest), self.latest.min(other.latest));
        (earliest <= latest).then_some(Bounds { earliest, latest })
    }

    /// Back to timestamps. Ends that were not narrowed are given back exactly as they came.
    fn into_when(self, received: &Received, wall: Option<String>) -> When {
        let narrowed = |micros: i128| i64::try_from(micros).ok().and_then(Timestamp::from_timestamp_micros);
        let floor = received.floor.min(received.server_time);
        let earliest = narrowed(self.earliest).map_or(floor, |time| time.max(floor));
        let latest = if self.latest >= micros(received.server_time) { None } else { narrowed(self.latest) };
        let latest = latest.unwrap_or(received.server_time);
        When { earliest: earliest.min(latest), latest, wall }
    }
}

/// What the server vouches for: not before the device was registered, nor before the anchor was issued that is
/// part of the operation, nor after the operation arrived.
fn vouched(evidence: Option<&Evidence>, received: &Received) -> Bounds {
    let latest = micros(received.server_time);
    let floor = micros(received.floor).min(latest);
    let anchor = evidence.and_then(|evidence| trusted(evidence, received)).map(|anchor| micros(anchor.server_time));
    // An anchor from after the arrival is of a server whose clock was set back since: it says nothing.
    let anchor = anchor.map(|time| time - slack()).filter(|time| *time <= latest);
    Bounds { earliest: anchor.map_or(floor, |time| time.max(floor)), latest }
}

/// What the phone's uptime says; `None` if nothing, or if it contradicts itself.
fn stated(evidence: &Evidence, received: &Received) -> Option<Bounds> {
    let own = trusted(evidence, received).filter(|anchor| anchor.boot_id == evidence.boot_id);
    if own.is_some_and(|anchor| anchor.uptime_ms > evidence.uptime_ms) {
        return None; // The anchor is part of the operation, so it cannot be the younger of the two.
    }
    let next = received.anchor.as_ref().filter(|anchor| anchor.boot_id == evidence.boot_id);
    let sent = received.uptime_ms.filter(|_| received.boot_id == Some(evidence.boot_id));
    if sent.is_some_and(|sent| sent < evidence.uptime_ms) {
        return None; // It was sent before it was recorded.
    }
    let anchors = own.into_iter().chain(next).map(|anchor| by_anchor(anchor, evidence.uptime_ms));
    let arrival = sent.map(|sent| by_arrival(received.server_time, sent, evidence.uptime_ms));
    let everything = Bounds { earliest: i128::MIN, latest: i128::MAX };
    anchors.chain(arrival).try_fold(everything, Bounds::intersect)
}

fn trusted<'a>(evidence: &'a Evidence, received: &Received) -> Option<&'a Anchor> {
    evidence.anchor.as_ref().filter(|_| received.anchor_trusted)
}

/// The anchor's answer was written at `server_time` and arrived, at `uptime_ms`, at most one round trip later.
fn by_anchor(anchor: &Anchor, uptime_ms: u64) -> Bounds {
    let (shortest, longest) = elapsed(anchor.uptime_ms, uptime_ms);
    let written = micros(anchor.server_time);
    let latest = anchor.rtt_ms.map(|rtt| written + i128::from(rtt) * MICROS_PER_MS + longest + slack());
    Bounds { earliest: written + shortest - slack(), latest: latest.unwrap_or(i128::MAX) }
}

/// The envelope was on its way for anything up to [`FLIGHT_MS`].
fn by_arrival(arrived: Timestamp, sent_ms: u64, uptime_ms: u64) -> Bounds {
    let (shortest, longest) = elapsed(sent_ms, uptime_ms);
    let arrived = micros(arrived);
    let flight = i128::from(FLIGHT_MS) * MICROS_PER_MS;
    Bounds { earliest: arrived - flight + shortest - slack(), latest: arrived + longest + slack() }
}

/// Real microseconds from one uptime to another (negative if it is the earlier one): the least and the most that
/// a clock within the allowed drift can mean.
fn elapsed(from_ms: u64, to_ms: u64) -> (i128, i128) {
    let elapsed = (i128::from(to_ms) - i128::from(from_ms)) * MICROS_PER_MS;
    let drift = elapsed.abs() * i128::from(DRIFT_PPM) / 1_000_000 + 1;
    (elapsed - drift, elapsed + drift)
}

fn slack() -> i128 {
    i128::from(SLACK_MS) * MICROS_PER_MS
}

fn micros(time: Timestamp) -> i128 {
    i128::from(time.timestamp_micros())
}
