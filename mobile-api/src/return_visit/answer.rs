//! What a customer said, and what a bad answer leads to: a return visit can fail.
//!
//! Whoever speaks with a customer who is not content decides in the same operation what is done about it. What they open gets an
//! id that follows from the return visit, so that two people who heard the same open it once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Answer, Opened, ReturnVisit, Satisfaction, Scores, VisitState, Way, complaint,
    plan::{follow_up, follow_up_of},
    rework,
    rules::rules,
    survey::check_scores,
};
use crate::{
    actor::Actor,
    check::{Check, escape},
    complaint::Severity,
    ids::OrderTypeId,
    operation::{Change, Context, Decision, Mode, Need, Payload},
    record::Record,
    refusal::{Flag, Flagged, Refusal},
    work_order::Priority,
};

/// Most reasons, and most answers to further questions.
const MOST_LINES: usize = 50;

/// What is done about a bad answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Then {
    /// The customer is called again after the days that the organisation set, until it is settled.
    FollowUp,
    /// The work is done again, for nothing (返修). If somebody is at it already, they go on.
    Rework {
        /// What is still wrong; as it was, if absent; at most 2,000 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
        /// What sort of job; the same as before, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order_type: Option<OrderTypeId>,
        /// How urgent it is; urgent, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<Priority>,
    },
    /// The customer complains (投诉): it goes the way of complaints.
    Complaint {
        /// What they say; 1 to 4,000 characters.
        text: String,
        /// What they want; at most 2,000 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wanted: Option<String>,
        /// How grave it is.
        severity: Severity,
    },
}

impl Then {
    fn check(&self, check: &mut Check, pointer: &str) {
        match self {
            Then::FollowUp => {}
            Then::Rework { fault, .. } => check.optional_text(&format!("{pointer}/fault"), fault.as_deref(), 2000),
            Then::Complaint { text, wanted, .. } => {
                check.text(&format!("{pointer}/text"), text, 1..=4000);
                check.optional_text(&format!("{pointer}/wanted"), wanted.as_deref(), 2000);
            }
        }
    }
}

/// Records what the customer said.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordVisit {
    /// Their answer in one word.
    pub satisfaction: Satisfaction,
    /// How they were asked; absent: as planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
    /// Who answered; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why, by the codes of the organisation; one at least if they are dissatisfied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Scores from 1 to 5 by the codes of the script; those left out were not asked.
    #[serde(default, skip_serializing_if = "Scores::is_empty")]
    pub scores: Scores,
    /// What they said to further questions, by their codes; each at most 1,000 characters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub said: BTreeMap<String, String>,
    /// What they suggest, and anything else; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestions: Option<String>,
    /// Which wording of the rules the script was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<u32>,
    /// What is done about it: at least one thing if they are dissatisfied, nothing if they are satisfied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Then>,
}

impl Payload for RecordVisit {
    type Record = ReturnVisit;

    fn example() -> Self {
        Self {
            satisfaction: Satisfaction::Dissatisfied,
            way: Some(Way::Call),
            name: Some("Mrs Chen".into()),
            reasons: vec!["not_mended".into()],
            scores: [("attitude".into(), 4), ("quality".into(), 1)].into(),
            said: [("still_works".into(), "No, it drips again".into())].into(),
            suggestions: Some("Please come in the evening".into()),
            script: Some(1),
            then: vec![Then::FollowUp],
        }
    }

    fn check(&self, check: &mut Check) {
        check.optional_text("/name", self.name.as_deref(), 200);
        check.optional_text("/suggestions", self.suggestions.as_deref(), 2000);
        check_scores(check, &self.scores);
        check.count("/reasons", self.reasons.len(), 0..=MOST_LINES);
        for (at, reason) in self.reasons.iter().enumerate().take(MOST_LINES) {
            check.text(&format!("/reasons/{at}"), reason, 1..=60);
        }
        check.count("/said", self.said.len(), 0..=MOST_LINES);
        for (code, words) in self.said.iter().take(MOST_LINES) {
            let pointer = format!("/said/{}", escape(code));
            check.text(&pointer, code, 1..=60);
            check.text(&pointer, words, 0..=1000);
        }
        self.check_then(check);
    }

    fn needs(&self, record: Option<&ReturnVisit>, actor: &Actor) -> Vec<Need> {
        let Some(visit) = record else { return Vec::new() };
        let mut needs = visit.needs(actor.org);
        for then in &self.then {
            match then {
                Then::FollowUp => needs.push(Need::record(follow_up_of(visit.id))),
                Then::Rework { order_type, .. } => needs.extend(rework::needs(visit, *order_type)),
                Then::Complaint { text, wanted, severity } => {
                    let wanted = complaint::Wanted { text, wanted: wanted.as_deref(), severity: *severity };
                    needs.extend(complaint::needs(visit, &wanted, actor));
                }
            }
        }
        needs
    }
}

