//! PostgreSQL, in the cluster that `scripts/test --with-postgres` started.

use std::sync::atomic::{AtomicU32, Ordering};

use diesel::{Connection, PgConnection, connection::SimpleConnection};

/// A database that goes when it is dropped.
pub struct Database {
    name: String,
    pub url: String,
}

impl Database {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("doorstep_bench_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        maintain(&format!("CREATE DATABASE {name}"));
        Self { url: url(&name), name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        maintain(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// The address of a database in the cluster.
fn url(name: &str) -> String {
    let url =
        std::env::var("DOORSTEP_TEST_POSTGRES").expect("run scripts/test --with-postgres cargo bench --bench speed");
    let (address, parameters) = url.split_once('?').unwrap_or((&url, ""));
    let (server, _) = address.rsplit_once('/').expect("postgres://…/database");
    format!("{server}/{name}?{parameters}")
}

fn maintain(sql: &str) {
    let mut conn = PgConnection::establish(&url("postgres")).expect("the cluster answers");
    conn.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}
