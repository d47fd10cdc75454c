//! What the server's writer really asks of SQLite: every statement with its values, in order.
//!
//! The bare loop that the server is compared with runs exactly these, so it cannot be an easier job than the server's,
//! and it follows by itself when the server changes.
#![expect(unsafe_code, reason = "SQLite hands statements to a tracer by pointer")]

use std::{
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use libsqlite3_sys::{
    SQLITE_OK, SQLITE_TRACE_STMT, sqlite3, sqlite3_api_routines, sqlite3_auto_extension, sqlite3_expanded_sql,
    sqlite3_free, sqlite3_sql, sqlite3_stmt, sqlite3_trace_v2,
};
use rusqlite::types::Value;

/// A statement as it was run.
#[derive(Clone, Debug)]
pub struct Statement {
    pub sql: String,
    pub values: Vec<Value>,
}

/// Whether the next connection is the one to listen to.
static ARMED: AtomicBool = AtomicBool::new(false);
static RECORDING: AtomicBool = AtomicBool::new(false);
/// Pairs of a statement's text and the same text with its values filled in.
static SEEN: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// Listens to the next connection that anybody in this process opens: a database opens its writer's first.
pub fn next_connection() {
    ARMED.store(true, Ordering::SeqCst);
    // SAFETY: `opened` has the signature of an extension's entry point and lives as long as the process.
    let code = unsafe { sqlite3_auto_extension(Some(opened)) };
    assert_eq!(code, SQLITE_OK);
}

/// What the connection runs while `work` lasts.
pub fn during(work: impl FnOnce()) -> Vec<Statement> {
    seen().clear();
    RECORDING.store(true, Ordering::SeqCst);
    work();
    RECORDING.store(false, Ordering::SeqCst);
    seen().drain(..).map(|(sql, full)| Statement { values: values(&sql, &full), sql }).collect()
}

fn seen() -> std::sync::MutexGuard<'static, Vec<(String, String)>> {
    SEEN.lock().expect("nobody panics with it")
}

unsafe extern "C" fn opened(conn: *mut sqlite3, _: *mut *mut c_char, _: *const sqlite3_api_routines) -> c_int {
    if ARMED.swap(false, Ordering::SeqCst) {
        // SAFETY: the connection is open, and `ran` has the signature that SQLITE_TRACE_STMT asks for.
        unsafe { sqlite3_trace_v2(conn, SQLITE_TRACE_STMT as c_uint, Some(ran), std::ptr::null_mut()) };
    }
    SQLITE_OK
}

unsafe extern "C" fn ran(_: c_uint, _: *mut c_void, statement: *mut c_void, _: *mut c_void) -> c_int {
    if RECORDING.load(Ordering::SeqCst) {
        let statement = statement.cast::<sqlite3_stmt>();
        // SAFETY: SQLite passes the statement that begins to run; the expanded text is ours to free.
        unsafe {
            let sql = CStr::from_ptr(sqlite3_sql(statement)).to_string_lossy().into_owned();
            let expanded = sqlite3_expanded_sql(statement);
            let full = CStr::from_ptr(expanded).to_string_lossy().into_owned();
            sqlite3_free(expanded.cast());
            seen().push((sql, full));
        }
    }
    0
}

/// Reads the values out of the text in which SQLite put them in place of the question marks.
fn values(sql: &str, full: &str) -> Vec<Value> {
    let (mut values, mut rest) = (Vec::new(), full);
    let mut quote = None;
    for c in sql.chars() {
        if c == '?' && quote.is_none() {
            let (value, behind) = literal(rest);
            values.push(value);
            rest = behind;
            continue;
        }
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
            _ => {}
        }
        rest = rest.strip_prefix(c).expect("the texts are the same between the values");
    }
    values
}

fn literal(text: &str) -> (Value, &str) {
    if let Some(rest) = text.strip_prefix("NULL") {
        return (Value::Null, rest);
    }
    if let Some(rest) = text.strip_prefix("x'") {
        let (hex, rest) = rest.split_once('\'').expect("a blob ends");
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
        return (Value::Blob((0..hex.len()).step_by(2).map(byte).collect()), rest);
    }
    if let Some(rest) = text.strip_prefix('\'') {
        let mut end = 0;
        loop {
            end += rest[end..].find('\'').expect("a text ends");
            if !rest[end + 1..].starts_with('\'') {
                return (Value::Text(rest[..end].replace("''", "'")), &rest[end + 1..]);
            }
            end += 2;
        }
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
    (Value::Integer(text[..end].parse().expect("an integer")), &text[end..])
}
