use proptest::prelude::*;

use super::*;

fn time(micros: i64) -> Timestamp {
    Timestamp::from_timestamp_micros(micros).expect("within range")
}

/// Monday 2 March 2026, 08:00 UTC.
const MORNING: i64 = 1_772_438_400_000_000;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

fn boot(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// An honest phone's day: all times are true microseconds.
#[derive(Clone, Debug)]
struct Day {
    /// Parts per million by which the uptime runs fast.
    drift: i64,
    /// How long the phone was on at the first contact.
    on_for: i64,
    rtt: i64,
    /// Share of the round trip that the request took, in per cent; the answer took the rest.
    request_share: i64,
    to_operation: i64,
    to_next_contact: i64,
    to_push: i64,
    flight: i64,
    has_anchor: bool,
    states_rtt: bool,
    states_uptime: bool,
    next_contact: bool,
    reboot_before_operation: bool,
    reboot_after_operation: bool,
    wall: String,
}

prop_compose! {
    fn days()(
        drift in -100_i64..=100,
        (on_for, rtt, request_share) in (0..30 * 24 * HOUR, 0..2 * MINUTE, 0_i64..=100),
        (to_operation, to_next_contact, to_push) in (0..30 * 24 * HOUR, 2 * MINUTE..30 * 24 * HOUR, 0..24 * HOUR),
        flight in 0..i64::from(FLIGHT_MS) * 1_000,
        (has_anchor, states_rtt, states_uptime) in any::<(bool, bool, bool)>(),
        (next_contact, reboot_before_operation, reboot_after_operation) in any::<(bool, bool, bool)>(),
        wall in walls(),
    ) -> Day {
        Day {
            drift, on_for, rtt, request_share, to_operation, to_next_contact, to_push, flight, has_anchor, states_rtt,
            states_uptime, next_contact, reboot_before_operation, reboot_after_operation, wall,
        }
    }
}

fn walls() -> impl Strategy<Value = String> {
    prop_oneof![
        (-300_000_000_000_000_000_i64..300_000_000_000_000_000, -23_i32..=23).prop_map(|(micros, hours)| {
            let zone = chrono::FixedOffset::east_opt(hours * 3_600).expect("a zone");
            time(micros).with_timezone(&zone).to_rfc3339()
        }),
        ".*",
        Just("0000-00-00T99:99:99Z".to_owned()),
    ]
}

impl Day {
    fn uptime(&self, booted: i64, now: i64) -> u64 {
        let elapsed = now - booted;
        u64::try_from((elapsed + elapsed * self.drift / 1_000_000) / 1_000).expect("after the boot")
    }

    fn anchor(&self, booted: i64, number: u128, arrived: i64) -> Anchor {
        let written = arrived - (self.rtt - self.rtt * self.request_share / 100);
        let rtt = u32::try_from((self.rtt + self.rtt * self.drift / 1_000_000) / 1_000).expect("minutes");
        let stamp = Stamp { server_time: time(written), proof: "proved".into() };
        let mut anchor = stamp.anchor(self.uptime(booted, arrived), boot(number), rtt);
        anchor.rtt_ms = anchor.rtt_ms.filter(|_| self.states_rtt);
        anchor
    }

    /// The true time of the operation, its evidence, and its arrival.
    fn live(&self) -> (Timestamp, Evidence, Received) {
        let (mut booted, mut number) = (MORNING - self.on_for, 1);
        let anchor = self.has_anchor.then(|| self.anchor(booted, number, MORNING));
        let happened = MORNING + self.to_operation;
        if self.reboot_before_operation {
            (booted, number) = (MORNING + self.to_operation / 2, 2);
        }
        let uptime_ms = self.uptime(booted, happened);
        let evidence = Evidence { wall: self.wall.clone(), uptime_ms, boot_id: boot(number), anchor };
        let contact = happened + self.to_next_contact;
        if self.reboot_after_operation {
            (booted, number) = (happened + self.to_next_contact / 2, 3);
        }
        let sent = contact + self.to_push;
        let received = Received {
            server_time: time(sent + self.flight),
            floor: time(MORNING - 100 * 24 * HOUR),
            anchor_trusted: true,
            uptime_ms: self.states_uptime.then(|| self.uptime(booted, sent)),
            boot_id: self.states_uptime.then(|| boot(number)),
            anchor: self.next_contact.then(|| self.anchor(booted, number, contact)),
        };
        (time(happened), evidence, received)
    }
}

proptest! {
    #[test]
    fn the_truth_of_an_honest_phone_is_inside(day in days()) {
        let (happened, evidence, received) = day.live();
        let when = judge(Some(&evidence), &received);
        prop_assert!(when.earliest <= happened && happened <= when.latest, "{happened} not in {when:?}");
    }

    #[test]
    fn one_boot_gives_seconds(mut day in days()) {
        (day.has_anchor, day.states_rtt, day.reboot_before_operation) = (true, true, false);
        let (_, evidence, received) = day.live();
        let when = judge(Some(&evidence), &received);
        let allowed = day.rtt + 2 * SECOND + 2 * day.to_operation * i64::from(DRIFT_PPM) / 1_000_000 + SECOND;
        prop_assert!((when.latest - when.earliest).num_microseconds() <= Some(allowed), "{when:?}");
    }

    #[test]
    fn the_wall_clock_changes_nothing(day in days(), wall in walls()) {
        let (_, evidence, received) = day.live();
        let turned = Evidence { wall, ..evidence.clone() };
        let (honest, turned) = (judge(Some(&evidence), &received), judge(Some(&turned), &received));
        prop_assert_eq!((honest.earliest, honest.latest), (turned.earliest, turned.latest));
    }

    #[test]
    fn a_late_operation_is_never_on_time(day in days(), wall in walls(), early in 1..30 * 24 * HOUR) {
        let (happened, evidence, received) = day.live();
        let turned = Evidence { wall, ..evidence };
        let due = happened - chrono::TimeDelta::microseconds(early);
        prop_assert_ne!(against(&judge(Some(&turned), &received), due), Verdict::OnTime);
    }

    #[test]
    fn an_early_operation_is_never_late(day in days(), early in 0..30 * 24 * HOUR) {
        let (happened, evidence, received) = day.live();
        let due = happened + chrono::TimeDelta::microseconds(early);
        prop_assert_ne!(against(&judge(Some(&evidence), &received), due), Verdict::Late);
    }

    #[test]
    fn an_unproved_anchor_is_no_anchor(day in days(), claimed in -HOUR * 1_000_000..HOUR * 1_000_000) {
        let (_, evidence, received) = day.live();
        let received = Received { anchor_trusted: false, ..received };
        let without = judge(Some(&Evidence { anchor: None, ..evidence.clone() }), &received);
        let anchor = Anchor { server_time: time(claimed), ..day.anchor(MORNING - day.on_for, 1, MORNING) };
        prop_assert_eq!(judge(Some(&Evidence { anchor: Some(anchor), ..evidence }), &received), without);
    }

    #[test]
    fn absurd_statements_do_not_overflow_nor_leave_the_honest_bounds(
        (uptime_ms, anchor_uptime, sent, rtt) in (absurd(), absurd(), absurd(), any::<Option<u32>>()),
        (anchor_time, server_time, floor) in (absurd_times(), absurd_times(), absurd_times()),
        (same_boot, anchor_trusted, next) in any::<(bool, bool, bool)>(),
    ) {
        let boot_id = boot(1);
        let anchor = Anchor {
            server_time: anchor_time,
            uptime_ms: anchor_uptime,
            boot_id: if same_boot { boot_id } else { boot(2) },
            rtt_ms: rtt,
            proof: String::new(),
        };
        let (uptime_sent, boot_sent) = (Some(sent), Some(boot_id));
        let next = next.then(|| anchor.clone());
        let received =
            Received { server_time, floor, anchor_trusted, uptime_ms: uptime_sent, boot_id: boot_sent, anchor: next };
        let evidence = Evidence { wall: String::new(), uptime_ms, boot_id, anchor: Some(anchor) };
        let when = judge(Some(&evidence), &received);
        prop_assert!(when.earliest <= when.latest && when.latest <= server_time);
        prop_assert!(when.earliest >= floor.min(server_time));
    }
}

fn absurd() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(u64::MAX), Just(1 << 63), any::<u64>(), 0_u64..1_000_000]
}

