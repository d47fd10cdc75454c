//! The mapping file: which column of a table is what, and how its times are to be read.
//!
//! `docs/mappings/boston-311.toml` explains every entry.

use std::collections::BTreeMap;

use chrono::format::{Item, StrftimeItems};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};

/// What a mapping file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The name of the other system; 1 to 60 characters. With a row's id it is the key that makes an import repeatable.
    pub source: String,
    /// The IANA time zone of times that state no offset.
    #[serde(deserialize_with = "time_zone")]
    pub time_zone: Tz,
    /// How times are written, tried in this order: `strftime` patterns, or `rfc3339`.
    #[serde(deserialize_with = "one_or_many")]
    pub time_formats: Vec<String>,
    /// What separates the columns.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// What stands in a column that is empty, beside nothing at all: `NULL`, `n/a`.
    #[serde(default)]
    pub empty: Vec<String>,
    /// Which column is what.
    pub columns: Columns,
    /// The sort of job.
    #[serde(rename = "type")]
    pub order_type: TypeOf,
    /// The site.
    pub site: SiteOf,
    /// What the file itself says about the deadline, to compare with.
    pub verdict: Option<VerdictOf>,
}

/// Which column is what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The row's id in the other system; 1 to 120 characters.
    pub id: String,
    /// When the request came in.
    pub received: String,
    /// By when it was to be settled.
    pub due: Option<String>,
    /// When it was closed.
    pub closed: Option<String>,
    /// What it was about; several columns become several lines.
    #[serde(deserialize_with = "one_or_many")]
    pub text: Vec<String>,
    /// What is said about the closing.
    #[serde(default, deserialize_with = "one_or_many")]
    pub closing: Vec<String>,
    /// Where, in words; several columns are joined by commas.
    #[serde(default, deserialize_with = "one_or_many")]
    pub place: Vec<String>,
}

/// Where the sort of job comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeOf {
    /// The column with it.
    pub column: Option<String>,
    /// The code that all rows have, instead of a column.
    pub code: Option<String>,
    /// The code of rows whose column is empty; without it they are refused.
    pub missing: Option<String>,
    /// What values of the column are called here.
    #[serde(default)]
    pub map: BTreeMap<String, TypeName>,
}

/// An order type for a value of the column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeName {
    /// The firm's own code; absent means the value itself.
    pub code: Option<String>,
    /// Its Chinese name, if it has to be made; absent means the value itself.
    pub zh: Option<String>,
    /// Its English name.
    pub en: Option<String>,
}

/// Where the site comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteOf {
    /// The column with its name.
    pub column: Option<String>,
    /// The site of all rows, instead of a column.
    pub name: Option<String>,
    /// The site of rows whose column is empty; without it they are refused.
    pub missing: Option<String>,
}

/// What the file says about the deadline.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictOf {
    /// The column with it.
    pub column: String,
    /// Its values for: in time, or not due yet.
    #[serde(deserialize_with = "one_or_many")]
    pub on_time: Vec<String>,
    /// Its values for: too late, or overdue.
    #[serde(deserialize_with = "one_or_many")]
    pub late: Vec<String>,
}

/// Days as ISO 8601 has them.
pub(super) fn plain_days() -> Vec<String> {
    vec!["%Y-%m-%d".to_owned()]
}

/// What is wrong with a table's delimiter and days.
pub(super) fn table_complaints(delimiter: char, date_formats: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    if !delimiter.is_ascii() || matches!(delimiter, '"' | '\n' | '\r' | '\0') {
        all.push("delimiter: one ASCII character, not a quotation mark or a line break".to_owned());
    }
    for format in date_formats {
        if StrftimeItems::new(format).any(|item| item == Item::Error) {
            all.push(format!("date_formats: `{format}` is no strftime pattern such as \"%Y-%m-%d\""));
        }
    }
    all
}

pub(super) fn comma() -> char {
    ','
}

fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    let unknown = || serde::de::Error::custom(format!("`{name}` is no IANA time zone such as America/New_York"));
    name.parse().map_err(|_| unknown())
}

/// `"a"` or `["a", "b"]`.
pub(super) fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text or a list of texts")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}

