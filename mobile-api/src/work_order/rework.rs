//! Work that is mended again (返修): found when the request comes in, linked by a person, and free within the warranty
//! (保修).

use std::collections::BTreeMap;

use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Status, WorkOrder};
use crate::{
    actor::{Actor, Role},
    check::Check,
    ids::{Id, WorkOrderId},
    operation::{Change, Context, Decision, Need, Payload, Subject, WorkDone},
    refusal::{Flag, Flagged, Refusal},
    return_visit::plan::was_asked_for,
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

/// How alike the words of two faults must be, in per cent, for another sort of job to be taken for the same fault.
const ALIKE: u32 = 50;

/// What somebody called about.
pub(super) struct Call<'c> {
    /// The unit or asset.
    pub(super) about: Subject,
    /// What sort of job it is taken for.
    pub(super) order_type: Uuid,
    /// What is wrong.
    pub(super) fault: &'c str,
    /// When.
    pub(super) at: Timestamp,
}

/// Work at the same place whose warranty had not ended when the customer called, of the same sort or with much the same
/// fault: a person is asked whether it is the same again, the most alike first.
pub(super) fn perhaps_rework(work: &[WorkDone], call: &Call<'_>) -> Option<Flagged> {
    let under_warranty = |done: &&WorkDone| {
        done.about.is_same(&call.about) && done.signed_at <= call.at && call.at <= done.warranty_until
    };
    let told = work.iter().filter(under_warranty).map(|done| (alike(&done.fault, call.fault), done));
    let mut origins: Vec<_> =
        told.filter(|(alike, done)| done.order_type == call.order_type || *alike >= ALIKE).collect();
    origins.sort_by_key(|(alike, done)| (done.order_type != call.order_type, std::cmp::Reverse(*alike)));
    let told = |(alike, done): &(u32, &WorkDone)| {
        let WorkDone { work_order, fault, warranty_until, .. } = done;
        json!({ "order": work_order, "fault": fault, "warranty_until": warranty_until, "alike": alike })
    };
    let origins: Vec<_> = origins.iter().map(told).collect();
    (!origins.is_empty()).then(|| Flagged::with(Flag::PossibleRework, json!({ "origins": origins })))
}

/// How much of two texts is the same, in per cent: by pairs of neighbouring characters (Sørensen and Dice), which needs no
/// words and so serves Chinese as well. By hand, because `strsim` divides by the number of bytes, and takes two Chinese
/// texts for strangers.
fn alike(one: &str, other: &str) -> u32 {
    let pairs = |text: &str| {
        let letters: Vec<char> = text.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect();
        let mut pairs = BTreeMap::new();
        letters.windows(2).for_each(|pair| *pairs.entry([pair[0], pair[1]]).or_insert(0_u32) += 1);
        pairs
    };
    let (one, other) = (pairs(one), pairs(other));
    let common: u32 = one.iter().filter_map(|(pair, times)| Some(*times.min(other.get(pair)?))).sum();
    let all: u32 = one.values().chain(other.values()).sum();
    (200 * common).checked_div(all).unwrap_or(0)
}

/// This order mends what another did not: it is free, and counts against that one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkRework {
    /// The order whose work has to be done again; one that was signed for, at the same unit.
    pub origin: WorkOrderId,
    /// Why it is free although the warranty was over when the customer called; needed then, and for a manager or
    /// administrator to say. 1 to 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodwill: Option<String>,
}

impl Payload for LinkRework {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { origin: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000031")), goodwill: None }
    }

    fn check(&self, check: &mut Check) {
        if let Some(goodwill) = &self.goodwill {
            check.text("/goodwill", goodwill, 1..=1000);
        }
    }

    fn needs(&self, _: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        vec![Need::record(self.origin)]
    }
}

impl Change for LinkRework {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let (origin, called_at) = (origin_of(&order, self.origin, context)?, order.called_at);
        let under_warranty = origin.warranty_until().is_some_and(|until| called_at <= until);
        match &self.goodwill {
            None if !under_warranty => return Err(Refusal::WarrantyOver),
            Some(_) if !matches!(context.actor.role, Role::Admin | Role::Manager) => return Err(Refusal::Forbidden),
            _ => {}
        }
        link(order, origin, self.goodwill.as_deref(), context)
    }
}

