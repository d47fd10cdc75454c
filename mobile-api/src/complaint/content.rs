//! What a complainant signs for.

use serde::{Deserialize, Serialize};

use super::Complaint;
use crate::ids::ComplaintId;

/// What is shown to whoever accepts a settlement. Its canonical JSON (RFC 8785) is digested, and both are sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResolutionContent {
    /// The complaint.
    pub complaint: ComplaintId,
    /// Its number, if the phone knew it.
    pub number: Option<String>,
    /// What was complained of.
    pub text: String,
    /// The measure that was approved.
    pub measure: Option<String>,
    /// What was carried out.
    pub carried_out: Option<String>,
    /// Which round it is, from 1.
    pub round: u32,
    /// Who signs; 1 to 200 characters.
    pub signer: String,
}

impl Complaint {
    /// What to show to whoever signs.
    pub fn content(&self, signer: &str) -> ResolutionContent {
        self.content_of(self.rounds.len(), signer)
    }

    /// The same of a round, counted from 1.
    pub(super) fn content_of(&self, number: usize, signer: &str) -> ResolutionContent {
        let round = number.checked_sub(1).and_then(|at| self.rounds.get(at));
        let approved = round.and_then(|round| round.proposal(round.approved.as_ref()?.proposal));
        let done = round.and_then(|round| round.carried_out.as_ref());
        ResolutionContent {
            complaint: self.id,
            number: self.number.clone(),
            text: self.text.clone(),
            measure: approved.map(|proposal| proposal.text.clone()),
            carried_out: done.map(|done| done.text.clone()),
            round: u32::try_from(number).unwrap_or(u32::MAX),
            signer: signer.into(),
        }
    }
}

impl ResolutionContent {
    /// Names the parts in which what was signed differs from what the server holds. A number that the phone did not know yet is no
    /// difference; nor is the id, if the complaint was merged into another meanwhile.
    pub(super) fn differences(&self, held: &ResolutionContent) -> Vec<String> {
        let parts = [
            ("number", self.number.is_none() || self.number == held.number),
            ("text", self.text == held.text),
            ("measure", self.measure == held.measure),
            ("carried_out", self.carried_out == held.carried_out),
            ("round", self.round == held.round),
        ];
        parts.into_iter().filter(|(_, same)| !same).map(|(part, _)| part.into()).collect()
    }
}
