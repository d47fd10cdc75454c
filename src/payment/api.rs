//! The daily cash report over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use chrono::NaiveDate;
use chrono_tz::Tz;
use mobile_api::{
    Actor, Role,
    directory::Organisation,
    price_list::terms::day_of,
    record::{Kind, Ref},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    report::{CashReport, span},
    store::{self, Wanted},
};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    negotiation,
    operations::reading,
    query::Query,
};

/// Most receipts of one report. A crew of a hundred takes a tenth of that on its best day.
const MOST_RECEIPTS: i64 = 10_000;

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_cash_report);
}

/// Which day, and whose.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CashQuery {
    /// The day by the organisation's calendar; today, if absent.
    #[param(example = "2026-03-02")]
    pub day: Option<NaiveDate>,
    /// Who took the money; everybody, if absent. A technician is told of their own only.
    pub technician: Option<Uuid>,
}

/// Report what was paid on a day
///
/// By who took it, with the sums by method and every receipt; what was given back counts below zero. A payment belongs to
/// the day of the latest instant at which it can have been made. As JSON, or as a table for spreadsheets (`Accept: text/csv`).
/// The office sees what was paid at its sites, a technician what they took themselves.
#[utoipa::path(tag = "reports", operation_id = "get_cash_report", params(CashQuery),
    responses((status = 200, description = "The payments of the day",
        content((CashReport = "application/json"), (String = "text/csv", example = "day,time,technician,order,receipt")))))]
#[get("/reports/cash")]
async fn get_cash_report(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(query): Query<CashQuery>,
) -> Result<HttpResponse, Error> {
    let about = Ref::new(Kind::Organisation, actor.org);
    let reader = actor.clone();
    let found = state.db.read(move |conn| reading::visible(conn, &reader, about)).await?;
    let firm: Organisation = serde_json::from_str(&found.ok_or(Code::NotFound)?.body).map_err(Error::internal)?;
    let zone: Tz = firm.time_zone.parse().map_err(Error::internal)?;
    let day = query.day.unwrap_or_else(|| day_of(Some(&firm), state.clock.now()));
    let wanted = wanted(&actor, &query, day, zone)?;
    let org = actor.org;
    let (entries, names) = state
        .db
        .read(move |conn| {
            let entries = store::list(conn, org, &wanted, MOST_RECEIPTS + 1)?;
            let mut users: Vec<Uuid> = entries.iter().map(|entry| entry.user).collect();
            users.dedup();
            let names = store::names(conn, org, &users)?;
            Ok::<_, Error>((entries, names))
        })
        .await?;
    if i64::try_from(entries.len()).unwrap_or(i64::MAX) > MOST_RECEIPTS {
        let reason = format!("more than {MOST_RECEIPTS} receipts; ask for one technician");
        return Err(Error::new(Code::InvalidQuery).arg("reason", reason));
    }
    let report = CashReport::of(day, zone, firm.currency, entries, &names);
    negotiation::report(&request, &report, &format!("cash-{day}"), |_| report.to_csv(zone))
}

/// What the actor asks for, within what they may see.
fn wanted(actor: &Actor, query: &CashQuery, day: NaiveDate, zone: Tz) -> Result<Wanted, Error> {
    let out_of_range = || Error::new(Code::InvalidQuery).arg("reason", "there is no such day");
    let (from, until) = span(day, zone).ok_or_else(out_of_range)?;
    if actor.role.is_office() {
        let sites = (!actor.sites.is_empty()).then(|| actor.sites.iter().map(|site| site.uuid()).collect());
        return Ok(Wanted { from, until, technician: query.technician, sites });
    }
    let own = actor.user.uuid();
    if actor.role != Role::Technician || query.technician.is_some_and(|asked| asked != own) {
        return Err(Code::Forbidden.into());
    }
    Ok(Wanted { from, until, technician: Some(own), sites: None })
}
