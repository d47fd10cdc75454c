//! The mapping file: which column of a register is what. `docs/mappings/elevators.toml` explains every entry.

use serde::Deserialize;

use crate::import::mapping::{MappingError, comma, one_or_many, plain_days, table_complaints};

/// What a mapping file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetMapping {
    /// The name of the other system; 1 to 60 characters. With a row's id it is the key that makes an import repeatable.
    pub source: String,
    /// What separates the columns.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// What stands in a column that is empty, beside nothing at all.
    #[serde(default)]
    pub empty: Vec<String>,
    /// How days are written, tried in this order: `strftime` patterns.
    #[serde(default = "plain_days", deserialize_with = "one_or_many")]
    pub date_formats: Vec<String>,
    /// Which column is what.
    pub columns: Columns,
    /// The sort of thing.
    #[serde(rename = "type")]
    pub asset_type: Named,
    /// The site.
    pub site: Named,
}

/// Which column is what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The asset's id in the other system; 1 to 120 characters.
    pub id: String,
    /// Its name; several columns are joined by spaces.
    #[serde(deserialize_with = "one_or_many")]
    pub name: Vec<String>,
    /// Where it stands, in words; several columns are joined by commas.
    #[serde(default, deserialize_with = "one_or_many")]
    pub place: Vec<String>,
    /// The firm's number for it.
    pub code: Option<String>,
    /// The maker's number for it.
    pub serial: Option<String>,
    /// Who made it.
    pub maker: Option<String>,
    /// What its maker calls it.
    pub model: Option<String>,
    /// When it was installed.
    pub installed_on: Option<String>,
    /// The last day of its maker's warranty.
    pub warranty_until: Option<String>,
    /// The certificate's number.
    pub certificate_number: Option<String>,
    /// The certificate's last day.
    pub certificate_expires_on: Option<String>,
}

/// Something that stands in a column, or is the same for all rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The column with it.
    pub column: Option<String>,
    /// That of all rows, instead of a column.
    pub name: Option<String>,
    /// That of rows whose column is empty; without it they are refused.
    pub missing: Option<String>,
}

impl AssetMapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once where possible.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let mapping: AssetMapping = toml::from_str(text.trim_start_matches('\u{feff}'))?;
        let complaints = mapping.complaints();
        if complaints.is_empty() { Ok(mapping) } else { Err(MappingError::Meaning(complaints)) }
    }

    fn complaints(&self) -> Vec<String> {
        let mut all = table_complaints(self.delimiter, &self.date_formats);
        let length = self.source.chars().count();
        if self.source.trim().is_empty() || length > 60 || self.source.contains('\0') {
            all.push("source: a name of 1 to 60 characters".to_owned());
        }
        if self.columns.name.is_empty() {
            all.push("columns.name: at least one column".to_owned());
        }
        for (entry, named) in [("type", &self.asset_type), ("site", &self.site)] {
            if named.column.is_some() == named.name.is_some() {
                all.push(format!("{entry}: either `column` or `name`"));
            }
        }
        all
    }

    pub(super) fn delimiter(&self) -> u8 {
        u8::try_from(self.delimiter).unwrap_or(b',')
    }

    /// Every column that the mapping names, and what names it.
    pub(super) fn named_columns(&self) -> Vec<(&'static str, &str)> {
        let columns = &self.columns;
        let mut all = vec![("columns.id", columns.id.as_str())];
        all.extend(columns.name.iter().map(|name| ("columns.name", name.as_str())));
        all.extend(columns.place.iter().map(|name| ("columns.place", name.as_str())));
        let optional = [
            ("columns.code", &columns.code),
            ("columns.serial", &columns.serial),
            ("columns.maker", &columns.maker),
            ("columns.model", &columns.model),
            ("columns.installed_on", &columns.installed_on),
            ("columns.warranty_until", &columns.warranty_until),
            ("columns.certificate_number", &columns.certificate_number),
            ("columns.certificate_expires_on", &columns.certificate_expires_on),
            ("type.column", &self.asset_type.column),
            ("site.column", &self.site.column),
        ];
        all.extend(optional.into_iter().filter_map(|(entry, name)| Some((entry, name.as_deref()?))));
        all
    }

    /// Columns that may say each thing only once: the key, and – with type and maker – the serial.
    pub(super) fn unique(&self) -> Vec<Vec<&str>> {
        let serial = self.columns.serial.as_deref().map(|serial| {
            let before = [self.asset_type.column.as_deref(), self.columns.maker.as_deref()];
            before.into_iter().flatten().chain([serial]).collect()
        });
        [vec![self.columns.id.as_str()]].into_iter().chain(serial).collect()
    }
}
