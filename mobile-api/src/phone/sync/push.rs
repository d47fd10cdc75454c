//! Up: operations go in the order in which they were recorded, groups whole, and a verdict comes back for each.

use uuid::Uuid;

use super::{Failure, Step, StoreError, Sync, SyncError, accounts, copies, outbox, stop_at};
use crate::{
    evidence::Anchor,
    phone::{
        error::Problem,
        store::{
            accounts::AccountId,
            outbox::{Entry, Settlement, State},
        },
        transport::Request,
    },
    sync::{Config, LookupRequest, LookupResponse, PushRequest, PushResponse, SCHEMA, Verdict, VerdictStatus},
};

/// Bytes of an envelope beside its operations.
const ENVELOPE: u64 = 2_048;

/// Largest group, and so the most operations that may have to be read beyond a limit to have the last one whole.
const LARGEST_GROUP: usize = 50;

impl Sync<'_> {
    /// Asks again about operations whose answer was lost, which spares sending them twice.
    pub(super) async fn heal(&mut self, config: &Config) -> Result<(), SyncError> {
        let (id, most) = (self.id, limit(config.push_operations));
        loop {
            let doubtful = self.line.store.run(move |tx| outbox::in_doubt(tx, id, most)).await?;
            if doubtful.is_empty() {
                return Ok(());
            }
            self.look_up(doubtful).await?;
        }
    }

    /// Asks once about each operation that is held, if the copy is new: verdicts from before it began are told only
    /// to those who ask.
    pub(super) async fn ask_held(&mut self, config: &Config) -> Result<(), SyncError> {
        let (id, most, mut from) = (self.id, limit(config.push_operations), 0);
        let Some(copy) = self.account().await?.live else { return Ok(()) };
        if self.line.store.run(move |tx| copies::was_asked(tx, copy)).await? {
            return Ok(());
        }
        loop {
            let held = self.line.store.run(move |tx| outbox::in_state(tx, id, State::Held, from, most)).await?;
            let Some(last) = held.last() else { break };
            from = last.recorded.seq + 1;
            self.look_up(held.iter().map(|entry| entry.recorded.id).collect()).await?;
        }
        self.line.store.run(move |tx| copies::set_asked(tx, copy)).await?;
        stop_at(self.probe, Step::Healed)
    }

    async fn look_up(&mut self, ids: Vec<Uuid>) -> Result<(), SyncError> {
        let body = LookupRequest { operations: ids };
        let answer = self.line.call(self.id, self.probe, || Request::post("/v1/sync/operations/lookup", &body)).await;
        let LookupResponse { verdicts } = answer?.body;
        // What was applied before this answer is in every pull after it: no version must be waited for.
        self.settle(verdicts, Some(0), body.operations, None).await?;
        stop_at(self.probe, Step::Healed)
    }

    /// Sends everything that is pending.
    pub(super) async fn push(&mut self, config: &Config) -> Result<(), SyncError> {
        let (id, mut from) = (self.id, 0);
        let most = limit(config.push_operations).saturating_add(LARGEST_GROUP);
        loop {
            let entries = self.line.store.run(move |tx| outbox::in_state(tx, id, State::Pending, from, most)).await?;
            let batch = first_batch(entries, config);
            let Some(last) = batch.last() else { return Ok(()) };
            // What the server did not take this time waits for the next sync: it must not delay what follows.
            from = last.recorded.seq + 1;
            self.push_batch(batch).await?;
        }
    }

    /// Sends a batch. If the server cannot take it as it is, the halves are tried, down to the operation or group
    /// that is to blame, so that one poisonous operation delays no other.
    async fn push_batch(&mut self, batch: Vec<Entry>) -> Result<(), SyncError> {
        let mut stack = vec![batch];
        while let Some(batch) = stack.pop() {
            match self.send(&batch).await {
                Ok(()) => {}
                Err(Failure::Problem(400 | 413 | 422, problem)) => match halves(batch) {
                    Ok((first, second)) => stack.extend([second, first]),
                    Err(unit) => self.set_aside(unit, problem).await?,
                },
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    async fn send(&mut self, batch: &[Entry]) -> Result<(), Failure> {
        let ids: Vec<Uuid> = batch.iter().map(|entry| entry.recorded.id).collect();
        let leaving = ids.clone();
        self.line.store.run(move |tx| outbox::set_in_doubt(tx, &leaving, true)).await?;
        stop_at(self.probe, Step::Leaving)?;
        match self.push_request(batch).await {
            Ok(answer) => {
                let anchor = answer.anchor(answer.body.time.clone());
                let PushResponse { verdicts, version, .. } = answer.body;
                self.settle(verdicts, Some(version), Vec::new(), Some(anchor)).await?;
                stop_at(self.probe, Step::Settled)?;
                Ok(())
            }
            Err(Failure::Problem(status, problem)) => {
                // The server's own word that it took nothing.
                self.line.store.run(move |tx| outbox::set_in_doubt(tx, &ids, false)).await?;
                Err(Failure::Problem(status, problem))
            }
            Err(other) => Err(other),
        }
    }

    async fn push_request(&self, batch: &[Entry]) -> Result<crate::phone::line::Reply<PushResponse>, Failure> {
        let account = self.account().await?;
        let operations =
            batch.iter().map(|entry| serde_json::value::RawValue::from_string(entry.recorded.body.clone()));
        let operations = operations.collect::<Result<Vec<_>, _>>().map_err(|_| StoreError::Broken("operation"))?;
        let envelope = || {
            let request = PushRequest {
                device: account.device,
                schema: SCHEMA,
                uptime_ms: Some(self.line.clock.uptime_ms()),
                boot_id: Some(self.line.clock.boot_id()),
                anchor: account.anchor.clone(),
                operations: operations.clone(),
            };
            Request::post("/v1/sync/push", &request)
        };
        self.line.call(self.id, self.probe, envelope).await
    }

    /// Stores verdicts. Of `asked`, those without a verdict of weight are no longer in doubt: they must be sent.
    async fn settle(
        &mut self,
        verdicts: Vec<Verdict>,
        version: Option<u64>,
        asked: Vec<Uuid>,
        anchor: Option<Anchor>,
    ) -> Result<(), StoreError> {
        self.report.verdicts.extend(verdicts.iter().filter(|verdict| is_recorded(verdict)).cloned());
        let id = self.id;
        let work = move |tx: &rusqlite::Transaction<'_>| {
            outbox::set_in_doubt(tx, &asked, false)?;
            for verdict in &verdicts {
                note(tx, id, verdict, version)?;
            }
            anchor.map_or(Ok(()), |anchor| accounts::save_anchor(tx, id, &anchor))
        };
        self.line.store.run(work).await
    }

    /// One operation or group that the server refuses in this form is set aside for a person – if it is to blame.
    async fn set_aside(&mut self, unit: Vec<Entry>, problem: Problem) -> Result<(), SyncError> {
        if let Err(failure) = self.push_request(&[]).await {
            // Even an empty envelope is refused, so no operation is to blame.
            return Err(failure.into());
        }
        tracing::warn!(code = problem.code, operations = unit.len(), "operations set aside");
        let id = self.id;
        let problem = crate::refusal::Problem::new(&problem.code, problem.detail.unwrap_or(problem.title));
        let work = move |tx: &rusqlite::Transaction<'_>| {
            let text = serde_json::to_string(&problem).map_err(|_| StoreError::Broken("problem"))?;
            for entry in unit {
                let (id_of, verdict) = (entry.recorded.id, text.clone());
                let settlement = Settlement {
                    id: id_of,
                    state: State::Stuck,
                    verdict,
                    made_rev: None,
                    version: None,
                    replayed: true,
                };
                outbox::settle(tx, id, &settlement)?;
            }
            // A limit may have been lowered since it was asked.
            accounts::forget_config(tx, id)
        };
        self.line.store.run(work).await?;
        stop_at(self.probe, Step::Settled)?;
        Ok(())
    }
}

