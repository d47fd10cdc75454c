//! A register of assets taken from a table, by the rules of [`table`](super::table).
//!
//! * [`mapping`] – which column is what. * `rows` – a row as an asset, or the reason why not. * [`run`] – what would change.
//!
//! An asset's id follows from the organisation, the source and the source's own id: importing the same file again changes
//! nothing. A serial that stands in two rows, or that another asset has already, is refused with both.

pub mod mapping;
mod rows;
pub mod run;
mod store;

pub use mapping::AssetMapping;
pub use run::assets;

#[cfg(test)]
mod tests {
    use crate::import::words::said_in_both;

    #[test]
    fn both_languages_say_the_same_and_everything_that_is_said_is_there() {
        let sources = [include_str!("rows.rs"), include_str!("run.rs")];
        let texts = [include_str!("../../../locales/en/assets.ftl"), include_str!("../../../locales/zh-CN/assets.ftl")];
        said_in_both("assets-", &sources, texts);
    }
}
