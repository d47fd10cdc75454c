//! Whether it is founded, whose it is, and that the complainant hears of it.

use serde::{Deserialize, Serialize};

use super::{
    Complaint, ComplaintClock, ComplaintState, Department, Judgement, Mark, Understanding,
    standing::{addition, decided, step},
};
use crate::{
    actor::Actor,
    check::Check,
    ids::{Id, TeamId},
    operation::{Change, Context, Decision, Need, Payload},
    refusal::Refusal,
};

/// Judges whether a complaint is founded. If it is not, that is explained courteously, and what the complainant says to it is
/// recorded next.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JudgeComplaint {
    /// Whether it is.
    pub founded: bool,
    /// What is said to the complainant if it is not, otherwise why it is; 1 to 4,000 characters.
    pub explanation: String,
    /// Whether somebody has to go and see before anybody can say whose it is. The department is then told later.
    #[serde(default)]
    pub needs_survey: bool,
}

impl Payload for JudgeComplaint {
    type Record = Complaint;

    fn example() -> Self {
        let explanation = "The seal was to last a year".into();
        Self { founded: true, explanation, needs_survey: false }
    }

    fn check(&self, check: &mut Check) {
        check.text("/explanation", &self.explanation, 1..=4000);
    }
}

impl Change for JudgeComplaint {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let JudgeComplaint { founded, explanation, needs_survey } = self;
        let (at, told) = (context.when.clone(), complaint.department().is_some());
        let overtaken = step(
            &mut complaint,
            context,
            "judge",
            |status| status > super::ComplaintStatus::Received,
            |state| state.judge(founded, at),
        )?;
        let mark = Mark::of(context, overtaken);
        Complaint::push(&mut complaint.judgements, Judgement { founded, explanation, needs_survey, mark })?;
        if overtaken.is_none() {
            match (founded, needs_survey) {
                (true, true) if !told => complaint.survey_is_needed(context.op, &context.when),
                (true, _) => {}
                // There is nobody to be told.
                (false, _) => complaint.stop(ComplaintClock::Tell, &context.when),
            }
        }
        Ok(decided(complaint, overtaken))
    }
}

/// Records what the complainant says to the explanation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordUnderstanding {
    /// Their name; 1 to 200 characters.
    pub name: String,
    /// Whether they understand. If not, the complaint is heard again.
    pub understood: bool,
    /// In their words; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

impl Payload for RecordUnderstanding {
    type Record = Complaint;

    fn example() -> Self {
        Self { name: "Mrs Chen".into(), understood: true, words: Some("Then I know".into()) }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.optional_text("/words", self.words.as_deref(), 2000);
    }
}

impl Change for RecordUnderstanding {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let RecordUnderstanding { name, understood, words } = self;
        let again = !complaint.understandings.is_empty();
        let overtaken = step(
            &mut complaint,
            context,
            "record_understanding",
            |status| again || status >= super::ComplaintStatus::Investigating,
            |state| state.understand(understood),
        )?;
        complaint.stop(ComplaintClock::Respond, &context.when);
        let mark = Mark::of(context, overtaken);
        let said = words.clone().unwrap_or_default();
        Complaint::push(&mut complaint.understandings, Understanding { name, understood, words, mark })?;
        let mut unsolved = None;
        if overtaken.is_none() && understood {
            complaint.settled(&context.when);
            // Nobody has to be called about what was explained.
            complaint.clocks.call = None;
        } else if overtaken.is_none() {
            unsolved = complaint.report_unsolved(&said, context);
        }
        let mut decision = decided(complaint, overtaken);
        decision.flags.extend(unsolved);
        Ok(decision)
    }
}

/// Tells a department that a complaint is theirs; also moves it to another.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReferComplaint {
    /// The team.
    pub team: TeamId,
    /// Why this one; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Payload for ReferComplaint {
    type Record = Complaint;

    fn example() -> Self {
        let team = Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000015"));
        Self { team, reason: Some("Quality of the repair".into()) }
    }

    fn check(&self, check: &mut Check) {
        check.optional_text("/reason", self.reason.as_deref(), 1000);
    }

    fn needs(&self, _: Option<&Complaint>, _: &Actor) -> Vec<Need> {
        vec![Need::record(self.team)]
    }
}

impl Change for ReferComplaint {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let overtaken = addition(&complaint, context, "refer")?;
        if context.related.get(self.team).is_none() {
            return Err(Refusal::BadReference { pointer: "/team".into() });
        }
        if matches!(complaint.state, ComplaintState::Explained { .. }) {
            return Err(complaint.illegal("refer"));
        }
        complaint.log(context, "refer", None, overtaken)?;
        // One that is closed changes hands no more; that somebody meant it to stands in the history.
        let theirs = complaint.department().is_some_and(|department| department.team == self.team);
        if theirs || overtaken.is_some() {
            return Ok(decided(complaint, overtaken));
        }
        if let Some(last) = complaint.departments.last_mut() {
            last.ended_rev.get_or_insert(context.rev);
        }
        let (rev, mark) = (context.rev, Mark::of(context, overtaken));
        let department = Department { team: self.team, reason: self.reason, rev, ended_rev: None, mark };
        Complaint::push(&mut complaint.departments, department)?;
        complaint.stop(ComplaintClock::Tell, &context.when);
        Ok(decided(complaint, overtaken))
    }
}

/// Records that the complainant has heard from the firm (首次响应).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RespondToComplaint {
    /// What was said, to whom; 1 to 2,000 characters.
    pub text: String,
}

impl Payload for RespondToComplaint {
    type Record = Complaint;

    fn example() -> Self {
        Self { text: "Told Mrs Chen that somebody comes this afternoon".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/text", &self.text, 1..=2000);
    }
}

impl Change for RespondToComplaint {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let overtaken = addition(&complaint, context, "respond")?;
        complaint.stop(ComplaintClock::Respond, &context.when);
        complaint.log(context, "respond", Some(self.text), overtaken)?;
        Ok(decided(complaint, overtaken))
    }
}
