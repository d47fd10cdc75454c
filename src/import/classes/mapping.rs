//! The mapping file: which column of a table of classes is what. `docs/mappings/complaint-classes.toml` explains every entry.

use serde::Deserialize;

use crate::import::mapping::{MappingError, comma, one_or_many, table_complaints};

/// What a mapping file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassMapping {
    /// What separates the columns.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// What stands in a column that is empty, beside nothing at all.
    #[serde(default)]
    pub empty: Vec<String>,
    /// A column for each level, the widest first; instead of `columns`.
    #[serde(default, deserialize_with = "one_or_many")]
    pub levels: Vec<String>,
    /// A class in each row; instead of `levels`.
    pub columns: Option<ClassColumns>,
}

/// Which column is what, of a table with a class in each row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassColumns {
    /// The firm's code for it; 1 to 60 characters.
    pub code: String,
    /// The code of the class that it is part of; empty for none.
    pub parent: Option<String>,
    /// Its Chinese name.
    pub zh: Option<String>,
    /// Its English name. What one language does not say is taken from the other.
    pub en: Option<String>,
}

impl ClassMapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once where possible.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let mapping: ClassMapping = toml::from_str(text.trim_start_matches('\u{feff}'))?;
        let complaints = mapping.complaints();
        if complaints.is_empty() { Ok(mapping) } else { Err(MappingError::Meaning(complaints)) }
    }

    fn complaints(&self) -> Vec<String> {
        let mut all = table_complaints(self.delimiter, &[]);
        if self.levels.is_empty() == self.columns.is_none() {
            all.push("either `levels` or `columns`".to_owned());
        }
        if self.columns.as_ref().is_some_and(|columns| columns.zh.is_none() && columns.en.is_none()) {
            all.push("columns: a name, `zh` or `en`".to_owned());
        }
        all
    }

    pub(super) fn delimiter(&self) -> u8 {
        u8::try_from(self.delimiter).unwrap_or(b',')
    }

    /// Every column that the mapping names, and what names it.
    pub(super) fn named_columns(&self) -> Vec<(&'static str, &str)> {
        let mut all: Vec<(&'static str, &str)> = self.levels.iter().map(|name| ("levels", name.as_str())).collect();
        if let Some(columns) = &self.columns {
            all.push(("columns.code", &columns.code));
            let optional =
                [("columns.parent", &columns.parent), ("columns.zh", &columns.zh), ("columns.en", &columns.en)];
            all.extend(optional.into_iter().filter_map(|(entry, name)| Some((entry, name.as_deref()?))));
        }
        all
    }

    /// What each row names, so that it may stand there once.
    pub(super) fn unique(&self) -> Vec<Vec<&str>> {
        self.columns.iter().map(|columns| vec![columns.code.as_str()]).collect()
    }
}
