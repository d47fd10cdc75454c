//! The balance of a part that has been moved a million times: read from its index, beside adding the moves up; and
//! entering one more move, beside a part that was never moved.

use std::time::{Duration, Instant};

use diesel::{Connection, PgConnection, connection::SimpleConnection};
use doorstep::{
    clock::Clock,
    db::{DbError, SqliteWriter},
    operations::Online,
    stock::store,
};
use mobile_api::{
    Actor,
    catalogue::Action,
    ids::ArticleId,
    money::Quantity,
    operation::Payload,
    stock::{ArticleSave, Place, RecordMove},
};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::{
    Options,
    house::{House, Size, org, technician},
    line::Line,
    median, postgres,
    table::{Table, Target},
};

const FIRM: Size = Size { technicians: 1, orders: 1 };

/// How often the part was moved.
const MOVES: u32 = 1_000_000;

/// How often each thing is measured.
const TIMES: usize = 1_000;

pub fn run(_: &Options, table: &mut Table) {
    let house = House::sqlite(FIRM, SqliteWriter::GroupCommit);
    let bench = Bench::open(&house);
    let moved = |house: &House| {
        let conn = rusqlite::Connection::open(house.file()).expect("the file opens");
        conn.execute_batch("PRAGMA busy_timeout = 60000; PRAGMA synchronous = OFF").expect("the settings are known");
        conn.execute_batch(&bulk("unhex(printf('ff%030x', i))", &sqlite_id(busy().uuid()), &sqlite_id(org()), SERIES))
            .expect("the moves are written");
        conn.execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)").expect("a checkpoint");
    };
    bench.measure("SQLite", table, moved);
}

pub fn run_on_postgres(_: &Options, table: &mut Table) {
    let database = postgres::Database::new();
    let house = House::postgres(FIRM, &database.url);
    let bench = Bench::open(&house);
    let moved = |_: &House| {
        let id = "('ff' || lpad(to_hex(i), 30, '0'))::uuid";
        let series = "generate_series(0, 999999) AS n(i)";
        let mut conn = PgConnection::establish(&database.url).expect("PostgreSQL answers");
        let (article, org) = (format!("'{busy}'::uuid", busy = busy().uuid()), format!("'{}'::uuid", org()));
        conn.batch_execute(&bulk(id, &article, &org, series)).expect("the moves are written");
        conn.batch_execute("ANALYZE").expect("it is analysed");
    };
    bench.measure("PostgreSQL", table, moved);
}

const SERIES: &str =
    "(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < 1000000) SELECT i FROM n)";

fn sqlite_id(id: Uuid) -> String {
    format!("x'{}'", id.simple())
}

/// A million moves, each second one the other way, so that the level stays what it is: rows of the ledger and records.
fn bulk(id: &str, article: &str, org: &str, series: &str) -> String {
    let (bag, supplier) = (bag(), Place::Supplier);
    let side = |even: &str, odd: &str| format!("CASE WHEN i % 2 = 0 THEN '{even}' ELSE '{odd}' END");
    let (from, to) = (side(&supplier.to_string(), &bag.to_string()), side(&bag.to_string(), &supplier.to_string()));
    format!(
        "INSERT INTO stock_moves (org_id, id, kind, article_id, from_place, to_place, milli, received_at, happened_at, by_id,
            awaiting, used_milli)
        SELECT {org}, {id}, 'correct', {article}, {from}, {to}, 1000, 1000000000000000 + i, 1000000000000000 + i, {article},
            FALSE, 0 FROM {series};
        INSERT INTO records (org_id, kind, id, rev, deleted, body, reach)
        SELECT {org}, 'stock_move', {id}, 1, FALSE, '{{\"kind\":\"correct\",\"quantity_milli\":1000}}', '[]' FROM {series};"
    )
}

/// The part that was moved a million times.
fn busy() -> ArticleId {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0050).into()
}

/// One that lies still.
fn quiet() -> ArticleId {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0051).into()
}

fn bag() -> Place {
    Place::Bag(technician(0))
}

