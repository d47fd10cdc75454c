//! The steps that build the tables, compiled into the program. Each step exists once for each database, under the same name.

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::migration::MigrationVersion;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, DbError, sqlite::statistics};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number will do, if nobody else uses it in the same database.
const ADVISORY_LOCK: i64 = 0x0064_6f6f_7273_7465;

type Steps<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Applies what is missing, oldest first, and returns the versions that it applied. Two processes may do so at once:
/// the second waits and finds nothing to do.
pub(super) fn up(conn: &mut Conn) -> Result<Vec<String>, DbError> {
    alone(conn, |conn| match conn {
        Conn::Sqlite(c) => {
            let versions = names(c.run_pending_migrations(SQLITE)?);
            statistics::assume_a_large_firm(c)?;
            Ok(versions)
        }
        Conn::Pg(c) => Ok(names(c.run_pending_migrations(POSTGRES)?)),
    })
}

/// Takes every step back, newest first. Everything in the database is lost.
pub(super) fn down(conn: &mut Conn) -> Result<Vec<String>, DbError> {
    alone(conn, |conn| match conn {
        Conn::Sqlite(c) => {
            statistics::forget(c)?;
            Ok(names(c.revert_all_migrations(SQLITE)?))
        }
        Conn::Pg(c) => Ok(names(c.revert_all_migrations(POSTGRES)?)),
    })
}

/// The steps that this program knows and the database has not seen.
pub(super) fn pending(conn: &mut Conn) -> Result<Vec<String>, DbError> {
    alone(conn, |conn| match conn {
        Conn::Sqlite(c) => Ok(c.pending_migrations(SQLITE)?.iter().map(|step| step.name().to_string()).collect()),
        Conn::Pg(c) => Ok(c.pending_migrations(POSTGRES)?.iter().map(|step| step.name().to_string()).collect()),
    })
}

fn names(versions: Vec<MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

/// Runs `steps` while no other process can.
///
/// SQLite has one lock, the write lock, so all the steps become one transaction (each a savepoint in it). PostgreSQL has
/// advisory locks, so there each step stays a transaction of its own, or none at all where a step asks for that
/// (an index that is built while the servers go on working).
fn alone<T>(conn: &mut Conn, steps: impl FnOnce(&mut Conn) -> Steps<T>) -> Result<T, DbError> {
    lock(conn)?;
    let result = steps(conn).map_err(|error| DbError::Migration(error.to_string()));
    unlock(conn, result.is_ok())?;
    result
}

fn lock(conn: &mut Conn) -> Result<(), DbError> {
    match conn {
        Conn::Sqlite(c) => super::begin(c, "BEGIN IMMEDIATE")?,
        Conn::Pg(c) => c.batch_execute(&format!("SELECT pg_advisory_lock({ADVISORY_LOCK})"))?,
    }
    Ok(())
}

fn unlock(conn: &mut Conn, keep: bool) -> Result<(), DbError> {
    match conn {
        Conn::Sqlite(c) if keep => AnsiTransactionManager::commit_transaction(c)?,
        Conn::Sqlite(c) => AnsiTransactionManager::rollback_transaction(c)?,
        Conn::Pg(c) => c.batch_execute(&format!("SELECT pg_advisory_unlock({ADVISORY_LOCK})"))?,
    }
    Ok(())
}
