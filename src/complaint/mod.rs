//! Complaints: their list, and the account of their deadlines. The rules are in `mobile_api::complaint`.

pub mod api;
pub mod list;
pub mod store;
