//! `doorstep import`

mod assets;
mod classes;
mod prices;
mod table;

use std::{
    fs,
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use uuid::Uuid;

use super::{STOPPED, stop_on_signal};
use crate::{
    clock::Clock,
    config::Storage,
    db::Db,
    events::Pokes,
    import::{self, Ended, Input, Mapping, Options, Progress, Words, grouped},
    language::Language,
    operations::{self, Door, Holds},
};

/// The exit code when everything was read, but rows were refused.
const SOME_REFUSED: u8 = 3;

/// How often a line tells of the progress where there is no terminal to draw a bar on.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

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
    /// Short name of the organisation [default: the only one there is]
    #[arg(long, value_name = "SLUG")]
    organisation: Option<String>,
    /// Write refused rows to this file, with line and reason, ready to be mended and imported
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Language of the report [default: by LANG]
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<Language>,
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
        let language = self.lang.unwrap_or_else(Language::of_terminal);
        let mapping = read_mapping(&self.map)?;
        let input = Input::open(&self.file).with_context(|| self.file.display().to_string())?;
        let db = Db::open((&self.storage).into()).await?;
        db.migrate().await?;
        let org = organisation(&db, self.organisation.as_deref(), Words(language)).await?;
        let door = Door::new(db, Clock::system(), Pokes::default(), Holds::default());
        let options = Options { refused: self.refused.clone(), ..Options::new(org, language) };
        stop_on_signal(options.stop.clone(), move || Words(language).say("import-stopping", &[]));
        let mut bar = Bar::new(Words(language));
        let result = import::requests(&door, mapping, input, options, |progress| bar.show(&progress)).await;
        bar.end();
        let report = result.map_err(anyhow::Error::msg)?;
        print!("{}", report.text(language));
        if let Some(file) = self.refused.filter(|_| report.refused > 0) {
            println!("{}", Words(language).say("import-refused-written", &[("file", file.display().to_string())]));
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

/// The organisation of this short name, or the only one there is.
async fn organisation(db: &Db, slug: Option<&str>, words: Words) -> anyhow::Result<Uuid> {
    let all = db.read(operations::store::organisations).await?;
    let slugs = || ("slugs", all.iter().map(|(_, slug)| slug.as_str()).collect::<Vec<_>>().join(", "));
    match (slug, all.as_slice()) {
        (_, []) => bail!(words.say("import-no-organisation", &[])),
        (None, [(org, _)]) => Ok(*org),
        (None, _) => bail!(words.say("import-which-organisation", &[slugs()])),
        (Some(slug), _) => match all.iter().find(|(_, known)| known == slug) {
            Some((org, _)) => Ok(*org),
            None => bail!(words.say("import-unknown-organisation", &[("slug", slug.to_owned()), slugs()])),
        },
    }
}

/// How far it is: a bar on a terminal, a line now and then elsewhere.
struct Bar {
    bar: Option<ProgressBar>,
    words: Words,
    last_line: Instant,
}

impl Bar {
    fn new(words: Words) -> Self {
        let draw = || {
            let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {eta}").ok()?;
            Some(ProgressBar::new(0).with_style(style))
        };
        let bar = std::io::stderr().is_terminal().then(draw).flatten();
        Self { bar, words, last_line: Instant::now() }
    }

    fn show<R>(&mut self, progress: &Progress<'_, R>) {
        let done = grouped(progress.done);
        if let Some(bar) = &self.bar {
            bar.set_length(progress.size);
            bar.set_position(progress.position);
            bar.set_message(done);
        } else if self.last_line.elapsed() >= BETWEEN_LINES {
            self.last_line = Instant::now();
            let percent = (progress.position * 100).checked_div(progress.size).unwrap_or(100).to_string();
            eprintln!("{}", self.words.say("import-progress", &[("done", done), ("percent", percent)]));
        }
    }

    fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