/// Why a mapping cannot be used. English, like the file's own vocabulary.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// Not the TOML we expect; the text names line, column and what was expected.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// It can be read but makes no sense; one line for each complaint.
    #[error("{}", .0.join("\n"))]
    Meaning(Vec<String>),
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once where possible.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        // Editors of some systems put a mark of the encoding first.
        let mapping: Mapping = toml::from_str(text.trim_start_matches('\u{feff}'))?;
        let complaints = mapping.complaints();
        if complaints.is_empty() { Ok(mapping) } else { Err(MappingError::Meaning(complaints)) }
    }

    fn complaints(&self) -> Vec<String> {
        let mut all = Vec::new();
        let length = self.source.chars().count();
        if self.source.trim().is_empty() || length > 60 || self.source.contains('\0') {
            all.push("source: a name of 1 to 60 characters".to_owned());
        }
        if !self.delimiter.is_ascii() || matches!(self.delimiter, '"' | '\n' | '\r' | '\0') {
            all.push("delimiter: one ASCII character, not a quotation mark or a line break".to_owned());
        }
        if self.time_formats.is_empty() {
            all.push("time_formats: at least one, such as \"%Y-%m-%d %H:%M:%S\"".to_owned());
        }
        for format in &self.time_formats {
            if format != "rfc3339" && StrftimeItems::new(format).any(|item| item == Item::Error) {
                all.push(format!("time_formats: `{format}` is no strftime pattern such as \"%Y-%m-%d %H:%M:%S\""));
            }
        }
        if self.columns.text.is_empty() {
            all.push("columns.text: at least one column".to_owned());
        }
        if self.order_type.column.is_some() == self.order_type.code.is_some() {
            all.push("type: either `column` or `code`".to_owned());
        }
        if self.site.column.is_some() == self.site.name.is_some() {
            all.push("site: either `column` or `name`".to_owned());
        }
        if let Some(verdict) = &self.verdict
            && let Some(both) = verdict.on_time.iter().find(|value| verdict.late.contains(value))
        {
            all.push(format!("verdict: `{both}` cannot be both on_time and late"));
        }
        all
    }

    /// Every column that the mapping names, and what names it.
    pub(super) fn named_columns(&self) -> Vec<(&'static str, &str)> {
        let columns = &self.columns;
        let mut all = vec![("columns.id", columns.id.as_str()), ("columns.received", &columns.received)];
        all.extend(columns.due.iter().map(|name| ("columns.due", name.as_str())));
        all.extend(columns.closed.iter().map(|name| ("columns.closed", name.as_str())));
        all.extend(columns.text.iter().map(|name| ("columns.text", name.as_str())));
        all.extend(columns.closing.iter().map(|name| ("columns.closing", name.as_str())));
        all.extend(columns.place.iter().map(|name| ("columns.place", name.as_str())));
        all.extend(self.order_type.column.iter().map(|name| ("type.column", name.as_str())));
        all.extend(self.site.column.iter().map(|name| ("site.column", name.as_str())));
        all.extend(self.verdict.iter().map(|verdict| ("verdict.column", verdict.column.as_str())));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        source = "other"
        time_zone = "Asia/Shanghai"
        time_formats = "%Y-%m-%d"
        [columns]
        id = "no"
        received = "came"
        text = ["title", "details"]
        [type]
        code = "repair"
        [site]
        column = "estate"
        missing = "elsewhere"
    "#;

    fn wrong(change: (&str, &str)) -> String {
        assert!(GOOD.contains(change.0));
        Mapping::parse(&GOOD.replace(change.0, change.1)).unwrap_err().to_string()
    }

    #[test]
    fn one_text_may_stand_for_a_list() {
        let mapping = Mapping::parse(&format!("\u{feff}{GOOD}")).unwrap();
        assert_eq!(mapping.time_formats, ["%Y-%m-%d"]);
        assert_eq!(mapping.columns.text, ["title", "details"]);
        assert_eq!(mapping.delimiter, ',');
    }

    #[test]
    fn complaints_are_clear() {
        insta::assert_snapshot!(wrong(("received = \"came\"", "recieved = \"came\"")), @r#"
        TOML parse error at line 7, column 9
          |
        7 |         recieved = "came"
          |         ^^^^^^^^
        unknown field `recieved`, expected one of `id`, `received`, `due`, `closed`, `text`, `closing`, `place`
        "#);
        insta::assert_snapshot!(wrong(("Asia/Shanghai", "Shanghai")), @r#"
        TOML parse error at line 3, column 21
          |
        3 |         time_zone = "Shanghai"
          |                     ^^^^^^^^^^
        `Shanghai` is no IANA time zone such as America/New_York
        "#);
        insta::assert_snapshot!(wrong(("code = \"repair\"", "code = \"repair\"\ncolumn = \"x\"")), @"type: either `column` or `code`");
        let several = wrong(("\"%Y-%m-%d\"", "[\"%Y-%m-%d\", \"%Q\"]\ndelimiter = \"\\n\""));
        insta::assert_snapshot!(several, @r#"
        delimiter: one ASCII character, not a quotation mark or a line break
        time_formats: `%Q` is no strftime pattern such as "%Y-%m-%d %H:%M:%S"
        "#);
        assert!(wrong(("text = [\"title\", \"details\"]", "text = 7")).contains("a text or a list of texts"));
    }
}
