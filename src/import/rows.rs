//! Rows of the table, read by the mapping: each becomes what an order needs, or a reason why it cannot.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use csv::{ByteRecord, Reader, ReaderBuilder};
use mobile_api::time::Timestamp;

use super::{
    input::{Input, LONGEST_ROW},
    mapping::Mapping,
    times::{DateMeans, Oddity, Times},
};
use crate::language::Language;

/// Most rows of a chunk, which is one transaction.
pub const MOST_ROWS: usize = 500;

/// A chunk ends early when its rows are larger than this together, so that memory stays flat whatever the rows are.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Longest code of an order type and longest name of a site, as the rules have it.
const LONGEST_CODE: usize = 60;
const LONGEST_SITE: usize = 200;

/// What the file says about a row's deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stated {
    OnTime,
    Late,
}

/// A row that can be offered to the door.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) id: String,
    /// The value of the type's column, or the code that stands for it.
    pub(super) order_type: String,
    pub(super) site: String,
    pub(super) received: Timestamp,
    pub(super) due: Option<Timestamp>,
    pub(super) closed: Option<Timestamp>,
    pub(super) place: String,
    pub(super) fault: String,
    pub(super) closing: Option<String>,
    pub(super) stated: Option<Stated>,
    pub(super) oddities: Vec<Oddity>,
    /// Whether the stated verdict is none that the mapping knows.
    pub(super) unknown_verdict: bool,
    /// As it stood in the file, for the file of refused rows.
    pub(super) raw: Option<ByteRecord>,
}

/// A row that cannot.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) line: u64,
    pub(super) reason: String,
    pub(super) raw: Option<ByteRecord>,
}

/// Up to [`MOST_ROWS`] rows in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) rows: Vec<Row>,
    pub(super) refused: Vec<Refused>,
    /// The line after which nothing could be read any more, and why.
    pub(super) broken: Option<(u64, String)>,
}

/// Reads rows. Blocks; not for the threads that serve others.
pub(super) struct Rows {
    reader: Reader<Box<dyn Read + Send>>,
    since_row: Arc<AtomicU64>,
    header: ByteRecord,
    columns: Columns,
    mapping: Mapping,
    times: Times,
    words: Language,
    keep_raw: bool,
    over: bool,
}

/// Where each column stands.
struct Columns {
    id: usize,
    received: usize,
    due: Option<usize>,
    closed: Option<usize>,
    text: Vec<usize>,
    closing: Vec<usize>,
    place: Vec<usize>,
    order_type: Option<usize>,
    site: Option<usize>,
    verdict: Option<usize>,
}

impl Rows {
    /// Reads the header. Answers a sentence for a person if the file is not what the mapping describes.
    pub(super) fn open(input: Input, mapping: Mapping, words: Language, keep_raw: bool) -> Result<Self, String> {
        let (content, since_row) = input.bounded();
        let content: Box<dyn Read + Send> = Box::new(content);
        let delimiter = u8::try_from(mapping.delimiter).unwrap_or(b',');
        let mut reader = ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(content);
        let header = match reader.byte_headers() {
            Ok(header) => header.clone(),
            Err(error) => return Err(unreadable(&words, &error)),
        };
        let columns = Columns::find(&header, &mapping, &words)?;
        let times = Times::new(mapping.time_zone, &mapping.time_formats);
        Ok(Self { reader, since_row, header, columns, mapping, times, words, keep_raw, over: false })
    }

    /// The names of the columns, as they stand in the file.
    pub(super) fn header(&self) -> &ByteRecord {
        &self.header
    }

