//! The guard before `/v1`: says who speaks before anything else of a request is looked at.
//!
//! It is a middleware and not an extractor, because extractors of one handler run side by side: a stranger's bad body
//! would be parsed and answered before their missing token was noticed.

use std::{
    future::{Ready, ready},
    net::IpAddr,
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap},
    middleware::Next,
    web,
};
use mobile_api::Actor;

use super::{Access, AccessError, session::Session};
use crate::{error::Error, telemetry};

/// What may be asked without an access token. Everything else under the guard needs one, also what does not exist.
const OPEN: [&str; 2] = ["/v1/auth/login", "/v1/auth/refresh"];

/// What may be brought by whoever was known once. Its handler learns who by [`Bringer`], never by [`Authenticated`].
const LAPSED: &str = "/v1/sync/salvage";

/// For `.wrap(from_fn(access::guard))` on `/v1`; needs `web::Data<Access>` in the app. Puts the [`Actor`] and the
/// [`Session`] into the request's extensions and their ids into the log's span.
///
/// # Errors
/// `not_signed_in`, `token_expired`, `token_invalid`, `device_revoked`, `device_not_yours`, `account_disabled`.
pub async fn guard<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    if request.path() == LAPSED {
        let bringer = recognise(&request).await?;
        telemetry::record_actor(&request, bringer.session.user, bringer.session.device);
        request.extensions_mut().insert(bringer);
    } else if !OPEN.contains(&request.path()) {
        let (session, actor) = identify(&request).await?;
        telemetry::record_actor(&request, actor.user, actor.device);
        let mut extensions = request.extensions_mut();
        extensions.insert(actor);
        extensions.insert(session);
    }
    next.call(request).await
}

async fn identify(request: &ServiceRequest) -> Result<(Session, Actor), Error> {
    let access = request.app_data::<web::Data<Access>>().ok_or_else(|| Error::internal("no Access in the app"))?;
    let token = bearer(request.headers())?;
    Ok(access.authenticate(token).await?)
}

async fn recognise(request: &ServiceRequest) -> Result<Bringer, Error> {
    let access = request.app_data::<web::Data<Access>>().ok_or_else(|| Error::internal("no Access in the app"))?;
    let token = bearer(request.headers())?;
    match access.authenticate(token).await {
        Ok((session, actor)) => Ok(Bringer { session, actor: Some(actor) }),
        Err(AccessError::Db(error)) => Err(AccessError::Db(error).into()),
        Err(_) => Ok(Bringer { session: access.recognise(token).await?, actor: None }),
    }
}

/// The token of `Authorization: Bearer …`; exactly one such header.
fn bearer(headers: &HeaderMap) -> Result<&str, AccessError> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let (Some(value), None) = (values.next(), values.next()) else { return Err(AccessError::NotSignedIn) };
    let value = value.to_str().map_err(|_| AccessError::TokenInvalid)?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => Ok(token.trim()),
        _ => Err(AccessError::NotSignedIn),
    }
}

/// The client's address: of the connection, or as the reverse proxy reports it if there is one.
pub fn client_address(request: &HttpRequest, behind_proxy: bool) -> Option<IpAddr> {
    if behind_proxy {
        // The last entry is the proxy's own; those before it are whatever the client wrote.
        let forwarded = request.headers().get_all("x-forwarded-for").last();
        let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        if last.is_some() {
            return last;
        }
    }
    request.peer_addr().map(|peer| peer.ip())
}

/// The signed-in actor, for handlers: `Authenticated(actor): Authenticated`.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Actor);

impl FromRequest for Authenticated {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(found(request).map(Self))
    }
}

/// The sign-in that the request belongs to, for handlers.
#[derive(Clone, Debug)]
pub struct CurrentSession(pub Session);

impl FromRequest for CurrentSession {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(found(request).map(Self))
    }
}

/// Who brings something in that was recorded before they, their device or their sign-in was locked out.
#[derive(Clone, Debug)]
pub struct Bringer {
    /// Whom the token was given to.
    pub session: Session,
    /// The account, if it still may act.
    pub actor: Option<Actor>,
}

impl FromRequest for Bringer {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(found(request))
    }
}

/// Fails closed: a route that somebody forgot to put under the guard answers 401 to everybody.
fn found<T: Clone + 'static>(request: &HttpRequest) -> Result<T, Error> {
    request.extensions().get::<T>().cloned().ok_or_else(|| AccessError::NotSignedIn.into())
}
