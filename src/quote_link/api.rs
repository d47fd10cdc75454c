//! The address of a quote's page, for the desk.

use actix_web::{
    HttpRequest, get,
    web::{Data, Path},
};
use chrono::{DateTime, Utc};
use mobile_api::{
    Id, Role,
    refusal::Refusal,
    work_order::{Quote, QuoteSent, WorkOrder},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::store;
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    json::Json,
    negotiation,
    operations::reading,
};

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_quote_link);
}

/// Where a customer confirms a quote.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "quote": "01930000-0000-7000-8000-000000000041", "revision": 1, "address": "https://doorstep.example/q/7Q4M-XK2P-0R9T",
    "valid_until": "2026-04-01T08:00:00Z",
    "sent": [{
        "op": "01930000-0000-7000-8000-000000000042", "to": "138 0013 8000", "by": "01930000-0000-7000-8000-000000000010",
        "at": { "earliest": "2026-03-02T08:00:00Z", "latest": "2026-03-02T08:00:00Z" }
    }]
}))]
pub struct QuoteLink {
    /// The quote: the id of the operation that made it.
    pub quote: Uuid,
    /// Its revision.
    pub revision: u32,
    /// The page. Whoever has this address can confirm the quote.
    pub address: String,
    /// Until when the quote can be confirmed; absent means without end.
    pub valid_until: Option<DateTime<Utc>>,
    /// To whom it went.
    pub sent: Vec<QuoteSent>,
}

/// Read the link to a quote
///
/// The address of the page on which the customer confirms the newest quote, once `work_order.send_quote` has said to whom it
/// goes. For those who speak with customers; never for the technician, who would confirm in the customer's name.
#[utoipa::path(tag = "work-orders", operation_id = "get_quote_link",
    params(("id" = Uuid, Path, description = "The order", example = "01930000-0000-7000-8000-000000000030")),
    responses((status = 200, body = QuoteLink, description = "The link")))]
#[get("/work-orders/{id}/quote-link")]
async fn get_quote_link(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
) -> Result<Json<QuoteLink>, Error> {
    let (org, role, id) = (actor.org, actor.role, Id::<WorkOrder>::new(*id));
    let order = state.db.read(move |conn| reading::record(conn, &actor, id)).await?.ok_or(Code::NotFound)?;
    if !matches!(role, Role::Admin | Role::Manager | Role::Dispatcher | Role::FrontDesk) {
        return Err(Code::Forbidden.into());
    }
    let Some(quote) = order.newest_quote().filter(|quote| quote.is_sent()).cloned() else {
        return Err(Refusal::QuoteUnknown.into());
    };
    let Quote { id, revision, valid_until, sent, .. } = quote;
    let code = state.db.read(move |conn| store::code(conn, org, id)).await.map_err(Error::from)?;
    let address = format!("{}/q/{code}", negotiation::public_url(&state, &request));
    Ok(Json(QuoteLink { quote: id, revision, address, valid_until, sent }))
}
