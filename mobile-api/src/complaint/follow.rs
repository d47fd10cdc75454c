//! Somebody looks after it until it is settled, and calls back afterwards.

use serde::{Deserialize, Serialize};

use super::{
    Complaint, ComplaintClock, ComplaintState, FollowedUp, Mark, ReturnCall, Severity,
    standing::{addition, decided},
};
use crate::{
    check::Check,
    operation::{Change, Context, Decision, Payload},
    refusal::{Flag, Flagged, Refusal},
};

/// Records how it stands. Of a serious one the next follow-up is due so many minutes later as the rules say.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FollowUp {
    /// How it stands; 1 to 2,000 characters.
    pub text: String,
}

impl Payload for FollowUp {
    type Record = Complaint;

    fn example() -> Self {
        Self { text: "The plumbers are on their way, Mrs Chen knows".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/text", &self.text, 1..=2000);
    }
}

impl Change for FollowUp {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let overtaken = addition(&complaint, context, "follow_up")?;
        let clock = if overtaken.is_none() { complaint.followed_up(&context.when) } else { None };
        let entry = FollowedUp { text: self.text, clock, mark: Mark::of(context, overtaken) };
        Complaint::push(&mut complaint.follow_ups, entry)?;
        complaint.log(context, "follow_up", None, overtaken)?;
        Ok(decided(complaint, overtaken))
    }
}

/// How somebody was called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallHow {
    /// By telephone.
    Phone,
    /// At the door.
    HomeVisit,
}

/// Records a call or a visit after it was settled (回访). If they are not satisfied, it goes round again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallBack {
    /// How. After a serious one only a visit ends the deadline, if the rules say so.
    pub how: CallHow,
    /// Whether they are satisfied; absent if nobody was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satisfied: Option<bool>,
    /// What they said; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

impl Payload for CallBack {
    type Record = Complaint;

    fn example() -> Self {
        Self { how: CallHow::Phone, satisfied: Some(true), words: Some("Dry since".into()) }
    }

    fn check(&self, check: &mut Check) {
        check.optional_text("/words", self.words.as_deref(), 2000);
    }
}

impl Change for CallBack {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let CallBack { how, satisfied, words } = self;
        let mut overtaken = addition(&complaint, context, "call_back")?;
        let settled = matches!(complaint.state, ComplaintState::Accepted { .. });
        if overtaken.is_none() && !settled {
            // Who waits for the answer sees that it is not settled; otherwise it fell back behind their back.
            if context.mode == crate::operation::Mode::Online
                || complaint.calls.is_empty() && complaint.rounds.len() < 2
            {
                return Err(complaint.illegal("call_back"));
            }
            overtaken = Some(Flag::AlreadyDone);
        }
        let (reached, mark) = (satisfied.is_some(), Mark::of(context, overtaken));
        let call = ReturnCall { how, reached, satisfied, words: words.clone(), mark };
        Complaint::push(&mut complaint.calls, call)?;
        complaint.log(context, "call_back", None, overtaken)?;
        let mut flags: Vec<Flagged> = overtaken.map(Flagged::from).into_iter().collect();
        if overtaken.is_none() && complaint.is_called_back() {
            complaint.stop(ComplaintClock::Call, &context.when);
        }
        if overtaken.is_none() && satisfied == Some(false) {
            let at = context.when.clone();
            complaint.state = complaint.state.fall_back(at).unwrap_or_else(|state| state);
            flags.extend(complaint.round_again(&words.unwrap_or_default(), context)?);
        }
        Ok(Decision::flagged(complaint, flags))
    }
}

impl Complaint {
    /// Whether somebody was called back since it was settled, at the door if it has to be there.
    pub fn is_called_back(&self) -> bool {
        let ComplaintState::Accepted { since } = &self.state else { return false };
        let visit = self.rules.home_visit_if_serious && self.severity == Severity::Serious;
        let counts = |call: &&ReturnCall| {
            let late_enough = call.mark.at.latest >= since.earliest && call.mark.overtaken.is_none();
            call.reached && late_enough && (!visit || call.how == CallHow::HomeVisit)
        };
        self.calls.iter().any(|call| counts(&call))
    }
}
