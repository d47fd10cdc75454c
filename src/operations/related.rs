//! Answers what a rule asked for, and keeps reviews in step with verdicts.

use chrono::{Datelike, Duration};
use mobile_api::{
    Actor,
    evidence::When,
    ids::{AssetId, ComplaintClassId, ComplaintId, CustomerId},
    maintenance::Served,
    operation::{Need, Related, Subject, WorkDone},
    record::{Kind, Record, Ref},
    return_visit::ReturnVisit,
    review::{Resolution, ReviewDecision},
    stock::{Place, StockLevel, StockSerial},
    time::Timestamp,
    work_order::WorkOrder,
};
use uuid::Uuid;

use super::{
    DoorError,
    ledger::{Ledger, NewReview},
    unwritten,
};
use crate::{access, asset, directory, inspection, maintenance, media, return_visit, stock, work_order};

/// How long a call may have been under way: as long as operations are waited for.
const LATELY: Duration = Duration::days(30);

/// Fetches what the rule asked for.
pub(super) fn gather(ledger: &mut Ledger<'_>, needs: &[Need], received_at: Timestamp) -> Result<Related, DoorError> {
    let records: Vec<Ref> = needs.iter().filter_map(address).collect();
    ledger.preload(&records)?;
    let mut related = Related::default();
    for address in records {
        let Some(record) = ledger.entry(address)?.live().cloned() else { continue };
        for companion in record.companions() {
            if let Some(record) = ledger.entry(companion)?.live() {
                related.records.insert(companion, record.clone());
            }
        }
        let alias = record.alias();
        related.records.insert(address, record);
        follow(ledger, address, alias, &mut related)?;
    }
    for need in needs {
        match need {
            Need::Record(_) => {}
            Need::Holder { piece } => {
                if let Some(level) = related.get(*piece).map(StockSerial::level)
                    && let Some(record) = ledger.entry(level)?.live()
                {
                    related.records.insert(level, record.clone());
                }
            }
            Need::OrderNumber => related.order_number = Some(order_number(ledger, received_at)?),
            Need::OrderNumbers { most } => related.order_numbers = order_numbers(ledger, *most, received_at)?,
            Need::OpenFault { fault } => open_fault(ledger, *fault, &mut related)?,
            Need::Labour { technician, from, until } => {
                let stored =
                    work_order::store::overlapping_labour(ledger.conn, ledger.org, *technician, *from, *until)?;
                related.labour = unwritten::labour(ledger, stored, *technician, *from..*until);
            }
            Need::OpenOrdersAt(about) => {
                let stored = work_order::store::open_orders_at(ledger.conn, ledger.org, about)?;
                related.open_orders.extend(unwritten::open_orders(ledger, stored, about));
            }
            Need::FaultsOf { asset } => {
                let stored = work_order::store::faults_of(ledger.conn, ledger.org, *asset)?;
                related.faults.extend(unwritten::faults(ledger, stored, *asset));
            }
            Need::ReceiptNumber => related.receipt_number = Some(receipt_number(ledger, received_at)?),
            Need::ComplaintNumber => related.complaint_number = Some(complaint_number(ledger, received_at)?),
            Need::ComplaintsBefore { complaint } => {
                related.complaints_before = complaints_before(ledger, *complaint)?;
            }
            Need::ClassesAbove { class } => related.classes_above = classes_above(ledger, *class)?,
            Need::WorkDoneAt(about) => {
                let more = work_done(ledger, about, received_at)?;
                let known = |done: &WorkDone| related.work_done.iter().any(|known| known.work_order == done.work_order);
                let more: Vec<WorkDone> = more.into_iter().filter(|done| !known(done)).collect();
                related.work_done.extend(more);
            }
            Need::LevelsAt { place } => related.levels_at = levels_at(ledger, *place)?,
            Need::AssetsAbove { asset } => related.assets_above = assets_above(ledger, *asset)?,
            Need::ServedBy { asset } => related.served = served_by(ledger, *asset)?,
            Need::AssetWithSerial { key } => related.asset_with_serial = asset_with_serial(ledger, key)?,
            Need::OpenOrdersOf { technician } => {
                let stored = work_order::store::open_of(ledger.conn, ledger.org, *technician)?;
                related.open_of = unwritten::open_of(ledger, stored, *technician);
            }
            Need::VisitsOf { customer } => visits_of(ledger, *customer, &mut related)?,
            Need::Dependents(address) => {
                related.dependents = directory::store::dependents(ledger.conn, ledger.org, *address)?;
            }
            Need::Arrival(sha256) => {
                let blob = media::store::blobs::find(ledger.conn, ledger.org, *sha256)?;
                if let Some(arrival) = blob.and_then(|blob| blob.arrival) {
                    related.arrivals.insert(*sha256, arrival);
                }
            }
            Need::Login(login) => {
                let holder = access::find_credential(ledger.conn, login)?;
                related.login_holder = holder.map(|holder| holder.user);
            }
        }
    }
    Ok(related)
}

