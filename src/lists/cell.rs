//! What can stand in a cell of a table, before it is put into words.

use chrono::{DateTime, NaiveDate, Utc};
use mobile_api::{
    Id,
    directory::Label,
    evidence::When,
    money::{Money, Quantity},
    record::{RecordType, Ref},
    work_order::Window,
};
use serde::Serialize;

/// A cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// What somebody wrote.
    Text(String),
    /// The same in both languages.
    Label(Label),
    /// A value of an enumeration: the start of the ids of its words, and its name on the wire.
    Word(&'static str, String),
    /// An instant, told in the organisation's time zone.
    Time(DateTime<Utc>),
    /// A day.
    Day(NaiveDate),
    /// A whole number.
    Number(i64),
    /// Thousandths.
    Milli(i64),
    /// An amount in minor units.
    Minor(i64),
    /// Yes or no.
    Yes(bool),
    /// A record, told by its name.
    Name(Ref),
    /// Several, with `; ` between them.
    Several(Vec<Cell>),
}

/// A word of an enumeration that has its name from serde.
pub(super) fn word(group: &'static str, value: &impl Serialize) -> Cell {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Cell::Word(group, name),
        _ => Cell::Empty,
    }
}

/// Several cells in one.
pub(super) fn several<C: Into<Cell>>(cells: impl IntoIterator<Item = C>) -> Cell {
    Cell::Several(cells.into_iter().map(Into::into).collect())
}

/// The currency of an amount.
pub(super) fn currency(money: &Money) -> Cell {
    Cell::Text(money.currency.to_string())
}

/// When a span of time begins, if there is one.
pub(super) fn from(window: Option<Window>) -> Cell {
    window.map(|window| window.from).into()
}

/// When a span of time ends, if there is one.
pub(super) fn until(window: Option<Window>) -> Cell {
    window.map(|window| window.until).into()
}

impl<C: Into<Cell>> From<Option<C>> for Cell {
    fn from(cell: Option<C>) -> Self {
        cell.map_or(Cell::Empty, Into::into)
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Cell::Text(text.clone())
    }
}

impl From<&Label> for Cell {
    fn from(label: &Label) -> Self {
        Cell::Label(label.clone())
    }
}

impl From<DateTime<Utc>> for Cell {
    fn from(at: DateTime<Utc>) -> Self {
        Cell::Time(at)
    }
}

impl From<&When> for Cell {
    /// The latest that it can have been, as everywhere where one instant has to stand for it.
    fn from(when: &When) -> Self {
        Cell::Time(when.latest)
    }
}

impl From<NaiveDate> for Cell {
    fn from(day: NaiveDate) -> Self {
        Cell::Day(day)
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Cell::Number(number.into())
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Cell::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<Money> for Cell {
    fn from(money: Money) -> Self {
        Cell::Minor(money.minor)
    }
}

impl From<Quantity> for Cell {
    fn from(quantity: Quantity) -> Self {
        Cell::Milli(quantity.0)
    }
}

impl From<bool> for Cell {
    fn from(yes: bool) -> Self {
        Cell::Yes(yes)
    }
}

impl<T: RecordType> From<Id<T>> for Cell {
    fn from(id: Id<T>) -> Self {
        Cell::Name(Ref::new(T::KIND, id))
    }
}

impl Cell {
    /// The records whose names it needs.
    pub(super) fn names(&self, wanted: &mut Vec<Ref>) {
        match self {
            Cell::Name(address) => wanted.push(*address),
            Cell::Several(cells) => cells.iter().for_each(|cell| cell.names(wanted)),
            _ => {}
        }
    }
}
