//! `doorstep admin add-user`, `reset-password` and `list-users`

use anyhow::{Context, bail};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use clap::Args;
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use mobile_api::{
    Actor, Role,
    directory::{Certificate, Site, Team, User, UserSave},
    record::{Kind, Record},
};
use uuid::Uuid;

use super::{
    office::{Office, explain},
    password::PasswordSource,
};
use crate::{
    access::{set_password, store::credential_of},
    cli::which::Which,
    config::Storage,
    db::DbError,
    directory::store::user_by_login,
    language::Language,
};

/// What stands above the columns of the list.
const COLUMNS: [&str; 5] = ["command-login", "command-name", "command-role", "command-state", "command-id"];

/// Add an account
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep admin add-user --role dispatcher --name 'Li Na' --login li.na
  doorstep admin add-user --role technician --name 'Zhao Gang' --login zhao.gang --team Lifts \\
      --skill lift --certificate lift=2027-06-30")]
pub struct AddUser {
    /// What they may do: admin, manager, dispatcher, front_desk, storekeeper or technician
    #[arg(long)]
    role: Role,
    /// The person's name
    #[arg(long)]
    name: String,
    /// The name to sign in with
    #[arg(long)]
    login: String,
    /// A site that an office role is limited to, by name or id; repeat for several, leave out for all
    #[arg(long = "site", value_name = "SITE")]
    sites: Vec<String>,
    /// A team whose pool of orders a technician sees, by name or id; repeat for several
    #[arg(long = "team", value_name = "TEAM")]
    teams: Vec<String>,
    /// Something they are trained for; repeat for several
    #[arg(long = "skill", value_name = "WORD")]
    skills: Vec<String>,
    /// A certificate with its last day; repeat for several
    #[arg(long = "certificate", value_name = "CODE=YYYY-MM-DD", value_parser = certificate)]
    certificates: Vec<(String, NaiveDate)>,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    storage: Storage,
}

fn certificate(text: &str) -> Result<(String, NaiveDate), String> {
    let (code, day) = text.split_once('=').ok_or("a code and its last day, such as lift=2027-06-30")?;
    let day = day.parse().map_err(|_| "the last day as year-month-day, such as 2027-06-30")?;
    Ok((code.to_owned(), day))
}

impl AddUser {
    pub async fn run(self, words: Language) -> anyhow::Result<()> {
        let office = Office::open(&self.storage, words).await?;
        let actor = office.organisation(&self.which).await?;
        let zone = time_zone(&office, &actor).await?;
        let certificates = self.certificates.iter().map(|(code, last)| {
            Ok(Certificate {
                code: code.clone(),
                expires_at: end_of(*last, zone).with_context(|| words.say("command-day-without-end", &[]))?,
            })
        });
        let user = UserSave {
            name: self.name.clone(),
            login: self.login.clone(),
            role: self.role,
            sites: sites(&office, &actor, &self.sites).await?,
            teams: teams(&office, &actor, &self.teams).await?,
            skills: self.skills.clone(),
            certificates: certificates.collect::<anyhow::Result<_>>()?,
            calendar: None,
            active: true,
        };
        let password = self.password.read(&self.login, office.access.passwords(), words).await?;
        let hash = office.access.passwords().hash_new(password).await?;
        let (org, id, login, now) = (actor.org, office.clock.new_id(), self.login.clone(), office.clock.now());
        let beside = move |conn: &mut _| Ok(set_password(conn, org, id, &login, &hash, now)?);
        office.door.perform_with(actor, office.online(id, user), beside).await.map_err(explain(words))?;
        let made = [
            ("name", self.name),
            ("login", self.login.to_lowercase()),
            ("role", self.role.to_string()),
            ("id", id.to_string()),
        ];
        println!("{}", words.say("command-account-made", &made));
        Ok(())
    }
}

async fn time_zone(office: &Office, actor: &Actor) -> anyhow::Result<Tz> {
    match office.record(actor, Kind::Organisation, actor.org).await? {
        Some(Record::Organisation(firm)) => {
            firm.time_zone.parse().with_context(|| office.words.say("command-unknown-time-zone", &[]))
        }
        _ => bail!(office.words.say("command-organisation-without-record", &[])),
    }
}

