//! What phones send: durable, over HTTP, 32 at once.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use doorstep::{clock::Clock, db::SqliteWriter};
use hdrhistogram::Histogram;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::{
    Options, bare,
    house::{House, Size, device, order},
    line::Line,
    median,
    table::{Table, Target},
    trace,
};

/// As many phones as `limits.md` measured the machine with.
pub const PHONES: u32 = 32;

/// Enough that an order gets no more operations in all rounds than one has in its life.
pub const FIRM: Size = Size { technicians: PHONES, orders: 300 };

/// Operations in a large push.
pub const MANY: u32 = 50;

pub fn run(options: &Options, table: &mut Table) {
    let pooled = House::sqlite(FIRM, SqliteWriter::Pool);
    // Not before a server has set SQLite up, which nobody can once it is in use.
    trace::next_connection();
    let grouped = House::sqlite(FIRM, SqliteWriter::GroupCommit);
    let (mut load, mut pool_load) = (Load::new(&grouped, PHONES), Load::new(&pooled, PHONES));
    let mut bare_single = Bare::record(&grouped, &mut load, 1, 2_000);
    let mut bare_many = Bare::record(&grouped, &mut load, MANY, 100);
    let (mut single, mut pool, mut many) = (Rounds::default(), Rounds::default(), Rounds::default());
    for _ in 0..options.rounds {
        single.add(load.drive(1, options.round));
        pool.add(pool_load.drive(1, options.round));
        bare_single.round();
        many.add(load.drive(MANY, options.round));
        bare_many.round();
    }
    let what = "SQLite, single operations, 32 phones";
    table.figure(format!("{what}: operations per second"), single.rate(), "/s");
    table.figure(format!("{what}: half of the answers within"), single.percentile(50.0), "ms");
    table.promised(format!("{what}: 99 % within"), single.percentile(99.0), "ms", Target::AtMost(20.0));
    table.figure(format!("{what}: processor time of one, load included"), single.processor(), "µs");
    table.figure("The same, a pool and a transaction each: operations per second", pool.rate(), "/s");
    table.figure("The same, a pool and a transaction each: 99 % within", pool.percentile(99.0), "ms");
    table.figure("The same, a pool and a transaction each: refused for being busy", pool.refused as f64, "");
    let target = Target::AtLeast(4.0, 12.0);
    table.promised("Group commit ÷ a pool and a transaction each", single.rate() / pool.rate(), "×", target);
    table.figure("Bare SQLite, the same statements, a transaction each: per second", bare_single.rate(), "/s");
    let what = "SQLite, 50 operations a push, 32 phones";
    table.figure(format!("{what}: operations per second"), many.rate(), "/s");
    table.figure(format!("{what}: processor time of one, load included"), many.processor(), "µs");
    table.figure(format!("{what}: half of the answers within"), many.percentile(50.0), "ms");
    table.figure(format!("{what}: 99 % within"), many.percentile(99.0), "ms");
    table.figure(
        "Bare SQLite, the same statements, a transaction per 50: operations per second",
        bare_many.rate(),
        "/s",
    );
    let target = Target::AtLeast(0.5, 0.5);
    table.promised("50 operations a push ÷ bare SQLite", many.rate() / bare_many.rate(), "×", target);
}

/// The statements of some pushes, and the database as it was before them.
struct Bare {
    statements: Vec<trace::Statement>,
    operations: u32,
    folder: tempfile::TempDir,
    expected: i64,
    rates: Vec<f64>,
}

impl Bare {
    fn record(house: &House, load: &mut Load, batch: u32, pushes: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let before = folder.path().join("before.sqlite3");
        house.copy(&before);
        let statements = trace::during(|| load.push(batch, pushes));
        let operations = pushes * batch;
        eprintln!("   {} statements for a push of {batch}:", statements.len() / pushes as usize);
        let last = statements.iter().rposition(|s| s.sql.starts_with("BEGIN")).expect("a transaction");
        let mut shapes: Vec<(String, u32)> = Vec::new();
        for statement in &statements[last..] {
            let shape = statement.sql.replace('`', "").chars().take(90).collect();
            match shapes.iter_mut().find(|(known, _)| *known == shape) {
                Some((_, times)) => *times += 1,
                None => shapes.push((shape, 1)),
            }
        }
        shapes.iter().for_each(|(shape, times)| eprintln!("      {times:3} × {shape}"));
        let expected = bare::operations(&before) + i64::from(operations);
        Self { statements, operations, folder, expected, rates: Vec::new() }
    }

