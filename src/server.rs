//! Start and stop of the server.

use std::{future::Future, io, net::SocketAddr, pin::pin};

use actix_web::{HttpServer, dev::ServerHandle};
use tokio::task::JoinHandle;

use crate::{
    app::{self, AppState},
    config::Config,
};

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, or not ours to listen on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A server that listens. Dropping it does not stop it; [`Server::stop`] does.
#[derive(Debug)]
pub struct Server {
    /// Where it listens; with the real port, if port 0 was asked for.
    pub addr: SocketAddr,
    /// What its handlers share.
    pub state: AppState,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

/// How a server came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Everything under way was finished.
    Drained,
    /// Time was up, or a second signal came: something was cut off.
    Forced,
}

/// Opens the database, brings it up to date and begins to listen.
///
/// # Errors
/// See [`StartError`].
pub async fn run(config: Config) -> Result<Server, StartError> {
    start(AppState::new(config)).await
}

/// Begins to listen.
///
/// # Errors
/// [`StartError::Listen`].
pub async fn start(state: AppState) -> Result<Server, StartError> {
    let settings = state.config.http.clone();
    let listen = |source| StartError::Listen { address: settings.listen, source };
    let shared = state.clone();
    let mut server = HttpServer::new(move || app::build(shared.clone()))
        .disable_signals()
        .shutdown_timeout(settings.shutdown_seconds);
    if settings.workers > 0 {
        server = server.workers(settings.workers);
    }
    let server = server.bind(settings.listen).map_err(listen)?;
    let addr = server.addrs().first().copied().unwrap_or(settings.listen);
    let server = server.run();
    let handle = server.handle();
    Ok(Server { addr, state, handle, task: tokio::spawn(server) })
}

impl Server {
    /// Serves until a signal (or somebody else's [`stop`](Self::stop)) ends it. The first SIGTERM or SIGINT
    /// drains, a second one stops at once.
    ///
    /// # Errors
    /// If the server ends because it can no longer accept connections.
    pub async fn until_signalled(mut self) -> io::Result<Stopped> {
        tokio::select! {
            () = signal() => tracing::info!("stopping: no new work is taken, requests under way are finished"),
            ended = &mut self.task => {
                ended.map_err(io::Error::other)??;
                return Ok(Stopped::Drained);
            }
        }
        tokio::select! {
            stopped = self.stop() => Ok(stopped),
            () = signal() => Ok(Stopped::Forced),
        }
    }

    /// Stops in order: readiness is withdrawn and event streams end; after the drain delay no more connections are
    /// taken; requests under way and background tasks may finish within the shutdown time.
    pub async fn stop(self) -> Stopped {
        let settings = &self.state.config.http;
        self.state.lifecycle.begin_drain();
        tokio::time::sleep(settings.drain_delay()).await;
        self.handle.stop(true).await;
        if self.state.lifecycle.finish(settings.shutdown_timeout()).await { Stopped::Drained } else { Stopped::Forced }
    }
}

/// Completes at the next SIGTERM or SIGINT.
#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let wait = async |kind| match signal(kind) {
        Ok(mut signals) => _ = signals.recv().await,
        // Without handlers the system's default applies: the process just ends.
        Err(_) => std::future::pending().await,
    };
    let (terminate, interrupt) = (pin!(wait(SignalKind::terminate())), pin!(wait(SignalKind::interrupt())));
    either(terminate, interrupt).await;
}

#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

#[cfg(unix)]
async fn either(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    tokio::select! { () = one => (), () = other => () }
}
