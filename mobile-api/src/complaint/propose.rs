//! What is to be done about it: proposed, approved by a manager, carried out.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Approved, CarriedOut, Complaint, ComplaintStatus, Mark, Proposal,
    standing::{decided, step},
};
use crate::{
    check::Check,
    money::Money,
    operation::{Change, Context, Decision, Payload},
    refusal::Refusal,
};

/// Proposes a measure. There may be several; a manager chooses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Propose {
    /// What is to be done; 1 to 4,000 characters.
    pub text: String,
    /// What it would cost the firm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

impl Payload for Propose {
    type Record = Complaint;

    fn example() -> Self {
        let cost = Some(Money { minor: 12_000, currency: crate::money::Currency::CNY });
        Self { text: "A new seal for nothing, and the fee of the first visit back".into(), cost }
    }

    fn check(&self, check: &mut Check) {
        check.text("/text", &self.text, 1..=4000);
        if let Some(cost) = &self.cost {
            cost.check(check, "/cost");
        }
    }
}

impl Change for Propose {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let at = context.when.clone();
        let later = |status| status > ComplaintStatus::Proposed;
        let overtaken = step(&mut complaint, context, "propose", later, |state| state.propose(at))?;
        let proposal = Proposal { text: self.text, cost: self.cost, mark: Mark::of(context, overtaken) };
        Complaint::push(&mut complaint.this_round().proposals, proposal)?;
        Ok(decided(complaint, overtaken))
    }
}

/// Approves one of the measures.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApproveProposal {
    /// The operation that proposed it.
    pub proposal: Uuid,
    /// What the manager adds; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Payload for ApproveProposal {
    type Record = Complaint;

    fn example() -> Self {
        let proposal = uuid::uuid!("01930000-0000-7000-8000-000000000093");
        Self { proposal, note: Some("Today, please".into()) }
    }

    fn check(&self, check: &mut Check) {
        check.optional_text("/note", self.note.as_deref(), 2000);
    }
}

impl Change for ApproveProposal {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let (proposal, at) = (self.proposal, context.when.clone());
        let known = complaint.round().is_some_and(|round| round.proposal(proposal).is_some());
        if !known {
            return Err(Refusal::EntryUnknown);
        }
        let later = |status| status > ComplaintStatus::Proposed;
        let overtaken = step(&mut complaint, context, "approve", later, |state| state.approve(proposal, at))?;
        if overtaken.is_none() {
            let approved = Approved { proposal, note: self.note, mark: Mark::of(context, None) };
            complaint.this_round().approved = Some(approved);
        }
        Ok(decided(complaint, overtaken))
    }
}

/// Records that the measure was carried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CarryOut {
    /// What was done; 1 to 4,000 characters.
    pub text: String,
}

impl Payload for CarryOut {
    type Record = Complaint;

    fn example() -> Self {
        Self { text: "New seal in, tried for ten minutes".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/text", &self.text, 1..=4000);
    }
}

impl Change for CarryOut {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let at = context.when.clone();
        // After a refusal it is looked into again: what was carried out belongs to the round before.
        let again = complaint.rounds.len() > 1;
        let later = |status| status >= ComplaintStatus::CarriedOut || (again && status < ComplaintStatus::Approved);
        let overtaken = step(&mut complaint, context, "carry_out", later, |state| state.carry_out(at))?;
        let done = CarriedOut { text: self.text, mark: Mark::of(context, overtaken) };
        if overtaken.is_none() {
            complaint.this_round().carried_out = Some(done);
        } else if let Some(step) = complaint.timeline.last_mut() {
            step.note = Some(done.text);
        }
        Ok(decided(complaint, overtaken))
    }
}

impl super::Round {
    /// A proposal by its id, the operation that made it.
    pub fn proposal(&self, id: Uuid) -> Option<&Proposal> {
        self.proposals.iter().find(|proposal| proposal.mark.op == id)
    }
}
