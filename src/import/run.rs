//! The import itself: a thread reads chunks, the door takes them, one transaction each.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use mobile_api::{
    Actor,
    catalogue::Action,
    directory::{Label, OrderTypeSave, SiteSave},
    ids::{OrderTypeId, SiteId},
    sync::Verdict,
    work_order::{Source, history::Import},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Progress, ids,
    input::Input,
    mapping::Mapping,
    refused::RefusedFile,
    report::{Agreement, Ended, Report},
    rows::{Chunk, MOST_ROWS, Refused, Row, Rows, Stated},
    store,
    words::{grouped, sentence},
};
use crate::{
    db::Db,
    language::Language,
    operations::{self, Door, DoorError, Online},
    problem::Problem,
    work_order::deadline::{Deadline, ReportFilter, deadline_report},
};

/// Chunks that may wait for the door.
const WAITING: usize = 2;

/// Most order types, and most sites, that one import may make. More are the sign of a wrong column.
const MOST_KINDS: usize = 2_000;

/// How a table is imported.
#[derive(Clone, Debug)]
pub struct Options {
    /// The organisation that takes the orders.
    pub org: Uuid,
    /// The language of reasons.
    pub language: Language,
    /// Where refused rows are written as they stood, with line and reason in front.
    pub refused: Option<PathBuf>,
    /// Rows of one transaction; at most [`MOST_ROWS`].
    pub chunk: usize,
    /// Ends the import after the chunk under way.
    pub stop: CancellationToken,
}

impl Options {
    /// As the command does it.
    pub fn new(org: Uuid, language: Language) -> Self {
        Self { org, language, refused: None, chunk: MOST_ROWS, stop: CancellationToken::new() }
    }
}

/// Imports a table of requests. The report says how it ended; an import that could not go on has one too.
///
/// # Errors
/// Only what kept it from beginning, as a sentence for a person: the file has no such columns; the file of refused rows
/// cannot be written; the database does not answer.
pub async fn requests(
    door: &Door,
    mapping: Mapping,
    input: Input,
    options: Options,
    mut watch: impl FnMut(Progress<'_, Report>),
) -> Result<Report, String> {
    let words = options.language;
    let (position, size) = (input.position.clone(), input.size);
    let (keep_raw, most_rows) = (options.refused.is_some(), options.chunk.clamp(1, MOST_ROWS));
    let (for_rows, delimiter) = (mapping.clone(), u8::try_from(mapping.delimiter).unwrap_or(b','));
    let mut rows = blocking(move || Rows::open(input, for_rows, words, keep_raw)).await??;
    let refused = match &options.refused {
        Some(path) => {
            let file = RefusedFile::create(path, rows.header(), delimiter);
            Some(file.map_err(|error| format!("{}: {error}", path.display()))?)
        }
        None => None,
    };
    let (to_door, mut chunks) = mpsc::channel(WAITING);
    // Ends when the file does, or when nobody takes chunks any more.
    let reading = tokio::task::spawn_blocking(move || {
        while let Some(chunk) = rows.next_chunk(most_rows) {
            if to_door.blocking_send(chunk).is_err() {
                break;
            }
        }
    });
    let mut run = Run::begin(door, mapping, options, refused).await.map_err(|error| sentence(words, error))?;
    while let Some(chunk) = chunks.recv().await {
        if run.options.stop.is_cancelled() {
            run.report.ended = Ended::Interrupted;
            break;
        }
        let first_line = chunk.first_line();
        if let Err(reason) = run.take(chunk).await {
            let args = [("line", first_line.to_string()), ("reason", reason)];
            run.report.ended = Ended::Broken(words.say("import-stuck", &args));
        }
        watch(Progress { report: &run.report, done: run.report.rows, position: position.bytes(), size });
        if run.report.ended != Ended::Complete {
            break;
        }
    }
    drop(chunks);
    _ = reading.await;
    run.finish().await
}

async fn blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(f).await.map_err(|error| error.to_string())
}

impl Chunk {
    fn first_line(&self) -> u64 {
        let rows = self.rows.iter().map(|row| row.line);
        rows.chain(self.refused.iter().map(|row| row.line)).min().unwrap_or(0)
    }
}

/// An import under way.
struct Run {
    door: Door,
    mapping: Arc<Mapping>,
    options: Options,
    words: Language,
    refused: Option<RefusedFile>,
    /// The organisation's version at the beginning: what was imported after it stands earlier in this file.
    began_at: u64,
    /// Order types and sites that are known to be there.
    order_types: HashMap<String, OrderTypeId>,
    sites: HashMap<String, SiteId>,
    report: Report,
}

