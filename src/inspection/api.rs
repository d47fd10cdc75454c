//! Forms, rounds and inspections over HTTP: lists, and what is read of forms. Single records and what changes them are in
//! `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse, get, post,
    web::{self, Data, Path},
};
use chrono::{DateTime, TimeDelta, Utc};
use mobile_api::{
    Id,
    check::Check,
    inspection::{AnswerValue, Given, InspectionResult, Judged, SignerRole, Template, TemplateSave, evaluate},
    record::Kind,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    list::{self, InspectionFilter, RoundFilter, TemplateFilter},
    ready_made::READY_MADE,
    report::{self, RoundReport},
    sheet::{self, Material},
};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    json::Json,
    negotiation::{self, PDF},
    operations::reading,
    paging::{self, Ask, Depends},
    query::Query,
    work_order::api::sites,
};

/// The tag of these addresses in the API document.
const TAG: &str = "templates";

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/templates", web::get().to(list_templates))
        .route("/rounds", web::get().to(list_rounds))
        .route("/inspections", web::get().to(list_inspections))
        .service(list_ready_made)
        .service(get_template_schema)
        .service(get_round_report)
        .service(get_inspection_report)
        .service(try_template)
        .service(export_template);
}

async fn list_templates(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<TemplateFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::templates(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::Template, ask, Depends::OnRecords, load).await
}

async fn list_rounds(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<RoundFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::rounds(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::Round, ask, Depends::OnRecords, load).await
}

async fn list_inspections(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<InspectionFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::inspections(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::Inspection, ask, Depends::OnRecords, load).await
}

/// Ready-made forms.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "templates": [{
        "code": "pump-room", "name": { "zh": "水泵房巡检", "en": "Pump room" },
        "form": { "sections": [{ "key": "pumps", "name": { "zh": "水泵", "en": "Pumps" }, "items": [{
            "key": "leaks", "text": { "zh": "有无跑冒滴漏", "en": "No leaks" }, "ask": { "type": "pass_fail" }, "photo": "if_failed"
        }] }] }
    }] }))]
pub struct ReadyMade {
    /// Each as `POST /v1/templates/{id}/save` takes it.
    pub templates: &'static [TemplateSave],
}

/// List ready-made forms
///
/// Forms from the trade's manuals, in Chinese and English: daily building patrol, weekly check of an empty flat and of a renovation
/// site, acceptance of hidden work, mid-term and final acceptance, equipment round. To use one, send it to
/// `POST /v1/templates/{id}/save` – with the sort of order that failed items become as `form.repair_type` – and publish it.
#[utoipa::path(tag = TAG, operation_id = "list_ready_made_templates",
    responses((status = 200, body = ReadyMade, description = "The forms")))]
#[get("/templates/ready-made")]
async fn list_ready_made() -> Json<ReadyMade> {
    Json(ReadyMade { templates: &READY_MADE })
}

