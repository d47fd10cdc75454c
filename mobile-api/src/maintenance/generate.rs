//! A plan makes its orders: ahead of time, one at a time, each turn once.
//!
//! What is due follows from the plan and its asset alone, and the plan says what it has dealt with. So it does not matter who asks
//! how often: the timer of several servers, a job after a reading, somebody by hand. There is one order at a time. A turn that falls
//! due meanwhile counts as done with it; of several that fell due while nobody asked the latest is made; the others are noted.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Affected, LastTurn, MadeTurn, MaintenancePlan, PlanEnd, PlanOf, Shutdown, SkipReason, TurnReason,
    trigger::{CalendarTrigger, Due, of_meter, standings},
};
use crate::{
    actor::{Actor, Role},
    asset::{Asset, Service},
    check::Check,
    directory::{Deadlines, Organisation},
    ids::{Id, InspectionId, ShutdownId, TemplateId, WorkOrderId, derived},
    inspection::{PlannedInspection, Spot, Template, TemplateState},
    operation::{Change, Context, Create, Decision, Need, Payload},
    record::Record,
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
    work_order::{Caller, Channel, Clock, Clocks, Status, Window, WorkOrder, dispatch::Assign, request::Request},
};

/// Makes the order that is due, or notes that the last one is done. The server's own doing; the office may have the next order made
/// before its time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GeneratePlan {
    /// Why the next order is made now although it is not due; needed of people, 1 to 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early: Option<String>,
}

impl Payload for GeneratePlan {
    type Record = MaintenancePlan;

    fn example() -> Self {
        Self { early: Some("The lift stands still today anyhow".into()) }
    }

    fn check(&self, check: &mut Check) {
        if let Some(early) = &self.early {
            check.text("/early", early, 1..=1000);
        }
    }

    fn needs(&self, record: Option<&MaintenancePlan>, actor: &Actor) -> Vec<Need> {
        let Some(plan) = record else { return Vec::new() };
        if let Some(open) = &plan.open {
            return open.needs().into_iter().chain([Need::record(plan.asset)]).collect();
        }
        plan.needs_of_turn(actor)
    }
}

impl MaintenancePlan {
    fn needs_of_turn(&self, actor: &Actor) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(actor.org);
        let mut needs = vec![Need::record(self.asset), Need::record(firm), Need::record(self.job.order_type)];
        needs.extend([Need::record(self.site), Need::OrderNumbers { most: 1 }]);
        needs.extend(self.job.assignee.needs());
        needs.extend(self.job.template.map(Need::record));
        needs.extend(self.job.stoppage.as_ref().map(|_| Need::ServedBy { asset: self.asset }));
        needs
    }
}

impl Change for GeneratePlan {
    fn decide(self, mut plan: MaintenancePlan, context: &Context<'_>) -> Result<Decision<MaintenancePlan>, Refusal> {
        let now = context.received_at;
        if plan.withdrawn.is_some() && plan.open.is_none() {
            return Err(Refusal::PlanWithdrawn);
        }
        let asset: &Asset = context.related.get(plan.asset).ok_or(Refusal::NotFound)?;
        let before = plan.clone();
        let also = plan.settle(asset, context);
        if asset.is_retired() && plan.is_active() {
            return Ok(Decision { also, ..plan.stop_with(asset, context) });
        }
        if plan.open.is_some() || plan.open != before.open {
            return plan.settled(before, also, asset, context);
        }
        if plan.stopped.is_some() {
            return Err(Refusal::NotDue);
        }
        while let Some(newer) = plan.newer_form(context) {
            plan.job.template = Some(newer);
            if context.related.get(newer).is_none() {
                // It is made with that when the timer asks again.
                return Ok(plan.into());
            }
        }
        plan.begin_to_count(asset, now);
        let Some((reason, due)) = plan.what_is_due(self.early, asset, context)? else {
            plan.look_at = next_look(&plan, asset, now);
            return if plan == before { Err(Refusal::NotDue) } else { Ok(plan.into()) };
        };
        plan.make(reason, due, asset, context)
    }
}

