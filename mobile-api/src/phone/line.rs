//! One request and its answer, with the session that it needs: tokens are renewed on the way, and whatever is not
//! surely the server's own word counts as "no answer".

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    clock::PhoneClock,
    error::{Problem, SyncError},
    kept::Kept,
    store::{
        Store, StoreError,
        accounts::{self, AccountId, Identity, Tokens},
    },
    transport::{Method, Request, Response, Transport},
};
use crate::{
    actor::Role,
    directory::User,
    evidence::{Anchor, Stamp},
    ids::Id,
};

/// A point between two instructions of a sync at which a phone may be switched off. Tests stop there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A request is about to leave.
    Sending,
    /// Its answer has come and nothing of it is stored yet.
    Answered,
    /// New tokens are stored.
    Renewed,
    /// The server's limits are stored, and that it knows the device.
    Introduced,
    /// Verdicts that were asked again are stored.
    Healed,
    /// Operations are marked as on their way.
    Leaving,
    /// Verdicts are stored.
    Settled,
    /// A page and its cursor are stored.
    PageApplied,
    /// A replacement copy was begun.
    ReplacementBegun,
    /// It is stored which photos have arrived.
    PhotosNoted,
    /// It is stored where the upload of a photo goes on.
    PhotoBegun,
    /// The server has a piece of a photo.
    PieceSent,
}

/// Called at each [`Step`]; `Break` stops the sync there and then.
pub type Probe<'a> = &'a (dyn Fn(Step) -> ControlFlow<()> + Send + Sync);

/// Never stops.
pub fn go_on(_: Step) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// How long to wait with telling the server that somebody signed out.
const GOODBYE: Duration = Duration::from_secs(5);

/// What every request needs.
pub(super) struct Line {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn PhoneClock>,
    pub(super) transport: Arc<dyn Transport>,
    /// The last screen.
    pub(super) kept: Kept,
}

/// An answer, and when by the phone's uptime its request left and it arrived.
#[derive(Debug)]
pub(super) struct Reply<T> {
    pub(super) body: T,
    sent_ms: u64,
    arrived_ms: u64,
    boot_id: Uuid,
}

impl<T> Reply<T> {
    /// Ties the server's time to the phone's uptime.
    pub(super) fn anchor(&self, stamp: Stamp) -> Anchor {
        let rtt = u32::try_from(self.arrived_ms.saturating_sub(self.sent_ms)).unwrap_or(u32::MAX);
        stamp.anchor(self.arrived_ms, self.boot_id, rtt)
    }
}

/// Why there is no usable answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server itself says, with this status, that the request cannot be done as it is.
    Problem(u16, Problem),
    /// Anything else.
    Sync(SyncError),
}

impl From<Failure> for SyncError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sync(error) => error,
            Failure::Problem(_, problem) => match problem.code.as_str() {
                "device_revoked" => SyncError::DeviceRevoked,
                "schema_too_old" => SyncError::AppTooOld,
                "wrong_credentials" => SyncError::WrongCredentials,
                _ => SyncError::Refused(problem),
            },
        }
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        Failure::Sync(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Sync(error.into())
    }
}

/// What the server answers to a sign-in and to a refresh.
#[derive(Deserialize)]
struct SignedIn {
    access_token: String,
    refresh_token: String,
    organisation: Uuid,
    user: SignedInUser,
    role: Role,
}

#[derive(Deserialize)]
struct SignedInUser {
    id: Id<User>,
}

#[derive(Serialize)]
struct SignIn<'a> {
    login: &'a str,
    password: &'a str,
    device_id: Uuid,
}

#[derive(Serialize)]
struct Refresh<'a> {
    refresh_token: &'a str,
    device_id: Uuid,
}

impl Line {
    /// The server's time as well as the phone can tell it without asking: by uptime since the last contact, if it
    /// was in this boot; by the wall clock otherwise.
    pub(super) fn now(&self, anchor: Option<&Anchor>) -> DateTime<Utc> {
        let boot = self.clock.boot_id();
        let since = |anchor: &Anchor| {
            let elapsed = self.clock.uptime_ms().checked_sub(anchor.uptime_ms)?;
            anchor.server_time.checked_add_signed(chrono::TimeDelta::try_milliseconds(i64::try_from(elapsed).ok()?)?)
        };
        anchor.filter(|anchor| anchor.boot_id == boot).and_then(since).unwrap_or_else(|| self.clock.wall().to_utc())
    }

    /// Signs in with a password and says who that is.
    pub(super) async fn sign_in(
        &self,
        login: &str,
        password: &str,
        device_id: Uuid,
        probe: Probe<'_>,
    ) -> Result<(Identity, Tokens), Failure> {
        let request = Request::post("/v1/auth/login", &SignIn { login, password, device_id }).map_err(unwritable)?;
        let SignedIn { access_token: access, refresh_token: refresh, organisation, user, role } =
            self.exchange(request, probe).await?.body;
        Ok((Identity { org: organisation, user: user.id, role }, Tokens { access, refresh }))
    }

    /// Tells the server that the session is over, if it can be told now.
    pub(super) async fn sign_out(&self, access: String) {
        let request = Request { body: None, bearer: Some(access), ..Request::get("/v1/auth/logout") };
        let request = Request { method: Method::Post, timeout: GOODBYE, ..request };
        if let Err(error) = self.transport.send(request).await {
            tracing::debug!(%error, "the server was not told of the sign-out");
        }
    }

