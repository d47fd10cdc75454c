//! Rows of a price list, read by the mapping: each becomes an item to be saved, or a reason why it cannot.

use std::collections::HashMap;

use chrono::NaiveDate;
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use mobile_api::{
    catalogue::Action,
    directory::{Label, PriceItemSave, PriceKind},
    money::{Currency, MOST_MINOR, Money},
    price_list::{MoneyRules, Terms},
    refusal::Refusal,
};

use super::{super::words::Words, PriceMapping};

/// What the organisation says of prices.
#[derive(Clone, Debug)]
pub(super) struct House {
    pub(super) currency: Currency,
    pub(super) money: MoneyRules,
}

/// A row that can be saved.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) save: PriceItemSave,
    pub(super) raw: ByteRecord,
}

/// A row that cannot.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) line: u64,
    pub(super) reason: String,
    pub(super) raw: Option<ByteRecord>,
}

/// Everything that stands in a file.
pub(super) struct Table {
    pub(super) header: ByteRecord,
    pub(super) rows: Vec<Row>,
    pub(super) refused: Vec<Refused>,
}

/// Where each column stands.
struct Places {
    code: usize,
    name_zh: Option<usize>,
    name_en: Option<usize>,
    unit: usize,
    price: usize,
    currency: Option<usize>,
    tax_class: Option<usize>,
    valid_from: Option<usize>,
    valid_to: Option<usize>,
    kind: Option<usize>,
}

struct Reading<'m> {
    mapping: &'m PriceMapping,
    house: &'m House,
    words: Words,
    header: StringRecord,
    places: Places,
}

/// Reads the table. Answers a sentence for a person if the file is not what the mapping describes.
pub(super) fn read(text: &str, mapping: &PriceMapping, house: &House, words: Words) -> Result<Table, String> {
    let delimiter = u8::try_from(mapping.delimiter).unwrap_or(b',');
    let mut reader = ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| words.say("prices-unreadable", &[("reason", error.to_string())]);
    let header = reader.headers().map_err(unreadable)?.clone();
    let places = Places::find(&header, mapping, words)?;
    let reading = Reading { mapping, house, words, header, places };
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        let raw = record.as_byte_record().clone();
        match reading.row(&record) {
            Ok(save) => rows.push(Row { line, save, raw }),
            Err(reason) => refused.push(Refused { line, reason, raw: Some(raw) }),
        }
    }
    without_repeated(&reading, &mut rows, &mut refused, text, delimiter);
    refused.sort_by_key(|row| row.line);
    Ok(Table { header: reading.header.into_byte_record(), rows, refused })
}

/// A code that stands in several rows: nobody can know which of them is meant, so none is taken. Rows that are refused
/// for something else count as well, because once they are mended they would clash.
fn without_repeated(reading: &Reading<'_>, rows: &mut Vec<Row>, refused: &mut Vec<Refused>, text: &str, delimiter: u8) {
    let mut lines: HashMap<String, Vec<u64>> = HashMap::new();
    let mut again = ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    for record in again.records().map_while(Result::ok) {
        let line = record.position().map_or(0, csv::Position::line);
        let code = reading.value(&record, reading.places.code).to_owned();
        lines.entry(code).or_default().push(line);
    }
    let (unique, repeated): (Vec<Row>, Vec<Row>) =
        std::mem::take(rows).into_iter().partition(|row| lines.get(&row.save.code).is_none_or(|at| at.len() < 2));
    *rows = unique;
    refused.extend(repeated.into_iter().map(|row| {
        let at = lines.get(&row.save.code).into_iter().flatten().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let args = [("code", row.save.code.clone()), ("lines", at)];
        Refused { line: row.line, reason: reading.words.say("prices-repeated", &args), raw: Some(row.raw) }
    }));
}

