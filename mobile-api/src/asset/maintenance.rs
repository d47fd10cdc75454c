//! The maintenance record (维保记录): what was done to an asset, put together from the orders that name it. Nobody types it twice.

use serde::{Deserialize, Serialize};

use crate::{
    check::Check,
    directory::{Label, Organisation},
    evidence::When,
    ids::{OrderTypeId, UserId, WorkOrderId},
    money::Quantity,
    operation::{Change, Context, Decision, Payload},
    refusal::Refusal,
    work_order::{Status, WorkOrder, WorkResult},
};

/// Most fault causes of an organisation.
const MOST_CAUSES: usize = 200;

/// Why things fail (故障原因), in the firm's own catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FaultCause {
    /// What it is called in records: `wear`; 1 to 60 characters.
    pub code: String,
    /// Its name.
    pub name: Label,
}

/// What the organisation says about the upkeep of assets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct MaintenanceRules {
    /// Why things fail; at most 200.
    pub fault_causes: Vec<FaultCause>,
    /// Within how many days a further fault of one asset stands out; 0 to 730. 30 unless somebody says otherwise.
    pub repeat_days: u32,
    /// How many hours before a shutdown those affected are told; 0 to 720. 24 unless somebody says otherwise.
    pub notice_hours: u32,
    /// How many days before the certificate of an asset runs out somebody is told; 0, which tells nobody, to 366. 30 unless somebody
    /// says otherwise.
    pub certificate_days: u32,
}

impl Default for MaintenanceRules {
    fn default() -> Self {
        let cause = |code: &str, zh, en| FaultCause { code: code.into(), name: Label::new(zh, en) };
        Self {
            fault_causes: vec![
                cause("wear", "自然磨损", "Wear and tear"),
                cause("part", "零件质量", "Defective part"),
                cause("installation", "安装不当", "Faulty installation"),
                cause("maintenance", "保养不足", "Lack of maintenance"),
                cause("misuse", "使用不当", "Misuse"),
                cause("damage", "人为损坏", "Wilful damage"),
                cause("supply", "供电供水异常", "Power or water supply"),
                cause("environment", "环境因素", "Damp, heat, dust"),
                cause("unknown", "原因不明", "Unknown"),
            ],
            repeat_days: 30,
            notice_hours: 24,
            certificate_days: 30,
        }
    }
}

impl MaintenanceRules {
    /// Whether nobody has said otherwise.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether there is a cause of this code.
    pub fn knows(&self, code: &str) -> bool {
        self.fault_causes.iter().any(|cause| cause.code == code)
    }
}

/// Changes what the organisation says about the upkeep of assets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetMaintenanceRules {
    /// The rules from now on; what is left out is as a new organisation has it.
    pub rules: MaintenanceRules,
}

impl Payload for SetMaintenanceRules {
    type Record = Organisation;

    fn example() -> Self {
        Self { rules: MaintenanceRules::default() }
    }

    fn check(&self, check: &mut Check) {
        check.number("/rules/repeat_days", self.rules.repeat_days.into(), 0..=730);
        check.number("/rules/notice_hours", self.rules.notice_hours.into(), 0..=720);
        check.number("/rules/certificate_days", self.rules.certificate_days.into(), 0..=366);
        let causes = &self.rules.fault_causes;
        check.count("/rules/fault_causes", causes.len(), 1..=MOST_CAUSES);
        for (at, cause) in causes.iter().take(MOST_CAUSES).enumerate() {
            let pointer = format!("/rules/fault_causes/{at}");
            check.text(&format!("{pointer}/code"), &cause.code, 1..=60);
            cause.name.check(check, &format!("{pointer}/name"));
            if causes[..at].iter().any(|other| other.code == cause.code) {
                check.error(format!("{pointer}/code"), "duplicate", "a code of its own");
            }
        }
    }
}

impl Change for SetMaintenanceRules {
    fn decide(self, current: Organisation, _: &Context<'_>) -> Result<Decision<Organisation>, Refusal> {
        Ok(Organisation { maintenance: self.rules, ..current }.into())
    }
}

/// A part that was put in.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartUsed {
    /// What it is called.
    pub name: String,
    /// How much, in thousandths of the unit.
    pub quantity_milli: Quantity,
    /// The unit.
    pub unit: String,
}

/// One job, as the maintenance record tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// The order.
    pub order: WorkOrderId,
    /// Its number.
    pub number: Option<String>,
    /// What sort of job.
    pub order_type: OrderTypeId,
    /// Where it stands.
    pub status: Status,
    /// When the call came.
    pub called_at: chrono::DateTime<chrono::Utc>,
    /// When work was finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<When>,
    /// Who worked on it.
    pub technicians: Vec<UserId>,
    /// What was wrong, in the caller's words.
    pub fault: String,
    /// What the technician found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<String>,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The main cause and how it runs since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<WorkResult>,
    /// Parts and material used, without what was taken back.
    pub parts: Vec<PartUsed>,
    /// Minutes worked, of all together.
    pub minutes: i64,
    /// The order whose work this one did again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rework_of: Option<WorkOrderId>,
    /// Earlier orders about this asset within the days that the organisation had set: the fault may be the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<WorkOrderId>,
}

impl Job {
    /// The job of this order.
    pub fn of(order: &WorkOrder) -> Self {
        let mut technicians: Vec<UserId> = order.assignments.iter().map(|assignment| assignment.technician).collect();
        technicians.sort_unstable();
        technicians.dedup();
        let parts = order.materials.iter().filter(|used| used.void.is_none()).map(|used| PartUsed {
            name: used.name.clone(),
            quantity_milli: used.quantity_milli,
            unit: used.unit.clone(),
        });
        let worked = order.labour.iter().filter(|labour| labour.void.is_none());
        let finished = order.timeline.iter().rev().find(|step| step.what == "finish" && step.overtaken.is_none());
        Self {
            order: order.id,
            number: order.number.clone(),
            order_type: order.order_type,
            status: order.status(),
            called_at: order.called_at,
            finished: finished.map(|step| step.at.clone()),
            technicians,
            fault: order.fault.clone(),
            findings: order.diagnosis.as_ref().map(|diagnosis| diagnosis.findings.clone()),
            cause: order.diagnosis.as_ref().and_then(|diagnosis| diagnosis.cause.clone()),
            result: order.result.clone(),
            parts: parts.collect(),
            minutes: worked.map(|labour| (labour.until - labour.from).num_minutes()).sum(),
            rework_of: order.rework_of,
            repeats: order.repeats.clone(),
        }
    }
}
