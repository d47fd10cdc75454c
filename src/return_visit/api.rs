//! Return visits over HTTP: the list. Single ones and what changes them are in `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data},
};
use mobile_api::record::Kind;
use utoipa_actix_web::service_config::ServiceConfig;

use super::list::{self, Due, VisitFilter};
use crate::{
    access::Authenticated,
    app::AppState,
    error::Error,
    paging::{self, Ask, Depends},
    query::Query,
};

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/return-visits", web::get().to(list_return_visits));
}

async fn list_return_visits(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<VisitFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let now = state.clock.now();
    let depends =
        if matches!(filter.due, Some(Due::Now | Due::Overdue)) { Depends::OnTime } else { Depends::OnRecords };
    let load = move |conn: &mut _, actor: &_, ask: &_| list::list(conn, actor, &filter, ask, now);
    paging::answer(&state, &request, actor, Kind::ReturnVisit, ask, depends, load).await
}
