//! A database for each test, copied from one that was migrated once.

use std::{
    ops::Deref,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use doorstep::db::{Db, DbOptions};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{Backend, World};

/// An open database with all tables and no rows, and a folder of its own. Both go with it.
pub struct TestDb {
    db: Db,
    options: DbOptions,
    /// The name of the database, on PostgreSQL.
    name: Option<String>,
    _folder: TempDir,
}

impl World for TestDb {
    async fn on(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite().await,
            Backend::Postgres => Self::postgres().await,
        }
    }
}

impl Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl TestDb {
    /// In an SQLite file.
    pub async fn sqlite() -> Self {
        static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(sqlite_template).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(file(folder.path()), template).unwrap();
        Self::open(folder, None).await
    }

    /// In a PostgreSQL database.
    pub async fn postgres() -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(postgres_template).await;
        let name = unique_name();
        maintain(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Self::open(tempfile::tempdir().unwrap(), Some(name)).await
    }

    /// Without any tables.
    pub async fn empty(backend: Backend) -> Self {
        let name = (backend == Backend::Postgres).then(unique_name);
        if let Some(name) = &name {
            maintain(&format!("CREATE DATABASE {name}"));
        }
        Self::open(tempfile::tempdir().unwrap(), name).await
    }

    async fn open(folder: TempDir, name: Option<String>) -> Self {
        let options = DbOptions {
            url: name.as_deref().map(postgres_url),
            data_dir: folder.path().to_owned(),
            ..DbOptions::default()
        };
        Self { db: Db::open(options.clone()).await.unwrap(), options, name, _folder: folder }
    }

    /// What opens the same database again, as a second server would.
    pub fn options(&self) -> DbOptions {
        self.options.clone()
    }

    /// Cuts every connection to this PostgreSQL database, and lets no new one in unless `open`.
    pub fn cut(&self, open: bool) {
        let name = self.name.as_deref().expect("an SQLite file has no connections to cut");
        maintain(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {open}"));
        maintain(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // Best effort: a failing test should show its own failure.
            if let Ok(mut conn) = PgConnection::establish(&postgres_url("postgres")) {
                conn.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).ok();
            }
        }
    }
}

fn file(folder: &Path) -> std::path::PathBuf {
    folder.join("doorstep.sqlite3")
}

async fn sqlite_template() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(DbOptions { data_dir: folder.path().to_owned(), ..DbOptions::default() }).await.unwrap();
    db.migrate().await.unwrap();
    drop(db);
    // Everything into the one file that is copied.
    let mut conn = SqliteConnection::establish(file(folder.path()).to_str().unwrap()).unwrap();
    conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    std::fs::read(file(folder.path())).unwrap()
}

async fn postgres_template() -> String {
    let name = format!("{}_template", unique_name());
    maintain(&format!("CREATE DATABASE {name}"));
    let db = Db::open(DbOptions { url: Some(postgres_url(&name)), ..DbOptions::default() }).await.unwrap();
    db.migrate().await.unwrap();
    drop(db);
    // A database can be copied only while nobody is connected.
    maintain(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    maintain(&format!("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'"));
    name
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("doorstep_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The address of the database `name` in the cluster that the tests may use.
fn postgres_url(name: &str) -> String {
    let url = std::env::var("DOORSTEP_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "DOORSTEP_TEST_POSTGRES is not set, so there is no PostgreSQL to test on: run scripts/test, \
             or scripts/test --with-postgres cargo test …"
        )
    });
    let (address, parameters) = url.split_once('?').unwrap_or((&url, ""));
    let (server, _) = address.rsplit_once('/').expect("postgres://…/database");
    format!("{server}/{name}?{parameters}")
}

/// Runs a statement of the administrator's kind.
fn maintain(sql: &str) {
    let mut conn = PgConnection::establish(&postgres_url("postgres")).expect("DOORSTEP_TEST_POSTGRES answers");
    conn.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}
