use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
    mpsc,
};

use diesel::{
    Connection, RunQueryDsl,
    connection::{Instrumentation, InstrumentationEvent},
    result::Error as DieselError,
};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::QUEUE;
use crate::db::{Conn, Db, DbError, DbOptions, SqliteWriter};

diesel::table! {
    tally (id) { id -> BigInt, n -> BigInt, }
}

/// A database with one table, and the folder that must outlive it.
async fn open(writer: SqliteWriter) -> (Db, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = DbOptions { data_dir: folder.path().join("new"), writer, ..DbOptions::default() };
    let db = Db::open(options).await.unwrap();
    db.write(|c| {
        c.execute("CREATE TABLE tally (id INTEGER PRIMARY KEY, n BIGINT NOT NULL); INSERT INTO tally VALUES (0, 0)")?;
        c.execute("CREATE TABLE child (tally_id BIGINT NOT NULL REFERENCES tally (id) DEFERRABLE INITIALLY DEFERRED)")
    })
    .await
    .unwrap();
    (db, folder)
}

async fn grouped() -> (Db, TempDir) {
    open(SqliteWriter::GroupCommit).await
}

async fn ids(db: &Db) -> Vec<i64> {
    use diesel::{ExpressionMethods, QueryDsl};
    db.read(|c| match c {
        Conn::Sqlite(c) => Ok(tally::table.select(tally::id).filter(tally::id.gt(0)).order(tally::id).load(c)?),
        Conn::Pg(_) => unreachable!(),
    })
    .await
    .unwrap_or_else(|error: DbError| panic!("{error}"))
}

fn insert(conn: &mut Conn, id: i64) -> Result<(), DbError> {
    conn.execute(&format!("INSERT INTO tally VALUES ({id}, 0)"))
}

/// Keeps the writing thread busy until the returned sender is dropped, so that what comes next shares a batch.
async fn hold(db: &Db) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), DbError>>) {
    let (release, wait) = mpsc::channel::<()>();
    let (started, start) = tokio::sync::oneshot::channel();
    let mut started = Some(started);
    let db = db.clone();
    let held = tokio::spawn(async move {
        db.write(move |_| {
            if let Some(started) = started.take() {
                started.send(()).ok();
            }
            wait.recv().ok();
            Ok(())
        })
        .await
    });
    start.await.unwrap();
    (release, held)
}

