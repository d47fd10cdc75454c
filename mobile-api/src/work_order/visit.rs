//! What happens at the door: arrive, diagnose, start, material, labour, notes, finish.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    Diagnosis, Labour, MaterialUse, Note, State, Status, Void, WorkOrder,
    material::{FromStock, needs_to_put_back, put_back, worth},
    request::{Merge, Owner},
    standing::{Progress, Step, addition, contribution, flags, step},
};
use crate::{
    actor::{Actor, Role},
    check::Check,
    directory::{Organisation, User},
    ids::{Id, PriceItemId},
    maintenance::order_may_begin,
    money::Quantity,
    operation::{Change, Context, Decision, Mode, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
};

/// The technician is at the door.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Arrive {}

impl Payload for Arrive {
    type Record = WorkOrder;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, record: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        record.and_then(WorkOrder::technician).map(Need::record).into_iter().collect()
    }
}

impl Change for Arrive {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let at = context.when.clone();
        let what = Step { verb: "arrive", note: None };
        let (progress, mut order) = step(order, context, what, |s| s >= Status::OnSite, |s| s.arrive(at))?;
        let mut flags = progress.flags();
        if progress == Progress::Moved {
            // Whatever they waited for, it goes on.
            order.clocks.resumed(context.op, &context.when, &order.policy);
            order.clocks.arrived(&context.when, &order.policy);
            flags.extend(missing_certificate(&order, context));
        }
        Ok(Decision::flagged(order, flags))
    }
}

/// A certificate that ran out on the way is no reason to refuse what happened, but somebody must know.
fn missing_certificate(order: &WorkOrder, context: &Context<'_>) -> Option<Flagged> {
    let certificate = order.policy.certificate.as_deref()?;
    let technician: &User = context.related.get(order.technician()?)?;
    let held = technician.holds(certificate, context.when.latest);
    (!held).then(|| Flagged::with(Flag::CertificateMissing, json!({ "certificate": certificate })))
}

/// What the technician found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Diagnose {
    /// What was found; 1 to 4,000 characters.
    pub findings: String,
    /// The cause, if known; at most 1,000 characters.
    pub cause: Option<String>,
    /// A broken part of the customer's own was explained before work: what was said; at most 1,000 characters.
    pub explained: Option<String>,
}

impl Payload for Diagnose {
    type Record = WorkOrder;

    fn example() -> Self {
        Self {
            findings: "Trap seal worn, drips under load".into(),
            cause: Some("Age".into()),
            explained: Some("Cabinet floor was already swollen".into()),
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/findings", &self.findings, 1..=4000);
        check.optional_text("/cause", self.cause.as_deref(), 1000);
        check.optional_text("/explained", self.explained.as_deref(), 1000);
    }
}

impl Change for Diagnose {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let overtaken = contribution(&order, context)?;
        let from = order.status();
        if from.is_over() && overtaken.is_none() {
            return Err(Refusal::IllegalTransition { from, operation: "diagnose" });
        }
        // Whatever becomes of it below, the words stay readable in the order's own history.
        order.log(context, "diagnose", Some(&self.findings), overtaken)?;
        let earlier = order.diagnosis.take();
        let mut findings = earlier.as_ref().map(|earlier| earlier.findings.clone()).unwrap_or_default();
        let mut merge = Merge::new(order, context, overtaken);
        let taken = merge.value("findings", Owner::Technician, self.findings, &mut findings);
        let Merge { mut order, flags, .. } = merge;
        order.diagnosis = match earlier {
            Some(earlier) if !taken => Some(earlier),
            earlier => {
                // What was explained to the customer stays explained, even if a later diagnosis does not repeat it.
                let (cause, explained) = earlier.map_or((None, None), |earlier| (earlier.cause, earlier.explained));
                let (cause, explained) = (self.cause.or(cause), self.explained.or(explained));
                Some(Diagnosis { findings, cause, explained, by: context.actor.user, at: context.when.clone() })
            }
        };
        Ok(Decision::flagged(order, flags))
    }
}

/// Work begins. Only after the customer confirmed the quote, unless the order type is free of charge.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Start {}

impl Payload for Start {
    type Record = WorkOrder;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, record: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        record.and_then(|order| order.shutdown).map(Need::record).into_iter().collect()
    }
}

impl Change for Start {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let at = context.when.clone();
        let what = Step { verb: "start", note: None };
        let (progress, order) = step(order, context, what, |s| s >= Status::Working, |s| s.start(at))?;
        let mut flags = progress.flags();
        if progress == Progress::Moved {
            flags.extend(order.may_be_worked_on(context)?);
            let shutdown = order.shutdown.and_then(|id| context.related.get(id));
            flags.extend(shutdown.map(|shutdown| order_may_begin(shutdown, context)).transpose()?.flatten());
        }
        Ok(Decision::flagged(order, flags))
    }
}