/// The record that is asked for by its address.
fn address(need: &Need) -> Option<Ref> {
    match need {
        Need::Record(address) => Some(*address),
        Need::Holder { piece } => Some(Ref::new(Kind::StockSerial, *piece)),
        _ => None,
    }
}

/// `2026-000123`: gapless per year, by the year in which the server received the request.
fn order_number(ledger: &mut Ledger<'_>, received_at: Timestamp) -> Result<String, DoorError> {
    let number = ledger.next_number(&order_series(received_at))?;
    Ok(format!("{}-{number:06}", received_at.year()))
}

/// Several numbers that nobody has yet.
fn order_numbers(ledger: &mut Ledger<'_>, most: usize, received_at: Timestamp) -> Result<Vec<String>, DoorError> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let next = ledger.next_number(&order_series(received_at))?;
    let numbers = next..next.saturating_add(i64::try_from(most).unwrap_or(i64::MAX));
    Ok(numbers.map(|number| format!("{}-{number:06}", received_at.year())).collect())
}

/// Return visits of a customer who is still to be called, as this transaction sees them.
fn visits_of(ledger: &mut Ledger<'_>, customer: CustomerId, related: &mut Related) -> Result<(), DoorError> {
    let stored = return_visit::store::open_of(ledger.conn, ledger.org, customer)?;
    let stored: Vec<Ref> = stored.into_iter().map(|id| Ref::new(Kind::ReturnVisit, id)).collect();
    ledger.preload(&stored)?;
    let mut visits: Vec<&ReturnVisit> = stored
        .iter()
        .filter_map(|address| ledger.records.get(address)?.live()?.try_into().ok())
        .chain(unwritten::visits(ledger))
        .filter(|visit: &&ReturnVisit| visit.is_waiting() && visit.customer == Some(customer))
        .collect();
    visits.sort_unstable_by_key(|visit| visit.id);
    visits.dedup_by_key(|visit| visit.id);
    related.open_visits = visits.iter().map(|visit| visit.id).collect();
    related
        .records
        .extend(visits.into_iter().map(|visit| (Ref::new(Kind::ReturnVisit, visit.id), visit.clone().into())));
    Ok(())
}

/// The order that is open on a fault, as this transaction sees it.
fn open_fault(ledger: &mut Ledger<'_>, fault: Uuid, related: &mut Related) -> Result<(), DoorError> {
    let stored = inspection::store::orders_of_fault(ledger.conn, ledger.org, fault)?;
    let stored: Vec<Ref> = stored.into_iter().map(|id| Ref::new(Kind::WorkOrder, id)).collect();
    ledger.preload(&stored)?;
    let of_fault =
        |order: &&WorkOrder| !order.status().is_over() && order.found_by.iter().any(|found| found.fault == fault);
    let kept = stored.iter().filter_map(|address| ledger.records.get(address)?.live());
    let kept = kept.filter_map(|record| record.try_into().ok());
    let open: Vec<&WorkOrder> = kept.chain(unwritten::changed_orders(ledger)).filter(of_fault).collect();
    // The oldest, so that the outcome does not hang on the order in which the ledger remembers them.
    let Some(order) = open.into_iter().min_by_key(|order| order.id) else { return Ok(()) };
    related.open_faults.insert(fault, order.id);
    related.records.insert(Ref::new(Kind::WorkOrder, order.id), order.clone().into());
    Ok(())
}

