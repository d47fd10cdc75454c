//! Payments by day and by who took them: the daily cash report.

pub mod api;
pub mod report;
pub mod store;
