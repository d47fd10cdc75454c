//! Devices over HTTP: the list. Single ones and their revocation are in `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data},
};
use mobile_api::record::Kind;
use utoipa_actix_web::service_config::ServiceConfig;

use super::list::{self, DeviceFilter};
use crate::{
    access::Authenticated,
    app::AppState,
    error::Error,
    paging::{self, Ask, Depends},
    query::Query,
};

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/devices", web::get().to(list_devices));
}

async fn list_devices(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<DeviceFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    // When a device was last heard of changes without any operation.
    let load = move |conn: &mut _, actor: &_, ask: &_| list::list(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::Device, ask, Depends::OnTime, load).await
}
