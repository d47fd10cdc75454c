//! History taken over from another system.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Assignment, Caller, Channel, Clock, Clocks, Outcome, Priority, Source, State, WorkOrder, request::Request,
};
use crate::{
    actor::{Actor, Role},
    check::Check,
    directory::Organisation,
    evidence::When,
    ids::{AssetId, BuildingId, CustomerId, Id, OrderTypeId, SiteId, UnitId, UserId},
    operation::{Context, Create, Decision, Need, Payload},
    refusal::Refusal,
    return_visit::CalledThere,
};

/// Takes an order over from another system, as it is there. Its times are the source's word.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Import {
    /// Where it comes from; the source's id is the key that makes the import repeatable.
    pub source: Source,
    /// What sort of job.
    pub order_type: OrderTypeId,
    /// The site.
    pub site: SiteId,
    /// The building, if it is known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<BuildingId>,
    /// The unit, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The customer, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// The asset, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetId>,
    /// Who did the work, if they have an account here; only of an order that was closed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub technician: Option<UserId>,
    /// Where, in words; at most 500 characters.
    pub place: String,
    /// What it was about; at most 4,000 characters.
    pub fault: String,
    /// When it was opened there.
    pub received_at: DateTime<Utc>,
    /// By when it was to be settled.
    pub due: Option<DateTime<Utc>>,
    /// When it was closed there.
    pub closed_at: Option<DateTime<Utc>>,
    /// What the source says about the closing; at most 4,000 characters.
    pub closing: Option<String>,
    /// The call after it was closed, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_visit: Option<CalledThere>,
}

impl Payload for Import {
    type Record = WorkOrder;

    fn example() -> Self {
        let received_at = chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(15_156);
        Self {
            source: Source { system: "boston-311".into(), id: "101000295613".into() },
            order_type: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000010")),
            site: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000001")),
            building: None,
            unit: None,
            customer: None,
            asset: None,
            technician: None,
            place: "Groveland St & River St".into(),
            fault: "Street light outage".into(),
            received_at,
            due: Some(received_at + chrono::Duration::days(14)),
            closed_at: Some(received_at + chrono::Duration::hours(4)),
            closing: Some("Replaced fuse and reset breaker".into()),
            return_visit: None,
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/source/system", &self.source.system, 1..=60);
        check.text("/source/id", &self.source.id, 1..=120);
        check.text("/place", &self.place, 0..=500);
        check.text("/fault", &self.fault, 0..=4000);
        check.optional_text("/closing", self.closing.as_deref(), 4000);
        check.time("/received_at", self.received_at);
        if let Some(due) = self.due {
            check.time("/due", due);
        }
        if let Some(closed_at) = self.closed_at {
            check.time("/closed_at", closed_at);
        }
        if let Some(called) = &self.return_visit {
            called.check(check, "/return_visit", self.closed_at);
        }
    }

    fn needs(&self, _: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(actor.org);
        let mut needs =
            vec![Need::OrderNumber, Need::record(firm), Need::record(self.order_type), Need::record(self.site)];
        needs.extend(self.building.map(Need::record));
        needs.extend(self.unit.map(Need::record));
        needs.extend(self.customer.map(Need::record));
        needs.extend(self.asset.map(Need::record));
        needs.extend(self.technician.map(Need::record));
        needs
    }
}

impl Create for Import {
    fn decide(self, id: Id<WorkOrder>, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let worked = self.technician.map(|technician| self.work_of(technician, context)).transpose()?;
        let received = When::at(self.received_at);
        let request = Request {
            order_type: self.order_type,
            site: self.site,
            building: self.building,
            unit: self.unit,
            customer: self.customer,
            asset: self.asset,
            team: None,
            place: self.place,
            fault: self.fault,
            caller: Caller { name: String::new(), phone: None },
            channel: Channel::Import,
            priority: Priority::Normal,
            preferred: None,
            called_at: Some(self.received_at),
        };
        let context = &Context { when: received.clone(), ..context.clone() };
        let made = request.decide(id, context)?;
        let Some(mut order) = made.record else { return Err(Refusal::NotFound) };
        // The source knows nothing of our own deadlines; judging its past by them would be unjust.
        order.policy.escalation = None;
        order.policy.hours = None;
        order.clocks = Clocks { resolve: self.due.map(|due| Clock::until(self.received_at, due)), ..Clocks::default() };
        order.source = Some(self.source);
        order.assignments.extend(worked);
        if let Some(closed_at) = self.closed_at {
            let closed = When::at(closed_at);
            order.clocks.resolved(&closed, &order.policy);
            let outcome = Outcome::Imported { reason: self.closing.unwrap_or_default() };
            order.state = State::Closed { closed, by: context.actor.user, rev: context.rev, outcome };
        }
        let visit = self.return_visit.and_then(|called| called.about(&order, context));
        let also = visit.map(Into::into).into_iter().collect();
        Ok(Decision { record: Some(order), also, flags: Vec::new() })
    }
}

impl Import {
    /// Who had the order there, until it was closed.
    fn work_of(&self, technician: UserId, context: &Context<'_>) -> Result<Assignment, Refusal> {
        let known = context.related.get(technician).is_some_and(|user| user.role == Role::Technician);
        if !known || self.closed_at.is_none() {
            return Err(Refusal::BadReference { pointer: "/technician".into() });
        }
        let (by, at, rev) = (context.actor.user, When::at(self.received_at), context.rev);
        Ok(Assignment { technician, by, at, rev, ended_rev: Some(rev), handed_back: None })
    }
}
