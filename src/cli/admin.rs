//! `doorstep admin …`: what cannot be done from within, because nobody can sign in yet or any more.
//!
//! Everything goes through the door, in the name of the organisation itself, so that it stands in the journal.

mod devices;
mod office;
mod organisation;
mod password;
mod stock;
mod users;

use clap::{Args, Subcommand};

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
}

impl Admin {
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::CreateOrganisation(command) => command.run().await,
            Command::AddUser(command) => command.run().await,
            Command::ResetPassword(command) => command.run().await,
            Command::ListUsers(command) => command.run().await,
            Command::ListDevices(command) => command.run().await,
            Command::RevokeDevice(command) => command.run().await,
            Command::RotateKeys(command) => command.run().await,
            Command::CheckStock(command) => command.run().await,
        }
    }
}
