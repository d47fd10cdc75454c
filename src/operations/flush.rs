//! Writes what a transaction decided, all at once and in one order.
//!
//! The organisation's version is taken after everything that does not need it: from then on other writers of the
//! organisation wait for this commit.

use std::collections::BTreeMap;

use chrono::Duration;
use mobile_api::{
    catalogue::Action,
    ids::AssetId,
    maintenance::ShutdownNotice,
    photo::Photo,
    record::{Kind, Reach, Record, Ref, Scope},
    sync::VERDICT,
    time::Timestamp,
    work_order::{Quote, WorkOrder},
};
use uuid::Uuid;

use super::{
    DoorError,
    ledger::{After, Entered, Entry, Ledger},
    store, waiting,
};
use crate::{
    access, asset, certificate, complaint,
    db::{Conn, DbError},
    device, directory, figures, handover, household, inspection,
    jobs::{self, Job},
    maintenance,
    media::{self, store::refs::PhotoRow},
    payment, quote_link, return_visit, review, search, stock, survey_link, webhook, work_order,
};

/// Writes the ledger and answers the organisation's version. Writes nothing if nothing happened.
pub(super) fn flush(mut ledger: Ledger<'_>) -> Result<(u64, After), DoorError> {
    let mut changed: Vec<(Ref, Entry)> = ledger.records.drain().filter(|(_, entry)| entry.is_dirty()).collect();
    let nothing =
        changed.is_empty() && ledger.journal.is_empty() && ledger.clashes.is_empty() && ledger.waiting.is_empty();
    if nothing {
        return Ok((store::version(ledger.conn, ledger.org)?, ledger.after));
    }
    // Always in the same order, so that two transactions never wait for each other in a circle.
    changed.sort_by_key(|(address, _)| *address);
    let mut feed = FeedChanges::default();
    write_records(&mut ledger, &changed, &mut feed)?;
    write_labour(&mut ledger, &changed)?;
    write_photos(&mut ledger, &changed)?;
    write_certificates(&mut ledger, &changed)?;
    write_quote_links(&mut ledger, &changed)?;
    write_payments(&mut ledger, &changed)?;
    write_notices(&mut ledger, &changed)?;
    write_waiting(&mut ledger)?;
    store::insert_clashes(ledger.conn, ledger.org, &ledger.clashes, ledger.now)?;
    for entered in &ledger.journal {
        if let Some(device) = entered.device {
            feed.add(Scope::Device(device).to_string(), VERDICT, entered.incoming.id, i64::from(!entered.was_held));
        }
    }
    let version = store::take_version(ledger.conn, ledger.org)?;
    nobody_came_between(&mut ledger)?;
    write_journal(&mut ledger, version)?;
    feed.write(ledger.conn, ledger.org, version)?;
    ledger.after.wrote = true;
    Ok((version, ledger.after))
}

fn write_records(ledger: &mut Ledger<'_>, changed: &[(Ref, Entry)], feed: &mut FeedChanges) -> Result<(), DoorError> {
    let mut fresh = Vec::new();
    for (address, entry) in changed {
        let Some(record) = &entry.record else { continue };
        let reach = if entry.deleted { Vec::new() } else { record.reach(ledger.now) };
        let row = store::NewRecord::new(*address, entry.rev, entry.deleted, record, &reach)?;
        feed.compare(&entry.stored_reach, &reach);
        if entry.stored_rev == 0 {
            fresh.push(row);
        } else {
            store::update_record(ledger.conn, ledger.org, (entry.stored_rev, &entry.reach_text), &row)?;
            feed.changed(*address);
        }
        if entry.deleted {
            feed.deleted.push(*address);
        }
    }
    store::insert_records(ledger.conn, ledger.org, &fresh)?;
    asset::store::release_serials(ledger.conn, ledger.org, &other_serials(changed))?;
    let (orders, others): (Vec<_>, Vec<_>) = changed.iter().partition(|(_, entry)| is_new_order(entry));
    for (_, entry) in others {
        if let Some(record) = &entry.record {
            project(ledger, entry, record)?;
        }
    }
    let orders: Vec<&WorkOrder> = orders.into_iter().filter_map(|(_, entry)| order(entry)).collect();
    work_order::store::project_new(ledger.conn, ledger.org, &orders, ledger.now)?;
    figures::store::project_new(ledger.conn, ledger.org, &orders)?;
    for order in &orders {
        asset::history::enter_order(ledger.conn, ledger.org, None, order)?;
        household::rows::follow_order(ledger.conn, ledger.org, None, order)?;
    }
    for (_, entry) in changed.iter().filter(|(_, entry)| !entry.deleted) {
        if let Some(record) = &entry.record {
            search::store::enter(ledger.conn, ledger.org, entry.before.as_ref(), record)?;
        }
    }
    for (name, series) in ledger.series.iter().filter(|(_, series)| series.last != series.stored) {
        store::advance_series(ledger.conn, ledger.org, name, series.last)?;
    }
    Ok(())
}

