//! A whole firm, as `doorstep seed` makes it: what people wait for when a year of work lies in the database, on both.
//!
//! `--size large` is the size of the promises; without it a small firm is made, which shows only that the measuring works.
//! Beside the firm stands one estate of the same making: what a technician's phone fetches must not depend on the rest.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

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
    let kept = options.seeded.as_ref().map_or_else(|| large.path().to_owned(), PathBuf::from);
    let in_folder = |folder: &Path| DbOptions { data_dir: folder.to_owned(), ..DbOptions::default() };
    compare("SQLite", options.size, in_folder(&kept), in_folder(small.path()), table);
    let file = kept.join("doorstep.sqlite3");
    let bytes = std::fs::metadata(file).expect("the file is there").len();
    table.figure(format!("SQLite, the file of a {:?} firm", options.size), bytes as f64 / 1024.0 / 1024.0, "MiB");
}

pub fn run_on_postgres(options: &Options, table: &mut Table) {
    let (large, small) = (postgres::Database::new(), postgres::Database::new());
    let kept = options.seeded.clone().unwrap_or_else(|| large.url.clone());
    let at = |url: String| DbOptions { url: Some(url), ..DbOptions::default() };
    compare("PostgreSQL", options.size, at(kept), at(small.url.clone()), table);
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
    if large.made > 0 {
        let speed = large.made as f64 / begun.elapsed().as_secs_f64();
        table.figure(format!("{database}, `doorstep seed --size {size:?}`"), speed, "records/s");
    }
    let mut small = Seeded::new(Size::Small, small);
    let mut office = Office { database, firm: &mut large, table };
    office.assets();
    office.households();
    office.figures();
    office.searches();
    table.figure(format!("{database}, this process with both servers, resident"), resident(), "MiB");
    syncs(database, &mut large, &mut small, table);
}

/// What the office asks of the firm in this database.
struct Office<'a> {
    database: &'a str,
    firm: &'a mut Seeded,
    table: &'a mut Table,
}

impl Office<'_> {
    /// Asks a hundred times, and enters how long an answer with a list of this name takes.
    fn ask(&mut self, what: &str, most: Option<f64>, list: Holds, path: impl Fn(u64) -> String) {
        let mut times: Vec<f64> = (0..TIMES).map(|n| self.firm.time(list, &path(n))).collect();
        let (time, name) = (median(&mut times), format!("{}, {what}", self.database));
        let slowest = times.iter().copied().fold(0.0, f64::max);
        match most {
            Some(most) => self.table.promised(name.as_str(), time, "ms", Target::AtMost(most)),
            None => self.table.figure(name.as_str(), time, "ms"),
        }
        self.table.figure(format!("{name}, the slowest of {TIMES}"), slowest, "ms");
    }

    /// Maintenance records and certificates.
    fn assets(&mut self) {
        let (firm, soon) = (self.firm.firm, self.firm.firm.newest + chrono::TimeDelta::days(30));
        let asset = |n: u64| firm.asset(n * 7_919 % firm.size.counts().assets);
        self.ask("maintenance record of an asset", Some(20.0), Holds::Some, |n| {
            format!("/v1/assets/{}/maintenance-record", asset(n))
        });
        self.ask("certificates that expire within 30 days", Some(50.0), Holds::Some, |_| {
            format!("/v1/assets?certificate_expires_before={}&limit=100", soon.date_naive())
        });
        self.ask("inspections of an asset", None, Holds::Some, |n| format!("/v1/inspections?asset={}", asset(n)));
        self.ask("orders of an asset", None, Holds::Some, |n| format!("/v1/work-orders?asset={}", asset(n)));
    }

    /// One household, one file.
    fn households(&mut self) {
        let firm = self.firm.firm;
        let flat = |n: u64| n * 7_919 % firm.size.counts().units;
        self.ask("file of a unit", Some(20.0), Holds::Some, |n| format!("/v1/units/{}/file", firm.unit(flat(n))));
        self.ask("file of a customer", Some(20.0), Holds::Some, |n| {
            format!("/v1/customers/{}/file", firm.customer(flat(n)))
        });
    }

    /// The figures of each of the last eleven months.
    fn figures(&mut self) {
        let firm = self.firm.firm;
        let month = |n: u64| month_before(&firm, 1 + n as u32 % 11);
        let path = |n: u64, more: &str| format!("/v1/figures?period={}{more}", month(n));
        self.ask("figures of a month", Some(1_000.0), Holds::Figures, |n| path(n, ""));
        self.ask("figures of a month by technician", Some(1_000.0), Holds::Figures, |n| path(n, "&by=technician"));
        self.ask("the first hundred orders behind a figure", None, Holds::Some, |n| {
            format!("/v1/figures/on_time/orders?period={}", month(n))
        });
    }

    /// Whatever somebody once said: what many said, what one said, what nobody said.
    fn searches(&mut self) {
        let firm = self.firm.firm;
        let flat = |n: u64| format!("（{}）", seed::flat_name(n * 7_919 % firm.size.counts().units));
        for list in ["work-orders", "complaints"] {
            let path = |text: &str| format!("/v1/{list}?text={}", escaped(text));
            for text in ["漏水", "锁", "kitchen sink", "Boiler shows error E04"] {
                let what = format!("search {list} for `{text}`");
                self.ask(&what, Some(100.0), Holds::Anything, |_| path(text));
            }
            self.ask(&format!("search {list} for one flat"), Some(100.0), Holds::Anything, |n| path(&flat(n)));
            let nobody = |n: u64| path(&format!("锅炉爆炸 exploded {n}"));
            self.ask(&format!("search {list} for what nobody said"), Some(100.0), Holds::Anything, nobody);
        }
    }
}

