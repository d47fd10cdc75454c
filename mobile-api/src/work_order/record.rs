//! The work order as a record.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Clocks, Payment, Quote, Refund, SignOff, State, Status, TakenFromStock, WorkResult,
    clocks::{Delay, Raised},
};
use crate::{
    calendar::WorkingHours,
    directory::{Deadlines, Escalation, PauseReason, User},
    evidence::When,
    ids::{
        AssetId, BuildingId, ComplaintId, CustomerId, Id, OrderTypeId, PriceItemId, ShutdownId, SiteId, TeamId, UnitId,
        UserId, WorkOrderId,
    },
    inspection::FoundBy,
    maintenance::PlanOf,
    money::{Currency, Money, Quantity},
    operation::Context,
    photo::{Photo, RequiredPhotos},
    refusal::{Flag, Refusal},
    stock::Reservation,
};

/// Most entries of one sort (notes, material lines, …) on one order.
pub const MOST_ENTRIES: usize = 500;

/// A repair, from the call to the closed file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkOrder {
    /// Its id.
    pub id: WorkOrderId,
    /// The human number, given by the server; an order made on a phone has none until then.
    pub number: Option<String>,
    /// What sort of job.
    pub order_type: OrderTypeId,
    /// The rules of that sort, as they were when the order was made.
    pub policy: Policy,
    /// The site.
    pub site: SiteId,
    /// The building.
    pub building: Option<BuildingId>,
    /// The unit.
    pub unit: Option<UnitId>,
    /// The customer.
    pub customer: Option<CustomerId>,
    /// The asset that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetId>,
    /// The crew whose pool it is in while nobody is assigned.
    pub team: Option<TeamId>,
    /// Where, in words.
    pub place: String,
    /// What is wrong, in the caller's words.
    pub fault: String,
    /// Who called.
    pub caller: Caller,
    /// How the request came.
    pub channel: Channel,
    /// How urgent it is.
    pub priority: Priority,
    /// When the customer would like the visit.
    pub preferred: Option<Window>,
    /// When whoever it is assigned to is to come by the plan of the day. The customer was promised nothing by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<Window>,
    /// When the customer called.
    pub called_at: DateTime<Utc>,
    /// When it was written down.
    pub recorded: When,
    /// Who wrote it down.
    pub recorded_by: UserId,
    /// Where it stands.
    pub state: State,
    /// The deadlines and what became of them.
    pub clocks: Clocks,
    /// Whom its deadlines were told to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<Raised>,
    /// Why something was late, as far as somebody said so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delays: Vec<Delay>,
    /// Everybody it was ever assigned to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignments: Vec<Assignment>,
    /// Times agreed with the customer, each with the consent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appointments: Vec<Appointment>,
    /// What the technician found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// The main cause, and how it runs since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<WorkResult>,
    /// Earlier orders about the asset that had been called in shortly before: the fault may be the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<WorkOrderId>,
    /// Every revision of the quote, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<Quote>,
    /// Material used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub materials: Vec<MaterialUse>,
    /// Material kept back for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reservations: Vec<Reservation>,
    /// Working times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labour: Vec<Labour>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Photos.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<Photo>,
    /// Signatures; the first received is the one that counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sign_offs: Vec<SignOff>,
    /// Times at which the customer did not accept the work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejections: Vec<Rejection>,
    /// What the customer is to pay; exists only once it was signed for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<Charge>,
    /// What the customer paid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    /// What was given back of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// The order whose work this one does again, for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rework_of: Option<WorkOrderId>,
    /// The findings of inspections that it came from, or that were joined to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found_by: Vec<FoundBy>,
    /// The complaint that it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintId>,
    /// Orders that had to do its work again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reworked_by: Vec<WorkOrderId>,
    /// Every step in the order in which the server received it, those that came too late to move anything
    /// included. The state has only the present; here is who did what, and when, all the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<TimelineEntry>,
    /// Field name → revision of its last change, for merging by field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, u64>,
    /// Where it came from, if it was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The turn of the maintenance plan that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanOf>,
    /// The shutdown without which its work may not begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shutdown: Option<ShutdownId>,
    /// The order that this one turned out to be a duplicate of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<WorkOrderId>,
    /// Duplicates that were merged into this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged_from: Vec<MergedFrom>,
}

