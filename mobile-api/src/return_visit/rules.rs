//! What an organisation says about return visits: who is called, by when, how often, and what is asked.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    check::Check,
    directory::{Label, Organisation},
    ids::{Id, OrderTypeId},
    operation::{Change, Context, Decision, Need, Payload},
    refusal::Refusal,
};

/// Most reasons, scores and further questions, each.
const MOST_LINES: usize = 50;

/// How many earlier scripts are kept, so that answers to them can still be read.
const EARLIER: usize = 20;

/// Whom to call after a repair, when, and what to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ReturnVisitRules {
    /// Which wording of the rules this is; counted by the server, 1 at first.
    pub version: u32,
    /// Within how many days after the customer accepted they are called; 1 to 60. 3 unless somebody says otherwise.
    pub days: u32,
    /// How many of a hundred are called; 0 to 100. All, unless somebody says otherwise. Members are always called.
    pub share_percent: u32,
    /// The same for some order types; at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<TypeShare>,
    /// The hour from which the firm calls, in minutes after midnight; 0 to 1,439. Nine o'clock, unless somebody says otherwise.
    pub call_from_minute: u32,
    /// The hour until which the firm calls, in minutes after midnight; after the first, up to 1,440. Eight in the evening, unless
    /// somebody says otherwise.
    pub call_until_minute: u32,
    /// After how many attempts in vain it is given up; 1 to 20. 3 unless somebody says otherwise.
    pub attempts: u32,
    /// How many minutes lie at least between two attempts; 0 to 10,080. 240 unless somebody says otherwise.
    pub retry_minutes: u32,
    /// After how many days a customer is called again who was not content; 1 to 60. 2 unless somebody says otherwise.
    pub follow_up_days: u32,
    /// Whether a link to the survey is made with each order that is accepted; else only when the desk sends one.
    pub survey_with_order: bool,
    /// For how many days a survey can be answered; 1 to 365. 14 unless somebody says otherwise.
    pub survey_days: u32,
    /// By how many points a score of the survey and the same score of the call must differ to stand out; 1 to 4. 3 unless
    /// somebody says otherwise.
    pub differ_by: u8,
    /// Why somebody may be less than satisfied; 1 to 50.
    pub reasons: Vec<Line>,
    /// What is said and asked.
    pub script: Script,
    /// Scripts that were in use before, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<OldScript>,
}

/// How many of a hundred are called after orders of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TypeShare {
    /// The type.
    pub order_type: OrderTypeId,
    /// How many of a hundred; 0 to 100.
    pub percent: u32,
}

/// A line of a catalogue: a reason, a score, a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Line {
    /// What it is called in records: `attitude`; 1 to 60 characters.
    pub code: String,
    /// What people read.
    pub text: Label,
}

/// What the caller says and asks (话术).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Script {
    /// The first words.
    pub opening: Label,
    /// What is scored from 1 (bad) to 5 (good); at most 50. The survey asks for the same.
    pub scores: Vec<Line>,
    /// What else is asked, answered in words; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Line>,
    /// The last words.
    pub closing: Label,
}

/// A script that was in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OldScript {
    /// Which wording of the rules it stood in.
    pub version: u32,
    /// What was said and asked.
    pub script: Script,
}

fn line(code: &str, zh: &str, en: &str) -> Line {
    Line { code: code.into(), text: Label::new(zh, en) }
}

impl Default for ReturnVisitRules {
    fn default() -> Self {
        Self {
            version: 1,
            days: 3,
            share_percent: 100,
            shares: Vec::new(),
            call_from_minute: 9 * 60,
            call_until_minute: 20 * 60,
            attempts: 3,
            retry_minutes: 240,
            follow_up_days: 2,
            survey_with_order: true,
            survey_days: 14,
            differ_by: 3,
            reasons: vec![
                line("not_mended", "问题未解决", "It was not mended"),
                line("late", "上门不准时", "Nobody came in time"),
                line("attitude", "服务态度差", "Unfriendly"),
                line("quality", "维修质量差", "Poor work"),
                line("untidy", "现场未清理", "Left untidy"),
                line("price", "收费不合理", "Too dear"),
                line("damage", "损坏物品", "Something was damaged"),
                line("other", "其他", "Something else"),
            ],
            script: Script::default(),
            earlier: Vec::new(),
        }
    }
}

impl Default for Script {
    fn default() -> Self {
        Self {
            opening: Label::new(
                "您好，我们想了解一下最近一次上门维修的情况，方便占用您两分钟吗？",
                "Good day. We would like to hear how our last visit went. Do you have two minutes?",
            ),
            scores: vec![
                line("attitude", "服务态度", "Friendliness"),
                line("quality", "维修质量", "Quality of the work"),
                line("tidiness", "现场整洁", "Tidiness"),
                line("price", "收费合理", "Price"),
                line("punctuality", "准时上门", "Punctuality"),
            ],
            questions: vec![line("still_works", "现在使用是否正常？", "Does it still work as it should?")],
            closing: Label::new("感谢您的反馈，祝您生活愉快。", "Thank you for your time."),
        }
    }
}

