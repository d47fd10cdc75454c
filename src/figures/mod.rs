//! Figures that can be replayed: counted from what settled orders say, with the orders behind each number.
//!
//! Which order counts for what is decided in `mobile_api::figures`; here facts are kept in the order in which orders were settled
//! (`store`), added up (`report`), listed (`orders`) and printed (`sheet`). docs/figures.md has the definitions.

pub mod api;
pub mod backfill;
pub mod complaint_store;
mod complaints;
mod orders;
pub mod report;
mod sheet;
pub mod store;
