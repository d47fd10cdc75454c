//! Asking for a password.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, bail};
use clap::Args;

use crate::access::{AccessError, password::Passwords};

/// Where a new password comes from.
#[derive(Clone, Debug, Args)]
pub struct PasswordSource {
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    /// Asks for a password that can be used: twice, without showing it.
    pub async fn read(&self, whose: &str, passwords: &Passwords) -> anyhow::Result<String> {
        let (from_stdin, prompt) = (self.password_stdin, format!("Password for {whose}: "));
        let password = tokio::task::spawn_blocking(move || if from_stdin { from_line() } else { asked(&prompt) })
            .await
            .context("the question for the password was cut off")??;
        match passwords.check_new(&password) {
            Ok(()) => Ok(password),
            Err(AccessError::PasswordTooShort { min }) => bail!("the password must have at least {min} characters"),
            Err(AccessError::PasswordTooLong { max }) => bail!("the password must have at most {max} bytes"),
            Err(other) => Err(other.into()),
        }
    }
}

fn from_line() -> anyhow::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn asked(prompt: &str) -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask for a password at; send it to standard input and add --password-stdin");
    }
    let password = rpassword::prompt_password(prompt).context("cannot ask for the password")?;
    let again = rpassword::prompt_password("The same again: ").context("cannot ask for the password")?;
    if password != again {
        bail!("the two are not the same; nothing was changed");
    }
    Ok(password)
}