impl ReturnVisitRules {
    /// Whether nobody has said otherwise.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// How many of a hundred are called after orders of this type.
    pub fn share_of(&self, order_type: Option<OrderTypeId>) -> u32 {
        let own = self.shares.iter().find(|share| Some(share.order_type) == order_type);
        own.map_or(self.share_percent, |share| share.percent)
    }

    /// Whether there is a reason of this code.
    pub fn knows_reason(&self, code: &str) -> bool {
        self.reasons.iter().any(|reason| reason.code == code)
    }

    /// Whether there is a score of this code.
    pub fn knows_score(&self, code: &str) -> bool {
        self.script.scores.iter().any(|score| score.code == code)
    }

    fn check(&self, check: &mut Check) {
        let numbers = [
            ("days", self.days, 1..=60),
            ("share_percent", self.share_percent, 0..=100),
            ("call_from_minute", self.call_from_minute, 0..=1439),
            ("call_until_minute", self.call_until_minute, i64::from(self.call_from_minute) + 1..=1440),
            ("attempts", self.attempts, 1..=20),
            ("retry_minutes", self.retry_minutes, 0..=10_080),
            ("follow_up_days", self.follow_up_days, 1..=60),
            ("survey_days", self.survey_days, 1..=365),
            ("differ_by", self.differ_by.into(), 1..=4),
        ];
        for (name, number, range) in numbers {
            check.number(&format!("/rules/{name}"), number.into(), range);
        }
        check.count("/rules/shares", self.shares.len(), 0..=MOST_LINES);
        for (at, share) in self.shares.iter().enumerate().take(MOST_LINES) {
            check.number(&format!("/rules/shares/{at}/percent"), share.percent.into(), 0..=100);
        }
        check_lines(check, "/rules/reasons", &self.reasons, 1);
        self.script.opening.check(check, "/rules/script/opening");
        self.script.closing.check(check, "/rules/script/closing");
        check_lines(check, "/rules/script/scores", &self.script.scores, 0);
        check_lines(check, "/rules/script/questions", &self.script.questions, 0);
    }
}

fn check_lines(check: &mut Check, pointer: &str, lines: &[Line], least: usize) {
    check.count(pointer, lines.len(), least..=MOST_LINES);
    let mut codes = HashSet::new();
    for (at, line) in lines.iter().enumerate().take(MOST_LINES) {
        check.text(&format!("{pointer}/{at}/code"), &line.code, 1..=60);
        line.text.check(check, &format!("{pointer}/{at}/text"));
        if !codes.insert(line.code.as_str()) {
            check.error(format!("{pointer}/{at}/code"), "duplicate", "a code of its own");
        }
    }
}

/// Changes what the organisation says about return visits. Those that are planned already keep the day by which they are due.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetReturnVisitRules {
    /// The rules from now on; what is left out is as a new organisation has it. `version` and `earlier` are the server's: what is
    /// sent for them is passed over.
    pub rules: ReturnVisitRules,
}

impl Payload for SetReturnVisitRules {
    type Record = Organisation;

    fn example() -> Self {
        Self { rules: ReturnVisitRules::default() }
    }

    fn check(&self, check: &mut Check) {
        self.rules.check(check);
    }

    fn needs(&self, _: Option<&Organisation>, _: &Actor) -> Vec<Need> {
        self.rules.shares.iter().map(|share| Need::record(share.order_type)).collect()
    }
}

impl Change for SetReturnVisitRules {
    fn decide(self, current: Organisation, context: &Context<'_>) -> Result<Decision<Organisation>, Refusal> {
        let unknown = self.rules.shares.iter().position(|share| context.related.get(share.order_type).is_none());
        if let Some(at) = unknown {
            return Err(Refusal::BadReference { pointer: format!("/rules/shares/{at}/order_type") });
        }
        let before = &current.return_visits;
        let mut rules = ReturnVisitRules { version: before.version + 1, ..self.rules };
        rules.earlier.clone_from(&before.earlier);
        if rules.script != before.script {
            rules.earlier.insert(0, OldScript { version: before.version, script: before.script.clone() });
            rules.earlier.truncate(EARLIER);
        }
        Ok(Organisation { return_visits: rules, ..current }.into())
    }
}

/// The rules of the organisation that acts, if they are known here.
pub(crate) fn rules<'a>(context: &Context<'a>) -> Option<&'a ReturnVisitRules> {
    let firm: Id<Organisation> = Id::new(context.actor.org);
    context.related.get(firm).map(|firm| &firm.return_visits)
}
