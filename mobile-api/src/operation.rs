//! What a rule is given and what it gives back.
//!
//! A rule is a pure function: record + operation + context → the new record and what was noticed, or a refusal.
//! The phone runs it to show its own pending work, the server runs the same one to decide.

use std::collections::HashMap;

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    actor::{Actor, Role},
    check::Check,
    evidence::When,
    ids::{AssetId, ComplaintClassId, ComplaintId, CustomerId, Id, ReturnVisitId, StockSerialId},
    maintenance::Served,
    photo::{Arrival, NewPhoto},
    record::{Kind, Record, RecordType, Ref},
    refusal::{Flagged, Refusal},
    signing::Digest,
    stock::{Place, StockLevel},
    time::Timestamp,
    work_order::WorkOrder,
};

/// How the operation reached the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Somebody waits for the answer and sees the present state.
    Online,
    /// It was recorded earlier, perhaps offline: it has happened, whatever the record says now.
    Recorded,
}

/// Everything a rule may know beside the record and the payload.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The operation's id; entries that it adds to a record carry it.
    pub op: Uuid,
    /// Who did it.
    pub actor: &'a Actor,
    /// When it happened, as far as that can be proved.
    pub when: When,
    /// When the server received it (on a phone: now).
    pub received_at: Timestamp,
    /// The revision of the record that the person saw; `None` if unknown, which it also is for an operation that
    /// came by the id of a merged duplicate: the revisions of one record mean nothing for another.
    pub base_rev: Option<u64>,
    /// Revisions above `base_rev` that earlier operations of the same device made. What a person did without
    /// signal they know, although the server numbered it later.
    pub own_revs: &'a [u64],
    /// The revision that this operation makes.
    pub rev: u64,
    /// Whether somebody waits for the answer.
    pub mode: Mode,
    /// What [`Payload::needs`] asked for.
    pub related: &'a Related,
}

impl Context<'_> {
    /// Whether the person saw revision `rev` or a later one when they did this. Online callers act on what
    /// the server holds, unless they said otherwise.
    pub fn saw(&self, rev: u64) -> bool {
        match (self.base_rev, self.mode) {
            _ if self.own_revs.contains(&rev) => true,
            (Some(base), _) => base >= rev,
            (None, Mode::Online) => true,
            (None, Mode::Recorded) => false,
        }
    }

    /// Whether a technician acts (for whom "is it still mine?" matters).
    pub fn by_technician(&self) -> bool {
        self.actor.role == Role::Technician
    }
}

/// Something a rule must know about the rest of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Another record.
    Record(Ref),
    /// A new human order number.
    OrderNumber,
    /// Several new order numbers. Those that no order of the decision has stay free.
    OrderNumbers {
        /// How many at most.
        most: usize,
    },
    /// The order that is open on a fault that an inspection found, with the order itself.
    OpenFault {
        /// See [`FoundBy::fault`](crate::inspection::FoundBy::fault).
        fault: Uuid,
    },
    /// A technician's other working times that overlap these.
    Labour {
        /// Whose.
        technician: Uuid,
        /// From.
        from: Timestamp,
        /// Until.
        until: Timestamp,
    },
    /// Orders still open for a unit or an asset.
    OpenOrdersAt(Subject),
    /// A new number for a receipt.
    ReceiptNumber,
    /// A new human number for a complaint.
    ComplaintNumber,
    /// The complaints that one repeats, directly or by others.
    ComplaintsBefore {
        /// The complaint.
        complaint: ComplaintId,
    },
    /// The classes that a class of complaints is part of.
    ClassesAbove {
        /// The class.
        class: ComplaintClassId,
    },
    /// How much of each article lies at a place.
    LevelsAt {
        /// The place.
        place: Place,
    },
    /// Work done at a unit or on an asset that is still under warranty.
    WorkDoneAt(Subject),
    /// The last orders about an asset, whatever became of them but cancelled ones.
    FaultsOf {
        /// The asset.
        asset: AssetId,
    },
    /// What an asset is a part of.
    AssetsAbove {
        /// The asset.
        asset: AssetId,
    },
    /// Whom an asset serves.
    ServedBy {
        /// The asset.
        asset: AssetId,
    },
    /// Which asset that is not retired has a serial.
    AssetWithSerial {
        /// See [`Asset::serial_key`](crate::asset::Asset::serial_key).
        key: String,
    },
    /// How many orders a technician has that are not finished.
    OpenOrdersOf {
        /// Whose.
        technician: Uuid,
    },
    /// Whose a login is, in lower case.
    Login(String),
    /// Whether other records still hang on this one (a site with buildings, a unit with open orders).
    Dependents(Ref),
    /// Return visits of a customer who is still to be called, with the visits themselves.
    VisitsOf {
        /// The customer.
        customer: CustomerId,
    },
    /// What became of bytes, if they are here already.
    Arrival(Digest),
    /// A numbered piece, with the level of the place where it is.
    Holder {
        /// The piece.
        piece: StockSerialId,
    },
}