/// Work is done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finish {
    /// What was done; at most 4,000 characters. Becomes a note of the order.
    pub summary: Option<String>,
}

impl Payload for Finish {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { summary: Some("Trap seal replaced, tested for ten minutes".into()) }
    }

    fn check(&self, check: &mut Check) {
        check.optional_text("/summary", self.summary.as_deref(), 4000);
    }
}

impl Change for Finish {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let at = context.when.clone();
        let what = Step { verb: "finish", note: None };
        let complete = order.has_photos_to_finish();
        let paused_meanwhile = order.was_paused_unseen(context);
        let finish = |state: State| if paused_meanwhile { state.finish_though_paused(at) } else { state.finish(at) };
        let (progress, mut order) = step(order, context, what, |s| s >= Status::Finished, finish)?;
        if progress == Progress::Moved {
            complete?;
            order.clocks.resumed(context.op, &context.when, &order.policy);
        }
        if let Some(text) = self.summary.filter(|text| !text.trim().is_empty()) {
            let (by, at) = (context.actor.user, context.when.clone());
            WorkOrder::push(&mut order.notes, Note { op: context.op, text, by, at, void: None })?;
        }
        let mut flags = progress.flags();
        flags.extend((paused_meanwhile && progress == Progress::Moved).then(|| Flag::PausedMeanwhile.into()));
        flags.extend(order.beyond_confirmed(context).filter(|_| progress == Progress::Moved));
        Ok(Decision::flagged(order, flags))
    }
}

/// Material was used: a quantity, never a new total. Always accepted; it has happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UseMaterial {
    /// The item of the price list, if it is one.
    pub item: Option<PriceItemId>,
    /// What it is called; 1 to 200 characters.
    pub name: String,
    /// How much, in thousandths of the unit.
    pub quantity_milli: Quantity,
    /// The unit; 1 to 30 characters.
    pub unit: String,
    /// Where it came from, if it is kept in stock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<FromStock>,
}

impl Payload for UseMaterial {
    type Record = WorkOrder;

    fn example() -> Self {
        let (name, quantity_milli, unit) = ("Copper pipe 15 mm".into(), Quantity(3000), "m".into());
        Self { item: None, name, quantity_milli, unit, stock: None }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        self.quantity_milli.check(check, "/quantity_milli");
        check.text("/unit", &self.unit, 1..=30);
        if let Some(stock) = &self.stock {
            stock.check(check);
        }
    }

    fn needs(&self, record: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        let stock = self.stock.as_ref().map(|stock| stock.needs(record, actor)).unwrap_or_default();
        // What it is worth depends on for whom it is used.
        let priced = self.item.is_some() || self.stock.is_some();
        let customer = record.and_then(|order| order.customer).map(Need::record);
        let whom = [Some(Need::record(Id::<Organisation>::new(actor.org))), customer];
        let whom = whom.into_iter().flatten().filter(|_| priced);
        stock.into_iter().chain(self.item.map(Need::record)).chain(whom).collect()
    }
}

impl Change for UseMaterial {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let mut flags = flags(addition(&order, context)?);
        let taken = self.stock.map(|stock| stock.take(&order, self.quantity_milli, &self.unit, context)).transpose()?;
        let (stock, (also, noticed)) = taken.map_or_else(Default::default, |(taken, beside)| (Some(taken), beside));
        flags.extend(noticed);
        let worth = worth(&order, self.item, (self.quantity_milli, &self.unit), stock.as_ref(), context);
        let material = MaterialUse {
            op: context.op,
            item: self.item,
            name: self.name,
            quantity_milli: self.quantity_milli,
            unit: self.unit,
            stock,
            worth,
            by: context.actor.user,
            at: context.when.clone(),
            void: None,
        };
        WorkOrder::push(&mut order.materials, material)?;
        Ok(Decision { record: Some(order), also, flags })
    }
}

/// A working time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordLabour {
    /// From.
    pub from: DateTime<Utc>,
    /// Until; at most 48 hours later.
    pub until: DateTime<Utc>,
    /// What was done; at most 1,000 characters.
    pub note: Option<String>,
}

/// Longest single working time; anything longer is a slip of the finger.
const LONGEST_SHIFT: Duration = Duration::hours(48);

impl Payload for RecordLabour {
    type Record = WorkOrder;

    fn example() -> Self {
        let from = chrono::DateTime::UNIX_EPOCH + Duration::days(20_600);
        Self { from, until: from + Duration::minutes(45), note: None }
    }

    fn check(&self, check: &mut Check) {
        check.span("", self.from, self.until);
        if self.until.signed_duration_since(self.from) > LONGEST_SHIFT {
            check.error("/until", "out_of_range", "at most 48 hours after `from`");
        }
        check.optional_text("/note", self.note.as_deref(), 1000);
    }

    fn needs(&self, _: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        vec![Need::Labour { technician: actor.user.uuid(), from: self.from, until: self.until }]
    }
}

