//! `doorstep seed`

use std::{
    io::IsTerminal,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::{STOPPED, stop_on_signal};
use crate::{
    clock::Clock,
    config::Storage,
    events::Pokes,
    import::{Words, grouped},
    language::Language,
    operations::{Door, Holds},
    seed::{self, SLUG, Size, Stage, Step},
    server,
};

/// How often a line tells of the progress where there is no terminal to draw a bar on.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Fill a database with a firm that never was, for measuring
///
/// Makes an organisation of its own, `seed`, with a year of orders, inspections and complaints. A seed that was stopped goes on where it
/// was when the command is run again. Its accounts have no passwords: give one with `doorstep admin reset-password`.
///
/// Exit codes: 0 everything is there, 130 stopped by Ctrl-C, 1 anything else.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep seed --data /tmp/seeded
  doorstep seed --size large --data /tmp/seeded
  DATABASE_URL=postgres://doorstep@db/measuring doorstep seed --size medium")]
pub struct Seed {
    /// How large the firm is
    #[arg(long, value_enum, default_value_t = Size::Small)]
    size: Size,
    /// Language of the report [default: by LANG]
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<Language>,
    #[command(flatten)]
    storage: Storage,
}

impl Seed {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let words = Words(self.lang.unwrap_or_else(Language::of_terminal));
        let db = server::open(&self.storage).await?;
        let door = Door::new(db, Clock::system(), Pokes::default(), Holds::default());
        let stop = CancellationToken::new();
        stop_on_signal(stop.clone(), move || words.say("seed-stopping", &[]));
        let mut steps = Steps::new(words);
        let made = seed::seed(&door, self.size, &stop, |step| steps.show(step)).await;
        steps.end();
        let Some(firm) = made? else {
            println!("{}", words.say("seed-stopped", &[]));
            return Ok(STOPPED.into());
        };
        let counts = firm.size.counts();
        let args = [
            ("orders", grouped(counts.orders)),
            ("inspections", grouped(counts.inspections)),
            ("complaints", grouped(counts.complaints)),
            ("assets", grouped(counts.assets)),
            ("technicians", grouped(counts.technicians)),
            ("slug", SLUG.to_owned()),
        ];
        println!("{}", words.say("seed-made", &args));
        Ok(ExitCode::SUCCESS)
    }
}

/// How far it is: a bar for each stage on a terminal, a line now and then elsewhere.
struct Steps {
    bar: Option<ProgressBar>,
    words: Words,
    stage: Option<Stage>,
    last_line: Instant,
}

impl Steps {
    fn new(words: Words) -> Self {
        let draw = || {
            let style =
                ProgressStyle::with_template("{msg:24} {bar:40} {human_pos:>9} / {human_len}  {per_sec}  {eta}")
                    .ok()?;
            Some(ProgressBar::new(0).with_style(style))
        };
        let bar = std::io::stderr().is_terminal().then(draw).flatten();
        Self { bar, words, stage: None, last_line: Instant::now() }
    }

    fn show(&mut self, step: Step) {
        let new = self.stage.replace(step.stage) != Some(step.stage);
        if let Some(bar) = &self.bar {
            if new {
                bar.reset();
                bar.set_message(self.name(step.stage));
            }
            bar.set_length(step.of);
            bar.set_position(step.done);
        } else if self.last_line.elapsed() >= BETWEEN_LINES {
            self.last_line = Instant::now();
            let percent = (step.done * 100).checked_div(step.of).unwrap_or(100).to_string();
            let args = [("what", self.name(step.stage)), ("done", grouped(step.done)), ("percent", percent)];
            eprintln!("{}", self.words.say("seed-progress", &args));
        }
    }

    fn name(&self, stage: Stage) -> String {
        let id = match stage {
            Stage::Firm => "seed-firm",
            Stage::Assets => "seed-assets",
            Stage::Orders => "seed-orders",
            Stage::Inspections => "seed-inspections",
            Stage::Complaints => "seed-complaints",
            Stage::Assignments => "seed-assignments",
        };
        self.words.say(id, &[])
    }

    fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
