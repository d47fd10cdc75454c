//! The work order: one repair from the call to the closed file.
//!
//! [`WorkOrder`] is the record; [`State`] carries what exists only in a state. Each operation is a payload with
//! its rule beside it: [`request`] writes it down, [`dispatch`] has what the office does, [`visit`] what happens at
//! the door, [`photos`] the pictures of it, [`quote`] the price and its confirmation, [`sign_off`] the signature and what it covers.

#![expect(clippy::result_large_err, reason = "a move that is not possible gives the state back, which moves on")]

pub mod clocks;
pub mod dispatch;
pub mod history;
pub mod material;
pub mod merge;
pub mod photos;
pub mod quote;
mod record;
pub mod request;
mod scope;
pub mod sign_off;
mod standing;
mod state;
pub mod visit;

pub use clocks::{Clock, ClockEvent, ClockName, Clocks};
pub use material::TakenFromStock;
pub use quote::{Confirmation, ConfirmationMethod, Quote, QuoteLine};
pub use record::{
    Appointment, Assignment, Caller, Channel, Charge, Diagnosis, Labour, MOST_ENTRIES, MaterialUse, MergedFrom, Note,
    Policy, Priority, Rejection, Source, TimelineEntry, Void, Window, WorkOrder,
};
pub use sign_off::{SignOff, SignedContent};
pub use state::{Outcome, State, Status};

#[cfg(test)]
mod tests;
