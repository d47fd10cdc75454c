//! Complaints over HTTP: the list, and the account of their deadlines. Single ones and what is done to them are in `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header,
    web::{self, Data, Path},
};
use mobile_api::{
    complaint::{Complaint, ComplaintAlarm, ComplaintClock},
    directory::Organisation,
    record::{Kind, Ref},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    list::{self, ComplaintFilter},
    store,
    suggest::{Suggestion, suggest},
};
use crate::{
    access::Authenticated,
    app::AppState,
    db::Conn,
    error::{Code, Error},
    json::Json,
    language::Language,
    operations::reading,
    paging::{self, Ask, Depends},
    query::Query,
    search::grams::plain,
    work_order::explain::{ClockFigures, Telling},
};

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_complaint_clocks).service(suggest_classes).route("/complaints", web::get().to(list_complaints));
}

async fn list_complaints(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<ComplaintFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let depends = if filter.overdue.is_some() { Depends::OnTime } else { Depends::OnRecords };
    let now = state.clock.now();
    let load = move |conn: &mut _, actor: &_, ask: &_| list::list(conn, actor, &filter, ask, now);
    paging::answer(&state, &request, actor, Kind::Complaint, ask, depends, load).await
}

/// The clocks of a complaint, each with its account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComplaintClockReport {
    /// Those that count now, and those of each task.
    pub clocks: Vec<ComplaintClockAccount>,
    /// Those that had stopped when the complaint was taken up again, and each follow-up.
    pub past: Vec<ComplaintClockAccount>,
    /// Whom they were told to.
    pub alarms: Vec<ComplaintAlarm>,
}

/// One deadline, with the figures behind its verdict.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComplaintClockAccount {
    /// Which.
    pub name: ComplaintClock,
    /// Of which task: the operation that set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Uuid>,
    /// The figures.
    #[serde(flatten)]
    pub figures: ClockFigures,
}

/// Account for a complaint's deadlines
///
/// Each clock with its verdict, found anew from what is written down: the time that it allowed and that was used, and all of it in a
/// sentence.
#[utoipa::path(tag = "complaints", operation_id = "get_complaint_clocks",
    params(("id" = Uuid, Path, description = "The complaint", example = "01930000-0000-7000-8000-000000000090")),
    responses((status = 200, body = ComplaintClockReport, description = "Its clocks",
        example = json!({ "clocks": [{
            "name": "respond", "since": "2026-03-02T00:10:00Z", "due": "2026-03-02T01:10:00Z", "first_due": null,
            "verdict": "on_time", "paused": false, "overdue": false, "allowed_seconds": 3600, "used_least_seconds": 1200,
            "used_most_seconds": 1200, "events": [], "text": "on time: 20 min of 1 h"
        }], "past": [], "alarms": [] }))))]
#[get("/complaints/{id}/clocks")]
async fn get_complaint_clocks(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<Json<ComplaintClockReport>, Error> {
    let language = Language::negotiate(request.headers().get(header::ACCEPT_LANGUAGE));
    let (about, firm) = (Ref::new(Kind::Complaint, *id), Ref::new(Kind::Organisation, actor.org));
    let read = move |conn: &mut Conn| {
        Ok::<_, Error>((reading::visible(conn, &actor, about)?, reading::visible(conn, &actor, firm)?))
    };
    let (Some(found), Some(firm)) = state.db.read(read).await? else { return Err(Code::NotFound.into()) };
    let complaint: Complaint = serde_json::from_str(&found.body).map_err(Error::internal)?;
    let firm: Organisation = serde_json::from_str(&firm.body).map_err(Error::internal)?;
    let zone = firm.time_zone.parse().unwrap_or(chrono_tz::Tz::UTC);
    let telling = Telling { pauses: &[], over: complaint.status().is_over(), zone, language };
    Ok(Json(report(&complaint, &telling, state.clock.now())))
}

/// What a complaint may be summed up as.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClassSuggestions {
    /// The classes that fit best, the best first; at most three, and none if nothing is like it.
    pub suggestions: Vec<Suggestion>,
}

/// Suggest classes for a complaint
///
/// From what the likest earlier complaints of the organisation were summed up as, with those that speak for each: the last 2,000 that were.
/// Nothing is changed by asking; `summarise` says what it is.
#[utoipa::path(tag = "complaints", operation_id = "suggest_complaint_classes",
    params(("id" = Uuid, Path, description = "The complaint", example = "01930000-0000-7000-8000-000000000090")),
    responses((status = 200, body = ClassSuggestions, description = "Classes",
        example = json!({ "suggestions": [{
            "class": "01930000-0000-7000-8000-000000000091", "likeness_percent": 42, "like": ["01930000-0000-7000-8000-000000000092"]
        }] }))))]
#[get("/complaints/{id}/class-suggestions")]
async fn suggest_classes(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<Json<ClassSuggestions>, Error> {
    let about = Ref::new(Kind::Complaint, *id);
    let read = move |conn: &mut Conn| {
        let found = reading::visible(conn, &actor, about)?.ok_or(Code::NotFound)?;
        // The ids of complaints of all sites are among the reasons, though nothing that they say.
        Ok::<_, Error>((found, store::summed_up(conn, actor.org)?))
    };
    let (found, earlier) = state.db.read(read).await?;
    let complaint: Complaint = serde_json::from_str(&found.body).map_err(Error::internal)?;
    let others: Vec<_> = earlier.into_iter().filter(|one| one.complaint != complaint.id).collect();
    let text = plain(&complaint.text);
    let suggested = tokio::task::spawn_blocking(move || suggest(&text, &others)).await.map_err(Error::internal)?;
    Ok(Json(ClassSuggestions { suggestions: suggested }))
}

fn report(complaint: &Complaint, telling: &Telling<'_>, now: chrono::DateTime<chrono::Utc>) -> ComplaintClockReport {
    let account = |name, task, clock| ComplaintClockAccount {
        name,
        task,
        figures: telling.figures(clock, complaint.hours_of(name), now),
    };
    let clocks = complaint.each_clock().map(|(name, task, clock)| account(name, task, clock)).collect();
    let followed = complaint.follow_ups.iter().filter_map(|entry| entry.clock.as_ref());
    let past = complaint.clocks.past.iter().map(|past| account(past.name, None, &past.clock));
    let past = past.chain(followed.map(|clock| account(ComplaintClock::FollowUp, None, clock))).collect();
    ComplaintClockReport { clocks, past, alarms: complaint.alarms.clone() }
}
