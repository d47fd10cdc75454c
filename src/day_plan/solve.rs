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
    let problem = (problem(day), vec![matrix(day)]).read_pragmatic().map_err(|errors| errors.to_string())?;
    let problem = Arc::new(problem);
    let limit = Limit { until: begun + budget, stop: stop.clone() };
    let environment = Arc::new(Environment::new(
        Arc::new(DefaultRandom::default()),
        Some(Arc::new(limit.clone())),
        Parallelism::default(),
        Arc::new(|_| ()),
        false,
    ));
    let watched = Watched { day: day.clone(), begun, budget, limit, told: Mutex::new(begun), watch: Box::new(watch) };
    let config = VrpConfigBuilder::new(problem.clone())
        .set_environment(environment)
        .set_telemetry_mode(TelemetryMode::None)
        .prebuild()
        .and_then(|config| config.with_termination(Box::new(watched)).build());
    let config = config.map_err(|error| error.to_string())?;
    let solution = Solver::new(problem, config).solve().map_err(|error| error.to_string())?;
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

fn problem(day: &Day) -> Problem {
    Problem {
        plan: Plan {
            jobs: day.visits.iter().enumerate().map(|(at, visit)| job(at, visit)).collect(),
            relations: None,
            clustering: None,
        },
        fleet: Fleet {
            vehicles: day.crew.iter().enumerate().map(|(at, worker)| vehicle(at, worker)).collect(),
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

fn matrix(day: &Day) -> Matrix {
    let (seconds, metres) = day.ways.tables();
    Matrix {
        profile: Some(PROFILE.into()),
        timestamp: None,
        travel_times: seconds.to_vec(),
        distances: metres.to_vec(),
        error_codes: None,
    }
}

fn job(at: usize, visit: &Visit) -> Job {
    let times = visit.window.map(|window| vec![vec![time(window.from), time(window.until)]]);
    let duration = visit.work.num_seconds() as Float;
    let place = JobPlace { location: Location::new_reference(visit.place), duration, times, tag: None };
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

fn vehicle(at: usize, worker: &Worker) -> VehicleType {
    let start = ShiftStart {
        earliest: time(worker.from),
        latest: Some(time(worker.from)),
        location: Location::new_reference(worker.start),
    };
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