/// What is to be made before the orders of a chunk, in the same transaction.
#[derive(Default)]
struct Wanted {
    order_types: HashMap<String, OrderTypeId>,
    sites: HashMap<String, SiteId>,
    operations: Vec<Online>,
}

impl Run {
    async fn begin(
        door: &Door,
        mapping: Mapping,
        options: Options,
        refused: Option<RefusedFile>,
    ) -> Result<Self, DoorError> {
        let org = options.org;
        let began_at = door.db().read(move |conn| operations::store::version(conn, org)).await?;
        let agreement = mapping.verdict.as_ref().map(|_| Agreement::default());
        Ok(Self {
            door: door.clone(),
            mapping: Arc::new(mapping),
            words: options.language,
            options,
            refused,
            began_at,
            order_types: HashMap::new(),
            sites: HashMap::new(),
            report: Report { agreement, ..Report::default() },
        })
    }

    fn db(&self) -> &Db {
        self.door.db()
    }

    /// Takes one chunk. An error means that nothing of it was stored.
    async fn take(&mut self, chunk: Chunk) -> Result<(), String> {
        let Chunk { rows, refused, broken } = chunk;
        let words = self.words;
        let mut refused = refused;
        let (fresh, known) = self.sort(rows, &mut refused).await.map_err(|error| sentence(words, error))?;
        let wanted = self.wanted(&fresh).await?;
        let (taken, mut by_rule) = self.perform(fresh, wanted).await.map_err(|error| sentence(words, error))?;
        refused.append(&mut by_rule);
        self.report.rows += (taken.len() + known.len() + refused.len()) as u64;
        self.report.taken += taken.len() as u64;
        self.report.already_here += known.len() as u64;
        self.note(taken.iter().chain(&known));
        let stated: Vec<Row> = taken.into_iter().chain(known).filter(|row| row.stated.is_some()).collect();
        self.compare(stated).await.map_err(|error| sentence(words, error))?;
        self.refuse(refused)?;
        match broken {
            Some((line, reason)) => {
                let args = [("line", line.to_string()), ("reason", reason)];
                self.report.ended = Ended::Broken(words.say("import-stuck", &args));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Divides rows into those that are new and those whose order is here; what stands earlier in the file is refused.
    async fn sort(&mut self, rows: Vec<Row>, refused: &mut Vec<Refused>) -> Result<(Vec<Row>, Vec<Row>), DoorError> {
        let (org, source) = (self.options.org, self.mapping.source.clone());
        let (ids, began_at) = (ids_of(&rows), self.began_at);
        let may_be_ours = self.report.taken > 0;
        let (here, ours) = self
            .db()
            .read(move |conn| {
                let here = store::orders(conn, org, &source, &ids)?;
                let orders: Vec<Uuid> = here.values().copied().collect();
                let ask = may_be_ours && !orders.is_empty();
                let ours = if ask { store::imported_since(conn, org, &orders, began_at)? } else { HashSet::new() };
                Ok::<_, DoorError>((here, ours))
            })
            .await?;
        let (mut fresh, mut known) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for row in rows {
            let order = here.get(&row.id);
            if !seen.insert(row.id.clone()) || order.is_some_and(|order| ours.contains(order)) {
                self.report.duplicates += 1;
                let reason = self.words.say("import-duplicate", &[("id", row.id)]);
                refused.push(Refused { line: row.line, reason, raw: row.raw });
            } else if order.is_some() {
                known.push(row);
            } else {
                fresh.push(row);
            }
        }
        Ok((fresh, known))
    }

    /// Finds the order types and sites that these rows name, and says which have to be made.
    async fn wanted(&mut self, rows: &[Row]) -> Result<Wanted, String> {
        let mut wanted = Wanted::default();
        for row in rows {
            let code = self.code(&row.order_type).to_owned();
            if !self.order_types.contains_key(&code) && !wanted.order_types.contains_key(&code) {
                self.want_order_type(&mut wanted, &row.order_type, code).await?;
            }
            if !self.sites.contains_key(&row.site) && !wanted.sites.contains_key(&row.site) {
                self.want_site(&mut wanted, row.site.clone()).await?;
            }
        }
        let too_many = |made: u64, more: usize| made as usize + more > MOST_KINDS;
        let most = || ("most", grouped(MOST_KINDS as u64));
        if too_many(self.report.order_types_made, wanted.order_types.len()) {
            return Err(self.words.say("import-too-many-kinds", &[most(), ("column", "type".into())]));
        }
        if too_many(self.report.sites_made, wanted.sites.len()) {
            return Err(self.words.say("import-too-many-kinds", &[most(), ("column", "site".into())]));
        }
        Ok(wanted)
    }

    /// The code here for a value of the type's column.
    fn code<'a>(&'a self, value: &'a str) -> &'a str {
        self.mapping.order_type.map.get(value).and_then(|name| name.code.as_deref()).unwrap_or(value)
    }

    async fn want_order_type(&mut self, wanted: &mut Wanted, value: &str, code: String) -> Result<(), String> {
        let (org, asked, words) = (self.options.org, code.clone(), self.words);
        let found = self.db().read(move |conn| store::order_type(conn, org, &asked)).await;
        if let Some(id) = found.map_err(|error| sentence(words, error))? {
            self.order_types.insert(code, id.into());
            return Ok(());
        }
        let name = self.mapping.order_type.map.get(value).cloned().unwrap_or_default();
        let id = ids::order_type(org, &code);
        let save = OrderTypeSave {
            name: Label { zh: name.zh.unwrap_or_else(|| code.clone()), en: name.en.unwrap_or_else(|| code.clone()) },
            code: code.clone(),
            free_of_charge: false,
            certificate: None,
            deadlines: None,
            photos: Vec::new(),
            timing: Default::default(),
            warranty_days: None,
            active: true,
        };
        wanted.operations.push(operation(id, save).map_err(|error| sentence(words, error))?);
        wanted.order_types.insert(code, id);
        Ok(())
    }

    async fn want_site(&mut self, wanted: &mut Wanted, name: String) -> Result<(), String> {
        let (org, asked, words) = (self.options.org, name.clone(), self.words);
        let found = self.db().read(move |conn| store::site(conn, org, &asked)).await;
        if let Some(id) = found.map_err(|error| sentence(words, error))? {
            self.sites.insert(name, id.into());
            return Ok(());
        }
        let id = ids::site(org, &name);
        let save = SiteSave { name: name.clone(), address: String::new(), location: None, time_zone: None };
        wanted.operations.push(operation(id, save).map_err(|error| sentence(words, error))?);
        wanted.sites.insert(name, id);
        Ok(())
    }

    /// Offers rows to the door, in one transaction with what they need.
    async fn perform(&mut self, rows: Vec<Row>, wanted: Wanted) -> Result<(Vec<Row>, Vec<Refused>), DoorError> {
        if rows.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let made_first = wanted.operations.len();
        let mut operations = wanted.operations;
        for row in &rows {
            operations.push(self.order(row, &wanted.order_types, &wanted.sites)?);
        }
        let results = self.door.perform_all(Actor::system(self.options.org), Arc::new(operations)).await?;
        self.report.order_types_made += wanted.order_types.len() as u64;
        self.report.sites_made += wanted.sites.len() as u64;
        self.order_types.extend(wanted.order_types);
        self.sites.extend(wanted.sites);
        let (mut taken, mut refused) = (Vec::new(), Vec::new());
        for (row, result) in rows.into_iter().zip(results.into_iter().skip(made_first)) {
            match self.reason(result) {
                None => taken.push(row),
                Some(reason) => refused.push(Refused { line: row.line, reason, raw: row.raw }),
            }
        }
        Ok((taken, refused))
    }

    fn order(
        &self,
        row: &Row,
        new_types: &HashMap<String, OrderTypeId>,
        new_sites: &HashMap<String, SiteId>,
    ) -> Result<Online, DoorError> {
        let (org, source) = (self.options.org, &self.mapping.source);
        let code = self.code(&row.order_type);
        let order_type = self.order_types.get(code).or_else(|| new_types.get(code)).copied();
        let site = self.sites.get(&row.site).or_else(|| new_sites.get(&row.site)).copied();
        let import = Import {
            source: Source { system: source.clone(), id: row.id.clone() },
            order_type: order_type.unwrap_or_else(|| ids::order_type(org, code)),
            site: site.unwrap_or_else(|| ids::site(org, &row.site)),
            building: None,
            unit: None,
            customer: None,
            asset: None,
            technician: None,
            place: row.place.clone(),
            fault: row.fault.clone(),
            received_at: row.received,
            due: row.due,
            closed_at: row.closed,
            closing: row.closing.clone(),
            return_visit: None,
        };
        operation(ids::work_order(org, source, &row.id), import)
    }

    /// Why the door did not take a row; nothing if it did.
    fn reason(&self, result: Result<Verdict, DoorError>) -> Option<String> {
        let error = result.err()?;
        let problem = Problem::of(&error.into(), self.options.language, None);
        if problem.errors.is_empty() {
            return Some(self.words.say("import-by-rule", &[("reason", problem.title)]));
        }
        let field = |error: &crate::problem::FieldProblem| {
            let reason = error.detail.clone().unwrap_or_else(|| error.code.clone());
            self.words.say("import-field", &[("field", self.column(&error.pointer)), ("reason", reason)])
        };
        Some(problem.errors.iter().map(field).collect::<Vec<_>>().join("; "))
    }

    /// The column that a field of the order came from.
    fn column(&self, pointer: &str) -> String {
        let columns = &self.mapping.columns;
        let name = match pointer {
            "/source/id" => Some(columns.id.clone()),
            "/received_at" => Some(columns.received.clone()),
            "/due" => columns.due.clone(),
            "/closed_at" => columns.closed.clone(),
            "/fault" => Some(columns.text.join(" + ")),
            "/closing" => Some(columns.closing.join(" + ")),
            "/place" => Some(columns.place.join(" + ")),
            _ => None,
        };
        name.unwrap_or_else(|| pointer.to_owned())
    }

    /// Counts what is worth knowing about rows that were taken.
    fn note<'r>(&mut self, rows: impl Iterator<Item = &'r Row>) {
        for row in rows {
            for oddity in &row.oddities {
                self.report.oddities.entry(*oddity).or_default().add(row.line);
            }
            if row.unknown_verdict {
                self.report.unknown_verdicts.add(row.line);
            }
        }
    }

    /// Compares what the file says about deadlines with what stands in the database.
    async fn compare(&mut self, rows: Vec<Row>) -> Result<(), DoorError> {
        if rows.is_empty() {
            return Ok(());
        }
        let (org, source, ids) = (self.options.org, self.mapping.source.clone(), ids_of(&rows));
        let standings = self.db().read(move |conn| store::standings(conn, org, &source, &ids)).await?;
        let now = self.door.clock().now();
        let Some(agreement) = &mut self.report.agreement else { return Ok(()) };
        for row in rows {
            let (Some(stated), Some(ours)) = (row.stated, standings.get(&row.id)) else { continue };
            let ours = match ours.deadline.parse() {
                // Somebody took the deadline away here; there is nothing to compare.
                Ok(Deadline::None | Deadline::Dropped) => continue,
                Ok(Deadline::OnTime) => Some(Stated::OnTime),
                Ok(Deadline::Late) => Some(Stated::Late),
                Ok(Deadline::Running) if ours.due.is_some_and(|due| due < now) => Some(Stated::Late),
                Ok(Deadline::Running) => Some(Stated::OnTime),
                Ok(Deadline::Unprovable) | Err(_) => None,
            };
            agreement.compared += 1;
            if ours == Some(stated) {
                agreement.agree += 1;
            } else {
                agreement.disagree.add(row.line);
            }
        }
        Ok(())
    }

    fn refuse(&mut self, mut refused: Vec<Refused>) -> Result<(), String> {
        refused.sort_by_key(|row| row.line);
        for row in refused {
            if let Some(file) = &mut self.refused {
                file.add(row.line, &row.reason, row.raw.as_ref()).map_err(|error| error.to_string())?;
            }
            self.report.refuse(row.line, row.reason);
        }
        match &mut self.refused {
            Some(file) => file.flush().map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    async fn finish(mut self) -> Result<Report, String> {
        let (org, now) = (self.options.org, self.door.clock().now());
        let filter = ReportFilter { source: Some(self.mapping.source.clone()), ..ReportFilter::default() };
        let counted = self.db().read(move |conn| deadline_report(conn, org, now, &filter)).await;
        match counted {
            Ok(figures) => self.report.deadlines = Some(figures),
            // A database that went away has been reported already, with the rows that were taken.
            Err(error) if self.report.ended == Ended::Complete => return Err(sentence(self.words, error)),
            Err(_) => {}
        }
        Ok(self.report)
    }
}

fn ids_of(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| row.id.clone()).collect()
}

fn operation(entity: impl Into<Uuid>, action: impl Into<Action>) -> Result<Online, DoorError> {
    let (entity, action) = (entity.into(), action.into());
    let payload = action.payload().map_err(|cause| DoorError::Corrupt { what: "operation", cause })?;
    let id = ids::operation(entity, payload.get());
    Ok(Online { id, action, entity, expected_rev: None })
}
