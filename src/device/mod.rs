//! Devices on the server. Their rules are in `mobile_api::device`.

pub mod api;
pub mod list;
pub mod store;