    /// Sends what `make` makes, in the account's name. It is called anew for each attempt, so that a statement of
    /// uptime in it is never older than the attempt.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        account: AccountId,
        probe: Probe<'_>,
        make: impl Fn() -> Result<Request, serde_json::Error>,
    ) -> Result<Reply<T>, Failure> {
        self.call_with(account, probe, make, read).await
    }

    /// The same for an answer that says something by its headers alone.
    pub(super) async fn call_bare(
        &self,
        account: AccountId,
        probe: Probe<'_>,
        make: impl Fn() -> Result<Request, serde_json::Error>,
    ) -> Result<Response, Failure> {
        let reply = self.call_with(account, probe, make, read_bare).await;
        reply.map(|reply| reply.body)
    }

    async fn call_with<T>(
        &self,
        account: AccountId,
        probe: Probe<'_>,
        make: impl Fn() -> Result<Request, serde_json::Error>,
        read: fn(&Response) -> Result<T, Failure>,
    ) -> Result<Reply<T>, Failure> {
        let mut refused = None;
        for _ in 0..2 {
            let access = self.access(account, refused.as_deref(), probe).await?;
            let mut request = make().map_err(unwritable)?;
            request.bearer = Some(access.clone());
            match self.exchange_with(request, probe, read).await {
                Err(Failure::Problem(401, _)) => refused = Some(access),
                other => return other,
            }
        }
        // The session itself is good, or renewing it would have failed.
        Err(SyncError::not_now("a fresh access token was refused").into())
    }

    /// The access token; a new one if there is none or the one there is was `refused`.
    async fn access(&self, id: AccountId, refused: Option<&str>, probe: Probe<'_>) -> Result<String, Failure> {
        let account = self.store.run(move |tx| accounts::get(tx, id)).await?;
        let Some(refresh_token) = account.refresh else { return Err(SyncError::SignInAgain.into()) };
        if let Some(access) = account.access.filter(|access| refused != Some(access.as_str())) {
            return Ok(access);
        }
        let body = Refresh { refresh_token: &refresh_token, device_id: account.device };
        let request = Request::post("/v1/auth/refresh", &body).map_err(unwritable)?;
        match self.exchange::<SignedIn>(request, probe).await {
            Ok(reply) => {
                let SignedIn { access_token: access, refresh_token: refresh, .. } = reply.body;
                let tokens = Tokens { access: access.clone(), refresh };
                self.store.run(move |tx| accounts::save_tokens(tx, id, &tokens)).await?;
                stop_at(probe, Step::Renewed)?;
                Ok(access)
            }
            Err(Failure::Problem(401, _)) => {
                self.store.run(move |tx| accounts::session_ended(tx, id)).await?;
                Err(SyncError::SignInAgain.into())
            }
            Err(failure) => Err(failure),
        }
    }

    /// Sends a request as it is.
    pub(super) async fn exchange<T: DeserializeOwned>(
        &self,
        request: Request,
        probe: Probe<'_>,
    ) -> Result<Reply<T>, Failure> {
        self.exchange_with(request, probe, read).await
    }

    async fn exchange_with<T>(
        &self,
        request: Request,
        probe: Probe<'_>,
        read: fn(&Response) -> Result<T, Failure>,
    ) -> Result<Reply<T>, Failure> {
        stop_at(probe, Step::Sending)?;
        let (sent_ms, boot_id) = (self.clock.uptime_ms(), self.clock.boot_id());
        let response = self.transport.send(request).await.map_err(SyncError::from)?;
        let arrived_ms = self.clock.uptime_ms();
        stop_at(probe, Step::Answered)?;
        let body = read(&response)?;
        Ok(Reply { body, sent_ms, arrived_ms, boot_id })
    }
}

/// An answer is believed only if it is in the server's own form: a captive portal's page, whatever its status, is
/// no answer.
fn read<T: DeserializeOwned>(response: &Response) -> Result<T, Failure> {
    if response.is_success() {
        return response.json().map_err(|_| SyncError::not_now("an answer that is none of the server's").into());
    }
    Err(failure(response))
}

/// The same for an answer without a body. It must bear the mark of the upload protocol, which no captive portal knows. An
/// answer to HEAD has no body even if it tells of a problem.
fn read_bare(response: &Response) -> Result<Response, Failure> {
    match response.header("tus-resumable") {
        Some(_) if response.is_success() => Ok(response.clone()),
        Some(_) if response.body.is_empty() && matches!(response.status, 400..=499) && !says_later(response.status) => {
            let problem = Problem { code: format!("status_{}", response.status), title: String::new(), detail: None };
            Err(Failure::Problem(response.status, problem))
        }
        _ if response.is_success() => Err(SyncError::not_now("an answer that is none of the server's").into()),
        _ => Err(failure(response)),
    }
}

/// Whether the status asks for another try, whatever else it says.
fn says_later(status: u16) -> bool {
    matches!(status, 408 | 425 | 429)
}

fn failure(response: &Response) -> Failure {
    let reason = format!("status {}", response.status);
    let again = says_later(response.status) || response.status >= 500;
    match response.json::<Problem>() {
        Ok(problem) if !again && response.status >= 400 => Failure::Problem(response.status, problem),
        _ => SyncError::NotNow { reason, retry_after: response.retry_after }.into(),
    }
}

pub(super) fn stop_at(probe: Probe<'_>, step: Step) -> Result<(), SyncError> {
    match probe(step) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(SyncError::Stopped),
    }
}

fn unwritable(_: serde_json::Error) -> SyncError {
    StoreError::Broken("request").into()
}
