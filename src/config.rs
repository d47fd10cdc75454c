//! The settings of the program: read once, from flags or the environment, then handed on as plain values.
//!
//! Tests build [`Config`] by hand; its `Default` is what the program does without any setting.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use actix_web::HttpRequest;
use chrono::TimeDelta;
use clap::{Args, ValueEnum};
use mobile_api::photo::MOST_BYTES;

use crate::db::DbOptions;

/// Everything that can be set.
#[derive(Clone, Debug, Default, Args)]
pub struct Config {
    /// Where things are kept.
    #[command(flatten)]
    pub storage: Storage,
    /// How the server listens and stops.
    #[command(flatten)]
    pub http: Http,
    /// What a single request may ask for.
    #[command(flatten)]
    pub limits: Limits,
    /// How long a sign-in lasts.
    #[command(flatten)]
    pub tokens: Tokens,
}

/// Where things are kept. All commands need this much.
#[derive(Clone, Args)]
#[command(next_help_heading = "Storage")]
pub struct Storage {
    /// PostgreSQL to use instead of the built-in database, as postgres://user:password@host/name
    ///
    /// Without it, records are kept in an SQLite file in the data folder.
    // Hidden in --help output, because it holds a password.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Folder for the database file, photos and keys; created if it is missing
    #[arg(long = "data", env = "DOORSTEP_DATA", value_name = "FOLDER", default_value = "data")]
    pub data_dir: PathBuf,
    /// Where photos are kept instead of the data folder, as s3://bucket/prefix
    ///
    /// Access is set by AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, for stores other than Amazon's,
    /// AWS_ENDPOINT. Several servers on one PostgreSQL need such a store.
    #[arg(long, env = "DOORSTEP_PHOTO_STORE", value_name = "URL")]
    pub photo_store: Option<String>,
    /// Most database connections at a time [default: 4 beside the writer's, or 16 to PostgreSQL]
    #[arg(long, env = "DOORSTEP_DB_CONNECTIONS", value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub db_connections: Option<u32>,
}

impl From<&Storage> for DbOptions {
    fn from(storage: &Storage) -> Self {
        let usual = DbOptions::default();
        Self {
            url: storage.database_url.clone(),
            data_dir: storage.data_dir.clone(),
            readers: storage.db_connections.unwrap_or(usual.readers),
            pg_pool: storage.db_connections.unwrap_or(usual.pg_pool),
            ..usual
        }
    }
}

impl fmt::Debug for Storage {
    /// Without the password in the URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage")
            .field("database_url", &self.database_url.as_ref().map(|_| "…"))
            .field("data_dir", &self.data_dir)
            .field("photo_store", &self.photo_store)
            .field("db_connections", &self.db_connections)
            .finish()
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self { database_url: None, data_dir: "data".into(), photo_store: None, db_connections: None }
    }
}

/// How the server listens and stops.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "HTTP")]
pub struct Http {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "DOORSTEP_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address under which people reach this server, printed on certificates: http or https, host, and path if any
    ///
    /// Without it, certificates carry the address at which they were asked for.
    #[arg(long, env = "DOORSTEP_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// Threads that serve requests; 0 means one for each processor
    #[arg(long, env = "DOORSTEP_WORKERS", value_name = "N", default_value_t = 0)]
    pub workers: usize,
    /// How long to go on serving, but report "not ready", before closing the doors on shutdown
    ///
    /// Give a load balancer as long as it needs to notice.
    #[arg(long, env = "DOORSTEP_DRAIN_DELAY_SECONDS", value_name = "SECONDS", default_value_t = 0)]
    pub drain_delay_seconds: u64,
    /// How long requests under way may take to finish on shutdown
    #[arg(long, env = "DOORSTEP_SHUTDOWN_SECONDS", value_name = "SECONDS", default_value_t = 20)]
    pub shutdown_seconds: u64,
    /// Let webhooks lead to http addresses and into private networks
    ///
    /// Only where everybody who may set up webhooks may also reach whatever this server can.
    #[arg(long, env = "DOORSTEP_WEBHOOKS_PRIVATE")]
    pub webhooks_private: bool,
}

impl Http {
    /// How long readiness is withdrawn before no more connections are taken.
    pub fn drain_delay(&self) -> Duration {
        Duration::from_secs(self.drain_delay_seconds)
    }

    /// How long requests under way may take after that.
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            workers: 0,
            drain_delay_seconds: 0,
            shutdown_seconds: 20,
            webhooks_private: false,
        }
    }
}

/// An address to which paths can be appended: http or https, without a slash at its end, at most 200 characters.
fn public_url(text: &str) -> Result<String, &'static str> {
    let trimmed = text.trim().trim_end_matches('/');
    let scheme =
        ["https://", "http://"].into_iter().any(|scheme| trimmed.len() > scheme.len() && trimmed.starts_with(scheme));
    let plain =
        trimmed.len() <= 200 && !trimmed.contains(|c: char| c.is_whitespace() || c.is_control() || "?#".contains(c));
    if scheme && plain { Ok(trimmed.to_owned()) } else { Err("an address that begins with https:// or http://") }
}

