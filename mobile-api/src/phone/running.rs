//! Syncing on and on: at once when something was recorded or the server pokes, now and then otherwise, and with
//! growing pauses while it fails.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::{
    engine::Phone,
    error::SyncError,
    line::go_on,
    store::{accounts, copies},
    transport::Request,
};

/// Pauses between failing attempts. Jitter keeps a hundred phones from coming back in the same second.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// How often phone and server prove that they agree.
const CHECK_EVERY: u32 = 50;

impl Phone {
    /// Syncs until only a person can help: signs of that are [`SyncError::SignInAgain`], a revoked device, an app
    /// that is too old, a full disk. To stop it, drop the future; nothing is lost.
    ///
    /// Without pokes the server is asked every `every`.
    pub async fn run(&self, every: Duration) -> SyncError {
        tokio::select! {
            reason = self.keep_syncing(every) => reason,
            never = self.keep_listening() => match never {},
        }
    }

    async fn keep_syncing(&self, every: Duration) -> SyncError {
        let (mut pauses, mut rounds) = (pauses(), 0_u32);
        loop {
            let synced = match self.sync_once(&go_on).await {
                Ok(_) if rounds % CHECK_EVERY == 0 => self.check(&go_on).await.map(drop),
                other => other.map(drop),
            };
            let (pause, eager) = match synced {
                Ok(()) => {
                    pauses = self::pauses();
                    rounds = rounds.wrapping_add(1);
                    (every, true)
                }
                Err(SyncError::NotNow { reason, retry_after }) => {
                    tracing::debug!(reason, "sync put off");
                    let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
                    (pause.max(retry_after.unwrap_or_default()), false)
                }
                Err(other) => return other,
            };
            self.rest(pause, eager).await;
        }
    }

    /// Waits. After a failure a wake-up may shorten the pause but not end it at once: a phone on which much is
    /// recorded must not hammer a server that is down.
    async fn rest(&self, pause: Duration, eager: bool) {
        if !eager {
            tokio::time::sleep(pause.min(SHORTEST_PAUSE)).await;
        }
        tokio::select! {
            () = tokio::time::sleep(pause.saturating_sub(if eager { Duration::ZERO } else { SHORTEST_PAUSE })) => {}
            () = self.woken() => {}
        }
    }

    /// Listens for pokes. They only hasten what polling would bring, so every failure is just a pause.
    async fn keep_listening(&self) -> std::convert::Infallible {
        let mut pauses = pauses();
        loop {
            if self.listen().await {
                pauses = self::pauses();
            }
            tokio::time::sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
        }
    }

    /// Whether the line worked at all.
    async fn listen(&self) -> bool {
        let access = self.line().store.run(accounts::active).await.ok().flatten().and_then(|a| a.refresh.and(a.access));
        let Some(access) = access else { return false };
        let mut request = Request::get("/v1/sync/events");
        request.bearer = Some(access);
        let poked = |event: &str| {
            if self.is_news(event) {
                self.wake();
            }
        };
        self.line().transport.listen(request, &poked).await.is_ok()
    }

    /// A poke about a version that a pull has brought already, such as one after the phone's own push, is none.
    fn is_news(&self, event: &str) -> bool {
        let digits: String =
            event.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let Ok(version) = digits.parse::<u64>() else { return true };
        let held = self.line().store.now(|tx| {
            let live = accounts::active(tx)?.and_then(|account| account.live);
            live.map(|copy| copies::progress(tx, copy)).transpose()
        });
        !matches!(held, Ok::<_, super::store::StoreError>(Some(progress)) if progress.version >= version)
    }
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(SHORTEST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_factor(2.0)
        .with_jitter()
        .without_max_times()
        .build()
}
