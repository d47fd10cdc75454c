//! The phone's file: an SQLite database that survives being killed between any two instructions.

pub mod accounts;
pub mod copies;
pub mod outbox;
pub mod photos;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// What this program writes. A file of a newer program is left alone.
const SCHEMA: i64 = 1;

/// Why the file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own report: disk full, file damaged…
    #[error("the phone's database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The file holds something that this program cannot have written.
    #[error("the phone's database holds a broken `{0}`")]
    Broken(&'static str),
    /// The app was replaced by an older one.
    #[error("the phone's database is of a newer app (schema {0})")]
    Newer(i64),
    /// The account is not in this file.
    #[error("no such account")]
    NoAccount,
}

/// The open file. Clones share it.
#[derive(Clone, Debug)]
pub struct Store(Arc<Mutex<Connection>>);

impl Store {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// If it cannot be opened, or a newer app wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        // FULL: what a person recorded must survive a battery that falls out, not only a crash of the program.
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
        connection.set_prepared_statement_cache_capacity(64);
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match tx.pragma_query_value(None, "user_version", |row| row.get(0))? {
            0 => {
                tx.execute_batch(include_str!("store/schema.sql"))?;
                tx.pragma_update(None, "user_version", SCHEMA)?;
            }
            SCHEMA => {}
            newer => return Err(StoreError::Newer(newer)),
        }
        tx.commit()?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs `work` in one transaction: all of it lasts, or nothing.
    ///
    /// # Errors
    /// Those of `work`, after which nothing has changed, and those of the commit.
    pub fn now<T, E: From<StoreError>>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, E>) -> Result<T, E> {
        // A panic inside `work` rolled its transaction back, so the connection is as good as before.
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let tx = begun.map_err(StoreError::from)?;
        let done = work(&tx)?;
        tx.commit().map_err(StoreError::from)?;
        Ok(done)
    }

    /// [`Store::now`] on a thread that may wait for the disk, for callers that must not.
    ///
    /// # Errors
    /// Those of [`Store::now`].
    pub async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let store = self.clone();
        match tokio::task::spawn_blocking(move || store.now(work)).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Only when the program is going down; the transaction did not run.
            Err(_) => Err(StoreError::Broken("runtime").into()),
        }
    }
}

/// Text of the file as JSON, with a name for the report if it is none.
fn parse<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Broken(what))
}

/// JSON for the file.
fn write<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Broken(what))
}

/// A UUID as it stands in the file.
fn parse_id(what: &'static str, text: &str) -> Result<uuid::Uuid, StoreError> {
    uuid::Uuid::parse_str(text).map_err(|_| StoreError::Broken(what))
}
