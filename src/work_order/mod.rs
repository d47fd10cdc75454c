//! Work orders on the server: their rules are in `mobile_api::work_order`.

pub mod store;
