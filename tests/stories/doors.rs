//! The promises of `Db::read` and `Db::write`.

use std::sync::{
    Arc, Barrier,
    atomic::{AtomicU32, Ordering},
    mpsc,
};

use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl,
    connection::{Connection, Instrumentation, InstrumentationEvent, SimpleConnection},
};
use doorstep::db::{
    Conn, Db, DbError, Prepared, both,
    schema::{organisations, signing_keys},
    types::{JsonText, Micros, TextEnum, Uid},
};
use mobile_api::ids::Id;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::harness::TestDb;

fn uid(n: u128) -> Uid {
    Uid(Uuid::from_u128(n))
}

/// An update, which diesel keeps only if it is told to.
fn bump(conn: &mut Conn, n: u128) -> Result<(), DbError> {
    let update = diesel::update(organisations::table.find(uid(n)))
        .set(organisations::version.eq(organisations::version + 1))
        .returning(organisations::version);
    let versions: Vec<i64> = both!(conn, c => Prepared(update).rows(c))?;
    assert_eq!(versions, [1]);
    Ok(())
}

fn add(conn: &mut Conn, n: u128) -> Result<usize, DbError> {
    let row = (
        organisations::id.eq(uid(n)),
        organisations::slug.eq(n.to_string()),
        organisations::epoch.eq(uid(n)),
        organisations::secret.eq(vec![0; 32]),
        organisations::version.eq(0),
        organisations::horizon.eq(0),
        organisations::created_at.eq(Micros::from(DateTime::UNIX_EPOCH)),
    );
    Ok(both!(conn, c => diesel::insert_into(organisations::table).values(row).execute(c))?)
}

fn version(conn: &mut Conn, n: u128) -> Result<Option<i64>, DbError> {
    let query = organisations::table.find(uid(n)).select(organisations::version);
    Ok(both!(conn, c => query.first(c).optional())?)
}

fn raise(conn: &mut Conn, n: u128) -> Result<usize, DbError> {
    let query =
        diesel::update(organisations::table.find(uid(n))).set(organisations::version.eq(organisations::version + 1));
    Ok(both!(conn, c => query.execute(c))?)
}

async fn count(db: &Db) -> i64 {
    db.read(|conn| Ok::<_, DbError>(both!(conn, c => organisations::table.count().get_result(c))?)).await.unwrap()
}

