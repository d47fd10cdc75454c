//! Assets over HTTP: lists, the maintenance record, series of readings. Single records and what changes them are in
//! `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{ACCEPT_LANGUAGE, CONTENT_DISPOSITION, CONTENT_LANGUAGE, VARY},
    web::{self, Data, Path},
};
use chrono::{DateTime, Utc};
use mobile_api::{
    Actor,
    asset::{Asset, AssetReading, Job, Meter, Series},
    directory::{Label, Organisation},
    ids::{AssetId, InspectionId, ShutdownId, WorkOrderId},
    inspection::{FailedItem, Inspection, InspectionStatus},
    maintenance::{EmergencyStart, Shutdown, ShutdownResult, StopKind},
    record::{Kind, Ref},
    work_order::WorkOrder,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    labels,
    list::{self, AssetFilter, ReadingFilter},
    logbook,
};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    history::{self, Row},
    json::Json,
    language::Language,
    negotiation::{self, CSV, PDF},
    operations::reading,
    paging::{self, Ask, Depends},
    query::Query,
};

/// The tag of these addresses in the API document.
const TAG: &str = "assets";

/// Most readings of one series.
const MOST_READINGS: i64 = 2_000;

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/assets", web::get().to(list_assets))
        .route("/asset-readings", web::get().to(list_readings))
        .service(get_maintenance_record)
        .service(get_asset_series)
        .service(get_logbook)
        .service(get_labels);
}

async fn list_assets(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<AssetFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::list(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::Asset, ask, Depends::OnRecords, load).await
}

async fn list_readings(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<ReadingFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::readings(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::AssetReading, ask, Depends::OnRecords, load).await
}

/// The asset, for whoever may see it.
pub(super) async fn visible(state: &AppState, actor: &Actor, id: Uuid) -> Result<Asset, Error> {
    let (reader, about) = (actor.clone(), Ref::new(Kind::Asset, id));
    let found = state.db.read(move |conn| reading::visible(conn, &reader, about)).await?;
    serde_json::from_str(&found.ok_or(Code::NotFound)?.body).map_err(Error::internal)
}

/// Where a maintenance record is read on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordQuery {
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most entries of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// One entry of a maintenance record.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// A job: an order and what came of it.
    Job {
        /// When the call came.
        at: DateTime<Utc>,
        /// The job.
        job: Job,
    },
    /// A value that was read off it.
    Reading {
        /// When it was read.
        at: DateTime<Utc>,
        /// The reading.
        reading: AssetReading,
    },
    /// An inspection of it.
    Inspection {
        /// When.
        at: DateTime<Utc>,
        /// What came of it.
        inspection: Inspected,
    },
    /// A time at which something stood still for it.
    Shutdown {
        /// When it began.
        at: DateTime<Utc>,
        /// What stood still, and what came of it.
        shutdown: StoodStill,
    },
}

/// What a shutdown says of an asset. Cause, parts and running of one that was for an order stand with that job.
#[derive(Serialize, ToSchema)]
pub struct StoodStill {
    /// The shutdown.
    pub shutdown: ShutdownId,
    /// The order whose work it was for.
    pub order: Option<WorkOrderId>,
    /// What stood still.
    pub stops: Vec<StopKind>,
    /// Since when everything runs again.
    pub restored: Option<DateTime<Utc>>,
    /// Why it began although it might not.
    pub emergency: Option<EmergencyStart>,
    /// What came of it.
    pub result: Option<ShutdownResult>,
}

impl StoodStill {
    fn of(shutdown: Shutdown) -> Self {
        Self {
            shutdown: shutdown.id,
            order: shutdown.order,
            stops: shutdown.stops,
            restored: shutdown.restored.map(|step| step.at.latest),
            emergency: shutdown.emergency,
            result: shutdown.result,
        }
    }
}

/// What an inspection says of an asset to whoever may see the asset: who answered and signed, and in which words, stays with
/// those who may see the inspection.
#[derive(Serialize, ToSchema)]
pub struct Inspected {
    /// The inspection.
    pub inspection: InspectionId,
    /// What its form is called.
    pub name: Label,
    /// How far it is.
    pub status: InspectionStatus,
    /// The items that are not in order, by their keys.
    pub failed: Vec<String>,
    /// The orders that these became.
    pub orders: Vec<WorkOrderId>,
}

