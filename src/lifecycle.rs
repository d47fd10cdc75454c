//! From start to stop: who must be told that the server is going down, and who is waited for.

use std::{future::Future, time::Duration};

use tokio_util::{
    sync::{CancellationToken, WaitForCancellationFutureOwned},
    task::TaskTracker,
};

/// The life of one server, shared by everything that runs in it. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    drain: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Begins the end: readiness is withdrawn, event streams close, timers take no new work.
    pub fn begin_drain(&self) {
        self.drain.cancel();
    }

    /// Whether the end has begun.
    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Completes when the end begins; at once if it has begun. Event streams and loops `select!` on it.
    pub fn draining(&self) -> WaitForCancellationFutureOwned {
        self.drain.clone().cancelled_owned()
    }

    /// Runs a background task that shutdown waits for. It must watch [`Lifecycle::draining`].
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// Waits for all background tasks, at most for `limit`. Returns whether all have ended.
    pub async fn finish(&self, limit: Duration) -> bool {
        self.tasks.close();
        tokio::time::timeout(limit, self.tasks.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_end_with_the_drain_and_are_waited_for() {
        let life = Lifecycle::default();
        let draining = life.draining();
        life.spawn(draining);
        assert!(!life.is_draining());
        assert!(!life.finish(Duration::from_millis(10)).await);
        life.begin_drain();
        assert!(life.is_draining());
        assert!(life.finish(Duration::from_secs(5)).await);
    }
}