stories! {
    async fn what_a_write_returned_is_seen_by_the_next_read(db: TestDb) {
        db.write(|conn| add(conn, 1)).await.unwrap();
        assert_eq!(db.read(|conn| version(conn, 1)).await.unwrap(), Some(0));
        assert_eq!(db.read(|conn| version(conn, 2)).await.unwrap(), None);
        db.ping().await.unwrap();
    }

    async fn of_a_failed_write_nothing_remains(db: TestDb) {
        let answer = db.write(|conn| { add(conn, 1)?; add(conn, 2)?; Err::<(), _>(DbError::Migration("no".into())) }).await;
        assert!(matches!(answer, Err(DbError::Migration(_))), "the closure's own error: {answer:?}");
        assert_eq!(count(&db).await, 0);
    }

    async fn a_panic_is_an_error_and_nothing_remains(db: TestDb) {
        let answer = db
            .write(|conn| -> Result<(), DbError> {
                conn.savepoint(|conn| {
                    add(conn, 1)?;
                    panic!("as planned")
                })
            })
            .await;
        assert!(matches!(&answer, Err(DbError::Panicked(text)) if text == "as planned"), "{answer:?}");
        assert_eq!(count(&db).await, 0);
        let answer = db.read(|_| -> Result<(), DbError> { panic!("in a read") }).await;
        assert!(matches!(answer, Err(DbError::Panicked(_))), "{answer:?}");
        db.write(|conn| add(conn, 1)).await.unwrap();
    }

    async fn a_savepoint_undoes_its_own_and_no_more(db: TestDb) {
        db.write(|conn| {
            add(conn, 1)?;
            let undone: Result<(), DbError> = conn.savepoint(|conn| {
                add(conn, 2)?;
                let kept = conn.savepoint(|conn| add(conn, 3));
                assert!(kept.is_ok());
                add(conn, 1)?;
                Ok(())
            });
            assert!(undone.is_err());
            let inner_undone: Result<(), DbError> = conn.savepoint(|conn| {
                add(conn, 4)?;
                let undone: Result<usize, DbError> = conn.savepoint(|conn| { add(conn, 5)?; add(conn, 5) });
                assert!(undone.is_err());
                Ok(())
            });
            inner_undone
        })
        .await
        .unwrap();
        let mut left = db
            .read(|conn| Ok::<_, DbError>(both!(conn, c => organisations::table.select(organisations::slug).load::<String>(c))?))
            .await
            .unwrap();
        left.sort();
        assert_eq!(left, ["1", "4"]);
    }

    async fn a_read_cannot_write(db: TestDb) {
        let answer = db.read(|conn| add(conn, 1)).await;
        assert!(matches!(answer, Err(DbError::Query(_))), "{answer:?}");
        assert_eq!(count(&db).await, 0);
    }

    async fn a_read_sees_one_moment(db: TestDb) {
        db.write(|conn| add(conn, 1)).await.unwrap();
        let (looked, has_looked) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let reading = tokio::spawn({
            let db = (*db).clone();
            async move {
                db.read(move |conn| {
                    let before = version(conn, 1)?;
                    looked.send(()).ok();
                    may_go_on.recv().ok();
                    Ok::<_, DbError>((before, version(conn, 1)?))
                })
                .await
            }
        });
        tokio::task::spawn_blocking(move || has_looked.recv()).await.unwrap().unwrap();
        db.write(|conn| raise(conn, 1)).await.unwrap();
        drop(go_on);
        assert_eq!(reading.await.unwrap().unwrap(), (Some(0), Some(0)));
        assert_eq!(db.read(|conn| version(conn, 1)).await.unwrap(), Some(1));
    }

    async fn a_conflict_is_repeated_from_the_start(db: TestDb) {
        let mut attempts = 0;
        let answer = db
            .write(move |conn| {
                attempts += 1;
                add(conn, 1)?;
                if attempts < 4 { Err(DbError::Conflict) } else { Ok(attempts) }
            })
            .await;
        assert_eq!(answer.unwrap(), 4);
        assert_eq!(count(&db).await, 1);
    }

    async fn a_conflict_that_stays_is_answered_after_nine_attempts(db: TestDb) {
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

    async fn of_32_writers_at_once_every_increment_is_kept(db: TestDb) {
        db.write(|conn| add(conn, 1)).await.unwrap();
        let mut writers = JoinSet::new();
        for _ in 0..32 {
            let db = (*db).clone();
            writers.spawn(async move {
                for _ in 0..10 {
                    db.write(|conn| raise(conn, 1)).await.unwrap();
                }
            });
        }
        writers.join_all().await;
        assert_eq!(db.read(|conn| version(conn, 1)).await.unwrap(), Some(320));
    }

    /// Look, then act on what was seen: safe, because the acting statement says what it relies on.
    async fn of_writers_that_look_first_every_increment_is_kept(db: TestDb) {
        db.write(|conn| add(conn, 1)).await.unwrap();
        let mut writers = JoinSet::new();
        for _ in 0..4 {
            let db = (*db).clone();
            writers.spawn(async move {
                for _ in 0..10 {
                    db.write(|conn| {
                        let seen = version(conn, 1)?.unwrap();
                        let row = organisations::table.find(uid(1)).filter(organisations::version.eq(seen));
                        let change = diesel::update(row).set(organisations::version.eq(seen + 1));
                        match both!(conn, c => change.execute(c))? {
                            0 => Err(DbError::Conflict),
                            _ => Ok(()),
                        }
                    })
                    .await
                    .unwrap();
                }
            });
        }
        writers.join_all().await;
        assert_eq!(db.read(|conn| version(conn, 1)).await.unwrap(), Some(40));
    }

    async fn ids_instants_json_and_enums_come_back_as_they_went(db: TestDb) {
        struct Thing;
        let id: Id<Thing> = Id::new(Uuid::from_u128(0xfedc_ba98_7654_3210_0123_4567_89ab_cdef));
        // Before 1970, and finer than a microsecond.
        let at: DateTime<Utc> = "1969-07-20T20:17:40.123456789Z".parse().unwrap();
        let json = serde_json::json!({ "quoted \" 门": [1, null, "line\nbreak"] });
        let stored = json.clone();
        db.write(move |conn| {
            add(conn, 1)?;
            let change = diesel::update(organisations::table.find(uid(1)))
                .set((organisations::epoch.eq(Uid::from(id)), organisations::created_at.eq(Micros::from(at))));
            both!(conn, c => change.execute(c))?;
            let key = (
                signing_keys::kid.eq(TextEnum(Light::Green)),
                signing_keys::private_pem.eq(JsonText(stored.clone())),
                signing_keys::public_pem.eq("Zoë 门"),
                signing_keys::created_at.eq(Micros::from(DateTime::<Utc>::MAX_UTC)),
                signing_keys::retires_at.eq(None::<Micros>),
            );
            Ok::<_, DbError>(both!(conn, c => diesel::insert_into(signing_keys::table).values(key).execute(c))?)
        })
        .await
        .unwrap();
        let columns = (organisations::epoch, organisations::created_at);
        let found: (Uid, Micros) = db
            .read(move |conn| Ok::<_, DbError>(both!(conn, c => organisations::table.find(uid(1)).select(columns).first(c))?))
            .await
            .unwrap();
        assert_eq!(Id::<Thing>::from(found.0), id);
        assert_eq!(found.1.time(), "1969-07-20T20:17:40.123456Z".parse::<DateTime<Utc>>().unwrap());
        type Key = (TextEnum<Light>, JsonText<serde_json::Value>, String, Micros, Option<Micros>);
        let keys: Vec<Key> =
            db.read(|conn| Ok::<_, DbError>(both!(conn, c => signing_keys::table.load(c))?)).await.unwrap();
        let end_of_time = Micros::from(DateTime::<Utc>::MAX_UTC);
        assert_eq!(keys, [(TextEnum(Light::Green), JsonText(json), "Zoë 门".to_owned(), end_of_time, None)]);
        let change = || diesel::update(signing_keys::table).set(signing_keys::kid.eq("blue"));
        db.write(move |conn| Ok::<_, DbError>(both!(conn, c => change().execute(c))?)).await.unwrap();
        let unknown: Result<Vec<TextEnum<Light>>, DbError> =
            db.read(|conn| Ok(both!(conn, c => signing_keys::table.select(signing_keys::kid).load(c))?)).await;
        assert!(format!("{unknown:?}").contains("no light is blue"), "{unknown:?}");
    }

    async fn a_statement_is_prepared_once_for_all_transactions(db: TestDb) {
        let prepared = Arc::new(AtomicU32::new(0));
        // One connection: what is prepared is prepared once for each.
        let one = Db::open(doorstep::db::DbOptions { pg_pool: 1, ..db.options() }).await.unwrap();
        for n in 1..=5 {
            let counter = prepared.clone();
            one.write(move |conn| {
                both!(&mut *conn, c => c.set_instrumentation(Counter(counter.clone())));
                add(conn, n)?;
                bump(conn, n)
            })
            .await
            .unwrap();
        }
        assert_eq!(prepared.load(Ordering::Relaxed), 2, "an insert and an update");
    }
}

/// An enum that knows its names, as those of the wire do.
#[derive(Debug, PartialEq)]
enum Light {
    Green,
}

impl std::fmt::Display for Light {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("green")
    }
}

