//! The last resort: what this phone still has goes to a person at the office, because it may no longer push.

use serde_json::value::RawValue;

use super::{Step, StoreError, Sync, SyncError, outbox, stop_at};
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
                brought += self.hand_over(&entries).await?;
            }
        }
        Ok(brought)
    }

    async fn hand_over(&self, entries: &[Entry]) -> Result<u64, SyncError> {
        let account = self.account().await?;
        let bodies = entries.iter().map(|entry| RawValue::from_string(entry.recorded.body.clone()));
        let operations = bodies.collect::<Result<Vec<_>, _>>().map_err(|_| StoreError::Broken("operation"))?;
        let request = SalvageRequest { device: account.device, operations };
        let mut request = Request::post("/v1/sync/salvage", &request).map_err(|_| StoreError::Broken("request"))?;
        request.bearer = Some(account.access.ok_or(SyncError::SignInAgain)?);
        let answer = self.line.exchange::<SalvageResponse>(request, self.probe).await;
        let operations = answer?.body.operations;
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
