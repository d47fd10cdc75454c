//! A household's file as a table for a spreadsheet, in the reader's language.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use mobile_api::{
    Actor, Id,
    directory::{Label, Organisation, User},
    ids::UserId,
    record::Record,
    return_visit::Satisfaction,
};
use uuid::Uuid;

use super::{entry::FileEntry, rows::Page};
use crate::{
    db::Conn,
    import::harmless,
    language::Language,
    operations::{DoorError, reading},
};

/// What a table says that the records do not: the zone, and what people are called.
#[derive(Debug, Default)]
pub(super) struct Context {
    zone: Tz,
    people: HashMap<UserId, String>,
    reasons: Vec<(String, Label)>,
}

impl Context {
    /// Reads what the rows of a page need.
    ///
    /// # Errors
    /// The database's; a record that cannot be read.
    pub(super) fn read(conn: &mut Conn, org: Uuid, page: &Page) -> Result<Self, DoorError> {
        let system = Actor::system(org);
        let firm: Option<Organisation> = reading::record(conn, &system, Id::new(org))?;
        let mut people = HashMap::new();
        for found in &page.items {
            let Record::WorkOrder(order) = &found.record else { continue };
            for id in order.technician().into_iter().chain(order.assignments.last().map(|last| last.technician)) {
                if people.contains_key(&id) {
                    continue;
                }
                let user: Option<User> = reading::record(conn, &system, id)?;
                people.insert(id, user.map_or_else(|| id.to_string(), |user| user.name));
            }
        }
        let zone = firm.as_ref().and_then(|firm| firm.time_zone.parse().ok()).unwrap_or(Tz::UTC);
        let reasons = firm.map(|firm| firm.return_visits.reasons).unwrap_or_default();
        let reasons = reasons.into_iter().map(|reason| (reason.code, reason.text)).collect();
        Ok(Self { zone, people, reasons })
    }
}

const COLUMNS: [&str; 8] =
    ["file-at", "file-what", "file-number", "file-about", "file-found", "file-status", "file-people", "file-result"];

/// Writes the table.
///
/// # Errors
/// None in practice: it is written to memory.
pub(super) fn csv(items: &[FileEntry], context: &Context, language: Language) -> Result<Vec<u8>, csv::Error> {
    let book = Book { context, language };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS.map(|column| book.say(column)))?;
    for item in items {
        writer.write_record(book.cells(item).iter().map(|cell| harmless(cell.as_bytes())))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

struct Book<'a> {
    context: &'a Context,
    language: Language,
}

impl Book<'_> {
    fn say(&self, id: &str) -> String {
        self.language.say(id, &[])
    }

    fn local(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.context.zone).to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    fn label<'l>(&self, label: &'l Label) -> &'l str {
        match self.language {
            Language::English => &label.en,
            Language::Chinese => &label.zh,
        }
    }

    fn satisfaction(&self, said: Satisfaction) -> String {
        self.say(&format!("file-{}", said.as_str()))
    }

    fn cells(&self, entry: &FileEntry) -> [String; 8] {
        let mut cells: [String; 8] = Default::default();
        cells[1] = self.say(&format!("file-{}", entry.kind()));
        match entry {
            FileEntry::WorkOrder { at, work_order } => {
                cells[0] = self.local(*at);
                cells[2] = work_order.number.clone().unwrap_or_default();
                cells[3].clone_from(&work_order.fault);
                cells[4] = work_order.findings.clone().unwrap_or_default();
                cells[5] = self.say(&format!("file-status-{}", work_order.status));
                let name = work_order.technician.and_then(|user| self.context.people.get(&user));
                cells[6] = name.cloned().unwrap_or_default();
                cells[7] = match (work_order.rework_of, work_order.passed) {
                    (Some(_), _) => self.say("file-rework"),
                    (None, Some(false)) => self.say("file-not-passed"),
                    (None, _) => String::new(),
                };
            }
            FileEntry::Complaint { at, complaint } => {
                cells[0] = self.local(*at);
                cells[2] = complaint.number.clone().unwrap_or_default();
                cells[3].clone_from(&complaint.text);
                cells[5] = self.say(&format!("file-status-{}", complaint.status.as_str()));
                cells[7] = match complaint.founded {
                    Some(true) => self.say("file-founded"),
                    Some(false) => self.say("file-unfounded"),
                    None => String::new(),
                };
            }
            FileEntry::Inspection { at, inspection } => {
                cells[0] = self.local(*at);
                cells[3] = self.label(&inspection.name).to_owned();
                cells[5] = self.say(&format!("file-status-{}", inspection.status.as_str()));
                cells[7] = inspection.failed.join(", ");
            }
            FileEntry::ReturnVisit { at, return_visit } => {
                cells[0] = self.local(*at);
                cells[2] = return_visit.number.clone().unwrap_or_default();
                let reason = |code: &String| {
                    let known = self.context.reasons.iter().find(|(known, _)| known == code);
                    known.map_or(code.clone(), |(_, text)| self.label(text).to_owned())
                };
                cells[4] = return_visit.reasons.iter().map(reason).collect::<Vec<_>>().join(", ");
                cells[5] = self.say(&format!("file-status-{}", return_visit.status.as_str()));
                let said = return_visit.satisfaction.or(return_visit.survey);
                cells[7] = said.map(|said| self.satisfaction(said)).unwrap_or_default();
            }
        }
        cells
    }
}
