//! Signing in and out over HTTP, and "who am I".

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, HeaderValue},
    post,
    web::Data,
};
use chrono::{DateTime, Utc};
use mobile_api::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    Access, AccessError, Authenticated, Origin, Tokens,
    guard::{CurrentSession, client_address},
};
use crate::{
    db::DbError,
    error::{Code, Error, FieldError},
    json::Json,
    problem::Problem,
};

/// The tag of these addresses in the API document.
pub const TAG: &str = "access";

/// Registers the addresses of this subject, relative to `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(create_session)
        .service(refresh_session)
        .service(delete_session)
        .service(change_password)
        .service(get_me);
}

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "login": "wang.li", "password": "correct horse battery", "device_id": "0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11"
}))]
pub struct SignIn {
    /// The account's login; upper and lower case are the same.
    pub login: String,
    /// Its password.
    pub password: String,
    /// The device that signs in, by the id it made for itself. Phones always send it; browsers need not.
    #[serde(default)]
    pub device_id: Option<Uuid>,
}

/// A refresh token to exchange.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "refresh_token": "2Yc8b1TqkPq0h2kC3zWkqg4Jm9cVt1qv9M7b0sT5n2E",
    "device_id": "0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11"
}))]
pub struct Refresh {
    /// The token of the last sign-in or refresh.
    pub refresh_token: String,
    /// The device, as at sign-in.
    #[serde(default)]
    pub device_id: Option<Uuid>,
}

/// A change of one's own password.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"current_password": "correct horse battery", "new_password": "staple in the rain"}))]
pub struct PasswordChange {
    /// The present one.
    pub current_password: String,
    /// The one from now on.
    pub new_password: String,
}

/// The account that is signed in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// Its id.
    #[schema(example = "0199a1f0-0001-7c3e-9a70-3f0f5f0f9c11")]
    pub id: Uuid,
    /// The person's name.
    #[schema(example = "王力")]
    pub name: String,
}

/// Tokens and what they are for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SignedIn {
    /// Sent as `Authorization: Bearer …` with every request.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds for which the access token is good.
    #[schema(example = 600)]
    pub expires_in: u64,
    /// For the next `POST /v1/auth/refresh`. Store it before using the access token.
    pub refresh_token: String,
    /// Seconds for which the refresh token is good if it is not used.
    #[schema(example = 5_184_000)]
    pub refresh_expires_in: u64,
    /// The organisation.
    #[schema(example = "0199a1f0-0000-7c3e-9a70-3f0f5f0f9c11")]
    pub organisation: Uuid,
    /// The account.
    pub user: AccountView,
    /// What the account may do.
    pub role: Role,
    /// The device, if it named itself.
    pub device_id: Option<Uuid>,
    /// The server's clock.
    pub server_time: DateTime<Utc>,
}

/// Who speaks, and what they may see.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Me {
    /// The organisation.
    #[schema(example = "0199a1f0-0000-7c3e-9a70-3f0f5f0f9c11")]
    pub organisation: Uuid,
    /// The account.
    pub user: AccountView,
    /// What the account may do.
    pub role: Role,
    /// The sites that an office role is limited to; empty means all.
    pub sites: Vec<Uuid>,
    /// The teams whose pool of unassigned orders a technician sees.
    pub teams: Vec<Uuid>,
    /// The device that speaks, if it named itself at sign-in.
    pub device_id: Option<Uuid>,
    /// The server's clock.
    pub server_time: DateTime<Utc>,
}

/// Sign in
///
/// Wrong passwords and unknown logins get the same answer. After a few failures in a row, for one login or from one
/// address, further attempts are answered 429 until the time in `Retry-After` has passed. Signing in again on a device
/// ends its earlier sign-in by the same account.
#[utoipa::path(tag = TAG, operation_id = "create_session", request_body = SignIn, security(()), responses(
    (status = 200, body = SignedIn, description = "Signed in"),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`wrong_credentials`"),
    (status = 403, body = Problem, content_type = "application/problem+json",
        description = "The password was right, but: `account_disabled`, `device_revoked`, `device_not_yours`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`too_many_attempts`",
        headers(("Retry-After" = u64, description = "Seconds to wait before the next try"))),
))]
#[post("/auth/login")]
async fn create_session(
    request: HttpRequest,
    access: Data<Access>,
    Json(body): Json<SignIn>,
) -> Result<HttpResponse, Error> {
    let address = client_address(&request, access.config().throttle.behind_proxy);
    let tokens = access.sign_in(&body.login, body.password, Origin { address, device: body.device_id }).await?;
    Ok(signed_in(&access, tokens))
}

/// Get new tokens
///
/// A refresh token is good once. If the answer is lost, send the same request again: it is answered as long as the token
/// of the lost answer was not used. Any other return of a used token ends the sign-in (`refresh_reused`), because somebody
/// else may hold it. So refresh one at a time, and store the answer before using it.
#[utoipa::path(tag = TAG, operation_id = "refresh_session", request_body = Refresh, security(()), responses(
    (status = 200, body = SignedIn, description = "New tokens"),
    (status = 401, body = Problem, content_type = "application/problem+json",
        description = "Sign in again: `refresh_invalid`, `refresh_reused`"),
    (status = 403, body = Problem, content_type = "application/problem+json",
        description = "`account_disabled`, `device_revoked`, `device_not_yours`"),
))]
#[post("/auth/refresh")]
async fn refresh_session(access: Data<Access>, Json(body): Json<Refresh>) -> Result<HttpResponse, Error> {
    let tokens = access.refresh(&body.refresh_token, body.device_id).await?;
    Ok(signed_in(&access, tokens))
}

