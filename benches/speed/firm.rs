//! A whole firm, as `doorstep seed` makes it: what people wait for when a year of work lies in the database, on both.
//!
//! `--size large` is the size of the promises; without it a small firm is made, which shows only that the measuring works.
//! Beside the firm stands one estate of the same making: what a technician's phone fetches must not depend on the rest.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use doorstep::{
    access::set_password,
    db::{Conn, Db, DbError, DbOptions},
    seed::{self, Firm, Size, Step},
    server::Server,
};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Options,
    house::{PASSWORD, serve},
    line::Line,
    median, postgres,
    table::{Table, Target},
};

/// How often each question is asked.
const TIMES: u64 = 100;

pub fn run(options: &Options, table: &mut Table) {
    let folder = || tempfile::tempdir().expect("a folder");
    let (large, small) = (folder(), folder());
    let in_file = |folder: &tempfile::TempDir| DbOptions { data_dir: folder.path().to_owned(), ..DbOptions::default() };
    compare("SQLite", options.size, in_file(&large), in_file(&small), table);
    let file = large.path().join("doorstep.sqlite3");
    let bytes = std::fs::metadata(file).expect("the file is there").len();
    table.figure(format!("SQLite, the file of a {:?} firm", options.size), bytes as f64 / 1024.0 / 1024.0, "MiB");
}

pub fn run_on_postgres(options: &Options, table: &mut Table) {
    let (large, small) = (postgres::Database::new(), postgres::Database::new());
    let at = |database: &postgres::Database| DbOptions { url: Some(database.url.clone()), ..DbOptions::default() };
    compare("PostgreSQL", options.size, at(&large), at(&small), table);
}

/// What PostgreSQL's autovacuum does by itself some minutes after so much was written. SQLite is left as it is in the field.
fn analyse(conn: &mut Conn) -> Result<(), DbError> {
    match conn {
        Conn::Pg(pg) => Ok(pg.batch_execute("ANALYZE")?),
        Conn::Sqlite(_) => Ok(()),
    }
}

fn compare(database: &str, size: Size, large: DbOptions, small: DbOptions, table: &mut Table) {
    let begun = Instant::now();
    let mut large = Seeded::new(size, large);
    let counts = size.counts();
    let records = (counts.assets + counts.orders + counts.inspections) as f64;
    let what = format!("{database}, `doorstep seed --size {size:?}`").to_lowercase();
    table.figure(what, records / begun.elapsed().as_secs_f64(), "records/s");
    let mut small = Seeded::new(Size::Small, small);
    questions(database, &mut large, table);
    syncs(database, &mut large, &mut small, table);
}

/// What the office asks.
fn questions(database: &str, firm: &mut Seeded, table: &mut Table) {
    let (assets, f) = (firm.firm.size.counts().assets, firm.firm);
    let asked = |n: u64| (n * 7_919) % assets;
    let time = firm.ask(|n| format!("/v1/assets/{}/maintenance-record", f.asset(asked(n))));
    table.promised(format!("{database}, maintenance record of an asset"), time, "ms", Target::AtMost(20.0));
    let units = firm.firm.size.counts().units;
    for (what, kind) in [("file of a unit", "units"), ("file of a customer", "customers")] {
        let id = |n: u64| {
            if kind == "units" { f.unit(n * 7_919 % units).uuid() } else { f.customer(n * 7_919 % units).uuid() }
        };
        let time = firm.ask(|n| format!("/v1/{kind}/{}/file", id(n)));
        table.promised(format!("{database}, {what}"), time, "ms", Target::AtMost(20.0));
    }
    let soon = (f.newest + chrono::TimeDelta::days(30)).date_naive();
    let time = firm.ask(|_| format!("/v1/assets?certificate_expires_before={soon}&limit=100"));
    table.promised(format!("{database}, certificates that expire within 30 days"), time, "ms", Target::AtMost(50.0));
    let time = firm.ask(|n| format!("/v1/inspections?asset={}", f.asset(asked(n))));
    table.figure(format!("{database}, inspections of an asset"), time, "ms");
    let time = firm.ask(|n| format!("/v1/work-orders?asset={}", f.asset(asked(n))));
    table.figure(format!("{database}, orders of an asset"), time, "ms");
}

/// A technician's phone fetches everything, here and in a firm of one estate, turn by turn.
fn syncs(database: &str, large: &mut Seeded, small: &mut Seeded, table: &mut Table) {
    let (mut many, mut few) = (Vec::new(), Vec::new());
    for turn in 0..TIMES / 2 {
        // Who goes first finds the other's leavings in the caches.
        let (a, b) = if turn % 2 == 0 { (&mut *large, &mut *small) } else { (&mut *small, &mut *large) };
        let (first, second) = (a.first_sync(), b.first_sync());
        let (here, there) = if turn % 2 == 0 { (first, second) } else { (second, first) };
        many.push(here);
        few.push(there);
    }
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let (many, few) = (millis(median(&mut many)), millis(median(&mut few)));
    table.figure(format!("{database}, a technician's first sync"), many, "ms");
    let what = format!("{database}, the same ÷ in a firm of one estate");
    table.promised(what, many / few, "×", Target::AtMost(1.2));
}

