//! Down: pages of changes, each applied in one transaction with its cursor.

use rusqlite::Transaction;

use super::{Config, Course, Failure, Step, StoreError, Sync, SyncError, accounts, copies, enter_epoch, push, stop_at};
use crate::{
    evidence::Anchor,
    phone::{
        line::Reply,
        store::{
            accounts::{Account, AccountId},
            copies::{CopyId, Place, Progress},
            outbox,
        },
        transport::Request,
    },
    sync::{ChangeRow, PullRequest, PullResponse, SCHEMA, VERDICT, Verdict},
};

/// Codes that mean: this cursor cannot be continued, begin a new copy.
const CURSOR_LOST: [&str; 4] = ["cursor_too_old", "cursor_other_epoch", "cursor_ahead", "cursor_invalid"];

/// Most new copies that one sync begins.
const MOST_REPLACEMENTS: u32 = 3;

impl Sync<'_> {
    /// Pulls until the server has nothing more.
    pub(super) async fn pull(&mut self, config: &Config) -> Result<Course, SyncError> {
        let mut replacements = 0;
        loop {
            let (account, copy, progress) = self.target().await?;
            let request = PullRequest {
                device: account.device,
                schema: SCHEMA,
                cursor: progress.cursor.clone(),
                limit: Some(config.pull_changes),
            };
            match self.line.call(self.id, self.probe, || Request::post("/v1/sync/pull", &request)).await {
                Ok(page) => match self.take(page, account, copy, progress).await? {
                    Page::More => {}
                    Page::Last => return Ok(Course::Done),
                    Page::OtherEpoch => return Ok(Course::OtherEpoch),
                },
                Err(Failure::Problem(_, problem))
                    if CURSOR_LOST.contains(&problem.code.as_str())
                        && progress.cursor.is_some()
                        && replacements < MOST_REPLACEMENTS =>
                {
                    tracing::info!(code = problem.code, "the copy is replaced");
                    replacements += 1;
                    self.begin_replacement().await?;
                }
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Begins a new copy beside the one on the screen, which stays there until the new one is complete.
    pub(super) async fn begin_replacement(&mut self) -> Result<(), SyncError> {
        let id = self.id;
        self.line.store.run(move |tx| copies::start_filling(tx, id)).await?;
        self.report.replaced = true;
        stop_at(self.probe, Step::ReplacementBegun)
    }

    /// The copy that pages go into.
    async fn target(&self) -> Result<(Account, CopyId, Progress), StoreError> {
        let id = self.id;
        let work = move |tx: &Transaction<'_>| {
            let account = accounts::get(tx, id)?;
            let copy = match account.filling.or(account.live) {
                Some(copy) => copy,
                None => copies::start_live(tx, id)?,
            };
            let progress = copies::progress(tx, copy)?;
            Ok((account, copy, progress))
        };
        self.line.store.run(work).await
    }

    async fn take(
        &mut self,
        page: Reply<PullResponse>,
        account: Account,
        copy: CopyId,
        progress: Progress,
    ) -> Result<Page, SyncError> {
        let anchor = page.anchor(page.body.time.clone());
        let (id, page) = (self.id, page.body);
        let (count, epoch, complete) = (page.changes.len(), page.epoch, page.complete);
        if page.changes.is_empty() && !complete && progress.cursor.as_ref() == Some(&page.cursor) {
            return Err(SyncError::not_now("the server sent a page that leads nowhere"));
        }
        let target = Target { account: id, copy, filling: account.filling == Some(copy), progress };
        let work = move |tx: &Transaction<'_>| {
            if enter_epoch(tx, id, epoch)? {
                return Ok::<_, StoreError>((true, Vec::new()));
            }
            Ok((false, target.apply(tx, page, &anchor)?))
        };
        let (other_epoch, verdicts) = self.line.store.run(work).await?;
        stop_at(self.probe, Step::PageApplied)?;
        if other_epoch {
            self.report.replaced = true;
            return Ok(Page::OtherEpoch);
        }
        self.report.changes += u64::try_from(count).unwrap_or(u64::MAX);
        for verdict in verdicts {
            if !self.report.verdicts.contains(&verdict) {
                self.report.verdicts.push(verdict);
            }
        }
        Ok(if complete { Page::Last } else { Page::More })
    }
}

enum Page {
    More,
    Last,
    OtherEpoch,
}

/// Where a page goes.
struct Target {
    account: AccountId,
    copy: CopyId,
    filling: bool,
    progress: Progress,
}

impl Target {
    /// Rows, drops, verdicts, cursor and anchor, together. Gives back the verdicts about this phone's own work.
    fn apply(&self, tx: &Transaction<'_>, page: PullResponse, anchor: &Anchor) -> Result<Vec<Verdict>, StoreError> {
        let PullResponse { version, cursor, complete, scopes, changes, .. } = page;
        let mut verdicts = Vec::new();
        for change in &changes {
            match change.kind.as_str() {
                VERDICT => verdicts.extend(self.verdict(tx, change)?),
                _ => self.change(tx, change)?,
            }
        }
        let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
        for scope in copies::scopes(tx, self.copy)?.iter().filter(|scope| !scopes.contains(scope)) {
            copies::remove_scope(tx, self.copy, scope)?;
        }
        let version = if complete { version } else { self.progress.version };
        let to = Progress { cursor: Some(cursor), version, complete: complete || self.progress.complete };
        copies::advance(tx, self.copy, &to)?;
        accounts::save_anchor(tx, self.account, anchor)?;
        if complete {
            if self.filling {
                copies::swap(tx, self.account)?;
            }
            outbox::stop_replaying(tx, self.account, version)?;
        }
        Ok(verdicts)
    }

    fn change(&self, tx: &Transaction<'_>, change: &ChangeRow) -> Result<(), StoreError> {
        let scope = change.scope.to_string();
        let place = Place { scope: &scope, kind: &change.kind, id: change.id };
        match &change.body {
            Some(body) => {
                let numbers = (change.rev.unwrap_or(0), change.version);
                copies::upsert(tx, self.copy, place, numbers, body.get())
            }
            None => copies::remove(tx, self.copy, place),
        }
    }

    /// A verdict about this phone's own work heals an answer that was lost. It is a message and no record: once
    /// noted it is not kept twice.
    fn verdict(&self, tx: &Transaction<'_>, change: &ChangeRow) -> Result<Option<Verdict>, StoreError> {
        let Some(body) = change.body.as_ref() else { return Ok(None) };
        // One that this build cannot read leaves the operation as it is, to be asked about by a later build.
        let Ok(verdict) = serde_json::from_str::<Verdict>(body.get()) else { return Ok(None) };
        let Some(entry) = outbox::get(tx, self.account, verdict.id)? else { return Ok(None) };
        push::note(tx, self.account, &verdict, Some(change.version))?;
        Ok((entry.state != outbox::State::Settled).then_some(verdict))
    }
}
