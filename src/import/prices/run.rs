//! The import of a price list: read, compared with the list as it is, and offered to the door.

use std::collections::HashMap;

use mobile_api::{
    directory::{PriceItem, PriceItemSave},
    price_list::Terms,
};
use uuid::Uuid;

use super::{
    PriceMapping,
    rows::{self, House},
    store,
};
use crate::{
    import::{
        Input, MOST_ROWS, Progress, ids,
        table::{
            Change, TableOptions, TableReport, What,
            cells::{Row, Table},
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
    let (said, for_rows) = (options.encoding, mapping.clone());
    let read = move || {
        let (text, encoding) = open(input, said, words)?;
        Ok::<_, String>((encoding, rows::read(&text, &for_rows, &house, words)?))
    };
    let (encoding, table) = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string())??;
    let Table { header, rows, mut refused } = table;
    let mut report = TableReport::new(encoding, said.is_none(), options.preview);
    report.rows = (rows.len() + refused.len()) as u64;
    let plan = plan(door, options.org, rows, &mut report, words).await?;
    store_all(door, options, plan, &mut report, &mut refused, &mut watch).await;
    write_refused(options, mapping.delimiter(), &header, &mut refused, &mut report)?;
    Ok(report)
}

async fn house(door: &Door, org: Uuid, words: Language) -> Result<House, String> {
    let firm = door.db().read(move |conn| store::organisation(conn, org)).await;
    let firm = firm.map_err(|error| sentence(words, error))?;
    let firm = firm.ok_or_else(|| words.say("prices-no-firm", &[]))?;
    Ok(House { currency: firm.currency, money: firm.money })
}

/// Compares every row with the list as it is.
async fn plan(
    door: &Door,
    org: Uuid,
    rows: Vec<Row<PriceItemSave>>,
    report: &mut TableReport,
    words: Language,
) -> Result<Vec<Planned<PriceItemSave>>, String> {
    let mut plan = Vec::new();
    for chunk in rows.chunks(MOST_ROWS) {
        let codes: Vec<String> = chunk.iter().map(|row| row.save.code.clone()).collect();
        let here = door.db().read(move |conn| store::items(conn, org, &codes)).await;
        let mut here: HashMap<_, _> = here.map_err(|error| sentence(words, error))?;
        for row in chunk.iter().cloned() {
            let before = here.remove(&row.save.code);
            let row = Row { save: keeping(row.save, before.as_ref().map(|(_, item)| item)), ..row };
            let change = change(row.line, before.as_ref().map(|(_, item)| item), &row.save);
            report.count(&change);
            if change.is_any() {
                let made = || (0, ids::price_item(org, &row.save.code).uuid());
                let (rev, entity) = before.map_or_else(made, |(rev, item)| (rev, item.id.uuid()));
                plan.push(Planned { row, entity, rev, change });
            }
        }
    }
    Ok(plan)
}

fn change(line: u64, before: Option<&PriceItem>, save: &PriceItemSave) -> Change {
    let what = match before {
        None => What::New,
        Some(item) if item.price != save.price => {
            What::Price { old: item.price.to_string(), new: save.price.to_string() }
        }
        Some(item) if save.changes_nothing_of(item) => What::Unchanged,
        Some(_) => What::Particulars,
    };
    Change { line, key: save.code.clone(), what }
}

/// What a table cannot say stays as people left it: for which sites and classes an item is, its warranty, whether it is in use.
fn keeping(save: PriceItemSave, item: Option<&PriceItem>) -> PriceItemSave {
    let Some(item) = item else { return save };
    let Terms { sites, customer_classes, warranty_days, .. } = item.terms.clone();
    let terms = Terms { sites, customer_classes, warranty_days, ..save.terms };
    PriceItemSave { active: item.active, terms, ..save }
}
