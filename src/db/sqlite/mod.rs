//! The embedded database: its connections, and the thread that writes.

mod writer;

use std::{path::Path, sync::Once};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

use super::{DbError, pool::Mode};

pub(super) use writer::GroupWriter;

/// In this order: whatever comes before the time-out can fail because another process holds the lock for a moment.
const SETTINGS: [&str; 6] = [
    "PRAGMA busy_timeout = 10000",
    "PRAGMA journal_mode = WAL",
    // A commit is on the disk before anybody hears of it.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
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

/// Switches SQLite's memory statistics off. They take one lock for every allocation of every connection, which makes
/// a second reader slow both down.
fn configure_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        #[expect(unsafe_code, reason = "there is no safe way to a setting of the whole library")]
        // SAFETY: this option takes one int. It is called before this program's first connection; if another part of the
        // process was earlier, SQLite refuses with SQLITE_MISUSE and nothing changes.
        let code = unsafe { libsqlite3_sys::sqlite3_config(libsqlite3_sys::SQLITE_CONFIG_MEMSTATUS, 0) };
        if code != libsqlite3_sys::SQLITE_OK {
            tracing::debug!(code, "SQLite was in use already; its memory statistics stay on");
        }
    });
}