    /// The next rows; `None` after the last.
    pub(super) fn next_chunk(&mut self, most_rows: usize) -> Option<Chunk> {
        let mut chunk = Chunk::default();
        let mut bytes = 0;
        let mut record = ByteRecord::new();
        while !self.over && chunk.rows.len() + chunk.refused.len() < most_rows && bytes < MOST_BYTES {
            self.since_row.store(0, Ordering::Relaxed);
            let begins_at = self.reader.position().line();
            match self.reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => {
                    self.over = true;
                    break;
                }
                Err(error) => {
                    self.over = true;
                    chunk.broken = Some((begins_at, unreadable(&self.words, &error)));
                    break;
                }
            }
            bytes += record.as_slice().len();
            let line = record.position().map_or(0, csv::Position::line);
            let raw = self.keep_raw.then(|| record.clone());
            match self.row(line, &record) {
                Ok(row) => chunk.rows.push(Row { raw, ..row }),
                Err(reason) => chunk.refused.push(Refused { line, reason, raw }),
            }
        }
        let nothing = chunk.rows.is_empty() && chunk.refused.is_empty() && chunk.broken.is_none();
        (!nothing).then_some(chunk)
    }

    fn row(&self, line: u64, record: &ByteRecord) -> Result<Row, String> {
        if record.len() != self.header.len() {
            let (found, expected) = (record.len().to_string(), self.header.len().to_string());
            return Err(self.words.say("import-ragged", &[("found", found), ("expected", expected)]));
        }
        let columns = &self.columns;
        let mut oddities = Vec::new();
        let id = self.required(record, columns.id)?.to_owned();
        let order_type = self.order_type(record)?;
        let site = self.site(record)?;
        self.required(record, columns.received)?;
        let received = self.time(record, Some(columns.received), DateMeans::Start, &mut oddities)?;
        let Some(received) = received else { return Err(self.missing(columns.received)) };
        let due = self.time(record, columns.due, DateMeans::End, &mut oddities)?;
        let closed = self.time(record, columns.closed, DateMeans::End, &mut oddities)?;
        let closing = self.join(record, &columns.closing, "\n")?;
        let (stated, unknown_verdict) = self.stated(record)?;
        Ok(Row {
            line,
            id,
            order_type,
            site,
            received,
            due,
            closed,
            place: self.join(record, &columns.place, ", ")?,
            fault: self.join(record, &columns.text, "\n")?,
            closing: Some(closing).filter(|closing| !closing.is_empty()),
            stated,
            oddities,
            unknown_verdict,
            raw: None,
        })
    }

    /// A value without the white space around it; empty if it stands for nothing.
    fn value<'r>(&self, record: &'r ByteRecord, column: usize) -> Result<&'r str, String> {
        let bytes = record.get(column).unwrap_or_default();
        let complaint = |id| self.words.say(id, &[("column", self.name(column))]);
        let text = std::str::from_utf8(bytes).map_err(|_| complaint("import-encoding"))?;
        if text.contains('\0') {
            return Err(complaint("import-nul"));
        }
        let text = text.trim();
        Ok(if self.mapping.empty.iter().any(|empty| empty == text) { "" } else { text })
    }

    fn required<'r>(&self, record: &'r ByteRecord, column: usize) -> Result<&'r str, String> {
        match self.value(record, column)? {
            "" => Err(self.missing(column)),
            value => Ok(value),
        }
    }

    fn missing(&self, column: usize) -> String {
        self.words.say("import-missing", &[("column", self.name(column))])
    }

    /// The values that are not empty, each once.
    fn join(&self, record: &ByteRecord, columns: &[usize], between: &str) -> Result<String, String> {
        let mut values: Vec<&str> = Vec::new();
        for column in columns {
            let value = self.value(record, *column)?;
            if !value.is_empty() && !values.contains(&value) {
                values.push(value);
            }
        }
        Ok(values.join(between))
    }

    fn time(
        &self,
        record: &ByteRecord,
        column: Option<usize>,
        date_means: DateMeans,
        oddities: &mut Vec<Oddity>,
    ) -> Result<Option<Timestamp>, String> {
        let Some(column) = column else { return Ok(None) };
        let value = self.value(record, column)?;
        if value.is_empty() {
            return Ok(None);
        }
        let Some((time, oddity)) = self.times.read(value, date_means) else {
            let shown: String = value.chars().take(60).collect();
            let args = [("column", self.name(column)), ("value", shown), ("formats", self.times.formats())];
            return Err(self.words.say("import-time", &args));
        };
        oddities.extend(oddity);
        Ok(Some(time))
    }

    fn order_type(&self, record: &ByteRecord) -> Result<String, String> {
        let rule = &self.mapping.order_type;
        self.choice(record, self.columns.order_type, rule.code.as_ref(), rule.missing.as_ref(), LONGEST_CODE)
    }

    fn site(&self, record: &ByteRecord) -> Result<String, String> {
        let rule = &self.mapping.site;
        self.choice(record, self.columns.site, rule.name.as_ref(), rule.missing.as_ref(), LONGEST_SITE)
    }

    fn choice(
        &self,
        record: &ByteRecord,
        column: Option<usize>,
        fixed: Option<&String>,
        missing: Option<&String>,
        longest: usize,
    ) -> Result<String, String> {
        let Some(column) = column else { return Ok(fixed.cloned().unwrap_or_default()) };
        let value = self.value(record, column)?;
        if value.is_empty() {
            return missing.cloned().ok_or_else(|| self.missing(column));
        }
        if value.chars().count() > longest {
            let args = [("column", self.name(column)), ("most", longest.to_string())];
            return Err(self.words.say("import-too-long", &args));
        }
        Ok(value.to_owned())
    }

    fn stated(&self, record: &ByteRecord) -> Result<(Option<Stated>, bool), String> {
        let (Some(rule), Some(column)) = (&self.mapping.verdict, self.columns.verdict) else {
            return Ok((None, false));
        };
        let value = self.value(record, column)?;
        let among = |values: &[String]| values.iter().any(|known| known == value);
        Ok(match value {
            "" => (None, false),
            _ if among(&rule.on_time) => (Some(Stated::OnTime), false),
            _ if among(&rule.late) => (Some(Stated::Late), false),
            _ => (None, true),
        })
    }

    fn name(&self, column: usize) -> String {
        self.header.get(column).map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default()
    }
}

