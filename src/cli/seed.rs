//! `doorstep seed`

use std::process::ExitCode;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{STOPPED, bar::Bar, stop_on_signal, which::Speaks};
use crate::{
    clock::Clock,
    config::Storage,
    events::Pokes,
    import::grouped,
    language::Language,
    operations::{Door, Holds},
    seed::{self, SLUG, Size, Stage, Step},
    server,
};

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
    #[command(flatten)]
    speaks: Speaks,
    #[command(flatten)]
    storage: Storage,
}

impl Seed {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let words = self.speaks.language();
        let db = server::open(&self.storage).await?;
        let door = Door::new(db, Clock::system(), Pokes::default(), Holds::default());
        let stop = CancellationToken::new();
        stop_on_signal(stop.clone(), move || words.say("seed-stopping", &[]));
        let mut steps = Steps::new(words);
        let made = seed::seed(&door, self.size, &stop, |step| steps.show(step)).await;
        steps.bar.end();
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

/// How far it is, stage by stage.
struct Steps {
    bar: Bar,
    words: Language,
    stage: Option<Stage>,
}

impl Steps {
    fn new(words: Language) -> Self {
        let bar = Bar::new("{msg:24} {bar:40} {human_pos:>9} / {human_len}  {per_sec}  {eta}");
        Self { bar, words, stage: None }
    }

    fn show(&mut self, step: Step) {
        if self.stage.replace(step.stage) != Some(step.stage) {
            self.bar.begin();
        }
        let (words, name) = (self.words, self.name(step.stage));
        let line = |percent| {
            let args = [("what", name.clone()), ("done", grouped(step.done)), ("percent", percent)];
            words.say("seed-progress", &args)
        };
        self.bar.show((step.done, step.of), || name.clone(), line);
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
}
