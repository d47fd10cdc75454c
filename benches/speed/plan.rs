//! A day of 200 stops for ten technicians: how much less time on the way than as a dispatcher gave the orders out.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use doorstep::day_plan::{
    day::{Day, Visit, Ways, Worker},
    solve::solve,
};
use mobile_api::{Id, directory::Location, work_order::Window};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Options,
    table::{Table, Target},
};

const STOPS: usize = 200;
const CREW: usize = 10;

/// How long a better day is looked for.
const BUDGET: Duration = Duration::from_secs(10);

pub fn run(_: &Options, table: &mut Table) {
    let day = Arc::new(day());
    let by_hand = day.figures(&day.by_hand());
    let begun = Instant::now();
    let told = |progress: doorstep::day_plan::solve::Progress| {
        eprintln!("   {:>4.1} s: {} min on the way", progress.elapsed.as_secs_f64(), progress.best.travel_minutes);
    };
    let tours = solve(&day, BUDGET, &CancellationToken::new(), told).expect("a day that can be planned");
    let took = begun.elapsed().as_secs_f64();
    let planned = day.figures(&tours);
    assert_eq!((planned.unplanned, planned.late), (0, 0), "{planned:?}");
    let minutes = |figures: doorstep::day_plan::day::Figures| figures.travel_minutes as f64;
    table.figure("Day of 200 stops, 10 technicians: on the way, given out in turn", minutes(by_hand), "min");
    table.figure("Day of 200 stops, 10 technicians: on the way, planned", minutes(planned), "min");
    table.promised(
        "Day of 200 stops, 10 technicians: planned ÷ given out in turn",
        minutes(planned) / minutes(by_hand),
        "×",
        Target::AtMost(0.5),
    );
    table.promised("Day of 200 stops, 10 technicians: planned within", took, "s", Target::AtMost(12.0));
}

/// A town of ten by ten kilometres; every fourth stop has a time that was promised. Orders are given out in turn as they come in.
fn day() -> Day {
    let mut rng = StdRng::seed_from_u64(7);
    let morning: DateTime<Utc> = "2026-03-02T00:00:00Z".parse().expect("an instant");
    let place = |rng: &mut StdRng| Location {
        latitude: 31.20 + rng.random_range(0.0..0.09),
        longitude: 121.40 + rng.random_range(0.0..0.105),
    };
    let mut places = vec![Location { latitude: 31.245, longitude: 121.452 }];
    places.extend((0..STOPS).map(|_| place(&mut rng)));
    let worker = |n: usize| Worker {
        technician: Id::new(Uuid::from_u128(1_000 + n as u128)),
        name: n.to_string(),
        start: 0,
        from: morning,
        until: morning + TimeDelta::hours(10),
        pauses: vec![(morning + TimeDelta::hours(4), morning + TimeDelta::hours(5))],
        has: Default::default(),
    };
    let crew: Vec<Worker> = (0..CREW).map(worker).collect();
    let visits = (0..STOPS).map(|n| {
        let from = morning + TimeDelta::minutes(rng.random_range(0..8) * 60);
        Visit {
            order: Id::new(Uuid::from_u128(n as u128)),
            number: None,
            rev: 1,
            place: n + 1,
            work: TimeDelta::minutes(15),
            window: (n % 4 == 0).then(|| Window { from, until: from + TimeDelta::hours(2) }),
            needs: Vec::new(),
            urgent: false,
            now: Some(crew[n % CREW].technician),
        }
    });
    Day { visits: visits.collect(), ways: Ways::straight(&places, 18.0), crew: crew.clone() }
}
