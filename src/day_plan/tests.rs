//! Days in a town of squares, planned by hand and by the solver.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use mobile_api::{Id, directory::Location, work_order::Window};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    day::{Day, Figures, Tours, Visit, Ways, Worker},
    solve::solve,
};

fn at(hour: i64, minute: i64) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-03-02T00:00:00Z").unwrap().to_utc() + TimeDelta::minutes(hour * 60 + minute)
}

fn visit(n: usize, place: usize) -> Visit {
    Visit {
        order: Id::new(Uuid::from_u128(n as u128)),
        number: None,
        rev: 1,
        place,
        work: TimeDelta::minutes(30),
        window: None,
        needs: Vec::new(),
        urgent: false,
        now: None,
    }
}

fn worker(n: u128, has: &[&str]) -> Worker {
    Worker {
        technician: Id::new(Uuid::from_u128(1_000 + n)),
        name: format!("{n}"),
        start: 0,
        from: at(8, 0),
        until: at(18, 0),
        pauses: vec![(at(12, 0), at(13, 0))],
        has: has.iter().map(|thing| (*thing).to_owned()).collect(),
    }
}

/// Places a kilometre or so apart, eight in a row.
fn town(places: usize) -> Ways {
    let place =
        |n: usize| Location { latitude: 31.2 + 0.01 * (n / 8) as f64, longitude: 121.4 + 0.01 * (n % 8) as f64 };
    Ways::straight(&(0..places).map(place).collect::<Vec<_>>(), 18.0)
}

/// A dispatcher's day: orders given out in turn as they came in.
fn given_out_in_turn(visits: usize, workers: u128) -> Day {
    let crew: Vec<Worker> = (0..workers).map(|n| worker(n, &[])).collect();
    let given = |n: usize| Visit { now: Some(crew[n % crew.len()].technician), ..visit(n, n * 7 % 24) };
    Day { visits: (0..visits).map(given).collect(), ways: town(24), crew }
}

fn solved(day: Day, millis: u64) -> (Arc<Day>, Tours) {
    let day = Arc::new(day);
    let tours = solve(&day, Duration::from_millis(millis), &CancellationToken::new(), |_| ()).unwrap();
    (day, tours)
}

#[test]
fn a_pause_interrupts_and_who_comes_early_waits() {
    let mut day = Day { visits: vec![visit(1, 0), visit(2, 0)], crew: vec![worker(1, &[])], ways: town(1) };
    day.visits[0].window = Some(Window { from: at(11, 45), until: at(12, 30) });
    day.visits[1].window = Some(Window { from: at(14, 0), until: at(14, 30) });
    let table = day.timetable(&day.crew[0], &[0, 1]);
    assert_eq!((table[0].from, table[0].until, table[0].late), (at(11, 45), at(13, 15), false), "lunch in between");
    assert_eq!((table[1].from, table[1].until, table[1].late), (at(14, 0), at(14, 30), false));
    day.visits[0].window = Some(Window { from: at(12, 15), until: at(12, 30) });
    assert_eq!((day.timetable(&day.crew[0], &[0])[0].from, day.figures(&vec![vec![0]]).late), (at(13, 0), 1));
    day.crew[0].pauses.clear();
    assert_eq!(day.timetable(&day.crew[0], &[0])[0].from, at(12, 15));
}

#[test]
fn what_ends_after_hours_is_late() {
    let mut day = given_out_in_turn(30, 1);
    day.ways = Ways::measured(24, vec![600; 576], vec![3_000; 576]).unwrap();
    let figures = day.figures(&day.by_hand());
    assert_eq!((figures.visits, figures.unplanned), (30, 0));
    assert!(figures.late > 10, "{figures:?}");
    assert_eq!((figures.travel_minutes, figures.metres), (300, 90_000));
}

#[test]
fn tables_that_are_not_square_are_no_ways() {
    assert!(Ways::measured(2, vec![0, 1, 1, 0], vec![0, 1, 1, 0]).is_some());
    for (seconds, metres) in [(vec![0; 3], vec![0; 4]), (vec![0; 4], vec![]), (vec![0, -1, 1, 0], vec![0; 4])] {
        assert!(Ways::measured(2, seconds, metres).is_none());
    }
}

