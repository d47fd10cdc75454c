//! Material and tools on the server. Their rules are in `mobile_api::stock`.

pub mod api;
pub mod list;
pub mod report;
pub mod store;
pub mod supply;
