//! How rounds were walked: on time, late, missed; the same for their points.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mobile_api::{inspection::InspectionStatus, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::{inspections, rounds},
        types::{Micros, Uid},
    },
    language::Language,
    sight::narrow,
    stock::report::harmless,
};

/// How the rounds of a span were walked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({ "lines": [{
    "round": "01930000-0000-7000-8000-000000000071", "name": "Plant rooms, daily", "turns": 7, "on_time": 5, "late": 1, "missed": 1,
    "open": 0, "void": 0, "failed": 2, "points": 24, "late_points": 3, "missed_points": 4
}] }))]
pub struct RoundReport {
    /// A line for each round that had a turn, by name.
    pub lines: Vec<RoundLine>,
}

/// How a round was walked. Each turn is counted once: `turns` is the sum of `on_time`, `late`, `missed`, `open` and `void`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoundLine {
    /// The round.
    pub round: Uuid,
    /// Its name.
    pub name: String,
    /// Turns that were due or begun in the span.
    pub turns: u64,
    /// Finished in time, or planned by nobody and finished.
    pub on_time: u64,
    /// Finished after it was due.
    pub late: u64,
    /// Due, and not finished.
    pub missed: u64,
    /// Not finished, and not due yet.
    pub open: u64,
    /// Taken back, or called off.
    pub void: u64,
    /// Finished and not passed.
    pub failed: u64,
    /// Points of all turns that count and are not open.
    pub points: u64,
    /// Points that were visited after they were due.
    pub late_points: u64,
    /// Points that nobody visited.
    pub missed_points: u64,
}

type Row = (Uid, String, Option<i64>, Option<i64>, Option<bool>, i64, i64, i64);

/// How rounds were walked: turns due, or begun if nobody planned them, from `from` and before `until`, of these sites (`None`: of
/// all), as it stands at `now`.
///
/// # Errors
/// The database's.
pub fn rounds(
    conn: &mut Conn,
    org: Uuid,
    (from, until): (Timestamp, Timestamp),
    now: Timestamp,
    sites: Option<&[Uuid]>,
) -> Result<RoundReport, DbError> {
    let sites = sites.map(|sites| sites.iter().copied().map(Uid).collect::<Vec<_>>());
    let rows: Vec<Row> = both!(conn, c => {
        let mut query = inspections::table
            .filter(inspections::org_id.eq(Uid(org)))
            .filter(inspections::at.ge(Micros::from(from)))
            .filter(inspections::at.lt(Micros::from(until)))
            .filter(inspections::round_id.is_not_null())
            .select((
                inspections::round_id.assume_not_null(),
                inspections::status,
                inspections::due_until,
                inspections::finished_at,
                inspections::passed,
                inspections::points,
                inspections::late_points,
                inspections::missed_points,
            ))
            .into_boxed();
        narrow!(query: sites => |sites| inspections::site_id.eq_any(sites););
        query.load(c)
    })?;
    let mut lines: BTreeMap<Uid, RoundLine> = BTreeMap::new();
    for row in rows {
        lines.entry(row.0).or_default().count(&row, now.timestamp_micros());
    }
    let names = names(conn, org, lines.keys().copied().collect())?;
    let named = |(round, line): (Uid, RoundLine)| {
        let name = names.get(&round).cloned().unwrap_or_default();
        RoundLine { round: round.0, name, ..line }
    };
    let mut lines: Vec<RoundLine> = lines.into_iter().map(named).collect();
    lines.sort_by(|a, b| (&a.name, a.round).cmp(&(&b.name, b.round)));
    Ok(RoundReport { lines })
}

impl RoundLine {
    fn count(&mut self, (_, status, due, finished, passed, points, late, missed): &Row, now: i64) {
        self.turns += 1;
        let number = |count: &i64| u64::try_from(*count).unwrap_or(0);
        let past = due.is_some_and(|due| due <= now);
        match (status.parse(), finished) {
            (Ok(InspectionStatus::Void), _) => {
                self.void += 1;
                return;
            }
            (_, Some(finished)) if due.is_some_and(|due| *finished > due) => self.late += 1,
            (_, Some(_)) => self.on_time += 1,
            (_, None) if past => self.missed += 1,
            (_, None) => {
                self.open += 1;
                return;
            }
        }
        self.failed += u64::from(*passed == Some(false));
        self.points += number(points);
        self.late_points += number(late);
        self.missed_points += number(missed);
    }
}

fn names(conn: &mut Conn, org: Uuid, ids: Vec<Uid>) -> Result<BTreeMap<Uid, String>, DbError> {
    let query = rounds::table
        .filter(rounds::org_id.eq(Uid(org)))
        .filter(rounds::id.eq_any(ids))
        .select((rounds::id, rounds::name));
    let rows: Vec<(Uid, String)> = both!(conn, c => query.load(c))?;
    Ok(rows.into_iter().collect())
}

/// The report as a table for a spreadsheet.
///
/// # Errors
/// None in practice.
pub fn csv(report: &RoundReport, language: Language) -> Result<Vec<u8>, csv::Error> {
    // Spreadsheets take a file without this mark for one of their own country's encoding.
    let mut writer = csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec());
    let columns = [
        "name",
        "turns",
        "on_time",
        "late",
        "missed",
        "open",
        "void",
        "failed",
        "points",
        "late_points",
        "missed_points",
    ];
    let title = |column: &&str| language.sentence(&format!("round-report-{column}"), &[]).unwrap_or_default();
    writer.write_record(columns.iter().map(title))?;
    for line in &report.lines {
        let counts = [
            line.turns,
            line.on_time,
            line.late,
            line.missed,
            line.open,
            line.void,
            line.failed,
            line.points,
            line.late_points,
            line.missed_points,
        ];
        let counts = counts.iter().map(ToString::to_string);
        writer.write_record(std::iter::once(harmless(&line.name)).chain(counts))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
