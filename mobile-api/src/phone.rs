//! The phone engine: what a native app embeds, and what tests and load generators use as a real phone.
//!
//! A phone holds read-only copies of records and an outbox to which it only appends. The screen is the server's
//! record plus the phone's own pending operations, replayed on top by the same rules that the server applies. The
//! server alone decides; whatever it decides, nothing that a person recorded leaves the phone before the server has it.
//!
//! [`Phone`] is the way in. Everything lives in one SQLite file; each step of a sync ends in one
//! transaction, so that a phone which dies at any point goes on where it was.

mod clock;
mod engine;
mod error;
mod kept;
mod line;
mod outbox;
mod running;
mod store;
mod sync;
pub mod transport;
mod view;

#[cfg(test)]
mod tests;

pub use self::{
    clock::{PhoneClock, SimulatedClock, SystemClock},
    engine::{About, Person, Phone},
    error::{PhoneError, Problem, SyncError},
    line::{Probe, Step, go_on},
    outbox::{Draft, Recorded},
    store::{
        StoreError,
        accounts::Identity,
        copies::Progress,
        outbox::{Entry, NewEntry, State},
    },
    sync::{Agreement, Report},
    transport::{HttpTransport, Transport},
    view::{Outcome, Pending, Shown},
};
