//! Work to be done later, written in the same transaction as its cause, so that it is neither lost nor done too early.
//!
//! A job is claimed for a while (other servers leave it alone), done, and deleted; if it fails, or the server dies, it
//! is tried again after a wait that grows. What a job does goes through the door like everything else and can be
//! repeated, so "claimed twice" changes nothing.

pub mod store;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::TimeDelta;
use mobile_api::{
    Actor,
    asset::NoteExpiring,
    catalogue::Action,
    complaint::RaiseComplaintAlarm,
    inspection::{NoteMissed, PlanRound},
    maintenance::GeneratePlan,
    refusal::Refusal,
    return_visit::RaiseMissedCall,
    signing::Digest,
    stock::OpenMonthlyCount,
    time::Timestamp,
    work_order::clocks::RaiseAlarm,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    access::Access,
    asset, backfill,
    clock::Clock,
    complaint,
    db::{Conn, DbError},
    events::Pokes,
    inspection,
    lifecycle::Lifecycle,
    maintenance,
    media::{Media, MediaError, uploads::Uploads},
    operations::{self, Door, DoorError, Online},
    return_visit, stock, work_order,
};

/// What can be put off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// End a hold whose time is up.
    ReleaseHeld {
        /// The operation that is held.
        operation: Uuid,
    },
    /// Look at bytes that arrived.
    ExamineBlob {
        /// Which.
        sha256: Digest,
    },
    /// Tell the photos that wait for bytes what became of them.
    SettlePhotos {
        /// Which bytes.
        sha256: Digest,
    },
    /// Look whether a maintenance plan is due, or its order done.
    LookAtPlan {
        /// Which.
        plan: Uuid,
    },
    /// The same for all plans of an asset.
    LookAtPlansOf {
        /// Which.
        asset: Uuid,
    },
    /// Delete bytes that nothing refers to any more.
    DeleteObject {
        /// Where they lie.
        object: String,
    },
}

impl Job {
    fn kind(&self) -> &'static str {
        match self {
            Job::ReleaseHeld { .. } => "release_held",
            Job::ExamineBlob { .. } => "examine_blob",
            Job::SettlePhotos { .. } => "settle_photos",
            Job::LookAtPlan { .. } => "look_at_plan",
            Job::LookAtPlansOf { .. } => "look_at_plans_of",
            Job::DeleteObject { .. } => "delete_object",
        }
    }

    /// What makes it the same job, so that it exists once.
    fn key(&self) -> String {
        match self {
            Job::ReleaseHeld { operation } => operation.to_string(),
            Job::ExamineBlob { sha256 } | Job::SettlePhotos { sha256 } => sha256.to_string(),
            Job::LookAtPlan { plan } => plan.to_string(),
            Job::LookAtPlansOf { asset } => asset.to_string(),
            Job::DeleteObject { object } => object.clone(),
        }
    }
}

/// Why a job was not done. It is tried again.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error(transparent)]
    Media(#[from] MediaError),
}

/// How often the database is asked for due jobs.
const POLL: Duration = Duration::from_secs(1);

/// How long a claimed job is left to the server that claimed it.
const CLAIM: TimeDelta = TimeDelta::minutes(5);

/// How often scopes are moved because time has passed.
const WINDOW: TimeDelta = TimeDelta::minutes(15);

/// How often what no longer decides anything is deleted.
const PURGE: TimeDelta = TimeDelta::hours(6);

/// Most records that one transaction moves, as for every bulk change.
const CHUNK: i64 = 500;

/// Most chunks of old records that are entered into the figures and the search before the other timers have their turn.
const CHUNKS: u32 = 20;

/// How records that are due are found: at most so many, with their organisations.
type FindDue = fn(&mut Conn, Timestamp, i64) -> Result<Vec<(Uuid, Uuid)>, DbError>;

/// Does what is due, until the server drains.
#[derive(Clone)]
pub struct Timers {
    door: Door,
    access: Access,
    media: Media,
    pokes: Pokes,
    /// How many days drops and verdicts stay in the feed.
    retention_days: u32,
}

impl Timers {
    /// The timers of this server.
    pub fn new(door: Door, access: Access, media: Media, pokes: Pokes, retention_days: u32) -> Self {
        Self { door, access, media, pokes, retention_days }
    }