/// What a single request may ask for.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Largest JSON body, in bytes after decompression
    #[arg(long, env = "DOORSTEP_BODY_BYTES", value_name = "BYTES", default_value_t = Limits::default().body_bytes)]
    pub body_bytes: usize,
    /// Deepest nesting of JSON
    #[arg(long, env = "DOORSTEP_JSON_DEPTH", value_name = "LEVELS", default_value_t = Limits::default().json_depth)]
    pub json_depth: usize,
    /// Longest time that a request may take, in milliseconds
    #[arg(long, env = "DOORSTEP_REQUEST_MILLIS", value_name = "MILLISECONDS",
        default_value_t = Limits::default().request_millis)]
    pub request_millis: u64,
    /// Most entries of one page of a list or of a synchronisation
    #[arg(long, env = "DOORSTEP_PAGE_SIZE", value_name = "N", default_value_t = Limits::default().page_size)]
    pub page_size: usize,
    /// Most operations of one push
    #[arg(long, env = "DOORSTEP_PUSH_OPERATIONS", value_name = "N",
        default_value_t = Limits::default().push_operations)]
    pub push_operations: usize,
    /// Largest photo, in bytes; at most 64 MiB
    #[arg(long, env = "DOORSTEP_PHOTO_BYTES", value_name = "BYTES", default_value_t = Limits::default().photo_bytes,
        value_parser = clap::value_parser!(u64).range(1..=MOST_BYTES))]
    pub photo_bytes: u64,
}

impl Limits {
    /// The longest time that a request may take.
    pub fn request_time(&self) -> Duration {
        Duration::from_millis(self.request_millis)
    }

    /// The limits that the app of this request was built with.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        request.app_data::<Limits>().cloned().unwrap_or_default()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // A signature of 20,000 points, the most that is taken for one, is about 1.5 MiB.
            body_bytes: 4 * 1024 * 1024,
            // The deepest document of ours has 8 levels; serde_json itself stops at 128.
            json_depth: 64,
            request_millis: 30_000,
            page_size: 500,
            push_operations: 200,
            photo_bytes: MOST_BYTES,
        }
    }
}

/// How long a sign-in lasts.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Sign-in")]
pub struct Tokens {
    /// Life of an access token, in seconds
    #[arg(long, env = "DOORSTEP_ACCESS_TOKEN_SECONDS", value_name = "SECONDS", default_value_t = 600,
        value_parser = clap::value_parser!(i64).range(1..=86_400))]
    pub access_seconds: i64,
    /// Days that a device may stay away before its user must sign in again
    #[arg(long, env = "DOORSTEP_REFRESH_TOKEN_DAYS", value_name = "DAYS", default_value_t = 60,
        value_parser = clap::value_parser!(i64).range(1..=3650))]
    pub refresh_days: i64,
    /// Minutes in which a device that lost the answer to a refresh may ask for it again
    #[arg(long, env = "DOORSTEP_REFRESH_REPEAT_MINUTES", value_name = "MINUTES", default_value_t = 120,
        value_parser = clap::value_parser!(i64).range(0..=10_080))]
    pub refresh_repeat_minutes: i64,
    /// Take a client's address from the last entry of X-Forwarded-For
    ///
    /// Only behind a reverse proxy: clients that connect directly would choose their own address, and with it how many
    /// wrong passwords they may try.
    #[arg(long, env = "DOORSTEP_BEHIND_PROXY")]
    pub behind_proxy: bool,
}

impl Tokens {
    /// Life of an access token.
    pub fn access(&self) -> TimeDelta {
        TimeDelta::seconds(self.access_seconds)
    }

    /// Life of a refresh token that is not used.
    pub fn refresh(&self) -> TimeDelta {
        TimeDelta::days(self.refresh_days)
    }

    /// How long after its first use a refresh token may be repeated.
    pub fn refresh_repeat(&self) -> TimeDelta {
        TimeDelta::minutes(self.refresh_repeat_minutes)
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self { access_seconds: 600, refresh_days: 60, refresh_repeat_minutes: 120, behind_proxy: false }
    }
}

/// What the log looks like. Apart from [`Config`], because every command has a log.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Log")]
pub struct Log {
    /// How log lines are written (on standard error)
    #[arg(
        long = "log-format",
        env = "DOORSTEP_LOG_FORMAT",
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        global = true
    )]
    pub format: LogFormat,
    /// What is logged, e.g. info or info,doorstep=debug
    #[arg(long = "log", env = "DOORSTEP_LOG", value_name = "FILTER", global = true)]
    pub filter: Option<String>,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For a person at a terminal
    #[default]
    Human,
    /// One JSON object a line, for machines
    Json,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches, Parser};

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn certificates_carry_addresses_that_can_be_followed() {
        assert_eq!(public_url("https://a.example/"), Ok("https://a.example".to_owned()));
        assert_eq!(public_url(" http://a.example:8080/doorstep "), Ok("http://a.example:8080/doorstep".to_owned()));
        let long = format!("https://{}", "a".repeat(200));
        for wrong in ["", "a.example", "https://", "javascript:alert(1)", "https://a b", "https://a/?x", &long] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_flags_mean_the_same_as_the_default() {
        // The environment of whoever runs the tests must not matter.
        let program = Program::command().mut_args(|arg| arg.env(None::<&str>));
        let parsed = Config::from_arg_matches(&program.get_matches_from(["doorstep"])).unwrap();
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Config::default()));
    }
}