    fn round(&mut self) {
        let file = self.folder.path().join("copy.sqlite3");
        std::fs::copy(self.folder.path().join("before.sqlite3"), &file).expect("a copy");
        let time = bare::replay(&file, &self.statements);
        assert_eq!(bare::operations(&file), self.expected, "the replay did what the server did");
        for end in ["", "-wal", "-shm"] {
            std::fs::remove_file(format!("{}{end}", file.display())).ok();
        }
        self.rates.push(f64::from(self.operations) / time.as_secs_f64());
    }

    fn rate(&mut self) -> f64 {
        median(&mut self.rates)
    }
}

/// Several rounds of the same load.
pub struct Rounds {
    rates: Vec<f64>,
    applied: u64,
    processor: Duration,
    latencies: Histogram<u64>,
    pub refused: u64,
}

impl Default for Rounds {
    fn default() -> Self {
        let (applied, processor, latencies) = (0, Duration::ZERO, histogram());
        Self { rates: Vec::new(), applied, processor, latencies, refused: 0 }
    }
}

impl Rounds {
    pub fn add(&mut self, round: Round) {
        self.rates.push(round.applied as f64 / round.time.as_secs_f64());
        self.latencies.add(&round.latencies).expect("the same bounds");
        self.refused += round.refused;
        self.applied += round.applied;
        self.processor += round.processor;
    }

    /// Operations per second, in the median round.
    pub fn rate(&self) -> f64 {
        median(&mut self.rates.clone())
    }

    /// Microseconds of processor time that an operation costs, the load included: the figure that says most on a
    /// machine that does other things as well.
    pub fn processor(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.applied as f64
    }

    /// Milliseconds.
    pub fn percentile(&self, percent: f64) -> f64 {
        self.latencies.value_at_percentile(percent) as f64 / 1e3
    }
}

/// What came of one round.
pub struct Round {
    applied: u64,
    refused: u64,
    time: Duration,
    /// Processor time of the server and the load together.
    processor: Duration,
    /// Microseconds from the request to the answer.
    latencies: Histogram<u64>,
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 120_000_000, 3).expect("fair bounds")
}

/// What this process has used so far, in steps of a hundredth of a second.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields = stat.rsplit(')').next().expect("fields behind the name");
    let ticks = |field: usize| fields.split_whitespace().nth(field).and_then(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis((ticks(11).expect("user time") + ticks(12).expect("system time")) * 10)
}

/// Phones that push as fast as they are answered.
pub struct Load {
    runtime: Runtime,
    handsets: Vec<Handset>,
}

impl Load {
    pub fn new(house: &House, phones: u32) -> Self {
        // One thread: the load must leave the processors to the server.
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let handsets = runtime.block_on(async {
            let mut handsets = Vec::new();
            for n in 0..phones {
                handsets.push(Handset::open(house, n).await);
            }
            handsets
        });
        Self { runtime, handsets }
    }

    /// All phones at once, for so long.
    pub fn drive(&mut self, batch: u32, time: Duration) -> Round {
        let begun = Instant::now();
        let end = begun + time;
        let handsets = std::mem::take(&mut self.handsets);
        let mut total = Round { applied: 0, refused: 0, time, processor: Duration::ZERO, latencies: histogram() };
        let processor = processor_time();
        self.handsets = self.runtime.block_on(async {
            let tasks: Vec<_> = handsets.into_iter().map(|h| tokio::spawn(h.drive(batch, end))).collect();
            let mut handsets = Vec::new();
            for task in tasks {
                let (handset, round) = task.await.expect("the phone works");
                total.applied += round.applied;
                total.refused += round.refused;
                total.latencies.add(&round.latencies).expect("the same bounds");
                handsets.push(handset);
            }
            handsets
        });
        total.processor = processor_time() - processor;
        total
    }

    /// The first phone pushes, and sends the same again; answers what each takes in milliseconds.
    pub fn again(&mut self, batch: u32, times: u32) -> (f64, f64) {
        let handset = &mut self.handsets[0];
        let (mut first, mut again) = (Vec::new(), Vec::new());
        self.runtime.block_on(async {
            for _ in 0..times {
                let (body, orders) = handset.write(batch);
                for times in [&mut first, &mut again] {
                    handset.unsent = Some((body.clone(), orders.clone()));
                    let begun = Instant::now();
                    assert!(handset.push(batch).await, "the push is applied");
                    times.push(begun.elapsed().as_secs_f64() * 1e3);
                }
                // Counted twice.
                orders.into_iter().for_each(|order| handset.revs[order as usize] -= 1);
            }
        });
        (median(&mut first), median(&mut again))
    }