    /// Runs until `lifecycle` drains.
    pub async fn run(self, lifecycle: Lifecycle) {
        let clock = self.door.clock().clone();
        let (mut window_at, mut purge_at) = (clock.now(), clock.now() + PURGE);
        loop {
            tokio::select! {
                () = lifecycle.draining() => return,
                () = tokio::time::sleep(POLL) => {}
            }
            self.attempt("poke listeners", self.poke().await);
            self.attempt("do due jobs", self.do_due().await);
            self.attempt("watch deadlines", self.watch().await);
            self.attempt("plan rounds", self.plan_rounds().await);
            self.attempt("watch complaints", self.watch_complaints().await);
            self.attempt("watch return visits", self.watch_visits().await);
            self.attempt("watch inspections", self.watch_inspections().await);
            self.attempt("open count sheets", self.open_counts().await);
            self.attempt("make orders of plans", self.look_at_plans().await);
            self.attempt("enter what was there before", self.backfill().await.map(drop));
            if clock.now() >= window_at {
                self.attempt("move scopes with time", self.move_windows().await);
                self.attempt("watch certificates", self.watch_certificates().await);
                window_at = clock.now() + WINDOW;
            }
            if clock.now() >= purge_at {
                self.attempt("purge", self.purge(&clock).await);
                purge_at = clock.now() + PURGE;
            }
        }
    }

    fn attempt(&self, what: &str, result: Result<(), DoorError>) {
        if let Err(error) = result {
            tracing::warn!(what, %error, "a timer failed and will try again");
        }
    }

    /// Tells listeners about writes of other servers. With SQLite there are none.
    async fn poke(&self) -> Result<(), DoorError> {
        if self.door.db().is_sqlite() {
            return Ok(());
        }
        for org in self.pokes.heard() {
            let version = self
                .door
                .db()
                .read(move |conn| operations::store::version(conn, org))
                .await
                .map_err(DoorError::from)?;
            self.pokes.poke(org, version);
        }
        Ok(())
    }

    /// Does every job that is due now.
    ///
    /// # Errors
    /// The database's.
    pub async fn do_due(&self) -> Result<(), DoorError> {
        loop {
            let now = self.door.clock().now();
            let claimed = self.door.db().write(move |conn| store::claim(conn, now, now + CLAIM)).await?;
            let Some(due) = claimed else { return Ok(()) };
            let result = self.perform(&due).await;
            match result {
                Ok(()) => self.door.db().write(move |conn| store::done(conn, &due)).await?,
                Err(error) => {
                    let text = error.to_string();
                    tracing::warn!(job = ?due.job, attempts = due.attempts, error = text, "a job failed");
                    let wait = TimeDelta::seconds(1 << due.attempts.clamp(0, 12));
                    self.door.db().write(move |conn| store::failed(conn, &due, &text, now + wait)).await?;
                }
            }
        }
    }

    /// Tells whoever is to be told of deadlines by now. What several servers do at once is done once, because the rule
    /// tells each thing once; and the costs are those of what has fallen due, not of what is open.
    ///
    /// # Errors
    /// The database's.
    pub async fn watch(&self) -> Result<(), DoorError> {
        self.as_due(work_order::store::watch_due, RaiseAlarm {}).await
    }

    /// Plans the turns of rounds for the coming days.
    ///
    /// # Errors
    /// The database's.
    pub async fn plan_rounds(&self) -> Result<(), DoorError> {
        self.as_due(inspection::store::plan_due, PlanRound {}).await
    }

    /// Tells whoever is to be told of inspections that nobody carried out in time.
    ///
    /// # Errors
    /// The database's.
    pub async fn watch_inspections(&self) -> Result<(), DoorError> {
        self.as_due(inspection::store::watch_due, NoteMissed {}).await
    }

