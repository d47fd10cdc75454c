//! The database: SQLite inside the program, or PostgreSQL by its address, behind the same two doors.
//!
//! [`Db::read`] and [`Db::write`] are the only ways in. Each is one connection, one transaction, one closure:
//!
//! | | `read` | `write` |
//! | --- | --- | --- |
//! | SQLite | one snapshot, read-only | serializable: one writer at a time, from the first statement on |
//! | PostgreSQL | `REPEATABLE READ, READ ONLY`: one snapshot | `READ COMMITTED`: each statement sees what is committed by then |
//!
//! So a write that looks first and acts later must say in the acting statement what it relies on: change a row with
//! `WHERE id = ? AND rev = ?` and return [`DbError::Conflict`] when no row was hit. There are no row locks in our queries.
//!
//! **The closure can run more than once** – after a conflict, and on SQLite also when a transaction that it shared
//! with others was lost. It must not do anything that cannot be repeated: no HTTP, files or messages, no change to
//! what it captured that a second run would not make good. Work for afterwards is a row in `jobs`.
//!
//! `write` returns after the commit is on the disk. An error means that nothing of the closure remains, with one
//! exception: if the connection to PostgreSQL breaks during the commit, nobody knows, and the answer is
//! [`DbError::Unavailable`]. Whoever tries again must bring the same operation id.
//!
//! A caller that goes away does not stop its closure; it is carried out all the same.

pub mod error;
mod migrations;
mod pool;
mod postgres;
pub mod prepared;
pub mod schema;
mod sqlite;
pub mod types;

use std::{fmt, path::PathBuf, sync::Arc};

use diesel::{
    connection::{AnsiTransactionManager, SimpleConnection},
    pg::PgConnection,
    r2d2::R2D2Connection,
    sqlite::SqliteConnection,
};

pub(crate) use self::error::panic_text;
pub use self::{
    error::{DbError, Retry},
    prepared::Prepared,
};
use self::{
    pool::{Mode, Pool},
    sqlite::GroupWriter,
};
pub use crate::{both, insert_rows};

/// A connection of either database, inside of a transaction that a door has opened.
pub enum Conn {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// The server.
    Pg(PgConnection),
}

/// Runs the same query on either database: `both!(conn, c => users::table.load::<User>(c))?`.
///
/// The expression is type-checked once for each, so everything that diesel can do is there, and what only one of the
/// databases can do does not compile.
#[macro_export]
macro_rules! both {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($c) => $body,
            $crate::db::Conn::Pg($c) => $body,
        }
    };
}

/// Inserts rows, by an insert that takes one of them as well as a `Vec`: `insert_rows!(conn, rows, values =>
/// diesel::insert_into(teams::table).values(values))`.
///
/// SQLite runs one prepared statement for each row, which costs less than reading the text of a statement with a
/// thousand question marks. To PostgreSQL each statement is a round trip, so there all rows go at once.
#[macro_export]
macro_rules! insert_rows {
    ($conn:expr, $rows:expr, $values:ident => $insert:expr) => {{
        let rows = $rows;
        match $conn {
            $crate::db::Conn::Sqlite(c) => {
                for $values in rows {
                    $insert.execute(c)?;
                }
            }
            // A single row is common, and diesel keeps its statement.
            $crate::db::Conn::Pg(c) if rows.len() == 1 => {
                for $values in rows {
                    $insert.execute(c)?;
                }
            }
            $crate::db::Conn::Pg(c) => {
                let $values = rows;
                $insert.execute(c)?;
            }
        }
    }};
}

