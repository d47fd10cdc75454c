//! The daily cash report: who took how much, and the receipts to compare it with.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use mobile_api::{money::Currency, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::Entry;
use crate::import::harmless;

/// What was paid on a day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CashReport {
    /// The day.
    #[schema(example = "2026-03-02")]
    pub day: NaiveDate,
    /// The time zone of the organisation, by which the day is counted.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
    /// The currency of all amounts.
    pub currency: Currency,
    /// By who took it.
    pub takers: Vec<Taker>,
}

/// Who took money, and how much.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Taker {
    /// The account.
    pub user: Uuid,
    /// The name.
    #[schema(example = "Wang Lei")]
    pub name: String,
    /// The cash that must be in the bag at the end of the day, in minor units: taken, less given back.
    #[schema(example = 13250)]
    pub cash_minor: i64,
    /// The sums by method, in minor units.
    pub methods: Vec<MethodSum>,
    /// Every receipt, by time.
    pub receipts: Vec<Receipt>,
}

/// What was paid in one way.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MethodSum {
    /// How: `cash`, `transfer`, `wechat`, `alipay`; `invoice` is what was promised, not received.
    #[schema(example = "cash")]
    pub method: String,
    /// Taken, in minor units.
    pub taken_minor: i64,
    /// Given back, in minor units.
    pub returned_minor: i64,
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Receipt {
    /// Its number.
    #[schema(example = "R2026-000117")]
    pub receipt: Option<String>,
    /// The order.
    pub work_order: Uuid,
    /// The order's number.
    #[schema(example = "2026-000117")]
    pub number: Option<String>,
    /// How it was paid.
    #[schema(example = "cash")]
    pub method: String,
    /// How much, in minor units; below zero if it was given back.
    pub minor: i64,
    /// When, at the latest.
    pub at: DateTime<Utc>,
    /// The number that bank, WeChat or Alipay gave it.
    pub reference: Option<String>,
}

/// From when until when a day lasts by this time zone: 23, 24 or 25 hours.
pub fn span(day: NaiveDate, zone: Tz) -> Option<(Timestamp, Timestamp)> {
    let begin = |day: NaiveDate| {
        let midnight = day.and_time(NaiveTime::MIN);
        // Where midnight is skipped by summer time the day begins with the first minute there is.
        let later = (0..=180).filter_map(|minutes| midnight.checked_add_signed(chrono::Duration::minutes(minutes)));
        let mut later = later.filter_map(|time| zone.from_local_datetime(&time).earliest());
        later.next().map(|time| time.with_timezone(&Utc))
    };
    Some((begin(day)?, begin(day.succ_opt()?)?))
}

impl CashReport {
    /// Sums up entries that are in the order of who took them.
    pub fn of(
        day: NaiveDate,
        zone: Tz,
        currency: Currency,
        entries: Vec<Entry>,
        names: &HashMap<Uuid, String>,
    ) -> Self {
        let takers = entries.chunk_by(|one, other| one.user == other.user);
        let takers = takers.map(|entries| Taker::of(entries, names)).collect();
        Self { day, time_zone: zone.name().to_owned(), currency, takers }
    }

    /// As a table for spreadsheets: a line per receipt, with a byte order mark so that Chinese names are read right.
    ///
    /// # Errors
    /// None in practice; writing to memory.
    pub fn to_csv(&self, zone: Tz) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
        let header = ["day", "time", "technician", "order", "receipt", "method", "amount", "currency", "reference"];
        writer.write_record(header)?;
        for taker in &self.takers {
            for receipt in &taker.receipts {
                let amount = decimal(receipt.minor);
                let time = receipt.at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false);
                let cells = [
                    self.day.to_string(),
                    time,
                    taker.name.clone(),
                    receipt.number.clone().unwrap_or_default(),
                    receipt.receipt.clone().unwrap_or_default(),
                    receipt.method.clone(),
                    amount,
                    self.currency.to_string(),
                    receipt.reference.clone().unwrap_or_default(),
                ];
                writer.write_record(cells.iter().map(|cell| harmless(cell.as_bytes())))?;
            }
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

/// `-12.50`.
fn decimal(minor: i64) -> String {
    let (sign, size) = if minor < 0 { ("-", minor.unsigned_abs()) } else { ("", minor.unsigned_abs()) };
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

impl Taker {
    fn of(entries: &[Entry], names: &HashMap<Uuid, String>) -> Self {
        let user = entries.first().map(|entry| entry.user).unwrap_or_default();
        let mut methods: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for entry in entries {
            let (taken, returned) = methods.entry(&entry.method).or_default();
            *taken += entry.minor.max(0);
            *returned += (-entry.minor).max(0);
        }
        let cash_minor = methods.get("cash").map_or(0, |(taken, returned)| taken - returned);
        let sum = |(method, (taken_minor, returned_minor)): (&str, (i64, i64))| MethodSum {
            method: method.to_owned(),
            taken_minor,
            returned_minor,
        };
        let receipt = |entry: &Entry| Receipt {
            receipt: entry.receipt.clone(),
            work_order: entry.work_order,
            number: entry.number.clone(),
            method: entry.method.clone(),
            minor: entry.minor,
            at: entry.at,
            reference: entry.reference.clone(),
        };
        Self {
            user,
            name: names.get(&user).cloned().unwrap_or_default(),
            cash_minor,
            methods: methods.into_iter().map(sum).collect(),
            receipts: entries.iter().map(receipt).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_as_long_as_the_clock_makes_it() {
        let hours = |day: &str, zone: Tz| {
            let (from, until) = span(day.parse().unwrap(), zone).unwrap();
            (until - from).num_hours()
        };
        assert_eq!(hours("2026-03-29", Tz::Europe__London), 23);
        assert_eq!(hours("2026-10-25", Tz::Europe__London), 25);
        assert_eq!(hours("2028-02-29", Tz::Asia__Shanghai), 24);
        // In Santiago summer time begins at midnight: 5 September 2026 ends at 24:00, the sixth begins at 01:00.
        assert_eq!(hours("2026-09-06", Tz::America__Santiago), 23);
    }

    #[test]
    fn amounts_below_nothing_are_written_as_such() {
        assert_eq!([decimal(-5), decimal(0), decimal(123_456), decimal(-100)], ["-0.05", "0.00", "1234.56", "-1.00"]);
    }
}
