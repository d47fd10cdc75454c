//! Signatures under an inspection: the customer's, a delegate's with their written authority (委托验收), the technician's.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    AnswerValue, Inspection, InspectionSignature, MOST_ANSWERS, SignerRole,
    answer::form_of,
    record::MOST_SIGNATURES,
    standing::{afterthought, flags},
};
use crate::{
    actor::Actor,
    check::{Check, FieldError},
    directory::Label,
    ids::{Id, InspectionId, TemplateId},
    operation::{Change, Context, Decision, Mode, Need, Payload},
    photo::PhotoRole,
    refusal::{Flag, Flagged, Refusal},
    signing::{Digest, Stroke, check_strokes, digest},
};

/// Everything that the signer saw. Its canonical JSON (RFC 8785) is digested; the digest is what the signature stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedReport {
    /// The inspection.
    pub inspection: InspectionId,
    /// The version of the form.
    pub template: TemplateId,
    /// What it is called.
    pub name: Label,
    /// Every answer, as the screen showed it.
    pub answers: Vec<SignedAnswer>,
    /// Who signs.
    pub signer: String,
    /// As what.
    pub role: SignerRole,
}

/// An answer on the screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedAnswer {
    /// The point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The item.
    pub item: String,
    /// The answer.
    pub value: AnswerValue,
    /// What was said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Inspection {
    /// What to show somebody who is to sign now.
    pub fn report_to_sign(&self, signer: &str, role: SignerRole) -> SignedReport {
        let mut answers: Vec<SignedAnswer> = self.answers.iter().filter_map(shown).collect();
        // Two phones have them in the order in which each heard of them.
        answers.sort_by(|a, b| (&a.point, &a.item).cmp(&(&b.point, &b.item)));
        let (inspection, template, name) = (self.id, self.template, self.name.clone());
        SignedReport { inspection, template, name, answers, signer: signer.into(), role }
    }
}

fn shown(answers: &super::ItemAnswers) -> Option<SignedAnswer> {
    let last = answers.given.last()?;
    let (point, item) = (answers.point.clone(), answers.item.clone());
    Some(SignedAnswer { point, item, value: last.value.clone(), note: last.note.clone() })
}

/// Somebody signs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInspection {
    /// What the signer saw.
    pub content: SignedReport,
    /// SHA-256 of its canonical JSON.
    pub digest: Digest,
    /// What they say of it; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
    /// The photo of a delegate's written authority: a photo of this inspection with the role `document`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Uuid>,
    /// The name, as drawn.
    pub strokes: Vec<Stroke>,
}

impl Payload for SignInspection {
    type Record = Inspection;

    fn example() -> Self {
        let value = AnswerValue::Pass;
        let content = SignedReport {
            inspection: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000072")),
            template: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000070")),
            name: Label::new("竣工验收", "Final acceptance"),
            answers: vec![SignedAnswer { point: None, item: "leaks".into(), value, note: None }],
            signer: "Mrs Chen".into(),
            role: SignerRole::Customer,
        };
        let digest = digest(&content).unwrap_or(Digest::new([0; 32]));
        let point = |x, y, time| crate::signing::Point { x, y, time, pressure: Some(0.5) };
        let strokes = vec![Stroke { points: vec![point(10.0, 12.0, 0.0), point(14.5, 9.0, 16.0)] }];
        Self { content, digest, opinion: Some("All in order".into()), authority: None, strokes }
    }

    fn check(&self, check: &mut Check) {
        check.text("/content/signer", &self.content.signer, 1..=200);
        check.optional_text("/opinion", self.opinion.as_deref(), 2000);
        check.count("/content/answers", self.content.answers.len(), 0..=MOST_ANSWERS);
        match digest(&self.content) {
            Ok(computed) if computed == self.digest => {}
            _ => check.error("/digest", "mismatch", "the SHA-256 of the canonical JSON of `content`"),
        }
    }

    fn needs(&self, record: Option<&Inspection>, _: &Actor) -> Vec<Need> {
        record.map(Inspection::form_needs).unwrap_or_default()
    }
}

impl Change for SignInspection {
    fn decide(self, mut inspection: Inspection, context: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        let invalid = |pointer: &str, code: &str, detail: &str| {
            let error = FieldError { pointer: pointer.into(), code: code.into(), detail: detail.into() };
            Refusal::Invalid { errors: vec![error] }
        };
        if self.content.inspection != inspection.id {
            return Err(invalid("/content/inspection", "mismatch", "the inspection that is signed"));
        }
        let mut flags = flags(afterthought(&inspection, context)?);
        let template = form_of(&inspection, context)?.clone();
        if let Err(problem) = check_strokes(&self.strokes) {
            flags.push(Flagged::with(Flag::SignatureAbsurd, json!({ "problem": problem.to_string() })));
        }
        let letter =
            |op: Uuid| inspection.photos.iter().any(|photo| photo.op == op && photo.role == PhotoRole::Document);
        if self.content.role == SignerRole::Delegate && !self.authority.is_some_and(letter) {
            if context.mode == Mode::Online {
                return Err(invalid("/authority", "required", "the photo of the written authority"));
            }
            flags.push(Flagged::with(Flag::AuthorityMissing, json!({ "signer": self.content.signer })));
        }
        let differs = self.differences(&inspection);
        if !differs.is_empty() {
            flags.push(Flagged::with(Flag::SignedOtherContent, json!({ "differs": differs })));
        }
        if inspection.signatures.len() >= MOST_SIGNATURES {
            return Err(Refusal::TooManyEntries);
        }
        let SignInspection { content, digest, opinion, authority, .. } = self;
        let (op, at, by) = (context.op, context.when.clone(), context.actor.user);
        let (role, name) = (content.role, content.signer);
        inspection.signatures.push(InspectionSignature { op, role, name, opinion, authority, digest, differs, at, by });
        inspection.takes_part(by);
        let also = inspection.count_in(&template, context, &mut flags)?;
        Ok(Decision { record: Some(inspection), also, flags })
    }
}

impl SignInspection {
    /// Names the parts of what was signed that are not what the server holds.
    fn differences(&self, inspection: &Inspection) -> Vec<String> {
        let held = inspection.report_to_sign(&self.content.signer, self.content.role);
        let parts = [
            ("template", self.content.template == held.template),
            ("name", self.content.name == held.name),
            ("answers", self.content.answers == held.answers),
        ];
        parts.into_iter().filter(|(_, same)| !same).map(|(part, _)| part.to_owned()).collect()
    }
}
