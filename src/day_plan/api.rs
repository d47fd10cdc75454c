//! Day plans over HTTP: made with progress, and taken over by a person.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::header::{CACHE_CONTROL, CONTENT_ENCODING, HeaderValue},
    post,
    web::{Bytes, Data},
};
use chrono::{DateTime, Utc};
use mobile_api::{
    Role,
    ids::{UserId, WorkOrderId, derived},
    work_order::{Window, dispatch::PlanVisit},
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    day::{Figures, PlannedVisit},
    gather::{Gathered, LeftOut, MOST_VISITS, Wanted, Why, gather},
    solve::{Progress, solve},
};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    json::Json,
    negotiation,
    operations::Online,
};

/// The tag of these addresses in the API document.
const TAG: &str = "day plans";

/// The type of a stream of events.
const EVENTS: &str = "text/event-stream";

/// Seconds that are looked for a better day, where nobody says otherwise.
const USUAL_BUDGET: u32 = 10;

/// Longest time to look for a better day.
const LONGEST_BUDGET: u32 = 60;

/// Longest time while nothing is answered: requests end after a while.
const LONGEST_SILENCE: u32 = 20;

/// One plan at a time: it takes what processors there are, and requests of others must be answered meanwhile.
static ONE_AT_A_TIME: Semaphore = Semaphore::const_new(1);

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(take_over_day_plan).service(make_day_plan);
}

/// A planned day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DayPlan {
    /// Who goes where.
    pub tours: Vec<Tour>,
    /// Orders that nobody goes to, and why.
    pub left_out: Vec<LeftOut>,
    /// What the plan comes to.
    pub figures: Figures,
    /// What the day comes to as people have it now: everybody does what is theirs, in the order in which it is expected.
    pub by_hand: Figures,
}

/// One technician's day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Tour {
    /// Who.
    pub technician: UserId,
    /// Their name.
    pub name: String,
    /// Where they go, in order.
    pub visits: Vec<PlannedVisit>,
}

/// Plan a day
///
/// Shows who could go where and in which order, beside what the day comes to as it stands: time windows that customers were promised,
/// certificates, teams, working hours and breaks are kept, ways are straight lines or as given. Nothing changes by asking; `take-over`
/// does that. As JSON, or as a stream of events with the best plan so far (`Accept: text/event-stream`): `progress`, then `plan`.
/// For those who assign.
#[utoipa::path(tag = TAG, operation_id = "make_day_plan", request_body = Wanted,
    responses((status = 200, description = "The plan", content((DayPlan = "application/json"), (String = "text/event-stream",
        example = "event: progress\ndata: {\"elapsed_ms\":1000,\"best\":{}}\n\n")))))]
#[post("/day-plans")]
async fn make_day_plan(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Json(wanted): Json<Wanted>,
) -> Result<HttpResponse, Error> {
    if !may_assign(actor.role) {
        return Err(Code::Forbidden.into());
    }
    let streams = negotiation::preferred(&request, &["application/json", EVENTS]) == Some(EVENTS);
    let longest = if streams { LONGEST_BUDGET } else { LONGEST_SILENCE };
    let budget = wanted.budget_seconds.unwrap_or(USUAL_BUDGET);
    if !(1..=longest).contains(&budget) {
        let reason = format!("`budget_seconds` is 1 to {longest} here, and up to {LONGEST_BUDGET} as {EVENTS}");
        return Err(Error::new(Code::InvalidQuery).arg("reason", reason));
    }
    let now = state.clock.now();
    let gathered = state.db.read(move |conn| gather(conn, &actor, &wanted, now)).await?;
    let (told, mut heard) = mpsc::unbounded_channel();
    let stop = CancellationToken::new();
    // Whoever hangs up ends the search.
    let guard = stop.clone().drop_guard();
    let planned = tokio::spawn(plan(gathered, Duration::from_secs(budget.into()), stop, told));
    if !streams {
        let plan = planned.await.map_err(Error::internal)??;
        drop(guard);
        return Ok(HttpResponse::Ok().json(plan));
    }
    let stream = async_stream::stream! {
        while let Some(Progress { elapsed, best }) = heard.recv().await {
            let elapsed = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            yield event("progress", &serde_json::json!({ "elapsed_ms": elapsed, "best": best }));
        }
        yield match planned.await {
            Ok(Ok(plan)) => event("plan", &plan),
            Ok(Err(error)) => event("failed", &serde_json::json!({ "code": error.code().as_str() })),
            Err(_) => event("failed", &serde_json::json!({ "code": Code::Internal.as_str() })),
        };
        drop(guard);
    };
    Ok(HttpResponse::Ok()
        .content_type(EVENTS)
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        // A compressor would hold events back until its buffer is full.
        .insert_header((CONTENT_ENCODING, HeaderValue::from_static("identity")))
        .streaming(stream))
}

fn may_assign(role: Role) -> bool {
    matches!(role, Role::Admin | Role::Manager | Role::Dispatcher)
}

