//! What the office does, and the technician's answer: assign, accept, hand back, depart, agree on a time,
//! cancel, close.

use serde::{Deserialize, Serialize};

use super::{
    Appointment, Assignment, Outcome, State, Status, Window, WorkOrder,
    clocks::Agreement,
    standing::{Progress, Step, addition, flags, step},
};
use crate::{
    actor::{Actor, Role},
    check::Check,
    ids::{Id, UserId},
    maintenance::called_off_with,
    operation::{Change, Context, Decision, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
    return_visit::plan,
};

/// Sends somebody (派工), or somebody else.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assign {
    /// Who goes.
    pub technician: UserId,
}

impl Payload for Assign {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { technician: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000020")) }
    }

    fn needs(&self, _: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        vec![Need::record(self.technician)]
    }
}

impl Change for Assign {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let from = order.status();
        if matches!(from, Status::Finished | Status::SignedOff | Status::Closed | Status::Cancelled) {
            return Err(Refusal::IllegalTransition { from, operation: "assign" });
        }
        let technician = context.related.get(self.technician);
        let technician = technician.filter(|user| user.active && user.role == Role::Technician);
        let technician = technician.ok_or(Refusal::BadReference { pointer: "/technician".into() })?;
        if let Some(certificate) = &order.policy.certificate
            && !technician.holds(certificate, context.when.latest)
        {
            return Err(Refusal::NotQualified { certificate: certificate.clone() });
        }
        if order.technician() == Some(self.technician) {
            return Ok(order.into());
        }
        end_assignment(&mut order, context, None);
        let assignment = Assignment {
            technician: self.technician,
            by: context.actor.user,
            at: context.when.clone(),
            rev: context.rev,
            ended_rev: None,
            handed_back: None,
        };
        WorkOrder::push(&mut order.assignments, assignment)?;
        order.log(context, "assign", None, None)?;
        order.clocks.dispatched(&context.when, &order.policy);
        if from == Status::Paused {
            order.clocks.resumed(context.op, &context.when, &order.policy);
        }
        order.state = State::Assigned { to: self.technician, at: context.when.clone(), accepted: None };
        Ok(order.into())
    }
}

/// Sends somebody at a time, as the plan of the day has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanVisit {
    /// Who goes.
    pub technician: UserId,
    /// When.
    pub window: Window,
}

impl Payload for PlanVisit {
    type Record = WorkOrder;

    fn example() -> Self {
        let AgreeTime { window, .. } = AgreeTime::example();
        Self { technician: Assign::example().technician, window }
    }

    fn check(&self, check: &mut Check) {
        check.span("/window", self.window.from, self.window.until);
    }

    fn needs(&self, order: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        Assign { technician: self.technician }.needs(order, actor)
    }
}

impl Change for PlanVisit {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let from = order.status();
        if !matches!(from, Status::Requested | Status::Assigned | Status::Paused) {
            return Err(Refusal::IllegalTransition { from, operation: "plan_visit" });
        }
        let mut decision = Assign { technician: self.technician }.decide(order, context)?;
        if let Some(order) = &mut decision.record {
            order.planned = Some(self.window);
        }
        Ok(decision)
    }
}

pub(super) fn end_assignment(order: &mut WorkOrder, context: &Context<'_>, handed_back: Option<String>) {
    order.planned = None;
    if let Some(last) = order.assignments.last_mut()
        && last.ended_rev.is_none()
    {
        last.ended_rev = Some(context.rev);
        last.handed_back = handed_back;
    }
}

/// The technician says yes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accept {}

impl Payload for Accept {
    type Record = WorkOrder;

    fn example() -> Self {
        Self {}
    }
}

impl Change for Accept {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let at = context.when.clone();
        let what = Step { verb: "accept", note: None };
        let (progress, mut order) = step(order, context, what, |s| s >= Status::Assigned, |s| s.accept(at))?;
        if progress == Progress::Moved {
            order.clocks.responded(&context.when, &order.policy);
        }
        Ok(progress.decision(order))
    }
}

/// The technician gives the order back, with the reason.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandBack {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for HandBack {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { reason: "Needs a lift electrician.".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }
}

impl Change for HandBack {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let what = Step { verb: "hand_back", note: Some(&self.reason) };
        let given_back = |s: Status| s == Status::Requested || s >= Status::Finished;
        let rested = order.status() == Status::Paused;
        let (progress, mut order) = step(order, context, what, given_back, State::hand_back)?;
        if progress == Progress::Moved {
            end_assignment(&mut order, context, Some(self.reason));
            if rested {
                order.clocks.resumed(context.op, &context.when, &order.policy);
            }
        }
        Ok(progress.decision(order))
    }
}

/// The technician sets off.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Depart {}

impl Payload for Depart {
    type Record = WorkOrder;

    fn example() -> Self {
        Self {}
    }
}

impl Change for Depart {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let at = context.when.clone();
        let what = Step { verb: "depart", note: None };
        let (progress, mut order) = step(order, context, what, |s| s >= Status::EnRoute, |s| s.depart(at))?;
        if progress == Progress::Moved {
            order.clocks.responded(&context.when, &order.policy);
        }
        Ok(progress.decision(order))
    }
}