/// The order that another mends, if it can be.
fn origin_of(order: &WorkOrder, origin: WorkOrderId, context: &Context<'_>) -> Result<WorkOrder, Refusal> {
    let usable = |origin: &&WorkOrder| {
        let place = origin.site == order.site && (origin.unit == order.unit || origin.is_at(&Subject::of(order)));
        place && origin.id != order.id && origin.primary_sign_off().is_some() && origin.merged_into.is_none()
    };
    let found = context.related.get(origin).filter(usable);
    found.cloned().ok_or(Refusal::BadReference { pointer: "/origin".into() })
}

/// The firm promised a customer who was not content that it is mended for nothing, whatever the warranty says.
pub(crate) fn link_as_promised(
    order: WorkOrder,
    origin: WorkOrderId,
    context: &Context<'_>,
) -> Result<Decision<WorkOrder>, Refusal> {
    let origin = origin_of(&order, origin, context)?;
    link(order, origin, None, context)
}

fn link(
    mut order: WorkOrder,
    mut origin: WorkOrder,
    goodwill: Option<&str>,
    context: &Context<'_>,
) -> Result<Decision<WorkOrder>, Refusal> {
    let from = order.status();
    if from >= Status::SignedOff || order.rework_of.is_some() {
        return Err(Refusal::IllegalTransition { from, operation: "link_rework" });
    }
    WorkOrder::push(&mut origin.reworked_by, order.id)?;
    // However full its timeline is: what was done badly must not be without its consequence.
    origin.log_end(context, "reworked", order.number.as_deref());
    order.rework_of = Some(origin.id);
    order.policy.free_of_charge = true;
    order.log(context, "link_rework", goodwill.or(origin.number.as_deref()), None)?;
    Ok(Decision { record: Some(order), also: vec![origin.into()], flags: Vec::new() })
}

/// It was another fault after all: the order costs what its type costs, and its origin is not to blame.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnlinkRework {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for UnlinkRework {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { reason: "The tap was new; it is the hose that drips".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, order: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        let origin = order.and_then(|order| order.rework_of).map(Need::record);
        order.map(|order| Need::record(order.order_type)).into_iter().chain(origin).collect()
    }
}

impl Change for UnlinkRework {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let from = order.status();
        let illegal = Refusal::IllegalTransition { from, operation: "unlink_rework" };
        // What was promised to somebody who was not content stays promised; what was signed for as free stays free.
        if from >= Status::SignedOff || was_asked_for(&order) {
            return Err(illegal);
        }
        let origin = order.rework_of.take().ok_or(illegal)?;
        order.policy.free_of_charge = context.related.get(order.order_type).is_some_and(|sort| sort.free_of_charge);
        order.log(context, "unlink_rework", Some(&self.reason), None)?;
        let mut also = Vec::new();
        if let Some(origin) = context.related.get(origin) {
            let mut origin: WorkOrder = origin.clone();
            origin.reworked_by.retain(|by| *by != order.id);
            origin.log_end(context, "not_reworked", Some(&self.reason));
            also.push(origin.into());
        }
        Ok(Decision { record: Some(order), also, flags: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::{ALIKE, alike};

    #[test]
    fn faults_are_compared_without_words() {
        let sink = "Water drips from under the sink";
        let cases = [
            (sink, "water dripping from under the SINK", true),
            ("厨房水槽下面漏水", "水槽下面又漏水了", true),
            (sink, sink, true),
            (sink, "The light in the hall does not work", false),
            ("厨房水槽下面漏水", "走廊的灯不亮", false),
        ];
        for (one, other, same) in cases {
            assert_eq!(alike(one, other) >= ALIKE, same, "{one} / {other}");
            assert_eq!(alike(one, other), alike(other, one), "either way round");
        }
        assert_eq!((alike(sink, sink), alike(sink, "灯不亮")), (100, 0));
    }
}