fn carried(article: ArticleId) -> RecordMove {
    let (from, to, quantity_milli) = (Place::Supplier, bag(), Quantity(5000));
    RecordMove { article, from, to, quantity_milli, unit: None, serials: vec![], reason: None }
}

/// A technician's phone in front of the house.
struct Bench<'h> {
    house: &'h House,
    runtime: Runtime,
    token: String,
}

impl<'h> Bench<'h> {
    fn open(house: &'h House) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let token = runtime.block_on(house.sign_in(0));
        let bench = Self { house, runtime, token };
        for article in [busy(), quiet()] {
            bench.perform(article.uuid(), ArticleSave { packs: vec![], ..ArticleSave::example() });
            bench.perform(Clock::system().new_id(), carried(article));
        }
        bench
    }

    fn perform(&self, entity: Uuid, action: impl Into<Action>) {
        let online = Online { id: Clock::system().new_id(), action: action.into(), entity, expected_rev: None };
        let done = self.house.state().door.perform(Actor::system(org()), online);
        self.house.wait_for(done).expect("it is permitted");
    }

    fn measure(&self, database: &str, table: &mut Table, fill: impl Fn(&House)) {
        fill(self.house);
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let mut balances: Vec<Duration> = (0..TIMES).map(|_| self.balance(busy())).collect();
        let what = format!("{database}, balance of a part with {MOVES} moves");
        table.promised(what, millis(median(&mut balances)), "ms", Target::AtMost(1.0));
        let slowest = balances[TIMES * 99 / 100];
        table.figure(format!("{database}, the same, 99th percentile"), millis(slowest), "ms");
        let path = format!("/v1/stock-levels?place={}&article={}", bag(), busy());
        table.figure(format!("{database}, the same over HTTP"), millis(self.get(&path)), "ms");
        let path = format!("/v1/stock-moves?place={}&limit=100", bag());
        table.figure(format!("{database}, the newest 100 of its moves over HTTP"), millis(self.get(&path)), "ms");
        table.figure(format!("{database}, adding its moves up"), millis(self.sum()), "ms");
        // Turn by turn, so that both meet the same minute.
        let mut writes: [Vec<Duration>; 2] = Default::default();
        for turn in 0..2 * (TIMES / 5) {
            let article = if turn % 2 == 0 { busy() } else { quiet() };
            let begun = Instant::now();
            self.perform(Clock::system().new_id(), carried(article));
            writes[turn % 2].push(begun.elapsed());
        }
        let [busy, quiet] = writes.map(|mut times| median(&mut times).as_secs_f64());
        table.figure(format!("{database}, one more move of it"), busy * 1e3, "ms");
        let what = format!("{database}, one more move of it ÷ of a part with none");
        table.promised(what, busy / quiet, "×", Target::AtMost(1.2));
    }

    fn balance(&self, article: ArticleId) -> Duration {
        let place = bag().to_string();
        let begun = Instant::now();
        let read = self.house.state().db.read(move |conn| store::balance(conn, org(), &place, article.uuid()));
        let milli = self.house.wait_for(read).expect("it is read");
        let time = begun.elapsed();
        assert!(milli >= 5000, "{milli}");
        time
    }

    /// How long it takes to add everything up; it must come to the levels.
    fn sum(&self) -> Duration {
        let begun = Instant::now();
        let read = self.house.state().db.read(|conn| store::balances(conn, org()));
        let balances: Result<_, DbError> = self.house.wait_for(read);
        let time = begun.elapsed();
        for balance in balances.expect("they are read") {
            assert_eq!(balance.milli, balance.moves_milli, "{balance:?}");
        }
        time
    }

    /// The median of as many answers.
    fn get(&self, path: &str) -> Duration {
        let mut line =
            self.runtime.block_on(Line::open(self.house.address(), Some(&self.token))).expect("a connection");
        let mut times: Vec<Duration> = (0..TIMES / 5)
            .map(|_| {
                let begun = Instant::now();
                let answer = self.runtime.block_on(line.get(path)).expect("an answer");
                let time = begun.elapsed();
                assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(answer.body));
                assert!(answer.body.len() > 100, "something is listed");
                time
            })
            .collect();
        median(&mut times)
    }
}
