//! What the imports of whole tables have in common on the command line.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

use super::{Reading, exit_code};
use crate::{
    cli::{
        stop_on_signal,
        which::{Speaks, Which},
    },
    clock::Clock,
    config::Storage,
    db::Db,
    events::Pokes,
    import::{
        Input,
        mapping::MappingError,
        table::{Encoding, TableOptions, TableReport},
    },
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
    #[command(flatten)]
    which: Which,
    /// Write refused rows to this file, with line and reason, ready to be mended and imported
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    #[command(flatten)]
    speaks: Speaks,
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
        import: impl AsyncFnOnce(&Door, M, Input, &TableOptions, &mut Reading) -> Result<TableReport, String>,
    ) -> anyhow::Result<ExitCode> {
        let language = self.speaks.language();
        let text = std::fs::read_to_string(&self.map).with_context(|| self.map.display().to_string())?;
        let mapping = parse(&text).map_err(|error| anyhow::anyhow!("{}:\n{error}", self.map.display()))?;
        let input = Input::open(&self.file).with_context(|| self.file.display().to_string())?;
        let db = Db::open((&self.storage).into()).await?;
        db.migrate().await?;
        let org = self.which.find(&db, language).await?;
        let door = Door::new(db, Clock::system(), Pokes::default(), Holds::default());
        let options = TableOptions {
            encoding: self.encoding,
            preview: self.preview,
            accept_rest: self.accept_rest,
            refused: self.refused.clone(),
            ..TableOptions::new(org, language)
        };
        stop_on_signal(options.stop.clone(), move || language.say("import-stopping", &[]));
        let mut reading = Reading::new(language);
        let result = import(&door, mapping, input, &options, &mut reading).await;
        reading.bar.end();
        let report = result.map_err(anyhow::Error::msg)?;
        print!("{}", report.text(language));
        if let Some(file) = self.refused.filter(|_| report.refused > 0) {
            println!("{}", language.say("table-refused-written", &[("file", file.display().to_string())]));
        }
        Ok(exit_code(&report.ended, report.refused))
    }
}
