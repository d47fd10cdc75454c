//! Writes the rows of a table.

use chrono_tz::Tz;
use mobile_api::{
    Actor, Id,
    directory::Organisation,
    record::{Kind, Record},
};

use super::{
    cell::Cell,
    columns,
    names::{Names, said},
};
use crate::{
    db::Conn,
    language::Language,
    operations::{DoorError, reading},
    paging::Listed,
    stock::report::{decimal, harmless},
};

/// Spreadsheets take a file without this mark for one of their own country's encoding.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes pages of a table for one reader.
pub(super) struct Writer<'a> {
    conn: &'a mut Conn,
    actor: &'a Actor,
    language: Language,
    zone: Tz,
}

impl<'a> Writer<'a> {
    /// For this reader, with times in the zone of their organisation.
    ///
    /// # Errors
    /// The database's; a record that cannot be read.
    pub(super) fn new(conn: &'a mut Conn, actor: &'a Actor, language: Language) -> Result<Self, DoorError> {
        let firm: Option<Organisation> = reading::record(conn, &Actor::system(actor.org), Id::new(actor.org))?;
        let zone = firm.and_then(|firm| firm.time_zone.parse().ok()).unwrap_or(Tz::UTC);
        Ok(Self { conn, actor, language, zone })
    }

    /// The rows as text, on the first page below what stands above the columns.
    ///
    /// # Errors
    /// The database's; a record that cannot be read.
    pub(super) fn page<K>(self, kind: Kind, rows: Vec<Listed<K>>, first: bool) -> Result<Vec<u8>, DoorError> {
        let mut cells = Vec::with_capacity(rows.len());
        for row in rows {
            let record =
                Record::from_json(kind, &row.body).map_err(|cause| DoorError::Corrupt { what: "record", cause })?;
            cells.push(columns::cells(&record, row.last_seen_at));
        }
        let mut wanted = Vec::new();
        cells.iter().flatten().for_each(|cell| cell.names(&mut wanted));
        let names = Names::read(self.conn, self.actor, wanted, self.language)?;
        let words = Words { language: self.language, zone: self.zone, names };
        let rows = cells.into_iter().map(|row| row.iter().map(|cell| words.told(cell)).collect());
        let heading = first.then(|| columns::heading(kind, self.language));
        let text = write(heading.into_iter().chain(rows), if first { MARK } else { b"" });
        text.map_err(|error| DoorError::Corrupt { what: "table", cause: serde_json::Error::io(error) })
    }
}

fn write(rows: impl Iterator<Item = Vec<String>>, mark: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(mark.to_vec());
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// Puts cells into words.
struct Words {
    language: Language,
    zone: Tz,
    names: Names,
}

impl Words {
    fn told(&self, cell: &Cell) -> String {
        match cell {
            Cell::Empty => String::new(),
            Cell::Text(text) => harmless(text),
            Cell::Label(label) => harmless(said(label, self.language)),
            Cell::Word(group, value) => self.word(&format!("{group}-{value}")).unwrap_or_else(|| harmless(value)),
            Cell::Time(at) => at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M:%S").to_string(),
            Cell::Day(day) => day.to_string(),
            Cell::Number(number) => number.to_string(),
            Cell::Milli(milli) => decimal(*milli),
            Cell::Minor(minor) => major(*minor),
            Cell::Yes(yes) => self.word(if *yes { "list-yes" } else { "list-no" }).unwrap_or_default(),
            Cell::Name(address) => harmless(&self.names.of(*address)),
            Cell::Several(cells) => {
                let told: Vec<String> = cells.iter().map(|cell| self.told(cell)).collect();
                harmless(&told.join("; "))
            }
        }
    }

    fn word(&self, id: &str) -> Option<String> {
        self.language.sentence(id, &[])
    }
}

/// An amount in major units: `120.50`.
fn major(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.unsigned_abs() / 100, minor.unsigned_abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_in_major_units() {
        assert_eq!([12_050, 5, -1_999].map(major), ["120.50", "0.05", "-19.99"]);
    }
}
