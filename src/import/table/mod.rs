//! A table that is taken whole: read, compared with what is there, and stored only if nothing in it was refused – unless
//! somebody says that the rest shall be taken. What is common to price lists and assets.
//!
//! * [`encoding`] – UTF-8 or GBK, proved before a row is read. * `cells` – values of a row, or the reason why not. * [`run`] –
//!   what would change, and the door. * [`report`] – what came of it.
//!
//! It is read whole before anything is stored, because a wrong row far down must keep the first one from taking effect. It is
//! bounded for that ([`MOST_BYTES`]).

pub(super) mod cells;
pub mod encoding;
pub mod report;
pub mod run;

pub use encoding::Encoding;
pub use report::{Change, TableReport, What};
pub use run::TableOptions;

/// Largest table, in bytes once decompressed: ten times the largest that we met.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use crate::import::words::said_in_both;

    #[test]
    fn both_languages_say_the_same_and_everything_that_is_said_is_there() {
        let sources = [
            include_str!("encoding.rs"),
            include_str!("cells.rs"),
            include_str!("run.rs"),
            include_str!("report.rs"),
            include_str!("../../cli/import/table.rs"),
        ];
        let texts = [include_str!("../../../locales/en/table.ftl"), include_str!("../../../locales/zh-CN/table.ftl")];
        said_in_both("table-", &sources, texts);
    }
}
