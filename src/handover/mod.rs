//! Handovers between shifts over HTTP: the list, and the draft of the next one. The rules are in `mobile_api::handover`.

pub mod api;
pub mod list;
pub mod store;
