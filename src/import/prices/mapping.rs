//! The mapping file: which column of a price list is what. `docs/mappings/price-list.toml` explains every entry.

use serde::Deserialize;

use crate::import::mapping::{MappingError, comma, one_or_many, plain_days, table_complaints};

/// What a mapping file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceMapping {
    /// What separates the columns.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// What stands in a column that is empty, beside nothing at all: `NULL`, `n/a`.
    #[serde(default)]
    pub empty: Vec<String>,
    /// How days are written, tried in this order: `strftime` patterns.
    #[serde(default = "plain_days", deserialize_with = "one_or_many")]
    pub date_formats: Vec<String>,
    /// The tax class of rows whose column names none; absent means the first of the organisation's.
    pub tax_class: Option<String>,
    /// Which column is what.
    pub columns: Columns,
    /// Whether a row is work or goods.
    pub kind: KindOf,
}

/// Which column is what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The item's code; with the day, site and class of a price it is the key. 1 to 60 characters.
    pub code: String,
    /// Its Chinese name; absent means the English one.
    pub name_zh: Option<String>,
    /// Its English name; absent means the Chinese one.
    pub name_en: Option<String>,
    /// The unit that a quantity counts.
    pub unit: String,
    /// The price of one unit: `1234.50`.
    pub price: String,
    /// The currency, to be compared with the organisation's.
    pub currency: Option<String>,
    /// The tax class.
    pub tax_class: Option<String>,
    /// The first day on which it may be quoted.
    pub valid_from: Option<String>,
    /// The last day on which it may be quoted.
    pub valid_to: Option<String>,
    /// The name of the site that the price is for; empty means all.
    pub site: Option<String>,
    /// The class of customers that the price is for; empty means all.
    pub customer_class: Option<String>,
}

/// Whether a row is work or goods.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindOf {
    /// The column with it.
    pub column: Option<String>,
    /// Its values for work.
    #[serde(default, deserialize_with = "one_or_many")]
    pub labour: Vec<String>,
    /// Its values for goods.
    #[serde(default, deserialize_with = "one_or_many")]
    pub material: Vec<String>,
    /// What all rows are, or those whose value is none of these: `labour` or `material`. Without it they are refused.
    pub other: Option<mobile_api::directory::PriceKind>,
}

impl PriceMapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once where possible.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let mapping: PriceMapping = toml::from_str(text.trim_start_matches('\u{feff}'))?;
        let complaints = mapping.complaints();
        if complaints.is_empty() { Ok(mapping) } else { Err(MappingError::Meaning(complaints)) }
    }

    fn complaints(&self) -> Vec<String> {
        let mut all = table_complaints(self.delimiter, &self.date_formats);
        if self.columns.name_zh.is_none() && self.columns.name_en.is_none() {
            all.push("columns: `name_zh`, `name_en` or both".to_owned());
        }
        if self.kind.column.is_none() && self.kind.other.is_none() {
            all.push("kind: `column`, `other` or both".to_owned());
        }
        if let Some(both) = self.kind.labour.iter().find(|value| self.kind.material.contains(value)) {
            all.push(format!("kind: `{both}` cannot be both labour and material"));
        }
        all
    }

    pub(super) fn delimiter(&self) -> u8 {
        u8::try_from(self.delimiter).unwrap_or(b',')
    }

    /// The columns that together stand for one price: from when, for whom, and of what. The last is the code.
    pub(super) fn key(&self) -> Vec<&str> {
        let columns = &self.columns;
        let limits = [&columns.valid_from, &columns.site, &columns.customer_class];
        limits.into_iter().filter_map(|name| name.as_deref()).chain([columns.code.as_str()]).collect()
    }

    /// Every column that the mapping names, and what names it.
    pub(super) fn named_columns(&self) -> Vec<(&'static str, &str)> {
        let columns = &self.columns;
        let required =
            [("columns.code", &columns.code), ("columns.unit", &columns.unit), ("columns.price", &columns.price)];
        let optional = [
            ("columns.name_zh", &columns.name_zh),
            ("columns.name_en", &columns.name_en),
            ("columns.currency", &columns.currency),
            ("columns.tax_class", &columns.tax_class),
            ("columns.valid_from", &columns.valid_from),
            ("columns.valid_to", &columns.valid_to),
            ("columns.site", &columns.site),
            ("columns.customer_class", &columns.customer_class),
            ("kind.column", &self.kind.column),
        ];
        let given = optional.into_iter().filter_map(|(entry, name)| Some((entry, name.as_deref()?)));
        required.into_iter().map(|(entry, name)| (entry, name.as_str())).chain(given).collect()
    }
}