impl Inspected {
    /// What this one says of an asset, or of all that it looked at.
    pub fn of(inspection: &Inspection, asset: Option<AssetId>) -> Self {
        let there = |finding: &FailedItem| {
            asset.is_none_or(|asset| inspection.spot_of(finding.point.as_deref()).asset == Some(asset))
        };
        let open = || inspection.findings.iter().filter(|finding| !finding.cleared && there(finding));
        Self {
            inspection: inspection.id,
            name: inspection.name.clone(),
            status: inspection.status(),
            failed: open().map(|finding| finding.item.clone()).collect(),
            orders: open().filter_map(|finding| finding.order).collect(),
        }
    }
}

impl Entry {
    /// The entry of a row.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub fn of(row: Row, asset: AssetId) -> Result<Self, Error> {
        let at = DateTime::from_timestamp_micros(row.at).unwrap_or_default();
        Ok(match row.record.kind {
            Kind::WorkOrder => {
                let order: WorkOrder = serde_json::from_str(&row.body).map_err(Error::internal)?;
                Entry::Job { at, job: Job::of(&order) }
            }
            Kind::AssetReading => {
                Entry::Reading { at, reading: serde_json::from_str(&row.body).map_err(Error::internal)? }
            }
            Kind::Inspection => {
                let inspection: Inspection = serde_json::from_str(&row.body).map_err(Error::internal)?;
                Entry::Inspection { at, inspection: Inspected::of(&inspection, Some(asset)) }
            }
            Kind::Shutdown => {
                let shutdown: Shutdown = serde_json::from_str(&row.body).map_err(Error::internal)?;
                Entry::Shutdown { at, shutdown: StoodStill::of(shutdown) }
            }
            other => return Err(Error::internal(format!("a {other} is no part of a maintenance record"))),
        })
    }
}

/// An asset's maintenance record, page by page.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "items": [], "next": null }))]
pub struct MaintenanceRecord {
    /// Newest first.
    pub items: Vec<Entry>,
    /// Where to go on; absent on the last page.
    pub next: Option<String>,
}

/// Read an asset's maintenance record
///
/// Every order on it with what was found, the main cause, the parts used, and how it ran afterwards; every reading, inspection and
/// shutdown: put together from the records themselves, newest first.
#[utoipa::path(tag = TAG, operation_id = "get_maintenance_record",
    params(("id" = Uuid, Path, description = "The asset", example = "01930000-0000-7000-8000-000000000060"), RecordQuery),
    responses((status = 200, body = MaintenanceRecord, description = "A page of the record")))]
#[get("/assets/{id}/maintenance-record")]
async fn get_maintenance_record(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    Query(query): Query<RecordQuery>,
) -> Result<Json<MaintenanceRecord>, Error> {
    let ask: Ask<i64> = Ask::read(&state, query.cursor.as_deref(), query.limit)?;
    let asset = visible(&state, &actor, *id).await?;
    let (org, id, limit) = (actor.org, asset.id.uuid(), ask.limit);
    let mut rows = state.db.read(move |conn| history::of(conn, org, id, &ask)).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more).map(|row| paging::cursor(&(row.at, row.record.id)));
    let items = rows.into_iter().map(|row| Entry::of(row, asset.id)).collect::<Result<_, _>>()?;
    Ok(Json(MaintenanceRecord { items, next: last.transpose()? }))
}

/// Which readings make the series.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SeriesQuery {
    /// The meter's code; the asset's first, if absent.
    #[serde(default)]
    #[param(example = "hours")]
    pub meter: Option<String>,
    /// Read at this instant or later.
    #[serde(default)]
    pub from: Option<DateTime<Utc>>,
    /// Read before this instant.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}

/// A value of a series.
#[derive(Serialize, ToSchema)]
pub struct Point {
    /// When it was read.
    pub at: DateTime<Utc>,
    /// The value, in thousandths of the meter's unit.
    pub milli: i64,
    /// Whether it lay beyond the limits that the meter had then.
    pub beyond: bool,
}

/// A series of readings.
#[derive(Serialize, ToSchema)]
pub struct ReadingSeries {
    /// The meter with its limits as they are now.
    pub meter: Meter,
    /// What the series comes to; absent without readings.
    pub series: Option<Series>,
    /// The readings, oldest first; the last 2,000, if there are more.
    pub points: Vec<Point>,
}

/// Read what a meter of an asset has said
///
/// The readings of one meter with its limits, their least, largest and mean value, and by how much they rise a day.
#[utoipa::path(tag = TAG, operation_id = "get_asset_series",
    params(("id" = Uuid, Path, description = "The asset", example = "01930000-0000-7000-8000-000000000060"), SeriesQuery),
    responses((status = 200, body = ReadingSeries, description = "The series")))]
