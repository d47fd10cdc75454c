//! One sync: introduce the device, ask again what is in doubt, send what is pending, pull until nothing is left.
//!
//! Every step ends in one transaction, so that a phone that is switched off anywhere goes on from there. The order
//! is up before down: the pull then brings the effects of what was just sent.

mod check;
mod photos;
mod pull;
mod push;
mod salvage;

use crate::{
    record::Scope,
    sync::{Config, RegisterRequest, Verdict},
};

pub use self::check::Agreement;
use super::{
    About,
    error::SyncError,
    line::{Failure, Line, Probe, Step, stop_at},
    store::{
        StoreError,
        accounts::{self, Account, AccountId},
        copies, outbox,
    },
    transport::Request,
};

/// Most times that one sync starts over because the server turned out to be another one than it was.
const MOST_ROUNDS: u32 = 3;

/// How many settled operations a phone keeps, to offer them again if the server is ever restored from a backup.
const ARCHIVE: u64 = 5_000;

/// What a sync did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Verdicts that came back, in the order in which they came.
    pub verdicts: Vec<Verdict>,
    /// How many changes were pulled.
    pub changes: u64,
    /// Whether the copy was replaced by a new one.
    pub replaced: bool,
    /// How many operations the server does not have yet.
    pub unsent: u64,
    /// How many photos the server is not known to have.
    pub photos_owed: u64,
    /// Scopes that were found to differ from the server's and were pulled anew.
    pub repaired: Vec<Scope>,
}

/// A sync of one account.
pub(super) struct Sync<'a> {
    pub(super) line: &'a Line,
    pub(super) about: &'a About,
    pub(super) id: AccountId,
    pub(super) probe: Probe<'a>,
    pub(super) report: Report,
}

/// Whether the sync may go on as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    Done,
    /// The server was restored from a backup: what it has lost must be sent before its records are believed.
    OtherEpoch,
}

impl<'a> Sync<'a> {
    pub(super) fn new(line: &'a Line, about: &'a About, id: AccountId, probe: Probe<'a>) -> Self {
        Self { line, about, id, probe, report: Report::default() }
    }

    /// Everything, once.
    pub(super) async fn run(mut self) -> Result<Report, SyncError> {
        let mut reason = SyncError::not_now("the server changes its epoch all the time");
        for _ in 0..MOST_ROUNDS {
            match self.round().await {
                Ok(Course::Done) => {
                    self.photos().await?;
                    return self.finish().await;
                }
                Ok(Course::OtherEpoch) => {}
                Err(SyncError::Refused(problem)) if problem.code == "not_found" => {
                    // A server that was restored from a backup may not know the device any more.
                    let id = self.id;
                    self.line.store.run(move |tx| accounts::forget_registration(tx, id)).await?;
                    reason = SyncError::Refused(problem);
                }
                Err(other) => return Err(other),
            }
        }
        Err(reason)
    }

    async fn round(&mut self) -> Result<Course, SyncError> {
        let config = self.introduce().await?;
        self.heal(&config).await?;
        self.push(&config).await?;
        let course = self.pull(&config).await?;
        if course == Course::Done {
            self.ask_held(&config).await?;
        }
        Ok(course)
    }

    async fn finish(mut self) -> Result<Report, SyncError> {
        let id = self.id;
        let work = move |tx: &rusqlite::Transaction<'_>| {
            outbox::prune(tx, id, ARCHIVE)?;
            outbox::count_unsent(tx, id)
        };
        self.report.unsent = self.line.store.run(work).await?;
        Ok(self.report)
    }

    async fn account(&self) -> Result<Account, StoreError> {
        let id = self.id;
        self.line.store.run(move |tx| accounts::get(tx, id)).await
    }

    /// The server's limits. Registers the device if the server does not know it, or not as it is now.
    async fn introduce(&self) -> Result<Config, SyncError> {
        let account = self.account().await?;
        let own = serde_json::to_string(self.about).map_err(|_| StoreError::Broken("description"))?;
        if account.registered_as.as_deref() != Some(&own) {
            return self.register(&account, own).await;
        }
        let known = account.config.as_deref().and_then(|text| serde_json::from_str(text).ok());
        match known {
            Some(config) if !self.needs_anchor(&account).await? => Ok(config),
            _ => {
                let answer = self.line.call(self.id, self.probe, || Ok(Request::get("/v1/sync/config"))).await;
                self.introduced(answer?, None).await
            }
        }
    }

    async fn register(&self, account: &Account, own: String) -> Result<Config, SyncError> {
        let About { name, platform, app_version } = self.about.clone();
        let body = RegisterRequest { id: account.device, name, platform, app_version };
        let answer = self.line.call(self.id, self.probe, || Request::post("/v1/sync/devices", &body)).await;
        self.introduced(answer?, Some(own)).await
    }

    async fn introduced(
        &self,
        answer: super::line::Reply<Config>,
        registered_as: Option<String>,
    ) -> Result<Config, SyncError> {
        let anchor = answer.anchor(answer.body.time.clone());
        let (id, config) = (self.id, answer.body);
        let text = serde_json::to_string(&config).map_err(|_| StoreError::Broken("config"))?;
        let epoch = config.epoch;
        let work = move |tx: &rusqlite::Transaction<'_>| {
            enter_epoch(tx, id, epoch)?;
            accounts::save_config(tx, id, &text)?;
            accounts::save_anchor(tx, id, &anchor)?;
            if let Some(own) = &registered_as {
                accounts::save_registration(tx, id, own)?;
                // Another app or another server may take what the last one could not.
                outbox::unstick(tx, id)?;
            }
            Ok::<_, StoreError>(())
        };
        self.line.store.run(work).await?;
        stop_at(self.probe, Step::Introduced)?;
        Ok(config)
    }

    /// Work recorded in this boot, before any contact in it, is dated to the second by a contact before the push.
    async fn needs_anchor(&self, account: &Account) -> Result<bool, StoreError> {
        let boot = self.line.clock.boot_id();
        if account.anchor.as_ref().is_some_and(|anchor| anchor.boot_id == boot) {
            return Ok(false);
        }
        let id = self.id;
        let pending = self.line.store.run(move |tx| outbox::in_state(tx, id, outbox::State::Pending, 0, 1)).await?;
        Ok(!pending.is_empty())
    }
}

/// Notes the server's epoch. If it is another than before, everything that was settled is offered again and a new
/// copy is begun, since neither verdicts nor records of the old epoch are known to hold.
fn enter_epoch(tx: &rusqlite::Transaction<'_>, id: AccountId, epoch: uuid::Uuid) -> Result<bool, StoreError> {
    let account = accounts::get(tx, id)?;
    if account.epoch == Some(epoch) {
        return Ok(false);
    }
    accounts::enter_epoch(tx, id, epoch)?;
    if account.epoch.is_none() {
        return Ok(false);
    }
    outbox::offer_again(tx, id)?;
    super::store::photos::offer_again(tx, id)?;
    if account.live.is_some() {
        copies::start_filling(tx, id)?;
    }
    Ok(true)
}