/// Another time is agreed with the customer (预约): who consented, when, the new time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgreeTime {
    /// The agreed time; arrival is due by its end.
    pub window: Window,
    /// Who consented, in the household; 1 to 200 characters.
    pub consented_by: String,
}

impl Payload for AgreeTime {
    type Record = WorkOrder;

    fn example() -> Self {
        let from = chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(20_600);
        Self { window: Window { from, until: from + chrono::Duration::hours(2) }, consented_by: "Mrs Chen".into() }
    }

    fn check(&self, check: &mut Check) {
        check.span("/window", self.window.from, self.window.until);
        check.text("/consented_by", &self.consented_by, 1..=200);
    }
}

impl Change for AgreeTime {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let from = order.status();
        let mut overtaken = addition(&order, context)?;
        if from.is_over() && overtaken.is_none() {
            return Err(Refusal::IllegalTransition { from, operation: "agree_time" });
        }
        let mut flags = flags(overtaken);
        if order.changed.get("appointment").is_some_and(|rev| !context.saw(*rev)) {
            let held = order.appointment().map(|held| held.window);
            let detail = serde_json::json!({ "field": "appointment", "held": held, "sent": self.window });
            flags.push(Flagged::with(Flag::FieldConflict, detail));
            // The schedule is the office's: its time stands, the customer's consent to the other is kept.
            if context.by_technician() {
                overtaken = overtaken.or(Some(Flag::FieldConflict));
            }
        }
        if overtaken.is_none() {
            let (consented, consented_by) = (&context.when, self.consented_by.as_str());
            let Window { from: begins, until } = self.window;
            let agreement = Agreement { op: context.op, consented, consented_by, from: begins, until };
            order.clocks.agreed(from, order.recorded.latest, agreement, &order.policy);
            order.clocks.responded(&context.when, &order.policy);
            order.changed.insert("appointment".into(), context.rev);
        }
        let appointment = Appointment {
            op: context.op,
            window: self.window,
            consented_by: self.consented_by,
            consented: context.when.clone(),
            by: context.actor.user,
            overtaken,
        };
        WorkOrder::push(&mut order.appointments, appointment)?;
        Ok(Decision::flagged(order, flags))
    }
}

/// The order will not be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cancel {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for Cancel {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { reason: "The customer called: it stopped by itself.".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, record: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        let asked_for = record.filter(|order| plan::was_asked_for(order));
        let shutdown = record.and_then(|order| order.shutdown).map(Need::record);
        asked_for.map(|order| plan::needs_of_order(order, actor.org)).into_iter().flatten().chain(shutdown).collect()
    }
}

impl Change for Cancel {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let from = order.status();
        if matches!(from, Status::SignedOff | Status::Closed | Status::Cancelled) {
            return Err(Refusal::IllegalTransition { from, operation: "cancel" });
        }
        order.log_end(context, "cancel", None);
        let shutdown = called_off_with(&order, &self.reason, context);
        order.state = State::Cancelled {
            cancelled: context.when.clone(),
            by: context.actor.user,
            rev: context.rev,
            reason: self.reason,
            was: order.technician(),
        };
        // Whoever was not content and was promised rework is called once more.
        let asked_for = plan::was_asked_for(&order);
        let visit = asked_for.then(|| plan::plan_for_cancelled(&order, context.when.latest, context)).flatten();
        let also = visit.into_iter().chain(shutdown.map(Into::into)).collect();
        Ok(Decision { record: Some(order), also, flags: Vec::new() })
    }
}

/// Closes the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Close {
    /// Why it is closed without a signature; needed then, at most 1,000 characters. Nothing is charged.
    pub without_signature: Option<String>,
    /// Why it is closed although photos that its type requires are missing or have not arrived; needed then, at most
    /// 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_photos: Option<String>,
}

impl Payload for Close {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { without_signature: None, without_photos: Some("The phone fell into the shaft".into()) }
    }

    fn check(&self, check: &mut Check) {
        if let Some(reason) = &self.without_signature {
            check.text("/without_signature", reason, 1..=1000);
        }
        if let Some(reason) = &self.without_photos {
            check.text("/without_photos", reason, 1..=1000);
        }
    }

    fn needs(&self, record: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        // One that was signed for has its return visit already.
        let unsigned = record.filter(|order| order.status() == Status::Finished);
        unsigned.map(|order| plan::needs_of_order(order, actor.org)).unwrap_or_default()
    }
}

impl Change for Close {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let from = order.status();
        let outcome = match (from, self.without_signature) {
            (Status::SignedOff, _) => Outcome::Accepted,
            (Status::Finished, Some(reason)) => Outcome::Unsigned { reason },
            _ => return Err(Refusal::IllegalTransition { from, operation: "close" }),
        };
        match (order.has_photos_to_close(), &self.without_photos) {
            (Err(missing), None) => return Err(missing),
            (_, Some(reason)) => order.log_end(context, "without_photos", Some(reason)),
            (Ok(()), None) => {}
        }
        order.log_end(context, "close", None);
        let closed = context.when.clone();
        order.clocks.resolved(&closed, &order.policy);
        let visit = (from == Status::Finished).then(|| plan::plan_for_order(&order, closed.latest, context)).flatten();
        order.state = State::Closed { closed, by: context.actor.user, rev: context.rev, outcome };
        Ok(Decision { record: Some(order), also: visit.into_iter().collect(), flags: Vec::new() })
    }
}
