//! Phones against a small server in memory. Stories with the real server are told in the server's own tests.

mod faults;
mod keeping;
mod killing;
mod recording;
mod replacing;
mod server;
mod sessions;
mod syncing;

use std::{path::PathBuf, sync::Arc, time::Duration};

use uuid::Uuid;

use self::{
    faults::Faults,
    server::{Server, order},
};
use super::{About, Draft, Phone, Recorded, Report, SimulatedClock, SyncError, go_on, store::outbox::State};
use crate::{
    catalogue::Action,
    directory::User,
    ids::Id,
    record::Kind,
    work_order::{WorkOrder, dispatch, visit},
};

/// A firm, a phone's folder, and the line between them.
struct World {
    clock: Arc<SimulatedClock>,
    server: Server,
    line: Arc<Faults>,
    folder: tempfile::TempDir,
    about: About,
}

impl World {
    fn new(orders: u128) -> Self {
        let morning = "2026-03-02T08:00:00Z".parse().expect("a time");
        let clock = Arc::new(SimulatedClock::new(morning, 1));
        let server = Server::new(clock.clone(), orders);
        let line = Arc::new(Faults::new(server.clone()));
        Self { clock, server, line, folder: tempfile::tempdir().expect("a folder"), about: About::default() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("phone.db")
    }

    /// The phone as it is after it was switched on.
    fn phone(&self) -> Phone {
        Phone::open(&self.path(), self.clock.clone(), self.line.clone(), self.about.clone()).expect("opens")
    }

    async fn signed_in(&self) -> Phone {
        let phone = self.phone();
        phone.sign_in("wang", "secret").await.expect("signs in");
        phone
    }

    /// Signed in, with everything pulled.
    async fn ready(&self) -> Phone {
        let phone = self.signed_in().await;
        sync(&phone).await.expect("syncs");
        phone
    }
}

async fn sync(phone: &Phone) -> Result<Report, SyncError> {
    phone.sync_once(&go_on).await
}

fn record(phone: &Phone, order: Id<WorkOrder>, action: impl Into<Action>) -> Recorded {
    phone.record(Draft::new(order, action).expect("a draft")).expect("kept")
}

/// Accept, depart, arrive, start, note, finish: an order's day.
fn work(phone: &Phone, clock: &SimulatedClock, order: Id<WorkOrder>) -> Vec<Uuid> {
    let pause = |minutes: u64| clock.advance(Duration::from_secs(60 * minutes));
    let mut done = vec![record(phone, order, dispatch::Accept {}).id];
    pause(2);
    done.push(record(phone, order, dispatch::Depart {}).id);
    pause(9);
    done.push(record(phone, order, visit::Arrive {}).id);
    pause(5);
    done.push(record(phone, order, visit::Start {}).id);
    done.push(record(phone, order, note("Seal worn")).id);
    pause(30);
    done.push(record(phone, order, visit::Finish { summary: None }).id);
    done
}

fn note(text: &str) -> visit::AddNote {
    visit::AddNote { text: text.into() }
}

fn get(phone: &Phone, order: Id<WorkOrder>) -> Option<WorkOrder> {
    phone.get(order).expect("readable")
}

fn state(phone: &Phone, operation: Uuid) -> State {
    phone.operation(operation).expect("readable").expect("kept for good").state
}

/// Everything that a phone shows, for comparing two.
fn everything(phone: &Phone) -> Vec<String> {
    let kinds = Kind::ALL.iter().flat_map(|kind| phone.list(*kind).expect("readable"));
    kinds.map(|shown| shown.record.expect("listed").to_json().expect("JSON")).collect()
}

fn user(id: Id<User>) -> String {
    id.to_string()
}