/// The series of order numbers of that year.
pub(super) fn order_series(received_at: Timestamp) -> String {
    format!("work_order:{}", received_at.year())
}

/// `R2026-000123`: gapless per year, like order numbers.
fn receipt_number(ledger: &mut Ledger<'_>, received_at: Timestamp) -> Result<String, DoorError> {
    let number = ledger.next_number(&receipt_series(received_at))?;
    Ok(format!("R{}-{number:06}", received_at.year()))
}

/// The series of receipt numbers of that year.
pub(super) fn receipt_series(received_at: Timestamp) -> String {
    format!("receipt:{}", received_at.year())
}

/// `C2026-000123`: gapless per year, like order numbers.
fn complaint_number(ledger: &mut Ledger<'_>, received_at: Timestamp) -> Result<String, DoorError> {
    let number = ledger.next_number(&complaint_series(received_at))?;
    Ok(format!("C{}-{number:06}", received_at.year()))
}

/// The series of numbers of complaints of that year.
pub(super) fn complaint_series(received_at: Timestamp) -> String {
    format!("complaint:{}", received_at.year())
}

/// What a record was merged into is given with it, as far as merges are followed.
fn follow(ledger: &mut Ledger<'_>, from: Ref, mut alias: Option<Uuid>, related: &mut Related) -> Result<(), DoorError> {
    for _ in 0..super::judge::LONGEST_ALIAS {
        let Some(id) = alias else { return Ok(()) };
        let next = Ref::new(from.kind, id);
        let Some(record) = ledger.entry(next)?.live().cloned() else { return Ok(()) };
        alias = record.alias();
        related.records.insert(next, record);
    }
    Ok(())
}

/// Most complaints that repeat each other in a row.
const LONGEST_CHAIN: usize = 200;

/// What a complaint repeats, directly or by others, the nearest first; through merges.
fn complaints_before(ledger: &mut Ledger<'_>, complaint: ComplaintId) -> Result<Vec<ComplaintId>, DoorError> {
    let mut before: Vec<ComplaintId> = Vec::new();
    let mut next = Some(complaint);
    while let Some(id) = next.filter(|_| before.len() < LONGEST_CHAIN) {
        let earlier = match ledger.entry(Ref::new(Kind::Complaint, id))?.live() {
            Some(Record::Complaint(complaint)) => complaint.merged_into.or(complaint.repeats),
            _ => None,
        };
        next = earlier.filter(|earlier| !before.contains(earlier));
        before.extend(next);
    }
    Ok(before)
}

/// What a class of complaints is part of, the nearest first.
fn classes_above(ledger: &mut Ledger<'_>, class: ComplaintClassId) -> Result<Vec<ComplaintClassId>, DoorError> {
    let mut above: Vec<ComplaintClassId> = Vec::new();
    let mut next = Some(class);
    while let Some(id) = next.filter(|_| above.len() < DEEPEST) {
        let parent = match ledger.entry(Ref::new(Kind::ComplaintClass, id))?.live() {
            Some(Record::ComplaintClass(class)) => class.parent,
            _ => None,
        };
        next = parent.filter(|parent| !above.contains(parent));
        above.extend(next);
    }
    Ok(above)
}

/// Work at a unit that is under warranty, or was lately: a call that was recorded without signal is judged by when the
/// customer called. As this transaction sees it.
fn work_done(ledger: &mut Ledger<'_>, about: &Subject, received_at: Timestamp) -> Result<Vec<WorkDone>, DoorError> {
    let lately = received_at.checked_sub_signed(LATELY).unwrap_or(received_at);
    let stored = work_order::store::under_warranty_at(ledger.conn, ledger.org, about, lately)?;
    let stored: Vec<Ref> = stored.into_iter().map(|id| Ref::new(Kind::WorkOrder, id)).collect();
    ledger.preload(&stored)?;
    let mut orders: Vec<&WorkOrder> = unwritten::changed_orders(ledger).filter(|order| order.is_at(about)).collect();
    for address in &stored {
        if let Some(Record::WorkOrder(order)) = ledger.records.get(address).and_then(|entry| entry.live())
            && orders.iter().all(|known| known.id != order.id)
        {
            orders.push(order);
        }
    }
    let mut done: Vec<WorkDone> = orders.into_iter().filter_map(WorkDone::of).collect();
    done.sort_unstable_by_key(|done| (std::cmp::Reverse(done.warranty_until), done.work_order));
    Ok(done)
}