/// What an order is about: a unit, an asset, or an asset in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The unit.
    pub unit: Option<Uuid>,
    /// The asset.
    pub asset: Option<Uuid>,
}

impl Subject {
    /// What the order is about.
    pub fn of(order: &WorkOrder) -> Self {
        Self { unit: order.unit.map(Id::uuid), asset: order.asset.map(Id::uuid) }
    }

    /// Whether both are about the same thing: the same asset, or – unless they name two assets – the same unit.
    pub fn is_same(&self, other: &Subject) -> bool {
        match (self.asset, other.asset) {
            (Some(one), Some(another)) => one == another,
            _ => self.unit.is_some() && self.unit == other.unit,
        }
    }
}

impl Need {
    /// Another record.
    pub fn record<T: RecordType>(id: Id<T>) -> Need {
        Need::Record(Ref::new(T::KIND, id.uuid()))
    }
}

/// A working time that overlaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherLabour {
    /// The order.
    pub work_order: Uuid,
    /// The operation that recorded it.
    pub op: Uuid,
}

/// An order that is open for the same unit or asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// The order.
    pub work_order: Id<WorkOrder>,
    /// What it is about.
    pub about: Subject,
    /// Its type.
    pub order_type: Uuid,
    /// When its request was received.
    pub received_at: Timestamp,
}

/// Work that was signed for and is under warranty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkDone {
    /// The order.
    pub work_order: Id<WorkOrder>,
    /// What it is about.
    pub about: Subject,
    /// Its type.
    pub order_type: Uuid,
    /// What was wrong.
    pub fault: String,
    /// When it was signed for.
    pub signed_at: Timestamp,
    /// Until when the warranty runs.
    pub warranty_until: Timestamp,
}

impl WorkDone {
    /// The work of this order, if it is under warranty.
    pub fn of(order: &WorkOrder) -> Option<Self> {
        Some(Self {
            work_order: order.id,
            about: Subject::of(order),
            order_type: order.order_type.uuid(),
            fault: order.fault.clone(),
            signed_at: order.primary_sign_off()?.at.earliest,
            warranty_until: order.warranty_until()?,
        })
    }
}

/// The answers to [`Payload::needs`]. A phone fills in what it has.
#[derive(Clone, Debug, Default)]
pub struct Related {
    /// Other records.
    pub records: HashMap<Ref, Record>,
    /// The new order number; `None` on a phone.
    pub order_number: Option<String>,
    /// New order numbers; none on a phone.
    pub order_numbers: Vec<String>,
    /// The open order of each fault asked about that has one.
    pub open_faults: HashMap<Uuid, Id<WorkOrder>>,
    /// The new receipt number; `None` on a phone.
    pub receipt_number: Option<String>,
    /// The new number for a complaint; `None` on a phone.
    pub complaint_number: Option<String>,
    /// The complaints that the one asked about repeats, the nearest first.
    pub complaints_before: Vec<ComplaintId>,
    /// The classes that the one asked about is part of, the nearest first.
    pub classes_above: Vec<ComplaintClassId>,
    /// What lies at the place asked about.
    pub levels_at: Vec<StockLevel>,
    /// Work at the unit that is under warranty.
    pub work_done: Vec<WorkDone>,
    /// Working times that overlap.
    pub labour: Vec<OtherLabour>,
    /// The last orders about the asset asked about, newest first.
    pub faults: Vec<OpenOrder>,
    /// Open orders for the unit or asset.
    pub open_orders: Vec<OpenOrder>,
    /// How many orders the technician has that are not finished.
    pub open_of: u64,
    /// What the asset asked about is a part of, the nearest first.
    pub assets_above: Vec<AssetId>,
    /// Whom the asset asked about serves; `None` if nobody asked.
    pub served: Option<Served>,
    /// The asset that has the serial asked about.
    pub asset_with_serial: Option<AssetId>,
    /// Return visits of the customer asked about who is still to be called.
    pub open_visits: Vec<ReturnVisitId>,
    /// How many records hang on the one asked about.
    pub dependents: u64,
    /// The account that has the login asked about.
    pub login_holder: Option<Uuid>,
    /// What became of bytes that are here.
    pub arrivals: HashMap<Digest, Arrival>,
    /// Whether a record that is not here may exist all the same: on a phone, which holds only its own part.
    pub partial: bool,
}