/// Assets that had a serial and now have none, or another.
fn other_serials(changed: &[(Ref, Entry)]) -> Vec<AssetId> {
    let other = |(_, entry): &(Ref, Entry)| match (&entry.before, &entry.record) {
        (Some(Record::Asset(before)), Some(Record::Asset(now))) => {
            let key = before.serial_key();
            (key.is_some() && key != now.serial_key()).then_some(now.id)
        }
        _ => None,
    };
    changed.iter().filter_map(other).collect()
}

fn order(entry: &Entry) -> Option<&WorkOrder> {
    if let Some(Record::WorkOrder(order)) = &entry.record { Some(order) } else { None }
}

fn is_new_order(entry: &Entry) -> bool {
    entry.stored_rev == 0 && order(entry).is_some()
}

/// Keeps the tables by which records are listed and found in step with the records.
fn project(ledger: &mut Ledger<'_>, entry: &Entry, record: &Record) -> Result<(), DoorError> {
    let (org, now) = (ledger.org, ledger.now);
    let conn = &mut *ledger.conn;
    match record {
        Record::WorkOrder(order) => {
            let before = entry.before.as_ref().and_then(|before| before.try_into().ok());
            work_order::store::project(conn, org, before, order, now)?;
            figures::store::project(conn, org, before, order)?;
            asset::history::enter_order(conn, org, before, order)?;
            maintenance::store::order_changed(conn, org, before, order, now)?;
            household::rows::follow_order(conn, org, before, order)?;
            stock::store::keep_back(conn, org, before, order)?;
        }
        Record::Review(review) => review::store::project(conn, org, review)?,
        Record::Device(device) => {
            device::store::project(conn, org, device, now)?;
            ledger.after.devices.push(device.id.uuid());
        }
        Record::User(user) => {
            access::rename_login(conn, user.id.uuid(), &user.login)?;
            if !user.active {
                access::revoke_user_sessions(conn, user.id.uuid(), now)?;
            }
            directory::store::project(conn, org, record, entry.deleted)?;
            ledger.after.users.push(user.id.uuid());
        }
        Record::Organisation(_) => {}
        Record::Site(_)
        | Record::Building(_)
        | Record::Unit(_)
        | Record::Customer(_)
        | Record::Team(_)
        | Record::OrderType(_)
        | Record::PriceItem(_)
        | Record::Calendar(_)
        | Record::Article(_)
        | Record::ComplaintClass(_) => directory::store::project(conn, org, record, entry.deleted)?,
        Record::StockPlace(place) => {
            directory::store::project(conn, org, record, entry.deleted)?;
            stock::store::project_place(conn, org, place)?;
        }
        Record::Template(template) => inspection::store::project_template(conn, org, template)?,
        Record::Round(round) => inspection::store::project_round(conn, org, round)?,
        Record::Inspection(done) => {
            let before = entry.before.as_ref().and_then(|before| before.try_into().ok());
            inspection::store::project(conn, org, before, done, now)?;
            asset::history::enter_inspection(conn, org, before, done)?;
            household::rows::follow_inspection(conn, org, before, done)?;
        }
        Record::StockMove(_) | Record::StockLevel(_) | Record::StockSerial(_) | Record::StockCount(_) => {
            stock::store::project(conn, org, record, entry.stored_rev == 0)?;
        }
        Record::Asset(record) => {
            asset::store::project(conn, org, record)?;
            let before = entry.before.as_ref().and_then(|before| before.try_into().ok());
            maintenance::store::asset_changed(conn, org, before, record, now)?;
        }
        Record::AssetReading(reading) => {
            asset::history::enter_reading(conn, org, reading)?;
            maintenance::store::reading_came(conn, org, reading.asset, now)?;
        }
        Record::MaintenancePlan(plan) => maintenance::store::project_plan(conn, org, plan)?,
        Record::Shutdown(shutdown) => {
            let before = entry.before.as_ref().and_then(|before| before.try_into().ok());
            maintenance::store::project_shutdown(conn, org, before, shutdown)?;
        }
        // New ones are written all at once, see `write_notices`.
        Record::ShutdownNotice(_) if entry.stored_rev == 0 => {}
        Record::ShutdownNotice(notice) => maintenance::store::note_read(conn, org, notice)?,
        Record::ReturnVisit(visit) => {
            return_visit::store::project(conn, org, visit)?;
            let before = entry.before.as_ref().and_then(|before| before.try_into().ok());
            survey_link::store::enter(conn, org, before, visit)?;
            household::rows::follow_visit(conn, org, before, visit)?;
        }
        Record::Handover(record) => handover::store::project(conn, org, record)?,
        Record::Webhook(record) => {
            let before = entry.before.as_ref().and_then(|before| before.try_into().ok());
            webhook::store::project(conn, org, before, record, now)?;
        }
        Record::Complaint(made) => {
            let before = entry.before.as_ref().and_then(|before| before.try_into().ok());
            complaint::store::project(conn, org, before, made, now)?;
            figures::complaint_store::project(conn, org, before, made)?;
            household::rows::follow_complaint(conn, org, before, made)?;
        }
    }
    Ok(())
}

