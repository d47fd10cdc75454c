//! The demonstration: a company made of real records, and a day of its work.

pub mod company;
mod tables;

pub use company::{Company, Household, Job, Person, PriceLine, build};
