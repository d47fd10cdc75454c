//! A shutdown as a record.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Affected, MaintenancePlan, ShutdownResult, Stoppage, plan::PlannedMeasure};
use crate::{
    actor::{Actor, Role},
    asset::Asset,
    evidence::When,
    ids::{AssetId, BuildingId, MaintenancePlanId, ShutdownId, SiteId, UnitId, UserId, WorkOrderId},
    inspection::Assignee,
    operation::Context,
    record::{Kind, Reach, RecordType, Ref},
    refusal::{Flag, Refusal},
    time::Timestamp,
    work_order::Window,
};

/// Most things that must be ready.
pub(super) const MOST_MEASURES: usize = 50;

/// Most steps in the history of one, and most editions of its notices.
const MOST_STEPS: usize = 500;

/// What can stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StopKind {
    /// Water (停水).
    Water,
    /// Power (停电).
    Power,
    /// Gas (停气).
    Gas,
    /// A lift (停梯).
    Lift,
    /// Business (停业).
    Business,
}

impl StopKind {
    /// All of them.
    pub const ALL: [StopKind; 5] =
        [StopKind::Water, StopKind::Power, StopKind::Gas, StopKind::Lift, StopKind::Business];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            StopKind::Water => "water",
            StopKind::Power => "power",
            StopKind::Gas => "gas",
            StopKind::Lift => "lift",
            StopKind::Business => "business",
        }
    }
}

/// What sort of thing must be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// An emergency measure (应急措施): a water cart, a guard at the stairs.
    Emergency,
    /// A tool (工具).
    Tool,
    /// A spare part (备件).
    Part,
}

/// Something that must be ready before it begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Measure {
    /// What sort of thing.
    pub kind: MeasureKind,
    /// What.
    pub text: String,
    /// Who found it ready, and when; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<ShutdownStep>,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShutdownStep {
    /// The operation.
    pub op: Uuid,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// A plan that stops water, power, gas, lifts or business (停水停电停梯作业).
///
/// Its steps are facts, each with who and when, and its status follows from them: an emergency takes some without the others, which are
/// made up for later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Shutdown {
    /// Its id.
    pub id: ShutdownId,
    /// The asset that is worked on.
    pub asset: AssetId,
    /// The asset's site.
    pub site: SiteId,
    /// Its building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<BuildingId>,
    /// Its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The plan that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<MaintenancePlanId>,
    /// The order whose work it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkOrderId>,
    /// What stands still.
    pub stops: Vec<StopKind>,
    /// From when until when.
    pub window: Window,
    /// What people are told.
    pub text: String,
    /// Whom it affects.
    pub affected: Affected,
    /// What must be ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
    /// Who carries it out, if it is for no order: then it is whoever has the order.
    #[serde(default)]
    pub assignee: Assignee,
    /// The revision in which the office last changed its times or its approval: who did not see it acted on what was.
    #[serde(default)]
    pub changed_rev: u64,
    /// Times at which it was sent back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent_back: Vec<SentBack>,
    /// A manager approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<ShutdownStep>,
    /// Whether notice of it was given since it was approved.
    #[serde(default)]
    pub told: bool,
    /// What those affected were told, edition by edition; none before notice was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub editions: Vec<Edition>,
    /// It began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<ShutdownStep>,
    /// It began although it might not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<EmergencyStart>,
    /// Everything runs again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<ShutdownStep>,
    /// Those affected were told so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<ShutdownStep>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ShutdownResult>,
    /// It will not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<WithdrawnShutdown>,
    /// Every step in the order in which the server received it, those that came too late to move anything included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<ShutdownEntry>,
}

/// A manager did not approve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SentBack {
    /// Why.
    pub reason: String,
    /// Who, and when.
    #[serde(flatten)]
    pub step: ShutdownStep,
}

/// Why those affected were told something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EditionReason {
    /// It is to be.
    Planned,
    /// At other times than it had said.
    Changed,
    /// It will not be.
    Withdrawn,
    /// Everything runs again.
    Resumed,
}

/// What those affected are told. All notices of a shutdown say the newest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Edition {
    /// The first is 1.
    pub number: u32,
    /// Why it was made.
    pub reason: EditionReason,
    /// From when until when it is to be, or was.
    pub window: Window,
    /// What it says besides.
    #[serde(default)]
    pub text: String,
    /// Who gave it, and when.
    #[serde(flatten)]
    pub step: ShutdownStep,
}

/// Why it began although it might not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmergencyStart {
    /// Why it could not wait.
    pub reason: String,
    /// What was missing: the code of the refusal that it would have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacked: Option<String>,
}

/// The end of a shutdown that was not, or no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithdrawnShutdown {
    /// Why.
    pub reason: String,
    /// The revision that withdrew it: what was recorded without it, did not know.
    pub rev: u64,
    /// Who, and when.
    #[serde(flatten)]
    pub step: ShutdownStep,
}

