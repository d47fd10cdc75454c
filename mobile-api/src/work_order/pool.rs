//! Orders change hands among technicians: out of the pool, and on to a colleague.

use serde::{Deserialize, Serialize};

use super::{
    Assignment, State, Status, WorkOrder,
    dispatch::end_assignment,
    standing::{Standing, flags, standing},
};
use crate::{
    actor::Actor,
    check::Check,
    directory::{Organisation, User},
    ids::{Id, UserId},
    operation::{Change, Context, Decision, Need, Payload},
    refusal::Refusal,
};

/// Takes an order out of the pool of one's crew (抢单).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grab {}

impl Payload for Grab {
    type Record = WorkOrder;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, _: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(actor.org);
        let technician = actor.user.uuid();
        vec![Need::record(actor.user), Need::record(firm), Need::OpenOrdersOf { technician }]
    }
}

impl Change for Grab {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let from = order.status();
        if from != Status::Requested {
            return Err(Refusal::IllegalTransition { from, operation: "grab" });
        }
        if order.team.is_none_or(|team| !context.actor.teams.contains(&team)) {
            return Err(Refusal::NotAssigned);
        }
        let firm = context.related.get(Id::<Organisation>::new(context.actor.org));
        let most = firm.map_or(u32::MAX, |firm| firm.pool_cap);
        if context.related.open_of >= u64::from(most) {
            return Err(Refusal::EnoughToDo { most });
        }
        qualified(&order, context.related.get(context.actor.user), context)?;
        take(&mut order, context.actor.user, context)?;
        order.log(context, "grab", None, None)?;
        order.state =
            State::Assigned { to: context.actor.user, at: context.when.clone(), accepted: Some(context.when.clone()) };
        order.clocks.responded(&context.when, &order.policy);
        Ok(order.into())
    }
}

/// Gives one's order to a colleague, with the reason (转单).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PassOn {
    /// To whom.
    pub to: UserId,
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for PassOn {
    type Record = WorkOrder;

    fn example() -> Self {
        let to = Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000021"));
        Self { to, reason: "She is next door and knows the building".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, _: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        vec![Need::record(self.to)]
    }
}

impl Change for PassOn {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let from = order.status();
        if let Standing::Overtaken(flag) = standing(&order, context) {
            // The office was faster; that they would have passed it on is worth knowing.
            order.log(context, "pass_on", Some(&self.reason), Some(flag))?;
            return Ok(Decision::flagged(order, flags(Some(flag))));
        }
        if order.technician() != Some(context.actor.user) {
            return Err(Refusal::NotAssigned);
        }
        if !matches!(from, Status::Assigned | Status::EnRoute | Status::OnSite | Status::Paused) {
            return Err(Refusal::IllegalTransition { from, operation: "pass_on" });
        }
        let colleague: Option<&User> = context.related.get(self.to);
        let one_crew = |user: &&User| user.teams.iter().any(|team| context.actor.teams.contains(team));
        match colleague {
            // A phone does not hold its owner's colleagues; the server asks.
            None if context.related.partial => {}
            Some(colleague) if colleague.active && self.to != context.actor.user && one_crew(&colleague) => {
                qualified(&order, Some(colleague), context)?;
            }
            _ => return Err(Refusal::BadReference { pointer: "/to".into() }),
        }
        end_assignment(&mut order, context, Some(self.reason.clone()));
        take(&mut order, self.to, context)?;
        order.log(context, "pass_on", Some(&self.reason), None)?;
        if from == Status::Paused {
            order.clocks.resumed(context.op, &context.when, &order.policy);
        }
        order.state = State::Assigned { to: self.to, at: context.when.clone(), accepted: None };
        Ok(order.into())
    }
}

/// Whether they hold the certificate that the order needs (持证上岗).
fn qualified(order: &WorkOrder, user: Option<&User>, context: &Context<'_>) -> Result<(), Refusal> {
    match &order.policy.certificate {
        Some(code) if user.is_none_or(|user| !user.holds(code, context.when.latest)) => {
            Err(Refusal::NotQualified { certificate: code.clone() })
        }
        _ => Ok(()),
    }
}

fn take(order: &mut WorkOrder, technician: UserId, context: &Context<'_>) -> Result<(), Refusal> {
    let assignment = Assignment {
        technician,
        by: context.actor.user,
        at: context.when.clone(),
        rev: context.rev,
        ended_rev: None,
        handed_back: None,
    };
    order.clocks.dispatched(&context.when, &order.policy);
    WorkOrder::push(&mut order.assignments, assignment)
}
