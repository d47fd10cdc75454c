//! The figures for people: a table for spreadsheets, and a page to print for the week's or month's meeting.

use chrono_tz::Tz;
use mobile_api::{
    figures::{CountedOf, Measure, Tally},
    money::{Currency, Money},
};
use serde_json::{Value, json};

use super::report::{FigureLine, Figures};
use crate::{
    certificate::words::Words,
    language::Language,
    paper::{self, PdfError, Sheet},
    stock::report::harmless,
};

/// In which language and currency figures are told.
#[derive(Clone, Copy)]
struct Telling {
    language: Language,
    currency: Option<Currency>,
}

impl Telling {
    fn say(self, id: &str) -> String {
        self.language.say(id, &[])
    }

    /// What a figure comes to, for people: `97.50 %`, `1 h 48 min`, `¥1,250.00`.
    fn told(self, value: Option<u64>, measure: Measure) -> String {
        let Some(value) = value else { return "–".to_owned() };
        let time = |minutes: u64| {
            let args = [("hours", (minutes / 60).to_string()), ("minutes", (minutes % 60).to_string())];
            self.language.sentence("figure-time", &args).unwrap_or_default()
        };
        match (measure, self.currency) {
            (Measure::Rate, _) => format!("{}.{:02} %", value / 100, value % 100),
            (Measure::Seconds, _) => time(value / 60),
            (Measure::Minutes, _) => time(value),
            (Measure::Money, Some(currency)) => {
                let minor = i64::try_from(value).unwrap_or(i64::MAX);
                Words { language: self.language, zone: Tz::UTC }.money(Money { minor, currency })
            }
            (Measure::Money, None) | (Measure::Number, _) => number(value, measure),
        }
    }

    /// The unit of a column of numbers.
    fn unit(self, measure: Measure) -> String {
        match measure {
            Measure::Rate => self.say("figure-unit-percent"),
            Measure::Seconds | Measure::Minutes => self.say("figure-unit-minutes"),
            Measure::Number => String::new(),
            Measure::Money => self.currency.map(|currency| currency.to_string()).unwrap_or_default(),
        }
    }
}