/// What the order type says about an order made from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Policy {
    /// Work may start without a confirmed quote, and nothing is charged.
    pub free_of_charge: bool,
    /// The certificate that a technician must hold to be sent.
    pub certificate: Option<String>,
    /// How fast each step must be.
    pub deadlines: Deadlines,
    /// The currency of its quotes.
    pub currency: Currency,
    /// Photos without which the work is not finished, and whose bytes must be here before the file is closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<RequiredPhotos>,
    /// The hours in which its deadlines run; around the clock if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WorkingHours>,
    /// Reasons for which work may stop and the clock with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<PauseReason>,
    /// Who is told of a deadline, and when; nobody if absent, as of orders from another system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// For how many days after the signature the same fault is mended for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warranty_days: Option<u32>,
}

/// Who called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Caller {
    /// Name; at most 200 characters.
    pub name: String,
    /// Number; at most 60 characters.
    pub phone: Option<String>,
}

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By telephone.
    Phone,
    /// At the desk.
    Desk,
    /// By app or web page.
    Online,
    /// Found on patrol or on another job.
    Patrol,
    /// Because of a complaint.
    Complaint,
    /// From another system.
    Import,
    /// Made by a maintenance plan.
    Plan,
}

/// How urgent an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// In the order of the calls.
    Normal,
    /// Before others.
    Urgent,
    /// Water, gas, power, somebody in a lift.
    Emergency,
}

impl Priority {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Normal => "normal",
            Priority::Urgent => "urgent",
            Priority::Emergency => "emergency",
        }
    }
}

/// A span of time agreed or wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Window {
    /// Not before.
    pub from: DateTime<Utc>,
    /// Not after.
    pub until: DateTime<Utc>,
}

/// One assignment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assignment {
    /// To whom.
    pub technician: UserId,
    /// By whom.
    pub by: UserId,
    /// When.
    pub at: When,
    /// The revision that made it.
    pub rev: u64,
    /// The revision that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_rev: Option<u64>,
    /// Why it was handed back, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_back: Option<String>,
}

/// Another time than the deadline's, agreed with the customer (预约). The last one that counts is the one
/// that the customer expects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Appointment {
    /// The operation that recorded it.
    pub op: Uuid,
    /// The agreed time.
    pub window: Window,
    /// Who consented, in the household.
    pub consented_by: String,
    /// When they did.
    pub consented: When,
    /// Who recorded it.
    pub by: UserId,
    /// Why it does not count, if it does not: the order had moved on, or the office had agreed on another time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Flag>,
}

/// What the technician found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Diagnosis {
    /// What was found.
    pub findings: String,
    /// The cause, if known.
    pub cause: Option<String>,
    /// A broken part of the customer's own was explained before work (and what was said).
    pub explained: Option<String>,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// Material as really used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MaterialUse {
    /// The operation that recorded it.
    pub op: Uuid,
    /// The item of the price list, if it is one.
    pub item: Option<PriceItemId>,
    /// What it is called.
    pub name: String,
    /// How much, in thousandths of the unit.
    pub quantity_milli: Quantity,
    /// The unit.
    pub unit: String,
    /// What was taken from stock, if anything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<TakenFromStock>,
    /// What it comes to by the price list as it was when it was used; absent if the list does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth: Option<Money>,
    /// Who used it.
    pub by: UserId,
    /// When.
    pub at: When,
    /// If it was taken back: by whom and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Void>,
}

/// A working time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Labour {
    /// The operation that recorded it.
    pub op: Uuid,
    /// From, as the person says.
    pub from: DateTime<Utc>,
    /// Until, as the person says.
    pub until: DateTime<Utc>,
    /// What was done.
    pub note: Option<String>,
    /// Who worked.
    pub by: UserId,
    /// If it was taken back: by whom and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Void>,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Note {
    /// The operation that recorded it.
    pub op: Uuid,
    /// The text.
    pub text: String,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: When,
    /// If it was taken back: by whom and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Void>,
}

/// An entry taken back. It stays on the order; it only no longer counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Void {
    /// The operation that did so.
    pub op: Uuid,
    /// By whom.
    pub by: UserId,
    /// When.
    pub at: When,
    /// Why.
    pub reason: String,
}

/// The customer did not accept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    /// The operation that recorded it.
    pub op: Uuid,
    /// Who refused.
    pub name: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: When,
}

/// What the customer is to pay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Charge {
    /// The amount. Never more than the signed quote's total.
    pub amount: Money,
    /// The quote that was signed.
    pub quote: Uuid,
    /// The operation with the signature.
    pub signed_by: Uuid,
    /// Why it is less than what was signed, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowered: Option<Void>,
}

/// A step, as it was taken or as it came too late.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimelineEntry {
    /// The operation.
    pub op: Uuid,
    /// What was done: the verb of the operation.
    pub what: String,
    /// What it said, if it carried words that stand nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who did it.
    pub by: UserId,
    /// When.
    pub at: When,
    /// Why it moved nothing, if it did not: the order had moved on, or it was done on a duplicate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Flag>,
}

