//! `doorstep admin create-organisation` and `rotate-keys`

use clap::Args;
use mobile_api::{
    Role,
    directory::{Deadlines, Found, UserSave},
    money::Currency,
};

use super::{
    office::{Office, explain},
    password::PasswordSource,
};
use crate::{access::set_password, config::Storage, language::Language};

/// Make an organisation and its first administrator
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep admin create-organisation --name 'Bright Home Services' --slug bright --login admin
  echo \"$PASSWORD\" | doorstep admin create-organisation --name 明亮家服 --slug mingliang \\
      --time-zone Asia/Shanghai --currency CNY --login admin --password-stdin")]
pub struct CreateOrganisation {
    /// Its name
    #[arg(long)]
    name: String,
    /// Its short name: a to z, 0 to 9 and hyphens
    #[arg(long, value_parser = slug)]
    slug: String,
    /// Its IANA time zone
    #[arg(long, value_name = "ZONE", default_value = "Asia/Shanghai")]
    time_zone: String,
    /// The currency of all its prices, which cannot be changed later
    #[arg(long, value_name = "CODE", default_value = "CNY", value_parser = currency)]
    currency: Currency,
    /// Login of the first administrator
    #[arg(long)]
    login: String,
    /// Name of the first administrator [default: the login]
    #[arg(long, value_name = "NAME")]
    administrator: Option<String>,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    storage: Storage,
}

fn slug(text: &str) -> Result<String, String> {
    let usable = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match text {
        "" => Err("at least one character".into()),
        _ if text.len() > 60 => Err("at most 60 characters".into()),
        _ if text.chars().all(usable) => Ok(text.to_owned()),
        _ => Err("only a to z, 0 to 9 and hyphens".into()),
    }
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).ok_or_else(|| "three capital letters, such as CNY, EUR or GBP".to_owned())
}

impl CreateOrganisation {
    pub async fn run(self, words: Language) -> anyhow::Result<()> {
        let office = Office::open(&self.storage, words).await?;
        let password = self.password.read(&self.login, office.access.passwords(), words).await?;
        let hash = office.access.passwords().hash_new(password).await?;
        let (org, user, now) = (office.clock.new_id(), office.clock.new_id(), office.clock.now());
        let found = Found {
            name: self.name.clone(),
            time_zone: self.time_zone,
            currency: self.currency,
            deadlines: Deadlines::TRADE,
        };
        let administrator = UserSave {
            name: self.administrator.unwrap_or_else(|| self.login.clone()),
            login: self.login.clone(),
            role: Role::Admin,
            sites: Vec::new(),
            teams: Vec::new(),
            skills: Vec::new(),
            certificates: Vec::new(),
            calendar: None,
            active: true,
        };
        let login = self.login.clone();
        let beside = move |conn: &mut _| Ok(set_password(conn, org, user, &login, &hash, now)?);
        let more = vec![office.online(user, administrator)];
        office
            .door
            .found_with(self.slug.clone(), office.online(org, found), more, beside)
            .await
            .map_err(explain(words))?;
        let made = [("name", self.name), ("slug", self.slug), ("id", org.to_string())];
        println!("{}", words.say("command-organisation-made", &made));
        println!("{}", words.say("command-organisation-next", &[("login", self.login.to_lowercase())]));
        Ok(())
    }
}

/// Put a new key in use for signing access tokens
///
/// Nobody is signed out: the old keys still verify for a day. Running servers notice within a minute.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  doorstep admin rotate-keys")]
pub struct RotateKeys {
    #[command(flatten)]
    storage: Storage,
}

impl RotateKeys {
    pub async fn run(self, words: Language) -> anyhow::Result<()> {
        let office = Office::open(&self.storage, words).await?;
        let kid = office.access.rotate_keys().await?;
        println!("{}", words.say("command-key-in-use", &[("kid", kid)]));
        Ok(())
    }
}