impl Related {
    /// A related record, if it exists and was asked for.
    pub fn get<'a, T: RecordType>(&'a self, id: Id<T>) -> Option<&'a T>
    where
        &'a T: TryFrom<&'a Record>,
    {
        self.records.get(&Ref::new(T::KIND, id.uuid())).and_then(|record| record.try_into().ok())
    }

    /// Like [`Related::get`]; if it was merged into another, that one.
    pub fn follow<'a, T: RecordType>(&'a self, id: Id<T>) -> Option<&'a T>
    where
        &'a T: TryFrom<&'a Record>,
    {
        let mut found = self.get(id)?;
        // As many merges as an operation is followed through.
        for _ in 0..8 {
            let Some(next) = found.alias().and_then(|alias| self.get(Id::new(alias))) else { break };
            found = next;
        }
        Some(found)
    }
}

/// What an operation carries.
pub trait Payload: Serialize + DeserializeOwned {
    /// The kind of record it is about.
    type Record: RecordType;

    /// An example for the API's documentation and the tests.
    fn example() -> Self;

    /// Checks whatever can be checked without any record.
    fn check(&self, _check: &mut Check) {}

    /// The photo that it records. Its bytes are kept whatever becomes of the operation.
    fn photo(&self) -> Option<&NewPhoto> {
        None
    }

    /// What the rule must know beside the record. `record` is the present state, if there is one.
    fn needs(&self, _record: Option<&Self::Record>, _actor: &Actor) -> Vec<Need> {
        Vec::new()
    }
}

/// What a rule decides: the new state of its record and of others, and what a person should look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<R> {
    /// The new state; `None` deletes the record and leaves a tombstone.
    pub record: Option<R>,
    /// Other records that changed with it (a merge changes two).
    pub also: Vec<Record>,
    /// What a person should look at.
    pub flags: Vec<Flagged>,
}

impl<R> From<R> for Decision<R> {
    fn from(record: R) -> Self {
        Self { record: Some(record), also: Vec::new(), flags: Vec::new() }
    }
}

impl<R> Decision<R> {
    /// The record goes, a tombstone stays.
    pub fn delete() -> Self {
        Self { record: None, also: Vec::new(), flags: Vec::new() }
    }

    /// The new state with what was noticed.
    pub fn flagged(record: R, flags: Vec<Flagged>) -> Self {
        Self { record: Some(record), also: Vec::new(), flags }
    }

    /// The same decision about a record of any kind.
    pub fn erase(self) -> Decision<Record>
    where
        R: Into<Record>,
    {
        Decision { record: self.record.map(Into::into), also: self.also, flags: self.flags }
    }
}

/// A rule that makes a record.
pub trait Create: Payload {
    /// Decides; `id` was made by the caller.
    fn decide(self, id: Id<Self::Record>, context: &Context<'_>) -> Result<Decision<Self::Record>, Refusal>;
}

/// A rule that changes a record.
pub trait Change: Payload {
    /// Decides on the present state.
    fn decide(self, record: Self::Record, context: &Context<'_>) -> Result<Decision<Self::Record>, Refusal>;
}

/// A rule that makes a record or replaces its particulars.
pub trait Save: Payload {
    /// Decides on the present state, if there is one.
    fn decide(
        self,
        id: Id<Self::Record>,
        record: Option<Self::Record>,
        context: &Context<'_>,
    ) -> Result<Decision<Self::Record>, Refusal>;
}

/// Whether an operation makes, changes, or saves its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The record must not exist yet.
    New,
    /// The record must exist.
    Existing,
    /// Either.
    Any,
}

/// One line of the catalogue, as data.
#[derive(Debug)]
pub struct Spec {
    /// The type on the wire, `work_order.arrive`.
    pub name: &'static str,
    /// The kind of record it is about.
    pub kind: Kind,
    /// The last part of the name and of the REST path, `arrive`.
    pub verb: &'static str,
    /// What it needs to exist.
    pub on: On,
    /// Who may do it.
    pub roles: &'static [Role],
    /// Whether a phone may record it without signal.
    pub offline: bool,
    /// What it does, for the documentation.
    pub summary: &'static str,
}

impl Spec {
    /// `/v1/work-orders/{id}/arrive`.
    pub fn path(&self) -> String {
        format!("/v1/{}/{{id}}/{}", self.kind.path(), self.verb.replace('_', "-"))
    }

    /// Whether `role` may do it.
    pub fn allows(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
