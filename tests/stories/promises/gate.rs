//! Makes writers meet: on PostgreSQL nothing else is a proof that they do not miss each other.

use std::{
    future::Future,
    sync::{Mutex, mpsc},
};

use diesel::{prelude::*, sql_types::BigInt};
use doorstep::db::{Conn, Db, DbError, both, schema::organisations, types::Uid};
use uuid::Uuid;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many transactions of this PostgreSQL database wait for another one.
async fn waiting(db: &Db) -> i64 {
    let sql = "SELECT count(*) AS count FROM pg_stat_activity
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let work = move |conn: &mut Conn| match conn {
        Conn::Pg(c) => Ok::<_, DbError>(diesel::sql_query(sql).get_result::<Count>(c)?.count),
        Conn::Sqlite(_) => Ok(i64::MAX),
    };
    db.read(work).await.unwrap()
}

/// Starts `these` while every writer of the organisation has to wait at the moment at which it takes its version, and
/// lets go once all of them have come that far: so each has decided before it could see what the others do.
///
/// With SQLite there is one writer at a time, and they only queue.
pub async fn meet<F>(db: &Db, org: Uuid, these: Vec<F>) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (entered, inside) = mpsc::channel::<()>();
    let (release, released) = mpsc::channel::<()>();
    let (gate, released) = (db.clone(), Mutex::new(released));
    let hold = move |conn: &mut Conn| {
        let row = organisations::table.find(Uid(org));
        let lock = diesel::update(row).set(organisations::horizon.eq(organisations::horizon));
        both!(conn, c => lock.execute(c))?;
        entered.send(()).ok();
        released.lock().unwrap().recv().ok();
        Ok::<_, DbError>(())
    };
    let holding = tokio::spawn(async move { gate.write(hold).await });
    tokio::task::spawn_blocking(move || inside.recv()).await.unwrap().unwrap();
    let mut tasks = Vec::new();
    for (n, one) in (1..).zip(these) {
        tasks.push(tokio::spawn(one));
        // One after the other, so that the first to come is the first to go on.
        while waiting(db).await < n {
            tokio::task::yield_now().await;
        }
    }
    release.send(()).unwrap();
    holding.await.unwrap().unwrap();
    let mut outputs = Vec::new();
    for task in tasks {
        outputs.push(task.await.unwrap());
    }
    outputs
}
