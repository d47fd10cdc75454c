//! What one transaction has read and decided so far, in memory, until it is written at once.
//!
//! Rules are pure, so nothing has to be undone when one refuses; and ten operations on one order read and write it once.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use mobile_api::{
    Actor,
    record::{Kind, Reach, Record, Ref},
    refusal::{Flagged, Problem},
    review::Review,
    sync::Verdict,
    time::Timestamp,
};
use uuid::Uuid;

use super::{DoorError, Incoming, incoming::derived_id, store};
use crate::db::Conn;

/// What to do once the transaction is committed.
#[derive(Clone, Debug, Default)]
pub struct After {
    /// Whether anything was written.
    pub wrote: bool,
    /// Accounts that changed: forget what is remembered of them.
    pub users: Vec<Uuid>,
    /// Devices that changed.
    pub devices: Vec<Uuid>,
}

/// A record as this transaction sees it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The revision in the database; 0 if it is not there.
    pub(super) stored_rev: u64,
    /// The revision now.
    pub(super) rev: u64,
    /// What it brought into which scopes, as stored.
    pub(super) stored_reach: Vec<Reach>,
    /// The same, as it is written there.
    pub(super) reach_text: Box<str>,
    /// The record as it is stored, once another took its place.
    pub(super) before: Option<Record>,
    /// The record; `None` if there never was one. A deleted one keeps its last state.
    pub(super) record: Option<Record>,
    /// Whether it was deleted.
    pub(super) deleted: bool,
}

impl Entry {
    fn absent() -> Self {
        let (before, record, deleted) = (None, None, false);
        Self { stored_rev: 0, rev: 0, stored_reach: Vec::new(), reach_text: "".into(), before, record, deleted }
    }

    /// The record, unless it does not exist (any more).
    pub(super) fn live(&self) -> Option<&Record> {
        self.record.as_ref().filter(|_| !self.deleted)
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.rev != self.stored_rev
    }
}

/// A row of the journal to be written.
#[derive(Clone, Debug)]
pub(super) struct Entered {
    pub(super) incoming: Arc<Incoming>,
    pub(super) about: Option<Ref>,
    pub(super) actor: Uuid,
    pub(super) device: Option<Uuid>,
    pub(super) received_at: Timestamp,
    pub(super) verdict: Verdict,
    /// Whether its row is there already, because it was held.
    pub(super) was_held: bool,
}

/// An operation that is to wait.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) op: Uuid,
    pub(super) waits_for: String,
    pub(super) device: Option<Uuid>,
    pub(super) seq: Option<u64>,
    pub(super) until: Timestamp,
    pub(super) context: String,
}

/// What a queue of operations has relied on, to be looked at again once no other writer can come in between.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// The device whose sequence it follows.
    pub(super) device: Uuid,
    /// The number it expected when it began.
    pub(super) expected: u64,
    /// The number it expects now.
    pub(super) next_seq: u64,
    /// Operations that wait and were looked at.
    pub(super) seen: HashSet<Uuid>,
}

/// The second body of an id.
#[derive(Clone, Debug)]
pub(super) struct Clash {
    pub(super) op: Uuid,
    pub(super) digest: [u8; 32],
    pub(super) actor: Uuid,
    pub(super) device: Option<Uuid>,
    pub(super) body: Box<str>,
}

/// A series of human numbers, as far as this transaction has used it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Series {
    /// The last number in the database.
    pub(super) stored: i64,
    /// The last number now.
    pub(super) last: i64,
}

/// What a group can be undone with.
#[derive(Default)]
struct Undo {
    entries: BTreeMap<Ref, Entry>,
    series: BTreeMap<String, Series>,
}

