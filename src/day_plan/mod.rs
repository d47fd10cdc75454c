//! A day planned for a crew: who goes where, in which order. It is shown beside the day as people had planned it, and taken over by a
//! person, visit by visit, through the door (`work_order.plan_visit`).
//!
//! * [`day`] – what is to be done, by whom, how long the ways are; what a plan comes to, reckoned in the same way for everybody's. *
//!   [`solve`] – a better one, by `vrp-pragmatic`, within a time that the caller sets. * [`gather`] – the day out of the records. *
//!   [`api`] – over HTTP, with progress.

pub mod api;
pub mod day;
pub mod gather;
pub mod solve;
#[cfg(test)]
mod tests;
