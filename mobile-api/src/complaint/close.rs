//! What it came to, and the end; and that it is taken up again.

use serde::{Deserialize, Serialize};

use super::{
    Complaint, ComplaintState, Mark, Round, Summary,
    orders::orders_open,
    standing::{addition, decided},
};
use crate::{
    actor::{Actor, Role},
    check::Check,
    ids::ComplaintClassId,
    operation::{Change, Context, Decision, Need, Payload},
    refusal::Refusal,
};

/// Sums a complaint up, for the statistics.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Summarise {
    /// Its class, one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<ComplaintClassId>,
    /// Why it came to this; 1 to 200 characters.
    pub cause: String,
    /// In a few sentences; at most 10,000 characters.
    #[serde(default)]
    pub text: String,
}

impl Payload for Summarise {
    type Record = Complaint;

    fn example() -> Self {
        let text = "The old seal had been put in again; a new one holds".into();
        Self { class: None, cause: "Old part".into(), text }
    }

    fn check(&self, check: &mut Check) {
        check.text("/cause", &self.cause, 1..=200);
        check.text("/text", &self.text, 0..=10_000);
    }

    fn needs(&self, _: Option<&Complaint>, _: &Actor) -> Vec<Need> {
        self.class.map(Need::record).into_iter().collect()
    }
}

impl Change for Summarise {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let overtaken = addition(&complaint, context, "summarise")?;
        let usable = |id| context.related.get(id).is_some_and(|class: &super::ComplaintClass| class.active);
        if self.class.is_some_and(|id| !usable(id)) {
            return Err(Refusal::BadReference { pointer: "/class".into() });
        }
        let Summarise { class, cause, text } = self;
        complaint.summary = Some(Summary { class, cause, text, mark: Mark::of(context, overtaken) });
        complaint.log(context, "summarise", None, overtaken)?;
        Ok(decided(complaint, overtaken))
    }
}

/// Closes a complaint. It must be summed up. Where something is still open – the complainant has not accepted, nobody has called
/// back, an order or a task of its own is not done – that needs a reason; without the complainant's word, a manager's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CloseComplaint {
    /// Why, although something is still open; 1 to 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Payload for CloseComplaint {
    type Record = Complaint;

    fn example() -> Self {
        Self { reason: Some("Mrs Chen moved away and cannot be reached".into()) }
    }

    fn check(&self, check: &mut Check) {
        if let Some(reason) = &self.reason {
            check.text("/reason", reason, 1..=2000);
        }
    }

    fn needs(&self, record: Option<&Complaint>, _: &Actor) -> Vec<Need> {
        record.into_iter().flat_map(|complaint| &complaint.orders).map(|opened| Need::record(opened.order)).collect()
    }
}

impl Change for CloseComplaint {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        if complaint.status().is_over() {
            return Err(complaint.illegal("close"));
        }
        if complaint.summary.is_none() {
            return Err(Refusal::SummaryMissing);
        }
        let open = complaint.open_ends(context);
        if !open.is_empty() && self.reason.is_none() {
            return Err(Refusal::ReasonNeeded { what: open });
        }
        if complaint.is_unsettled() && !matches!(context.actor.role, Role::Admin | Role::Manager) {
            return Err(Refusal::Forbidden);
        }
        complaint.log(context, "close", self.reason.clone(), None)?;
        let (closed, by, rev) = (context.when.clone(), context.actor.user, context.rev);
        complaint.state = ComplaintState::Closed { closed, by, rev, reason: self.reason };
        Ok(complaint.into())
    }
}

impl Complaint {
    /// What is still open, in stable words.
    fn open_ends(&self, context: &Context<'_>) -> Vec<&'static str> {
        let accepted = matches!(self.state, ComplaintState::Accepted { .. });
        let ends = [
            ("customers_word", self.is_unsettled()),
            ("return_call", accepted && !self.is_called_back()),
            ("open_orders", orders_open(self, context).next().is_some()),
            ("open_tasks", self.tasks.iter().any(|task| task.result.is_none())),
            ("open_surveys", self.surveys.iter().any(|survey| survey.result.is_none())),
        ];
        ends.into_iter().filter(|(_, open)| *open).map(|(what, _)| what).collect()
    }
}

/// Takes a closed complaint up again. Only a person does that.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReopenComplaint {
    /// Why; 1 to 2,000 characters.
    pub reason: String,
}

impl Payload for ReopenComplaint {
    type Record = Complaint;

    fn example() -> Self {
        Self { reason: "It drips again".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=2000);
    }
}

impl Change for ReopenComplaint {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        if !complaint.status().is_over() || complaint.merged_into.is_some() {
            return Err(complaint.illegal("reopen"));
        }
        let founded = complaint.judgements.last().is_some_and(|judgement| judgement.founded);
        let since = context.when.clone();
        complaint.state = if founded { ComplaintState::Investigating { since } } else { ComplaintState::Received };
        Complaint::push(&mut complaint.rounds, Round::default())?;
        complaint.taken_up(&context.when);
        complaint.log(context, "reopen", Some(self.reason), None)?;
        Ok(complaint.into())
    }
}