/// The memory of one transaction.
pub(super) struct Ledger<'a> {
    pub(super) conn: &'a mut Conn,
    pub(super) org: Uuid,
    pub(super) now: Timestamp,
    pub(super) records: HashMap<Ref, Entry>,
    pub(super) journal: Vec<Entered>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) clashes: Vec<Clash>,
    pub(super) after: After,
    /// Where the queue stands that fills this ledger, if one does.
    pub(super) queue: Option<Standing>,
    /// The revisions that each device made in this transaction.
    pub(super) own_revs: HashMap<(Ref, Uuid), Vec<u64>>,
    /// The series of human numbers that it has looked at.
    pub(super) series: BTreeMap<String, Series>,
    /// Present while a group is judged: what it changed, as it was before.
    undo: Option<Undo>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(conn: &'a mut Conn, org: Uuid, now: Timestamp) -> Self {
        Self {
            conn,
            org,
            now,
            records: HashMap::new(),
            journal: Vec::new(),
            waiting: Vec::new(),
            clashes: Vec::new(),
            after: After::default(),
            queue: None,
            own_revs: HashMap::new(),
            series: BTreeMap::new(),
            undo: None,
        }
    }

    /// Reads records that will be needed, one query per kind.
    pub(super) fn preload(&mut self, wanted: &[Ref]) -> Result<(), DoorError> {
        let mut by_kind: BTreeMap<Kind, Vec<Uuid>> = BTreeMap::new();
        for address in wanted.iter().filter(|address| !self.records.contains_key(address)) {
            by_kind.entry(address.kind).or_default().push(address.id);
        }
        for (kind, mut ids) in by_kind {
            ids.sort_unstable();
            ids.dedup();
            for row in store::load_records(self.conn, self.org, kind, &ids)? {
                let (address, entry) = entry(kind, row)?;
                self.records.insert(address, entry);
            }
            for id in ids {
                self.records.entry(Ref::new(kind, id)).or_insert_with(Entry::absent);
            }
        }
        Ok(())
    }

    /// A record as this transaction sees it.
    pub(super) fn entry(&mut self, address: Ref) -> Result<&Entry, DoorError> {
        self.preload(&[address])?;
        Ok(self.records.entry(address).or_insert_with(Entry::absent))
    }

    /// Puts a new state in place; `None` leaves a tombstone with the last state.
    pub(super) fn put(&mut self, address: Ref, record: Option<Record>) -> Result<u64, DoorError> {
        self.entry(address)?;
        let entry = self.records.entry(address).or_insert_with(Entry::absent);
        if let Some(undo) = &mut self.undo {
            undo.entries.entry(address).or_insert_with(|| entry.clone());
        }
        let first = !entry.is_dirty();
        entry.rev += 1;
        match record {
            Some(record) => {
                let before = entry.record.replace(record);
                if first {
                    entry.before = before;
                }
            }
            None => entry.deleted = true,
        }
        Ok(entry.rev)
    }

    /// Of the revisions behind `base`, those that this device made itself: it knew of them although it could not name
    /// them, recording without signal.
    pub(super) fn own_revs(
        &mut self,
        about: Ref,
        device: Option<Uuid>,
        base: Option<u64>,
    ) -> Result<Vec<u64>, DoorError> {
        let (Some(device), Some(base)) = (device, base) else { return Ok(Vec::new()) };
        let rev = self.entry(about)?.rev;
        let here = self.own_revs.get(&(about, device)).cloned().unwrap_or_default();
        let explained = (base + 1..=rev).all(|rev| here.contains(&rev));
        if base >= rev || explained {
            return Ok(here);
        }
        let mut earlier = store::revisions_by(self.conn, self.org, about, device, base)?;
        earlier.extend(here);
        Ok(earlier)
    }

    /// The next number of a series, from 1. It stays the next until it is [used](Ledger::use_number), so that a refusal
    /// leaves no gap.
    pub(super) fn next_number(&mut self, series: &str) -> Result<i64, DoorError> {
        if let Some(known) = self.series.get(series) {
            return Ok(known.last + 1);
        }
        let stored = store::hold_series(self.conn, self.org, series)?;
        self.series.insert(series.to_owned(), Series { stored, last: stored });
        Ok(stored + 1)
    }

    /// Gives the next number out.
    pub(super) fn use_number(&mut self, series: &str) {
        if let Some(series) = self.series.get_mut(series) {
            series.last += 1;
        }
    }

    /// From here on, everything is remembered so that [`Ledger::roll_back`] can undo it.
    pub(super) fn begin_group(&mut self) {
        self.undo = Some(Undo { series: self.series.clone(), ..Undo::default() });
    }

    /// Keeps what was done since [`Ledger::begin_group`].
    pub(super) fn end_group(&mut self) {
        self.undo = None;
    }

    /// Undoes what was done since [`Ledger::begin_group`].
    pub(super) fn roll_back(&mut self) {
        let Some(undo) = self.undo.take() else { return };
        // A series that was first looked at meanwhile is held by this transaction and as it was.
        for (name, series) in &mut self.series {
            *series = undo.series.get(name).copied().unwrap_or(Series { last: series.stored, ..*series });
        }
        for (address, entry) in undo.entries {
            for ((about, _), revs) in &mut self.own_revs {
                if *about == address {
                    revs.retain(|rev| *rev <= entry.rev);
                }
            }
            self.records.insert(address, entry);
        }
    }

    /// An operation that this transaction was going to hold need not wait after all.
    pub(super) fn forget_hold(&mut self, op: Uuid) {
        self.waiting.retain(|waiting| waiting.op != op);
        self.journal.retain(|entered| entered.incoming.id != op);
        let review = Ref::new(Kind::Review, op);
        if self.records.get(&review).is_some_and(|entry| entry.stored_rev == 0) {
            self.records.remove(&review);
        }
    }

    /// Opens the review of an operation, or leaves the one there is.
    pub(super) fn open_review(&mut self, review: NewReview<'_>) -> Result<Uuid, DoorError> {
        let id = review.id;
        let address = Ref::new(Kind::Review, id);
        if self.entry(address)?.record.is_some() {
            return Ok(id);
        }
        let site = match review.about {
            Some(about) => self.entry(about)?.record.as_ref().and_then(site_of),
            None => None,
        };
        let record = Review {
            id: id.into(),
            operation: review.op,
            operation_type: review.op_type.into(),
            by: review.by.user,
            about: review.about.unwrap_or(Ref::new(Kind::Organisation, self.org)),
            site: site.map(Into::into),
            flags: review.flags.to_vec(),
            problem: review.problem.cloned(),
            opened_at: self.now,
            resolution: None,
        };
        self.put(address, Some(record.into()))?;
        Ok(id)
    }

    /// Notes that an id came with a second body: it is kept beside the first, and a person is asked.
    pub(super) fn clash(&mut self, clash: Clash, by: &Actor, op_type: &str) -> Result<Verdict, DoorError> {
        use mobile_api::sync::VerdictStatus;
        let problem = Problem::new("id_reused", "this id was used for another operation; both are kept");
        // Its own id, because the review of this number may be the first body's.
        let id = derived_id(&[clash.op.as_bytes(), &clash.digest]);
        let op = clash.op;
        let review =
            self.open_review(NewReview { id, op, op_type, by, about: None, flags: &[], problem: Some(&problem) })?;
        self.clashes.push(clash);
        let (status, review) = (VerdictStatus::Kept, Some(review));
        Ok(Verdict { id: op, status, flags: Vec::new(), problem: Some(problem), review, until: None, rev: None })
    }
}

