//! A better day, by `vrp-pragmatic` (rich vehicle routing: time windows, skills, breaks).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{DateTime, SecondsFormat, Utc};
use tokio_util::sync::CancellationToken;
use vrp_pragmatic::{
    core::{
        models::{
            problem::{JobIdDimension, VehicleIdDimension},
            solution::Route,
        },
        prelude::{DefaultRandom, Environment, Float, GoalContext, InsertionContext, Solver, VrpConfigBuilder},
        rosomaxa::{
            evolution::TelemetryMode,
            prelude::HeuristicContext,
            termination::Termination,
            utils::{Parallelism, Quota},
        },
        solver::RefinementContext,
    },
    format::{
        Location,
        problem::{
            Fleet, Job, JobPlace, JobSkills, JobTask, Matrix, MatrixProfile, Objective, Plan, PragmaticProblem,
            Problem, ShiftStart, VehicleBreak, VehicleCosts, VehicleLimits, VehicleProfile, VehicleRequiredBreakTime,
            VehicleShift, VehicleType,
        },
    },
};

use super::day::{Day, Figures, Tours, Visit, Worker};

/// The one way of travelling that there is.
const PROFILE: &str = "way";

/// How often the best day so far is told.
const BETWEEN_REPORTS: Duration = Duration::from_millis(500);

/// An urgent visit weighs as much as so many others, if not all can be made.
const URGENT: Float = 10.0;

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// How long it has worked.
    pub elapsed: Duration,
    /// What the best day so far comes to.
    pub best: Figures,
}

/// Looks for a better day until `budget` is over or `stop` is cancelled, and tells of the best so far. It is never worse than the one that
/// people made: if nothing better is found, that one is answered.
///
/// # Errors
/// In the words of the solver, if the problem is one that it does not take.
pub fn solve(
    day: &Arc<Day>,
    budget: Duration,
    stop: &CancellationToken,
    watch: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Tours, String> {
    let by_hand = day.by_hand();
    if day.visits.is_empty() || day.crew.is_empty() {
        return Ok(by_hand);
    }
    let begun = Instant::now();
    let map = Map::of(day);
    let problem = (problem(day, &map), vec![map.matrix(day)]).read_pragmatic().map_err(|errors| errors.to_string())?;
    let problem = Arc::new(problem);
    let limit = Limit { until: begun + budget, stop: stop.clone() };
    let environment = Arc::new(Environment::new(
        Arc::new(DefaultRandom::default()),
        Some(Arc::new(limit.clone())),
        Parallelism::default(),
        Arc::new(|_| ()),
        false,
    ));
    let watched = Watched {
        day: day.clone(),
        begun,
        budget,
        limit: limit.clone(),
        told: Mutex::new(begun),
        watch: Box::new(watch),
    };
    let config = VrpConfigBuilder::new(problem.clone())
        .set_environment(environment)
        .set_telemetry_mode(TelemetryMode::None)
        .prebuild()
        .and_then(|config| config.build());
    let mut config = config.map_err(|error| error.to_string())?;
    // Not by `with_termination`: what is set there is not used.
    config.termination = Box::new(watched);
    let solution = match Solver::new(problem, config).solve() {
        Ok(solution) => solution,
        // It was ended before there was any.
        Err(_) if limit.is_reached() => return Ok(by_hand),
        Err(error) => return Err(error.to_string()),
    };
    let found = tours(day, solution.routes.iter());
    let better = day.figures(&found).badness() <= day.figures(&by_hand).badness();
    Ok(if better { found } else { by_hand })
}

/// When to end.
#[derive(Clone)]
struct Limit {
    until: Instant,
    stop: CancellationToken,
}

impl Quota for Limit {
    fn is_reached(&self) -> bool {
        self.stop.is_cancelled() || Instant::now() >= self.until
    }
}

/// Ends the search in time, and tells of the best so far: it is asked after each generation.
struct Watched {
    day: Arc<Day>,
    begun: Instant,
    budget: Duration,
    limit: Limit,
    told: Mutex<Instant>,
    watch: Box<dyn Fn(Progress) + Send + Sync>,
}

impl Termination for Watched {
    type Context = RefinementContext;
    type Objective = GoalContext;

    fn is_termination(&self, context: &mut RefinementContext) -> bool {
        let due = self.told.lock().is_ok_and(|mut told| {
            let due = told.elapsed() >= BETWEEN_REPORTS;
            if due {
                *told = Instant::now();
            }
            due
        });
        if due && let Some(best) = context.ranked().next() {
            let InsertionContext { solution, .. } = best;
            let tours = tours(&self.day, solution.routes.iter().map(|route| route.route()));
            (self.watch)(Progress { elapsed: self.begun.elapsed(), best: self.day.figures(&tours) });
        }
        self.limit.is_reached()
    }

    fn estimate(&self, _: &RefinementContext) -> Float {
        (self.begun.elapsed().as_secs_f64() / self.budget.as_secs_f64().max(0.001)).min(1.0)
    }
}

/// Who goes where, out of the solver's routes. Its names for visits and crew are their places in the day.
fn tours<'r>(day: &Day, routes: impl Iterator<Item = &'r Route>) -> Tours {
    let mut by_worker: HashMap<usize, Vec<usize>> = HashMap::new();
    for route in routes {
        let Some(worker) = route.actor.vehicle.dimens.get_vehicle_id().and_then(|id| id.parse().ok()) else { continue };
        let jobs = route.tour.all_activities().filter_map(|activity| activity.job.as_ref());
        let visits = jobs.filter_map(|job| job.dimens.get_job_id()?.parse::<usize>().ok());
        by_worker.entry(worker).or_default().extend(visits);
    }
    (0..day.crew.len()).map(|worker| by_worker.remove(&worker).unwrap_or_default()).collect()
}

