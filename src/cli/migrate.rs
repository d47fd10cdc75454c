//! `doorstep migrate`

use clap::Args;

use super::which::Speaks;
use crate::{config::Storage, db::Db};

/// Bring the database up to date
///
/// Builds the tables of a new database, or completes those of an older version. `doorstep serve` does the same at its
/// start; this command is for those who would rather do it beforehand. It can be repeated, and run by two servers at
/// the same time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep migrate
  DATABASE_URL=postgres://doorstep@db/doorstep doorstep migrate")]
pub struct Migrate {
    #[command(flatten)]
    speaks: Speaks,
    #[command(flatten)]
    storage: Storage,
}

impl Migrate {
    pub async fn run(self) -> anyhow::Result<()> {
        let words = self.speaks.language();
        let db = Db::open((&self.storage).into()).await?;
        let applied = db.migrate().await?;
        match applied.is_empty() {
            true => println!("{}", words.say("command-up-to-date", &[])),
            false => {
                let say = |step: &String| println!("{}", words.say("command-step-applied", &[("step", step.clone())]));
                applied.iter().for_each(say);
            }
        }
        Ok(())
    }
}