/// What an answer must hold, lest something be measured that did not happen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// A page with something on it.
    Some,
    /// A page.
    Anything,
    /// Figures that something was counted for.
    Figures,
}

/// The month that ended so many months before the firm's newest day, as `2026-10`.
fn month_before(firm: &Firm, months: u32) -> String {
    let day = firm.newest.date_naive() - chrono::Months::new(months);
    day.format("%Y-%m").to_string()
}

/// A text as a part of an address.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Mebibytes of this process.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a figure");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}

/// A technician's phone fetches what it holds, here and in a firm of one estate, turn by turn. In a large firm more was closed lately
/// by each technician, so what is compared are the first fifty records, and that there is nothing new.
fn syncs(database: &str, large: &mut Seeded, small: &mut Seeded, table: &mut Table) {
    let (whole, records) = large.sync(None, u64::MAX);
    small.sync(None, u64::MAX);
    let what = format!("{database}, a technician's first sync, {records} records");
    table.figure(what, whole.as_secs_f64() * 1e3, "ms");
    for (what, most) in [("the first fifty records of a sync", 50), ("a sync with nothing new", 0)] {
        let (mut many, mut few) = (Vec::new(), Vec::new());
        for turn in 0..TIMES {
            // Who goes first finds the other's leavings in the caches.
            let order = if turn % 2 == 0 { [true, false] } else { [false, true] };
            for here in order {
                let (firm, times) = if here { (&mut *large, &mut many) } else { (&mut *small, &mut few) };
                let cursor = (most == 0).then(|| firm.cursor.clone());
                let (time, records) = firm.sync(cursor, most);
                assert_eq!(records, most, "{what}");
                times.push(time.as_secs_f64() * 1e3);
            }
        }
        let (many, few) = (median(&mut many), median(&mut few));
        table.figure(format!("{database}, {what}"), many, "ms");
        table.promised(format!("{database}, the same ÷ in a firm of one estate"), many / few, "×", Target::AtMost(1.2));
    }
}

