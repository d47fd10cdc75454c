//! A pool of connections, and a transaction of its own for each closure.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use tokio::sync::Semaphore;

use super::{Conn, DbError, Retry, Target, both};

/// How long a closure waits for a connection before the answer is "unavailable".
const WAIT: Duration = Duration::from_secs(5);

/// How often a closure is repeated after a conflict.
pub(super) const REPEATS: usize = 8;

/// What a connection or a transaction is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Read,
    Write,
}

#[derive(Clone)]
pub(super) struct Pool {
    connections: r2d2::Pool<Manager>,
    /// As many permits as connections: those who wait do so without occupying a thread.
    permits: Arc<Semaphore>,
}

impl Pool {
    /// Opens the first connection, to be sure that there is a database; the others are opened when they are needed.
    pub(super) fn open(target: Target, mode: Mode, size: u32) -> Result<Self, DbError> {
        let size = size.max(1);
        let manager = Manager { target, mode };
        drop(manager.target.connect(mode)?);
        let connections = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            // A round trip per transaction, for what `begin` finds out anyway.
            .test_on_check_out(false)
            .connection_timeout(WAIT)
            .error_handler(Box::new(Quiet))
            .build_unchecked(manager);
        Ok(Self { connections, permits: Arc::new(Semaphore::new(size as usize)) })
    }

    /// Runs `f` in a transaction, and again after a conflict, each time a little later.
    pub(super) async fn run<T, E, F>(&self, mode: Mode, mut f: F) -> Result<T, E>
    where
        F: FnMut(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Retry + Send + 'static,
    {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(2))
            .with_max_delay(Duration::from_millis(200))
            .with_max_times(REPEATS)
            .with_jitter()
            .build();
        loop {
            let (returned, result) = self.once(mode, f).await?;
            f = returned;
            match result {
                Err(error) if error.is_conflict() => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(error),
                },
                result => return result,
            }
        }
    }

    /// One attempt. Gives `f` back, so that there can be another.
    async fn once<T, E, F>(&self, mode: Mode, mut f: F) -> Result<(F, Result<T, E>), DbError>
    where
        F: FnMut(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let permit = tokio::time::timeout(WAIT, self.permits.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(DbError::Unavailable("all connections are busy".to_owned()));
        };
        let pool = self.connections.clone();
        super::blocking(move || {
            let mut conn = begin(&pool, mode)?;
            let result = f(&mut conn);
            let result = finish(&mut conn, result);
            // The connection first: whoever gets the permit finds it in the pool.
            drop(conn);
            drop(permit);
            Ok((f, result))
        })
        .await
    }
}

/// Takes a connection and opens a transaction on it.
///
/// Connections that died in the pool, as all do when the server restarts, show it here. Nothing has been done yet, so
/// another one is as good.
fn begin(pool: &r2d2::Pool<Manager>, mode: Mode) -> Result<r2d2::PooledConnection<Manager>, DbError> {
    for _ in 0..=pool.max_size() {
        let mut conn = pool.get().map_err(|error| DbError::Unavailable(error.to_string()))?;
        let sql = match (&*conn, mode) {
            (Conn::Sqlite(_), Mode::Read) => "BEGIN DEFERRED",
            // Taking the write lock later, after a read, fails if somebody else wrote in between.
            (Conn::Sqlite(_), Mode::Write) => "BEGIN IMMEDIATE",
            (Conn::Pg(_), Mode::Read) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            (Conn::Pg(_), Mode::Write) => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        };
        match conn.begin(sql) {
            Ok(()) => return Ok(conn),
            Err(DbError::Unavailable(_)) if conn.is_broken() => {}
            Err(error) => return Err(error),
        }
    }
    Err(DbError::Unavailable("every connection was lost".to_owned()))
}

/// Commits or rolls back. A connection on which that fails is thrown away when it goes back to the pool.
fn finish<T, E: From<DbError>>(conn: &mut Conn, result: Result<T, E>) -> Result<T, E> {
    match result {
        Ok(value) => commit(conn).map(|()| value).map_err(E::from),
        Err(error) => {
            if let Err(rollback) = both!(conn, c => AnsiTransactionManager::rollback_transaction(c)) {
                tracing::debug!(error = %rollback, "rolling back failed; the connection is given up");
            }
            Err(error)
        }
    }
}

fn commit(conn: &mut Conn) -> Result<(), DbError> {
    match conn {
        Conn::Sqlite(c) => Ok(AnsiTransactionManager::commit_transaction(c)?),
        // If a statement failed and the closure went on as if nothing had happened, PostgreSQL answers COMMIT by rolling
        // back, without an error. A savepoint in the same round trip is refused in that state, and so tells.
        Conn::Pg(_) => conn.execute("SAVEPOINT sound; COMMIT").inspect_err(|_| {
            if let Conn::Pg(c) = conn {
                // Fails only with the connection, and then the pool notices.
                AnsiTransactionManager::rollback_transaction(c).ok();
            }
        }),
    }
}

/// Opens connections for the pool.
struct Manager {
    target: Target,
    mode: Mode,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Conn;
    type Error = DbError;

    fn connect(&self) -> Result<Conn, DbError> {
        self.target.connect(self.mode)
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), DbError> {
        conn.ping()
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        std::thread::panicking() || conn.is_broken()
    }
}

/// The caller gets the last error with its answer; the log need not repeat every attempt at a server that is down.
#[derive(Debug)]
struct Quiet;

impl r2d2::HandleError<DbError> for Quiet {
    fn handle_error(&self, error: DbError) {
        tracing::debug!(%error, "could not open a database connection");
    }
}