/// A step as it was received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShutdownEntry {
    /// What was done: the verb of the operation.
    pub what: String,
    /// What it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who, and when.
    #[serde(flatten)]
    pub step: ShutdownStep,
    /// Why it moved nothing, if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Flag>,
}

impl Shutdown {
    /// The number of the newest edition; 0 before notice was given.
    pub fn edition(&self) -> u32 {
        self.editions.last().map_or(0, |edition| edition.number)
    }

    /// Those affected are told something, if they have been told anything.
    pub(super) fn tell_again(&mut self, reason: EditionReason, text: String, context: &Context<'_>) {
        if !self.editions.is_empty() {
            self.tell(reason, text, context);
        }
    }

    /// Those affected are told something.
    pub(super) fn tell(&mut self, reason: EditionReason, text: String, context: &Context<'_>) {
        let (number, window, step) = (self.edition() + 1, self.window, ShutdownStep::new(context));
        self.editions.push(Edition { number, reason, window, text, step });
    }

    pub(super) fn log(
        &mut self,
        context: &Context<'_>,
        what: &str,
        note: Option<&str>,
        overtaken: Option<Flag>,
    ) -> Result<(), Refusal> {
        if self.timeline.len() >= MOST_STEPS {
            return Err(Refusal::TooManyEntries);
        }
        let (what, note, step) = (what.to_owned(), note.map(Into::into), ShutdownStep::new(context));
        self.timeline.push(ShutdownEntry { what, note, step, overtaken });
        Ok(())
    }

    /// It will not be; `rev` is the revision of the shutdown that this makes.
    pub(super) fn withdraw(&mut self, reason: &str, context: &Context<'_>, rev: u64) {
        self.tell_again(EditionReason::Withdrawn, String::new(), context);
        let step = ShutdownStep::new(context);
        let entry = ShutdownEntry { what: "withdraw".into(), note: None, step: step.clone(), overtaken: None };
        // However full it is: what can be begun can be ended.
        self.timeline.push(entry);
        self.withdrawn = Some(WithdrawnShutdown { reason: reason.to_owned(), rev, step });
    }

    /// The draft that goes with an order of a plan.
    pub(super) fn drafted(
        id: ShutdownId,
        plan: &MaintenancePlan,
        stoppage: &Stoppage,
        (asset, affected): (&Asset, Affected),
        (order, due): (WorkOrderId, Timestamp),
    ) -> Self {
        let window = Window { from: due, until: due + Duration::minutes(stoppage.minutes.into()) };
        let measures = stoppage.measures.iter().cloned().map(Measure::from).collect();
        let stops = stoppage.stops.clone();
        let (text, assignee) = (stoppage.text.clone(), plan.work.assignee);
        Self {
            plan: Some(plan.id),
            order: Some(order),
            ..Self::fresh(id, asset, Particulars { stops, window, text, affected, measures, assignee })
        }
    }

    pub(super) fn fresh(id: ShutdownId, asset: &Asset, particulars: Particulars) -> Self {
        let Particulars { stops, window, text, affected, measures, assignee } = particulars;
        Self {
            id,
            asset: asset.id,
            site: asset.site,
            building: asset.building,
            unit: asset.unit,
            plan: None,
            order: None,
            stops,
            window,
            text,
            affected,
            measures,
            assignee,
            changed_rev: 0,
            sent_back: Vec::new(),
            approved: None,
            told: false,
            editions: Vec::new(),
            started: None,
            emergency: None,
            restored: None,
            announced: None,
            result: None,
            withdrawn: None,
            timeline: Vec::new(),
        }
    }
}

/// What a person says of a shutdown.
pub(super) struct Particulars {
    pub(super) stops: Vec<StopKind>,
    pub(super) window: Window,
    pub(super) text: String,
    pub(super) affected: Affected,
    pub(super) measures: Vec<Measure>,
    pub(super) assignee: Assignee,
}

impl From<PlannedMeasure> for Measure {
    fn from(PlannedMeasure { kind, text }: PlannedMeasure) -> Self {
        Self { kind, text, ready: None }
    }
}

impl ShutdownStep {
    pub(super) fn new(context: &Context<'_>) -> Self {
        Self { op: context.op, by: context.actor.user, at: context.when.clone() }
    }
}

impl RecordType for Shutdown {
    const KIND: Kind = Kind::Shutdown;

    fn visible_to(&self, actor: &Actor) -> bool {
        match actor.role {
            Role::Customer => false,
            Role::Technician => self.assignee.is(actor),
            _ => actor.covers_site(self.site),
        }
    }

    /// With its asset. One that is for an order comes with the order as well, to whoever has that.
    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        let Some(scope) = self.assignee.scope().filter(|_| !self.status().is_over()) else { return Vec::new() };
        let needed = [Ref::new(Self::KIND, self.id), Ref::new(Kind::Asset, self.asset)];
        needed.into_iter().map(|record| Reach { scope, record }).collect()
    }
}
