//! Which uploads are being received at this moment, by this server.
//!
//! A phone that changes from one cell to another leaves a connection behind that nobody closes, with bytes that are here
//! but not kept yet. When it asks on its new connection how far it has come, the old one is ended first.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long an old reception may take to keep what it has.
const PATIENCE: Duration = Duration::from_secs(10);

/// The receptions under way, by their uploads. Cloning is cheap.
#[derive(Clone, Default)]
pub struct Receptions(Arc<Mutex<HashMap<Uuid, Vec<Signals>>>>);

#[derive(Clone)]
struct Signals {
    /// Tells one reception of an upload from another.
    which: Arc<()>,
    stop: CancellationToken,
    done: CancellationToken,
}

impl Receptions {
    /// Marks an upload as being received, until the mark is dropped.
    pub fn begin(&self, upload: Uuid) -> Mark {
        let signals = Signals { which: Arc::default(), stop: CancellationToken::new(), done: CancellationToken::new() };
        self.0.lock().entry(upload).or_default().push(signals.clone());
        Mark { receptions: self.clone(), upload, signals }
    }

    /// Has those who receive an upload keep what they have and end, and waits for them.
    pub async fn end(&self, upload: Uuid) {
        let under_way = self.0.lock().get(&upload).cloned().unwrap_or_default();
        for Signals { stop, done, .. } in under_way {
            stop.cancel();
            // Whoever is slower than this is stuck in the store; the offset says what is kept without it.
            let _ = tokio::time::timeout(PATIENCE, done.cancelled()).await;
        }
    }
}

/// Stands for one reception.
pub struct Mark {
    receptions: Receptions,
    upload: Uuid,
    signals: Signals,
}

impl Mark {
    /// Told when the reception is to end.
    pub fn stop(&self) -> CancellationToken {
        self.signals.stop.clone()
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let mut under_way = self.receptions.0.lock();
        if let Some(signals) = under_way.get_mut(&self.upload) {
            signals.retain(|signals| !Arc::ptr_eq(&signals.which, &self.signals.which));
            if signals.is_empty() {
                under_way.remove(&self.upload);
            }
        }
        drop(under_way);
        self.signals.done.cancel();
    }
}
