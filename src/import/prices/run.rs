//! The import of a price list: read, compared, and – if nothing is in the way – offered to the door.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use mobile_api::{
    Actor,
    catalogue::Action,
    directory::{PriceItem, PriceItemSave},
    price_list::Terms,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Encoding, MOST_BYTES, PriceMapping,
    encoding::decode,
    report::{Change, PriceReport},
    rows::{self, House, Refused, Row, Table},
    store,
};
use crate::{
    error::Error,
    import::{Ended, Input, MOST_ROWS, Progress, ids, refused::RefusedFile, words::Words},
    language::Language,
    operations::{Door, DoorError, Online},
    problem::Problem,
};

/// How a price list is imported.
#[derive(Clone, Debug)]
pub struct PriceOptions {
    /// The organisation whose list it is.
    pub org: Uuid,
    /// The language of reasons.
    pub language: Language,
    /// How the file is written; found out if nobody says.
    pub encoding: Option<Encoding>,
    /// Only tell what would change.
    pub preview: bool,
    /// Store what can be stored although some rows were refused.
    pub accept_rest: bool,
    /// Where refused rows are written as they stood, with line and reason in front.
    pub refused: Option<PathBuf>,
    /// Rows of one transaction; at most [`MOST_ROWS`].
    pub chunk: usize,
    /// Ends the import after the chunk under way.
    pub stop: CancellationToken,
}

impl PriceOptions {
    /// As the command does it.
    pub fn new(org: Uuid, language: Language) -> Self {
        Self {
            org,
            language,
            encoding: None,
            preview: false,
            accept_rest: false,
            refused: None,
            chunk: MOST_ROWS,
            stop: CancellationToken::new(),
        }
    }
}

/// A row with what it changes.
struct Planned {
    row: Row,
    before: Option<(u64, PriceItem)>,
    change: Change,
}

/// Imports a price list. Unless `accept_rest` is set, one refused row keeps all of them from being stored.
///
/// # Errors
/// Only what kept it from beginning, as a sentence for a person: the file is too large, is not written as it is said to
/// be, has no such columns; the file of refused rows cannot be written; the database does not answer.
pub async fn prices(
    door: &Door,
    mapping: &PriceMapping,
    input: Input,
    options: &PriceOptions,
    mut watch: impl FnMut(Progress<'_, PriceReport>),
) -> Result<PriceReport, String> {
    let words = Words(options.language);
    let house = house(door, options.org, words).await?;
    let (said, for_rows) = (options.encoding, mapping.clone());
    let read = move || open(input, said, &for_rows, &house, words);
    let (encoding, table) = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string())??;
    let Table { header, rows, refused } = table;
    let mut report = PriceReport::new(encoding, said.is_none(), options.preview);
    report.rows = (rows.len() + refused.len()) as u64;
    let mut refused_rows = refused;
    let plan = plan(door, options.org, rows, &mut report, words).await?;
    let blocked = !refused_rows.is_empty() && !options.accept_rest;
    if !options.preview && !blocked {
        store_all(door, options, plan, &mut report, &mut refused_rows, &mut watch).await;
    }
    report.blocked = blocked;
    write_refused(options, mapping, &header, &mut refused_rows, &mut report)?;
    Ok(report)
}

async fn house(door: &Door, org: Uuid, words: Words) -> Result<House, String> {
    let firm = door.db().read(move |conn| store::organisation(conn, org)).await;
    let firm = firm.map_err(|error| sentence(words, error))?;
    let firm = firm.ok_or_else(|| words.say("prices-no-firm", &[]))?;
    Ok(House { currency: firm.currency, money: firm.money })
}

fn open(
    input: Input,
    said: Option<Encoding>,
    mapping: &PriceMapping,
    house: &House,
    words: Words,
) -> Result<(Encoding, Table), String> {
    let bytes =
        input.whole(MOST_BYTES).map_err(|error| words.say("prices-unreadable", &[("reason", error.to_string())]))?;
    let most = || words.say("prices-too-long", &[("most", (MOST_BYTES / 1024 / 1024).to_string())]);
    let (text, encoding) = decode(&bytes.ok_or_else(most)?, said, words)?;
    Ok((encoding, rows::read(&text, mapping, house, words)?))
}

/// An error as a sentence. Its cause is only for the log.
fn sentence(words: Words, error: impl Into<Error>) -> String {
    let error: Error = error.into();
    tracing::debug!(%error, "an import met an error");
    Problem::of(&error, words.0, None).title
}

