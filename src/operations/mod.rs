//! The one door for writes: every change of a record is an operation that comes through here.
//!
//! One transaction carries one caller's operations:
//!
//! 1. [`store`] finds which of them are known already: they get the verdict they got before.
//! 2. The rest are put in order ([`queue`]): by device sequence, groups whole, what waits is held.
//! 3. Each is judged (`judge`) by its pure rule against records held in memory (`ledger`), so that a refusal
//!    leaves nothing to undo.
//! 4. Last, everything is written at once (`flush`): records, what lists find them by, reviews, jobs; then **one**
//!    version number of the organisation is taken, and with it the journal and the feed. Commit.
//!
//! The version is taken last because its row is what concurrent writers of one organisation queue for: the shorter it
//! is held, the more of them pass, and the order in which it is taken is the order in which they commit.

mod apart;
pub mod api;
mod clock_proof;
pub mod error;
mod flush;
pub mod incoming;
mod judge;
mod ledger;
pub mod queue;
pub mod reading;
mod reception;
mod related;
pub mod store;
pub mod timeline;
mod unwritten;
mod waiting;

use std::sync::Arc;

use mobile_api::{Actor, catalogue::Action, record::Record, refusal::Problem, sync::Verdict, time::Timestamp};
use uuid::Uuid;

use self::clock_proof::Proofs;
pub use self::{
    clock_proof::ClockProof,
    error::DoorError,
    incoming::{Incoming, Sender},
    ledger::After,
};
use crate::{
    clock::Clock,
    db::{Conn, Db, DbError},
    events::Pokes,
};

/// The door. Cloning is cheap; one per server.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    pokes: Pokes,
    holds: Holds,
    proofs: Proofs,
}

/// How long operations wait for what they need before a person is asked to decide.
#[derive(Clone, Copy, Debug)]
pub struct Holds {
    /// For an earlier operation of the same device. Answers overtake each other by seconds, so minutes are plenty;
    /// after that the later ones are applied, flagged `earlier_missing`.
    pub sequence: chrono::Duration,
    /// For an operation of another device, or the rest of a group.
    pub dependency: chrono::Duration,
}

impl Default for Holds {
    fn default() -> Self {
        Self { sequence: chrono::Duration::minutes(15), dependency: chrono::Duration::days(30) }
    }
}

/// What a transaction through the door came to.
#[derive(Debug)]
pub struct Outcome {
    /// A verdict per operation, in the order in which they were given.
    pub verdicts: Vec<Verdict>,
    /// The organisation's version now.
    pub version: u64,
    /// What to do now that it is committed.
    pub after: After,
}

/// One online operation and what it made.
#[derive(Debug)]
pub struct Performed {
    /// Its verdict.
    pub verdict: Verdict,
    /// The record afterwards; `None` if it was deleted.
    pub record: Option<(u64, Record)>,
    /// What to do now that it is committed.
    pub after: After,
}

/// An operation of somebody who waits for the answer.
#[derive(Clone, Debug)]
pub struct Online {
    /// Its id, from the caller's idempotency key.
    pub id: Uuid,
    /// What is done.
    pub action: Action,
    /// To which record.
    pub entity: Uuid,
    /// The revision that the caller insists on (`If-Match`).
    pub expected_rev: Option<u64>,
}

impl Door {
    /// The door to this database.
    pub fn new(db: Db, clock: Clock, pokes: Pokes, holds: Holds) -> Self {
        Self(Arc::new(Inner { db, clock, pokes, holds, proofs: Proofs::new() }))
    }

    /// The database, for reading.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// The server's clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Judges what a device recorded: a verdict for each, nothing lost.
    ///
    /// # Errors
    /// Only what concerns the whole push: the device is not the caller's or was revoked; the database's.
    pub async fn record(
        &self,
        actor: Actor,
        sender: Sender,
        operations: Vec<Arc<Incoming>>,
    ) -> Result<Outcome, DoorError> {
        let proof = self.clock_proof(actor.org).await?;
        let now = self.0.clock.now();
        let reception = reception::Reception::new(actor, sender, &operations, &proof, now);
        self.take(reception, operations, now).await
    }

    /// Keeps what a device recorded that no longer takes part: a person decides about each operation, none is applied.
    /// What was received before has the verdict that it had.
    ///
    /// # Errors
    /// The device is not `owner`'s; the database's.
    pub async fn salvage(
        &self,
        owner: Actor,
        device: Uuid,
        operations: Vec<Arc<Incoming>>,
    ) -> Result<Outcome, DoorError> {
        let proof = self.clock_proof(owner.org).await?;
        let now = self.0.clock.now();
        let sender = Sender { device, uptime_ms: None, boot_id: None, anchor: None };
        let reception = reception::Reception::new(owner, sender, &operations, &proof, now);
        let problem = Problem::new("salvaged", "saved from a device that no longer takes part; nothing was applied");
        self.take(reception.keeping(problem), operations, now).await
    }

    async fn take(
        &self,
        reception: reception::Reception,
        operations: Vec<Arc<Incoming>>,
        now: Timestamp,
    ) -> Result<Outcome, DoorError> {
        let (org, device, holds) = (reception.actor.org, reception.sender.device, self.0.holds);
        let mut one_by_one = false;
        let judge = move |conn: &mut Conn| {
            if one_by_one {
                return apart::one_by_one(conn, &reception, &operations, now, holds);
            }
            let judged = apart::without_panic(|| queue::judge_all(conn, &reception, &operations, now, holds));
            match judged {
                Err(cause) if cause.is_poison() => {
                    tracing::error!(%device, %cause, "a push could not be written; trying one by one");
                    one_by_one = true;
                    // A conflict makes the database's door call this closure again, in a fresh transaction.
                    Err(DbError::Conflict.into())
                }
                other => other,
            }
        };
        let outcome = self.0.db.write(judge).await?;
        self.committed(org, outcome.version, &outcome.after);
        Ok(outcome)
    }

