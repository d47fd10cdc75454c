//! Checks of a payload that need nothing but the payload: lengths, ranges, sane dates.

use std::ops::RangeInclusive;

use chrono::Datelike;
use serde::{Deserialize, Serialize};

use crate::{refusal::Refusal, time::Timestamp};

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the payload, e.g. `/lines/0/quantity_milli`.
    pub pointer: String,
    /// Stable code: `too_short`, `too_long`, `out_of_range`, `malformed`.
    pub code: String,
    /// What was expected, in English.
    pub detail: String,
}

/// Years that a business date may lie in. Evidence of time is not checked by this: a phone's wrong clock
/// is evidence, not an error.
const SANE_YEARS: RangeInclusive<i32> = 1970..=2199;

/// The JSON pointer (RFC 6901) to where reading stopped.
pub fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;

    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", escape(key))),
            // Variants are not levels of the JSON itself, but of the type behind it.
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// A key as it stands in a JSON pointer.
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Collects everything that is wrong with a payload, so that a person hears of all of it at once.
#[derive(Debug, Default)]
pub struct Check {
    errors: Vec<FieldError>,
}

impl Check {
    /// Notes one error.
    pub fn error(&mut self, pointer: impl Into<String>, code: &str, detail: impl Into<String>) {
        self.errors.push(FieldError { pointer: pointer.into(), code: code.into(), detail: detail.into() });
    }

    /// A text of so many characters, surrounding white space not counting towards the least. U+0000 is in no text
    /// that a person writes, and not every database can hold it.
    pub fn text(&mut self, pointer: &str, value: &str, lengths: RangeInclusive<usize>) {
        let length = value.trim().chars().count();
        if length < *lengths.start() {
            self.error(pointer, "too_short", format!("at least {} characters", lengths.start()));
        } else if value.chars().count() > *lengths.end() {
            self.error(pointer, "too_long", format!("at most {} characters", lengths.end()));
        } else if value.contains('\0') {
            self.error(pointer, "malformed", "a text without U+0000");
        }
    }

    /// Like [`Check::text`], for a field that may be absent.
    pub fn optional_text(&mut self, pointer: &str, value: Option<&str>, longest: usize) {
        if let Some(value) = value {
            self.text(pointer, value, 0..=longest);
        }
    }

    /// A business date within the years 1970 to 2199.
    pub fn time(&mut self, pointer: &str, value: Timestamp) {
        if !SANE_YEARS.contains(&value.year()) {
            self.error(pointer, "out_of_range", "a date in the years 1970 to 2199");
        }
    }

    /// Two instants in order, both sane.
    pub fn span(&mut self, pointer: &str, from: Timestamp, until: Timestamp) {
        self.time(&format!("{pointer}/from"), from);
        self.time(&format!("{pointer}/until"), until);
        if until < from {
            self.error(format!("{pointer}/until"), "out_of_range", "not before `from`");
        }
    }

    /// A number within `range`.
    pub fn number(&mut self, pointer: &str, value: i64, range: RangeInclusive<i64>) {
        if !range.contains(&value) {
            self.error(pointer, "out_of_range", format!("a whole number from {} to {}", range.start(), range.end()));
        }
    }

    /// A list of at most `most` entries.
    pub fn count(&mut self, pointer: &str, length: usize, range: RangeInclusive<usize>) {
        if !range.contains(&length) {
            self.error(pointer, "out_of_range", format!("{} to {} entries", range.start(), range.end()));
        }
    }

    /// How many errors were noted so far.
    pub fn count_of_errors(&self) -> usize {
        self.errors.len()
    }

    /// Everything that was wrong, as one refusal.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.errors.is_empty() { Ok(()) } else { Err(Refusal::Invalid { errors: self.errors }) }
    }
}
