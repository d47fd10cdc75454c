//! `doorstep admin list-devices` and `revoke-device`

use std::collections::HashMap;

use clap::Args;
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use mobile_api::{
    device::{Device, Revoke},
    directory::User,
    record::Kind,
};
use uuid::Uuid;

use super::office::{Office, explain};
use crate::{
    cli::which::Which,
    config::Storage,
    db::DbError,
    device::list::{self, DeviceFilter},
    language::Language,
    paging::Ask,
};

/// Most devices that are listed.
const MOST: usize = 10_000;

/// What stands above the columns of the list.
const COLUMNS: [&str; 6] =
    ["command-login", "command-device", "command-app", "command-last-heard-of", "command-state", "command-id"];

/// List the devices
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  doorstep admin list-devices\n  doorstep admin list-devices --login wang.lei")]
pub struct ListDevices {
    /// Only those of this account
    #[arg(long)]
    login: Option<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    storage: Storage,
}

impl ListDevices {
    pub async fn run(self, words: Language) -> anyhow::Result<()> {
        let office = Office::open(&self.storage, words).await?;
        let actor = office.organisation(&self.which).await?;
        let users = office.directory::<User>(&actor, Kind::User).await?;
        let logins: HashMap<Uuid, String> = users.into_iter().map(|user| (user.id.uuid(), user.login)).collect();
        let ask = Ask { after: None, limit: MOST };
        let read = move |conn: &mut _| list::list(conn, &actor, &DeviceFilter::default(), &ask);
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY).set_header(COLUMNS.map(|id| words.say(id, &[])));
        for row in office.door.db().read::<_, DbError, _>(read).await? {
            let device: Device = serde_json::from_str(&row.body)?;
            let login = logins.get(&device.user.uuid()).cloned().unwrap_or_default();
            if self.login.as_ref().is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&login)) {
                continue;
            }
            let seen = row.last_seen_at.map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
            let state = device
                .revoked
                .map(|revoked| words.say("command-revoked", &[("reason", revoked.reason)]))
                .unwrap_or_default();
            let app = format!("{} {}", device.platform, device.app_version);
            table.add_row([login, device.name, app, seen, state, device.id.to_string()]);
        }
        println!("{table}");
        Ok(())
    }
}

/// Take a device out of use
///
/// It gets no more data and its sign-ins end. What it has not sent yet can still be handed in.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  doorstep admin revoke-device 0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11 --reason 'Lost on the way to the site'")]
pub struct RevokeDevice {
    /// The device's id, as `list-devices` shows it
    device: Uuid,
    /// Why
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    storage: Storage,
}

impl RevokeDevice {
    pub async fn run(self, words: Language) -> anyhow::Result<()> {
        let office = Office::open(&self.storage, words).await?;
        let actor = office.organisation(&self.which).await?;
        let revoke = office.online(self.device, Revoke { reason: self.reason });
        office.door.perform(actor, revoke).await.map_err(explain(words))?;
        println!("{}", words.say("command-device-out-of-use", &[("id", self.device.to_string())]));
        Ok(())
    }
}