/// Working times by technician, to notice those that overlap. Only what these operations added or took back.
fn write_labour(ledger: &mut Ledger<'_>, changed: &[(Ref, Entry)]) -> Result<(), DoorError> {
    for (_, entry) in changed {
        let Some(Record::WorkOrder(order)) = &entry.record else { continue };
        let of_these = |op: Uuid| ledger.journal.iter().any(|entered| entered.incoming.id == op);
        let (added, voided): (Vec<_>, Vec<_>) = (
            order.labour.iter().filter(|labour| of_these(labour.op) && labour.void.is_none()).collect(),
            order.labour.iter().filter(|labour| labour.void.as_ref().is_some_and(|void| of_these(void.op))).collect(),
        );
        for labour in added {
            work_order::store::insert_labour(ledger.conn, ledger.org, order.id, labour)?;
        }
        for labour in voided {
            work_order::store::delete_labour(ledger.conn, ledger.org, labour)?;
        }
    }
    Ok(())
}

/// Which photo names which bytes: those that came to a record, and those of operations that wait for a person, whose bytes
/// are owed and kept all the same.
fn write_photos(ledger: &mut Ledger<'_>, changed: &[(Ref, Entry)]) -> Result<(), DoorError> {
    let mut rows = Vec::new();
    for (address, entry) in changed {
        let Some(record) = entry.live() else { continue };
        let before = entry.before.as_ref().map(Record::photos).unwrap_or_default();
        let as_before = |photo: &&Photo| {
            before.iter().any(|was| was.op == photo.op && was.arrival.is_some() == photo.arrival.is_some())
        };
        let fresh = record.photos().iter().filter(|photo| !as_before(photo));
        rows.extend(fresh.map(|photo| PhotoRow::of(*address, photo)));
    }
    for entered in ledger.journal.iter().filter(|entered| entered.verdict.rev.is_none()) {
        let photo = entered.incoming.action.as_ref().ok().and_then(Action::photo);
        if let (Some(photo), Some(review)) = (photo, entered.verdict.review) {
            let (op, received_at) = (entered.incoming.id, entered.received_at);
            rows.push(PhotoRow::kept(op, review, &photo.blob, entered.actor, entered.device, received_at));
        }
    }
    media::store::refs::write(ledger.conn, ledger.org, &rows, ledger.now)
}

