//! Pokes: "something changed, version N". No data; whoever hears one pulls.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::watch;
use uuid::Uuid;

/// Tells listeners of an organisation its newest version. Cloning is cheap; one per server.
///
/// A poke may come late, twice or (when another server wrote) by way of [`Pokes::poke`] from a poll; it never decides
/// anything. Polling works without it.
#[derive(Clone, Debug, Default)]
pub struct Pokes(Arc<Mutex<HashMap<Uuid, watch::Sender<u64>>>>);

impl Pokes {
    /// Says that `org` has reached `version`. Earlier versions are passed over.
    pub fn poke(&self, org: Uuid, version: u64) {
        let mut listeners = self.0.lock();
        let Some(sender) = listeners.get(&org) else { return };
        if sender.is_closed() {
            listeners.remove(&org);
            return;
        }
        sender.send_if_modified(|known| {
            let newer = version > *known;
            *known = version.max(*known);
            newer
        });
    }

    /// Listens to `org`, which is known to be at `version`.
    pub fn listen(&self, org: Uuid, version: u64) -> watch::Receiver<u64> {
        let mut listeners = self.0.lock();
        let sender = listeners.entry(org).or_insert_with(|| watch::Sender::new(version));
        sender.send_if_modified(|known| {
            let newer = version > *known;
            *known = version.max(*known);
            newer
        });
        sender.subscribe()
    }

    /// The organisations that somebody listens to.
    pub fn heard(&self) -> Vec<Uuid> {
        let mut listeners = self.0.lock();
        listeners.retain(|_, sender| !sender.is_closed());
        listeners.keys().copied().collect()
    }
}
