//! A day's visits, the crew, the ways between, and what a plan comes to. Nothing here knows how a plan is found.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use mobile_api::{
    directory::Location,
    ids::{UserId, WorkOrderId},
    work_order::Window,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The speed that is reckoned with where nobody says otherwise, in km/h: a scooter or van among houses, detours included.
pub const USUAL_SPEED: f64 = 18.0;

/// An order that is to be visited.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The order.
    pub order: WorkOrderId,
    /// Its number.
    pub number: Option<String>,
    /// Its revision, by which taking the plan over notices that it changed.
    pub rev: u64,
    /// Where: a place of [`Ways`].
    pub place: usize,
    /// How long it takes.
    pub work: TimeDelta,
    /// When the customer expects somebody to come.
    pub window: Option<Window>,
    /// What whoever goes must have: a certificate, being of a team.
    pub needs: Vec<String>,
    /// Whether it is urgent.
    pub urgent: bool,
    /// Whose it is now.
    pub now: Option<UserId>,
}

/// Somebody who can go.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Who.
    pub technician: UserId,
    /// Their name.
    pub name: String,
    /// Where they begin.
    pub start: usize,
    /// When they begin.
    pub from: DateTime<Utc>,
    /// When they end.
    pub until: DateTime<Utc>,
    /// When they rest in between, in order.
    pub pauses: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// What they have: certificates valid on the day, teams.
    pub has: HashSet<String>,
}

impl Worker {
    /// Whether they may do this.
    pub fn may(&self, visit: &Visit) -> bool {
        visit.needs.iter().all(|need| self.has.contains(need))
    }

    /// When something is done that begins at `since` and takes so long.
    fn after(&self, since: DateTime<Utc>, takes: TimeDelta) -> DateTime<Utc> {
        self.pauses.iter().fold(since + takes, |end, (rest, work)| {
            if since < *work && end > *rest { end + (*work - since.max(*rest)) } else { end }
        })
    }

    /// The instant, or the end of the pause that it lies in.
    fn at_work(&self, instant: DateTime<Utc>) -> DateTime<Utc> {
        let pause = self.pauses.iter().find(|(rest, work)| (*rest..*work).contains(&instant));
        pause.map_or(instant, |(_, work)| *work)
    }
}

/// How far it is from each place to each: by a straight line, or as somebody measured it.
#[derive(Clone, Debug)]
pub struct Ways {
    places: usize,
    seconds: Vec<i64>,
    metres: Vec<i64>,
}

impl Ways {
    /// In a straight line, at so many km/h.
    pub fn straight(places: &[Location], speed: f64) -> Self {
        let pairs = || places.iter().flat_map(|from| places.iter().map(|to| from.metres_to(*to)));
        let seconds = |metres: u32| (f64::from(metres) * 3.6 / speed.max(1.0)).ceil() as i64;
        Self { places: places.len(), seconds: pairs().map(seconds).collect(), metres: pairs().map(i64::from).collect() }
    }

    /// As measured, row by row; `None` if these are not two square tables of this size without negative ways.
    pub fn measured(places: usize, seconds: Vec<i64>, metres: Vec<i64>) -> Option<Self> {
        let fits =
            |table: &[i64]| table.len() == places * places && table.iter().all(|way| (0..=MOST_WAY).contains(way));
        (fits(&seconds) && fits(&metres)).then_some(Self { places, seconds, metres })
    }

    /// Seconds and metres from one place to another.
    pub fn between(&self, from: usize, to: usize) -> (i64, i64) {
        let at = from * self.places + to;
        (self.seconds.get(at).copied().unwrap_or_default(), self.metres.get(at).copied().unwrap_or_default())
    }
}

/// The longest way that a table may name, in seconds as in metres.
const MOST_WAY: i64 = 10_000_000;