    /// What signs the server times of an organisation; after the first time from memory.
    ///
    /// # Errors
    /// The database's.
    pub async fn clock_proof(&self, org: Uuid) -> Result<ClockProof, DbError> {
        self.0.proofs.of(&self.0.db, org).await
    }

    /// Carries out one operation for somebody who waits: a refusal is an error, and then nothing is stored.
    ///
    /// # Errors
    /// The rule's refusal, a stale `If-Match`, the id used for something else; the database's.
    pub async fn perform(&self, actor: Actor, operation: Online) -> Result<Performed, DoorError> {
        self.perform_with(actor, operation, |_| Ok(())).await
    }

    /// Like [`perform`](Self::perform); in the same transaction `beside` writes what belongs to the record and must not
    /// enter the journal: an account's password.
    ///
    /// # Errors
    /// As there; those of `beside`, and then nothing is stored.
    pub async fn perform_with<F>(&self, actor: Actor, operation: Online, mut beside: F) -> Result<Performed, DoorError>
    where
        F: FnMut(&mut Conn) -> Result<(), DoorError> + Send + 'static,
    {
        let now = self.0.clock.now();
        let org = actor.org;
        let perform = move |conn: &mut Conn| {
            let performed = judge::perform(conn, &actor, operation.clone(), now)?;
            beside(conn)?;
            Ok::<_, DoorError>(performed)
        };
        let (performed, version) = self.0.db.write(perform).await?;
        self.committed(org, version, &performed.after);
        Ok(performed)
    }

    /// Carries out many operations in one transaction on behalf of an importer or a timer. Each gets its verdict;
    /// what is refused is reported, not stored.
    ///
    /// # Errors
    /// The database's.
    pub async fn perform_all(
        &self,
        actor: Actor,
        operations: Arc<Vec<Online>>,
    ) -> Result<Vec<Result<Verdict, DoorError>>, DoorError> {
        let now = self.0.clock.now();
        let org = actor.org;
        let (results, version, after) =
            self.0.db.write(move |conn| judge::perform_all(conn, &actor, &operations, now)).await?;
        self.committed(org, version, &after);
        Ok(results)
    }

    /// Judges again what was held and whose time is up, or whose reason is gone.
    ///
    /// # Errors
    /// The database's.
    pub async fn release(&self, org: Uuid, operation: Uuid) -> Result<(), DoorError> {
        let (now, holds) = (self.0.clock.now(), self.0.holds);
        let outcome = self.0.db.write(move |conn| queue::release(conn, org, operation, now, holds)).await?;
        self.committed(org, outcome.version, &outcome.after);
        Ok(())
    }

    /// Moves records in and out of scopes because time has passed. Answers how many it looked at; at most `most`.
    ///
    /// # Errors
    /// The database's.
    pub async fn move_window(&self, org: Uuid, most: i64) -> Result<usize, DoorError> {
        let now = self.0.clock.now();
        let moved = self.0.db.write(move |conn| flush::move_window(conn, org, now, most)).await?;
        if let Some(version) = moved.version {
            self.committed(org, version, &After { wrote: true, ..After::default() });
        }
        Ok(moved.seen)
    }

    /// Founds an organisation: its rows in the ledger and its record.
    ///
    /// # Errors
    /// `AlreadyExists` if the short name is taken; the rule's refusal; the database's.
    pub async fn found(&self, slug: String, operation: Online) -> Result<Performed, DoorError> {
        self.found_with(slug, operation, Vec::new(), |_| Ok(())).await
    }

    /// Like [`found`](Self::found); in the same transaction the new organisation itself does `more`, and `beside` writes
    /// as in [`perform_with`](Self::perform_with).
    ///
    /// # Errors
    /// As there.
    pub async fn found_with<F>(
        &self,
        slug: String,
        operation: Online,
        more: Vec<Online>,
        mut beside: F,
    ) -> Result<Performed, DoorError>
    where
        F: FnMut(&mut Conn) -> Result<(), DoorError> + Send + 'static,
    {
        let (now, epoch, secret) = (self.0.clock.now(), self.0.clock.new_id(), self.0.clock.secret());
        let org = operation.entity;
        let found = move |conn: &mut Conn| {
            let founder = Actor::system(org);
            store::found(conn, org, &slug, epoch, &secret, now)?;
            let (performed, mut version) = judge::perform(conn, &founder, operation.clone(), now)?;
            for operation in &more {
                version = judge::perform(conn, &founder, operation.clone(), now)?.1;
            }
            beside(conn)?;
            Ok::<_, DoorError>((performed, version))
        };
        let (performed, version) = self.0.db.write(found).await?;
        self.committed(org, version, &performed.after);
        Ok(performed)
    }

    /// What follows a commit, and only a commit: whoever listens is told that there is something to fetch.
    fn committed(&self, org: Uuid, version: u64, after: &After) {
        if after.wrote {
            self.0.pokes.poke(org, version);
        }
    }
}

impl From<DbError> for DoorError {
    fn from(error: DbError) -> Self {
        DoorError::Db(error)
    }
}
