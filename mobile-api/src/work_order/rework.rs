//! Work that is mended again (返修): found when the request comes in, linked by a person, and free within the warranty
//! (保修).

use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Status, WorkOrder};
use crate::{
    actor::Actor,
    ids::{Id, WorkOrderId},
    operation::{Change, Context, Decision, Need, Payload, Subject, WorkDone},
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
};

impl WorkOrder {
    /// Whether it is about this unit or asset.
    pub fn is_at(&self, about: &Subject) -> bool {
        Subject::of(self).is_same(about)
    }

    /// Until when the customer may call again about it for nothing: so many days from the signature, as the order type had
    /// it when the order was made, or an item when it was quoted – whichever is longest. Only what the customer confirmed counts.
    pub fn warranty_until(&self) -> Option<Timestamp> {
        let confirmed = self.quotes.iter().filter(|quote| quote.confirmed.is_some() && quote.overtaken.is_none());
        let of_items = confirmed.flat_map(|quote| quote.lines.iter().filter_map(|line| line.warranty_days));
        let days = Duration::days(of_items.chain(self.policy.warranty_days).max()?.into());
        let signed = self.primary_sign_off().filter(|_| self.status() != Status::Cancelled)?;
        signed.at.latest.checked_add_signed(days)
    }

    /// Whether the work was good at once: accepted the first time, and not done again. `None` until it was signed for.
    pub fn passed(&self) -> Option<bool> {
        self.primary_sign_off()?;
        Some(self.rejections.is_empty() && self.reworked_by.is_empty())
    }
}

/// Work of the same sort at the same place whose warranty had not ended when the customer called: a person is asked
/// whether this is the same fault again.
pub(super) fn perhaps_rework(work: &[WorkDone], order_type: Uuid, called_at: Timestamp) -> Option<Flagged> {
    let same = |done: &&WorkDone| {
        done.order_type == order_type && done.signed_at <= called_at && called_at <= done.warranty_until
    };
    let origins: Vec<_> = work
        .iter()
        .filter(same)
        .map(|done| json!({ "order": done.work_order, "fault": done.fault, "warranty_until": done.warranty_until }))
        .collect();
    (!origins.is_empty()).then(|| Flagged::with(Flag::PossibleRework, json!({ "origins": origins })))
}

/// This order mends what another did not: it is free, and counts against that one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkRework {
    /// The order whose work has to be done again; one that was signed for, at the same unit.
    pub origin: WorkOrderId,
}

impl Payload for LinkRework {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { origin: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000031")) }
    }

    fn needs(&self, _: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        vec![Need::record(self.origin)]
    }
}

impl Change for LinkRework {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let from = order.status();
        if from >= Status::SignedOff || order.rework_of.is_some() {
            return Err(Refusal::IllegalTransition { from, operation: "link_rework" });
        }
        let usable = |origin: &&WorkOrder| {
            let place = origin.site == order.site && (origin.unit == order.unit || origin.is_at(&Subject::of(&order)));
            place && origin.id != order.id && origin.primary_sign_off().is_some() && origin.merged_into.is_none()
        };
        let origin = context.related.get(self.origin).filter(usable);
        let mut origin = origin.ok_or(Refusal::BadReference { pointer: "/origin".into() })?.clone();
        WorkOrder::push(&mut origin.reworked_by, order.id)?;
        // However full its timeline is: what was done badly must not be without its consequence.
        origin.log_end(context, "reworked", order.number.as_deref());
        order.rework_of = Some(origin.id);
        order.policy.free_of_charge = true;
        order.log(context, "link_rework", origin.number.as_deref(), None)?;
        Ok(Decision { record: Some(order), also: vec![origin.into()], flags: Vec::new() })
    }
}
