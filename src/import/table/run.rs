//! The import of a table: opened, compared, and – if nothing is in the way – offered to the door.

use std::{path::PathBuf, sync::Arc};

use mobile_api::{Actor, catalogue::Action};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Change, Encoding, MOST_BYTES, TableReport,
    cells::{Refused, Row},
    encoding::decode,
};
use crate::{
    import::{Ended, Input, MOST_ROWS, Progress, ids, refused::RefusedFile, words::sentence},
    language::Language,
    operations::{Door, DoorError, Online},
};

/// How a table is imported.
#[derive(Clone, Debug)]
pub struct TableOptions {
    /// The organisation.
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

impl TableOptions {
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

/// A row with what it changes, and whose revision it saw.
pub(in crate::import) struct Planned<S> {
    pub(in crate::import) row: Row<S>,
    pub(in crate::import) entity: Uuid,
    /// 0 if there was nothing yet.
    pub(in crate::import) rev: u64,
    pub(in crate::import) change: Change,
}

/// The text of a file, and how it was written.
pub(in crate::import) fn open(
    input: Input,
    said: Option<Encoding>,
    words: Language,
) -> Result<(String, Encoding), String> {
    let bytes =
        input.whole(MOST_BYTES).map_err(|error| words.say("table-unreadable", &[("reason", error.to_string())]))?;
    let most = || words.say("table-too-long", &[("most", (MOST_BYTES / 1024 / 1024).to_string())]);
    decode(&bytes.ok_or_else(most)?, said, words)
}

/// Offers everything that changes to the door, a chunk a transaction; unless it is only a preview, or a row was refused and the rest
/// is not wanted without it.
pub(in crate::import) async fn store_all<S: Clone + Into<Action>>(
    door: &Door,
    options: &TableOptions,
    plan: Vec<Planned<S>>,
    report: &mut TableReport,
    refused: &mut Vec<Refused>,
    watch: &mut impl FnMut(Progress<'_, TableReport>),
) {
    report.blocked = !refused.is_empty() && !options.accept_rest;
    if options.preview || report.blocked {
        return;
    }
    let words = options.language;
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

async fn offer<S: Clone + Into<Action>>(
    door: &Door,
    org: Uuid,
    chunk: &[Planned<S>],
) -> Result<Vec<Result<(), DoorError>>, DoorError> {
    let operation = |planned: &Planned<S>| {
        let (entity, rev) = (planned.entity, planned.rev);
        let action: Action = planned.row.save.clone().into();
        let payload = action.payload().map_err(|cause| DoorError::Corrupt { what: "operation", cause })?;
        let id = ids::operation_on(entity, rev, payload.get());
        // Somebody may have changed the thing since it was compared: then it is theirs, and the row is refused.
        Ok::<_, DoorError>(Online { id, action, entity, expected_rev: (rev > 0).then_some(rev) })
    };
    let operations = chunk.iter().map(operation).collect::<Result<Vec<_>, _>>()?;
    let results = door.perform_all(Actor::system(org), Arc::new(operations)).await?;
    Ok(results.into_iter().map(|result| result.map(|_| ())).collect())
}

/// Writes the file of refused rows, if one is wanted, and counts them.
pub(in crate::import) fn write_refused(
    options: &TableOptions,
    delimiter: u8,
    header: &csv::ByteRecord,
    refused: &mut [Refused],
    report: &mut TableReport,
) -> Result<(), String> {
    refused.sort_by_key(|row| row.line);
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
