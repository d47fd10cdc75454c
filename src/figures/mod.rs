//! Figures that can be replayed: counted from what settled orders say, with the orders behind each number.
//!
//! Which order or complaint counts for what is decided in `mobile_api::figures`; here facts are kept in the order of their time (`store`,
//! `complaint_store`), added up (`report`), listed (`orders`, `complaints`, by `behind`) and printed (`sheet`). docs/figures.md has the
//! definitions.

pub mod api;
mod behind;
pub mod complaint_store;
mod complaints;
mod orders;
pub mod report;
mod sheet;
pub mod store;
