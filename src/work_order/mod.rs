//! Work orders on the server: their rules are in `mobile_api::work_order`.

pub mod api;
pub mod candidates;
pub mod deadline;
pub mod explain;
pub mod list;
pub mod quality;
pub mod store;