impl std::str::FromStr for Light {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "green" { Ok(Light::Green) } else { Err(format!("no light is {text}")) }
    }
}

/// Counts statements that are prepared to be kept.
struct Counter(Arc<AtomicU32>);

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::CacheQuery { .. } = event {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What can only happen with a server and several writers at once.
mod postgres {
    use super::*;

    /// The statements of an administrator, as SQL.
    fn sql(conn: &mut Conn, text: &str) -> Result<(), DbError> {
        Ok(both!(conn, c => c.batch_execute(text))?)
    }

    /// Runs two writes that both have done `first` before either goes on to `then` – in their first attempt; a repeated
    /// one has nobody to wait for. Returns how often closures ran.
    async fn collide(
        db: &Db,
        first: fn(&mut Conn, u128) -> Result<(), DbError>,
        then: fn(&mut Conn, u128) -> Result<(), DbError>,
    ) -> u32 {
        let (meet, runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
        let mut writers = JoinSet::new();
        for who in [1, 2] {
            let (db, meet, runs) = (db.clone(), meet.clone(), runs.clone());
            let mut repeated = false;
            writers.spawn(async move {
                db.write(move |conn| {
                    runs.fetch_add(1, Ordering::Relaxed);
                    first(conn, who)?;
                    if !std::mem::replace(&mut repeated, true) {
                        meet.wait();
                    }
                    then(conn, who)
                })
                .await
            });
        }
        for answer in writers.join_all().await {
            answer.unwrap();
        }
        runs.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn who_loses_a_race_for_a_key_looks_again() {
        let db = TestDb::postgres().await;
        let look_then_add = |conn: &mut Conn, _| {
            if version(conn, 7)?.is_none() {
                // Both have looked before either adds.
                std::thread::sleep(std::time::Duration::from_millis(200));
                add(conn, 7)?;
            }
            raise(conn, 7).map(drop)
        };
        assert_eq!(collide(&db, |_, _| Ok(()), look_then_add).await, 3);
        assert_eq!(db.read(|conn| version(conn, 7)).await.unwrap(), Some(2));
    }

    #[tokio::test]
    async fn a_deadlock_is_repeated() {
        let db = TestDb::postgres().await;
        db.write(|conn| {
            add(conn, 1)?;
            add(conn, 2)
        })
        .await
        .unwrap();
        let own = |conn: &mut Conn, who| raise(conn, who).map(drop);
        let others = |conn: &mut Conn, who| raise(conn, 3 - who).map(drop);
        assert_eq!(collide(&db, own, others).await, 3);
        for n in [1, 2] {
            assert_eq!(db.read(move |conn| version(conn, n)).await.unwrap(), Some(2));
        }
    }

    #[tokio::test]
    async fn a_serialization_failure_is_repeated() {
        let db = TestDb::postgres().await;
        db.write(|conn| {
            add(conn, 1)?;
            add(conn, 2)
        })
        .await
        .unwrap();
        // Stricter than the door itself asks for, so that the second to write fails.
        let look = |conn: &mut Conn, _| {
            sql(conn, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
            version(conn, 1).map(drop)
        };
        assert_eq!(collide(&db, look, |conn, _| raise(conn, 1).map(drop)).await, 3);
        assert_eq!(db.read(|conn| version(conn, 1)).await.unwrap(), Some(2));
    }

    #[tokio::test]
    async fn a_failure_that_the_closure_ignored_is_not_taken_for_a_commit() {
        let db = TestDb::postgres().await;
        let answer = db
            .write(|conn| {
                add(conn, 1)?;
                sql(conn, "SELECT 1 / 0").ok();
                Ok(())
            })
            .await;
        assert!(matches!(answer, Err(DbError::Query(_))), "{answer:?}");
        assert_eq!(count(&db).await, 0);
    }

    #[tokio::test]
    async fn a_connection_lost_inside_of_a_write_is_unavailable_and_the_next_write_works() {
        let db = TestDb::postgres().await;
        let answer = db
            .write(|conn| {
                add(conn, 1)?;
                sql(conn, "SELECT pg_terminate_backend(pg_backend_pid())")?;
                add(conn, 2)
            })
            .await;
        assert!(matches!(answer, Err(DbError::Unavailable(_))), "{answer:?}");
        assert_eq!(count(&db).await, 0);
        db.write(|conn| add(conn, 1)).await.unwrap();
    }

    #[tokio::test]
    async fn connections_lost_in_the_pool_are_replaced_unnoticed() {
        let db = TestDb::postgres().await;
        let mut readers = JoinSet::new();
        let all_at_once = Arc::new(Barrier::new(8));
        for _ in 0..8 {
            let (db, all_at_once) = ((*db).clone(), all_at_once.clone());
            readers.spawn(async move {
                db.read(move |_| {
                    all_at_once.wait();
                    Ok::<_, DbError>(())
                })
                .await
            });
        }
        assert!(readers.join_all().await.iter().all(Result::is_ok));
        db.cut(true);
        for n in 1..=10 {
            db.write(move |conn| add(conn, n)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_unavailable_until_it_is_back() {
        let db = TestDb::postgres().await;
        db.write(|conn| add(conn, 1)).await.unwrap();
        db.cut(false);
        let (writing, reading) = tokio::join!(db.write(|conn| add(conn, 2)), db.ping());
        assert!(matches!(writing, Err(DbError::Unavailable(_))), "{writing:?}");
        assert!(matches!(reading, Err(DbError::Unavailable(_))), "{reading:?}");
        db.cut(true);
        db.write(|conn| add(conn, 2)).await.unwrap();
        assert_eq!(count(&db).await, 2);
    }

    #[tokio::test]
    async fn more_callers_than_connections_wait_their_turn() {
        let db = TestDb::postgres().await;
        let options = doorstep::db::DbOptions { pg_pool: 2, ..db.options() };
        let narrow = Db::open(options).await.unwrap();
        let mut writers = JoinSet::new();
        for n in 1..=40 {
            let narrow = narrow.clone();
            writers.spawn(async move { narrow.write(move |conn| add(conn, n)).await });
        }
        assert!(writers.join_all().await.iter().all(Result::is_ok));
    }
}

mod addresses {
    use doorstep::db::DbOptions;

    use super::*;

    async fn open(url: &str) -> Result<Db, DbError> {
        let folder = tempfile::tempdir().unwrap();
        Db::open(DbOptions {
            url: Some(url.replace("FOLDER", folder.path().to_str().unwrap())),
            ..DbOptions::default()
        })
        .await
    }

    #[tokio::test]
    async fn an_unknown_scheme_is_refused_and_not_opened_as_a_file() {
        for url in ["mysql://me:secret@there/db", "http:db", ":memory:", "sqlite::memory:", "sqlite://", ""] {
            let error = open(url).await.err().unwrap();
            assert!(matches!(error, DbError::Address(_)), "{url}: {error:?}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[tokio::test]
    async fn a_path_is_an_sqlite_file_with_or_without_the_scheme() {
        for url in ["FOLDER/a.db", "sqlite:FOLDER/new/b.db", "sqlite://FOLDER/c.db"] {
            assert!(open(url).await.unwrap().is_sqlite(), "{url}");
        }
    }

    #[tokio::test]
    async fn nothing_at_the_address_is_unavailable_at_once() {
        let error = open("postgres://127.0.0.1:1/none").await.err().unwrap();
        assert!(matches!(error, DbError::Unavailable(_)), "{error:?}");
    }

    #[test]
    fn options_are_printed_without_the_password() {
        let options = DbOptions { url: Some("postgres://me:secret@there/db".to_owned()), ..DbOptions::default() };
        assert!(!format!("{options:?}").contains("secret"));
    }
}
