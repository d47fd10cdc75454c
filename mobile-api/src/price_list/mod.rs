//! The unified price list (统一收费标准): what a unit of work or goods costs, for whom, and from when until when.
//!
//! [`item`] is a line of the list and the operation that saves it; [`terms`] for whom and when it may be quoted, and
//! [`other`] what it costs for some or from a later day, pure functions for phone and server; [`rules`] what the
//! organisation says about money: tax classes, how long quotes are valid, who may give how much off.

pub mod item;
pub mod other;
pub mod rules;
pub mod terms;

pub use item::{EarlierPrice, PriceItem, PriceItemSave, PriceKind};
pub use other::OtherPrice;
pub use rules::{DiscountCeiling, EarlierRate, MoneyRules, SetMoneyRules, TaxClass};
pub use terms::{LONGEST_CLASS, Terms, Whom, day_of, start_of};

#[cfg(test)]
mod tests;
