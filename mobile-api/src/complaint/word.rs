//! The complainant's word on the settlement: it is over when they say so.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Complaint, ComplaintClock, ComplaintState, ComplaintStatus, CustomersWord, Escalated, How, Mark, ResolutionContent,
    Round, standing::step,
};
use crate::{
    check::{Check, FieldError},
    ids::Id,
    operation::{Change, Context, Decision, Payload},
    refusal::{Flag, Flagged, Refusal},
    signing::{Digest, Point, Stroke, check_strokes, digest},
};

/// Most rounds of one complaint.
const MOST_ROUNDS: usize = 50;

/// How the complainant gave their word.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Said {
    /// By signing on the device.
    Signed {
        /// What they saw.
        content: ResolutionContent,
        /// SHA-256 of its canonical JSON.
        digest: Digest,
        /// The name, as drawn.
        strokes: Vec<Stroke>,
    },
    /// Aloud, before somebody.
    Verbal {
        /// Who heard it; 1 to 200 characters.
        witness: String,
    },
}

/// Records that the complainant accepts what was done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptResolution {
    /// Their name; 1 to 200 characters.
    pub name: String,
    /// What they are to the household; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// What they say of it; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
    /// How they said so.
    pub said: Said,
}

impl Payload for AcceptResolution {
    type Record = Complaint;

    fn example() -> Self {
        let content = ResolutionContent {
            complaint: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000090")),
            number: Some("C2026-000017".into()),
            text: "The tap drips again, two days after it was mended".into(),
            measure: Some("A new seal for nothing".into()),
            carried_out: Some("New seal in, tried for ten minutes".into()),
            round: 1,
            signer: "Mrs Chen".into(),
        };
        let digest = digest(&content).unwrap_or(Digest::new([0; 32]));
        let point = |x| Point { x, y: 40.0, time: x, pressure: None };
        let strokes = vec![Stroke { points: vec![point(10.0), point(30.0), point(60.0)] }];
        Self {
            name: "Mrs Chen".into(),
            relation: Some("owner".into()),
            opinion: Some("At last".into()),
            said: Said::Signed { content, digest, strokes },
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.optional_text("/relation", self.relation.as_deref(), 100);
        check.optional_text("/opinion", self.opinion.as_deref(), 2000);
        match &self.said {
            Said::Verbal { witness } => check.text("/said/witness", witness, 1..=200),
            Said::Signed { content, digest: given, .. } => {
                check.text("/said/content/signer", &content.signer, 1..=200);
                if digest(content).ok() != Some(*given) {
                    check.error("/said/digest", "mismatch", "the SHA-256 of the canonical JSON of `content`");
                }
            }
        }
    }
}

impl Change for AcceptResolution {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let AcceptResolution { name, relation, opinion, said } = self;
        let (how, differs, mut flags) = match said {
            Said::Verbal { witness } => (How::Verbal { witness }, Vec::new(), Vec::new()),
            Said::Signed { content, digest, strokes } => {
                complaint.is_signed_for(&content)?;
                let differs = content.differences(&complaint.shown_for(&content));
                (How::Signed { digest }, differs.clone(), signature_flags(&strokes, differs))
            }
        };
        let word = CustomersWord {
            accepted: true,
            name,
            relation,
            words: opinion,
            how,
            differs,
            mark: Mark::of(context, None),
        };
        let at = context.when.clone();
        let overtaken = complaint.hear(word, context, "accept", |state| state.accept(at))?;
        if overtaken.is_none() {
            complaint.settled(&context.when);
        }
        flags.splice(0..0, overtaken.map(Flagged::from));
        Ok(Decision::flagged(complaint, flags))
    }
}

fn signature_flags(strokes: &[Stroke], differs: Vec<String>) -> Vec<Flagged> {
    let mut flags = Vec::new();
    if let Err(problem) = check_strokes(strokes) {
        flags.push(Flagged::with(Flag::SignatureAbsurd, json!({ "problem": problem.to_string() })));
    }
    if !differs.is_empty() {
        flags.push(Flagged::with(Flag::SignedOtherContent, json!({ "differs": differs })));
    }
    flags
}

/// Records that the complainant does not accept: round again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefuseResolution {
    /// Their name; 1 to 200 characters.
    pub name: String,
    /// Why; 1 to 2,000 characters.
    pub reason: String,
}

impl Payload for RefuseResolution {
    type Record = Complaint;