/// Everything that a plan is made from.
#[derive(Clone, Debug)]
pub struct Day {
    /// What is to be done.
    pub visits: Vec<Visit>,
    /// By whom.
    pub crew: Vec<Worker>,
    /// The ways.
    pub ways: Ways,
}

/// Who goes where: for each of the crew the visits in order, by their place in [`Day::visits`].
pub type Tours = Vec<Vec<usize>>;

/// A visit of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedVisit {
    /// The order.
    pub order: WorkOrderId,
    /// Its number.
    pub number: Option<String>,
    /// Its revision.
    pub rev: u64,
    /// When work begins.
    pub from: DateTime<Utc>,
    /// When it ends.
    pub until: DateTime<Utc>,
    /// Metres from the place before.
    pub metres: i64,
    /// Seconds on the way there.
    pub travel_seconds: i64,
    /// Whether work begins after the customer stopped expecting it, or ends after hours.
    pub late: bool,
    /// Whose it is now.
    pub now: Option<UserId>,
}

/// What a plan comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Figures {
    /// Visits that somebody makes.
    pub visits: u32,
    /// Visits that nobody makes.
    pub unplanned: u32,
    /// Visits that come late.
    pub late: u32,
    /// Minutes on the way, of all together.
    pub travel_minutes: i64,
    /// Metres on the way, of all together.
    pub metres: i64,
}

impl Figures {
    /// By what one plan is better than another: first what nobody does, then what comes late, then the time on the way.
    pub fn badness(&self) -> (u32, u32, i64, i64) {
        (self.unplanned, self.late, self.travel_minutes, self.metres)
    }
}

impl Day {
    /// The visits of one tour with their times. A pause interrupts whatever is under way, travel as well as work.
    pub fn timetable(&self, worker: &Worker, tour: &[usize]) -> Vec<PlannedVisit> {
        let (mut at, mut place) = (worker.from, worker.start);
        let planned = tour.iter().filter_map(|visit| self.visits.get(*visit)).map(|visit| {
            let (seconds, metres) = self.ways.between(place, visit.place);
            let arrived = worker.after(at, TimeDelta::seconds(seconds));
            let from = worker.at_work(visit.window.map_or(arrived, |window| arrived.max(window.from)));
            let until = worker.after(from, visit.work);
            let late = until > worker.until || visit.window.is_some_and(|window| from > window.until);
            (at, place) = (until, visit.place);
            PlannedVisit {
                order: visit.order,
                number: visit.number.clone(),
                rev: visit.rev,
                from,
                until,
                metres,
                travel_seconds: seconds,
                late,
                now: visit.now,
            }
        });
        planned.collect()
    }

    /// What these tours come to.
    pub fn figures(&self, tours: &Tours) -> Figures {
        let all: Vec<PlannedVisit> =
            self.crew.iter().zip(tours).flat_map(|(worker, tour)| self.timetable(worker, tour)).collect();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Figures {
            visits: count(all.len()),
            unplanned: count(self.visits.len().saturating_sub(all.len())),
            late: count(all.iter().filter(|visit| visit.late).count()),
            travel_minutes: all.iter().map(|visit| visit.travel_seconds).sum::<i64>() / 60,
            metres: all.iter().map(|visit| visit.metres).sum(),
        }
    }

    /// The day as people planned it: everybody does what is theirs now and what they may, in the order in which it is expected.
    pub fn by_hand(&self) -> Tours {
        let of = |worker: &Worker| {
            let theirs = |visit: &Visit| visit.now == Some(worker.technician) && worker.may(visit);
            let theirs = self.visits.iter().enumerate().filter(|(_, visit)| theirs(visit));
            let mut tour: Vec<usize> = theirs.map(|(at, _)| at).collect();
            // What has no time keeps the order in which it came, after what has one.
            tour.sort_by_key(|at| {
                let window = self.visits[*at].window;
                (window.is_none(), window.map(|window| window.from), *at)
            });
            tour
        };
        self.crew.iter().map(of).collect()
    }
}
