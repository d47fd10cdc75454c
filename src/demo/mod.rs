//! The demonstration: a company made of real records, and a day of its work.

pub mod company;
pub mod day;
mod narrator;
mod tables;

pub use company::{Company, Household, Job, Person, PriceLine, build};
pub use day::{Played, play};
pub use narrator::Narrator;