impl Conn {
    /// Runs `f` so that, if it fails, what it wrote is undone and what was written before it stays.
    ///
    /// Savepoints can be nested. The error of `f` is returned as it is.
    pub fn savepoint<T, E>(&mut self, f: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DbError>,
    {
        self.execute("SAVEPOINT step")?;
        let result = f(self);
        // Of several savepoints with one name, both databases mean the innermost.
        self.execute(if result.is_ok() {
            "RELEASE SAVEPOINT step"
        } else {
            "ROLLBACK TO SAVEPOINT step; RELEASE SAVEPOINT step"
        })?;
        result
    }

    /// Whether this is the embedded database; for the few queries that have to differ.
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Conn::Sqlite(_))
    }

    fn execute(&mut self, sql: &str) -> Result<(), DbError> {
        both!(self, c => c.batch_execute(sql)).map_err(DbError::from)
    }

    fn ping(&mut self) -> Result<(), DbError> {
        both!(self, c => c.ping()).map_err(DbError::from)
    }

    /// Whether it was left inside of a transaction, or its server is gone.
    fn is_broken(&mut self) -> bool {
        both!(self, c => c.is_broken())
    }

    fn begin(&mut self, sql: &str) -> Result<(), DbError> {
        both!(self, c => begin(c, sql)).map_err(DbError::from)
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_sqlite() { "Conn::Sqlite" } else { "Conn::Pg" })
    }
}

#[expect(clippy::disallowed_methods, reason = "the doors are the one place that opens transactions")]
fn begin<C>(conn: &mut C, sql: &str) -> diesel::QueryResult<()>
where
    C: diesel::Connection<TransactionManager = AnsiTransactionManager>,
{
    AnsiTransactionManager::begin_transaction_sql(conn, sql)
}

/// How [`Db::write`] works on SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqliteWriter {
    /// One thread carries out what is waiting in one transaction, and answers all after the one flush.
    GroupCommit,
    /// Eight connections and a transaction each, waiting for each other by `busy_timeout`. Only there so that
    /// benchmarks can say what group commit is worth.
    Pool,
}

/// Where the database is and how many connections to keep.
#[derive(Clone)]
pub struct DbOptions {
    /// `postgres://…`, `sqlite:` and a path, or a path alone. `None`: `doorstep.sqlite3` in `data_dir`.
    pub url: Option<String>,
    /// The folder of everything that the program stores; created if missing.
    pub data_dir: PathBuf,
    /// Connections for reading, on SQLite. At least 1.
    pub readers: u32,
    /// Connections, on PostgreSQL. At least 1.
    pub pg_pool: u32,
    /// How to write, on SQLite.
    pub writer: SqliteWriter,
}

impl Default for DbOptions {
    fn default() -> Self {
        Self { url: None, data_dir: "data".into(), readers: 4, pg_pool: 16, writer: SqliteWriter::GroupCommit }
    }
}

impl fmt::Debug for DbOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address can hold a password.
        let url = self.url.as_deref().map(|url| url.split_once(':').map_or("(a path)", |(scheme, _)| scheme));
        f.debug_struct("DbOptions")
            .field("url", &url)
            .field("data_dir", &self.data_dir)
            .field("readers", &self.readers)
            .field("pg_pool", &self.pg_pool)
            .field("writer", &self.writer)
            .finish()
    }
}

/// Which database, and how to reach it.
#[derive(Clone)]
pub(crate) enum Target {
    Sqlite(String),
    Pg(String),
}

impl Target {
    fn of(options: &DbOptions) -> Result<Self, DbError> {
        let Some(url) = options.url.as_deref() else {
            return Self::file(options.data_dir.join("doorstep.sqlite3"));
        };
        match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => Ok(Target::Pg(postgres::with_defaults(url))),
            Some(("sqlite", rest)) => Self::file(rest.strip_prefix("//").unwrap_or(rest).into()),
            // One letter is a drive, not a scheme.
            Some((scheme, _)) if scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric()) => Err(
                DbError::Address(format!("unknown database scheme `{scheme}`: use `postgres://…` or `sqlite:PATH`")),
            ),
            _ => Self::file(url.into()),
        }
    }

    fn file(path: PathBuf) -> Result<Self, DbError> {
        match path.to_str() {
            None => Err(DbError::Address(format!("the path {} is not UTF-8", path.display()))),
            // A database in memory is a different one for each connection.
            Some("" | ":memory:") => Err(DbError::Address("the SQLite database needs a path".to_owned())),
            Some(path) => Ok(Target::Sqlite(path.to_owned())),
        }
    }

    fn connect(&self, mode: Mode) -> Result<Conn, DbError> {
        match self {
            Target::Sqlite(path) => sqlite::connect(path, mode).map(Conn::Sqlite),
            Target::Pg(url) => postgres::connect(url).map(Conn::Pg),
        }
    }
}

