//! What a technician has to do, as a calendar that their own calendar app subscribes to.
//!
//! The address carries a [`code`] that nobody can guess and that counts how often the account took its links back: no table, and
//! `user.renew_calendar_link` makes every earlier address lead nowhere. Behind it lie the [`agenda`] – orders, inspections and
//! return visits of the last day, today and the next fortnight – and its text by RFC 5545.

pub mod agenda;
pub mod api;
pub mod code;
pub mod open;
mod store;
mod text;
