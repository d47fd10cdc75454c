//! Work rests, or cannot even begin, and goes on: with the clocks or without.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    State, Status, Window, WorkOrder,
    clocks::is_awaited,
    standing::{Progress, Step, contribution, flags, step},
};
use crate::{
    check::Check,
    operation::{Change, Context, Decision, Mode, Payload},
    refusal::{Flag, Flagged, Refusal},
};

/// Work stops for today; the reason was explained to the customer. Before somebody has arrived it needs a `code`: then the
/// order stays where it is, and its clocks stand still until somebody comes, or says that it goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pause {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
    /// When it goes on, if that was agreed.
    pub next: Option<Window>,
    /// The code of a reason that the order's policy names; with it the clock stops as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Who consented, in the household; 1 to 200 characters. Some reasons stop the clock only with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consented_by: Option<String>,
}

impl Payload for Pause {
    type Record = WorkOrder;

    fn example() -> Self {
        let consented_by = Some("Mrs Chen".into());
        Self { reason: "She has to leave".into(), next: None, code: Some("customer".into()), consented_by }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
        if let Some(next) = self.next {
            check.span("/next", next.from, next.until);
        }
        if let Some(code) = &self.code {
            check.text("/code", code, 1..=60);
        }
        if let Some(name) = &self.consented_by {
            check.text("/consented_by", name, 1..=200);
        }
    }
}

impl Change for Pause {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        if is_awaited(order.status()) && self.code.is_some() {
            return self.hold(order, context);
        }
        let (at, reason, next) = (context.when.clone(), self.reason.clone(), self.next);
        let what = Step { verb: "pause", note: Some(&self.reason) };
        let (progress, mut order) = step(order, context, what, |s| s >= Status::Paused, |s| s.pause(at, reason, next))?;
        let mut flags = progress.flags();
        if progress == Progress::Moved {
            order.changed.insert(PAUSED.into(), context.rev);
            flags.extend(self.stop_the_clocks(&mut order, context)?);
        }
        Ok(Decision::flagged(order, flags))
    }
}

/// Under which name an order notes the revision of its last pause.
const PAUSED: &str = "paused";

impl Pause {
    /// Nobody is there yet: the order waits where it is.
    fn hold(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let overtaken = contribution(&order, context)?;
        let mut flags = flags(overtaken);
        if overtaken.is_none() {
            flags.extend(self.stop_the_clocks(&mut order, context)?);
        }
        order.log(context, "pause", Some(&self.reason), overtaken)?;
        Ok(Decision::flagged(order, flags))
    }

    /// Stops the clocks, if there is a reason that the policy allows. Who waits for the answer learns why they would go on;
    /// what was recorded has happened: then work rests, the clocks go on, and somebody is told of it.
    fn stop_the_clocks(&self, order: &mut WorkOrder, context: &Context<'_>) -> Result<Option<Flagged>, Refusal> {
        let Some(code) = &self.code else { return Ok(None) };
        let reason = order.policy.pauses.iter().find(|reason| reason.code == *code);
        let problem = match reason {
            Some(reason) if !reason.needs_consent || self.consented_by.is_some() => {
                let WorkOrder { clocks, policy, .. } = order;
                clocks.paused(context.op, &context.when, code, self.consented_by.as_deref(), policy);
                return Ok(None);
            }
            Some(_) => Refusal::ConsentNeeded,
            None => Refusal::BadReference { pointer: "/code".into() },
        };
        match context.mode {
            Mode::Online => Err(problem),
            Mode::Recorded => {
                let detail = json!({ "code": code, "problem": problem.code() });
                Ok(Some(Flagged::with(Flag::PauseNotCounted, detail)))
            }
        }
    }
}

/// Work goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resume {}

impl Payload for Resume {
    type Record = WorkOrder;

    fn example() -> Self {
        Self {}
    }
}

impl Change for Resume {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        if is_awaited(order.status()) && order.clocks.any_paused() {
            let overtaken = contribution(&order, context)?;
            if overtaken.is_none() {
                order.clocks.resumed(context.op, &context.when, &order.policy);
            }
            order.log(context, "resume", None, overtaken)?;
            return Ok(Decision::flagged(order, flags(overtaken)));
        }
        let what = Step { verb: "resume", note: None };
        let going_on = |s: Status| matches!(s, Status::OnSite | Status::Working) || s >= Status::Finished;
        let (progress, mut order) = step(order, context, what, going_on, State::resume)?;
        if progress == Progress::Moved {
            order.clocks.resumed(context.op, &context.when, &order.policy);
        }
        let unconfirmed = order.beyond_confirmed(context).filter(|_| progress == Progress::Moved);
        let mut decision = progress.decision(order);
        decision.flags.extend(unconfirmed);
        Ok(decision)
    }
}

impl WorkOrder {
    /// Whether the office let the work rest behind the back of somebody who was working.
    pub(super) fn was_paused_unseen(&self, context: &Context<'_>) -> bool {
        let unseen = self.changed.get(PAUSED).is_some_and(|rev| !context.saw(*rev));
        self.status() == Status::Paused && context.mode == Mode::Recorded && unseen
    }
}
