//! A price list taken from a table, by the rules of [`table`](super::table).
//!
//! * [`mapping`] – which column is what. * `rows` – a row as a price, or the reason why not. * `merge` – a price in its item. *
//!   [`run`] – what would change.
//!
//! The code is the key, with the day, site and class of a price if the file names them: importing the same file again changes nothing, and an import that was cut off is simply run again.

pub mod mapping;
mod merge;
mod rows;
pub mod run;
mod store;

pub use mapping::PriceMapping;
pub use run::prices;

pub use super::table::{Encoding, TableOptions as PriceOptions, TableReport as PriceReport};

#[cfg(test)]
mod tests {
    use crate::import::words::said_in_both;

    #[test]
    fn both_languages_say_the_same_and_everything_that_is_said_is_there() {
        let sources = [include_str!("rows.rs"), include_str!("merge.rs"), include_str!("run.rs")];
        let texts = [include_str!("../../../locales/en/prices.ftl"), include_str!("../../../locales/zh-CN/prices.ftl")];
        said_in_both("prices-", &sources, texts);
    }
}
