//! `doorstep import prices`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

use super::{Bar, exit_code, organisation, stop_on_signal};
use crate::{
    clock::Clock,
    config::Storage,
    db::Db,
    events::Pokes,
    import::{
        Input, Words,
        prices::{Encoding, PriceMapping, PriceOptions, prices},
    },
    language::Language,
    operations::{Door, Holds},
};

/// Import a price list from a table (CSV, also compressed by gzip)
///
/// A mapping file says which column is what; docs/mappings/price-list.toml explains every entry. The code is the key: items
/// that are here are changed, items that the table does not have are left alone. If any row is refused, nothing is
/// stored, unless --accept-rest is given.
///
/// Exit codes: 0 everything was taken or here already, 3 some rows were refused, 130 stopped by Ctrl-C, 1 anything else.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep import prices --map docs/mappings/price-list.toml --preview prices.csv
  doorstep import prices --map my.toml --encoding gbk prices.csv.gz
  doorstep import prices --map my.toml --accept-rest --refused refused.csv prices.csv")]
pub(super) struct Prices {
    /// Mapping file: which column is what (TOML)
    #[arg(long, value_name = "FILE")]
    map: PathBuf,
    /// Tell what would change, and store nothing
    #[arg(long)]
    preview: bool,
    /// Store the other rows although some were refused
    #[arg(long)]
    accept_rest: bool,
    /// How the table is written [default: UTF-8 if it can be, else GBK]
    #[arg(long, value_name = "ENCODING")]
    encoding: Option<Encoding>,
    /// Short name of the organisation [default: the only one there is]
    #[arg(long, value_name = "SLUG")]
    organisation: Option<String>,
    /// Write refused rows to this file, with line and reason, ready to be mended and imported
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Language of the report [default: by LANG]
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<Language>,
    /// The table, with a header line
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    storage: Storage,
}

impl Prices {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let language = self.lang.unwrap_or_else(Language::of_terminal);
        let text = std::fs::read_to_string(&self.map).with_context(|| self.map.display().to_string())?;
        let mapping = PriceMapping::parse(&text);
        let mapping = mapping.map_err(|error| anyhow::anyhow!("{}:\n{error}", self.map.display()))?;
        let input = Input::open(&self.file).with_context(|| self.file.display().to_string())?;
        let db = Db::open((&self.storage).into()).await?;
        db.migrate().await?;
        let org = organisation(&db, self.organisation.as_deref(), Words(language)).await?;
        let door = Door::new(db, Clock::system(), Pokes::default(), Holds::default());
        let options = PriceOptions {
            encoding: self.encoding,
            preview: self.preview,
            accept_rest: self.accept_rest,
            refused: self.refused.clone(),
            ..PriceOptions::new(org, language)
        };
        stop_on_signal(options.stop.clone(), language);
        let mut bar = Bar::new(Words(language));
        let result = prices(&door, &mapping, input, &options, |progress| bar.show(&progress)).await;
        bar.end();
        let report = result.map_err(anyhow::Error::msg)?;
        print!("{}", report.text(language));
        if let Some(file) = self.refused.filter(|_| report.refused > 0) {
            println!("{}", Words(language).say("prices-refused-written", &[("file", file.display().to_string())]));
        }
        Ok(exit_code(&report.ended, report.refused))
    }
}
