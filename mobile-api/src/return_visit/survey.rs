//! The satisfaction survey by link (满意度调查), and whether it agrees with what the customer said when called.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{ReturnVisit, ReturnVisitRules, Satisfaction, Scores, VisitStatus, hours::days_after, rules::rules};
use crate::{
    actor::Actor,
    check::Check,
    evidence::When,
    ids::UserId,
    operation::{Change, Context, Decision, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
};

/// Most scores of one answer.
const MOST_SCORES: usize = 50;

/// A survey that the customer answers by themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Survey {
    /// Since when there is a link.
    pub made: DateTime<Utc>,
    /// Until when it can be answered.
    pub until: DateTime<Utc>,
    /// To whom the link went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<SurveySent>,
    /// What the customer answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<SurveyAnswer>,
}

impl Survey {
    /// One that can be answered from `at` on.
    pub(super) fn open(at: Timestamp, rules: &ReturnVisitRules) -> Self {
        Self { made: at, until: days_after(at, rules.survey_days), sent: Vec::new(), answer: None }
    }
}

/// A link to the survey went out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SurveySent {
    /// The operation.
    pub op: Uuid,
    /// Where to: a number, an address, a name in a messenger.
    pub to: String,
    /// Who sent it.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// What a customer answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SurveyAnswer {
    /// The operation.
    pub op: Uuid,
    /// The answer in one word.
    pub satisfaction: Satisfaction,
    /// Scores from 1 to 5.
    #[serde(default, skip_serializing_if = "Scores::is_empty")]
    pub scores: Scores,
    /// In their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// When.
    pub at: When,
}

/// Gives the customer a link to the survey, or more time for it. The link itself is not in the record, since whoever has it
/// answers: only the desk is told, by `GET /v1/return-visits/{id}/survey-link`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendSurvey {
    /// Where to: a number, an address, a name in a messenger; 1 to 200 characters.
    pub to: String,
}

impl Payload for SendSurvey {
    type Record = ReturnVisit;

    fn example() -> Self {
        Self { to: "138 0013 8000".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/to", &self.to, 1..=200);
    }

    fn needs(&self, record: Option<&ReturnVisit>, actor: &Actor) -> Vec<Need> {
        record.map(|visit| visit.needs(actor.org)).unwrap_or_default()
    }
}

impl Change for SendSurvey {
    fn decide(self, mut visit: ReturnVisit, context: &Context<'_>) -> Result<Decision<ReturnVisit>, Refusal> {
        let rules = rules(context).ok_or(Refusal::NotFound)?;
        let fresh = Survey::open(context.received_at, rules);
        let survey = visit.survey.get_or_insert_with(|| fresh.clone());
        if survey.answer.is_some() {
            return Err(Refusal::SurveyOver);
        }
        survey.until = survey.until.max(fresh.until);
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        ReturnVisit::push(&mut survey.sent, SurveySent { op, to: self.to, by, at })?;
        Ok(visit.into())
    }
}

/// The customer answers on the page behind the link. The server does this for whoever opened it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswerSurvey {
    /// The answer in one word.
    pub satisfaction: Satisfaction,
    /// Scores from 1 to 5 by the codes of the script; those left out were not answered.
    #[serde(default, skip_serializing_if = "Scores::is_empty")]
    pub scores: Scores,
    /// In their own words; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

impl Payload for AnswerSurvey {
    type Record = ReturnVisit;

    fn example() -> Self {
        let scores = [("attitude".into(), 5), ("quality".into(), 4)].into();
        Self { satisfaction: Satisfaction::Satisfied, scores, words: Some("Quick and clean".into()) }
    }

    fn check(&self, check: &mut Check) {
        check_scores(check, &self.scores);
        check.optional_text("/words", self.words.as_deref(), 2000);
    }

    fn needs(&self, record: Option<&ReturnVisit>, actor: &Actor) -> Vec<Need> {
        record.map(|visit| visit.needs(actor.org)).unwrap_or_default()
    }
}

/// Notes an error for each score that is none.
pub(super) fn check_scores(check: &mut Check, scores: &Scores) {
    check.count("/scores", scores.len(), 0..=MOST_SCORES);
    for (code, score) in scores.iter().take(MOST_SCORES) {
        let pointer = format!("/scores/{}", crate::check::escape(code));
        check.text(&pointer, code, 1..=60);
        check.number(&pointer, (*score).into(), 1..=5);
    }
}

impl Change for AnswerSurvey {
    fn decide(self, mut visit: ReturnVisit, context: &Context<'_>) -> Result<Decision<ReturnVisit>, Refusal> {
        let now = context.received_at;
        let open = |survey: &&mut Survey| survey.answer.is_none() && now <= survey.until;
        let survey = visit.survey.as_mut().filter(open).ok_or(Refusal::SurveyOver)?;
        let AnswerSurvey { satisfaction, scores, words } = self;
        if let Some(rules) = rules(context)
            && let Some(unknown) = scores.keys().find(|code| !rules.knows_score(code))
        {
            return Err(Refusal::BadReference { pointer: format!("/scores/{}", crate::check::escape(unknown)) });
        }
        let words = words.filter(|words| !words.trim().is_empty());
        survey.answer = Some(SurveyAnswer { op: context.op, satisfaction, scores, words, at: context.when.clone() });
        let flags = visit.compare(context);
        if satisfaction == Satisfaction::Dissatisfied {
            match visit.status() {
                // Sooner than planned, but never in their rest.
                VisitStatus::Waiting => visit.call_from(now, context),
                VisitStatus::NotChosen | VisitStatus::Unreachable => visit.reopen(now, context),
                VisitStatus::Answered => {}
            }
        }
        Ok(Decision::flagged(visit, flags))
    }
}

impl ReturnVisit {
    /// They wrote that it is not in order, and nobody could speak to them: somebody has to decide what is done about it.
    pub(super) fn bad_and_unreached(&self) -> Option<Flagged> {
        let written = self.survey.as_ref()?.answer.as_ref()?;
        let bad = written.satisfaction == Satisfaction::Dissatisfied;
        bad.then(|| Flagged::with(Flag::SurveyDisagrees, json!({ "survey": written.satisfaction, "call": null })))
    }

    /// Compares the survey with the conversation that counts, and notes whether they contradict each other. Tells it once.
    pub(super) fn compare(&mut self, context: &Context<'_>) -> Vec<Flagged> {
        let written = self.survey.as_ref().and_then(|survey| survey.answer.as_ref());
        let (Some(written), Some(said)) = (written, self.answer()) else { return Vec::new() };
        let least = rules(context).map_or(u8::MAX, |rules| rules.differ_by);
        let scores = scores_that_differ(&written.scores, &said.scores, least);
        let bad = |satisfaction| satisfaction == Satisfaction::Dissatisfied;
        let contrary = bad(written.satisfaction) != bad(said.satisfaction);
        let agree = !contrary && scores.is_empty();
        if agree || self.disagrees {
            return Vec::new();
        }
        let detail = json!({ "survey": written.satisfaction, "call": said.satisfaction, "scores": scores });
        self.disagrees = true;
        vec![Flagged::with(Flag::SurveyDisagrees, detail)]
    }
}

fn scores_that_differ<'s>(written: &'s Scores, said: &Scores, least: u8) -> Vec<&'s str> {
    let far = |(code, score): &(&String, &u8)| said.get(*code).is_some_and(|other| other.abs_diff(**score) >= least);
    written.iter().filter(far).map(|(code, _)| code.as_str()).collect()
}