    /// Some pushes, one after the other, by all phones in turn.
    pub fn push(&mut self, batch: u32, pushes: u32) {
        self.runtime.block_on(async {
            for n in 0..pushes {
                let at = n as usize % self.handsets.len();
                assert!(self.handsets[at].push(batch).await, "the push is applied");
            }
        });
    }
}

struct Handset {
    line: Line,
    clock: Clock,
    device: Uuid,
    boot: Uuid,
    switched_on: Instant,
    /// The server's time, as its last answer but many gave it, tied to this phone's uptime.
    anchor: String,
    seq: u64,
    technician: u32,
    orders: u32,
    /// Which order is next, and how often all were done.
    next: u32,
    revs: Vec<u64>,
    /// A push that was not answered well is sent again as it is.
    unsent: Option<(String, Vec<u32>)>,
}

impl Handset {
    async fn open(house: &House, technician: u32) -> Self {
        let token = house.sign_in(technician).await;
        let mut line = Line::open(house.address(), Some(&token)).await.expect("a connection");
        let config = line.get("/v1/sync/config").await.expect("an answer").json();
        let clock = Clock::system();
        let (boot, time) = (clock.new_id(), &config["time"]);
        let anchor = format!(
            r#"{{"server_time":{},"uptime_ms":0,"boot_id":"{boot}","rtt_ms":9,"proof":{}}}"#,
            time["server_time"], time["proof"]
        );
        let orders = house.size.orders;
        Self {
            line,
            clock,
            device: device(technician),
            boot,
            switched_on: Instant::now(),
            anchor,
            seq: 1,
            technician,
            orders,
            next: 0,
            // Requested and assigned.
            revs: vec![2; orders as usize],
            unsent: None,
        }
    }

    async fn drive(mut self, batch: u32, end: Instant) -> (Self, Round) {
        let (time, processor, latencies) = (Duration::ZERO, Duration::ZERO, histogram());
        let mut round = Round { applied: 0, refused: 0, time, processor, latencies };
        loop {
            let sent = Instant::now();
            if sent >= end {
                return (self, round);
            }
            let applied = self.push(batch).await;
            let micros = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
            round.latencies.saturating_record(micros);
            if !applied {
                round.refused += 1;
            } else if Instant::now() < end {
                round.applied += u64::from(batch);
            }
        }
    }

    async fn push(&mut self, batch: u32) -> bool {
        let (body, orders) = self.unsent.take().unwrap_or_else(|| self.write(batch));
        let answer = self.line.post("/v1/sync/push", &body).await.expect("an answer");
        if answer.status != 200 {
            self.unsent = Some((body, orders));
            return false;
        }
        let text = String::from_utf8_lossy(answer.body);
        assert_eq!(text.matches(r#""status":"applied""#).count(), orders.len(), "{text}");
        orders.into_iter().for_each(|order| self.revs[order as usize] += 1);
        true
    }

    /// Puts a push together: a note on each of the next orders.
    fn write(&mut self, batch: u32) -> (String, Vec<u32>) {
        let Self { device, boot, anchor, clock, technician, .. } = self;
        let uptime = self.switched_on.elapsed().as_millis();
        let wall = clock.now().to_rfc3339();
        let mut body = format!(
            r#"{{"device":"{device}","schema":1,"uptime_ms":{uptime},"boot_id":"{boot}","anchor":{anchor},"operations":["#
        );
        let mut orders = Vec::new();
        for i in 0..batch {
            let (id, seq, n) = (clock.new_id(), self.seq, self.next);
            let (entity, rev) = (order(*technician, n), self.revs[n as usize]);
            let comma = if i == 0 { "" } else { "," };
            write!(
                body,
                r#"{comma}{{"id":"{id}","seq":{seq},"type":"work_order.note","entity":"{entity}","base_rev":{rev},"evidence":{{"wall":"{wall}","uptime_ms":{uptime},"boot_id":"{boot}","anchor":{anchor}}},"payload":{{"text":"The trap seal is worn; she will be at home until noon, ring twice"}}}}"#
            )
            .expect("memory is written");
            self.seq += 1;
            self.next = (n + 1) % self.orders;
            orders.push(n);
        }
        body += "]}";
        (body, orders)
    }
}