impl MaintenancePlan {
    /// Looks whether the order of the open turn is done, or will not be. What goes with one that was cancelled is called off.
    fn settle(&mut self, asset: &Asset, context: &Context<'_>) -> Vec<Record> {
        let Some(open) = self.open.clone() else { return Vec::new() };
        let order: Option<&WorkOrder> = context.related.get(open.order);
        let Some(order) = order else {
            self.open = None;
            return Vec::new();
        };
        let ended = match order.status() {
            Status::Cancelled => order.over_since(),
            Status::Finished | Status::SignedOff | Status::Closed => Some(order.done_at().unwrap_or(open.due)),
            _ => None,
        };
        let Some(ended) = ended else { return Vec::new() };
        self.open = None;
        self.weighed_until = self.weighed_until.max(Some(ended));
        self.pass_over_until(ended, open.order);
        // A turn that is skipped is dealt with like one that was done: it does not come again at once.
        self.counted_from.extend(standings(&self.triggers, asset, ended));
        if let Some(other) = order.merged_into {
            self.skip(open.due, SkipReason::OrderOpen, Some(other));
            return Vec::new();
        }
        if order.status() == Status::Cancelled {
            self.skip(open.due, SkipReason::Cancelled, Some(open.order));
            return open.call_off("its order was cancelled", context);
        }
        self.last = Some(LastTurn { turn: open.turn, due: open.due, order: open.order, done_at: ended });
        Vec::new()
    }

    /// Turns of the calendar that fell due while an order was open count as done with it.
    fn pass_over_until(&mut self, ended: Timestamp, order: WorkOrderId) {
        let (Some(calendar), Some(after)) = (&self.triggers.calendar, self.dealt_until) else { return };
        let passed = calendar.recurrence.between(after, ended, usize::MAX);
        self.dealt_until = Some(after.max(ended));
        for due in passed {
            self.skip(due, SkipReason::OrderOpen, Some(order));
        }
    }

    /// Whatever was asked: while an order is open, or has just been done, it is the only one.
    fn settled(
        mut self,
        before: MaintenancePlan,
        also: Vec<Record>,
        asset: &Asset,
        context: &Context<'_>,
    ) -> Result<Decision<Self>, Refusal> {
        if self.open.is_some() && self == before {
            let by_hand = context.actor.role != Role::System;
            let open = Refusal::StillInUse { what: "the order of the last turn is not done".into() };
            return Err(if by_hand { open } else { Refusal::NotDue });
        }
        self.look_at = next_look(&self, asset, context.received_at);
        Ok(Decision { record: Some(self), also, flags: Vec::new() })
    }

    /// Its asset is gone: it makes no more orders, and a person is told what stands in its place.
    fn stop_with(self, asset: &Asset, context: &Context<'_>) -> Decision<Self> {
        let replaced_by = match &asset.service {
            Service::Retired { replaced_by, .. } => *replaced_by,
            _ => None,
        };
        let detail = json!({ "plan": self.name, "asset": asset.id, "replaced_by": replaced_by });
        self.stop("asset_retired", detail, context)
    }

    fn stop(mut self, reason: &str, detail: serde_json::Value, context: &Context<'_>) -> Decision<Self> {
        let (by, at) = (context.actor.user, context.when.clone());
        self.stopped = Some(PlanEnd { reason: reason.into(), by, at });
        self.look_at = None;
        Decision::flagged(self, vec![Flagged::with(Flag::PlanStopped, detail)])
    }

    /// The version that took the place of its form's.
    fn newer_form(&self, context: &Context<'_>) -> Option<TemplateId> {
        let template: &Template = context.related.get(self.job.template?)?;
        match &template.state {
            TemplateState::Replaced { by, .. } => Some(*by),
            _ => None,
        }
    }

    /// A counter that had no reading begins to count with its first.
    fn begin_to_count(&mut self, asset: &Asset, now: Timestamp) {
        for (meter, milli) in standings(&self.triggers, asset, now) {
            self.counted_from.entry(meter).or_insert(milli);
        }
    }

