//! `doorstep admin …`: what cannot be done from within, because nobody can sign in yet or any more.
//!
//! Everything goes through the door, in the name of the organisation itself, so that it stands in the journal.

mod devices;
mod office;
mod organisation;
mod password;
mod search;
mod stock;
mod users;

use clap::{Args, Subcommand};

use crate::language::Language;

/// Set up organisations and accounts
///
/// Works on the database itself, also while the server runs; give it the same --data or DATABASE_URL. A running server
/// notices what changed within a minute.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep admin create-organisation --name 'Bright Home Services' --slug bright --login admin
  doorstep admin add-user --role technician --name 'Wang Lei' --login wang.lei --team 'Plumbers, north'
  doorstep admin reset-password wang.lei")]
pub struct Admin {
    /// Language of the report [default: by LANG]
    #[arg(long, value_name = "LANGUAGE", global = true)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    CreateOrganisation(organisation::CreateOrganisation),
    AddUser(users::AddUser),
    ResetPassword(users::ResetPassword),
    ListUsers(users::ListUsers),
    ListDevices(devices::ListDevices),
    RevokeDevice(devices::RevokeDevice),
    RotateKeys(organisation::RotateKeys),
    CheckStock(stock::CheckStock),
    RebuildSearch(search::RebuildSearch),
}

impl Admin {
    pub async fn run(self) -> anyhow::Result<()> {
        let words = self.lang.unwrap_or_else(Language::of_terminal);
        match self.command {
            Command::CreateOrganisation(command) => command.run(words).await,
            Command::AddUser(command) => command.run(words).await,
            Command::ResetPassword(command) => command.run(words).await,
            Command::ListUsers(command) => command.run(words).await,
            Command::ListDevices(command) => command.run(words).await,
            Command::RevokeDevice(command) => command.run(words).await,
            Command::RotateKeys(command) => command.run(words).await,
            Command::CheckStock(command) => command.run(words).await,
            Command::RebuildSearch(command) => command.run(words).await,
        }
    }
}