/// Compares every row with the list as it is.
async fn plan(
    door: &Door,
    org: Uuid,
    rows: Vec<Row>,
    report: &mut PriceReport,
    words: Words,
) -> Result<Vec<Planned>, String> {
    let mut plan = Vec::new();
    for chunk in rows.chunks(MOST_ROWS) {
        let codes: Vec<String> = chunk.iter().map(|row| row.save.code.clone()).collect();
        let here = door.db().read(move |conn| store::items(conn, org, &codes)).await;
        let mut here: HashMap<_, _> = here.map_err(|error| sentence(words, error))?;
        for row in chunk.iter().cloned() {
            let before = here.remove(&row.save.code);
            let row = Row { save: keeping(row.save, before.as_ref().map(|(_, item)| item)), ..row };
            let change = Change::between(row.line, before.as_ref().map(|(_, item)| item), &row.save);
            report.count(&change);
            if change.is_any() {
                plan.push(Planned { row, before, change });
            }
        }
    }
    Ok(plan)
}

/// What a table cannot say stays as people left it: for which sites and classes an item is, whether it is in use.
fn keeping(save: PriceItemSave, item: Option<&PriceItem>) -> PriceItemSave {
    let Some(item) = item else { return save };
    let (sites, customer_classes) = (item.terms.sites.clone(), item.terms.customer_classes.clone());
    PriceItemSave { active: item.active, terms: Terms { sites, customer_classes, ..save.terms }, ..save }
}

/// Offers everything that changes to the door, a chunk a transaction.
async fn store_all(
    door: &Door,
    options: &PriceOptions,
    plan: Vec<Planned>,
    report: &mut PriceReport,
    refused: &mut Vec<Refused>,
    watch: &mut impl FnMut(Progress<'_, PriceReport>),
) {
    let words = Words(options.language);
    let (mut done, size) = (0, plan.len() as u64);
    for chunk in plan.chunks(options.chunk.clamp(1, MOST_ROWS)) {
        if options.stop.is_cancelled() {
            report.ended = Ended::Interrupted;
            return;
        }
        match offer(door, options.org, chunk).await {
            Ok(results) => {
                for (planned, result) in chunk.iter().zip(results) {
                    match result {
                        Ok(()) => report.stored += 1,
                        Err(error) => {
                            let (line, raw) = (planned.row.line, Some(planned.row.raw.clone()));
                            report.uncount(&planned.change);
                            refused.push(Refused { line, reason: sentence(words, error), raw });
                        }
                    }
                }
            }
            Err(error) => {
                report.ended = Ended::Broken(sentence(words, error));
                return;
            }
        }
        done += chunk.len() as u64;
        watch(Progress { report, done, position: done, size });
    }
}

async fn offer(door: &Door, org: Uuid, chunk: &[Planned]) -> Result<Vec<Result<(), DoorError>>, DoorError> {
    let operation = |planned: &Planned| {
        let (rev, id) = match &planned.before {
            Some((rev, item)) => (*rev, item.id.uuid()),
            None => (0, ids::price_item(org, &planned.row.save.code).uuid()),
        };
        let action = Action::from(planned.row.save.clone());
        let payload = action.payload().map_err(|cause| DoorError::Corrupt { what: "operation", cause })?;
        let op = ids::operation_on(id, rev, payload.get());
        // Somebody may have changed the item since it was compared: then it is theirs, and the row is refused.
        Ok::<_, DoorError>(Online { id: op, action, entity: id, expected_rev: (rev > 0).then_some(rev) })
    };
    let operations = chunk.iter().map(operation).collect::<Result<Vec<_>, _>>()?;
    let results = door.perform_all(Actor::system(org), Arc::new(operations)).await?;
    Ok(results.into_iter().map(|result| result.map(|_| ())).collect())
}

fn write_refused(
    options: &PriceOptions,
    mapping: &PriceMapping,
    header: &csv::ByteRecord,
    refused: &mut [Refused],
    report: &mut PriceReport,
) -> Result<(), String> {
    refused.sort_by_key(|row| row.line);
    let delimiter = u8::try_from(mapping.delimiter).unwrap_or(b',');
    if let Some(path) = &options.refused {
        let write = || {
            let mut file = RefusedFile::create(path, header, delimiter)?;
            refused.iter().try_for_each(|row| file.add(row.line, &row.reason, row.raw.as_ref()))?;
            file.flush()
        };
        write().map_err(|error| format!("{}: {error}", path.display()))?;
    }
    refused.iter().for_each(|row| report.refuse(row.line, row.reason.clone()));
    Ok(())
}