/// What lies at a place. Of what this transaction moved only articles that lay there before: nobody moves stock and opens a sheet
/// in one.
fn levels_at(ledger: &mut Ledger<'_>, place: Place) -> Result<Vec<StockLevel>, DoorError> {
    let stored = stock::store::levels_at(ledger.conn, ledger.org, place)?;
    let stored: Vec<Ref> = stored.into_iter().map(|id| Ref::new(Kind::StockLevel, id)).collect();
    ledger.preload(&stored)?;
    let level = |address: &Ref| match ledger.records.get(address).and_then(|entry| entry.live()) {
        Some(Record::StockLevel(level)) => Some(level.clone()),
        _ => None,
    };
    Ok(stored.iter().filter_map(level).collect())
}

/// Most assets between a part and the whole that it belongs to.
const DEEPEST: usize = 20;

/// What an asset is a part of, the nearest first.
fn assets_above(ledger: &mut Ledger<'_>, asset: AssetId) -> Result<Vec<AssetId>, DoorError> {
    let mut above: Vec<AssetId> = Vec::new();
    let mut next = Some(asset);
    while let Some(id) = next.filter(|_| above.len() < DEEPEST) {
        let parent = match ledger.entry(Ref::new(Kind::Asset, id))?.live() {
            Some(Record::Asset(asset)) => asset.parent,
            _ => None,
        };
        next = parent.filter(|parent| !above.contains(parent));
        above.extend(next);
    }
    Ok(above)
}

/// Whom an asset serves.
fn served_by(ledger: &mut Ledger<'_>, asset: AssetId) -> Result<Option<Served>, DoorError> {
    let Some(Record::Asset(asset)) = ledger.entry(Ref::new(Kind::Asset, asset))?.live().cloned() else {
        return Ok(None);
    };
    Ok(Some(maintenance::store::served_by(ledger.conn, ledger.org, &asset)?))
}

/// The asset with this serial, as this transaction sees it.
fn asset_with_serial(ledger: &mut Ledger<'_>, key: &str) -> Result<Option<AssetId>, DoorError> {
    if let Some(asset) = unwritten::assets(ledger).find(|asset| asset.serial_key().as_deref() == Some(key)) {
        return Ok(Some(asset.id));
    }
    let stored = asset::store::with_serial(ledger.conn, ledger.org, key)?;
    // One that this transaction has retired, or given another serial, does not count.
    Ok(stored.filter(|id| unwritten::assets(ledger).all(|asset| asset.id != *id)))
}

/// Opens a review, or brings the one that was opened while the operation was held up to date.
pub(super) fn replace_review(ledger: &mut Ledger<'_>, review: NewReview<'_>) -> Result<(), DoorError> {
    let address = Ref::new(Kind::Review, review.id);
    let entry = ledger.entry(address)?;
    let Some(Record::Review(mut held)) = entry.record.clone() else {
        ledger.open_review(review)?;
        return Ok(());
    };
    held.flags = review.flags.to_vec();
    held.problem = review.problem.cloned();
    // Whoever closed it decided about an operation that waited; now it is another question.
    held.resolution = None;
    ledger.put(address, Some(held.into()))?;
    Ok(())
}

/// Closes the review of an operation that was held and could be applied after all.
pub(super) fn settle_review(ledger: &mut Ledger<'_>, op: Uuid, was_held: bool) -> Result<(), DoorError> {
    // Only an operation that was held has a review before it is applied; the others need no look.
    if !was_held {
        return Ok(());
    }
    let address = Ref::new(Kind::Review, op);
    let entry = ledger.entry(address)?;
    if let Some(Record::Review(review)) = &entry.record
        && review.resolution.is_none()
    {
        let mut review = review.clone();
        review.resolution = Some(Resolution {
            by: Actor::system(ledger.org).user,
            at: When::at(ledger.now),
            decision: ReviewDecision::Accepted,
            note: "What it waited for arrived.".into(),
        });
        ledger.put(address, Some(review.into()))?;
    }
    Ok(())
}
