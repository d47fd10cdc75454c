//! What an order says for the figures.

use super::Material;
use crate::{
    evidence,
    ids::{OrderTypeId, SiteId, TeamId, UserId, WorkOrderId},
    time::Timestamp,
    work_order::{Status, WorkOrder},
};

/// What one order says for the figures, from the moment at which its work is settled: signed for, or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The order.
    pub order: WorkOrderId,
    /// When its work was settled. It counts in the period in which this lies.
    pub settled_at: Timestamp,
    /// When the call came.
    pub called_at: Timestamp,
    /// Who did the work: the last one whose order it was.
    pub technician: Option<UserId>,
    /// The crew.
    pub team: Option<TeamId>,
    /// The site.
    pub site: SiteId,
    /// The sort of job.
    pub order_type: OrderTypeId,
    /// What became of its deadline; `None` if there is none, or it waits no longer for anything.
    pub deadline: Option<evidence::Verdict>,
    /// Whether the work was good at once; `None` if nobody signed.
    pub passed: Option<bool>,
    /// Seconds from the call until somebody was there, without pauses, in the hours in which the clock runs; at most, by the
    /// evidence.
    pub response_seconds: Option<i64>,
    /// Seconds from the call until it was settled.
    pub resolution_seconds: i64,
    /// Minutes worked, of all together.
    pub labour_minutes: i64,
    /// Whether it does earlier work again.
    pub rework: bool,
    /// What its material is worth; `None` if none was used.
    pub material: Option<Material>,
    /// The return visit.
    pub visit: Option<Visit>,
}

/// What became of the return visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// By when the customer was to be called.
    pub due: Timestamp,
    /// Whether nobody could reach the customer, as often as the organisation tries.
    pub unreachable: bool,
    /// What the customer said.
    pub satisfied: Option<Satisfied>,
}

/// What a customer says of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Satisfied {
    /// Satisfied.
    Yes,
    /// Fair.
    Fair,
    /// Dissatisfied.
    No,
}

impl Facts {
    /// What this order says; `None` while its work is not settled, and of orders that were cancelled or merged into others.
    pub fn of(order: &WorkOrder) -> Option<Self> {
        if order.status() == Status::Cancelled || order.merged_into.is_some() {
            return None;
        }
        let signed = order.primary_sign_off().map(|sign_off| sign_off.at.latest);
        let settled_at = [signed, order.over_since()].into_iter().flatten().min()?;
        let last = order.assignments.last().map(|assignment| assignment.technician);
        let worked = order.labour.iter().filter(|labour| labour.void.is_none());
        Some(Self {
            order: order.id,
            settled_at,
            called_at: order.called_at,
            technician: order.technician().or(last),
            team: order.team,
            site: order.site,
            order_type: order.order_type,
            deadline: order.clocks.headline().and_then(|clock| clock.verdict),
            passed: order.passed(),
            response_seconds: response(order),
            resolution_seconds: (settled_at - order.called_at).num_seconds().max(0),
            labour_minutes: worked.map(|labour| (labour.until - labour.from).num_minutes()).sum(),
            rework: order.rework_of.is_some(),
            material: Material::of(order),
            visit: None,
        })
    }
}

/// How long it took until somebody answered the call: at the door, or by telephone where that is what is waited for.
fn response(order: &WorkOrder) -> Option<i64> {
    let clock = order.clocks.respond.as_ref().or(order.clocks.arrive.as_ref())?;
    let stopped = clock.stopped.as_ref()?;
    let (_, most) = clock.used(stopped, order.policy.hours.as_ref());
    Some(most.num_seconds())
}