/// The last instant of a day, there.
fn end_of(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = day.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
    // Where clocks jump over midnight, the day ends when they do.
    let next = zone
        .from_local_datetime(&midnight)
        .earliest()
        .or_else(|| zone.from_local_datetime(&(midnight + TimeDelta::hours(1))).earliest())?;
    Some(next.to_utc() - TimeDelta::microseconds(1))
}

async fn sites(office: &Office, actor: &Actor, wanted: &[String]) -> anyhow::Result<Vec<mobile_api::Id<Site>>> {
    let all = match wanted {
        [] => Vec::new(),
        _ => office.directory::<Site>(actor, Kind::Site).await?,
    };
    let named =
        |text| one(office.words, text, Named::Site, all.iter().map(|site| (site.id.uuid(), site.name.as_str())));
    wanted.iter().map(|text| named(text).map(Into::into)).collect()
}

async fn teams(office: &Office, actor: &Actor, wanted: &[String]) -> anyhow::Result<Vec<mobile_api::Id<Team>>> {
    let all = match wanted {
        [] => Vec::new(),
        _ => office.directory::<Team>(actor, Kind::Team).await?,
    };
    let named =
        |text| one(office.words, text, Named::Team, all.iter().map(|team| (team.id.uuid(), team.name.as_str())));
    wanted.iter().map(|text| named(text).map(Into::into)).collect()
}

/// What is meant by a name.
#[derive(Clone, Copy)]
enum Named {
    Site,
    Team,
}

/// The one of this name or id.
fn one<'a>(
    words: Language,
    text: &str,
    what: Named,
    all: impl Iterator<Item = (Uuid, &'a str)> + Clone,
) -> anyhow::Result<Uuid> {
    let fits: Vec<Uuid> =
        all.clone().filter(|(id, name)| *name == text || id.to_string() == text).map(|(id, _)| id).collect();
    match fits.as_slice() {
        [id] => Ok(*id),
        [] => {
            let names: Vec<&str> = all.map(|(_, name)| name).collect();
            let others = if names.is_empty() { "–".to_owned() } else { names.join(", ") };
            let none = match what {
                Named::Site => "command-no-such-site",
                Named::Team => "command-no-such-team",
            };
            bail!(words.say(none, &[("name", text.to_owned()), ("others", others)]))
        }
        _ => bail!(words.say("command-several-of-this-name", &[("name", text.to_owned())])),
    }
}

/// Give an account another password
///
/// Ends all its sign-ins: whoever is signed in somewhere has to sign in again there; what phones have not sent yet stays
/// on them. Also mends an account that has no password.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep admin reset-password wang.lei
  echo \"$PASSWORD\" | doorstep admin reset-password wang.lei --password-stdin")]
pub struct ResetPassword {
    /// The account's login
    login: String,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    storage: Storage,
}

impl ResetPassword {
    pub async fn run(self, words: Language) -> anyhow::Result<()> {
        let office = Office::open(&self.storage, words).await?;
        let login = self.login.trim().to_lowercase();
        let wanted = login.clone();
        let found = office.door.db().read::<_, DbError, _>(move |conn| user_by_login(conn, &wanted)).await?;
        let (org, user) = found.with_context(|| words.say("command-unknown-login", &[("login", login.clone())]))?;
        let password = self.password.read(&login, office.access.passwords(), words).await?;
        office.access.reset_password(org, user, login.clone(), password).await?;
        println!("{}", words.say("command-new-password", &[("login", login)]));
        Ok(())
    }
}

/// List the accounts
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  doorstep admin list-users\n  doorstep admin list-users --organisation bright")]
pub struct ListUsers {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    storage: Storage,
}

impl ListUsers {
    pub async fn run(self, words: Language) -> anyhow::Result<()> {
        let office = Office::open(&self.storage, words).await?;
        let actor = office.organisation(&self.which).await?;
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY).set_header(COLUMNS.map(|id| words.say(id, &[])));
        for user in office.directory::<User>(&actor, Kind::User).await? {
            let id = user.id.uuid();
            let credential = office.door.db().read(move |conn| credential_of(conn, id)).await?;
            let state = match (user.active, credential) {
                (false, _) => words.say("command-disabled", &[]),
                (true, None) => words.say("command-no-password", &[]),
                (true, Some(_)) => String::new(),
            };
            table.add_row([&user.login, &user.name, user.role.as_str(), &state, &id.to_string()]);
        }
        println!("{table}");
        Ok(())
    }
}
