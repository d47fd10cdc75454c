//! Devices on the server. Their rules are in `mobile_api::device`.

pub mod store;
