//! One entry of a household's file: what a record comes to, without what it costs.

use chrono::{DateTime, Utc};
use mobile_api::{
    complaint::{Complaint, ComplaintStatus, Severity},
    ids::{ComplaintId, OrderTypeId, ReturnVisitId, UserId, WorkOrderId},
    record::{Kind, Record, Ref},
    return_visit::{Opened, ReturnVisit, Satisfaction, VisitStatus},
    work_order::{Priority, Status, WorkOrder},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::Found;
use crate::{asset::api::Inspected, error::Error};

/// One entry.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FileEntry {
    /// A work order.
    WorkOrder {
        /// When the call came.
        at: DateTime<Utc>,
        /// The order.
        work_order: OrderLine,
    },
    /// A complaint.
    Complaint {
        /// When it was written down.
        at: DateTime<Utc>,
        /// The complaint.
        complaint: ComplaintLine,
    },
    /// An inspection of the unit.
    Inspection {
        /// When it was recorded.
        at: DateTime<Utc>,
        /// What came of it.
        inspection: Inspected,
    },
    /// A return visit.
    ReturnVisit {
        /// Since when somebody was to call.
        at: DateTime<Utc>,
        /// The return visit.
        return_visit: VisitLine,
    },
}

/// What an order comes to.
#[derive(Serialize, ToSchema)]
pub struct OrderLine {
    /// The order.
    pub id: WorkOrderId,
    /// Its number.
    pub number: Option<String>,
    /// What sort of job.
    pub order_type: OrderTypeId,
    /// Where it stands.
    pub status: Status,
    /// How urgent it was.
    pub priority: Priority,
    /// Where, in words.
    pub place: String,
    /// What was wrong.
    pub fault: String,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<String>,
    /// Whose it is, or was last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technician: Option<UserId>,
    /// Whether the work was good at once; absent until it was signed for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// The order whose work it did again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rework_of: Option<WorkOrderId>,
}

impl OrderLine {
    fn of(order: &WorkOrder) -> Self {
        let last = order.assignments.last().map(|assignment| assignment.technician);
        Self {
            id: order.id,
            number: order.number.clone(),
            order_type: order.order_type,
            status: order.status(),
            priority: order.priority,
            place: order.place.clone(),
            fault: order.fault.clone(),
            findings: order.diagnosis.as_ref().map(|diagnosis| diagnosis.findings.clone()),
            technician: order.technician().or(last),
            passed: order.passed(),
            rework_of: order.rework_of,
        }
    }
}

/// What a complaint comes to.
#[derive(Serialize, ToSchema)]
pub struct ComplaintLine {
    /// The complaint.
    pub id: ComplaintId,
    /// Its number.
    pub number: Option<String>,
    /// Where it stands.
    pub status: ComplaintStatus,
    /// How grave it is.
    pub severity: Severity,
    /// What they say.
    pub text: String,
    /// Whether it is founded, as it was judged last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub founded: Option<bool>,
    /// The order that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkOrderId>,
    /// The complaint that it was a duplicate of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<ComplaintId>,
}

impl ComplaintLine {
    fn of(complaint: &Complaint) -> Self {
        Self {
            id: complaint.id,
            number: complaint.number.clone(),
            status: complaint.status(),
            severity: complaint.severity,
            text: complaint.text.clone(),
            founded: complaint.judgements.last().map(|judgement| judgement.founded),
            order: complaint.about.order,
            merged_into: complaint.merged_into,
        }
    }
}

/// What a return visit comes to.
#[derive(Serialize, ToSchema)]
pub struct VisitLine {
    /// The return visit.
    pub id: ReturnVisitId,
    /// What it is about.
    pub about: Ref,
    /// The number of that.
    pub number: Option<String>,
    /// Where it stands.
    pub status: VisitStatus,
    /// By when somebody was to call.
    pub due_by: DateTime<Utc>,
    /// What they said when called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub satisfaction: Option<Satisfaction>,
    /// Why, by the codes of the organisation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What they wrote in the survey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survey: Option<Satisfaction>,
    /// Whether the two contradict each other.
    pub disagrees: bool,
    /// What it led to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<Opened>,
}

impl VisitLine {
    fn of(visit: &ReturnVisit) -> Self {
        let written = visit.survey.as_ref().and_then(|survey| survey.answer.as_ref());
        Self {
            id: visit.id,
            about: visit.about,
            number: visit.number.clone(),
            status: visit.status(),
            due_by: visit.due_by,
            satisfaction: visit.answer().map(|answer| answer.satisfaction),
            reasons: visit.answer().map(|answer| answer.reasons.clone()).unwrap_or_default(),
            survey: written.map(|written| written.satisfaction),
            disagrees: visit.disagrees,
            opened: visit.answers.iter().flat_map(|answer| answer.opened.clone()).collect(),
        }
    }
}

impl FileEntry {
    /// The entry of a record.
    ///
    /// # Errors
    /// A record of a kind that stands in no file.
    pub fn of(found: Found) -> Result<Self, Error> {
        let at = found.at;
        Ok(match &found.record {
            Record::WorkOrder(order) => FileEntry::WorkOrder { at, work_order: OrderLine::of(order) },
            Record::Complaint(complaint) => FileEntry::Complaint { at, complaint: ComplaintLine::of(complaint) },
            Record::Inspection(inspection) => FileEntry::Inspection { at, inspection: Inspected::of(inspection, None) },
            Record::ReturnVisit(visit) => FileEntry::ReturnVisit { at, return_visit: VisitLine::of(visit) },
            other => return Err(Error::internal(format!("a {} is no part of a household's file", other.kind()))),
        })
    }

    /// The kind of its record.
    pub fn kind(&self) -> Kind {
        match self {
            FileEntry::WorkOrder { .. } => Kind::WorkOrder,
            FileEntry::Complaint { .. } => Kind::Complaint,
            FileEntry::Inspection { .. } => Kind::Inspection,
            FileEntry::ReturnVisit { .. } => Kind::ReturnVisit,
        }
    }
}