/// A line for each figure, and behind it one for each of its groups and earlier periods.
///
/// # Errors
/// None in practice.
pub(super) fn csv(figures: &Figures, language: Language) -> Result<Vec<u8>, csv::Error> {
    // Spreadsheets take a file without this mark for one of their own country's encoding.
    let mut writer = csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec());
    let columns = ["period", "name", "group", "value", "unit", "numerator", "denominator", "unprovable", "target"];
    let telling = Telling { language, currency: figures.currency };
    writer.write_record(columns.map(|column| telling.say(&format!("figure-column-{column}"))))?;
    for line in &figures.figures {
        let unit = telling.unit(line.measure);
        let mut row = |period: &str, group: &str, value: Option<u64>, tally: &Tally, target: Option<u32>| {
            writer.write_record([
                period.to_owned(),
                line.name.clone(),
                harmless(group),
                value.map_or_else(String::new, |value| number(value, line.measure)),
                unit.clone(),
                number(tally.numerator, if line.measure == Measure::Rate { Measure::Number } else { line.measure }),
                tally.denominator.to_string(),
                tally.unprovable.to_string(),
                target.map_or_else(String::new, |target| number(target.into(), Measure::Rate)),
            ])
        };
        row(&figures.period, "", line.value, &line.tally, line.target)?;
        for group in &line.groups {
            row(&figures.period, &group.name, group.value, &group.tally, None)?;
        }
        for earlier in &line.trend {
            row(&earlier.period, "", earlier.value, &earlier.tally, None)?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// Percent or money with two decimals, or minutes.
fn number(value: u64, measure: Measure) -> String {
    match measure {
        Measure::Rate | Measure::Money => format!("{}.{:02}", value / 100, value % 100),
        Measure::Seconds => (value / 60).to_string(),
        Measure::Minutes | Measure::Number => value.to_string(),
    }
}

/// The page as PDF.
///
/// # Errors
/// The typesetter's.
pub(super) fn pdf(figures: &Figures, firm: &str, language: Language) -> Result<Vec<u8>, PdfError> {
    let telling = Telling { language, currency: figures.currency };
    let title = language.sentence("figure-title", &[("period", figures.period.clone())]).unwrap_or_default();
    let columns = ["name", "value", "target", "numerator", "denominator", "unprovable", "before"];
    let group_columns = ["group", "value", "numerator", "denominator", "unprovable"];
    let rows = |of: CountedOf| -> Vec<Value> {
        figures.figures.iter().filter(|line| line.of == of).map(|line| row(line, telling)).collect()
    };
    let grouped = figures.figures.iter().filter(|line| !line.groups.is_empty());
    let groups: Vec<Value> = grouped.map(|line| groups(line, telling)).collect();
    let data = json!({
        "lang": language.tag(),
        "firm": firm,
        "title": title,
        "columns": columns.map(|column| telling.say(&format!("figure-column-{column}"))),
        "rows": rows(CountedOf::Orders),
        "complaints": rows(CountedOf::Complaints),
        "complaints_title": telling.say("figure-complaints-title"),
        "group_columns": group_columns.map(|column| telling.say(&format!("figure-column-{column}"))),
        "groups": groups,
        "definitions": figures.figures.iter().map(|line| json!([line.name, line.definition])).collect::<Vec<_>>(),
        "definitions_title": telling.say("figure-definitions"),
    });
    let ident = format!("figures {} {}", figures.period, figures.from);
    let template = include_str!("figures.typ");
    paper::print(Sheet { template, data, files: Vec::new(), ident: &ident, made: figures.as_of })
}

/// What was counted: of means and sums the orders only.
fn numerator(tally: &Tally, measure: Measure) -> String {
    if measure == Measure::Rate { tally.numerator.to_string() } else { String::new() }
}

fn row(line: &FigureLine, telling: Telling) -> Value {
    let before = line.trend.first();
    json!({
        "reached": line.reached,
        "cells": [
            line.name,
            telling.told(line.value, line.measure),
            line.target.map_or_else(String::new, |target| telling.told(Some(target.into()), Measure::Rate)),
            numerator(&line.tally, line.measure),
            line.tally.denominator.to_string(),
            line.tally.unprovable.to_string(),
            before.map_or_else(String::new, |before| telling.told(before.value, line.measure)),
        ]
    })
}

fn groups(line: &FigureLine, telling: Telling) -> Value {
    let cells = line.groups.iter().map(|group| {
        json!([
            group.name,
            telling.told(group.value, line.measure),
            numerator(&group.tally, line.measure),
            group.tally.denominator.to_string(),
            group.tally.unprovable.to_string(),
        ])
    });
    json!({ "title": line.name, "rows": cells.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use mobile_api::figures::Figure;

    use super::{
        super::report::{GroupLine, TrendLine},
        *,
    };

    fn figures() -> Figures {
        let tally = Tally { denominator: 120, numerator: 117, unprovable: 2 };
        let group = GroupLine { id: None, name: "王磊 #[Wang]".into(), tally, value: Some(9_750) };
        let before = TrendLine { period: "2026-10".into(), tally, value: Some(9_181) };
        let line = |figure: Figure| FigureLine {
            figure,
            of: figure.counted_of(),
            name: figure.as_str().into(),
            measure: figure.measure(),
            definition: "Of the orders settled…".into(),
            target: Some(9_800),
            tally,
            value: Some(9_750),
            reached: Some(false),
            groups: vec![group.clone()],
            trend: vec![before.clone()],
        };
        let from = chrono::DateTime::UNIX_EPOCH;
        let lines = Figure::ALL.into_iter().map(line).collect();
        Figures {
            period: "2026-11".into(),
            from,
            until: from,
            currency: Some(Currency::GBP),
            as_of: from,
            figures: lines,
        }
    }

    #[test]
    fn the_page_can_be_typeset() {
        for language in [Language::English, Language::Chinese] {
            pdf(&figures(), "Bright & Co. $x$", language).unwrap();
        }
    }
}
