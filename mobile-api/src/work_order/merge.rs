//! Two orders for one fault become one.

use serde::{Deserialize, Serialize};

use super::{MergedFrom, State, Status, Window, WorkOrder, clocks::Agreement, record::MOST_ENTRIES};
use crate::{
    actor::Actor,
    ids::{Id, WorkOrderId},
    maintenance::Shutdown,
    operation::{Change, Context, Decision, Need, Payload},
    photo,
    record::Record,
    refusal::{Flag, Refusal},
};

/// This order is a duplicate: everything on it goes to the other, its id stays as an alias.
///
/// The order on which the customer gave their word – confirmed a quote or signed – is the one that must stay; it is
/// refused as a duplicate, so that the word can neither vanish nor be taken for one about other work.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Merge {
    /// The order that stays.
    pub into: WorkOrderId,
}

impl Payload for Merge {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { into: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000030")) }
    }

    fn needs(&self, record: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        let shutdown = record.and_then(|order| order.shutdown).map(Need::record);
        std::iter::once(Need::record(self.into)).chain(shutdown).collect()
    }
}

impl Change for Merge {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let from = order.status();
        if from.is_over() {
            return Err(Refusal::IllegalTransition { from, operation: "merge" });
        }
        let mut target = usable_target(&order, self.into, context)?.clone();
        if let Some(word) = customers_word(&order) {
            return Err(Refusal::StillInUse { what: format!("{word}; this is the order that must stay") });
        }
        let was = order.technician();
        let reason = format!("merged into {}", target.number.as_deref().unwrap_or("another order"));
        let stands_still = shutdown_of(&order, &target, context);
        move_visit(&mut order, &mut target)?;
        move_entries(&mut order, &mut target)?;
        let (id, number, recorded_by) = (order.id, order.number.clone(), order.recorded_by);
        target.merged_from.push(MergedFrom { id, number, recorded_by });
        target.merged_from.append(&mut order.merged_from);
        order.merged_into = Some(target.id);
        order.log_end(context, "merge", Some(&reason));
        let (cancelled, by, rev) = (context.when.clone(), context.actor.user, context.rev);
        order.state = State::Cancelled { cancelled, by, rev, reason, was };
        let also = std::iter::once(target.into()).chain(stands_still).collect();
        Ok(Decision { record: Some(order), also, flags: Vec::new() })
    }
}

/// The shutdown for which the duplicate was made, if it goes to the other order: it has to know under which number the work is done.
fn shutdown_of(order: &WorkOrder, target: &WorkOrder, context: &Context<'_>) -> Option<Record> {
    let shutdown: &Shutdown =
        order.shutdown.filter(|_| target.shutdown.is_none()).and_then(|id| context.related.get(id))?;
    let of_this = shutdown.order == Some(order.id);
    of_this.then(|| Shutdown { order: Some(target.id), ..shutdown.clone() }.into())
}

/// An order of the same site that will itself be done, or was.
fn usable_target<'a>(
    order: &WorkOrder,
    into: Id<WorkOrder>,
    context: &'a Context<'_>,
) -> Result<&'a WorkOrder, Refusal> {
    let usable =
        |other: &&WorkOrder| other.id != order.id && other.site == order.site && other.status() != Status::Cancelled;
    context.related.get(into).filter(usable).ok_or(Refusal::BadReference { pointer: "/into".into() })
}

fn customers_word(order: &WorkOrder) -> Option<&'static str> {
    if !order.sign_offs.is_empty() {
        Some("the customer signed for this order")
    } else if order.quotes.iter().any(|quote| quote.confirmed.is_some()) {
        Some("the customer confirmed a quote of this order")
    } else {
        None
    }
}

/// Moves what tells who was on the way, who promised what, and at what price. It is kept beside what the other
/// order has of its own, and is in force only where that has nothing.
fn move_visit(order: &mut WorkOrder, target: &mut WorkOrder) -> Result<(), Refusal> {
    // Their phones may still hold work for the duplicate; with their assignment it comes as overtaken, not as a
    // stranger's. Revisions of the duplicate mean nothing here.
    for assignment in &mut order.assignments {
        (assignment.rev, assignment.ended_rev) = (0, Some(0));
    }
    let own = std::mem::replace(&mut target.assignments, std::mem::take(&mut order.assignments));
    append(&mut target.assignments, own)?;

    for entry in &mut order.timeline {
        entry.overtaken.get_or_insert(Flag::PossibleDuplicate);
    }
    append(&mut target.timeline, std::mem::take(&mut order.timeline))?;

    if target.appointment().is_none()
        && let Some(agreed) = order.appointment()
    {
        let (since, status) = (target.recorded.latest, target.status());
        let (op, consented, consented_by) = (agreed.op, &agreed.consented, agreed.consented_by.as_str());
        let Window { from, until } = agreed.window;
        let agreement = Agreement { op, consented, consented_by, from, until };
        target.clocks.agreed(status, since, agreement, &target.policy);
    }
    let own = std::mem::replace(&mut target.appointments, std::mem::take(&mut order.appointments));
    append(&mut target.appointments, own)?;
    target.preferred = target.preferred.or(order.preferred);
    target.shutdown = target.shutdown.or(order.shutdown);

    let mut revision = target.quotes.last().map_or(0, |last| last.revision);
    for mut quote in order.quotes.drain(..) {
        revision += 1;
        quote.revision = revision;
        quote.overtaken.get_or_insert(Flag::PossibleDuplicate);
        WorkOrder::push(&mut target.quotes, quote)?;
    }
    Ok(())
}

/// Moves what was found, used, worked, noted, photographed and paid.
fn move_entries(order: &mut WorkOrder, target: &mut WorkOrder) -> Result<(), Refusal> {
    append(&mut target.materials, std::mem::take(&mut order.materials))?;
    append(&mut target.reservations, std::mem::take(&mut order.reservations))?;
    append(&mut target.labour, std::mem::take(&mut order.labour))?;
    append(&mut target.notes, std::mem::take(&mut order.notes))?;
    photo::append(&mut target.photos, std::mem::take(&mut order.photos))?;
    append(&mut target.payments, std::mem::take(&mut order.payments))?;
    append(&mut target.found_by, std::mem::take(&mut order.found_by))?;
    target.complaint = target.complaint.or(order.complaint);
    // What is mended again under warranty stays free, under whichever number.
    if let Some(origin) = order.rework_of.filter(|origin| target.rework_of.is_none() && *origin != target.id) {
        target.rework_of = Some(origin);
        target.policy.free_of_charge = true;
    }
    append(&mut target.refunds, std::mem::take(&mut order.refunds))?;
    append(&mut target.rejections, std::mem::take(&mut order.rejections))?;
    // Findings also stand in the timeline, so those that find the place taken are not lost.
    if target.diagnosis.is_none() {
        target.diagnosis = order.diagnosis.take();
    }
    Ok(())
}

fn append<T>(entries: &mut Vec<T>, more: Vec<T>) -> Result<(), Refusal> {
    if entries.len() + more.len() > MOST_ENTRIES {
        return Err(Refusal::TooManyEntries);
    }
    entries.extend(more);
    Ok(())
}
