//! Assets over HTTP: the list. Single assets and what changes them are in `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data},
};
use utoipa_actix_web::service_config::ServiceConfig;

use super::list::{self, AssetFilter};
use crate::{
    access::Authenticated,
    app::AppState,
    error::Error,
    paging::{self, Ask, Depends},
    query::Query,
};

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/assets", web::get().to(list_assets));
}

async fn list_assets(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<AssetFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::list(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, ask, Depends::OnRecords, load).await
}