/// Get the schema of forms
///
/// The JSON Schema (2020-12) of what `GET /v1/templates/{id}/export` gives and `POST /v1/templates/{id}/save` takes.
#[utoipa::path(tag = TAG, operation_id = "get_template_schema",
    responses((status = 200, body = serde_json::Value, content_type = "application/schema+json", description = "The schema",
        example = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object" }))))]
#[get("/templates/schema.json")]
async fn get_template_schema() -> Result<HttpResponse, Error> {
    let schema = template_schema().map_err(Error::internal)?;
    Ok(HttpResponse::Ok().content_type("application/schema+json").json(schema))
}

/// The schema of a form, with everything that it refers to inside.
///
/// # Errors
/// None in practice.
pub fn template_schema() -> Result<Value, serde_json::Error> {
    let mut refers = Vec::new();
    TemplateSave::schemas(&mut refers);
    let mut parts = serde_json::Map::new();
    for (name, schema) in refers {
        parts.insert(name, serde_json::to_value(schema)?);
    }
    let mut whole = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A form" });
    let form = serde_json::to_value(<TemplateSave as utoipa::PartialSchema>::schema())?;
    if let (Value::Object(whole), Value::Object(form)) = (&mut whole, form) {
        whole.extend(form);
        whole.insert("$defs".into(), Value::Object(parts));
    }
    let text = whole.to_string().replace("#/components/schemas/", "#/$defs/");
    serde_json::from_str(&text)
}

/// Which rounds are reported.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RoundReportQuery {
    /// Turns due, or begun if nobody planned them, at this instant or later; a week before `until`, if absent, and at most 366 days.
    #[param(example = "2026-03-01T00:00:00Z")]
    pub from: Option<DateTime<Utc>>,
    /// Turns due before this instant; now, if absent.
    #[param(example = "2026-04-01T00:00:00Z")]
    pub until: Option<DateTime<Utc>>,
    /// Of this site only.
    pub site: Option<Uuid>,
}

/// Report how rounds were walked
///
/// For each round how many turns were due, walked in time, late or not at all, and the same for their points. A point is late if it
/// is proved that it was visited after the turn was due. For the office; who is limited to some sites is told of these.
#[utoipa::path(tag = "reports", operation_id = "get_round_report", params(RoundReportQuery),
    responses((status = 200, description = "The figures", content(
        (RoundReport = "application/json"), (String = "text/csv", example = "round,turns\nPlant rooms,7\n")
    ))))]
#[get("/reports/rounds")]
async fn get_round_report(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(query): Query<RoundReportQuery>,
) -> Result<HttpResponse, Error> {
    let RoundReportQuery { from, until, site } = query;
    let sites = sites(&actor, site)?;
    let now = state.clock.now();
    let until = until.unwrap_or(now);
    let from = from.or_else(|| until.checked_sub_signed(TimeDelta::days(7))).unwrap_or(until);
    if until < from || until - from > TimeDelta::days(366) {
        let reason = "`until` is at most 366 days after `from`";
        return Err(Error::new(Code::InvalidQuery).arg("reason", reason));
    }
    let load = move |conn: &mut _| report::rounds(conn, actor.org, (from, until), now, sites.as_deref());
    let report = state.db.read(load).await?;
    negotiation::report(&request, &report, "rounds", |language| report::csv(&report, language))
}

/// Download the report of an inspection
///
/// To print, as PDF/A-2b, in the language of `Accept-Language`: what was asked and answered, what was not in order and what became of it,
/// the first forty photos, and the signatures – of an acceptance the sheet that the customer is given. It says how the inspection stands,
/// finished or not. A signature is drawn only if what is stored is what was signed.
#[utoipa::path(tag = "inspections", operation_id = "get_inspection_report",
    params(("id" = Uuid, Path, description = "The inspection", example = "01930000-0000-7000-8000-000000000072")),
    responses((status = 200, description = "The report", body = Vec<u8>, content_type = "application/pdf")))]
#[get("/inspections/{id}/report")]
async fn get_inspection_report(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<HttpResponse, Error> {
    let language = negotiation::language(&request, None)?;
    let (org, id) = (actor.org, Id::new(*id));
    let material = state.db.read(move |conn| Material::gather(conn, &actor, id)).await?.ok_or(Code::NotFound)?;
    let pictures = state.media.pictures(org, material.photos()).await;
    let print = move || sheet::print(&material, pictures, language).map_err(Error::internal);
    let report = state.press.run(print).await?;
    Ok(negotiation::document(PDF, &format!("inspection-{id}"), language, report))
}

async fn template(state: &AppState, actor: mobile_api::Actor, id: Uuid) -> Result<Template, Error> {
    let found = state.db.read(move |conn| reading::record(conn, &actor, Id::new(id))).await?;
    Ok(found.ok_or(Code::NotFound)?)
}

/// Answers to try a form out with.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "answers": [{ "item": "pressure", "value": { "type": "number", "milli": 520 } }] }))]
pub struct Trial {
    /// What is answered; of two answers to one item the last one counts.
    pub answers: Vec<TrialAnswer>,
    /// Who has signed.
    pub signed: Vec<SignerRole>,
    /// The sections that are asked; none: all.
    pub sections: Vec<String>,
}

/// An answer to try a form out with.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialAnswer {
    /// The item.
    pub item: String,
    /// The answer; absent: only photos or a note.
    #[serde(default)]
    pub value: Option<AnswerValue>,
    /// How many photos.
    #[serde(default)]
    pub photos: u32,
    /// Whether there is a note.
    #[serde(default)]
    pub noted: bool,
}