impl Places {
    fn find(header: &StringRecord, mapping: &PriceMapping, words: Words) -> Result<Self, String> {
        let names: Vec<&str> = header.iter().map(str::trim).collect();
        let place = |name: &str| names.iter().position(|known| *known == name);
        let named = mapping.named_columns();
        let absent: Vec<String> = named
            .iter()
            .filter(|(_, name)| place(name).is_none())
            .map(|(entry, name)| format!("`{name}` ({entry})"))
            .collect();
        if !absent.is_empty() {
            let present = names.join(", ").chars().take(2000).collect();
            return Err(words.say("prices-no-column", &[("absent", absent.join(", ")), ("present", present)]));
        }
        if let Some((_, name)) = named.iter().find(|(_, name)| names.iter().filter(|known| *known == name).count() > 1)
        {
            return Err(words.say("prices-column-twice", &[("column", (*name).to_owned())]));
        }
        let at = |name: &Option<String>| name.as_deref().and_then(place);
        let columns = &mapping.columns;
        Ok(Self {
            code: place(&columns.code).unwrap_or_default(),
            name_zh: at(&columns.name_zh),
            name_en: at(&columns.name_en),
            unit: place(&columns.unit).unwrap_or_default(),
            price: place(&columns.price).unwrap_or_default(),
            currency: at(&columns.currency),
            tax_class: at(&columns.tax_class),
            valid_from: at(&columns.valid_from),
            valid_to: at(&columns.valid_to),
            kind: at(&mapping.kind.column),
        })
    }
}

impl Reading<'_> {
    fn row(&self, record: &StringRecord) -> Result<PriceItemSave, String> {
        if record.len() != self.header.len() {
            let (found, expected) = (record.len().to_string(), self.header.len().to_string());
            return Err(self.words.say("prices-ragged", &[("found", found), ("expected", expected)]));
        }
        let places = &self.places;
        let code = self.text(record, places.code)?.to_owned();
        let save = PriceItemSave {
            code,
            name: self.name_of(record)?,
            kind: self.kind(record)?,
            unit: self.text(record, places.unit)?.to_owned(),
            price: self.price(record)?,
            active: true,
            terms: self.terms(record)?,
        };
        self.checked(save)
    }

    /// A value without the white space around it; empty if it stands for nothing.
    fn value<'r>(&self, record: &'r StringRecord, column: usize) -> &'r str {
        let text = record.get(column).unwrap_or_default().trim();
        if self.mapping.empty.iter().any(|empty| empty == text) { "" } else { text }
    }

    fn say(&self, id: &str, column: usize) -> String {
        self.words.say(id, &[("column", self.column(column))])
    }

    fn say_value(&self, id: &str, column: usize, value: &str) -> String {
        let value = value.chars().take(60).collect();
        self.words.say(id, &[("column", self.column(column)), ("value", value)])
    }

    fn column(&self, at: usize) -> String {
        self.header.get(at).unwrap_or_default().trim().to_owned()
    }

    /// A text that must be there, and that no spreadsheet would carry out: what is exported again must not run.
    fn text<'r>(&self, record: &'r StringRecord, column: usize) -> Result<&'r str, String> {
        match self.value(record, column) {
            "" => Err(self.say("prices-missing", column)),
            text if text.starts_with(['=', '+', '-', '@']) => Err(self.say_value("prices-formula", column, text)),
            text => Ok(text),
        }
    }

    fn name_of(&self, record: &StringRecord) -> Result<Label, String> {
        let name = |place: Option<usize>| place.map(|place| self.text(record, place)).transpose();
        match (name(self.places.name_zh)?, name(self.places.name_en)?) {
            (Some(zh), Some(en)) => Ok(Label::new(zh, en)),
            (Some(one), None) | (None, Some(one)) => Ok(Label::new(one, one)),
            // The mapping names one of them.
            (None, None) => Ok(Label::new("", "")),
        }
    }

    fn kind(&self, record: &StringRecord) -> Result<PriceKind, String> {
        let rule = &self.mapping.kind;
        let Some(column) = self.places.kind else { return Ok(rule.other.unwrap_or(PriceKind::Material)) };
        let value = self.value(record, column);
        if rule.labour.iter().any(|known| known == value) {
            Ok(PriceKind::Labour)
        } else if rule.material.iter().any(|known| known == value) {
            Ok(PriceKind::Material)
        } else {
            rule.other.ok_or_else(|| self.say_value("prices-kind", column, value))
        }
    }

    fn price(&self, record: &StringRecord) -> Result<Money, String> {
        let column = self.places.price;
        let value = self.value(record, column);
        if value.is_empty() {
            return Err(self.say("prices-missing", column));
        }
        let minor = amount(value).map_err(|problem| self.say_value(problem, column, value))?;
        let currency = self.house.currency;
        if let Some(column) = self.places.currency {
            let stated = self.value(record, column);
            if stated != currency.as_str() {
                let args = [("value", stated.to_owned()), ("expected", currency.to_string())];
                return Err(self.words.say("prices-currency", &args));
            }
        }
        Ok(Money { minor, currency })
    }

    fn terms(&self, record: &StringRecord) -> Result<Terms, String> {
        let places = &self.places;
        let named = places.tax_class.map(|place| self.value(record, place)).filter(|class| !class.is_empty());
        let tax_class = named.map(ToOwned::to_owned).or_else(|| self.mapping.tax_class.clone());
        if let Some(class) = &tax_class
            && self.house.money.tax_classes.iter().all(|known| known.code != *class)
        {
            return Err(self.words.say("prices-tax-class", &[("value", class.clone())]));
        }
        let (valid_from, valid_to) = (self.day(record, places.valid_from)?, self.day(record, places.valid_to)?);
        Ok(Terms { tax_class, valid_from, valid_to, ..Terms::default() })
    }

    fn day(&self, record: &StringRecord, column: Option<usize>) -> Result<Option<NaiveDate>, String> {
        let Some(column) = column else { return Ok(None) };
        let value = self.value(record, column);
        if value.is_empty() {
            return Ok(None);
        }
        let read = |format: &String| NaiveDate::parse_from_str(value, format).ok();
        let day = self.mapping.date_formats.iter().find_map(read);
        day.map(Some).ok_or_else(|| self.say_value("prices-day", column, value))
    }

    /// Lengths and ranges, by the same check that everybody's operations go through.
    fn checked(&self, save: PriceItemSave) -> Result<PriceItemSave, String> {
        let Err(refusal) = Action::from(save.clone()).check() else { return Ok(save) };
        let Refusal::Invalid { errors } = refusal else { return Err(refusal.to_string()) };
        let columns = &self.mapping.columns;
        let named = |pointer: &str| {
            let name = match pointer {
                "/code" => Some(&columns.code),
                "/name/zh" => columns.name_zh.as_ref().or(columns.name_en.as_ref()),
                "/name/en" => columns.name_en.as_ref().or(columns.name_zh.as_ref()),
                "/unit" => Some(&columns.unit),
                "/price/minor" => Some(&columns.price),
                "/terms/valid_to" => columns.valid_to.as_ref(),
                _ => None,
            };
            name.cloned().unwrap_or_else(|| pointer.to_owned())
        };
        let mut reasons: Vec<String> = errors
            .iter()
            .map(|error| {
                self.words.say("prices-field", &[("field", named(&error.pointer)), ("reason", error.detail.clone())])
            })
            .collect();
        // One column can be the name in both languages.
        reasons.dedup();
        Err(reasons.join("; "))
    }
}