fn absurd_times() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        Just(Timestamp::MAX_UTC),
        Just(Timestamp::MIN_UTC),
        (-8_000_000_000_000_000_000_i64..8_000_000_000_000_000_000).prop_map(time),
        (0..HOUR).prop_map(|micros| time(MORNING + micros)),
    ]
}

fn anchor_at(server_time: i64, uptime_ms: u64) -> Anchor {
    Anchor { server_time: time(server_time), uptime_ms, boot_id: boot(1), rtt_ms: Some(100), proof: "proved".into() }
}

#[test]
fn without_evidence_anything_since_registration_is_possible() {
    let received = Received::at(time(MORNING + HOUR), time(MORNING));
    let when = judge(None, &received);
    assert_eq!(when, When { earliest: time(MORNING), latest: time(MORNING + HOUR), wall: None });
    assert_eq!(against(&when, time(MORNING + MINUTE)), Verdict::Unprovable);
    assert_eq!(against(&when, time(MORNING + HOUR)), Verdict::OnTime, "it had arrived by then");
    assert_eq!(against(&when, time(MORNING - MINUTE)), Verdict::Late, "the device did not exist yet");
}

#[test]
fn a_clock_turned_back_without_an_anchor_proves_nothing() {
    let evidence = Evidence { wall: "2026-03-02T08:05:00Z".into(), uptime_ms: 5, boot_id: boot(1), anchor: None };
    let received = Received::at(time(MORNING + 3 * HOUR), time(MORNING - HOUR));
    let when = judge(Some(&evidence), &received);
    assert_eq!(against(&when, time(MORNING + 20 * MINUTE)), Verdict::Unprovable);
    assert_eq!(when.wall.as_deref(), Some("2026-03-02T08:05:00Z"), "a person may still read it");
}

