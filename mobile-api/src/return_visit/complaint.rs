//! The complaint that a bad answer opens (投诉), in the customer's words, about the job that the call was about.

use super::{Opened, ReturnVisit};
use crate::{
    actor::Actor,
    complaint::{About, Complainant, Complaint, ComplaintChannel, Intake, Severity},
    ids::{ComplaintId, Id, derived_at},
    operation::{Context, Need, Payload},
    record::{Kind, Record},
};

/// What the customer complains of.
pub(super) struct Wanted<'a> {
    pub(super) text: &'a str,
    pub(super) wanted: Option<&'a str>,
    pub(super) severity: Severity,
}

fn complaint_of(visit: &ReturnVisit) -> ComplaintId {
    let id = visit.id.uuid();
    derived_at(id, &[b"complaint", id.as_bytes()]).into()
}

fn intake(visit: &ReturnVisit, complaint: &Wanted<'_>) -> Intake {
    let order = (visit.about.kind == Kind::WorkOrder).then(|| Id::new(visit.about.id));
    let (unit, site, customer) = (visit.unit, Some(visit.site), visit.customer);
    Intake {
        channel: ComplaintChannel::ReturnVisit,
        by: Complainant { name: visit.contact.name.clone(), phone: visit.contact.phone.clone() },
        about: About { order, unit, site, customer, person: None, asset: visit.asset },
        text: complaint.text.into(),
        wanted: complaint.wanted.map(Into::into),
        severity: complaint.severity,
    }
}

/// What must be known to open it.
pub(super) fn needs(visit: &ReturnVisit, complaint: &Wanted<'_>, actor: &Actor) -> Vec<Need> {
    let mut needs = intake(visit, complaint).needs(None, actor);
    needs.push(Need::record(complaint_of(visit)));
    needs
}

/// Opens the complaint, unless somebody has who heard the same.
pub(super) fn open(
    visit: &ReturnVisit,
    complaint: &Wanted<'_>,
    context: &Context<'_>,
    also: &mut Vec<Record>,
) -> Opened {
    let id = complaint_of(visit);
    // On a phone the server's complaint comes with the next pull.
    if !context.related.partial && context.related.get(id).is_none() {
        also.push(Complaint::received(id, intake(visit, complaint), context).into());
    }
    Opened::Complaint { complaint: id }
}
