//! The weekly report of material used (材料周报): by whom, by which crew, at which site.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;
use mobile_api::{
    directory::{Label, Organisation, Site, Team, User},
    ids::{ArticleId, SiteId, TeamId, UserId},
    stock::Article,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    db::{
        Conn, DbError, both,
        schema::stock_moves,
        types::{Micros, Uid},
    },
    language::Language,
    operations::{DoorError, reading::named, store::uids},
    period::Week,
};

/// By what the report is divided, beside the article.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Division {
    /// Who used it.
    Technician,
    /// The crew of the order.
    Team,
    /// The site of the order.
    Site,
}

/// Material used in a week.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "week": "2026-W47", "from": "2026-11-15T16:00:00Z", "until": "2026-11-22T16:00:00Z",
    "lines": [{
        "article": "01930000-0000-7000-8000-000000000050", "code": "VALVE-15",
        "name": { "zh": "角阀 15 毫米", "en": "Angle valve 15 mm" }, "unit": "pc",
        "technician": "01930000-0000-7000-8000-000000000012", "technician_name": "Wang Lei", "used_milli": 12000
    }]
}))]
pub struct MaterialReport {
    /// The week, by ISO 8601.
    pub week: String,
    /// Its first instant in the organisation's time zone.
    pub from: DateTime<Utc>,
    /// The first instant of the next one.
    pub until: DateTime<Utc>,
    /// By article's code, then by the names of what else it is divided by.
    pub lines: Vec<MaterialLine>,
}

/// One article in the report.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MaterialLine {
    /// The article.
    pub article: ArticleId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// Its unit.
    pub unit: String,
    /// Who used it, if the report is divided by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technician: Option<UserId>,
    /// Their name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technician_name: Option<String>,
    /// The crew, if the report is divided by that and the order had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_name: Option<String>,
    /// The site, if the report is divided by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_name: Option<String>,
    /// How much was used, in thousandths of the unit, less what was put back in the same week.
    pub used_milli: i64,
}

type UsedRow = (Uid, Option<Uid>, Option<Uid>, Option<Uid>, i64);

/// What was used in the week, by when it happened. `sites` are those that the reader sees; `None` means all.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn material(
    conn: &mut Conn,
    org: Uuid,
    week: Option<Week>,
    now: Timestamp,
    by: Option<Division>,
    sites: Option<Vec<Uuid>>,
) -> Result<MaterialReport, DoorError> {
    let firm: HashMap<Uuid, Organisation> = named(conn, org, [org])?;
    let zone: Tz = firm.get(&org).and_then(|firm| firm.time_zone.parse().ok()).unwrap_or(Tz::UTC);
    let week = week.unwrap_or_else(|| Week::of(now, zone));
    let (from, until) = week.span(zone).unwrap_or((now, now));
    let mut sums: BTreeMap<(Uuid, [Option<Uuid>; 3]), i64> = BTreeMap::new();
    for (article, technician, team, site, milli) in used(conn, org, from, until, sites)? {
        let wanted = |division, id: Option<Uid>| id.map(Uuid::from).filter(|_| by.is_none_or(|by| by == division));
        let key =
            [wanted(Division::Technician, technician), wanted(Division::Team, team), wanted(Division::Site, site)];
        *sums.entry((article.0, key)).or_default() += milli;
    }
    let articles: HashMap<Uuid, Article> = named(conn, org, sums.keys().map(|(article, _)| *article))?;
    let of = |at: usize| sums.keys().filter_map(move |(_, key)| key[at]).collect::<Vec<_>>();
    let technicians: HashMap<Uuid, User> = named(conn, org, of(0))?;
    let teams: HashMap<Uuid, Team> = named(conn, org, of(1))?;
    let places: HashMap<Uuid, Site> = named(conn, org, of(2))?;
    let line = |((article, [technician, team, site]), used_milli): ((Uuid, [Option<Uuid>; 3]), i64)| {
        let article = articles.get(&article)?;
        Some(MaterialLine {
            article: article.id,
            code: article.code.clone(),
            name: article.name.clone(),
            unit: article.unit.clone(),
            technician: technician.map(Into::into),
            technician_name: technician.and_then(|id| technicians.get(&id)).map(|user| user.name.clone()),
            team: team.map(Into::into),
            team_name: team.and_then(|id| teams.get(&id)).map(|team| team.name.clone()),
            site: site.map(Into::into),
            site_name: site.and_then(|id| places.get(&id)).map(|site| site.name.clone()),
            used_milli,
        })
    };
    let mut lines: Vec<MaterialLine> = sums.clone().into_iter().filter_map(line).collect();
    lines.retain(|line| line.used_milli != 0);
    lines.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(MaterialReport { week: week.to_string(), from, until, lines })
}

fn order(line: &MaterialLine) -> (&str, ArticleId, [&Option<String>; 3]) {
    (&line.code, line.article, [&line.technician_name, &line.team_name, &line.site_name])
}

fn used(
    conn: &mut Conn,
    org: Uuid,
    from: Timestamp,
    until: Timestamp,
    sites: Option<Vec<Uuid>>,
) -> Result<Vec<UsedRow>, DbError> {
    let sites = sites.map(|sites| uids(&sites));
    let rows = both!(conn, c => {
        let mut query = stock_moves::table
            .filter(stock_moves::org_id.eq(Uid(org)))
            // As the index has it.
            .filter(stock_moves::used_milli.ne(diesel::dsl::sql::<diesel::sql_types::BigInt>("0")))
            .filter(stock_moves::happened_at.ge(Micros::from(from)))
            .filter(stock_moves::happened_at.lt(Micros::from(until)))
            .select((
                stock_moves::article_id,
                stock_moves::technician_id,
                stock_moves::team_id,
                stock_moves::site_id,
                stock_moves::used_milli,
            ))
            .into_boxed();
        if let Some(sites) = sites {
            query = query.filter(stock_moves::site_id.eq_any(sites));
        }
        query.load(c)
    })?;
    Ok(rows)
}

/// The report as a table for a spreadsheet, in the reader's language.
///
/// # Errors
/// None in practice.
pub fn csv(report: &MaterialReport, language: Language) -> Result<Vec<u8>, csv::Error> {
    // Spreadsheets take a file without this mark for one of their own country's encoding.
    let mut writer = csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec());
    let columns = ["week", "code", "name", "technician", "team", "site", "quantity", "unit"];
    let title = |column: &&str| language.sentence(&format!("material-report-{column}"), &[]).unwrap_or_default();
    writer.write_record(columns.iter().map(title))?;
    for line in &report.lines {
        let name = if language == Language::Chinese { &line.name.zh } else { &line.name.en };
        let or_nothing = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
        writer.write_record([
            report.week.clone(),
            harmless(&line.code),
            harmless(name),
            or_nothing(&line.technician_name),
            or_nothing(&line.team_name),
            or_nothing(&line.site_name),
            decimal(line.used_milli),
            harmless(&line.unit),
        ])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A text that no spreadsheet takes for a formula.
pub(crate) fn harmless(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

/// Thousandths as a decimal number: `-1.5`.
pub(crate) fn decimal(milli: i64) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    let (whole, rest) = (milli.unsigned_abs() / 1000, milli.unsigned_abs() % 1000);
    match rest {
        0 => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{}", format!("{rest:03}").trim_end_matches('0')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_becomes_a_formula() {
        assert_eq!(harmless("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(harmless("Angle valve"), "Angle valve");
        assert_eq!((decimal(-1500), decimal(2000), decimal(5)), ("-1.5".into(), "2".into(), "0.005".into()));
    }
}
