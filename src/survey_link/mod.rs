//! The satisfaction survey (满意度调查) that a customer answers on a page of their own, without an account.
//!
//! A survey stands on its return visit; the door writes the code of its link in that transaction ([`store`]); only the desk is told
//! the address ([`api`]), since whoever has it can answer. Behind it lies [`page`] ([`open`]): what was done, a few choices, and one
//! button. What the customer presses is an operation like any other (`return_visit.answer_survey`).

pub mod api;
mod form;
pub mod open;
pub mod page;
pub mod store;
