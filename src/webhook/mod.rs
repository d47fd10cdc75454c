//! Webhooks: whatever happens is told to other programs, in order, signed, until they have it.
//!
//! An event is an operation that was applied: a row of the journal. So there is no second list of what happened that could
//! differ from the first, nothing is lost between the two, and events can be sent again from any place (`webhook.replay`). `store`
//! keeps how far each webhook is; `courier` sends, one event after the other; `guard` keeps it out of the network in which the server
//! stands; `signature` signs by the Standard Webhooks specification, version 1. See docs/webhooks.md.

pub mod api;
pub mod courier;
pub mod guard;
pub mod list;
pub mod signature;
pub mod store;