#[test]
fn the_boot_in_which_it_was_sent_proves_it_without_an_anchor() {
    let evidence = Evidence { wall: String::new(), uptime_ms: 60_000, boot_id: boot(1), anchor: None };
    let received = Received {
        uptime_ms: Some(7_260_000),
        boot_id: Some(boot(1)),
        ..Received::at(time(MORNING + 2 * HOUR), time(MORNING - HOUR))
    };
    let when = judge(Some(&evidence), &received);
    assert_eq!(against(&when, time(MORNING + 5 * SECOND)), Verdict::OnTime);
    assert_eq!(against(&when, time(MORNING - 3 * MINUTE)), Verdict::Late);
}

#[test]
fn after_a_reboot_the_last_anchor_and_the_arrival_are_the_bounds() {
    let anchor = Some(anchor_at(MORNING, 1_000));
    let evidence = Evidence { wall: String::new(), uptime_ms: 2_000, boot_id: boot(2), anchor };
    let received = Received { anchor_trusted: true, ..Received::at(time(MORNING + HOUR), time(MORNING - HOUR)) };
    let when = judge(Some(&evidence), &received);
    assert_eq!((when.earliest, when.latest), (time(MORNING - SECOND), time(MORNING + HOUR)));
}

#[test]
fn contradictions_widen_to_what_the_server_vouches_for() {
    let received = Received { anchor_trusted: true, ..Received::at(time(MORNING + HOUR), time(MORNING - HOUR)) };
    let honest = (time(MORNING - SECOND), time(MORNING + HOUR));
    let with = |uptime_ms, anchor_uptime| Evidence {
        wall: String::new(),
        uptime_ms,
        boot_id: boot(1),
        anchor: Some(anchor_at(MORNING, anchor_uptime)),
    };
    let bounds = |evidence: &Evidence, received: &Received| {
        let when = judge(Some(evidence), received);
        (when.earliest, when.latest)
    };
    assert_eq!(bounds(&with(500, 1_000), &received), honest, "recorded before an anchor that it contains");
    assert_eq!(bounds(&with(u64::MAX, 0), &received), honest, "recorded ages after it arrived");
    let sent_earlier = Received { uptime_ms: Some(1), boot_id: Some(boot(1)), ..received.clone() };
    assert_eq!(bounds(&with(2_000, 1_000), &sent_earlier), honest, "sent before it was recorded");
}

#[test]
fn garbage_is_evidence_of_nothing_and_never_refused() {
    #[derive(Deserialize)]
    struct Operation {
        #[serde(default, deserialize_with = "lenient")]
        evidence: Option<Evidence>,
    }
    let read = |json: &str| serde_json::from_str::<Operation>(json).expect("never refused").evidence;
    let id = boot(7);
    for wall in ["\"yesterday\"", "12", "null", "{}", "\"2026-13-45T00:00:00Z\"", &format!("\"{}\"", "9".repeat(999))] {
        let text = format!(r#"{{"evidence":{{"wall":{wall},"uptime_ms":1,"boot_id":"{id}"}}}}"#);
        let evidence = read(&text).expect("the rest is fine");
        assert_eq!(judge(Some(&evidence), &Received::at(time(MORNING), time(0))).wall, None);
    }
    for evidence in ["null", "[]", "7", r#"{"uptime_ms":-1}"#, r#"{"uptime_ms":1,"boot_id":"x"}"#] {
        assert_eq!(read(&format!(r#"{{"evidence":{evidence}}}"#)), None);
    }
    assert_eq!(read("{}"), None);
}

#[test]
fn the_wire_form_comes_back() {
    let evidence = Evidence {
        wall: "2026-03-02T16:00:00+08:00".into(),
        uptime_ms: u64::MAX,
        boot_id: boot(1),
        anchor: Some(anchor_at(MORNING, 3)),
    };
    let text = serde_json::to_string(&evidence).expect("serializes");
    assert_eq!(serde_json::from_str::<Evidence>(&text).expect("parses"), evidence);
}

#[test]
fn a_proof_is_of_one_time_and_one_device() {
    let message = Stamp::message(time(MORNING), boot(1));
    assert_ne!(message, Stamp::message(time(MORNING + 1), boot(1)));
    assert_ne!(message, Stamp::message(time(MORNING), boot(2)));
}
