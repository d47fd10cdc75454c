//! Assets (设备): how they are listed and found.

pub mod api;
pub mod history;
pub mod labels;
pub mod list;
pub mod logbook;
pub mod store;
