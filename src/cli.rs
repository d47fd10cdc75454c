//! The commands of the program.

mod admin;
mod bar;
mod demo;
mod help;
mod import;
mod migrate;
mod openapi;
mod seed;
mod serve;
mod which;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::{config::Log, language::Language, telemetry};

/// A field-service backend that works where there is no signal
///
/// Technicians record what they did at the customer's door, with or without signal; the office assigns, watches
/// deadlines and decides what could not simply be applied.
#[derive(Debug, Parser)]
#[command(name = "doorstep", version, max_term_width = 100)]
#[command(after_help = "Begin with `doorstep serve`. Each command explains itself: `doorstep serve --help`.")]
struct Cli {
    #[command(flatten)]
    log: Log,
    #[command(subcommand)]
    command: Command,
}

/// One line for each command; each is a file of its own in `cli/`.
#[derive(Debug, Subcommand)]
enum Command {
    Admin(admin::Admin),
    Demo(demo::Demo),
    Import(import::Import),
    Migrate(migrate::Migrate),
    Openapi(openapi::Openapi),
    Seed(seed::Seed),
    Serve(serve::Serve),
}

/// Runs the command that the arguments name.
///
/// The exit code is for commands that can end well in several ways.
///
/// # Errors
/// Whatever kept the command from doing its work; the message is for the person at the terminal.
pub async fn main() -> anyhow::Result<ExitCode> {
    let program = help::in_language(Cli::command(), Language::of_terminal());
    let mut cli = Cli::from_arg_matches(&program.get_matches()).unwrap_or_else(|error| error.exit());
    if let Command::Demo(_) = cli.command {
        // The story is what its reader came for; log lines between its sentences would only be in the way.
        cli.log.filter.get_or_insert_with(|| "warn".into());
    }
    telemetry::init(&cli.log).map_err(anyhow::Error::from_boxed)?;
    match cli.command {
        Command::Admin(admin) => admin.run().await?,
        Command::Demo(demo) => demo.run().await?,
        Command::Import(import) => return import.run().await,
        Command::Migrate(migrate) => migrate.run().await?,
        Command::Openapi(openapi) => openapi.run()?,
        Command::Seed(seed) => return seed.run().await,
        Command::Serve(serve) => serve.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The exit code of programs that Ctrl-C ended.
const STOPPED: u8 = 130;

/// The first Ctrl-C ends long work after the chunk under way, the second one at once: a chunk is one transaction, so that
/// loses nothing either. `sentence` tells so.
fn stop_on_signal(stop: CancellationToken, sentence: impl Fn() -> String + Send + 'static) {
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if stop.is_cancelled() {
                std::process::exit(STOPPED.into());
            }
            eprintln!("{}", sentence());
            stop.cancel();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_well_formed_and_show_examples() {
        let program = Cli::command();
        program.clone().debug_assert();
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} says what it does", command.get_name());
            let has_examples = command.get_after_help().is_some_and(|text| text.to_string().contains("doorstep "));
            assert!(has_examples, "{} shows examples", command.get_name());
            command.get_subcommands().filter(|command| command.get_name() != "help").for_each(check);
        }
        check(&program);
    }
}