/// A seeded firm with a server in front of it.
struct Seeded {
    firm: Firm,
    server: Option<Server>,
    office: Line,
    phone: Line,
    device: Uuid,
    runtime: Runtime,
    _photos: tempfile::TempDir,
}

impl Seeded {
    fn new(size: Size, options: DbOptions) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let photos = tempfile::tempdir().expect("a folder");
        let device = Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0009_0000);
        let (firm, server, office, phone) = runtime.block_on(async {
            let db = Db::open(options).await.expect("the database opens");
            db.migrate().await.expect("the tables are made");
            let server = serve(&db, photos.path()).await;
            let firm = make(&server, size).await;
            server.state.db.write(analyse).await.expect("it is analysed");
            let (address, technician) = (server.addr, firm.technician(0));
            password(&server, &firm, firm.dispatcher().uuid(), "seed.office").await;
            password(&server, &firm, technician.uuid(), "seed.t0").await;
            let office = sign_in(address, "seed.office", None).await;
            let mut phone = sign_in(address, "seed.t0", Some(device)).await;
            let body = format!(r#"{{"id":"{device}","name":"phone","platform":"android","app_version":"1"}}"#);
            assert_eq!(phone.post("/v1/sync/devices", &body).await.expect("an answer").status, 200);
            (firm, server, office, phone)
        });
        Self { firm, server: Some(server), office, phone, device, runtime, _photos: photos }
    }

    /// The median of the milliseconds that the answers take.
    fn ask(&mut self, path: impl Fn(u64) -> String) -> f64 {
        let mut times: Vec<f64> = (0..TIMES)
            .map(|n| {
                let path = path(n);
                let begun = Instant::now();
                let answer = self.runtime.block_on(self.office.get(&path)).expect("an answer");
                let time = begun.elapsed();
                assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(answer.body));
                let items = answer.json()["items"].as_array().map_or(0, Vec::len);
                assert!(items > 0, "{path} lists something");
                time.as_secs_f64() * 1e3
            })
            .collect();
        median(&mut times)
    }

    /// How long it takes until a phone that knows nothing has everything.
    fn first_sync(&mut self) -> Duration {
        let (mut time, mut cursor, mut orders) = (Duration::ZERO, "null".to_owned(), 0);
        loop {
            let body = format!(r#"{{"device":"{}","schema":1,"cursor":{cursor},"limit":500}}"#, self.device);
            let begun = Instant::now();
            let answer = self.runtime.block_on(self.phone.post("/v1/sync/pull", &body)).expect("an answer");
            time += begun.elapsed();
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(answer.body));
            let page = answer.json();
            let changes = page["changes"].as_array().expect("changes");
            orders += changes.iter().filter(|change| change["kind"] == "work_order").count() as u64;
            cursor = page["cursor"].to_string();
            if page["complete"] == true {
                assert_eq!(orders, seed::OPEN_EACH, "the technician's own orders");
                return time;
            }
        }
    }
}

impl Drop for Seeded {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.kill());
        }
    }
}

async fn make(server: &Server, size: Size) -> Firm {
    let mut told = Instant::now();
    let watch = |step: Step| {
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            eprintln!("   {:?}: {} of {}", step.stage, step.done, step.of);
        }
    };
    let made = seed::seed(&server.state.door, size, &CancellationToken::new(), watch).await;
    made.expect("the firm is made").expect("nobody stopped it")
}

async fn password(server: &Server, firm: &Firm, user: Uuid, login: &'static str) {
    let hash = server.state.access.passwords().hash_new(PASSWORD.to_owned()).await.expect("a hash");
    let (org, now) = (firm.org, server.state.clock.now());
    let set = move |conn: &mut Conn| {
        set_password(conn, org, user, login, &hash, now).map_err(|error| DbError::Panicked(error.to_string()))
    };
    server.state.db.write(set).await.expect("the password is set");
}

async fn sign_in(address: std::net::SocketAddr, login: &str, device: Option<Uuid>) -> Line {
    let mut line = Line::open(address, None).await.expect("a connection");
    let device = device.map_or(String::new(), |device| format!(r#","device_id":"{device}""#));
    let body = format!(r#"{{"login":"{login}","password":"{PASSWORD}"{device}}}"#);
    let token =
        line.post("/v1/auth/login", &body).await.expect("an answer").json()["access_token"].as_str().map(str::to_owned);
    Line::open(address, Some(&token.expect("a token"))).await.expect("a connection")
}