/// The database. Cloning is cheap; the last clone closes it, after what is waiting was written.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    target: Target,
    readers: Pool,
    writer: Writer,
}

enum Writer {
    Pool(Pool),
    Group(GroupWriter),
}

impl Db {
    /// Opens the database and makes sure that it answers. Does not [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`DbError::Address`] if the address is none, [`DbError::Unavailable`] if nothing answers there.
    pub async fn open(options: DbOptions) -> Result<Db, DbError> {
        blocking(move || {
            let target = Target::of(&options)?;
            let (readers, writer) = match &target {
                Target::Sqlite(path) => {
                    sqlite::create_folder(path)?;
                    let writer = match options.writer {
                        SqliteWriter::GroupCommit => Writer::Group(GroupWriter::start(path)?),
                        SqliteWriter::Pool => Writer::Pool(Pool::open(target.clone(), Mode::Write, 8)?),
                    };
                    (Pool::open(target.clone(), Mode::Read, options.readers)?, writer)
                }
                Target::Pg(_) => {
                    let pool = Pool::open(target.clone(), Mode::Write, options.pg_pool)?;
                    (pool.clone(), Writer::Pool(pool))
                }
            };
            Ok(Db(Arc::new(Inner { target, readers, writer })))
        })
        .await
    }

    /// Reads, in one snapshot: whatever is written meanwhile, all statements of `f` see the same moment.
    ///
    /// # Errors
    /// What `f` returns, or the door's own [`DbError`]. An attempt to write is an error.
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnMut(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Retry + Send + 'static,
    {
        self.0.readers.run(Mode::Read, f).await
    }

    /// Writes: if `f` returns `Ok`, everything it wrote is committed before this returns; else nothing of it.
    ///
    /// An error that says [`is_conflict`](Retry::is_conflict) makes the door run `f` again, up to 8 more times.
    ///
    /// # Errors
    /// What `f` returns, or the door's own [`DbError`].
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnMut(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Retry + Send + 'static,
    {
        match &self.0.writer {
            Writer::Pool(pool) => pool.run(Mode::Write, f).await,
            Writer::Group(writer) => writer.run(f).await,
        }
    }

    /// Builds or completes the tables and returns the versions that were missing. Does nothing where there is nothing
    /// to do, and is safe when two processes start at once.
    pub async fn migrate(&self) -> Result<Vec<String>, DbError> {
        self.alone(migrations::up).await
    }

    /// Takes every migration back, and so removes **everything** in the database.
    pub async fn unmigrate(&self) -> Result<Vec<String>, DbError> {
        self.alone(migrations::down).await
    }

    /// The migrations that the database still lacks. Takes a lock; meant for start-up, not for each request.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, DbError> {
        self.alone(migrations::pending).await
    }

    async fn alone<T: Send + 'static>(&self, f: fn(&mut Conn) -> Result<T, DbError>) -> Result<T, DbError> {
        let target = self.0.target.clone();
        blocking(move || f(&mut target.connect(Mode::Write)?)).await
    }

    /// Whether the database is the embedded one.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.0.target, Target::Sqlite(_))
    }

    /// Whether the database answers now.
    pub async fn ping(&self) -> Result<(), DbError> {
        self.read(|conn| conn.ping()).await
    }
}

/// Text for a column by which something is listed or found. PostgreSQL cannot store a NUL; the record itself keeps it,
/// escaped in its JSON.
pub(crate) fn column_text(text: &str) -> String {
    text.replace('\0', "")
}

/// Runs what blocks where blocking is allowed.
async fn blocking<T: Send + 'static>(f: impl FnOnce() -> Result<T, DbError> + Send + 'static) -> Result<T, DbError> {
    match tokio::task::spawn_blocking(f).await {
        Ok(result) => result,
        Err(error) => Err(match error.try_into_panic() {
            Ok(panic) => DbError::Panicked(error::panic_text(panic.as_ref())),
            Err(_) => DbError::Unavailable("the program is shutting down".to_owned()),
        }),
    }
}
