//! Rows of a price list, read by the mapping: each becomes an item to be saved, or a reason why it cannot.

use chrono::NaiveDate;
use csv::StringRecord;
use mobile_api::{
    directory::{Label, PriceItemSave, PriceKind},
    money::{Currency, MOST_MINOR, Money},
    price_list::{LONGEST_CLASS, MoneyRules, Terms},
};

use super::PriceMapping;
use crate::import::table::cells::{self, Cells, Layout, Table};
use crate::language::Language;

/// What the organisation says of prices.
#[derive(Clone, Debug)]
pub(super) struct House {
    pub(super) currency: Currency,
    pub(super) money: MoneyRules,
    /// The day by its calendar.
    pub(super) today: NaiveDate,
}

/// A price as the file has it.
#[derive(Clone, Debug)]
pub(super) struct Priced {
    /// The item, if there were no other price of it.
    pub(super) save: PriceItemSave,
    /// The name of the site that the price is for.
    pub(super) site: Option<String>,
    /// The class of customers that the price is for.
    pub(super) class: Option<String>,
}

impl Priced {
    /// Whether it is for everybody.
    pub(super) fn is_for_everybody(&self) -> bool {
        self.site.is_none() && self.class.is_none()
    }
}

/// Reads the table. Answers a sentence for a person if the file is not what the mapping describes.
pub(super) fn read(
    text: &str,
    mapping: &PriceMapping,
    house: &House,
    words: Language,
) -> Result<Table<Priced>, String> {
    let layout = Layout {
        delimiter: mapping.delimiter(),
        empty: &mapping.empty,
        date_formats: &mapping.date_formats,
        named: mapping.named_columns(),
        unique: vec![mapping.key()],
    };
    cells::read(text, layout, words, |cells, record| Reading { mapping, house, cells, record }.priced())
}

/// One row.
struct Reading<'r, 'm> {
    mapping: &'m PriceMapping,
    house: &'m House,
    cells: &'r Cells<'m>,
    record: &'r StringRecord,
}

impl Reading<'_, '_> {
    fn priced(&self) -> Result<Priced, String> {
        let columns = &self.mapping.columns;
        let named = |column: &Option<String>| self.cells.optional(self.record, column.as_deref());
        let (site, class) = (named(&columns.site)?, named(&columns.customer_class)?);
        if class.is_some_and(|class| class.chars().count() > LONGEST_CLASS) {
            return Err(self.cells.words.say("prices-class", &[("most", LONGEST_CLASS.to_string())]));
        }
        Ok(Priced { save: self.item()?, site: site.map(Into::into), class: class.map(Into::into) })
    }

    fn item(&self) -> Result<PriceItemSave, String> {
        let columns = &self.mapping.columns;
        let code = self.cells.text(self.record, &columns.code)?.to_owned();
        let save = PriceItemSave {
            code,
            name: self.name()?,
            kind: self.kind()?,
            unit: self.cells.text(self.record, &columns.unit)?.to_owned(),
            price: self.price()?,
            active: true,
            terms: self.terms()?,
            others: Vec::new(),
        };
        self.cells.checked(save, |pointer| {
            let name = match pointer {
                "/code" => Some(&columns.code),
                "/name/zh" => columns.name_zh.as_ref().or(columns.name_en.as_ref()),
                "/name/en" => columns.name_en.as_ref().or(columns.name_zh.as_ref()),
                "/unit" => Some(&columns.unit),
                "/price/minor" => Some(&columns.price),
                "/terms/valid_to" => columns.valid_to.as_ref(),
                _ => None,
            };
            name.cloned()
        })
    }

    fn name(&self) -> Result<Label, String> {
        let name =
            |column: &Option<String>| column.as_deref().map(|column| self.cells.text(self.record, column)).transpose();
        match (name(&self.mapping.columns.name_zh)?, name(&self.mapping.columns.name_en)?) {
            (Some(zh), Some(en)) => Ok(Label::new(zh, en)),
            (Some(one), None) | (None, Some(one)) => Ok(Label::new(one, one)),
            // The mapping names one of them.
            (None, None) => Ok(Label::new("", "")),
        }
    }

    fn kind(&self) -> Result<PriceKind, String> {
        let rule = &self.mapping.kind;
        let Some(column) = &rule.column else { return Ok(rule.other.unwrap_or(PriceKind::Material)) };
        let value = self.cells.value(self.record, column);
        if rule.labour.iter().any(|known| known == value) {
            Ok(PriceKind::Labour)
        } else if rule.material.iter().any(|known| known == value) {
            Ok(PriceKind::Material)
        } else {
            rule.other.ok_or_else(|| self.cells.say_value("prices-kind", column, value))
        }
    }

    fn price(&self) -> Result<Money, String> {
        let columns = &self.mapping.columns;
        let value = self.cells.value(self.record, &columns.price);
        if value.is_empty() {
            return Err(self.cells.missing(&columns.price));
        }
        let minor = amount(value).map_err(|problem| self.cells.say_value(problem, &columns.price, value))?;
        let currency = self.house.currency;
        if let Some(column) = &columns.currency {
            let stated = self.cells.value(self.record, column);
            if stated != currency.as_str() {
                let args = [("value", stated.to_owned()), ("expected", currency.to_string())];
                return Err(self.cells.words.say("prices-currency", &args));
            }
        }
        Ok(Money { minor, currency })
    }

    fn terms(&self) -> Result<Terms, String> {
        let columns = &self.mapping.columns;
        let named = columns.tax_class.as_deref().map(|column| self.cells.value(self.record, column));
        let named = named.filter(|class| !class.is_empty());
        let tax_class = named.map(ToOwned::to_owned).or_else(|| self.mapping.tax_class.clone());
        if let Some(class) = &tax_class
            && self.house.money.tax_classes.iter().all(|known| known.code != *class)
        {
            return Err(self.cells.words.say("prices-tax-class", &[("value", class.clone())]));
        }
        let day = |column: &Option<String>| self.cells.day(self.record, column.as_deref());
        let (valid_from, valid_to) = (day(&columns.valid_from)?, day(&columns.valid_to)?);
        Ok(Terms { tax_class, valid_from, valid_to, ..Terms::default() })
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
