//! Start and stop of the server.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
};

use actix_web::{HttpServer, dev::ServerHandle, web};
use tokio::task::JoinHandle;

use crate::{
    access::{Access, AccessConfig, AccessError},
    app::{self, AppState},
    clock::Clock,
    config::{Config, Storage},
    db::{Db, DbError},
    media::depot::{Depot, DepotError},
};

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made.
    #[error("cannot create the data folder {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database cannot be opened or brought up to date.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Signing in cannot be prepared.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Photos cannot be kept.
    #[error(transparent)]
    Depot(#[from] DepotError),
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

/// Opens the database, brings it up to date, begins to listen, and does from then on what is due.
///
/// # Errors
/// See [`StartError`].
pub async fn run(config: Config) -> Result<Server, StartError> {
    let (db, clock) = (open(&config.storage).await?, Clock::system());
    let access = Access::new(db.clone(), clock.clone(), AccessConfig::from(&config.tokens))?;
    let depot = Depot::open(&config.storage)?;
    let server = start(AppState::new(config, db, clock, access, depot)).await?;
    server.run_timers();
    Ok(server)
}

/// Makes the data folder, opens the database and brings it up to date.
///
/// # Errors
/// [`StartError::Folder`] and [`StartError::Db`].
pub async fn open(storage: &Storage) -> Result<Db, StartError> {
    let folder = &storage.data_dir;
    create_private(folder).map_err(|source| StartError::Folder { folder: folder.clone(), source })?;
    let db = Db::open(storage.into()).await?;
    let applied = db.migrate().await?;
    if !applied.is_empty() {
        tracing::info!(steps = applied.len(), "the database was brought up to date: {}", applied.join(", "));
    }
    Ok(db)
}

/// Makes a folder that only this account can look into: it will hold people's data and keys.
fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Begins to listen. See [`Server::run_timers`] for what is done by and by.
///
/// # Errors
/// [`StartError::Listen`].
pub async fn start(state: AppState) -> Result<Server, StartError> {
    start_with(state, |_| ())
}

/// Like [`start`], with routes beside the usual ones: tests add handlers that misbehave.
pub(crate) fn start_with(state: AppState, more: fn(&mut web::ServiceConfig)) -> Result<Server, StartError> {
    let settings = state.config.http.clone();
    let listen = |source| StartError::Listen { address: settings.listen, source };
    let shared = state.clone();
    let mut server = HttpServer::new(move || app::build(shared.clone()).configure(more))
        .disable_signals()
        // Otherwise the last piece of an answer without a length – each compressed one – waits 40 ms for the client.
        .tcp_nodelay(true)
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
    /// Does what is due in the background – held operations, the window of what phones hold, deletions – until the
    /// server stops. Tests that move the clock themselves leave it out.
    pub fn run_timers(&self) {
        let lifecycle = &self.state.lifecycle;
        lifecycle.spawn(self.state.timers().run(lifecycle.clone()));
        match self.state.courier() {
            Ok(courier) => lifecycle.spawn(courier.run(lifecycle.clone())),
            Err(error) => tracing::error!(%error, "webhooks are not sent: no client can be made"),
        }
    }

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

    /// Stops at once: connections are cut, and nothing more is answered. Committed work is safe, as it is when the
    /// machine loses its power.
    pub async fn kill(self) {
        self.state.lifecycle.begin_drain();
        self.handle.stop(false).await;
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use actix_web::{HttpResponse, web::Data};
    use futures_util::{StreamExt, stream};

    use super::*;
    use crate::config::Http;

    fn slow_and_streaming(cfg: &mut web::ServiceConfig) {
        cfg.route("/slow", web::get().to(slow)).route("/events", web::get().to(events));
    }

    async fn slow() -> &'static str {
        tokio::time::sleep(Duration::from_millis(500)).await;
        "finished"
    }

    /// Says one thing, then waits for the end, as event streams do.
    async fn events(state: Data<AppState>) -> HttpResponse {
        let first = stream::once(async { Ok::<_, actix_web::Error>(web::Bytes::from_static(b"data: 1\n\n")) });
        let end = stream::once(state.lifecycle.draining()).filter_map(async |()| None);
        HttpResponse::Ok().content_type("text/event-stream").streaming(first.chain(end))
    }

    async fn server() -> (Server, tempfile::TempDir) {
        let http = Http {
            listen: ([127, 0, 0, 1], 0).into(),
            workers: 1,
            drain_delay_seconds: 1,
            shutdown_seconds: 10,
            public_url: None,
            webhooks_private: false,
        };
        let (state, folder) = app::testing::state(Config { http, ..Config::default() }).await;
        (start_with(state, slow_and_streaming).unwrap(), folder)
    }

    #[tokio::test]
    async fn stopping_finishes_what_is_under_way_and_says_that_it_is_not_ready() {
        let (server, _folder) = server().await;
        let address = server.addr;
        let url = move |path: &str| format!("http://{address}{path}");
        server.state.db.migrate().await.unwrap();
        let client = reqwest::Client::new();
        assert_eq!(client.get(url("/health/ready")).send().await.unwrap().status(), 200);

        // Compressed on purpose: an event must come at once, not when a compressor's buffer is full.
        let request = client.get(url("/events")).header("accept-encoding", "gzip");
        let mut events = request.send().await.unwrap().bytes_stream();
        tokio::time::timeout(Duration::from_secs(1), events.next()).await.expect("the event").unwrap().unwrap();

        let slow = tokio::spawn(client.get(url("/slow")).send());
        tokio::time::sleep(Duration::from_millis(100)).await;
        let started = Instant::now();
        let stopping = tokio::spawn(server.stop());
        tokio::time::sleep(Duration::from_millis(100)).await;
        let probe = client.get(url("/health/ready")).send().await.unwrap();
        assert_eq!((probe.status().as_u16(), probe.headers().contains_key("retry-after")), (503, true));

        assert_eq!(slow.await.unwrap().unwrap().text().await.unwrap(), "finished");
        while let Some(rest) = events.next().await {
            rest.unwrap();
        }
        assert_eq!(stopping.await.unwrap(), Stopped::Drained);
        assert!(started.elapsed() < Duration::from_secs(5), "idle connections are not waited for");
        assert!(client.get(url("/health/live")).send().await.is_err(), "nobody listens any more");
    }

    #[tokio::test]
    async fn a_taken_address_is_named() {
        let (first, _folder) = server().await;
        let http = Http { listen: first.addr, ..Http::default() };
        let (state, _other) = app::testing::state(Config { http, ..Config::default() }).await;
        let error = start(state).await.err().unwrap();
        assert!(error.to_string().contains(&first.addr.to_string()), "{error}");
    }

    #[tokio::test]
    async fn the_first_start_needs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage { data_dir: folder.path().join("new/data"), ..Storage::default() };
        let http = Http { listen: ([127, 0, 0, 1], 0).into(), workers: 1, ..Http::default() };
        let server = run(Config { storage, http, ..Config::default() }).await.unwrap();
        let answer = reqwest::get(format!("http://{}/health/ready", server.addr)).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(server.stop().await, Stopped::Drained);
    }

    #[tokio::test]
    async fn it_is_not_ready_before_the_tables_are_there() {
        let (server, _folder) = server().await;
        let probe = async || reqwest::get(format!("http://{}/health/ready", server.addr)).await.unwrap().status();
        assert_eq!(probe().await, 503);
        server.state.db.migrate().await.unwrap();
        assert_eq!(probe().await, 200);
    }
}