    /// Opens the count sheets of the month.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_counts(&self) -> Result<(), DoorError> {
        self.as_due(stock::store::counts_due, OpenMonthlyCount {}).await
    }

    /// Makes the orders of maintenance plans that are due.
    ///
    /// # Errors
    /// The database's.
    pub async fn look_at_plans(&self) -> Result<(), DoorError> {
        self.as_due(maintenance::store::plans_due, GeneratePlan::default()).await
    }

    /// Tells whoever is to be told of certificates of assets that run out.
    ///
    /// # Errors
    /// The database's.
    pub async fn watch_certificates(&self) -> Result<(), DoorError> {
        self.as_due(asset::store::expiring, NoteExpiring {}).await
    }

    /// Looks at these plans, whether they are due or not.
    async fn look_at(&self, org: Uuid, plans: Vec<Uuid>) -> Result<(), DoorError> {
        let clock = self.door.clock();
        let look = |plan| Online {
            id: clock.new_id(),
            action: GeneratePlan::default().into(),
            entity: plan,
            expected_rev: None,
        };
        let looks: Vec<Online> = plans.into_iter().map(look).collect();
        let results = self.door.perform_all(Actor::system(org), Arc::new(looks)).await?;
        let failed = results.into_iter().filter_map(Result::err);
        match failed
            .into_iter()
            .find(|error| !matches!(error, DoorError::Refused(Refusal::NotDue | Refusal::PlanWithdrawn)))
        {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Enters into the figures and the search what was there before them: some of it, so that deadlines are told meanwhile. Answers
    /// whether all of it is entered.
    ///
    /// # Errors
    /// The database's.
    pub async fn backfill(&self) -> Result<bool, DoorError> {
        let db = self.door.db();
        let mut chunks = 0;
        for waiting in db.read(backfill::waiting).await.map_err(DoorError::from)? {
            loop {
                if chunks == CHUNKS {
                    return Ok(false);
                }
                chunks += 1;
                if db.write(move |conn| backfill::enter_next(conn, &waiting, CHUNK)).await? == 0 {
                    break;
                }
            }
        }
        Ok(true)
    }

    /// Tells whoever is to be told of the deadlines of complaints by now.
    ///
    /// # Errors
    /// The database's.
    pub async fn watch_complaints(&self) -> Result<(), DoorError> {
        self.as_due(complaint::store::watch_due, RaiseComplaintAlarm {}).await
    }

    /// Tells whoever is to be told of customers whom nobody called in time.
    ///
    /// # Errors
    /// The database's.
    pub async fn watch_visits(&self) -> Result<(), DoorError> {
        self.as_due(return_visit::store::watch_due, RaiseMissedCall {}).await
    }

    /// Does the same to every record that is due, until none is.
    async fn as_due(&self, find: FindDue, action: impl Into<Action>) -> Result<(), DoorError> {
        let (clock, action) = (self.door.clock(), action.into());
        loop {
            let now = clock.now();
            let due = self.door.db().read(move |conn| find(conn, now, CHUNK)).await?;
            let mut firms: BTreeMap<Uuid, Vec<Online>> = BTreeMap::new();
            for (org, entity) in &due {
                let (id, action) = (clock.new_id(), action.clone());
                firms.entry(*org).or_default().push(Online { id, action, entity: *entity, expected_rev: None });
            }
            let mut told = 0;
            for (org, operations) in firms {
                let results = self.door.perform_all(Actor::system(org), Arc::new(operations)).await?;
                told += results.iter().filter(|result| result.is_ok()).count();
            }
            // What is refused although it is due would be asked for ever.
            if told == 0 {
                if !due.is_empty() {
                    tracing::debug!(due = due.len(), "another server was faster");
                }
                return Ok(());
            }
        }
    }

    async fn perform(&self, due: &store::Due) -> Result<(), JobError> {
        match &due.job {
            Job::ReleaseHeld { operation } => self.door.release(due.org, *operation).await?,
            Job::ExamineBlob { sha256 } => self.media.examine(due.org, *sha256).await?,
            Job::SettlePhotos { sha256 } => self.media.settle(due.org, *sha256).await?,
            Job::LookAtPlan { plan } => self.look_at(due.org, vec![*plan]).await?,
            Job::LookAtPlansOf { asset } => {
                let (org, asset) = (due.org, *asset);
                let find = move |conn: &mut Conn| maintenance::store::plans_of(conn, org, asset);
                let plans = self.door.db().read(find).await.map_err(DoorError::from)?;
                self.look_at(org, plans).await?;
            }
            Job::DeleteObject { object } => self.media.delete(object).await?,
        }
        Ok(())
    }

    /// Moves what time has brought into or out of scopes, in chunks.
    ///
    /// # Errors
    /// The database's.
    pub async fn move_windows(&self) -> Result<(), DoorError> {
        let orgs = self.door.db().read(operations::store::organisations).await.map_err(DoorError::from)?;
        for (org, _) in orgs {
            while self.door.move_window(org, CHUNK).await? == CHUNK as usize {}
        }
        Ok(())
    }

    /// Deletes what no longer decides anything: old drops and verdicts in the feed, spent tokens and counters.
    ///
    /// # Errors
    /// The database's.
    pub async fn purge(&self, clock: &Clock) -> Result<(), DoorError> {
        let before = clock.now() - TimeDelta::days(self.retention_days.into());
        let orgs = self.door.db().read(operations::store::organisations).await.map_err(DoorError::from)?;
        for (org, _) in orgs {
            while self.door.db().write(move |conn| store::purge_feed(conn, org, before, CHUNK)).await? > 0 {}
        }
        self.media.collect().await?;
        Uploads::new(self.media.clone()).expire().await?;
        self.access.purge().await?;
        Ok(())
    }
}