impl Columns {
    fn find(header: &ByteRecord, mapping: &Mapping, words: &Language) -> Result<Self, String> {
        if header.iter().any(|name| name.contains(&0)) {
            return Err(words.say("import-utf16", &[]));
        }
        let names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let place = |name: &str| names.iter().position(|known| known == name);
        let named = mapping.named_columns();
        let absent: Vec<String> = named
            .iter()
            .filter(|(_, name)| place(name).is_none())
            .map(|(entry, name)| format!("`{name}` ({entry})"))
            .collect();
        if !absent.is_empty() {
            let args = [("absent", absent.join(", ")), ("present", names.join(", ").chars().take(2000).collect())];
            return Err(words.say("import-no-column", &args));
        }
        let twice = named.iter().find(|(_, name)| names.iter().filter(|known| known == name).count() > 1);
        if let Some((_, name)) = twice {
            return Err(words.say("import-column-twice", &[("column", (*name).to_owned())]));
        }
        let at = |name: &String| place(name).unwrap_or_default();
        let all = |names: &[String]| names.iter().map(at).collect();
        let columns = &mapping.columns;
        Ok(Self {
            id: at(&columns.id),
            received: at(&columns.received),
            due: columns.due.as_ref().map(at),
            closed: columns.closed.as_ref().map(at),
            text: all(&columns.text),
            closing: all(&columns.closing),
            place: all(&columns.place),
            order_type: mapping.order_type.column.as_ref().map(at),
            site: mapping.site.column.as_ref().map(at),
            verdict: mapping.verdict.as_ref().map(|verdict| at(&verdict.column)),
        })
    }
}

/// Why nothing more can be read.
fn unreadable(words: &Language, error: &csv::Error) -> String {
    let too_long = matches!(error.kind(), csv::ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::FileTooLarge);
    if too_long {
        words.say("import-row-too-long", &[("most", (LONGEST_ROW / 1024 / 1024).to_string())])
    } else {
        words.say("import-unreadable", &[("reason", error.to_string())])
    }
}