impl RecordVisit {
    fn check_then(&self, check: &mut Check) {
        let (bad, good) =
            (self.satisfaction == Satisfaction::Dissatisfied, self.satisfaction == Satisfaction::Satisfied);
        if bad && self.then.is_empty() {
            check.error("/then", "required", "what is done about it: a follow-up, rework or a complaint");
        }
        if good && !self.then.is_empty() {
            check.error("/then", "mismatch", "nothing, since the customer is satisfied");
        }
        if bad && self.reasons.is_empty() {
            check.error("/reasons", "required", "why, by the codes of the organisation");
        }
        check.count("/then", self.then.len(), 0..=THENS);
        for (at, then) in self.then.iter().enumerate().take(THENS) {
            then.check(check, &format!("/then/{at}"));
            let same = |other: &Then| std::mem::discriminant(other) == std::mem::discriminant(then);
            if self.then[..at].iter().any(same) {
                check.error(format!("/then/{at}"), "duplicate", "each sort once");
            }
        }
    }

    /// Whether the organisation has these reasons, scores and questions. What was recorded without signal may have been read
    /// from an older script.
    fn known(&self, context: &Context<'_>) -> Result<(), Refusal> {
        let Some(rules) = rules(context).filter(|_| context.mode == Mode::Online) else { return Ok(()) };
        let question = |code: &String| rules.script.questions.iter().any(|line| line.code == *code);
        let reason = self.reasons.iter().position(|reason| !rules.knows_reason(reason));
        let unknown = [
            reason.map(|at| format!("/reasons/{at}")),
            self.scores.keys().find(|code| !rules.knows_score(code)).map(|code| format!("/scores/{}", escape(code))),
            self.said.keys().find(|code| !question(code)).map(|code| format!("/said/{}", escape(code))),
        ];
        match unknown.into_iter().flatten().next() {
            Some(pointer) => Err(Refusal::BadReference { pointer }),
            None => Ok(()),
        }
    }
}

/// How many sorts of consequences there are.
const THENS: usize = 3;

impl Change for RecordVisit {
    fn decide(self, mut visit: ReturnVisit, context: &Context<'_>) -> Result<Decision<ReturnVisit>, Refusal> {
        self.known(context)?;
        let mut flags: Vec<Flagged> = visit.hands(context)?.into_iter().collect();
        let way = self.way.unwrap_or(visit.way);
        flags.extend(visit.in_rest(way, &context.when, context));
        if let Some(first) = visit.answer() {
            let detail = json!({ "first": first.satisfaction, "further": self.satisfaction, "by": first.by });
            flags.push(Flagged::with(Flag::AlreadyDone, detail));
        }
        let mut also = Vec::new();
        let opened = open(&visit, &self, context, &mut also, &mut flags)?;
        let RecordVisit { satisfaction, name, reasons, scores, said, suggestions, script, .. } = self;
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        let answer = Answer { op, way, name, satisfaction, reasons, scores, said, suggestions, script, opened, by, at };
        ReturnVisit::push(&mut visit.answers, answer)?;
        if visit.answers.len() == 1 {
            visit.state = VisitState::Answered { op, at: context.when.clone() };
            visit.next_at = None;
            flags.extend(visit.compare(context));
        }
        Ok(Decision { record: Some(visit), also, flags })
    }
}

/// Carries out what was chosen.
fn open(
    visit: &ReturnVisit,
    record: &RecordVisit,
    context: &Context<'_>,
    also: &mut Vec<Record>,
    flags: &mut Vec<Flagged>,
) -> Result<Vec<Opened>, Refusal> {
    let mut opened = Vec::new();
    for (at, then) in record.then.iter().enumerate() {
        match then {
            Then::FollowUp => {
                let id = follow_up_of(visit.id);
                let there = context.related.partial || context.related.get(id).is_some();
                let next = if there { None } else { follow_up(visit, context.when.latest, context) };
                also.extend(next.map(Record::from));
                opened.push(Opened::FollowUp { visit: id });
            }
            Then::Rework { fault, order_type, priority } => {
                let wanted = rework::Wanted { fault: fault.as_deref(), order_type: *order_type, priority: *priority };
                opened.push(rework::open(visit, wanted, &format!("/then/{at}"), context, also, flags)?);
            }
            Then::Complaint { text, wanted, severity } => {
                let wanted = complaint::Wanted { text, wanted: wanted.as_deref(), severity: *severity };
                opened.push(complaint::open(visit, &wanted, context, also));
            }
        }
    }
    Ok(opened)
}
