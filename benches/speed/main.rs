//! How fast, and how much memory: `scripts/bench` for everything, or
//! `scripts/test --with-postgres cargo bench --bench speed -- push pull` for parts of it.
//!
//! A runner of its own and not a framework, because what is measured are not functions: it is a server under many
//! connections at once, with percentiles, and each figure is worth something only beside another one that was
//! measured in the same minute on the same machine (ours and the bare database's, one way of writing and the other).
//! So rounds of the two alternate, and the median of the rounds is told.
//!
//! The server runs inside this process, with the routes, middleware, log and settings of `doorstep serve`; only
//! passwords are hashed cheaply. Its memory is measured of the real program.

mod bare;
mod evidence;
mod firm;
mod house;
mod line;
mod memory;
mod office;
mod phone;
mod photo;
mod plan;
mod postgres;
mod pull;
mod push;
mod stock;
mod sync;
mod table;
mod trace;

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use doorstep::seed::Size;
use table::Table;

/// What the command line says.
pub struct Options {
    /// Parts to run; empty means all.
    only: Vec<String>,
    /// How long one round of load lasts.
    pub round: Duration,
    /// How often the rounds of one comparison are repeated.
    pub rounds: usize,
    /// How large the firm is that `firm` makes.
    pub size: Size,
    /// Where that firm lies if it is to stay: a folder, or the address of a PostgreSQL database. It is made there if it is not.
    pub seeded: Option<String>,
    /// Feed rows of other people to pull beside.
    pub others: u32,
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| part.starts_with(only.as_str()))
    }
}

fn main() {
    let mut options = Options {
        only: Vec::new(),
        round: Duration::from_secs(2),
        rounds: 3,
        size: Size::Small,
        seeded: None,
        others: 2_000_000,
    };
    let mut save = None;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word.as_str() {
            "--bench" => {}
            "--save" => save = Some(PathBuf::from(value())),
            "--side-by-side" => {
                let fast = PathBuf::from(value());
                print!("{}", table::side_by_side(&fast, Path::new(&value())));
                return;
            }
            "--seconds" => options.round = Duration::from_secs_f64(value().parse().expect("seconds")),
            "--rounds" => options.rounds = value().parse().expect("a number"),
            "--size" => options.size = clap::ValueEnum::from_str(&value(), true).expect("small, medium or large"),
            "--seeded" => options.seeded = Some(value()),
            "--others" => options.others = value().parse().expect("a number"),
            _ if word.starts_with('-') => panic!("unknown option {word}"),
            part => options.only.push(part.to_owned()),
        }
    }
    let mut table = Table::new(save);
    let log = tempfile::NamedTempFile::new().expect("a file for the log");
    log_to(log.reopen().expect("the file for the log"));
    table.figure("One flush of the disk (4 KiB written, fdatasync)", flush().as_secs_f64() * 1e3, "ms");
    let parts: [(&str, Part); 15] = [
        ("push", push::run),
        ("pull", pull::run),
        ("memory", memory::run),
        ("sync", sync::run),
        ("phone", phone::run),
        ("photo", photo::run),
        ("evidence", evidence::run),
        ("stock", stock::run),
        ("office", office::run),
        ("plan", plan::run),
        ("firm", firm::run),
        ("postgres-push", postgres::run),
        ("postgres-pull", pull::run_on_postgres),
        ("postgres-stock", stock::run_on_postgres),
        ("postgres-firm", firm::run_on_postgres),
    ];
    for (name, part) in parts.into_iter().filter(|(name, _)| options.wants(name)) {
        eprintln!("== {name}");
        part(&options, &mut table);
    }
    print!("{}", table.markdown());
}

/// Measures something and enters it into the table.
type Part = fn(&Options, &mut Table);

/// The log that `doorstep serve` writes by default, into a file: a line for each request is part of the work.
fn log_to(file: File) {
    use tracing_subscriber::{EnvFilter, fmt, prelude::*};
    let lines = fmt::layer().with_writer(file).with_ansi(false).with_target(false);
    let filter = EnvFilter::new("info,actix_server=warn");
    tracing_subscriber::registry().with(filter).with(lines).init();
}

/// The median of twenty flushes.
fn flush() -> Duration {
    let mut file = tempfile::tempfile().expect("a file to flush");
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            file.write_all(&[7; 4096]).expect("the disk takes 4 KiB");
            let begun = Instant::now();
            file.sync_data().expect("the disk can be flushed");
            begun.elapsed()
        })
        .collect();
    median(&mut times)
}

/// The middle one.
pub fn median<T: PartialOrd + Copy>(values: &mut [T]) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("no NaN"));
    values[values.len() / 2]
}
