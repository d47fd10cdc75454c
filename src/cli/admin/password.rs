//! Asking for a password.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, bail};
use clap::Args;

use crate::{
    access::{AccessError, password::Passwords},
    language::Language,
};

/// Where a new password comes from.
#[derive(Clone, Debug, Args)]
pub struct PasswordSource {
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    /// Asks for a password that can be used: twice, without showing it.
    pub async fn read(&self, whose: &str, passwords: &Passwords, words: Language) -> anyhow::Result<String> {
        let (from_stdin, whose) = (self.password_stdin, whose.to_owned());
        let read = move || if from_stdin { from_line(words) } else { asked(whose, words) };
        let cut_off = || words.say("command-password-cut-off", &[]);
        let password = tokio::task::spawn_blocking(read).await.with_context(cut_off)??;
        match passwords.check_new(&password) {
            Ok(()) => Ok(password),
            Err(AccessError::PasswordTooShort { min }) => {
                bail!(words.say("command-password-too-short", &[("min", min.to_string())]))
            }
            Err(AccessError::PasswordTooLong { max }) => {
                bail!(words.say("command-password-too-long", &[("max", max.to_string())]))
            }
            Err(other) => Err(other.into()),
        }
    }
}

fn from_line(words: Language) -> anyhow::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).with_context(|| words.say("command-password-unreadable", &[]))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn asked(whose: String, words: Language) -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        bail!(words.say("command-password-no-terminal", &[]));
    }
    let ask = |question: String| {
        rpassword::prompt_password(format!("{question} "))
            .with_context(|| words.say("command-password-unreadable", &[]))
    };
    let password = ask(words.say("command-password-for", &[("whose", whose)]))?;
    let again = ask(words.say("command-password-again", &[]))?;
    if password != again {
        bail!(words.say("command-password-differs", &[]));
    }
    Ok(password)
}
