//! The unified price list (统一收费标准): what a unit of work or goods costs, for whom, and from when until when.
//!
//! [`item`] is a line of the list and the operation that saves it; [`terms`] for whom and when it may be quoted, one pure
//! function for phone and server; [`rules`] what the organisation says about money: tax classes, how long quotes are
//! valid, who may give how much off.

pub mod item;
pub mod rules;
pub mod terms;

pub use item::{EarlierPrice, PriceItem, PriceItemSave, PriceKind};
pub use rules::{DiscountCeiling, MoneyRules, SetMoneyRules, TaxClass};
pub use terms::{Terms, Whom};

#[cfg(test)]
mod tests;