    fn example() -> Self {
        Self { name: "Mrs Chen".into(), reason: "It still drips".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.text("/reason", &self.reason, 1..=2000);
    }
}

impl Change for RefuseResolution {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let RefuseResolution { name, reason } = self;
        let (relation, differs, mark) = (None, Vec::new(), Mark::of(context, None));
        let words = Some(reason.clone());
        let word = CustomersWord { accepted: false, name, relation, words, how: How::Told, differs, mark };
        let at = context.when.clone();
        let overtaken = complaint.hear(word, context, "refuse", |state| state.refuse(at))?;
        let mut flags: Vec<Flagged> = overtaken.map(Flagged::from).into_iter().collect();
        if overtaken.is_none() {
            flags.extend(complaint.round_again(&reason, context)?);
        }
        Ok(Decision::flagged(complaint, flags))
    }
}

impl Complaint {
    fn is_signed_for(&self, content: &ResolutionContent) -> Result<(), Refusal> {
        if content.complaint == self.id || self.merged_from.iter().any(|alias| alias.id == content.complaint) {
            return Ok(());
        }
        let (pointer, detail) = ("/said/content/complaint".into(), "the complaint that is signed for".into());
        Err(Refusal::Invalid { errors: vec![FieldError { pointer, code: "mismatch".into(), detail }] })
    }

    /// What the server holds of what was signed for. Where nobody waits for a word any more, that is the round that is named: it
    /// was over before this arrived.
    fn shown_for(&self, content: &ResolutionContent) -> ResolutionContent {
        let named = usize::try_from(content.round).unwrap_or(usize::MAX);
        let waits = matches!(self.state, ComplaintState::CarriedOut { .. });
        let round = if waits || named == 0 || named > self.rounds.len() { self.rounds.len() } else { named };
        self.content_of(round, &content.signer)
    }

    /// Writes the complainant's word down. One that comes when they have given it already – by another phone – is kept beside it, and
    /// moves nothing; that they said the opposite is a question for a person.
    fn hear(
        &mut self,
        mut word: CustomersWord,
        context: &Context<'_>,
        verb: &'static str,
        advance: impl FnOnce(ComplaintState) -> Result<ComplaintState, ComplaintState>,
    ) -> Result<Option<Flag>, Refusal> {
        let spoken = self.rounds.iter().any(|round| !round.words.is_empty());
        let later = |status: ComplaintStatus| {
            spoken && status != ComplaintStatus::CarriedOut || status > ComplaintStatus::CarriedOut
        };
        let mut overtaken = step(self, context, verb, later, advance)?;
        self.stop(ComplaintClock::Respond, &context.when);
        let at = match overtaken {
            None => None,
            Some(_) => self.rounds.iter().rposition(|round| !round.words.is_empty()),
        };
        let at = at.unwrap_or(self.rounds.len().saturating_sub(1));
        let before = self.rounds.get(at).and_then(|round| round.words.iter().find(|w| w.mark.overtaken.is_none()));
        let otherwise = before.is_some_and(|before| before.accepted != word.accepted);
        if overtaken == Some(Flag::AlreadyDone) && otherwise {
            overtaken = Some(Flag::CustomerSaidOtherwise);
            if let Some(step) = self.timeline.last_mut() {
                step.mark.overtaken = overtaken;
            }
        }
        word.mark.overtaken = overtaken;
        let round = match self.rounds.get_mut(at) {
            Some(round) => round,
            None => self.this_round(),
        };
        Complaint::push(&mut round.words, word)?;
        Ok(overtaken)
    }

    /// It is not settled: it is looked into again, and the manager is told in writing once it has been reported back so
    /// often as the rules say.
    pub(super) fn round_again(&mut self, words: &str, context: &Context<'_>) -> Result<Option<Flagged>, Refusal> {
        if self.rounds.len() >= MOST_ROUNDS {
            return Err(Refusal::TooManyEntries);
        }
        self.rounds.push(Round::default());
        self.taken_up(&context.when);
        Ok(self.report_unsolved(words, context))
    }

    /// How often it was reported back that it is not settled.
    pub fn unsolved_reports(&self) -> u32 {
        let refused = self.rounds.iter().flat_map(|round| &round.words);
        let refused = refused.filter(|word| !word.accepted && word.mark.overtaken.is_none()).count();
        let called = self.calls.iter().filter(|call| call.satisfied == Some(false) && call.mark.overtaken.is_none());
        let not_understood =
            self.understandings.iter().filter(|said| !said.understood && said.mark.overtaken.is_none());
        u32::try_from(refused + called.count() + not_understood.count()).unwrap_or(u32::MAX)
    }

    /// Tells the manager, once, when it was reported back often enough.
    pub(super) fn report_unsolved(&mut self, words: &str, context: &Context<'_>) -> Option<Flagged> {
        let reports = self.unsolved_reports();
        if self.escalated.is_some() || reports < self.rules.unsolved_reports {
            return None;
        }
        self.escalated = Some(Escalated { reports, words: words.into(), mark: Mark::of(context, None) });
        Some(Flagged::with(Flag::StillUnsolved, json!({ "reports": reports, "words": words, "to": "manager" })))
    }
}
