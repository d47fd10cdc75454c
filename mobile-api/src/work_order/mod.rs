//! The work order: one repair from the call to the closed file.
//!
//! [`WorkOrder`] is the record; [`State`] carries what exists only in a state. Each operation is a payload with
//! its rule beside it: [`request`] writes it down, [`dispatch`] has what the office does, [`visit`] what happens at
//! the door, [`pause`] when it rests, [`photos`] the pictures of it, [`quote`] the price ([`pricing`] how a line is
//! reckoned, [`agree`] who answers for it), [`confirm`] the customer's word on it ([`by_link`] by a page of their own), [`sign_off`] the signature and what it covers, [`payment`] what
//! was paid for it, [`rework`] what is mended again.

#![expect(clippy::result_large_err, reason = "a move that is not possible gives the state back, which moves on")]

pub mod agree;
pub mod by_link;
pub mod clocks;
pub mod confirm;
pub mod dispatch;
pub mod history;
pub mod material;
pub mod merge;
pub mod pause;
pub mod payment;
pub mod photos;
pub mod pool;
pub mod pricing;
pub mod proposal;
pub mod quote;
mod record;
pub mod request;
pub mod result;
pub mod rework;
mod scope;
pub mod sign_off;
mod standing;
mod state;
pub mod visit;

pub use by_link::QuoteSent;
pub use clocks::{Clock, ClockEvent, ClockName, Clocks};
pub use confirm::{Confirmation, ConfirmationMethod};
pub use material::TakenFromStock;
pub use payment::{Balance, Payment, PaymentMethod, Refund};
pub use pricing::QuoteLine;
pub use quote::Quote;
pub use record::{
    Appointment, Assignment, Caller, Channel, Charge, Diagnosis, Labour, MOST_ENTRIES, MaterialUse, MergedFrom, Note,
    Policy, Priority, Rejection, Source, TimelineEntry, Void, Window, WorkOrder,
};
pub use result::{Running, WorkResult};
pub use sign_off::{SignOff, SignedContent};
pub use state::{Outcome, State, Status};

#[cfg(test)]
mod tests;
