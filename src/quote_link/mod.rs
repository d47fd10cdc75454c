//! The link by which a customer confirms a quote on a page of their own, without an account.
//!
//! The office sends it (`work_order.send_quote`); the door writes the code in that transaction ([`store`]); only the desk is told
//! the address ([`api`]), since whoever has it can confirm. Behind it lies [`page`] ([`open`]): the price, whether it still stands,
//! and one button. What the customer presses is an operation like any other (`work_order.confirm_by_link`).

pub mod api;
pub mod open;
pub mod page;
pub mod store;
