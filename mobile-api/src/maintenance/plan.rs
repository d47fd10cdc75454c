//! The plan as a record.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{MeasureKind, StopKind, Triggers};
use crate::{
    actor::Actor,
    check::Check,
    evidence::When,
    ids::{AssetId, InspectionId, MaintenancePlanId, OrderTypeId, ShutdownId, SiteId, TemplateId, UserId, WorkOrderId},
    inspection::Assignee,
    record::{Kind, Reach, RecordType},
    time::Timestamp,
    work_order::Priority,
};

/// How many skipped turns a plan remembers one by one.
const KEPT_SKIPPED: usize = 50;

/// Work on an asset that comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MaintenancePlan {
    /// Its id.
    pub id: MaintenancePlanId,
    /// What people call it.
    pub name: String,
    /// The asset.
    pub asset: AssetId,
    /// The asset's site.
    pub site: SiteId,
    /// What is to be done, and by whom.
    pub job: PlannedJob,
    /// When.
    pub triggers: Triggers,
    /// How many orders it has made: the number of the last turn.
    #[serde(default)]
    pub turns: u32,
    /// Until when the turns of the calendar are dealt with: made or skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dealt_until: Option<DateTime<Utc>>,
    /// The turn whose order is not done. There is one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<MadeTurn>,
    /// The last turn that was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastTurn>,
    /// Where each counter stood when the work was last done, or where it began, in thousandths.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counted_from: BTreeMap<String, i64>,
    /// Readings until then have been weighed: what they told was done, or called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighed_until: Option<DateTime<Utc>>,
    /// Turns that were not made into orders, the newest last; the last 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedTurn>,
    /// How many were skipped in all.
    #[serde(default)]
    pub skipped_count: u64,
    /// When it is to be looked at next; absent while only a reading, or the end of its order, can make it due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_at: Option<DateTime<Utc>>,
    /// Why it makes no orders at present: its asset is gone, its sort of order is not used any more. Saving it anew starts it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<PlanEnd>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<PlanEnd>,
}

/// What is to be done at each turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedJob {
    /// What sort of order.
    pub order_type: OrderTypeId,
    /// What is to be done; 1 to 4,000 characters.
    pub text: String,
    /// How long it takes, in minutes; 1 to 10,080, which is a week.
    pub minutes: u32,
    /// Within how many hours of being due somebody is to be there; 1 to 2,160, which is ninety days.
    #[serde(default = "a_day")]
    pub within_hours: u32,
    /// How urgent it is.
    pub priority: Priority,
    /// Whose it is; nobody: the office assigns it.
    #[serde(default)]
    pub assignee: Assignee,
    /// The form to fill in: an inspection is planned with each order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateId>,
    /// What stands still for it: a shutdown is drafted with each order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stoppage: Option<Stoppage>,
}

fn a_day() -> u32 {
    24
}

/// What stands still while the work is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stoppage {
    /// What; at least one.
    pub stops: Vec<StopKind>,
    /// For how many minutes; 1 to 20,160, which is two weeks.
    pub minutes: u32,
    /// What people are told; at most 2,000 characters.
    #[serde(default)]
    pub text: String,
    /// What must be ready before it begins; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<PlannedMeasure>,
}

/// Something that must be ready before it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedMeasure {
    /// What sort of thing.
    pub kind: MeasureKind,
    /// What; 1 to 500 characters.
    pub text: String,
}

/// Why a turn was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum TurnReason {
    /// Its day came.
    Calendar,
    /// A counter is there, or soon will be.
    Counter {
        /// The meter's code.
        meter: String,
        /// Where it counted from, in thousandths.
        since_milli: i64,
    },
    /// Readings lay beyond the limits.
    Condition {
        /// The meter's code.
        meter: String,
    },
    /// Somebody did not want to wait.
    Hand {
        /// Who.
        user: UserId,
        /// Why.
        reason: String,
    },
}

/// A turn with its order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeTurn {
    /// Its number; the first is 1.
    pub turn: u32,
    /// Why it was made.
    pub reason: TurnReason,
    /// When it is due.
    pub due: DateTime<Utc>,
    /// Its order.
    pub order: WorkOrderId,
    /// Its inspection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspection: Option<InspectionId>,
    /// Its shutdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shutdown: Option<ShutdownId>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

/// A turn that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastTurn {
    /// Its number.
    pub turn: u32,
    /// When it was due.
    pub due: DateTime<Utc>,
    /// Its order.
    pub order: WorkOrderId,
    /// When it was done.
    pub done_at: DateTime<Utc>,
}

/// Why a turn has no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// It fell due while another order was open, or its order was merged into another: that work counts for both.
    OrderOpen,
    /// A later turn was due as well when the server came to it, after having been down: one order is enough.
    Overtaken,
    /// Its order was cancelled.
    Cancelled,
}

/// A turn without an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SkippedTurn {
    /// When it was due.
    pub due: DateTime<Utc>,
    /// Why.
    pub reason: SkipReason,
    /// The order that was open, or that was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkOrderId>,
}

/// The end of a plan, which may be begun again or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanEnd {
    /// Why.
    pub reason: String,
    /// Who said so; the server itself if it stopped.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// Which turn of which plan an order is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanOf {
    /// The plan.
    pub plan: MaintenancePlanId,
    /// The number of the turn.
    pub turn: u32,
    /// When it is due.
    pub due: DateTime<Utc>,
    /// How long it is thought to take, in minutes.
    pub minutes: u32,
    /// Whether the plan was withdrawn, and the order with it.
    #[serde(default)]
    pub withdrawn: bool,
}

impl MaintenancePlan {
    /// Whether it makes orders.
    pub fn is_active(&self) -> bool {
        self.withdrawn.is_none() && self.stopped.is_none()
    }

    pub(super) fn skip(&mut self, due: Timestamp, reason: SkipReason, order: Option<WorkOrderId>) {
        self.skipped_count += 1;
        self.skipped.push(SkippedTurn { due, reason, order });
        let surplus = self.skipped.len().saturating_sub(KEPT_SKIPPED);
        self.skipped.drain(..surplus);
    }
}

impl Stoppage {
    pub(super) fn check(&self, check: &mut Check, pointer: &str) {
        check_stops(check, &format!("{pointer}/stops"), &self.stops);
        check.number(&format!("{pointer}/minutes"), self.minutes.into(), 1..=20_160);
        check.text(&format!("{pointer}/text"), &self.text, 0..=2000);
        check_measures(check, &format!("{pointer}/measures"), &self.measures);
    }
}

/// Notes an error if nothing stops, or something twice.
pub(super) fn check_stops(check: &mut Check, pointer: &str, stops: &[StopKind]) {
    check.count(pointer, stops.len(), 1..=StopKind::ALL.len());
    if stops.iter().enumerate().any(|(at, stop)| stops[..at].contains(stop)) {
        check.error(pointer, "duplicate", "each once");
    }
}

/// Notes what is wrong with a list of measures.
pub(super) fn check_measures(check: &mut Check, pointer: &str, measures: &[PlannedMeasure]) {
    check.count(pointer, measures.len(), 0..=super::shutdown::MOST_MEASURES);
    for (at, measure) in measures.iter().enumerate().take(super::shutdown::MOST_MEASURES) {
        check.text(&format!("{pointer}/{at}/text"), &measure.text, 1..=500);
    }
}

// Plans are the office's; what they make comes to the phones by itself, hence the empty `reach`.
impl RecordType for MaintenancePlan {
    const KIND: Kind = Kind::MaintenancePlan;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() && actor.covers_site(self.site)
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        Vec::new()
    }
}
