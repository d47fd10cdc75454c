//! The last resort: what this phone still has goes to a person at the office, because it may no longer push.

use serde_json::value::RawValue;

use super::{Failure, Step, StoreError, Sync, SyncError, outbox, stop_at};
use crate::{
    phone::{
        store::outbox::{Entry, Settlement, State},
        transport::Request,
    },
    sync::{SalvageRequest, SalvageResponse, Verdict, VerdictStatus},
};

/// Operations in one request: few, since every server takes as many, and there is no asking for its limits any more.
const BATCH: usize = 50;

impl Sync<'_> {
    /// Hands over everything that the server is not known to have. Answers how much that was.
    pub(in crate::phone) async fn salvage(self) -> Result<u64, SyncError> {
        let mut brought = 0;
        for state in [State::Pending, State::Stuck] {
            let mut from = 0;
            loop {
                let id = self.id;
                let entries = self.line.store.run(move |tx| outbox::in_state(tx, id, state, from, BATCH)).await?;
                let Some(last) = entries.last() else { break };
                from = last.recorded.seq + 1;
                brought += self.hand_over_each(entries).await?;
            }
        }
        Ok(brought)
    }

    /// If the server cannot take a batch as it is, its halves are tried, down to the operation that is to blame. That
    /// one stays in the outbox and delays no other.
    async fn hand_over_each(&self, entries: Vec<Entry>) -> Result<u64, SyncError> {
        let mut brought = 0;
        let mut stack = vec![entries];
        while let Some(mut entries) = stack.pop() {
            match self.hand_over(&entries).await {
                Ok(settled) => brought += settled,
                Err(Failure::Problem(400 | 413 | 422, _)) if entries.len() > 1 => {
                    let second = entries.split_off(entries.len() / 2);
                    stack.extend([second, entries]);
                }
                Err(Failure::Problem(400 | 413 | 422, problem)) => {
                    // If even an empty envelope is refused, no operation is to blame.
                    self.bring(&[]).await?;
                    tracing::warn!(code = problem.code, "an operation could not be salvaged");
                }
                Err(other) => return Err(other.into()),
            }
        }
        Ok(brought)
    }

    async fn bring(&self, entries: &[Entry]) -> Result<SalvageResponse, Failure> {
        let account = self.account().await?;
        let bodies = entries.iter().map(|entry| RawValue::from_string(entry.recorded.body.clone()));
        let operations = bodies.collect::<Result<Vec<_>, _>>().map_err(|_| StoreError::Broken("operation"))?;
        let request = SalvageRequest { device: account.device, operations };
        let mut request = Request::post("/v1/sync/salvage", &request).map_err(|_| StoreError::Broken("request"))?;
        request.bearer = Some(account.access.ok_or(SyncError::SignInAgain)?);
        Ok(self.line.exchange::<SalvageResponse>(request, self.probe).await?.body)
    }

    async fn hand_over(&self, entries: &[Entry]) -> Result<u64, Failure> {
        let operations = self.bring(entries).await?.operations;
        let id = self.id;
        let work = move |tx: &rusqlite::Transaction<'_>| {
            let mut brought = 0;
            for salvaged in operations.iter().filter(|salvaged| salvaged.status != VerdictStatus::Retry) {
                outbox::settle(tx, id, &settlement(Verdict::bare(salvaged.id, salvaged.status))?)?;
                brought += 1;
            }
            Ok::<_, StoreError>(brought)
        };
        let brought = self.line.store.run(work).await?;
        stop_at(self.probe, Step::Settled)?;
        Ok(brought)
    }
}

/// The server has it, and nothing of it will be shown by a pull: the phone fetches nothing any more.
fn settlement(verdict: Verdict) -> Result<Settlement, StoreError> {
    let text = serde_json::to_string(&verdict).map_err(|_| StoreError::Broken("verdict"))?;
    let replayed = verdict.status != VerdictStatus::Kept;
    Ok(Settlement { id: verdict.id, state: State::Settled, verdict: text, made_rev: None, version: None, replayed })
}
