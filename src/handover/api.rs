//! Handovers over HTTP: the list, and what belongs on the next one. Single ones and what changes them are in
//! `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{self, Data, Path},
};
use mobile_api::{Id, directory::User, handover::HandoverDraft, ids::UserId, record::Kind};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::list::{self, HandoverFilter};
use crate::{
    access::Authenticated,
    app::AppState,
    db::Conn,
    error::{Code, Error},
    json::Json,
    operations::reading,
    paging::{self, Ask, Depends},
    query::Query,
};

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(draft_handover).route("/handovers", web::get().to(list_handovers));
}

async fn list_handovers(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    Query(filter): Query<HandoverFilter>,
) -> Result<HttpResponse, Error> {
    let ask = Ask::read(&state, filter.cursor.as_deref(), filter.limit)?;
    let load = move |conn: &mut _, actor: &_, ask: &_| list::list(conn, actor, &filter, ask);
    paging::answer(&state, &request, actor, Kind::Handover, ask, Depends::OnRecords, load).await
}

/// Who takes over.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DraftQuery {
    /// Who takes over; the caller, if absent.
    pub to: Option<Uuid>,
}

/// Draft a handover
///
/// Everything of a person that is not done or not given back as things stand: orders up to the signature with what was promised,
/// what is in their bag, numbered pieces; of somebody who sends others, orders that nobody was sent to yet. `left_out` says how
/// much more there is than one handover takes. It is the body for `POST /v1/handovers/{id}/open`, to be looked over first; nothing is
/// stored by asking. A phone drafts the same by itself. For the office, and for each about themselves.
#[utoipa::path(tag = "handovers", operation_id = "draft_handover",
    params(("id" = Uuid, Path, description = "Who hands over", example = "01930000-0000-7000-8000-000000000020"), DraftQuery),
    responses((status = 200, body = HandoverDraft, description = "The draft")))]
#[get("/users/{id}/handover-draft")]
async fn draft_handover(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    Query(query): Query<DraftQuery>,
) -> Result<Json<HandoverDraft>, Error> {
    let (from, to) = (UserId::new(*id), query.to.map_or(actor.user, Id::new));
    let now = state.clock.now();
    let read = move |conn: &mut Conn| {
        // Only the office sees other accounts than its own.
        let giver: Option<User> = reading::record(conn, &actor, from)?;
        giver.map(|giver| list::next(conn, &actor, &giver, to, now)).transpose()
    };
    Ok(Json(state.db.read(read).await?.ok_or(Code::NotFound)?))
}
