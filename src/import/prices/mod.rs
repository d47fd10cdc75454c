//! A price list taken from a table: read whole, compared with the list that is there, and stored only if nothing in it was
//! refused – unless somebody says that the rest shall be taken.
//!
//! * [`mapping`] – which column is what. * [`encoding`] – UTF-8 or GBK, proved before a row is read. * `rows` – a row as an
//!   item, or the reason why not. * [`run`] – what would change, and the door. * [`report`] – what came of it.
//!
//! A price list is read whole before anything is stored, because a wrong row far down must keep the first one from being
//! charged. It is bounded for that ([`MOST_BYTES`]). The code is the key: importing the same file again changes nothing, and an
//! import that was cut off is simply run again.

pub mod encoding;
pub mod mapping;
pub mod report;
mod rows;
pub mod run;
mod store;

pub use encoding::Encoding;
pub use mapping::PriceMapping;
pub use report::{Change, PriceReport};
pub use run::{PriceOptions, prices};

/// Largest price list, in bytes once decompressed: a hundred times the largest that we met.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use crate::import::words::said_in_both;

    #[test]
    fn both_languages_say_the_same_and_everything_that_is_said_is_there() {
        let sources = [
            include_str!("encoding.rs"),
            include_str!("rows.rs"),
            include_str!("run.rs"),
            include_str!("report.rs"),
            include_str!("../../cli/import/prices.rs"),
        ];
        let texts = [include_str!("../../../locales/en/prices.ftl"), include_str!("../../../locales/zh-CN/prices.ftl")];
        said_in_both("prices-", &sources, texts);
    }
}
