//! `doorstep demo`

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Context;
use clap::Args;

use crate::{
    access::{Access, AccessConfig, PasswordConfig},
    app::AppState,
    clock::Clock,
    config::{Config, Http, Storage},
    demo::{self, Company, Narrator, company::PASSWORD},
    language::Language,
    media::depot::Depot,
    server::{self, Server},
};

/// Play one repair day before your eyes
///
/// Makes a demonstration company from real records in a folder of its own, starts the server and plays a day: a
/// technician works without signal while the office reassigns, cancels and prices anew, and everything finds together
/// again. Then the server keeps running, to be looked at.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep demo
  doorstep demo --lang zh-CN --listen 127.0.0.1:9000
  doorstep demo --fresh --pace 0 --leave")]
pub struct Demo {
    /// The folder of the demonstration; everything in it is the demonstration's own
    #[arg(long, env = "DOORSTEP_DEMO_DATA", value_name = "FOLDER", default_value = "demo-data")]
    data: PathBuf,
    /// Where to listen
    #[arg(long, env = "DOORSTEP_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The language of the story; by default that of the terminal
    #[arg(long)]
    lang: Option<Language>,
    /// Milliseconds to wait after each line
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 250)]
    pace: u64,
    /// Delete the demonstration's folder first
    #[arg(long)]
    fresh: bool,
    /// End when the day is over, instead of keeping the server running
    #[arg(long)]
    leave: bool,
}

impl Demo {
    pub async fn run(self) -> anyhow::Result<()> {
        let narrator = Narrator::new(self.lang.unwrap_or_else(Language::of_terminal), Duration::from_millis(self.pace));
        if self.fresh {
            self.clear()?;
        }
        let folder = self.data.display().to_string();
        let spinner = narrator.wait_for("demo-building", &[("folder", folder.clone())]);
        let server = self.start().await?;
        let company = demo::build(&server.state.door, &server.state.access).await?;
        spinner.finish_and_clear();
        narrator.tell("demo-building", &[("folder", folder)]).await;
        let args = [
            ("people", company.people().len().to_string()),
            ("flats", company.households.len().to_string()),
            ("prices", company.prices.len().to_string()),
            ("orders", company.today.len().to_string()),
        ];
        narrator.tell("demo-built", &args).await;
        let url = format!("http://{}", server.addr);
        narrator.tell("demo-listening", &[("url", url.clone())]).await;
        if demo::play(&company, &narrator, &url, &self.data).await?.is_none() {
            narrator.tell("demo-played-before", &[]).await;
        }
        farewell(&narrator, &company, &url).await;
        if self.leave {
            server.stop().await;
        } else {
            server.until_signalled().await?;
        }
        Ok(())
    }

    async fn start(&self) -> anyhow::Result<Server> {
        let storage = Storage { database_url: None, data_dir: self.data.clone(), ..Storage::default() };
        let http = Http { listen: self.listen, ..Http::default() };
        let config = Config { storage, http, ..Config::default() };
        let (db, clock) = (server::open(&config.storage).await?, Clock::system());
        // Its passwords are printed anyway; hashing them in earnest would only make the reader wait.
        let access = AccessConfig { password: PasswordConfig::cheap(), ..AccessConfig::from(&config.tokens) };
        let access = Access::new(db.clone(), clock.clone(), access)?;
        let depot = Depot::open(&config.storage)?;
        Ok(server::start(AppState::new(config, db, clock, access, depot)).await?)
    }

    /// Deletes the folder, if it is one that a demonstration made.
    fn clear(&self) -> anyhow::Result<()> {
        if !self.data.exists() {
            return Ok(());
        }
        if !self.data.join("phone.sqlite3").exists() {
            anyhow::bail!("{} was not made by a demonstration; nothing was deleted", self.data.display());
        }
        std::fs::remove_dir_all(&self.data).with_context(|| format!("cannot delete {}", self.data.display()))
    }
}

async fn farewell(narrator: &Narrator, company: &Company, url: &str) {
    narrator.scene("demo-ready", &[]).await;
    println!("   {}: {url}", narrator.text("demo-address", &[]));
    println!("   {}: {url}/docs/", narrator.text("demo-browser", &[]));
    println!("   {}:", narrator.text("demo-logins", &[("password", PASSWORD.to_owned())]));
    for person in company.people() {
        let role = narrator.text(&format!("role-{}", person.role), &[]);
        println!("     {:<20} {} ({role})", person.login, person.name);
    }
}
