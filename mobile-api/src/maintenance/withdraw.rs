//! A plan ends.

use serde::{Deserialize, Serialize};

use super::{MadeTurn, MaintenancePlan, PlanEnd, Shutdown};
use crate::{
    actor::Actor,
    check::Check,
    inspection::{Inspection, InspectionState},
    operation::{Change, Context, Decision, Need, Payload},
    record::Record,
    refusal::Refusal,
    work_order::WorkOrder,
};

/// What stands in a record for the revision that ended it behind the back of whoever has it on their phone: the plan's rules do not
/// know the revisions of what it made. Nobody has seen it, so what is recorded all the same is kept and flagged.
pub(super) const NEVER_SEEN: u64 = (1 << 53) - 1;

/// Ends a plan. Its order is cancelled, unless somebody has begun: then it is done to its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithdrawPlan {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for WithdrawPlan {
    type Record = MaintenancePlan;

    fn example() -> Self {
        Self { reason: "The lift is under contract with its maker now".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, record: Option<&MaintenancePlan>, _: &Actor) -> Vec<Need> {
        record.and_then(|plan| plan.open.as_ref()).map(MadeTurn::needs).unwrap_or_default()
    }
}

impl Change for WithdrawPlan {
    fn decide(self, mut plan: MaintenancePlan, context: &Context<'_>) -> Result<Decision<MaintenancePlan>, Refusal> {
        if plan.withdrawn.is_some() {
            return Err(Refusal::PlanWithdrawn);
        }
        let also = plan.call_off(&self.reason, context);
        if !also.is_empty() {
            plan.open = None;
        }
        let (by, at) = (context.actor.user, context.when.clone());
        plan.withdrawn = Some(PlanEnd { reason: self.reason, by, at });
        plan.look_at = None;
        Ok(Decision { record: Some(plan), also, flags: Vec::new() })
    }
}

impl MaintenancePlan {
    /// What it made and nobody has begun does not count any more; nothing, if somebody has.
    fn call_off(&self, reason: &str, context: &Context<'_>) -> Vec<Record> {
        let Some(open) = &self.open else { return Vec::new() };
        let order: Option<&WorkOrder> = context.related.get(open.order);
        let Some(order) = order.filter(|order| order.is_not_begun()) else { return Vec::new() };
        let mut order = order.clone();
        order.call_off(reason, context, NEVER_SEEN);
        let mut also: Vec<Record> = vec![order.into()];
        also.extend(open.call_off(reason, context));
        also
    }
}

impl MadeTurn {
    /// The records that go with its order.
    pub(super) fn needs(&self) -> Vec<Need> {
        let order = Some(Need::record(self.order));
        order.into_iter().chain(self.inspection.map(Need::record)).chain(self.shutdown.map(Need::record)).collect()
    }

    /// What goes with its order and nobody has begun does not count any more.
    pub(super) fn call_off(&self, reason: &str, context: &Context<'_>) -> Vec<Record> {
        let (related, mut also) = (context.related, Vec::new());
        let shutdown: Option<&Shutdown> = self.shutdown.and_then(|id| related.get(id));
        if let Some(shutdown) = shutdown.filter(|shutdown| shutdown.is_not_begun()) {
            let mut shutdown = shutdown.clone();
            shutdown.withdraw(reason, context, NEVER_SEEN);
            also.push(shutdown.into());
        }
        let inspection: Option<&Inspection> = self.inspection.and_then(|id| related.get(id));
        if let Some(inspection) = inspection.filter(|inspection| inspection.state == InspectionState::Planned) {
            let mut inspection = inspection.clone();
            inspection.void(reason.to_owned(), context, NEVER_SEEN);
            also.push(inspection.into());
        }
        also
    }
}

/// The shutdown of an order that is cancelled: if nobody has begun it, those affected are told that it will not be.
pub(crate) fn called_off_with(order: &WorkOrder, reason: &str, context: &Context<'_>) -> Option<Shutdown> {
    let shutdown: &Shutdown = order.shutdown.and_then(|id| context.related.get(id))?;
    let goes = shutdown.is_not_begun() && shutdown.order == Some(order.id);
    goes.then(|| {
        let mut shutdown = shutdown.clone();
        shutdown.withdraw(&format!("its order was cancelled: {reason}"), context, NEVER_SEEN);
        shutdown
    })
}
