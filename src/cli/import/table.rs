//! What the imports of whole tables have in common on the command line.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

use super::{Bar, exit_code, organisation};
use crate::cli::stop_on_signal;
use crate::{
    clock::Clock,
    config::Storage,
    db::Db,
    events::Pokes,
    import::{
        Input, Words,
        mapping::MappingError,
        table::{Encoding, TableOptions, TableReport},
    },
    language::Language,
    operations::{Door, Holds},
};

#[derive(Debug, Args)]
pub(super) struct TableArgs {
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

impl TableArgs {
    /// Opens everything, imports by `import`, and tells what came of it.
    pub(super) async fn run<M>(
        self,
        parse: impl Fn(&str) -> Result<M, MappingError>,
        import: impl AsyncFnOnce(&Door, M, Input, &TableOptions, &mut Bar) -> Result<TableReport, String>,
    ) -> anyhow::Result<ExitCode> {
        let language = self.lang.unwrap_or_else(Language::of_terminal);
        let text = std::fs::read_to_string(&self.map).with_context(|| self.map.display().to_string())?;
        let mapping = parse(&text).map_err(|error| anyhow::anyhow!("{}:\n{error}", self.map.display()))?;
        let input = Input::open(&self.file).with_context(|| self.file.display().to_string())?;
        let db = Db::open((&self.storage).into()).await?;
        db.migrate().await?;
        let org = organisation(&db, self.organisation.as_deref(), Words(language)).await?;
        let door = Door::new(db, Clock::system(), Pokes::default(), Holds::default());
        let options = TableOptions {
            encoding: self.encoding,
            preview: self.preview,
            accept_rest: self.accept_rest,
            refused: self.refused.clone(),
            ..TableOptions::new(org, language)
        };
        stop_on_signal(options.stop.clone(), move || Words(language).say("import-stopping", &[]));
        let mut bar = Bar::new(Words(language));
        let result = import(&door, mapping, input, &options, &mut bar).await;
        bar.end();
        let report = result.map_err(anyhow::Error::msg)?;
        print!("{}", report.text(language));
        if let Some(file) = self.refused.filter(|_| report.refused > 0) {
            println!("{}", Words(language).say("table-refused-written", &[("file", file.display().to_string())]));
        }
        Ok(exit_code(&report.ended, report.refused))
    }
}
