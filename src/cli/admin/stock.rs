//! `doorstep admin check-stock`

use anyhow::bail;
use clap::Args;
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};

use super::office::Office;
use crate::{cli::which::Which, config::Storage, db::DbError, language::Language, stock::store};

/// What stands above the columns of what differs.
const COLUMNS: [&str; 4] = ["command-place", "command-article", "command-level", "command-moves"];

/// Check that every level of stock is the sum of its moves
///
/// Reads the whole ledger and changes nothing. Ends with an error if a level differs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  doorstep admin check-stock")]
pub struct CheckStock {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    storage: Storage,
}

impl CheckStock {
    pub async fn run(self, words: Language) -> anyhow::Result<()> {
        let office = Office::open(&self.storage, words).await?;
        let org = office.organisation(&self.which).await?.org;
        let balances = office.door.db().read::<_, DbError, _>(move |conn| store::balances(conn, org)).await?;
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY).set_header(COLUMNS.map(|id| words.say(id, &[])));
        let wrong: Vec<_> = balances.iter().filter(|balance| balance.milli != balance.moves_milli).collect();
        for balance in &wrong {
            let figures = [balance.milli, balance.moves_milli].map(|milli| milli.to_string());
            table.add_row([balance.place.clone(), balance.article.to_string()].into_iter().chain(figures));
        }
        if !wrong.is_empty() {
            println!("{table}");
            let counts = [("wrong", wrong.len().to_string()), ("levels", balances.len().to_string())];
            bail!(words.say("command-stock-differs", &counts));
        }
        println!("{}", words.say("command-stock-agrees", &[("levels", balances.len().to_string())]));
        Ok(())
    }
}
