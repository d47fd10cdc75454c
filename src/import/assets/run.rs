//! The import of a register: read, compared with the assets that are here, and offered to the door.

use std::collections::HashMap;

use mobile_api::{
    Actor,
    asset::{Asset, AssetSave, Serves, serial_key},
    directory::SiteSave,
    ids::SiteId,
};
use uuid::Uuid;

use super::{
    AssetMapping,
    rows::{self, Found},
    store,
};
use crate::{
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
    operations::{Door, Online},
};

/// Imports a register. Unless `accept_rest` is set, one refused row keeps all of them from being stored.
///
/// # Errors
/// Only what kept it from beginning, as a sentence for a person: the file is too large, is not written as it is said to
/// be, has no such columns; the file of refused rows cannot be written; the database does not answer.
pub async fn assets(
    door: &Door,
    mapping: &AssetMapping,
    input: Input,
    options: &TableOptions,
    mut watch: impl FnMut(Progress<'_, TableReport>),
) -> Result<TableReport, String> {
    let words = options.language;
    let (said, for_rows) = (options.encoding, mapping.clone());
    let read = move || {
        let (text, encoding) = open(input, said, words)?;
        Ok::<_, String>((encoding, rows::read(&text, &for_rows, words)?))
    };
    let (encoding, table) = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string())??;
    let Table { header, rows, mut refused } = table;
    let mut report = TableReport::new(encoding, said.is_none(), options.preview);
    report.rows = (rows.len() + refused.len()) as u64;
    let sites = sites(door, options.org, &rows, words).await?;
    let plan = plan(door, options.org, rows, &sites, (&mut report, &mut refused), words).await?;
    if !options.preview && (refused.is_empty() || options.accept_rest) {
        make_sites(door, options.org, &sites, &plan, words).await?;
    }
    store_all(door, options, plan, &mut report, &mut refused, &mut watch).await;
    write_refused(options, mapping.delimiter(), &header, &mut refused, &mut report)?;
    Ok(report)
}

/// The sites by name: those that are here, and the ids of those that have to be made.
type Sites = HashMap<String, (SiteId, bool)>;

async fn sites(door: &Door, org: Uuid, rows: &[Row<Found>], words: Language) -> Result<Sites, String> {
    let mut names: Vec<String> = rows.iter().map(|row| row.save.site.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let find = move |conn: &mut crate::db::Conn| -> Result<Sites, crate::db::DbError> {
        let mut sites = Sites::new();
        for name in &names {
            let here = site(conn, org, name)?.map(SiteId::new);
            sites.insert(name.clone(), (here.unwrap_or_else(|| ids::site(org, name)), here.is_some()));
        }
        Ok(sites)
    };
    door.db().read(find).await.map_err(|error| sentence(words, error))
}

/// Makes the sites of assets that are about to be stored.
async fn make_sites(
    door: &Door,
    org: Uuid,
    sites: &Sites,
    plan: &[Planned<AssetSave>],
    words: Language,
) -> Result<(), String> {
    for (name, (id, _)) in sites.iter().filter(|(_, (_, here))| !here) {
        if plan.iter().all(|planned| planned.row.save.site != *id) {
            continue;
        }
        let save = SiteSave { name: name.clone(), address: String::new(), location: None, time_zone: None };
        let action = mobile_api::catalogue::Action::from(save);
        let payload = action.payload().map_err(|error| error.to_string())?;
        let op = ids::operation(id.uuid(), payload.get());
        let made = Online { id: op, action, entity: id.uuid(), expected_rev: None };
        door.perform(Actor::system(org), made).await.map_err(|error| sentence(words, error))?;
    }
    Ok(())
}

/// Compares every row with the register as it is.
async fn plan(
    door: &Door,
    org: Uuid,
    rows: Vec<Row<Found>>,
    sites: &Sites,
    (report, refused): (&mut TableReport, &mut Vec<Refused>),
    words: Language,
) -> Result<Vec<Planned<AssetSave>>, String> {
    let mut plan = Vec::new();
    for chunk in rows.chunks(MOST_ROWS) {
        let rows: Vec<(Uuid, Row<AssetSave>)> = chunk.iter().map(|row| located(org, row, sites)).collect();
        let wanted: Vec<Uuid> = rows.iter().map(|(id, _)| *id).collect();
        let keys: Vec<String> = rows.iter().filter_map(|(_, row)| key_of(&row.save)).collect();
        let here = door.db().read(move |conn| store::assets(conn, org, &wanted, &keys)).await;
        let (mut here, holders) = here.map_err(|error| sentence(words, error))?;
        for (entity, row) in rows {
            let before = here.remove(&entity);
            let row = Row { save: keeping(row.save, before.as_ref().map(|(_, asset)| asset)), ..row };
            if let Some(other) = key_of(&row.save).and_then(|key| holders.get(&key)).filter(|other| **other != entity) {
                let args = [("serial", row.save.serial.clone().unwrap_or_default()), ("asset", other.to_string())];
                refused.push(Refused { line: row.line, reason: words.say("assets-serial", &args), raw: Some(row.raw) });
                continue;
            }
            let what = what(before.as_ref().map(|(_, asset)| asset), &row.save);
            let change = Change { line: row.line, key: row.key.clone(), what };
            report.count(&change);
            if change.is_any() {
                let rev = before.map_or(0, |(rev, _)| rev);
                plan.push(Planned { row, entity, rev, change });
            }
        }
    }
    Ok(plan)
}

/// The row with its site, and the asset's id.
fn located(org: Uuid, row: &Row<Found>, sites: &Sites) -> (Uuid, Row<AssetSave>) {
    let mut save = row.save.save.clone();
    save.site = sites.get(&row.save.site).map_or(save.site, |(id, _)| *id);
    let source = save.source.as_ref().map_or("", |source| &source.system);
    let id = ids::asset(org, source, &row.key).uuid();
    (id, Row { line: row.line, key: row.key.clone(), save, raw: row.raw.clone() })
}

fn key_of(save: &AssetSave) -> Option<String> {
    save.serial.as_deref().map(|serial| serial_key(&save.asset_type, save.maker.as_deref(), serial))
}

fn what(before: Option<&Asset>, save: &AssetSave) -> What {
    match before {
        None => What::New,
        // It is gone for good, whatever the other system still lists.
        Some(asset) if asset.is_retired() || save.changes_nothing_of(asset) => What::Unchanged,
        Some(_) => What::Particulars,
    }
}

/// What a table does not say stays as people left it.
fn keeping(save: AssetSave, asset: Option<&Asset>) -> AssetSave {
    let Some(asset) = asset else { return save };
    let same_site = asset.site == save.site;
    AssetSave {
        building: asset.building.filter(|_| same_site),
        unit: asset.unit.filter(|_| same_site),
        parent: asset.parent.filter(|_| same_site),
        serves: if same_site { asset.serves.clone() } else { Serves::default() },
        code: save.code.or_else(|| asset.code.clone()),
        serial: save.serial.or_else(|| asset.serial.clone()),
        maker: save.maker.or_else(|| asset.maker.clone()),
        model: save.model.or_else(|| asset.model.clone()),
        installed_on: save.installed_on.or(asset.installed_on),
        warranty_until: save.warranty_until.or(asset.warranty_until),
        certificate: save.certificate.or_else(|| asset.certificate.clone()),
        documents: asset.documents.clone(),
        meters: asset.meters.clone(),
        ..save
    }
}