impl Change for RecordLabour {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let mut flags = flags(addition(&order, context)?);
        let overlapping = &context.related.labour;
        if !overlapping.is_empty() {
            let orders: Vec<_> = overlapping.iter().map(|other| other.work_order).collect();
            flags.push(Flagged::with(Flag::OverlappingTimes, json!({ "orders": orders })));
        }
        let RecordLabour { from, until, note } = self;
        let labour = Labour { op: context.op, from, until, note, by: context.actor.user, void: None };
        WorkOrder::push(&mut order.labour, labour)?;
        Ok(Decision::flagged(order, flags))
    }
}

/// A note on the order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddNote {
    /// The text; 1 to 4,000 characters.
    pub text: String,
}

impl Payload for AddNote {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { text: "Dog in the flat, ring first".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/text", &self.text, 1..=4000);
    }
}

impl Change for AddNote {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let overtaken = addition(&order, context)?;
        let (by, at) = (context.actor.user, context.when.clone());
        WorkOrder::push(&mut order.notes, Note { op: context.op, text: self.text, by, at, void: None })?;
        Ok(Decision::flagged(order, flags(overtaken)))
    }
}

/// Takes an entry (material, reservation, working time, note, photo) back, with the reason. The entry stays and no longer
/// counts; material goes back to where it was taken from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoidEntry {
    /// The operation that recorded the entry.
    pub entry: Uuid,
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for VoidEntry {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { entry: uuid::uuid!("01930000-0000-7000-8000-000000000040"), reason: "Typed on the wrong order".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, record: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        record.map(|order| needs_to_put_back(order, self.entry)).unwrap_or_default()
    }
}

impl Change for VoidEntry {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let mut flags = flags(addition(&order, context)?);
        let kept_back = order.reservations.iter().any(|entry| entry.op == self.entry);
        // Who keeps the stock releases what is kept back; the rest of the order is not theirs.
        if context.actor.role == Role::Storekeeper && !kept_back {
            return Err(Refusal::Forbidden);
        }
        let (also, noticed) = put_back(&order, self.entry, &self.reason, context)?;
        flags.extend(noticed);
        let materials = order.materials.iter_mut().map(|e| (e.op, e.by, &mut e.void));
        let reserved = order.reservations.iter_mut().map(|e| (e.op, e.by, &mut e.void));
        let labour = order.labour.iter_mut().map(|e| (e.op, e.by, &mut e.void));
        let notes = order.notes.iter_mut().map(|e| (e.op, e.by, &mut e.void));
        let photos = order.photos.iter_mut().map(|e| (e.op, e.by, &mut e.void));
        let entry =
            materials.chain(reserved).chain(labour).chain(notes).chain(photos).find(|(op, ..)| *op == self.entry);
        let (_, by, void) = entry.ok_or(Refusal::EntryUnknown)?;
        if context.by_technician() && by != context.actor.user {
            return Err(Refusal::Forbidden);
        }
        if void.is_none() {
            let (op, by, at) = (context.op, context.actor.user, context.when.clone());
            *void = Some(Void { op, by, at, reason: self.reason });
        }
        Ok(Decision { record: Some(order), also, flags })
    }
}

impl WorkOrder {
    /// Work goes on although more was found and quoted than the customer has confirmed, and whoever does it knows that. It has happened, and
    /// is never charged beyond what they confirm and sign; but somebody is to know.
    pub(super) fn beyond_confirmed(&self, context: &Context<'_>) -> Option<Flagged> {
        let newest = self.newest_quote().filter(|newest| newest.confirmed.is_none() && context.saw(newest.rev))?;
        if self.policy.free_of_charge {
            return None;
        }
        let detail = json!({ "confirmed": self.confirmed_quote().map(|quote| quote.id), "newest": newest.id });
        Some(Flagged::with(Flag::QuoteChangedMeanwhile, detail))
    }

    /// Whether work may go on: free of charge, or under the quote that the customer confirmed. A quote that the
    /// office changed while the phone was away does not undo the customer's word; it is flagged.
    fn may_be_worked_on(&self, context: &Context<'_>) -> Result<Option<Flagged>, Refusal> {
        if self.policy.free_of_charge {
            return Ok(None);
        }
        let newest = self.newest_quote().ok_or(Refusal::QuoteNotConfirmed)?;
        if newest.confirmed.is_some() {
            return Ok(None);
        }
        let confirmed = self.confirmed_quote().ok_or(Refusal::QuoteNotConfirmed)?;
        if context.mode == Mode::Recorded && !context.saw(newest.rev) {
            let detail = json!({ "confirmed": confirmed.id, "newest": newest.id });
            return Ok(Some(Flagged::with(Flag::QuoteChangedMeanwhile, detail)));
        }
        Err(Refusal::QuoteNotConfirmed)
    }
}
