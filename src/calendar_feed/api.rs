//! The address of somebody's calendar, for themself and for whoever administrates their account.

use actix_web::{
    HttpRequest, get,
    web::{Data, Path},
};
use mobile_api::{Id, directory::User};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{open::FeedQuery, store};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    json::Json,
    negotiation,
    operations::reading,
    query::Query,
};

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_calendar_link);
}

/// Where a calendar app finds what somebody has to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "address": "https://doorstep.example/i/AZMAAAAAcACAAAAAAAAAAQGTAAAAAHAAgAAAAAAAABJ4dWZm0q9XUo7oXo4zWkqT.ics?lang=en",
    "subscribe": "webcal://doorstep.example/i/AZMAAAAAcACAAAAAAAAAAQGTAAAAAHAAgAAAAAAAABJ4dWZm0q9XUo7oXo4zWkqT.ics?lang=en"
}))]
pub struct CalendarLink {
    /// The calendar. Whoever has this address can read it.
    pub address: String,
    /// The same as calendar apps like to be told: opened on a phone, it offers to subscribe.
    pub subscribe: String,
}

/// Read the link to a calendar
///
/// The address of what the person has to do in these days, for a calendar app to subscribe to without signing in. For the person themself,
/// administrators, and managers but for the accounts of administrators. `user.renew_calendar_link` takes every link back.
#[utoipa::path(tag = "users", operation_id = "get_calendar_link",
    params(("id" = Uuid, Path, description = "The account", example = "01930000-0000-7000-8000-000000000012"), FeedQuery),
    responses((status = 200, body = CalendarLink, description = "The link")))]
#[get("/users/{id}/calendar-link")]
async fn get_calendar_link(
    state: Data<AppState>,
    request: HttpRequest,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    Query(query): Query<FeedQuery>,
) -> Result<Json<CalendarLink>, Error> {
    let language = negotiation::language(&request, query.lang.as_deref())?;
    let id = Id::<User>::new(*id);
    let read = move |conn: &mut _| {
        let user: User = reading::record(conn, &actor, id)?.ok_or(Code::NotFound)?;
        if !user.is_led_by(&actor) {
            return Err(Code::Forbidden.into());
        }
        Ok::<_, Error>((store::code(conn, actor.org, &user)?, user.active))
    };
    let (code, active) = state.db.read(read).await?;
    if !active {
        return Err(Code::CalendarGone.into());
    }
    // Calendar apps say nothing of languages, so the address does.
    let address = format!("{}/i/{code}.ics?lang={}", negotiation::public_url(&state, &request), language.tag());
    let bare = address.split_once("://").map_or(address.as_str(), |(_, bare)| bare);
    Ok(Json(CalendarLink { subscribe: format!("webcal://{bare}"), address }))
}