/// Where an imported order came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Source {
    /// The other system; 1 to 60 characters.
    pub system: String,
    /// Its id there; 1 to 120 characters.
    pub id: String,
}

/// A duplicate that was merged into an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MergedFrom {
    /// The duplicate's id, which stays valid as an alias.
    pub id: WorkOrderId,
    /// Its number.
    pub number: Option<String>,
    /// Who wrote it down.
    pub recorded_by: UserId,
}

impl WorkOrder {
    /// Where it stands.
    pub fn status(&self) -> super::Status {
        self.state.status()
    }

    /// Whose order it is now.
    pub fn technician(&self) -> Option<Id<User>> {
        self.state.technician()
    }

    /// Whether this person is, or ever was, to do it, or wrote it or a duplicate of it down.
    pub fn concerns(&self, user: Id<User>) -> bool {
        self.was_recorded_by(user)
            || self.technician() == Some(user)
            || self.assignments.iter().any(|assignment| assignment.technician == user)
    }

    /// Whether this person wrote it, or a duplicate that was merged into it, down.
    pub(super) fn was_recorded_by(&self, user: Id<User>) -> bool {
        self.recorded_by == user || self.merged_from.iter().any(|duplicate| duplicate.recorded_by == user)
    }

    /// The newest revision of the quote that is in force.
    pub fn newest_quote(&self) -> Option<&Quote> {
        self.quotes_in_force().next()
    }

    /// The newest revision in force that the customer confirmed.
    pub fn confirmed_quote(&self) -> Option<&Quote> {
        self.quotes_in_force().find(|quote| quote.confirmed.is_some())
    }

    /// Newest first.
    fn quotes_in_force(&self) -> impl Iterator<Item = &Quote> {
        self.quotes.iter().rev().filter(|quote| quote.overtaken.is_none())
    }

    /// The signature that counts.
    pub fn primary_sign_off(&self) -> Option<&SignOff> {
        self.sign_offs.first()
    }

    /// The last time agreed on that counts.
    pub fn appointment(&self) -> Option<&Appointment> {
        self.appointments.iter().rev().find(|appointment| appointment.overtaken.is_none())
    }

    /// When the customer expects somebody: the last agreed time, else the time wished for.
    pub fn expected(&self) -> Option<Window> {
        self.appointment().map(|appointment| appointment.window).or(self.preferred)
    }

    /// Whether nobody is at work on it, or has been.
    pub(crate) fn is_not_begun(&self) -> bool {
        matches!(self.status(), Status::Requested | Status::Assigned | Status::EnRoute)
    }

    /// When its work was finished; the end of the file, if nobody recorded that.
    pub(crate) fn done_at(&self) -> Option<DateTime<Utc>> {
        let finished = self.timeline.iter().rev().find(|step| step.what == "finish" && step.overtaken.is_none());
        finished.map(|step| step.at.latest).or(self.over_since())
    }

    /// It will not be done, because what it came from is not any more; `rev` is the revision of the order that this makes.
    pub(crate) fn call_off(&mut self, reason: &str, context: &Context<'_>, rev: u64) {
        self.log_end(context, "cancel", None);
        if let Some(plan) = &mut self.plan {
            plan.withdrawn = true;
        }
        let (cancelled, by, was) = (context.when.clone(), context.actor.user, self.technician());
        self.state = State::Cancelled { cancelled, by, rev, reason: reason.to_owned(), was };
    }

    /// Writes a step into the timeline.
    pub(super) fn log(
        &mut self,
        context: &Context<'_>,
        what: &str,
        note: Option<&str>,
        overtaken: Option<Flag>,
    ) -> Result<(), Refusal> {
        Self::push(&mut self.timeline, TimelineEntry::new(context, what, note, overtaken))
    }

    /// Writes the end of an order into its timeline, however full that is: what can be begun can be ended.
    pub(super) fn log_end(&mut self, context: &Context<'_>, what: &str, reason: Option<&str>) {
        self.timeline.push(TimelineEntry::new(context, what, reason, None));
    }

    pub(super) fn push<T>(entries: &mut Vec<T>, entry: T) -> Result<(), Refusal> {
        if entries.len() >= MOST_ENTRIES {
            return Err(Refusal::TooManyEntries);
        }
        entries.push(entry);
        Ok(())
    }
}

impl TimelineEntry {
    fn new(context: &Context<'_>, what: &str, note: Option<&str>, overtaken: Option<Flag>) -> Self {
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        Self { op, what: what.into(), note: note.map(Into::into), by, at, overtaken }
    }
}
