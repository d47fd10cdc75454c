//! Reviews on the server: questions that wait for a person. Their rule is in `mobile_api::review`.

pub mod api;
pub mod list;
pub mod store;