/// Sign out
///
/// Ends this sign-in: its access token and its refresh token stop working. Others of the same account go on.
#[utoipa::path(tag = TAG, operation_id = "delete_session", responses((status = 204, description = "Signed out")))]
#[post("/auth/logout")]
async fn delete_session(access: Data<Access>, session: CurrentSession) -> Result<HttpResponse, Error> {
    access.sign_out(&session.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Change one's own password
///
/// Ends every other sign-in of the account; this one goes on.
#[utoipa::path(tag = TAG, operation_id = "change_password", request_body = PasswordChange, responses(
    (status = 204, description = "Changed"),
    (status = 401, body = Problem, content_type = "application/problem+json",
        description = "The present password is wrong: `wrong_credentials`"),
    (status = 422, body = Problem, content_type = "application/problem+json",
        description = "The new password is too short or too long: `invalid`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`too_many_attempts`",
        headers(("Retry-After" = u64, description = "Seconds to wait before the next try"))),
))]
#[post("/auth/password")]
async fn change_password(
    request: HttpRequest,
    access: Data<Access>,
    session: CurrentSession,
    Json(body): Json<PasswordChange>,
) -> Result<HttpResponse, Error> {
    let address = client_address(&request, access.config().throttle.behind_proxy);
    access.change_password(&session.0, body.current_password, body.new_password, address).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who am I
///
/// The account as it is now, which may be another than at sign-in: role, sites and teams are never taken from the token.
#[utoipa::path(tag = TAG, operation_id = "get_me", responses((status = 200, body = Me, description = "The account")))]
#[get("/me")]
async fn get_me(access: Data<Access>, Authenticated(actor): Authenticated) -> Result<Json<Me>, Error> {
    let name = access.name_of(actor.user.uuid()).await?;
    Ok(Json(Me {
        organisation: actor.org,
        user: AccountView { id: actor.user.uuid(), name },
        role: actor.role,
        sites: actor.sites.iter().map(|site| site.uuid()).collect(),
        teams: actor.teams.iter().map(|team| team.uuid()).collect(),
        device_id: actor.device.map(mobile_api::Id::uuid),
        server_time: access.now(),
    }))
}

fn signed_in(access: &Access, tokens: Tokens) -> HttpResponse {
    let Tokens { access: access_token, refresh: refresh_token, account, session, now } = tokens;
    let lifetimes = &access.config().token;
    let body = SignedIn {
        access_token,
        token_type: "Bearer",
        expires_in: lifetimes.access_lifetime.as_secs(),
        refresh_token,
        refresh_expires_in: lifetimes.refresh_lifetime.as_secs(),
        organisation: account.org,
        user: AccountView { id: account.user, name: account.name },
        role: account.role,
        device_id: session.device,
        server_time: now,
    };
    // Tokens must not remain in any cache on the way (RFC 6749, 5.1).
    HttpResponse::Ok().insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store"))).json(body)
}

impl From<AccessError> for Error {
    fn from(error: AccessError) -> Self {
        let too = |code, reason: String| FieldError::new("/new_password", code, reason).into();
        match error {
            AccessError::NotSignedIn => Code::NotSignedIn.into(),
            AccessError::TokenExpired => Code::TokenExpired.into(),
            AccessError::TokenInvalid => Code::TokenInvalid.into(),
            AccessError::DeviceRevoked => Code::DeviceRevoked.into(),
            AccessError::DeviceNotYours => Code::DeviceNotYours.into(),
            AccessError::AccountDisabled => Code::AccountDisabled.into(),
            AccessError::WrongCredentials => Code::WrongCredentials.into(),
            AccessError::RefreshInvalid => Code::RefreshInvalid.into(),
            AccessError::RefreshReused => Code::RefreshReused.into(),
            AccessError::TooManyAttempts { retry_after } => Error::new(Code::TooManyAttempts).retry_after(retry_after),
            AccessError::PasswordTooShort { min } => too("too_short", format!("at least {min} characters")),
            AccessError::PasswordTooLong { max } => too("too_long", format!("at most {max} bytes")),
            AccessError::LoginUnusable => FieldError::new("/login", "malformed", error.to_string()).into(),
            AccessError::LoginTaken => FieldError::new("/login", "duplicate", error.to_string()).into(),
            AccessError::Busy => Error::new(Code::Unavailable).because(error),
            AccessError::Db(cause @ (DbError::Unavailable(_) | DbError::Conflict)) => {
                Error::new(Code::Unavailable).because(cause)
            }
            AccessError::Db(cause) => Error::internal(cause),
            AccessError::Internal(_) => Error::internal(error),
        }
    }
}
