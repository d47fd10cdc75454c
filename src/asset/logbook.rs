//! The logbook of an asset, as a table for a spreadsheet and as pages to print, in the reader's language: what was done, why, with which parts, and what its
//! meters said.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;
use mobile_api::{
    Actor,
    asset::{Asset, Job, MaintenanceRules},
    directory::{Label, Organisation},
    record::{Kind, Record, Ref},
    work_order::Running,
};
use serde_json::json;
use uuid::Uuid;

use super::api::{Entry, StoodStill};
use crate::{
    db::{
        Conn, DbError, both,
        schema::{directory, records},
        types::Uid,
    },
    error::Error,
    history::{self, Row},
    import::harmless,
    language::Language,
    operations::{DoorError, reading},
    paging::Ask,
    paper::{self, Sheet},
};

/// Most entries of one logbook; the newest, if there are more.
const MOST: usize = 5_000;

/// Most entries of one that is printed.
const MOST_PRINTED: usize = 1_000;

/// Everything that a logbook is written from.
#[derive(Debug)]
pub struct Material {
    rows: Vec<Row>,
    people: HashMap<Uuid, String>,
    rules: MaintenanceRules,
    zone: Tz,
    firm: String,
}

/// Fetches it.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn gather(conn: &mut Conn, org: Uuid, asset: Uuid) -> Result<Material, DoorError> {
    let rows = history::of(conn, org, asset, &Ask { after: None, limit: MOST })?;
    let about = Ref::new(Kind::Organisation, org);
    let firm = reading::visible(conn, &Actor::system(org), about)?;
    let firm: Option<Organisation> = firm.and_then(|found| match Record::from_json(Kind::Organisation, &found.body) {
        Ok(Record::Organisation(firm)) => Some(firm),
        _ => None,
    });
    let query = directory::table
        .inner_join(
            records::table.on(records::org_id
                .eq(directory::org_id)
                .and(records::kind.eq(directory::kind))
                .and(records::id.eq(directory::id))),
        )
        .filter(directory::org_id.eq(Uid(org)))
        .filter(directory::kind.eq(Kind::User.as_str()))
        .select((directory::id, directory::name));
    let people: Vec<(Uid, String)> = both!(conn, c => query.load(c)).map_err(DbError::from)?;
    let zone = firm.as_ref().and_then(|firm| firm.time_zone.parse().ok()).unwrap_or(Tz::UTC);
    let (name, rules) = firm.map(|firm| (firm.name, firm.maintenance)).unwrap_or_default();
    let people = people.into_iter().map(|(id, name)| (id.0, name)).collect();
    Ok(Material { rows, people, rules, zone, firm: name })
}

const COLUMNS: [&str; 12] = [
    "logbook-at",
    "logbook-what",
    "logbook-number",
    "logbook-fault",
    "logbook-findings",
    "logbook-cause",
    "logbook-parts",
    "logbook-minutes",
    "logbook-people",
    "logbook-result",
    "logbook-again",
    "logbook-value",
];

/// Writes the logbook as a table for a spreadsheet.
///
/// # Errors
/// A record that cannot be read.
pub fn table(asset: &Asset, material: Material, language: Language) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(titles(language)).map_err(Error::internal)?;
    for cells in entries(asset, material, language)? {
        writer.write_record(cells.iter().map(|cell| harmless(cell.as_bytes()))).map_err(Error::internal)?;
    }
    writer.into_inner().map_err(|error| Error::internal(error.into_error()))
}

/// Prints the logbook, the newest thousand entries of it.
///
/// # Errors
/// A record that cannot be read; the typesetter's.
pub fn pages(asset: &Asset, material: Material, language: Language, made: DateTime<Utc>) -> Result<Vec<u8>, Error> {
    let mut material = material;
    material.rows.truncate(MOST_PRINTED);
    let (firm, zone, titles) = (material.firm.clone(), material.zone, titles(language));
    let entry = |cells: [String; 12]| {
        let [at, what, ..] = &cells;
        let title = format!("{at}  ·  {what}");
        let named = titles.iter().zip(&cells).skip(2).filter(|(_, cell)| !cell.is_empty());
        json!({ "title": title, "rows": named.map(|(title, cell)| json!([title, cell])).collect::<Vec<_>>() })
    };
    let entries: Vec<_> = entries(asset, material, language)?.into_iter().map(entry).collect();
    let say = |id: &str| language.say(id, &[]);
    let about = [
        ("logbook-type", Some(asset.asset_type.clone())),
        ("logbook-code", asset.code.clone()),
        ("logbook-serial", asset.serial.clone()),
        ("logbook-place", Some(asset.place.clone())),
        ("logbook-certificate", asset.certificate.as_ref().map(|certificate| certificate.expires_on.to_string())),
    ];
    let about =
        about.into_iter().filter_map(|(id, value)| Some(json!([say(id), value.filter(|value| !value.is_empty())?])));
    let data = json!({
        "lang": language.tag(),
        "firm": firm,
        "title": format!("{}  ·  {}", say("logbook-title"), asset.name),
        "made": made.with_timezone(&zone).format("%F %R").to_string(),
        "about": about.collect::<Vec<_>>(),
        "entries": entries,
        "nothing": say("logbook-nothing"),
    });
    let ident = format!("logbook {} {made}", asset.id);
    let sheet = Sheet { template: include_str!("logbook.typ"), data, files: Vec::new(), ident: &ident, made };
    paper::print(sheet).map_err(Error::internal)
}

