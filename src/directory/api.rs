//! The directory over HTTP: lists, and passwords. Single entries and what changes them are in `operations::api`.

use actix_web::{
    HttpRequest, HttpResponse, post,
    web::{self, Data, Path},
};
use mobile_api::{
    Actor, Role,
    directory::User,
    record::{Kind, Ref},
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::list::{self, DirectoryFilter};
use crate::{
    access::Authenticated,
    app::AppState,
    error::{Code, Error},
    json::Json,
    operations::reading,
    paging::{self, Ask, Depends},
    query::Query,
};

/// The kinds of entries that have a list.
pub const LISTED: [Kind; 12] = [
    Kind::Site,
    Kind::Building,
    Kind::Unit,
    Kind::Customer,
    Kind::User,
    Kind::Team,
    Kind::OrderType,
    Kind::PriceItem,
    Kind::Calendar,
    Kind::Article,
    Kind::StockPlace,
    Kind::ComplaintClass,
];

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    for kind in LISTED {
        let list = move |state, request, actor, filter| list_entries(kind, state, request, actor, filter);
        cfg.route(&format!("/{}", kind.path()), web::get().to(list));
    }
    cfg.service(set_user_password);
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
    paging::answer(&state, &request, actor, kind, ask, Depends::OnRecords, load).await
}

/// A password for somebody else's account.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"new_password": "staple in the rain"}))]
pub struct NewPassword {
    /// The one from now on.
    pub new_password: String,
}

/// Set the password of an account
///
/// For administrators, and for managers except on administrators' accounts. Ends every sign-in of the account. It can be
/// repeated. One's own is changed at `/v1/auth/password`, where the present one is asked for.
#[utoipa::path(tag = "users", operation_id = "set_user_password", request_body = NewPassword,
    params(("id" = Uuid, Path, description = "The account", example = "01930000-0000-7000-8000-000000000012")),
    responses((status = 204, description = "Set")))]
#[post("/users/{id}/password")]
async fn set_user_password(
    state: Data<AppState>,
    Authenticated(actor): Authenticated,
    id: Path<Uuid>,
    Json(body): Json<NewPassword>,
) -> Result<HttpResponse, Error> {
    let (org, by, about) = (actor.org, actor.user, Ref::new(Kind::User, *id));
    let reader = actor.clone();
    let found = state.db.read(move |conn| reading::visible(conn, &reader, about)).await?;
    let user: User = serde_json::from_str(&found.ok_or(Code::NotFound)?.body).map_err(Error::internal)?;
    if !may_set_password(&actor, &user) {
        return Err(Code::Forbidden.into());
    }
    state.access.reset_password(org, user.id.uuid(), user.login, body.new_password).await?;
    tracing::info!(user = %user.id, %by, "the password of {} was set by {by}", user.id);
    Ok(HttpResponse::NoContent().finish())
}

/// Whoever may change the account; but not their own, because an unattended screen must not be enough.
fn may_set_password(actor: &Actor, user: &User) -> bool {
    let manages = match actor.role {
        Role::Admin | Role::System => true,
        Role::Manager => user.role != Role::Admin,
        _ => false,
    };
    manages && user.id != actor.user
}