    /// The turn to be made now, if there is one; notes the turns of the calendar that it takes the place of.
    fn what_is_due(
        &mut self,
        early: Option<String>,
        asset: &Asset,
        context: &Context<'_>,
    ) -> Result<Option<(TurnReason, Timestamp)>, Refusal> {
        let now = context.received_at;
        if context.actor.role != Role::System {
            let reason = early.ok_or_else(|| required("/early"))?;
            let next = self.triggers.calendar.as_ref().and_then(|calendar| calendar.recurrence.next_after(now));
            if self.triggers.calendar.is_some() {
                // The turn that would have come next is this one.
                self.dealt_until = self.dealt_until.max(next).max(Some(now));
            }
            return Ok(Some((TurnReason::Hand { user: context.actor.user, reason }, now)));
        }
        if let Some(due) = self.turn_of_calendar(now) {
            return Ok(Some((TurnReason::Calendar, due)));
        }
        for counter in &self.triggers.counters {
            let Some(since_milli) = self.counted_from.get(counter.meter.trim()).copied() else { continue };
            if let Some(Due { due, .. }) = counter.due(asset, since_milli, now).filter(|due| due.make_at <= now) {
                return Ok(Some((TurnReason::Counter { meter: counter.meter.trim().into(), since_milli }, due)));
            }
        }
        let met = self.triggers.conditions.iter().find(|condition| condition.is_met(asset, self.weighed_until));
        Ok(met.map(|condition| (TurnReason::Condition { meter: condition.meter.trim().into() }, now)))
    }

    /// The turn of the calendar to be made now: the latest of those that are due, else the next one if it is near enough.
    fn turn_of_calendar(&mut self, now: Timestamp) -> Option<Timestamp> {
        let calendar = self.triggers.calendar.as_ref()?;
        let after = self.dealt_until.unwrap_or(now);
        let mut passed = calendar.recurrence.between(after, now, usize::MAX);
        let due = match passed.pop() {
            Some(latest) => latest,
            None => calendar.recurrence.between(after.max(now), now + ahead(calendar), 1).pop()?,
        };
        self.dealt_until = Some(due);
        for earlier in passed {
            self.skip(earlier, SkipReason::Overtaken, None);
        }
        Some(due)
    }

    fn make(
        mut self,
        reason: TurnReason,
        due: Timestamp,
        asset: &Asset,
        context: &Context<'_>,
    ) -> Result<Decision<Self>, Refusal> {
        self.turns += 1;
        let mut flags = Vec::new();
        let id = |what: &[u8]| {
            let (turn, due) = (self.turns.to_be_bytes(), due.timestamp_micros().to_be_bytes());
            derived(&[what, self.id.uuid().as_bytes(), &turn, &due])
        };
        let (order_id, shutdown_id): (WorkOrderId, ShutdownId) = (id(b"planned order").into(), id(b"shutdown").into());
        let mut order = match self.order(order_id, due, asset, context) {
            Ok(order) => order,
            Err(refusal) => {
                // What is refused now is refused at every look: somebody must mend the plan.
                let detail = json!({ "plan": self.name, "asset": asset.id, "problem": refusal.problem() });
                self.turns -= 1;
                return Ok(self.stop(refusal.code(), detail, context));
            }
        };
        flags.extend(self.assign(&mut order, context));
        let shutdown = self.job.stoppage.as_ref().map(|stoppage| {
            let affected = Affected::of(context.related.served.as_ref());
            Shutdown::drafted(shutdown_id, &self, stoppage, (asset, affected), (order_id, due))
        });
        order.shutdown = shutdown.as_ref().map(|shutdown| shutdown.id);
        let inspection_id: InspectionId = id(b"planned inspection").into();
        let (inspection, form_gone) = self.inspection(inspection_id, &order, asset, due, context);
        flags.extend(form_gone);
        self.weighed_until = self.triggers.conditions.iter().fold(self.weighed_until, |until, condition| {
            until.max(of_meter(asset, &condition.meter).last().map(|reading| reading.at))
        });
        self.open = Some(MadeTurn {
            turn: self.turns,
            reason,
            due,
            order: order_id,
            inspection: inspection.as_ref().map(|_| inspection_id),
            shutdown: order.shutdown,
            made_at: context.received_at,
        });
        self.look_at = None;
        let mut also: Vec<Record> = vec![order.into()];
        also.extend(shutdown.map(Record::from));
        also.extend(inspection);
        Ok(Decision { record: Some(self), also, flags })
    }