/// The places that are gone to, numbered from zero: the solver takes no table with places that nobody goes to.
struct Map {
    places: Vec<usize>,
}

impl Map {
    fn of(day: &Day) -> Self {
        let starts = day.crew.iter().map(|worker| worker.start);
        let mut places: Vec<usize> = day.visits.iter().map(|visit| visit.place).chain(starts).collect();
        places.sort_unstable();
        places.dedup();
        Self { places }
    }

    fn at(&self, place: usize) -> Location {
        Location::new_reference(self.places.partition_point(|known| *known < place))
    }

    fn matrix(&self, day: &Day) -> Matrix {
        let pairs = || self.places.iter().flat_map(|from| self.places.iter().map(|to| day.ways.between(*from, *to)));
        Matrix {
            profile: Some(PROFILE.into()),
            timestamp: None,
            travel_times: pairs().map(|(seconds, _)| seconds).collect(),
            distances: pairs().map(|(_, metres)| metres).collect(),
            error_codes: None,
        }
    }
}

fn problem(day: &Day, map: &Map) -> Problem {
    Problem {
        plan: Plan {
            jobs: day.visits.iter().enumerate().map(|(at, visit)| job(at, visit, map)).collect(),
            relations: None,
            clustering: None,
        },
        fleet: Fleet {
            vehicles: day.crew.iter().enumerate().map(|(at, worker)| vehicle(at, worker, map)).collect(),
            profiles: vec![MatrixProfile { name: PROFILE.into(), speed: None }],
            resources: None,
        },
        objectives: Some(vec![
            Objective::MaximizeValue { breaks: None },
            Objective::MinimizeUnassigned { breaks: None },
            Objective::MinimizeCost,
        ]),
    }
}

fn job(at: usize, visit: &Visit, map: &Map) -> Job {
    let times = visit.window.map(|window| vec![vec![time(window.from), time(window.until)]]);
    let duration = visit.work.num_seconds() as Float;
    let place = JobPlace { location: map.at(visit.place), duration, times, tag: None };
    let skills = JobSkills { all_of: Some(visit.needs.clone()), one_of: None, none_of: None };
    Job {
        id: at.to_string(),
        pickups: None,
        deliveries: None,
        replacements: None,
        services: Some(vec![JobTask { places: vec![place], demand: None, order: None }]),
        skills: (!visit.needs.is_empty()).then_some(skills),
        value: Some(if visit.urgent { URGENT } else { 1.0 }),
        group: None,
        compatibility: None,
    }
}

fn vehicle(at: usize, worker: &Worker, map: &Map) -> VehicleType {
    let start =
        ShiftStart { earliest: time(worker.from), latest: Some(time(worker.from)), location: map.at(worker.start) };
    let rest = |(from, until): &(DateTime<Utc>, DateTime<Utc>)| VehicleBreak::Required {
        time: VehicleRequiredBreakTime::ExactTime { earliest: time(*from), latest: time(*from) },
        duration: (*until - *from).num_seconds() as Float,
    };
    let breaks = (!worker.pauses.is_empty()).then(|| worker.pauses.iter().map(rest).collect());
    VehicleType {
        type_id: at.to_string(),
        vehicle_ids: vec![at.to_string()],
        profile: VehicleProfile { matrix: PROFILE.into(), scale: None },
        costs: VehicleCosts { fixed: None, distance: 0.001, time: 1.0 },
        shifts: vec![VehicleShift { start, end: None, breaks, reloads: None, recharges: None }],
        // Nothing is carried that would fill a vehicle.
        capacity: vec![1],
        skills: Some(worker.has.iter().cloned().collect()),
        limits: Some(VehicleLimits {
            max_distance: None,
            max_duration: Some((worker.until - worker.from).num_seconds() as Float),
            tour_size: None,
        }),
    }
}

fn time(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}