/// Payments by day and by who took them, and the faults that orders came from. Only what came to an order now, or moved to it from a
/// duplicate.
fn write_payments(ledger: &mut Ledger<'_>, changed: &[(Ref, Entry)]) -> Result<(), DoorError> {
    for (_, entry) in changed {
        let Some(Record::WorkOrder(order)) = &entry.record else { continue };
        let before: Option<&WorkOrder> = entry.before.as_ref().and_then(|before| before.try_into().ok());
        payment::store::enter(ledger.conn, ledger.org, before, order)?;
        inspection::store::enter_faults(ledger.conn, ledger.org, before, order)?;
    }
    Ok(())
}

/// Notices that were given, with the codes of their links: of a large site there are thousands.
fn write_notices(ledger: &mut Ledger<'_>, changed: &[(Ref, Entry)]) -> Result<(), DoorError> {
    let notice = |(_, entry): &'_ (Ref, Entry)| match &entry.record {
        Some(Record::ShutdownNotice(notice)) if entry.stored_rev == 0 => Some(notice.clone()),
        _ => None,
    };
    let notices: Vec<ShutdownNotice> = changed.iter().filter_map(notice).collect();
    maintenance::store::insert_notices(ledger.conn, ledger.org, &notices)?;
    Ok(())
}

/// The codes of the links that these operations sent.
fn write_quote_links(ledger: &mut Ledger<'_>, changed: &[(Ref, Entry)]) -> Result<(), DoorError> {
    for order in changed.iter().filter_map(|(_, entry)| order(entry)) {
        let of_these = |quote: &&Quote| {
            let mut sent = quote.sent.iter();
            sent.any(|sent| ledger.journal.iter().any(|entered| entered.incoming.id == sent.op))
        };
        let quotes: Vec<Uuid> = order.quotes.iter().filter(of_these).map(|quote| quote.id).collect();
        quote_link::store::enter(ledger.conn, ledger.org, order.id, &quotes)?;
    }
    Ok(())
}

/// The codes by which signatures can be checked. Only of those that these operations gave.
fn write_certificates(ledger: &mut Ledger<'_>, changed: &[(Ref, Entry)]) -> Result<(), DoorError> {
    for order in changed.iter().filter_map(|(_, entry)| order(entry)) {
        let of_these = |op: &Uuid| ledger.journal.iter().any(|entered| entered.incoming.id == *op);
        let signatures: Vec<Uuid> = order.sign_offs.iter().map(|sign_off| sign_off.op).filter(of_these).collect();
        certificate::store::enter(ledger.conn, ledger.org, order.id, &signatures)?;
    }
    Ok(())
}

fn write_waiting(ledger: &mut Ledger<'_>) -> Result<(), DoorError> {
    let settled: Vec<Uuid> = ledger
        .journal
        .iter()
        .filter(|entered| entered.was_held && entered.verdict.status.is_final())
        .map(|entered| entered.incoming.id)
        .collect();
    waiting::delete_held(ledger.conn, ledger.org, &settled)?;
    for waiting in &ledger.waiting {
        waiting::upsert_held(ledger.conn, ledger.org, waiting)?;
        let job = Job::ReleaseHeld { operation: waiting.op };
        // A moment later than the hold ends, so that the job finds its time up.
        jobs::store::schedule(ledger.conn, ledger.org, &job, waiting.until + Duration::seconds(1))?;
    }
    Ok(())
}

/// Two writers at the same time can miss each other: one holds an operation because what it needs is not there, the
/// other brings just that and finds nothing waiting for it. Only now, behind everybody who took a version earlier,
/// can that be seen; whoever sees it starts over. SQLite has one writer at a time.
fn nobody_came_between(ledger: &mut Ledger<'_>) -> Result<(), DbError> {
    let Some(standing) = ledger.queue.take().filter(|_| !ledger.conn.is_sqlite()) else { return Ok(()) };
    let settled: Vec<Uuid> = ledger
        .journal
        .iter()
        .filter(|entered| entered.verdict.status.is_final())
        .map(|entered| entered.incoming.id)
        .collect();
    if waiting::missed_waiting(ledger.conn, ledger.org, &standing, &settled)?
        || waiting::missed_arrival(ledger.conn, ledger.org, &standing, &ledger.waiting)?
    {
        return Err(DbError::Conflict);
    }
    Ok(())
}