/// What a review is opened with.
pub(super) struct NewReview<'r> {
    pub(super) id: Uuid,
    pub(super) op: Uuid,
    pub(super) op_type: &'r str,
    pub(super) by: &'r Actor,
    pub(super) about: Option<Ref>,
    pub(super) flags: &'r [Flagged],
    pub(super) problem: Option<&'r Problem>,
}

fn entry(kind: Kind, row: store::StoredRecord) -> Result<(Ref, Entry), DoorError> {
    let corrupt = |what| move |cause| DoorError::Corrupt { what, cause };
    let record = Record::from_json(kind, &row.body).map_err(corrupt("record"))?;
    let stored_reach = serde_json::from_str(&row.reach).map_err(corrupt("reach"))?;
    let entry = Entry {
        stored_rev: row.rev,
        rev: row.rev,
        stored_reach,
        reach_text: row.reach.into(),
        before: None,
        record: Some(record),
        deleted: row.deleted,
    };
    Ok((Ref::new(kind, row.id), entry))
}

/// The site that decides who in the office sees a record.
pub(super) fn site_of(record: &Record) -> Option<Uuid> {
    match record {
        Record::WorkOrder(order) => Some(order.site.uuid()),
        Record::Site(site) => Some(site.id.uuid()),
        Record::Building(building) => Some(building.site.uuid()),
        Record::Unit(unit) => Some(unit.site.uuid()),
        Record::Customer(customer) => Some(customer.site.uuid()),
        Record::Review(review) => review.site.map(Into::into),
        Record::Round(round) => Some(round.spot.site.uuid()),
        Record::Inspection(inspection) => Some(inspection.spot.site.uuid()),
        Record::Asset(asset) => Some(asset.site.uuid()),
        Record::MaintenancePlan(plan) => Some(plan.site.uuid()),
        Record::Shutdown(shutdown) => Some(shutdown.site.uuid()),
        Record::ShutdownNotice(notice) => Some(notice.site.uuid()),
        Record::Complaint(complaint) => complaint.about.site.map(Into::into),
        Record::StockMove(entry) => entry.used.map(|used| used.site.uuid()),
        _ => None,
    }
}