#[test]
fn the_solver_is_better_than_giving_out_in_turn_and_tells_how_far_it_is() {
    let day = Arc::new(given_out_in_turn(40, 4));
    let told = Arc::new(AtomicU32::new(0));
    let counted = told.clone();
    let watch = move |_| _ = counted.fetch_add(1, Ordering::Relaxed);
    let tours = solve(&day, Duration::from_millis(1_500), &CancellationToken::new(), watch).unwrap();
    let (by_hand, planned) = (day.figures(&day.by_hand()), day.figures(&tours));
    assert_eq!((planned.visits, planned.unplanned, planned.late), (40, 0, 0));
    assert!(planned.travel_minutes < by_hand.travel_minutes, "{planned:?} {by_hand:?}");
    assert!(told.load(Ordering::Relaxed) > 0);
}

#[test]
fn windows_and_certificates_are_kept() {
    let mut day = given_out_in_turn(12, 3);
    day.crew[1] = worker(1, &["certificate:lift"]);
    for n in [3, 4, 5] {
        day.visits[n].needs = vec!["certificate:lift".into()];
        day.visits[n].window = Some(Window { from: at(10 + n as i64, 0), until: at(10 + n as i64, 30) });
    }
    day.visits[7].needs = vec!["certificate:gas".into()];
    let (day, tours) = solved(day, 700);
    let figures = day.figures(&tours);
    assert_eq!((figures.visits, figures.unplanned, figures.late), (11, 1, 0), "{tours:?}");
    for (worker, tour) in day.crew.iter().zip(&tours) {
        assert!(tour.iter().all(|visit| worker.may(&day.visits[*visit])));
    }
    assert!([3, 4, 5].iter().all(|lift| tours[1].contains(lift)));
}

#[test]
fn who_hangs_up_ends_it() {
    let stop = CancellationToken::new();
    stop.cancel();
    let day = Arc::new(given_out_in_turn(20, 2));
    let tours = solve(&day, Duration::from_secs(3_600), &stop, |_| ()).unwrap();
    assert_eq!(day.figures(&tours).visits, 20, "the day stays as it is");
}

#[test]
fn a_day_without_people_or_orders_is_no_error() {
    let (day, tours) = solved(given_out_in_turn(0, 2), 100);
    assert_eq!(day.figures(&tours), Figures::default());
    let nobody = Day { crew: Vec::new(), ..given_out_in_turn(3, 1) };
    let (day, tours) = solved(nobody, 100);
    assert_eq!(day.figures(&tours).unplanned, 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Whatever the day: nobody is sent twice, nobody does what they may not, and it is never worse than by hand.
    #[test]
    fn a_plan_is_never_worse_than_the_one_by_hand(
        visits in prop::collection::vec((0usize..24, 5i64..120, prop::option::of(8i64..17), 0usize..4, any::<bool>()), 1..15),
        skilled in prop::collection::vec(any::<bool>(), 1..4),
    ) {
        let crew: Vec<Worker> = skilled.iter().enumerate()
            .map(|(n, skilled)| worker(n as u128, if *skilled { &["certificate:lift"] } else { &[] })).collect();
        let visits = visits.iter().enumerate().map(|(n, (place, minutes, hour, now, lift))| Visit {
            work: TimeDelta::minutes(*minutes),
            window: hour.map(|hour| Window { from: at(hour, 0), until: at(hour + 1, 0) }),
            needs: if *lift { vec!["certificate:lift".into()] } else { Vec::new() },
            now: crew.get(*now).map(|worker| worker.technician).filter(|_| !*lift || skilled[*now]),
            ..visit(n, *place)
        }).collect();
        let (day, tours) = solved(Day { visits, crew, ways: town(24) }, 150);
        let planned: Vec<usize> = tours.iter().flatten().copied().collect();
        prop_assert_eq!(planned.iter().collect::<HashSet<_>>().len(), planned.len());
        for (worker, tour) in day.crew.iter().zip(&tours) {
            prop_assert!(tour.iter().all(|visit| worker.may(&day.visits[*visit])));
        }
        prop_assert!(day.figures(&tours).badness() <= day.figures(&day.by_hand()).badness());
    }
}
