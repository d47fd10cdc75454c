//! Values of a row, found by their columns, and the sentences that say what is wrong with them.

use std::collections::HashMap;

use chrono::NaiveDate;
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use mobile_api::{catalogue::Action, refusal::Refusal};

use crate::language::Language;

/// A row that can be saved.
#[derive(Clone, Debug)]
pub(in crate::import) struct Row<S> {
    pub(in crate::import) line: u64,
    /// What the thing is called by.
    pub(in crate::import) key: String,
    pub(in crate::import) save: S,
    pub(in crate::import) raw: ByteRecord,
}

/// A row that cannot.
#[derive(Clone, Debug)]
pub(in crate::import) struct Refused {
    pub(in crate::import) line: u64,
    pub(in crate::import) reason: String,
    pub(in crate::import) raw: Option<ByteRecord>,
}

/// Everything that stands in a file.
pub(in crate::import) struct Table<S> {
    pub(in crate::import) header: ByteRecord,
    pub(in crate::import) rows: Vec<Row<S>>,
    pub(in crate::import) refused: Vec<Refused>,
}

/// How a file is laid out.
pub(in crate::import) struct Layout<'m> {
    /// What separates the columns.
    pub(in crate::import) delimiter: u8,
    /// What means that a value is missing.
    pub(in crate::import) empty: &'m [String],
    /// How days are written.
    pub(in crate::import) date_formats: &'m [String],
    /// Every column that the mapping names, and what names it.
    pub(in crate::import) named: Vec<(&'static str, &'m str)>,
    /// Columns that together stand for one thing each; the last of them decides whether anything is said. The first of these
    /// lists is the key.
    pub(in crate::import) unique: Vec<Vec<&'m str>>,
}

/// The values of rows.
pub(in crate::import) struct Cells<'m> {
    layout: Layout<'m>,
    pub(in crate::import) words: Language,
    header: StringRecord,
}

/// Reads a table, row by row. Answers a sentence for a person if the file is not what the mapping describes.
pub(in crate::import) fn read<'m, S>(
    text: &str,
    layout: Layout<'m>,
    words: Language,
    row: impl Fn(&Cells<'m>, &StringRecord) -> Result<S, String>,
) -> Result<Table<S>, String> {
    let mut reader = ReaderBuilder::new().flexible(true).delimiter(layout.delimiter).from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| words.say("table-unreadable", &[("reason", error.to_string())]);
    let header = reader.headers().map_err(unreadable)?.clone();
    let cells = Cells { layout, words, header };
    cells.find_columns()?;
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    let mut seen: HashMap<Vec<String>, Vec<u64>> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        let raw = record.as_byte_record().clone();
        // Rows that are refused for something else count as well, because once they are mended they would clash.
        let names = cells.names(&record);
        names.iter().for_each(|name| seen.entry(name.clone()).or_default().push(line));
        match cells.as_wide_as_the_header(&record).and_then(|()| row(&cells, &record)) {
            Ok(save) => rows.push((names, Row { line, key: cells.key(&record).to_owned(), save, raw })),
            Err(reason) => refused.push(Refused { line, reason, raw: Some(raw) }),
        }
    }
    let rows = cells.without_repeated(rows, &mut refused, &seen);
    refused.sort_by_key(|row| row.line);
    Ok(Table { header: cells.header.into_byte_record(), rows, refused })
}

