//! The directory on the server: who and where. Its rules are in `mobile_api::directory`.

pub mod api;
pub mod list;
pub mod premises;
pub mod store;
