//! Whose it is to call, and attempts in vain.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Attempt, ReturnVisit, Unreached, VisitState, Way, rules::rules};
use crate::{
    actor::{Actor, Role},
    check::Check,
    directory::User,
    evidence::When,
    ids::{Id, UserId},
    operation::{Change, Context, Decision, Mode, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
};

impl ReturnVisit {
    /// Only while somebody is to call.
    fn must_wait(&self) -> Result<(), Refusal> {
        if self.is_waiting() { Ok(()) } else { Err(Refusal::VisitOver { status: self.status().as_str() }) }
    }

    fn give_to(&mut self, user: Option<UserId>) -> Result<(), Refusal> {
        if let Some(user) = user
            && !self.given.contains(&user)
        {
            Self::push(&mut self.given, user)?;
        }
        self.assignee = user;
        Ok(())
    }

    /// A call of our own while the customer rests, by all that can be proved.
    pub(super) fn in_rest(&self, way: Way, when: &When, context: &Context<'_>) -> Option<Flagged> {
        let callable = self.callable(context).filter(|_| way == Way::Call)?;
        let until = callable.rests(when.earliest).and(callable.rests(when.latest))?;
        Some(Flagged::with(Flag::CalledWhileResting, json!({ "until": until })))
    }
}

/// Takes a call for oneself, just before making it. Refused while the customer rests: their hours may have changed since it
/// was planned.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TakeVisit {}

impl Payload for TakeVisit {
    type Record = ReturnVisit;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, record: Option<&ReturnVisit>, actor: &Actor) -> Vec<Need> {
        record.map(|visit| visit.needs(actor.org)).unwrap_or_default()
    }
}

impl Change for TakeVisit {
    fn decide(self, mut visit: ReturnVisit, context: &Context<'_>) -> Result<Decision<ReturnVisit>, Refusal> {
        visit.must_wait()?;
        let user = context.actor.user;
        if visit.assignee.is_some_and(|assignee| assignee != user) {
            return Err(Refusal::VisitTaken);
        }
        if let Some(until) = visit.callable(context).and_then(|callable| callable.rests(context.received_at)) {
            return Err(Refusal::CustomerRests { until });
        }
        visit.give_to(Some(user))?;
        Ok(visit.into())
    }
}

/// Gives a return visit to somebody, or to nobody. A technician gets those that are paid at home.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssignVisit {
    /// To whom; absent: to whoever takes it. Nobody who did the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<UserId>,
    /// How the customer is asked; absent leaves it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
}

impl Payload for AssignVisit {
    type Record = ReturnVisit;

    fn example() -> Self {
        Self { to: Some(Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000021"))), way: Some(Way::Home) }
    }

    fn check(&self, check: &mut Check) {
        if self.way == Some(Way::Themselves) {
            check.error("/way", "out_of_range", "`call` or `home`");
        }
    }

    fn needs(&self, _: Option<&ReturnVisit>, _: &Actor) -> Vec<Need> {
        self.to.map(Need::record).into_iter().collect()
    }
}

impl Change for AssignVisit {
    fn decide(self, mut visit: ReturnVisit, context: &Context<'_>) -> Result<Decision<ReturnVisit>, Refusal> {
        visit.must_wait()?;
        if let Some(to) = self.to {
            let user: Option<&User> = context.related.get(to);
            let user = user.filter(|user| user.active && !matches!(user.role, Role::Customer | Role::System));
            let user = user.ok_or(Refusal::BadReference { pointer: "/to".into() })?;
            if visit.technicians.contains(&to) {
                return Err(Refusal::OwnWork);
            }
            // A technician's phone holds what they visit, not whom they might ring up.
            let home = self.way.unwrap_or(visit.way) == Way::Home;
            if user.role == Role::Technician && !home {
                return Err(Refusal::BadReference { pointer: "/way".into() });
            }
        }
        visit.way = self.way.unwrap_or(visit.way);
        visit.give_to(self.to)?;
        Ok(visit.into())
    }
}

/// Records that the customer was not reached. As often as the organisation says, and it is given up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptVisit {
    /// Why.
    pub reason: Unreached,
    /// How; absent: as planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
    /// When they asked to be called, if they did: it is put outside of their rest all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_at: Option<DateTime<Utc>>,
    /// Anything else; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Payload for AttemptVisit {
    type Record = ReturnVisit;

    fn example() -> Self {
        Self { reason: Unreached::NoAnswer, way: None, again_at: None, note: Some("Rang for a minute".into()) }
    }

    fn check(&self, check: &mut Check) {
        check.optional_text("/note", self.note.as_deref(), 1000);
        if let Some(again_at) = self.again_at {
            check.time("/again_at", again_at);
        }
    }

    fn needs(&self, record: Option<&ReturnVisit>, actor: &Actor) -> Vec<Need> {
        record.map(|visit| visit.needs(actor.org)).unwrap_or_default()
    }
}

impl Change for AttemptVisit {
    fn decide(self, mut visit: ReturnVisit, context: &Context<'_>) -> Result<Decision<ReturnVisit>, Refusal> {
        let mut flags: Vec<Flagged> = visit.hands(context)?.into_iter().collect();
        let waiting = visit.is_waiting();
        // What was recorded has happened; who sees the present need not try again.
        if !waiting && context.mode == Mode::Online {
            visit.must_wait()?;
        }
        let AttemptVisit { reason, way, again_at, note } = self;
        let way = way.unwrap_or(visit.way);
        flags.extend(visit.in_rest(way, &context.when, context));
        let counts = waiting && reason != Unreached::Later;
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        ReturnVisit::push(&mut visit.attempts, Attempt { op, way, reason, counts, note, by, at })?;
        if !waiting {
            flags.push(Flag::AlreadyDone.into());
            return Ok(Decision::flagged(visit, flags));
        }
        let rules = rules(context);
        let enough = rules.is_some_and(|rules| visit.in_vain() >= rules.attempts as usize);
        if enough && counts {
            visit.state = VisitState::Unreachable { at: context.when.clone() };
            visit.next_at = None;
            flags.extend(visit.bad_and_unreached());
        } else {
            let pause = Duration::minutes(rules.map_or(0, |rules| rules.retry_minutes).into());
            let again = again_at.unwrap_or(context.when.latest + pause);
            visit.call_from(again.max(context.when.latest), context);
        }
        Ok(Decision::flagged(visit, flags))
    }
}
