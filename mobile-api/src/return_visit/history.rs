//! What a customer said before the firm came to Doorstep.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Answer, Chosen, ReturnVisit, Satisfaction, VisitState, Way, hours::days_after, plan::id_of, rules::rules};
use crate::{
    check::Check,
    evidence::When,
    operation::Context,
    record::{Kind, Ref},
    work_order::WorkOrder,
};

/// That a customer was called after a job, as another system has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalledThere {
    /// When they were called last; not before the order was closed.
    pub at: DateTime<Utc>,
    /// What they said; absent if nobody could be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satisfaction: Option<Satisfaction>,
    /// In their words; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

impl CalledThere {
    pub(crate) fn check(&self, check: &mut Check, pointer: &str, closed_at: Option<DateTime<Utc>>) {
        check.time(&format!("{pointer}/at"), self.at);
        check.optional_text(&format!("{pointer}/words"), self.words.as_deref(), 2000);
        if closed_at.is_none_or(|closed| self.at < closed) {
            check.error(format!("{pointer}/at"), "out_of_range", "not before `closed_at`");
        }
    }

    /// The return visit about an order that was taken over. A bad answer opens nothing: what became of it is history too.
    pub(crate) fn about(self, order: &WorkOrder, context: &Context<'_>) -> Option<ReturnVisit> {
        let about = Ref::new(Kind::WorkOrder, order.id);
        let since = order.over_since()?;
        let at = When::at(self.at);
        let answer = self.satisfaction.map(|satisfaction| Answer {
            op: context.op,
            way: Way::Call,
            name: None,
            satisfaction,
            reasons: Vec::new(),
            scores: Default::default(),
            said: Default::default(),
            suggestions: self.words,
            script: None,
            opened: Vec::new(),
            by: context.actor.user,
            at: at.clone(),
        });
        let state = match &answer {
            Some(answer) => VisitState::Answered { op: answer.op, at },
            None => VisitState::Unreachable { at },
        };
        Some(ReturnVisit {
            id: id_of(about),
            about,
            number: order.number.clone(),
            order_type: Some(order.order_type),
            site: order.site,
            building: order.building,
            unit: order.unit,
            customer: order.customer,
            asset: order.asset,
            place: order.place.clone(),
            fault: order.fault.clone(),
            contact: order.caller.clone(),
            technicians: order.assignments.iter().map(|assignment| assignment.technician).collect(),
            chosen: Chosen::Always,
            round: 0,
            follows: None,
            since,
            due_by: days_after(since, rules(context)?.days),
            wanted_at: since,
            next_at: None,
            way: Way::Call,
            assignee: None,
            given: Vec::new(),
            missed: None,
            attempts: Vec::new(),
            answers: answer.into_iter().collect(),
            survey: None,
            disagrees: false,
            state,
        })
    }
}