fn event(name: &str, data: &impl Serialize) -> Result<Bytes, Error> {
    let data = serde_json::to_string(data).map_err(Error::internal)?;
    Ok(Bytes::from(format!("event: {name}\ndata: {data}\n\n")))
}

async fn plan(
    gathered: Gathered,
    budget: Duration,
    stop: CancellationToken,
    told: mpsc::UnboundedSender<Progress>,
) -> Result<DayPlan, Error> {
    let _turn = ONE_AT_A_TIME.acquire().await.map_err(Error::internal)?;
    let Gathered { day, mut left_out } = gathered;
    let day = Arc::new(day);
    let looked_at = day.clone();
    let search = move || solve(&looked_at, budget, &stop, move |progress| _ = told.send(progress));
    let tours = tokio::task::spawn_blocking(search).await.map_err(Error::internal)?.map_err(Error::internal)?;
    let planned: Vec<usize> = tours.iter().flatten().copied().collect();
    for (at, visit) in day.visits.iter().enumerate() {
        if !planned.contains(&at) {
            left_out.push(LeftOut { order: visit.order, number: visit.number.clone(), why: Why::NoRoom });
        }
    }
    let tour = |(worker, tour): (&super::day::Worker, &Vec<usize>)| Tour {
        technician: worker.technician,
        name: worker.name.clone(),
        visits: day.timetable(worker, tour),
    };
    Ok(DayPlan {
        tours: day.crew.iter().zip(&tours).map(tour).collect(),
        left_out,
        figures: day.figures(&tours),
        by_hand: day.figures(&day.by_hand()),
    })
}

/// A plan as somebody looked it over: it may leave visits out.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "id": "0199a1f0-8000-7000-8000-000000000009", "visits": [{
    "order": "01930000-0000-7000-8000-000000000030", "rev": 4, "technician": "01930000-0000-7000-8000-000000000012",
    "from": "2026-03-02T01:00:00Z", "until": "2026-03-02T02:00:00Z"
}] }))]
pub struct TakeOver {
    /// An id of the caller's making. The same plan taken over twice is taken over once.
    pub id: Uuid,
    /// The visits; at most 500.
    pub visits: Vec<Taken>,
}

/// One visit of it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The order.
    pub order: WorkOrderId,
    /// The revision of the order that the plan was made from. If somebody changed it since, it is left as they have it.
    pub rev: u64,
    /// Who goes.
    pub technician: UserId,
    /// When work begins.
    pub from: DateTime<Utc>,
    /// When it ends.
    pub until: DateTime<Utc>,
}

/// What became of a plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({ "visits": [
    { "order": "01930000-0000-7000-8000-000000000030", "status": "applied" },
    { "order": "01930000-0000-7000-8000-000000000031", "status": "refused", "code": "precondition_failed" }
] }))]
pub struct TakenOver {
    /// Each visit, in the order of the plan.
    pub visits: Vec<Fate>,
}

/// What became of one visit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Fate {
    /// The order.
    pub order: WorkOrderId,
    /// `applied` or `refused`.
    pub status: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Take a day plan over
///
/// Sends everybody as planned, each visit by an operation of its own (`work_order.plan_visit`), all in one transaction. What somebody
/// changed meanwhile stays as it is and is named. Customers are promised nothing by this.
#[utoipa::path(tag = TAG, operation_id = "take_over_day_plan", request_body = TakeOver,
    responses((status = 200, body = TakenOver, description = "What became of each visit")))]
#[post("/day-plans/take-over")]
async fn take_over_day_plan(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    Json(plan): Json<TakeOver>,
) -> Result<impl Responder, Error> {
    if !may_assign(actor.role) {
        return Err(Code::Forbidden.into());
    }
    if plan.visits.len() > MOST_VISITS {
        let reason = format!("a plan has at most {MOST_VISITS} visits");
        return Err(Error::new(Code::InvalidQuery).arg("reason", reason));
    }
    let operation = |taken: &Taken| {
        let window = Window { from: taken.from, until: taken.until };
        let id = derived(&[b"day_plan", plan.id.as_bytes(), taken.order.uuid().as_bytes()]);
        let action = PlanVisit { technician: taken.technician, window }.into();
        Online { id, action, entity: taken.order.uuid(), expected_rev: Some(taken.rev) }
    };
    let operations: Vec<Online> = plan.visits.iter().map(operation).collect();
    let results = state.door.perform_all(actor, Arc::new(operations)).await?;
    let fate = |(taken, result): (&Taken, Result<_, _>)| match result.map_err(Error::from) {
        Ok(_) => Fate { order: taken.order, status: "applied", code: None },
        Err(error) => Fate { order: taken.order, status: "refused", code: Some(error.code().to_string()) },
    };
    Ok(Json(TakenOver { visits: plan.visits.iter().zip(results).map(fate).collect() }))
}
