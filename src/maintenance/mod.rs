//! Planned maintenance and shutdowns on the server: lists, what is due, and the page of a notice. The rules are in
//! `mobile_api::maintenance`.
//!
//! What a plan makes is made by its own operation (`maintenance_plan.generate`), whoever asks: a timer, when the instant in the column
//! `look_at` has come; a job, after a reading or the end of its order. The door writes the code of each notice's link in the
//! transaction that makes the notice; only the office is told the address ([`api`]), and behind it lies [`page`] ([`open`]).

pub mod api;
pub mod list;
pub mod open;
pub mod page;
pub mod store;