#[get("/assets/{id}/readings")]
async fn get_asset_series(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    Query(query): Query<SeriesQuery>,
) -> Result<Json<ReadingSeries>, Error> {
    let asset = visible(&state, &actor, *id).await?;
    let meter = match &query.meter {
        Some(code) => asset.meter(code),
        None => asset.meters.first(),
    };
    let meter = meter.cloned().ok_or(Code::NotFound)?;
    let (org, id, code, span) = (actor.org, asset.id.uuid(), meter.code.clone(), (query.from, query.until));
    let load = move |conn: &mut _| list::series(conn, org, id, &code, span, MOST_READINGS);
    let values = state.db.read(load).await?;
    let plain: Vec<_> = values.iter().map(|(at, milli, _)| (*at, *milli)).collect();
    let points = values.into_iter().map(|(at, milli, beyond)| Point { at, milli, beyond }).collect();
    Ok(Json(ReadingSeries { meter, series: Series::of(&plain), points }))
}

/// Download an asset's logbook
///
/// The maintenance record, newest first, in the language of `Accept-Language`: as a table for a spreadsheet with the newest 5,000
/// entries, or, for `Accept: application/pdf`, as pages to print with the newest 1,000.
#[utoipa::path(tag = TAG, operation_id = "get_asset_logbook",
    params(("id" = Uuid, Path, description = "The asset", example = "01930000-0000-7000-8000-000000000060")),
    responses((status = 200, description = "The logbook", content(
        (String = "text/csv", example = "When,What,Order\n2026-03-02T16:00:00+08:00,Job,2026-000017\n"), (Vec<u8> = "application/pdf")
    ))))]
#[get("/assets/{id}/logbook")]
async fn get_logbook(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<HttpResponse, Error> {
    let asset = visible(&state, &actor, *id).await?;
    let language = Language::negotiate(request.headers().get(ACCEPT_LANGUAGE));
    let (org, id) = (actor.org, asset.id.uuid());
    let material = state.db.read(move |conn| logbook::gather(conn, org, id)).await?;
    let kind = negotiation::preferred(&request, &[CSV, PDF]).unwrap_or(CSV);
    let (made, printed) = (state.clock.now(), kind == PDF);
    let write = move || match printed {
        true => logbook::pages(&asset, material, language, made),
        false => logbook::table(&asset, material, language),
    };
    let book = actix_web::rt::task::spawn_blocking(write).await.map_err(Error::internal)??;
    Ok(negotiation::document(kind, &format!("logbook-{id}"), language, book))
}

/// Print labels for assets
///
/// A sheet of labels as PDF, A4, three across and eight down: a QR code, the name, the firm's number, the serial and the place. Of
/// the assets that fit the filter, by name, the first 480; with `cursor`, those behind a page of the list. The code holds an address
/// that ends in the asset's id, so that a phone without signal finds the asset that it holds.
#[utoipa::path(tag = TAG, operation_id = "print_asset_labels", params(AssetFilter),
    responses((status = 200, description = "The labels", body = Vec<u8>, content_type = "application/pdf")))]
#[get("/asset-labels.pdf")]
async fn get_labels(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<AssetFilter>,
) -> Result<HttpResponse, Error> {
    let mut ask: Ask<String> = Ask::read(&state, filter.cursor.as_deref(), None)?;
    ask.limit = usize::try_from(filter.limit.unwrap_or(u32::MAX)).unwrap_or(labels::MOST).clamp(1, labels::MOST);
    let limit = ask.limit;
    let language = Language::negotiate(request.headers().get(ACCEPT_LANGUAGE));
    let (reader, firm) = (actor.clone(), Ref::new(Kind::Organisation, actor.org));
    let load = move |conn: &mut _| {
        let firm = reading::visible(conn, &reader, firm)?;
        Ok::<_, crate::operations::DoorError>((
            firm,
            list::list(conn, &reader, &filter, &ask).map_err(crate::operations::DoorError::Db)?,
        ))
    };
    let (firm, rows) = state.db.read(load).await?;
    let read = |body: &str| serde_json::from_str::<Asset>(body).map_err(Error::internal);
    let assets: Vec<Asset> = rows.iter().take(limit).map(|row| read(&row.body)).collect::<Result<_, _>>()?;
    let firm: Organisation = serde_json::from_str(&firm.ok_or(Code::NotFound)?.body).map_err(Error::internal)?;
    let base = negotiation::public_url(&state, &request);
    let made = state.clock.now();
    let print = move || labels::print(&assets, (&firm.name, &base), language, made).map_err(Error::internal);
    let pdf = state.press.run(print).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((CONTENT_LANGUAGE, language.tag()))
        .insert_header((VARY, "Accept-Language"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"labels.pdf\""))
        .body(pdf))
}
