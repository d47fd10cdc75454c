//! Group commit: one thread writes for all.
//!
//! A commit costs a flush of the disk, and SQLite has one writer at a time. So the thread takes what is waiting into one
//! transaction, each closure in a savepoint of its own, commits once, and answers everybody after that one flush.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use tokio::sync::oneshot;

use crate::db::{
    Conn, DbError, Retry,
    error::panic_text,
    pool::{Mode, REPEATS},
};

/// How many closures can wait; one more is answered "unavailable" at once.
const QUEUE: usize = 4096;

/// A transaction takes no more closures in than this …
const BATCH: usize = 512;

/// … and none after this time, so that the first need not wait long for the last.
const OPEN: Duration = Duration::from_millis(20);

/// The thread that writes. Dropping it lets the thread finish what is waiting.
pub(in crate::db) struct GroupWriter {
    /// `None` only while it is dropped.
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl GroupWriter {
    /// Opens the database for writing (which creates it) and starts the thread.
    pub(in crate::db) fn start(path: &str) -> Result<Self, DbError> {
        let mut writer = Thread { path: path.to_owned(), conn: None };
        writer.connection()?;
        let (queue, jobs) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || writer.work(&jobs))
            .map_err(|error| DbError::Unavailable(format!("cannot start the writing thread: {error}")))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Queues `f` and waits for the commit of its transaction.
    pub(in crate::db) async fn run<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnMut(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Retry + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Task { work: f, result: None, reply });
        match self.queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => return Err(unavailable("too many writes are waiting").into()),
            Some(Err(TrySendError::Disconnected(_))) | None => {
                return Err(unavailable("the writing thread ended").into());
            }
        }
        answer.await.unwrap_or_else(|_| Err(unavailable("the writing thread ended").into()))
    }
}

impl Drop for GroupWriter {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // The last handle can be one that a closure captured; then this is the thread itself.
            if thread.thread().id() != std::thread::current().id() {
                thread.join().ok();
            }
        }
    }
}

fn unavailable(why: &str) -> DbError {
    DbError::Unavailable(why.to_owned())
}

/// What a closure wants done with what it wrote.
enum Outcome {
    Keep,
    Undo,
    Repeat,
}

/// A queued closure, whatever it returns.
trait Job: Send {
    /// Runs the closure and remembers its result. Never panics because the closure does.
    fn run(&mut self, conn: &mut Conn) -> Outcome;
    /// Replaces the result, because the transaction was lost.
    fn fail(&mut self, error: DbError);
    /// Tells the caller the result.
    fn answer(self: Box<Self>);
}

struct Task<T, E, F> {
    work: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Task<T, E, F>
where
    F: FnMut(&mut Conn) -> Result<T, E> + Send,
    T: Send,
    E: From<DbError> + Retry + Send,
{
    fn run(&mut self, conn: &mut Conn) -> Outcome {
        // What the closure left half-done in the database is rolled back, and of what it captured nobody else looks.
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(conn)))
            .unwrap_or_else(|panic| Err(DbError::Panicked(panic_text(panic.as_ref())).into()));
        let outcome = match &result {
            Ok(_) => Outcome::Keep,
            Err(error) if error.is_conflict() => Outcome::Repeat,
            Err(_) => Outcome::Undo,
        };
        self.result = Some(result);
        outcome
    }

    fn fail(&mut self, error: DbError) {
        self.result = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // The caller may have gone; the write stands all the same.
            self.reply.send(result).ok();
        }
    }
}

struct Thread {
    path: String,
    /// `None` after an error that could have left a transaction open: closing the connection ends it for certain.
    conn: Option<Conn>,
}

impl Thread {
    fn connection(&mut self) -> Result<&mut Conn, DbError> {
        if self.conn.is_none() {
            let conn = crate::db::sqlite::connect(&self.path, Mode::Write)?;
            self.conn = Some(Conn::Sqlite(conn));
        }
        self.conn.as_mut().ok_or_else(|| unavailable("no connection"))
    }

    fn work(mut self, jobs: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = jobs.recv() {
            let mut batch = vec![first];
            match self.commit_together(&mut batch, || jobs.try_recv().ok()) {
                Ok(()) => batch.into_iter().for_each(|job| job.answer()),
                Err(error) => self.commit_apart(batch, error),
            }
        }
    }

    /// Carries out the batch, and what `more` adds to it, in one transaction. `Err`: nothing of it remains.
    fn commit_together(
        &mut self,
        batch: &mut Vec<Box<dyn Job>>,
        more: impl FnMut() -> Option<Box<dyn Job>>,
    ) -> Result<(), DbError> {
        let result = transaction(self.connection()?, batch, more);
        if result.is_err() {
            self.conn = None;
        }
        result
    }

    /// After a batch was lost: each closure in a transaction of its own, so that the one that spoilt it (it filled the disk
    /// so that SQLite gave the transaction up, or broke a constraint that is only checked at the end) hurts nobody else.
    fn commit_apart(&mut self, batch: Vec<Box<dyn Job>>, error: DbError) {
        // If the database is out of reach, it is so for all, and each attempt would cost a time-out.
        let mut outage = match error {
            DbError::Unavailable(why) => Some(why),
            _ => None,
        };
        for mut job in batch {
            if outage.is_none() {
                let mut alone = vec![job];
                let result = self.commit_together(&mut alone, || None);
                let Some(only) = alone.pop() else { continue };
                job = only;
                match result {
                    Ok(()) => {}
                    Err(DbError::Unavailable(why)) => outage = Some(why),
                    Err(error) => job.fail(error),
                }
            }
            if let Some(why) = &outage {
                job.fail(unavailable(why));
            }
            job.answer();
        }
    }
}

fn transaction(
    conn: &mut Conn,
    batch: &mut Vec<Box<dyn Job>>,
    mut more: impl FnMut() -> Option<Box<dyn Job>>,
) -> Result<(), DbError> {
    conn.begin("BEGIN IMMEDIATE")?;
    let opened = Instant::now();
    for job in batch.iter_mut() {
        step(conn, job.as_mut())?;
    }
    while batch.len() < BATCH && opened.elapsed() < OPEN {
        let Some(mut job) = more() else { break };
        let result = step(conn, job.as_mut());
        // Even if that failed: it is answered with the batch.
        batch.push(job);
        result?;
    }
    tracing::trace!(closures = batch.len(), "committing");
    match conn {
        Conn::Sqlite(c) => Ok(AnsiTransactionManager::commit_transaction(c)?),
        Conn::Pg(_) => Err(unavailable("not an SQLite connection")),
    }
}

/// One closure in its savepoint. `Err`: the whole transaction is lost.
fn step(conn: &mut Conn, job: &mut dyn Job) -> Result<(), DbError> {
    for _ in 0..=REPEATS {
        conn.execute("SAVEPOINT closure")?;
        match job.run(conn) {
            Outcome::Keep => return conn.execute("RELEASE SAVEPOINT closure"),
            Outcome::Undo => return undo(conn),
            Outcome::Repeat => undo(conn)?,
        }
    }
    Ok(())
}

/// Also takes back savepoints that a panicking closure left open within its own.
fn undo(conn: &mut Conn) -> Result<(), DbError> {
    conn.execute("ROLLBACK TO SAVEPOINT closure; RELEASE SAVEPOINT closure")
}

#[cfg(test)]
mod tests;