fn titles(language: Language) -> [String; 12] {
    COLUMNS.map(|id| language.say(id, &[]))
}

/// The cells of each entry, in the order of [`COLUMNS`].
fn entries(asset: &Asset, material: Material, language: Language) -> Result<Vec<[String; 12]>, Error> {
    let Material { rows, people, rules, zone, .. } = material;
    let book = Book { language, rules: &rules, people: &people, zone };
    rows.into_iter().map(|row| Ok(book.cells(&asset.name, Entry::of(row, asset.id)?))).collect()
}

struct Book<'a> {
    language: Language,
    rules: &'a MaintenanceRules,
    people: &'a HashMap<Uuid, String>,
    zone: Tz,
}

impl Book<'_> {
    fn say(&self, id: &str) -> String {
        self.language.say(id, &[])
    }

    fn local(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    fn label<'l>(&self, label: &'l Label) -> &'l str {
        match self.language {
            Language::English => &label.en,
            Language::Chinese => &label.zh,
        }
    }

    fn name(&self, user: Uuid) -> String {
        self.people.get(&user).cloned().unwrap_or_else(|| user.to_string())
    }

    fn cells(&self, _asset: &str, entry: Entry) -> [String; 12] {
        match entry {
            Entry::Job { at, job } => self.job(at, &job),
            Entry::Reading { at, reading } => {
                let mut cells: [String; 12] = Default::default();
                cells[0] = self.local(at);
                cells[1] = self.say("logbook-reading");
                cells[8] = self.name(reading.by.uuid());
                cells[9] = if reading.beyond { self.say("logbook-beyond") } else { String::new() };
                cells[11] = format!("{} {} {}", reading.meter, thousandths(reading.milli), reading.unit);
                cells
            }
            Entry::Inspection { at, inspection } => {
                let mut cells: [String; 12] = Default::default();
                cells[0] = self.local(at);
                cells[1] = self.say("logbook-inspection");
                cells[3] = self.label(&inspection.name).to_owned();
                cells
            }
            Entry::Shutdown { at, shutdown } => self.shutdown(at, &shutdown),
        }
    }

    fn shutdown(&self, at: DateTime<Utc>, shutdown: &StoodStill) -> [String; 12] {
        let stops: Vec<String> =
            shutdown.stops.iter().map(|stop| self.say(&format!("notice-stops-{}", stop.as_str()))).collect();
        let result = shutdown.result.as_ref();
        let mut cells: [String; 12] = Default::default();
        cells[0] = self.local(at);
        cells[1] = self.say("logbook-shutdown");
        cells[3] = stops.join(&self.say("notice-and"));
        cells[4] = result.and_then(|result| result.note.clone()).unwrap_or_default();
        cells[5] =
            result.and_then(|result| result.main_cause.as_deref()).map(|code| self.cause(code)).unwrap_or_default();
        cells[6] = result.and_then(|result| result.parts.clone()).unwrap_or_default();
        let minutes = shutdown.restored.map(|restored| (restored - at).num_minutes().to_string());
        cells[7] = minutes.unwrap_or_default();
        cells[8] = result.map(|result| self.name(result.step.by.uuid())).unwrap_or_default();
        cells[9] = result.and_then(|result| result.running).map(|running| self.running(running)).unwrap_or_default();
        cells
    }

    fn cause(&self, code: &str) -> String {
        let known = self.rules.fault_causes.iter().find(|cause| cause.code == code);
        known.map_or(code, |cause| self.label(&cause.name)).to_owned()
    }

    fn running(&self, running: Running) -> String {
        self.say(match running {
            Running::Normal => "logbook-normal",
            Running::Restricted => "logbook-restricted",
            Running::NotRunning => "logbook-not-running",
        })
    }

    fn job(&self, at: DateTime<Utc>, job: &Job) -> [String; 12] {
        let main = job.result.as_ref().and_then(|result| result.main_cause.as_deref());
        let main = main.map(|code| self.cause(code));
        let parts =
            job.parts.iter().map(|part| format!("{} {} {}", part.name, thousandths(part.quantity_milli.0), part.unit));
        let running = job.result.as_ref().map(|result| {
            let word = self.running(result.running);
            result.note.as_ref().map_or(word.clone(), |note| format!("{word}: {note}"))
        });
        let again = match (job.rework_of, job.repeats.is_empty()) {
            (Some(_), _) => self.say("logbook-rework"),
            (None, false) => self.say("logbook-repeat"),
            (None, true) => String::new(),
        };
        let people: Vec<String> = job.technicians.iter().map(|user| self.name(user.uuid())).collect();
        [
            self.local(at),
            self.say("logbook-job"),
            job.number.clone().unwrap_or_default(),
            job.fault.clone(),
            job.findings.clone().unwrap_or_default(),
            [main, job.cause.clone()].into_iter().flatten().collect::<Vec<_>>().join(": "),
            parts.collect::<Vec<_>>().join("; "),
            job.minutes.to_string(),
            people.join(", "),
            running.unwrap_or_default(),
            again,
            String::new(),
        ]
    }
}

/// `18250500` as `18250.5`.
fn thousandths(milli: i64) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    let (whole, part) = (milli.unsigned_abs() / 1000, milli.unsigned_abs() % 1000);
    match format!("{part:03}").trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        part => format!("{sign}{whole}.{part}"),
    }
}