/// Notes a verdict, wherever it came from. `version` is the server's from which on pulls contain the effect.
pub(super) fn note(
    tx: &rusqlite::Transaction<'_>,
    account: AccountId,
    verdict: &Verdict,
    version: Option<u64>,
) -> Result<(), StoreError> {
    let state = match verdict.status {
        VerdictStatus::Held => State::Held,
        status if status.is_final() => State::Settled,
        VerdictStatus::Unknown => return outbox::send_again(tx, account, verdict.id),
        _ => return outbox::set_in_doubt(tx, &[verdict.id], false),
    };
    let text = serde_json::to_string(verdict).map_err(|_| StoreError::Broken("verdict"))?;
    let settlement = Settlement {
        id: verdict.id,
        state,
        verdict: text,
        made_rev: verdict.rev,
        version,
        // What was kept for a person has no effect, so the screen must not go on showing one.
        replayed: verdict.status != VerdictStatus::Kept,
    };
    outbox::settle(tx, account, &settlement)
}

/// Whether the server has the operation.
fn is_recorded(verdict: &Verdict) -> bool {
    verdict.status == VerdictStatus::Held || verdict.status.is_final()
}

fn limit(operations: u32) -> usize {
    usize::try_from(operations).unwrap_or(usize::MAX).max(1)
}

/// Groups, and operations that are in none.
fn units(entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    entries.chunk_by(|a, b| a.recorded.group.is_some() && a.recorded.group == b.recorded.group)
}

/// As many whole units from the front as the server's limits allow; at least one, for the server to judge.
fn first_batch(mut entries: Vec<Entry>, config: &Config) -> Vec<Entry> {
    let most_bytes = config.push_bytes.saturating_sub(ENVELOPE);
    let (mut count, mut bytes) = (0, 0_u64);
    for unit in units(&entries) {
        let size: usize = unit.iter().map(|entry| entry.recorded.body.len() + 1).sum();
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        if count > 0 && (count + unit.len() > limit(config.push_operations) || bytes + size > most_bytes) {
            break;
        }
        (count, bytes) = (count + unit.len(), bytes + size);
    }
    entries.truncate(count);
    entries
}

/// Two halves of whole units, or the one unit that there is.
fn halves(mut batch: Vec<Entry>) -> Result<(Vec<Entry>, Vec<Entry>), Vec<Entry>> {
    let sizes: Vec<usize> = units(&batch).map(<[Entry]>::len).collect();
    if sizes.len() < 2 {
        return Err(batch);
    }
    let second = batch.split_off(sizes[..sizes.len() / 2].iter().sum());
    Ok((batch, second))
}
