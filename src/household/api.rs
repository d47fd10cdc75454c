//! A household's file over HTTP, by its unit and by its customer.

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Data, Path},
};
use mobile_api::{
    Actor,
    directory::{Customer, Unit},
    ids::{CustomerId, UnitId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    entry::FileEntry,
    rows::{self, Page},
    table,
};
use crate::{
    access::Authenticated,
    app::AppState,
    db::Conn,
    error::{Code, Error},
    negotiation,
    operations::{DoorError, reading},
    paging::{self, Ask},
    query::Query,
};

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_unit_file).service(get_customer_file);
}

/// Where a file is read on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FileQuery {
    /// Where to go on: `next` of the last page.
    pub cursor: Option<String>,
    /// Most entries of a page; 100 if absent, and never more than the server allows.
    #[param(minimum = 1)]
    pub limit: Option<u32>,
}

/// The file of a household (一户一档).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "unit": null, "customers": [], "items": [], "next": null }))]
pub struct HouseholdFile {
    /// The unit, with what a technician should know; absent if the customer has none.
    pub unit: Option<Unit>,
    /// Who lives there: contacts, when they like to be visited and when they must not be called, whether they are members.
    pub customers: Vec<Customer>,
    /// Orders, complaints, inspections and return visits, newest first.
    pub items: Vec<FileEntry>,
    /// Where to go on; absent on the last page.
    pub next: Option<String>,
}

/// What a file is put together from.
struct Material {
    unit: Option<Unit>,
    customers: Vec<Customer>,
    page: Page,
    /// What a table says besides, if one is wanted.
    words: table::Context,
}

/// Read the file of a unit
///
/// What is known of a flat and who lives in it, and everything that ever concerned it, newest first; with `Accept: text/csv`, a page of it as a
/// table. The office sees all of its sites; a technician who has the unit on their phone, what they may see themselves. Prices
/// stand in the records, not here.
#[utoipa::path(tag = "households", operation_id = "get_unit_file",
    params(("id" = Uuid, Path, description = "The unit", example = "01930000-0000-7000-8000-000000000003"), FileQuery),
    responses((status = 200, description = "A page of the file", content((HouseholdFile = "application/json"), (String = "text/csv")))))]
#[get("/units/{id}/file")]
async fn get_unit_file(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    Query(query): Query<FileQuery>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, query.cursor.as_deref(), query.limit)?;
    let id = UnitId::new(*id);
    let as_table = wants_table(&request);
    let read = move |conn: &mut Conn| {
        let Some(unit) = reading::record(conn, &actor, id)? else { return Ok::<_, DoorError>(None) };
        let customers = rows::customers_of(conn, &actor, id)?;
        gather(conn, &actor, (Some(unit), customers), id.uuid(), &ask, as_table).map(Some)
    };
    let material = state.db.read(read).await?.ok_or(Code::NotFound)?;
    answer(&request, material, &format!("unit-{id}"))
}

/// Read the file of a customer
///
/// What is known of a customer and where they live, and everything that ever concerned them, newest first; with `Accept: text/csv`, a page of
/// it as a table. The office sees all of its sites; a technician who has the customer on their phone, what they may see
/// themselves. Prices stand in the records, not here.
#[utoipa::path(tag = "households", operation_id = "get_customer_file",
    params(("id" = Uuid, Path, description = "The customer", example = "01930000-0000-7000-8000-000000000004"), FileQuery),
    responses((status = 200, description = "A page of the file", content((HouseholdFile = "application/json"), (String = "text/csv")))))]
#[get("/customers/{id}/file")]
async fn get_customer_file(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    Query(query): Query<FileQuery>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, query.cursor.as_deref(), query.limit)?;
    let id = CustomerId::new(*id);
    let as_table = wants_table(&request);
    let read = move |conn: &mut Conn| {
        let customer: Option<Customer> = reading::record(conn, &actor, id)?;
        let Some(customer) = customer else { return Ok::<_, DoorError>(None) };
        let unit = customer.unit.map(|unit| reading::record(conn, &actor, unit)).transpose()?.flatten();
        gather(conn, &actor, (unit, vec![customer]), id.uuid(), &ask, as_table).map(Some)
    };
    let material = state.db.read(read).await?.ok_or(Code::NotFound)?;
    answer(&request, material, &format!("customer-{id}"))
}

fn wants_table(request: &HttpRequest) -> bool {
    negotiation::preferred(request, &["application/json", negotiation::CSV]) == Some(negotiation::CSV)
}

fn gather(
    conn: &mut Conn,
    actor: &Actor,
    (unit, customers): (Option<Unit>, Vec<Customer>),
    subject: Uuid,
    ask: &Ask<i64>,
    as_table: bool,
) -> Result<Material, DoorError> {
    let page = rows::page(conn, actor, subject, ask)?;
    let words = if as_table { table::Context::read(conn, actor.org, &page)? } else { table::Context::default() };
    Ok(Material { unit, customers, page, words })
}

fn answer(request: &HttpRequest, material: Material, name: &str) -> Result<HttpResponse, Error> {
    let Material { unit, customers, page, words } = material;
    let next = page.next.as_ref().map(paging::cursor).transpose()?;
    let items = page.items.into_iter().map(FileEntry::of).collect::<Result<_, _>>()?;
    let file = HouseholdFile { unit, customers, items, next };
    negotiation::report(request, &file, name, |language| table::csv(&file.items, &words, language))
}
