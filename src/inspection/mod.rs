//! Inspections on the server. Their rules are in `mobile_api::inspection`.

pub mod api;
pub mod list;
pub mod ready_made;
pub mod report;
mod sheet;
pub mod store;
