//! A complaint opens orders, and both know of each other.

use serde::{Deserialize, Serialize};

use super::{Complaint, Mark, OpenedOrder, standing::addition};
use crate::{
    actor::Actor,
    check::Check,
    ids::{Id, OrderTypeId, derived_at},
    operation::{Change, Context, Create, Decision, Need, Payload},
    refusal::{Flagged, Refusal},
    work_order::{Caller, Channel, Priority, Window, WorkOrder, request::Request},
};

/// Makes an order for a complaint: what was complained of, at the same place, for the same customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenOrder {
    /// What sort of job.
    pub order_type: OrderTypeId,
    /// Where, in words; 1 to 500 characters.
    pub place: String,
    /// What is to be done; absent: what was complained of. 1 to 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// When the customer would like the visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred: Option<Window>,
}

impl Payload for OpenOrder {
    type Record = Complaint;

    fn example() -> Self {
        Self {
            order_type: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000010")),
            place: "7-1203, kitchen".into(),
            fault: Some("The tap drips again; a new seal, for nothing".into()),
            priority: Priority::Urgent,
            preferred: None,
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/place", &self.place, 1..=500);
        if let Some(fault) = &self.fault {
            check.text("/fault", fault, 1..=4000);
        }
        if let Some(preferred) = self.preferred {
            check.span("/preferred", preferred.from, preferred.until);
        }
    }

    fn needs(&self, record: Option<&Complaint>, actor: &Actor) -> Vec<Need> {
        let request = record.and_then(|complaint| self.request(complaint));
        request.map(|request| request.needs(None, actor)).unwrap_or_default()
    }
}

impl OpenOrder {
    fn request(&self, complaint: &Complaint) -> Option<Request> {
        let text = || complaint.text.chars().take(4000).collect();
        Some(Request {
            order_type: self.order_type,
            site: complaint.about.site?,
            building: None,
            unit: complaint.about.unit,
            customer: complaint.about.customer,
            asset: complaint.about.asset,
            team: complaint.department().map(|department| department.team),
            place: self.place.clone(),
            fault: self.fault.clone().unwrap_or_else(text),
            caller: Caller { name: complaint.complainant.name.clone(), phone: complaint.complainant.phone.clone() },
            channel: Channel::Complaint,
            priority: self.priority,
            preferred: self.preferred,
            called_at: None,
        })
    }
}

impl Change for OpenOrder {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let overtaken = addition(&complaint, context, "open_order")?;
        // An order is at a place; a complaint about a person may be about none.
        let request = self.request(&complaint).ok_or(Refusal::BadReference { pointer: "/about/site".into() })?;
        // It follows from the operation, so that a replay makes the same.
        let id = derived_at(context.op, &[b"complaint", complaint.id.uuid().as_bytes(), context.op.as_bytes()]);
        let Decision { record, flags: noticed, .. } = Create::decide(request, id.into(), context)?;
        let Some(mut order) = record else { return Err(Refusal::NotFound) };
        order.complaint = Some(complaint.id);
        let opened = OpenedOrder { order: order.id, mark: Mark::of(context, overtaken) };
        Complaint::push(&mut complaint.orders, opened)?;
        complaint.log(context, "open_order", None, overtaken)?;
        let mut flags: Vec<Flagged> = overtaken.map(Flagged::from).into_iter().collect();
        flags.extend(noticed);
        Ok(Decision { record: Some(complaint), also: vec![order.into()], flags })
    }
}

/// Orders of a complaint that are not over, of those that are known. One that was merged into another is as open as that.
pub fn orders_open<'a>(complaint: &'a Complaint, context: &'a Context<'_>) -> impl Iterator<Item = &'a WorkOrder> {
    let known = complaint.orders.iter().filter_map(|opened| context.related.follow(opened.order));
    known.filter(|order: &&WorkOrder| !order.status().is_over())
}
