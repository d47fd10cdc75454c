//! SQLite without a server: the recorded statements, prepared once, on a copy of the same database with the same
//! settings.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, params_from_iter};

use crate::trace::Statement;

/// Runs the statements and answers how long that took.
pub fn replay(file: &Path, statements: &[Statement]) -> Duration {
    let conn = open(file);
    let begun = Instant::now();
    for statement in statements {
        run(&conn, statement).unwrap_or_else(|error| panic!("{error}: {}", statement.sql));
    }
    begun.elapsed()
}

/// As the server opens it.
pub fn open(file: &Path) -> Connection {
    let conn = Connection::open(file).expect("the copy opens");
    conn.execute_batch(
        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;",
    )
    .expect("the settings are known");
    conn.set_prepared_statement_cache_capacity(1_000);
    conn
}

fn run(conn: &Connection, Statement { sql, values }: &Statement) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached(sql)?;
    if statement.column_count() == 0 {
        statement.execute(params_from_iter(values))?;
        return Ok(());
    }
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            std::hint::black_box(row.get_ref(column)?);
        }
    }
    Ok(())
}

/// Operations in the journal: to see that a replay did what the server did.
pub fn operations(file: &Path) -> i64 {
    open(file).query_row("SELECT count(*) FROM journal", [], |row| row.get(0)).expect("a count")
}