/// What a trial came to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Tried {
    /// The items that are shown, in the order of the form.
    pub items: Vec<Judged>,
    /// What it comes to.
    pub result: InspectionResult,
}

/// Try a form out
///
/// Says which items are shown for these answers, what is missing, and what it comes to. Nothing is stored; drafts can be tried
/// out as well.
#[utoipa::path(tag = TAG, operation_id = "try_template", request_body = Trial, params(("id" = Uuid, Path, description = "The form")),
    responses((status = 200, body = Tried, description = "What it comes to")))]
#[post("/templates/{id}/try")]
async fn try_template(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    Json(trial): Json<Trial>,
) -> Result<Json<Tried>, Error> {
    let template = template(&state, actor, *id).await?;
    let mut check = Check::default();
    for (at, answer) in trial.answers.iter().enumerate() {
        let Some((_, item)) = template.form.item(&answer.item) else {
            check.error(format!("/answers/{at}/item"), "bad_reference", "the key of an item of this form");
            continue;
        };
        if answer.value.as_ref().is_some_and(|value| item.ask.verdict(value).is_none()) {
            check.error(format!("/answers/{at}/value"), "wrong_type", item.ask.expects());
        }
    }
    check.finish()?;
    let items = evaluate(&template.form, Some(&trial.sections), None, |item| {
        let answer = trial.answers.iter().rev().find(|answer| answer.item == item.key);
        let role = if let mobile_api::inspection::Ask::Signature { role } = item.ask { Some(role) } else { None };
        Given {
            value: answer.and_then(|answer| answer.value.as_ref()),
            photos: answer.map_or(0, |answer| answer.photos),
            noted: answer.is_some_and(|answer| answer.noted),
            signed: role.is_some_and(|role| trial.signed.iter().any(|signed| signed.serves(role))),
        }
    });
    let result = InspectionResult::of(&template.form, &items);
    Ok(Json(Tried { items, result }))
}

/// Export a form
///
/// The form as `POST /v1/templates/{id}/save` takes it, here or in another organisation. Sorts of order are this organisation's own
/// and stay behind.
#[utoipa::path(tag = TAG, operation_id = "export_template", params(("id" = Uuid, Path, description = "The form")),
    responses((status = 200, body = TemplateSave, description = "The form", example = json!({
        "code": "pump-room", "name": { "zh": "水泵房巡检", "en": "Pump room" },
        "form": { "sections": [{ "key": "pumps", "name": { "zh": "水泵", "en": "Pumps" }, "items": [{
            "key": "leaks", "text": { "zh": "有无跑冒滴漏", "en": "No leaks" }, "ask": { "type": "pass_fail" }, "photo": "if_failed"
        }] }] }
    }))))]
#[get("/templates/{id}/export")]
async fn export_template(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<Json<TemplateSave>, Error> {
    let Template { code, name, mut form, .. } = template(&state, actor, *id).await?;
    form.repair_type = None;
    for item in form.sections.iter_mut().flat_map(|section| &mut section.items) {
        if let Some(repair) = &mut item.repair {
            repair.order_type = None;
        }
    }
    Ok(Json(TemplateSave { code, name, form, revises: None }))
}