/// Gives `count` spawned tasks the time to come to their first wait.
async fn let_them_queue(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

/// Queues `spoil` between neighbours, in one batch, and returns its answer. The neighbours must all be kept.
async fn among_neighbours(spoil: impl FnMut(&mut Conn) -> Result<(), DbError> + Send + 'static) -> Result<(), DbError> {
    let (db, _folder) = grouped().await;
    let (release, held) = hold(&db).await;
    let mut neighbours = JoinSet::new();
    let mut spoil = Some(spoil);
    let mut spoilt = None;
    for id in 1..=20 {
        if let (10, Some(spoil)) = (id, spoil.take_if(|_| id == 10)) {
            let db = db.clone();
            spoilt = Some(tokio::spawn(async move { db.write(spoil).await }));
        } else {
            let db = db.clone();
            neighbours.spawn(async move { db.write(move |c| insert(c, id)).await });
        }
        let_them_queue(1).await;
    }
    drop(release);
    held.await.unwrap().unwrap();
    for answer in neighbours.join_all().await {
        answer.unwrap();
    }
    assert_eq!(ids(&db).await, (1..=20).filter(|id| *id != 10).collect::<Vec<_>>());
    spoilt.unwrap().await.unwrap()
}

#[tokio::test]
async fn a_failing_closure_leaves_nothing_and_its_neighbours_alone() {
    let answer = among_neighbours(|c| {
        insert(c, 100)?;
        insert(c, 100)
    })
    .await;
    assert!(matches!(answer, Err(DbError::Query(DieselError::DatabaseError(..)))), "{answer:?}");
}

#[tokio::test]
async fn a_panicking_closure_is_answered_and_the_thread_survives() {
    let answer = among_neighbours(|c| {
        insert(c, 100)?;
        c.savepoint(|c| {
            insert(c, 101)?;
            panic!("as {}", "planned")
        })
    })
    .await;
    assert!(matches!(&answer, Err(DbError::Panicked(text)) if text == "as planned"), "{answer:?}");
}

#[tokio::test]
async fn a_closure_that_makes_sqlite_give_up_the_transaction_hurts_nobody_else() {
    let answer = among_neighbours(|c| {
        insert(c, 100)?;
        c.execute("INSERT OR ROLLBACK INTO tally VALUES (0, 0)")
    })
    .await;
    assert!(answer.is_err(), "{answer:?}");
}

#[tokio::test]
async fn a_closure_that_only_the_commit_refuses_hurts_nobody_else() {
    let answer = among_neighbours(|c| c.execute("INSERT INTO child VALUES (4711)")).await;
    assert!(matches!(&answer, Err(DbError::Query(error)) if error.to_string().contains("FOREIGN KEY")), "{answer:?}");
}

#[tokio::test]
async fn a_conflict_is_repeated_and_the_attempts_before_leave_nothing() {
    let (db, _folder) = grouped().await;
    let mut id = 0;
    let answer = db
        .write(move |c| {
            id += 1;
            insert(c, id)?;
            if id < 3 { Err(DbError::Conflict) } else { Ok(id) }
        })
        .await;
    assert_eq!(answer.unwrap(), 3);
    assert_eq!(ids(&db).await, [3]);
}

#[tokio::test]
async fn a_conflict_that_stays_is_answered_after_nine_attempts() {
    for writer in [SqliteWriter::GroupCommit, SqliteWriter::Pool] {
        let (db, _folder) = open(writer).await;
        let attempts = Arc::new(AtomicU32::new(0));
        let counted = attempts.clone();
        let answer = db
            .write(move |_| -> Result<(), _> {
                counted.fetch_add(1, Ordering::Relaxed);
                Err(DbError::Conflict)
            })
            .await;
        assert!(matches!(answer, Err(DbError::Conflict)), "{answer:?}");
        assert_eq!(attempts.load(Ordering::Relaxed), 9);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_32_writers_at_once_every_increment_is_kept() {
    for writer in [SqliteWriter::GroupCommit, SqliteWriter::Pool] {
        let (db, _folder) = open(writer).await;
        let mut writers = JoinSet::new();
        for _ in 0..32 {
            let db = db.clone();
            writers.spawn(async move {
                for _ in 0..20 {
                    db.write(|c| c.execute("UPDATE tally SET n = n + 1 WHERE id = 0")).await.unwrap();
                }
            });
        }
        writers.join_all().await;
        let sum = db.read(|c| match c {
            Conn::Sqlite(c) => {
                use diesel::QueryDsl;
                Ok::<i64, DbError>(tally::table.find(0).select(tally::n).first(c)?)
            }
            Conn::Pg(_) => unreachable!(),
        });
        assert_eq!(sum.await.unwrap(), 32 * 20);
    }
}

#[tokio::test]
async fn a_full_queue_is_answered_at_once_and_what_waits_is_still_written() {
    let (db, _folder) = grouped().await;
    let (release, held) = hold(&db).await;
    let mut waiting = JoinSet::new();
    for id in 1..=i64::try_from(QUEUE).unwrap() {
        let db = db.clone();
        waiting.spawn(async move { db.write(move |c| insert(c, id)).await });
    }
    let_them_queue(QUEUE).await;
    let answer = db.write(|c| insert(c, 1_000_000)).await;
    assert!(matches!(answer, Err(DbError::Unavailable(_))), "{answer:?}");
    drop(release);
    held.await.unwrap().unwrap();
    assert!(waiting.join_all().await.iter().all(Result::is_ok));
    assert_eq!(ids(&db).await.len(), QUEUE);
}

#[tokio::test]
async fn what_waits_is_written_before_the_database_closes() {
    let (db, folder) = grouped().await;
    let (release, held) = hold(&db).await;
    let waiting = tokio::spawn({
        let db = db.clone();
        async move { db.write(|c| insert(c, 1)).await }
    });
    let_them_queue(1).await;
    // Nobody waits for the answers any more.
    held.abort();
    waiting.abort();
    drop(release);
    drop(db);
    tokio::task::yield_now().await;
    let again = Db::open(DbOptions { data_dir: folder.path().join("new"), ..DbOptions::default() }).await.unwrap();
    assert_eq!(ids(&again).await, [1]);
}

#[tokio::test]
async fn a_statement_is_prepared_once_for_all_transactions() {
    struct Count(Arc<AtomicU32>);
    impl Instrumentation for Count {
        fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
            if let InstrumentationEvent::CacheQuery { .. } = event {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    let (db, _folder) = grouped().await;
    let prepared = Arc::new(AtomicU32::new(0));
    for id in 1..=5_i64 {
        let count = prepared.clone();
        db.write(move |c| match c {
            Conn::Sqlite(c) => {
                use diesel::ExpressionMethods;
                c.set_instrumentation(Count(count.clone()));
                let row = (tally::id.eq(id), tally::n.eq(0));
                diesel::insert_into(tally::table).values(row).execute(c)?;
                Ok::<_, DbError>(())
            }
            Conn::Pg(_) => unreachable!(),
        })
        .await
        .unwrap();
    }
    assert_eq!(prepared.load(Ordering::Relaxed), 1);
}
