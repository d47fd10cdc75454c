//! The import of a price list: read, compared with the list as it is, and offered to the door.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use mobile_api::{
    directory::{PriceItem, PriceItemSave},
    ids::SiteId,
    price_list::day_of,
};
use uuid::Uuid;

use super::{
    PriceMapping,
    merge::{Problem, merged},
    rows::{self, House, Priced},
    store,
};
use crate::{
    db::DbError,
    import::{
        Input, MOST_ROWS, Progress, ids,
        store::site,
        table::{
            Change, TableOptions, TableReport, What,
            cells::{Refused, Row, Table},
            run::{Planned, open, store_all, write_refused},
        },
        words::sentence,
    },
    language::Language,
    operations::Door,
};

/// Imports a price list. Unless `accept_rest` is set, one refused row keeps all of them from being stored.
///
/// # Errors
/// Only what kept it from beginning, as a sentence for a person: the file is too large, is not written as it is said to
/// be, has no such columns; the file of refused rows cannot be written; the database does not answer.
pub async fn prices(
    door: &Door,
    mapping: &PriceMapping,
    input: Input,
    options: &TableOptions,
    mut watch: impl FnMut(Progress<'_, TableReport>),
) -> Result<TableReport, String> {
    let words = options.language;
    let house = house(door, options.org, words).await?;
    let (said, for_rows, today) = (options.encoding, mapping.clone(), house.today);
    let read = move || {
        let (text, encoding) = open(input, said, words)?;
        Ok::<_, String>((encoding, rows::read(&text, &for_rows, &house, words)?))
    };
    let (encoding, table) = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string())??;
    let Table { header, rows, mut refused } = table;
    let mut report = TableReport::new(encoding, said.is_none(), options.preview);
    report.rows = (rows.len() + refused.len()) as u64;
    let plan = plan(door, options.org, rows, today, (&mut report, &mut refused), words).await?;
    store_all(door, options, plan, &mut report, &mut refused, &mut watch).await;
    write_refused(options, mapping.delimiter(), &header, &mut refused, &mut report)?;
    Ok(report)
}

async fn house(door: &Door, org: Uuid, words: Language) -> Result<House, String> {
    let firm = door.db().read(move |conn| store::organisation(conn, org)).await;
    let firm = firm.map_err(|error| sentence(words, error))?;
    let firm = firm.ok_or_else(|| words.say("prices-no-firm", &[]))?;
    let today = day_of(Some(&firm), door.clock().now());
    Ok(House { currency: firm.currency, money: firm.money, today })
}

/// An item as it is, or as the rows before have made it, with the revision that it then has.
type Items = HashMap<String, (u64, PriceItem)>;

/// Compares every row with the list as it is. The rows of one item build on each other: its own price first, then the later
/// and the particular ones.
async fn plan(
    door: &Door,
    org: Uuid,
    mut rows: Vec<Row<Priced>>,
    today: NaiveDate,
    (report, refused): (&mut TableReport, &mut Vec<Refused>),
    words: Language,
) -> Result<Vec<Planned<PriceItemSave>>, String> {
    rows.sort_by_key(|row| (!row.save.is_for_everybody(), row.save.save.terms.valid_from));
    let sites = sites(door, org, &rows, words).await?;
    let mut items = Items::new();
    for chunk in rows.chunks(MOST_ROWS) {
        let codes: Vec<String> = chunk.iter().map(|row| row.save.save.code.clone()).collect();
        let codes: Vec<String> = codes.into_iter().filter(|code| !items.contains_key(code)).collect();
        let here = door.db().read(move |conn| store::items(conn, org, &codes)).await;
        items.extend(here.map_err(|error| sentence(words, error))?);
    }
    let mut plan = Vec::new();
    for Row { line, key, save: priced, raw } in rows {
        match planned(org, line, &key, &priced, &sites, &mut items, today) {
            Ok((entity, rev, save, change)) => {
                report.count(&change);
                if change.is_any() {
                    plan.push(Planned { row: Row { line, key, save, raw }, entity, rev, change });
                }
            }
            Err(problem) => {
                let reason = problem.told(words, &priced);
                refused.push(Refused { line, reason, raw: Some(raw) });
            }
        }
    }
    Ok(plan)
}

/// The sites by the names that stand in the file.
async fn sites(
    door: &Door,
    org: Uuid,
    rows: &[Row<Priced>],
    words: Language,
) -> Result<HashMap<String, SiteId>, String> {
    let names: BTreeSet<String> = rows.iter().filter_map(|row| row.save.site.clone()).collect();
    let read = move |conn: &mut crate::db::Conn| {
        let found = names.iter().map(|name| Ok((site(conn, org, name)?, name.clone())));
        found.collect::<Result<Vec<_>, DbError>>()
    };
    let found = door.db().read(read).await.map_err(|error| sentence(words, error))?;
    Ok(found.into_iter().filter_map(|(id, name)| Some((name, SiteId::new(id?)))).collect())
}

type Step = (Uuid, u64, PriceItemSave, Change);

/// What becomes of the item by this row, and notes it for the rows that follow.
fn planned(
    org: Uuid,
    line: u64,
    code: &str,
    priced: &Priced,
    sites: &HashMap<String, SiteId>,
    items: &mut Items,
    today: NaiveDate,
) -> Result<Step, Problem> {
    let at = priced.site.as_ref().map(|name| sites.get(name).copied().ok_or(Problem::NoSite)).transpose()?;
    let before = items.get(code);
    let (save, what) = merged(before.map(|(_, item)| item), priced, at, today)?;
    let (rev, id) = before.map_or_else(|| (0, ids::price_item(org, code)), |(rev, item)| (*rev, item.id));
    if what != What::Unchanged {
        let PriceItemSave { code, name, kind, unit, price, active, terms, others } = save.clone();
        let item =
            PriceItem { id, code: code.clone(), name, kind, unit, price, active, terms, others, earlier: vec![] };
        items.insert(code, (rev + 1, item));
    }
    Ok((id.uuid(), rev, save, Change { line, key: called(code, priced, today), what }))
}

/// What a price is called: the code, with the day from which it counts if that is to come, and for whom it is.
fn called(code: &str, priced: &Priced, today: NaiveDate) -> String {
    let from = priced.save.terms.valid_from.filter(|first| *first > today).map(|first| first.to_string());
    let limits: Vec<&str> = [&from, &priced.site, &priced.class].into_iter().flatten().map(String::as_str).collect();
    if limits.is_empty() { code.to_owned() } else { format!("{code} ({})", limits.join(", ")) }
}
