//! The complaints behind a figure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use mobile_api::{
    complaint::Complaint,
    figures::{ComplaintFacts, Counted, Figure},
    ids::ComplaintId,
    time::Timestamp,
    work_order::Clock,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    behind::{self, Countable, Question},
    complaint_store,
};
use crate::{
    db::{Conn, DbError},
    operations::{DoorError, reading::named},
    paging::Place,
};

/// One complaint behind a figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FigureComplaint {
    /// The complaint.
    pub complaint: ComplaintId,
    /// Its number.
    pub number: Option<String>,
    /// When it was written down.
    pub received_at: DateTime<Utc>,
    /// Whether it is counted, of shares; none if that cannot be proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<bool>,
    /// The clocks by which it was judged, that of the present round first, with everything that moved their ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<Clock>,
}

/// Which groups are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct ComplaintGroups {
    pub(super) team: Option<Uuid>,
    pub(super) class: Option<Uuid>,
    pub(super) cause: Option<String>,
}

impl ComplaintGroups {
    fn hold(&self, facts: &ComplaintFacts) -> bool {
        let fits = |asked: Option<Uuid>, is: Option<Uuid>| asked.is_none() || asked == is;
        fits(self.team, facts.team.map(|id| id.uuid()))
            && fits(self.class, facts.class.map(|id| id.uuid()))
            && (self.cause.is_none() || self.cause == facts.cause)
    }
}

impl Countable for ComplaintFacts {
    type Groups = ComplaintGroups;

    fn read(
        conn: &mut Conn,
        org: Uuid,
        span: (Timestamp, Timestamp),
        sites: Option<&[Uuid]>,
    ) -> Result<Vec<Self>, DbError> {
        complaint_store::received(conn, org, span, sites)
    }

    fn is_in(&self, groups: &ComplaintGroups) -> bool {
        groups.hold(self)
    }

    fn place(&self) -> Place<Timestamp> {
        (self.received_at, self.complaint.uuid())
    }

    fn count(&self, figure: Figure, now: Timestamp) -> Counted {
        figure.count_complaint(self, now)
    }
}

/// A page of the complaints behind a figure, in the order in which they were written down, and whether there are more. The same
/// function judges them that counted them.
///
/// # Errors
/// The database's; a record that cannot be read.
pub(super) fn complaints(
    conn: &mut Conn,
    org: Uuid,
    question: &Question<ComplaintGroups>,
) -> Result<(Vec<FigureComplaint>, bool), DoorError> {
    let (found, more) = behind::page::<ComplaintFacts>(conn, org, question)?;
    let records: HashMap<Uuid, Complaint> = named(conn, org, found.iter().map(|(facts, _)| facts.complaint.uuid()))?;
    let entry = |(facts, counted): (ComplaintFacts, Counted)| {
        let record = records.get(&facts.complaint.uuid());
        FigureComplaint {
            complaint: facts.complaint,
            number: record.and_then(|record| record.number.clone()),
            received_at: facts.received_at,
            counted: if let Counted::Share(met) = counted { Some(met) } else { None },
            clocks: record.map(|record| question.figure.complaint_clocks(record)).unwrap_or_default(),
        }
    };
    Ok((found.into_iter().map(entry).collect(), more))
}