impl Cells<'_> {
    fn find_columns(&self) -> Result<(), String> {
        let names: Vec<&str> = self.header.iter().map(str::trim).collect();
        let times = |name: &str| names.iter().filter(|known| **known == name).count();
        let named = &self.layout.named;
        let absent: Vec<String> = named
            .iter()
            .filter(|(_, name)| times(name) == 0)
            .map(|(entry, name)| format!("`{name}` ({entry})"))
            .collect();
        if !absent.is_empty() {
            let present = names.join(", ").chars().take(2000).collect();
            return Err(self.words.say("table-no-column", &[("absent", absent.join(", ")), ("present", present)]));
        }
        match named.iter().find(|(_, name)| times(name) > 1) {
            Some((_, name)) => Err(self.words.say("table-column-twice", &[("column", (*name).to_owned())])),
            None => Ok(()),
        }
    }

    fn as_wide_as_the_header(&self, record: &StringRecord) -> Result<(), String> {
        if record.len() == self.header.len() {
            return Ok(());
        }
        let (found, expected) = (record.len().to_string(), self.header.len().to_string());
        Err(self.words.say("table-ragged", &[("found", found), ("expected", expected)]))
    }

    /// What the row names that no other may.
    fn names(&self, record: &StringRecord) -> Vec<Vec<String>> {
        let of = |(at, columns): (usize, &Vec<&str>)| {
            let said = columns.last().is_some_and(|column| !self.value(record, column).is_empty());
            // A key is what it is; a serial is the same in whatever case.
            let written = |text: &str| if at == 0 { text.to_owned() } else { text.to_lowercase() };
            let values = columns.iter().map(|column| written(self.value(record, column)));
            said.then(|| std::iter::once(at.to_string()).chain(values).collect())
        };
        self.layout.unique.iter().enumerate().filter_map(of).collect()
    }

    fn key<'r>(&self, record: &'r StringRecord) -> &'r str {
        self.layout.unique.first().and_then(|columns| columns.last()).map_or("", |column| self.value(record, column))
    }

    /// What stands in several rows: nobody can know which of them is meant, so none is taken.
    fn without_repeated<S>(
        &self,
        rows: Vec<(Vec<Vec<String>>, Row<S>)>,
        refused: &mut Vec<Refused>,
        seen: &HashMap<Vec<String>, Vec<u64>>,
    ) -> Vec<Row<S>> {
        let mut unique = Vec::new();
        for (names, row) in rows {
            let twice = names.iter().find_map(|name| Some((name, seen.get(name).filter(|lines| lines.len() > 1)?)));
            match twice {
                None => unique.push(row),
                Some((name, lines)) => {
                    let lines = lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
                    let said: Vec<&str> =
                        name[1..].iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
                    let args = [("key", said.join(" ")), ("lines", lines)];
                    let reason = self.words.say("table-repeated", &args);
                    refused.push(Refused { line: row.line, reason, raw: Some(row.raw) });
                }
            }
        }
        unique
    }

    /// A value without the white space around it; empty if it stands for nothing.
    pub(in crate::import) fn value<'r>(&self, record: &'r StringRecord, column: &str) -> &'r str {
        let at = self.header.iter().position(|known| known.trim() == column);
        let text = at.and_then(|at| record.get(at)).unwrap_or_default().trim();
        if self.layout.empty.iter().any(|empty| empty == text) { "" } else { text }
    }

    /// A sentence about a column.
    pub(in crate::import) fn say(&self, id: &str, column: &str) -> String {
        self.words.say(id, &[("column", column.to_owned())])
    }

    /// A sentence about a value of a column.
    pub(in crate::import) fn say_value(&self, id: &str, column: &str, value: &str) -> String {
        let value = value.chars().take(60).collect();
        self.words.say(id, &[("column", column.to_owned()), ("value", value)])
    }

    /// A text that must be there, and that no spreadsheet would carry out: what is exported again must not run.
    pub(in crate::import) fn text<'r>(&self, record: &'r StringRecord, column: &str) -> Result<&'r str, String> {
        self.optional(record, Some(column))?.ok_or_else(|| self.missing(column))
    }

    /// That a column which must say something does not.
    pub(in crate::import) fn missing(&self, column: &str) -> String {
        self.say("table-missing", column)
    }

    /// Such a text, or nothing.
    pub(in crate::import) fn optional<'r>(
        &self,
        record: &'r StringRecord,
        column: Option<&str>,
    ) -> Result<Option<&'r str>, String> {
        let Some(column) = column else { return Ok(None) };
        match self.value(record, column) {
            "" => Ok(None),
            text if text.starts_with(['=', '+', '-', '@']) => Err(self.say_value("table-formula", column, text)),
            text => Ok(Some(text)),
        }
    }

    /// A day, or nothing.
    pub(in crate::import) fn day(
        &self,
        record: &StringRecord,
        column: Option<&str>,
    ) -> Result<Option<NaiveDate>, String> {
        let Some(column) = column else { return Ok(None) };
        let value = self.value(record, column);
        if value.is_empty() {
            return Ok(None);
        }
        let read = |format: &String| NaiveDate::parse_from_str(value, format).ok();
        let day = self.layout.date_formats.iter().find_map(read);
        day.map(Some).ok_or_else(|| self.say_value("table-day", column, value))
    }

    /// Lengths and ranges, by the same check that everybody's operations go through. `named` tells the column of a field.
    pub(in crate::import) fn checked<S: Clone + Into<Action>>(
        &self,
        save: S,
        named: impl Fn(&str) -> Option<String>,
    ) -> Result<S, String> {
        let Err(refusal) = save.clone().into().check() else { return Ok(save) };
        let Refusal::Invalid { errors } = refusal else { return Err(refusal.to_string()) };
        let reason = |error: &mobile_api::check::FieldError| {
            let field = named(&error.pointer).unwrap_or_else(|| error.pointer.clone());
            self.words.say("table-field", &[("field", field), ("reason", error.detail.clone())])
        };
        let mut reasons: Vec<String> = errors.iter().map(reason).collect();
        // One column can be several fields.
        reasons.dedup();
        Err(reasons.join("; "))
    }
}