/// A seeded firm with a server in front of it.
struct Seeded {
    firm: Firm,
    server: Option<Server>,
    office: Line,
    phone: Line,
    device: Uuid,
    /// Where the phone stands once it has everything.
    cursor: String,
    /// Records that were made now; fewer than the firm has where it lay there already.
    made: u64,
    runtime: Runtime,
    _photos: tempfile::TempDir,
}

impl Seeded {
    fn new(size: Size, options: DbOptions) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let photos = tempfile::tempdir().expect("a folder");
        let device = Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0009_0000);
        let (firm, made, server, office, phone) = runtime.block_on(async {
            let db = Db::open(options).await.expect("the database opens");
            db.migrate().await.expect("the tables are made");
            let server = serve(&db, photos.path()).await;
            let (firm, made) = make(&server, size).await;
            server.state.db.write(analyse).await.expect("it is analysed");
            let (address, technician) = (server.addr, firm.technician(0));
            password(&server, &firm, firm.dispatcher().uuid(), "seed.office").await;
            password(&server, &firm, technician.uuid(), "seed.t0").await;
            let office = sign_in(address, "seed.office", None).await;
            let mut phone = sign_in(address, "seed.t0", Some(device)).await;
            let body = format!(r#"{{"id":"{device}","name":"phone","platform":"android","app_version":"1"}}"#);
            assert_eq!(phone.post("/v1/sync/devices", &body).await.expect("an answer").status, 200);
            (firm, made, server, office, phone)
        });
        Self {
            firm,
            server: Some(server),
            office,
            phone,
            device,
            cursor: String::new(),
            made,
            runtime,
            _photos: photos,
        }
    }

    /// How many milliseconds an answer takes.
    fn time(&mut self, holds: Holds, path: &str) -> f64 {
        let begun = Instant::now();
        let answer = self.runtime.block_on(self.office.get(path)).expect("an answer");
        let time = begun.elapsed();
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(answer.body));
        let body = answer.json();
        let entries = |list: &str| body[list].as_array().map(Vec::len);
        match holds {
            Holds::Some => assert!(entries("items") > Some(0), "{path} lists something"),
            Holds::Anything => assert!(entries("items").is_some(), "{path} lists"),
            Holds::Figures => assert!(body["figures"][0]["denominator"].as_u64() > Some(0), "{path} counts: {body}"),
        }
        time.as_secs_f64() * 1e3
    }

    /// How long it takes to fetch at most so many records from a cursor on, or from the beginning, and how many came. What comes
    /// last is where the phone then stands.
    fn sync(&mut self, cursor: Option<String>, most: u64) -> (Duration, u64) {
        let (mut time, mut cursor, mut records) = (Duration::ZERO, cursor.unwrap_or_else(|| "null".to_owned()), 0);
        let limit = if most == 0 { 50 } else { most.min(500) };
        loop {
            let body = format!(r#"{{"device":"{}","schema":1,"cursor":{cursor},"limit":{limit}}}"#, self.device);
            let begun = Instant::now();
            let answer = self.runtime.block_on(self.phone.post("/v1/sync/pull", &body)).expect("an answer");
            time += begun.elapsed();
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(answer.body));
            let page = answer.json();
            records += page["changes"].as_array().expect("changes").len() as u64;
            cursor = page["cursor"].to_string();
            if page["complete"] == true {
                self.cursor = cursor;
                return (time, records);
            }
            if records >= most {
                return (time, records);
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

/// Makes the firm, or what it lacks; and how many records that were.
async fn make(server: &Server, size: Size) -> (Firm, u64) {
    let (mut told, mut made, mut last) = (Instant::now(), 0, None::<Step>);
    let watch = |step: Step| {
        made += last.filter(|last| last.stage == step.stage).map_or(0, |last| step.done - last.done);
        last = Some(step);
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            eprintln!("   {:?}: {} of {}", step.stage, step.done, step.of);
        }
    };
    let firm = seed::seed(&server.state.door, size, &CancellationToken::new(), watch).await;
    (firm.expect("the firm is made").expect("nobody stopped it"), made)
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