/// An amount as lists have it, `1234.5`, in minor units; else the id of the sentence that says what is wrong.
fn amount(text: &str) -> Result<i64, &'static str> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) || (part.is_empty() && digits.contains('.')) {
        return Err("prices-nonsense");
    }
    let part = part.trim_end_matches('0');
    if part.len() > 2 {
        return Err("prices-over-precise");
    }
    let whole = whole.trim_start_matches('0');
    let minor = format!("{whole}{part:0<2}");
    let minor = minor.parse().ok().filter(|minor| *minor <= MOST_MINOR).ok_or("prices-too-large")?;
    match (negative, minor) {
        (_, 0) => Err("prices-zero"),
        (true, _) => Err("prices-negative"),
        (false, minor) => Ok(minor),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::amount;

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        let good = [("1", 100), ("0.1", 10), ("12.34", 1234), ("5.70", 570), ("007", 700), ("1.2300", 123)];
        for (text, minor) in good {
            assert_eq!(amount(text), Ok(minor), "{text}");
        }
        let bad = [
            ("0", "prices-zero"),
            ("0.00", "prices-zero"),
            ("-0", "prices-zero"),
            ("-1.50", "prices-negative"),
            ("1.005", "prices-over-precise"),
            ("0.001", "prices-over-precise"),
            ("10000000000.01", "prices-too-large"),
            ("99999999999999999999999", "prices-too-large"),
        ];
        let nonsense =
            ["NaN", "inf", "1e3", "1,000", "¥12", "12元", "1.", ".5", "1.2.3", "+1", " ", "--1", "１２", "0x1"];
        for (text, problem) in bad.into_iter().chain(nonsense.map(|text| (text, "prices-nonsense"))) {
            assert_eq!(amount(text), Err(problem), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(minor in 1..=mobile_api::money::MOST_MINOR) {
            prop_assert_eq!(amount(&format!("{}.{:02}", minor / 100, minor % 100)), Ok(minor));
        }
    }
}
