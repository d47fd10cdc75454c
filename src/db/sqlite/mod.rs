//! The embedded database: its connections, and the thread that writes.

pub(super) mod statistics;
mod writer;

use std::{
    ffi::{c_char, c_int},
    path::Path,
    ptr,
    sync::Once,
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

use libsqlite3_sys::{
    SQLITE_CONFIG_MEMSTATUS, SQLITE_CONFIG_MULTITHREAD, SQLITE_DBCONFIG_ENABLE_QPSG, SQLITE_OK, sqlite3,
    sqlite3_api_routines, sqlite3_auto_extension, sqlite3_config, sqlite3_db_config,
};

use super::{DbError, pool::Mode};

pub(super) use writer::GroupWriter;

/// In this order: whatever comes before the time-out can fail because another process holds the lock for a moment.
const SETTINGS: [&str; 7] = [
    "PRAGMA busy_timeout = 10000",
    "PRAGMA journal_mode = WAL",
    // A commit is on the disk before anybody hears of it.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    // In KiB, of which only what is read and written is taken. With the usual 2 MiB a writer reads its own pages again
    // and again.
    "PRAGMA cache_size = -16384",
    // After a burst, give the space of the write-ahead log back: 64 MiB stay.
    "PRAGMA journal_size_limit = 67108864",
];

pub(super) fn connect(path: &str, mode: Mode) -> Result<SqliteConnection, DbError> {
    configure_once();
    let mut conn = SqliteConnection::establish(path)?;
    for setting in SETTINGS {
        conn.batch_execute(setting)?;
    }
    if mode == Mode::Read {
        conn.batch_execute("PRAGMA query_only = ON")?;
    }
    Ok(conn)
}

/// Makes the folder of the database file, readable for this user only, if there is none.
pub(super) fn create_folder(path: &str) -> Result<(), DbError> {
    let Some(folder) = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| DbError::Address(format!("cannot create {}: {error}", folder.display())))
}

/// Settings of SQLite as a whole. Memory statistics take one lock for every allocation of every connection, which makes a
/// second reader slow both down. A lock around each call of a connection is of no use where a connection belongs to one
/// thread at a time, as Rust sees to. And see [`steady_plans`].
fn configure_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        #[expect(unsafe_code, reason = "there is no safe way to a setting of the whole library")]
        // SAFETY: the first option takes one int, the second nothing. They are set before this program's first connection;
        // if another part of the process was earlier, SQLite refuses with SQLITE_MISUSE and nothing changes. The function
        // that is to see new connections lives as long as the process.
        let codes = unsafe {
            [
                sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0),
                sqlite3_config(SQLITE_CONFIG_MULTITHREAD),
                sqlite3_auto_extension(Some(steady_plans)),
            ]
        };
        if codes != [SQLITE_OK; 3] {
            tracing::debug!(?codes, "SQLite was in use already; its settings stay as they were");
        }
    });
}

/// For each new connection: the plan of a statement does not depend on the values that it is run with.
///
/// Otherwise SQLite plans a prepared statement anew whenever a value is bound that might make another plan better (a
/// `LIMIT ?`, anything compared with a column that an index is limited by), and that costs more than running it.
#[expect(unsafe_code, reason = "there is no safe way to this setting of a connection")]
unsafe extern "C" fn steady_plans(conn: *mut sqlite3, _: *mut *mut c_char, _: *const sqlite3_api_routines) -> c_int {
    // SAFETY: the connection is open; the setting takes an int and a place for the answer, which may be null.
    unsafe { sqlite3_db_config(conn, SQLITE_DBCONFIG_ENABLE_QPSG, 1, ptr::null_mut::<c_int>()) }
}
