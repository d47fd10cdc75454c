//! `doorstep admin check-stock`

use anyhow::bail;
use clap::Args;
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};

use super::office::{Office, Which};
use crate::{config::Storage, db::DbError, stock::store};

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
    pub async fn run(self) -> anyhow::Result<()> {
        let office = Office::open(&self.storage).await?;
        let org = office.organisation(&self.which).await?.org;
        let balances = office.door.db().read::<_, DbError, _>(move |conn| store::balances(conn, org)).await?;
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["Place", "Article", "Level", "Moves"]);
        let wrong: Vec<_> = balances.iter().filter(|balance| balance.milli != balance.moves_milli).collect();
        for balance in &wrong {
            let figures = [balance.milli, balance.moves_milli].map(|milli| milli.to_string());
            table.add_row([balance.place.clone(), balance.article.to_string()].into_iter().chain(figures));
        }
        if !wrong.is_empty() {
            println!("{table}");
            bail!("{} of {} levels differ from the sum of their moves", wrong.len(), balances.len());
        }
        println!("{} levels, each the sum of its moves.", balances.len());
        Ok(())
    }
}
