//! The directory over HTTP: lists. Single entries and what changes them are in `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data},
};
use mobile_api::record::Kind;
use utoipa_actix_web::service_config::ServiceConfig;

use super::list::{self, DirectoryFilter};
use crate::{
    access::Authenticated,
    app::AppState,
    error::Error,
    paging::{self, Ask, Depends},
    query::Query,
};

/// The kinds of entries that have a list.
pub const LISTED: [Kind; 8] =
    [Kind::Site, Kind::Building, Kind::Unit, Kind::Customer, Kind::User, Kind::Team, Kind::OrderType, Kind::PriceItem];

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    for kind in LISTED {
        let list = move |state, request, actor, filter| list_entries(kind, state, request, actor, filter);
        cfg.route(&format!("/{}", kind.path()), web::get().to(list));
    }
}

async fn list_entries(
    kind: Kind,
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<DirectoryFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::list(conn, actor, kind, &filter, ask);
    paging::answer(&state, &request, actor, ask, Depends::OnRecords, load).await
}
