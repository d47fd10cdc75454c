//! `doorstep import`

mod assets;
mod classes;
mod prices;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{
    STOPPED,
    bar::Bar,
    stop_on_signal,
    which::{Speaks, Which},
};
use crate::{
    clock::Clock,
    config::Storage,
    db::Db,
    events::Pokes,
    import::{self, Ended, Input, Mapping, Options, Progress, grouped},
    language::Language,
    operations::{Door, Holds},
};

/// The exit code when everything was read, but rows were refused.
const SOME_REFUSED: u8 = 3;

/// Take history, a price list, assets or classes of complaints over from another system
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  doorstep import requests --map docs/mappings/boston-311.toml requests.csv.gz")]
pub struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Requests(Requests),
    Prices(prices::Prices),
    Assets(assets::Assets),
    ComplaintClasses(classes::Classes),
}

/// Import service requests from a table (CSV, also compressed by gzip)
///
/// A mapping file says which column is what; docs/mappings/boston-311.toml explains every entry. Rows whose order is here
/// already are passed over, so an import that was stopped, or a later version of the file, can simply be run again.
///
/// Exit codes: 0 everything was taken or here already, 3 some rows were refused, 130 stopped by Ctrl-C, 1 anything else.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep import requests --map docs/mappings/boston-311.toml requests.csv.gz
  doorstep import requests --map my.toml --organisation acme --refused refused.csv requests.csv
  DATABASE_URL=postgres://doorstep@db/doorstep doorstep import requests --map my.toml requests.csv")]
struct Requests {
    /// Mapping file: which column is what (TOML)
    #[arg(long, value_name = "FILE")]
    map: PathBuf,
    #[command(flatten)]
    which: Which,
    /// Write refused rows to this file, with line and reason, ready to be mended and imported
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    #[command(flatten)]
    speaks: Speaks,
    /// The table, in UTF-8 with a header line
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    storage: Storage,
}

impl Import {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Requests(requests) => requests.run().await,
            What::Prices(prices) => prices.run().await,
            What::Assets(assets) => assets.run().await,
            What::ComplaintClasses(classes) => classes.run().await,
        }
    }
}

impl Requests {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let language = self.speaks.language();
        let mapping = read_mapping(&self.map)?;
        let input = Input::open(&self.file).with_context(|| self.file.display().to_string())?;
        let db = Db::open((&self.storage).into()).await?;
        db.migrate().await?;
        let org = self.which.find(&db, language).await?;
        let door = Door::new(db, Clock::system(), Pokes::default(), Holds::default());
        let options = Options { refused: self.refused.clone(), ..Options::new(org, language) };
        stop_on_signal(options.stop.clone(), move || language.say("import-stopping", &[]));
        let mut reading = Reading::new(language);
        let result = import::requests(&door, mapping, input, options, |progress| reading.show(&progress)).await;
        reading.bar.end();
        let report = result.map_err(anyhow::Error::msg)?;
        print!("{}", report.text(language));
        if let Some(file) = self.refused.filter(|_| report.refused > 0) {
            println!("{}", language.say("import-refused-written", &[("file", file.display().to_string())]));
        }
        Ok(exit_code(&report.ended, report.refused))
    }
}

fn exit_code(ended: &Ended, refused: u64) -> ExitCode {
    match ended {
        Ended::Complete if refused == 0 => ExitCode::SUCCESS,
        Ended::Complete => SOME_REFUSED.into(),
        Ended::Interrupted => STOPPED.into(),
        Ended::Broken(_) => ExitCode::FAILURE,
    }
}

fn read_mapping(path: &Path) -> anyhow::Result<Mapping> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Mapping::parse(&text).map_err(|error| anyhow::anyhow!("{}:\n{error}", path.display()))
}

/// How far an import is.
struct Reading {
    bar: Bar,
    words: Language,
}

impl Reading {
    fn new(words: Language) -> Self {
        Self { bar: Bar::new("{bar:40} {percent:>3} %  {msg}  {eta}"), words }
    }

    fn show<R>(&mut self, progress: &Progress<'_, R>) {
        let (words, done) = (self.words, grouped(progress.done));
        let line = |percent| words.say("import-progress", &[("done", done.clone()), ("percent", percent)]);
        self.bar.show((progress.position, progress.size), || done.clone(), line);
    }
}
