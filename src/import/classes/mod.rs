//! Classes of complaints (投诉分类) taken from a table, by the rules of [`table`](super::table).
//!
//! * [`mapping`] – which column is what. * `tree` – rows as classes, or the reason why not. * [`run`] – what would change.
//!
//! A table has a class in each row, with the code of the one that it is part of; or a path in each row, a column for each level. A class is
//! found by its code, of a path by all that stands before it: importing the same file again changes nothing.

pub mod mapping;
pub mod run;
mod tree;

pub use mapping::ClassMapping;
pub use run::classes;

#[cfg(test)]
mod tests {
    use crate::import::words::said_in_both;

    #[test]
    fn both_languages_say_the_same_and_everything_that_is_said_is_there() {
        let sources = [include_str!("tree.rs"), include_str!("run.rs")];
        let texts =
            [include_str!("../../../locales/en/classes.ftl"), include_str!("../../../locales/zh-CN/classes.ftl")];
        said_in_both("classes-", &sources, texts);
    }
}