fn write_journal(ledger: &mut Ledger<'_>, version: u64) -> Result<(), DoorError> {
    let (held, fresh): (Vec<Entered>, Vec<Entered>) = ledger.journal.drain(..).partition(|entered| entered.was_held);
    store::insert_journal(ledger.conn, ledger.org, version, &fresh)?;
    for entered in &held {
        store::update_verdict(ledger.conn, ledger.org, version, entered)?;
    }
    Ok(())
}

/// Which rows of the feed change, and how.
#[derive(Default)]
struct FeedChanges {
    /// How many reasons for a record being in a scope came or went.
    reasons: BTreeMap<(String, &'static str, Uuid), i64>,
    /// Records that changed: whoever holds them is to fetch them.
    records: BTreeMap<Kind, Vec<Uuid>>,
    /// Records that are gone, whatever else brings them into a scope.
    deleted: Vec<Ref>,
}

impl FeedChanges {
    fn add(&mut self, scope: String, kind: &'static str, id: Uuid, reasons: i64) {
        *self.reasons.entry((scope, kind, id)).or_default() += reasons;
    }

    fn compare(&mut self, before: &[Reach], now: &[Reach]) {
        // Both are sorted and without repetition.
        for gone in before.iter().filter(|reach| now.binary_search(reach).is_err()) {
            self.add(gone.scope.to_string(), gone.record.kind.as_str(), gone.record.id, -1);
        }
        for come in now.iter().filter(|reach| before.binary_search(reach).is_err()) {
            self.add(come.scope.to_string(), come.record.kind.as_str(), come.record.id, 1);
        }
    }

    fn changed(&mut self, address: Ref) {
        self.records.entry(address.kind).or_default().push(address.id);
    }

    fn write(self, conn: &mut Conn, org: Uuid, version: u64) -> Result<(), DbError> {
        for (kind, ids) in self.records {
            store::touch_feed(conn, org, kind, &ids, version)?;
        }
        store::upsert_feed(conn, org, version, &self.reasons)?;
        for address in self.deleted {
            store::drop_from_feed(conn, org, address, version)?;
        }
        Ok(())
    }
}

/// What time has moved.
pub(super) struct Moved {
    /// How many records were looked at.
    pub(super) seen: usize,
    /// The version that it took, if anything came into a scope or left one.
    pub(super) version: Option<u64>,
}

/// Moves records whose time in a scope has begun or ended.
pub(super) fn move_window(conn: &mut Conn, org: Uuid, now: Timestamp, most: i64) -> Result<Moved, DoorError> {
    let orders = work_order::store::reach_due(conn, org, now, most)?;
    let inspections = inspection::store::reach_due(conn, org, now, most)?;
    let complaints = complaint::store::reach_due(conn, org, now, most)?;
    let orders = orders.into_iter().map(|id| Ref::new(Kind::WorkOrder, id));
    let due = orders.chain(inspections.into_iter().map(|id| Ref::new(Kind::Inspection, id)));
    let due = due.chain(complaints.into_iter().map(|id| Ref::new(Kind::Complaint, id)));
    let addresses: Vec<Ref> = due.take(usize::try_from(most).unwrap_or(usize::MAX)).collect();
    let mut ledger = Ledger::new(conn, org, now);
    ledger.preload(&addresses)?;
    let mut feed = FeedChanges::default();
    for address in &addresses {
        let entry = ledger.entry(*address)?.clone();
        let Some(record) = entry.live() else { continue };
        let reach = record.reach(now);
        feed.compare(&entry.stored_reach, &reach);
        let row = store::NewRecord::new(*address, entry.rev, false, record, &reach)?;
        store::update_record(ledger.conn, org, (entry.rev, &entry.reach_text), &row)?;
        match record {
            Record::WorkOrder(order) => work_order::store::project(ledger.conn, org, None, order, now)?,
            Record::Inspection(planned) => inspection::store::project(ledger.conn, org, None, planned, now)?,
            Record::Complaint(made) => complaint::store::project(ledger.conn, org, None, made, now)?,
            _ => {}
        }
    }
    if feed.reasons.is_empty() {
        return Ok(Moved { seen: addresses.len(), version: None });
    }
    let version = store::take_version(ledger.conn, org)?;
    feed.write(ledger.conn, org, version)?;
    Ok(Moved { seen: addresses.len(), version: Some(version) })
}
