//! `doorstep admin rebuild-search`

use clap::Args;

use super::office::Office;
use crate::{
    backfill::{self, Target},
    cli::{bar::Bar, which::Which},
    config::Storage,
    import::grouped,
    language::Language,
};

/// Most records that one transaction enters, as for every bulk change.
const CHUNK: i64 = 500;

/// Enter all orders and complaints into the search again
///
/// For when a search misses something, such as what a server of an older version wrote while a newer one was starting. What is there is
/// found meanwhile. If the command is stopped, the running server goes on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  doorstep admin rebuild-search")]
pub struct RebuildSearch {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    storage: Storage,
}

impl RebuildSearch {
    pub async fn run(self, words: Language) -> anyhow::Result<()> {
        let office = Office::open(&self.storage, words).await?;
        let org = office.organisation(&self.which).await?.org;
        let db = office.door.db();
        let all = db.write(move |conn| backfill::begin_again(conn, org, Target::Search)).await?;
        let counted = all.clone();
        let size = db.read(move |conn| counted.iter().map(|waiting| backfill::size(conn, waiting)).sum()).await?;
        let (mut done, mut bar) = (0, Bar::new("{bar:40} {human_pos:>9} / {human_len}  {per_sec}  {eta}"));
        for waiting in all {
            loop {
                let entered = db.write(move |conn| backfill::enter_next(conn, &waiting, CHUNK)).await?;
                if entered == 0 {
                    break;
                }
                done += entered as u64;
                let line =
                    |percent| words.say("command-search-progress", &[("done", grouped(done)), ("percent", percent)]);
                bar.show((done, size), String::new, line);
            }
        }
        bar.end();
        println!("{}", words.say("command-search-rebuilt", &[("records", grouped(size))]));
        Ok(())
    }
}
