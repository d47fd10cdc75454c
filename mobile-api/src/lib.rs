//! What phones and the Doorstep server agree on, without I/O: records, operations, rules, verdicts, the evidence
//! of time, the content that a customer signs and its digest, the sync envelopes.
//!
//! A phone applies the same rule offline that the server applies later. With the feature `phone` the crate also
//! holds the phone engine: local store, outbox, sync loop.

pub mod actor;
pub mod asset;
pub mod calendar;
pub mod catalogue;
pub mod check;
pub mod complaint;
pub mod device;
pub mod directory;
pub mod evidence;
pub mod figures;
pub mod handover;
pub mod ids;
pub mod inspection;
pub mod maintenance;
pub mod money;
pub mod operation;
#[cfg(feature = "phone")]
pub mod phone;
pub mod photo;
pub mod price_list;
pub mod record;
pub mod refusal;
pub mod return_visit;
pub mod review;
pub mod signing;
pub mod stock;
pub mod sync;
pub mod time;
pub mod upload;
pub mod webhook;
pub mod work_order;

pub use actor::{Actor, Role};
pub use ids::Id;
pub use record::{Kind, Record, Ref, Scope};