    fn order(
        &self,
        id: WorkOrderId,
        due: Timestamp,
        asset: &Asset,
        context: &Context<'_>,
    ) -> Result<WorkOrder, Refusal> {
        let window = Window { from: due, until: due + Duration::hours(self.job.within_hours.into()) };
        let place = [asset.place.trim(), asset.name.trim()].into_iter().find(|text| !text.is_empty()).unwrap_or("?");
        let request = Request {
            order_type: self.job.order_type,
            site: asset.site,
            building: None,
            unit: None,
            customer: None,
            asset: Some(asset.id),
            team: self.job.assignee.team,
            place: place.to_owned(),
            fault: self.job.text.clone(),
            caller: Caller { name: self.name.clone(), phone: None },
            channel: Channel::Plan,
            priority: self.job.priority,
            preferred: Some(window),
            called_at: None,
        };
        // Neither a fault that comes back nor perhaps the same call: nobody called.
        let made = request.decide(id, context)?.record.ok_or(Refusal::NotFound)?;
        let mut order = WorkOrder { repeats: Vec::new(), ..made };
        order.number = context.related.order_numbers.first().cloned();
        // Nobody waits for it as for a fault: it has its day, and somebody is to be there within the time that the plan gives.
        order.policy.deadlines = Deadlines::NONE;
        order.clocks = Clocks { arrive: Some(Clock::until(context.received_at, window.until)), ..Clocks::default() };
        let (plan, turn, minutes) = (self.id, self.turns, self.job.minutes);
        order.plan = Some(PlanOf { plan, turn, due, minutes, withdrawn: false });
        Ok(order)
    }

    /// Gives it to the person of the plan. If they cannot go, the office finds somebody.
    fn assign(&self, order: &mut WorkOrder, context: &Context<'_>) -> Option<Flagged> {
        let technician = self.job.assignee.user?;
        let context = &Context { rev: 1, ..context.clone() };
        match (Assign { technician }).decide(order.clone(), context) {
            Ok(Decision { record: Some(assigned), .. }) => {
                *order = assigned;
                None
            }
            Ok(_) => None,
            Err(refusal) => {
                let detail = json!({ "order": order.id, "technician": technician, "problem": refusal.problem() });
                Some(Flagged::with(Flag::PlanUnassigned, detail))
            }
        }
    }

    /// The inspection that goes with the order; none, and a question, if its form is out of use.
    fn inspection(
        &self,
        id: InspectionId,
        order: &WorkOrder,
        asset: &Asset,
        due: Timestamp,
        context: &Context<'_>,
    ) -> (Option<Record>, Option<Flagged>) {
        let Some(wanted) = self.job.template else { return (None, None) };
        let template: Option<&Template> = context.related.get(wanted);
        let Some(template) = template.filter(|template| template.is_published()) else {
            let detail = json!({ "template": wanted, "plan": self.name });
            return (None, Some(Flagged::with(Flag::FormWithdrawn, detail)));
        };
        let spot = Spot { site: asset.site, building: asset.building, unit: asset.unit, asset: Some(asset.id) };
        let window = Window { from: due, until: due + Duration::hours(self.job.within_hours.into()) };
        let plan = PlannedInspection {
            id,
            template: wanted,
            spot,
            round: None,
            order: Some(order.id),
            complaint: None,
            earlier: None,
            points: Vec::new(),
            due: Some(window),
            assignee: self.job.assignee,
        };
        (Some(plan.make(template, context).into()), None)
    }
}

fn ahead(calendar: &CalendarTrigger) -> Duration {
    Duration::days(calendar.ahead_days.into())
}

fn required(pointer: &str) -> Refusal {
    let (code, detail) = ("required".into(), "why it is made before its time".into());
    Refusal::Invalid { errors: vec![crate::check::FieldError { pointer: pointer.into(), code, detail }] }
}

/// When the plan must be looked at again by itself; `None` while only something else can make it due.
pub(super) fn next_look(plan: &MaintenancePlan, asset: &Asset, now: Timestamp) -> Option<Timestamp> {
    if !plan.is_active() || plan.open.is_some() {
        return None;
    }
    let calendar = plan.triggers.calendar.as_ref().and_then(|calendar| {
        let next = calendar.recurrence.next_after(plan.dealt_until.unwrap_or(now))?;
        Some(next - ahead(calendar))
    });
    let counters = plan.triggers.counters.iter().filter_map(|counter| {
        let since = plan.counted_from.get(counter.meter.trim()).copied()?;
        Some(counter.due(asset, since, now)?.make_at)
    });
    let conditions = plan.triggers.conditions.iter().filter(|of| of.is_met(asset, plan.weighed_until)).map(|_| now);
    calendar.into_iter().chain(counters).chain(conditions).min()
}
