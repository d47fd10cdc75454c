//! The customer's word on a quote: at the door, by word of mouth, by a signature, or by the link that the office sent.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    Status, WorkOrder,
    pricing::QuoteLine,
    quote::Quote,
    standing::{self, contribution},
};
use crate::{
    check::Check,
    evidence::When,
    ids::{UserId, WorkOrderId},
    money::Money,
    operation::{Change, Context, Decision, Mode, Payload},
    refusal::{Flag, Flagged, Refusal},
    signing::{Digest, Stroke, check_strokes, digest},
};

/// Digits that the customer's page shows for a technician without signal.
const PROOF_DIGITS: usize = 6;

/// The customer confirms a quote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Confirmation {
    /// The operation that recorded it.
    pub op: Uuid,
    /// Who confirmed.
    pub name: String,
    /// How.
    pub method: ConfirmationMethod,
    /// When.
    pub at: When,
    /// Who recorded it.
    pub by: UserId,
    /// The revision of the order that it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<u64>,
}

/// How a customer confirmed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum ConfirmationMethod {
    /// By a name that was typed on the technician's device, as older apps have it. It proves nothing: a person is asked.
    OnDevice,
    /// By word of mouth; who was there to hear it.
    Verbal {
        /// The witness; 1 to 200 characters.
        witness: String,
    },
    /// By a signature on the technician's device.
    Signature {
        /// The name, as drawn. The strokes stay in the journal; the record has none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        strokes: Vec<Stroke>,
        /// SHA-256 of the canonical JSON of what the customer saw, a [`QuoteShown`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
    },
    /// On a page of their own, by the link that the office sent them; see [`ConfirmByLink`](super::by_link::ConfirmByLink).
    Link {
        /// SHA-256 of the canonical JSON of what the customer saw, a [`QuoteShown`].
        digest: Digest,
        /// Six digits that the page showed them then, for a technician who has no signal.
        proof: String,
    },
    /// By the six digits that the customer's page showed: the technician had no signal and was told them.
    Proof {
        /// The digits.
        proof: String,
    },
}

/// A quote as the customer sees it. Its canonical JSON (RFC 8785) is digested where a signature confirms it. It has no
/// revision: those are numbered by the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuoteShown {
    /// The order.
    pub order: WorkOrderId,
    /// The quote: the id of the operation that made it.
    pub quote: Uuid,
    /// Its lines, without what only the office asks about.
    pub lines: Vec<QuoteLine>,
    /// Its total.
    pub total: Money,
    /// Who confirms.
    pub signer: String,
}

impl WorkOrder {
    /// What to show a customer who is to confirm this quote.
    pub fn quote_to_confirm(&self, quote: Uuid, signer: &str) -> Option<QuoteShown> {
        let quote = self.quotes.iter().find(|known| known.id == quote)?;
        let lines = quote.lines.iter().map(QuoteLine::shown).collect();
        Some(QuoteShown { order: self.id, quote: quote.id, lines, total: quote.total, signer: signer.into() })
    }
}

/// The customer confirms a quote; work may start.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmQuote {
    /// Which one: the id of the operation that made it.
    pub quote: Uuid,
    /// Who confirms; 1 to 200 characters.
    pub name: String,
    /// How.
    pub method: ConfirmationMethod,
}

impl Payload for ConfirmQuote {
    type Record = WorkOrder;

    fn example() -> Self {
        Self {
            quote: uuid::uuid!("01930000-0000-7000-8000-000000000041"),
            name: "Mrs Chen".into(),
            method: ConfirmationMethod::Verbal { witness: "Mr Chen".into() },
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        match &self.method {
            ConfirmationMethod::OnDevice => {}
            ConfirmationMethod::Verbal { witness } => check.text("/method/witness", witness, 1..=200),
            ConfirmationMethod::Signature { strokes, .. } if strokes.is_empty() => {
                check.error("/method/strokes", "required", "the name, as drawn");
            }
            ConfirmationMethod::Signature { .. } => {}
            ConfirmationMethod::Link { .. } => {
                check.error(
                    "/method/how",
                    "not_allowed",
                    "a link is opened by the customer; the server notes it itself",
                );
            }
            ConfirmationMethod::Proof { proof } => {
                let digits = proof.len() == PROOF_DIGITS && proof.bytes().all(|digit| digit.is_ascii_digit());
                if !digits {
                    check.error("/method/proof", "malformed", "the six digits on the customer's page");
                }
            }
        }
    }
}

impl Change for ConfirmQuote {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let mut flags = self.of_signature(&order);
        if let ConfirmationMethod::Proof { proof } = &self.method {
            let word =
                order.quotes.iter().find(|quote| quote.id == self.quote).and_then(|quote| quote.confirmed.as_ref());
            if word.is_some_and(|word| word.method.is_proved_by(proof)) {
                // The customer's own word is here already; this is how the technician learned of it.
                order.log(context, "confirm_quote", Some(&self.name), None)?;
                return Ok(order.into());
            }
            flags.extend(unproved(self.quote, context)?);
        }
        flags.extend(self.leaves_open());
        let method = self.method.without_strokes();
        confirm(order, self.quote, self.name, method, flags, context)
    }
}

/// The customer's word, however it was given.
pub(super) fn confirm(
    mut order: WorkOrder,
    quote: Uuid,
    name: String,
    method: ConfirmationMethod,
    mut flags: Vec<Flagged>,
    context: &Context<'_>,
) -> Result<Decision<WorkOrder>, Refusal> {
    let overtaken = contribution(&order, context)?;
    let illegal = Refusal::IllegalTransition { from: order.status(), operation: "confirm_quote" };
    // A word given before the signature may arrive after it; one that somebody adds afterwards is none.
    let open = match context.mode {
        Mode::Online => order.status() < Status::SignedOff,
        Mode::Recorded => !order.status().is_over(),
    };
    if !open && overtaken.is_none() {
        return Err(illegal);
    }
    flags.extend(standing::flags(overtaken));
    flags.extend(another_word(&order, quote, context));
    let newest = order.newest_quote().map(|quote| (quote.id, quote.rev));
    let quote = order.quotes.iter_mut().find(|known| known.id == quote).ok_or(Refusal::QuoteUnknown)?;
    // Confirming what one knows to be replaced is a slip; not knowing is what happens without signal.
    let (replaced, known) = match (quote.overtaken, newest) {
        (Some(_), _) => (overtaken.is_none(), context.mode == Mode::Online),
        (None, Some((newest, rev))) => (newest != quote.id, context.saw(rev)),
        (None, None) => (false, false),
    };
    if replaced {
        if known {
            return Err(Refusal::QuoteUnknown);
        }
        let detail = json!({ "confirmed": quote.id, "newest": newest.map(|(newest, _)| newest) });
        flags.push(Flagged::with(Flag::SignedOlderQuote, detail));
    }
    flags.extend(quote.not_to_be_confirmed(context)?);
    let (op, at, by, rev) = (context.op, context.when.clone(), context.actor.user, Some(context.rev));
    match (&quote.confirmed, context.mode) {
        (None, _) => quote.confirmed = Some(Confirmation { op, name, method, at, by, rev }),
        (Some(_), Mode::Online) => return Err(illegal),
        (Some(_), Mode::Recorded) => {
            flags.push(Flag::AlreadyDone.into());
            order.log(context, "confirm_quote", Some(&name), Some(Flag::AlreadyDone))?;
        }
    }
    Ok(Decision::flagged(order, flags))
}

/// Digits that no page showed. Whoever has signal is asked to look again; what was recorded without is kept, and a person
/// learns of it. A phone cannot know.
fn unproved(quote: Uuid, context: &Context<'_>) -> Result<Option<Flagged>, Refusal> {
    match context.mode {
        Mode::Online => Err(Refusal::WrongProof),
        Mode::Recorded if context.related.partial => Ok(None),
        Mode::Recorded => {
            let detail = json!({ "quote": quote, "why": "wrong_proof" });
            Ok(Some(Flagged::with(Flag::ConfirmationUnproved, detail)))
        }
    }
}

impl ConfirmationMethod {
    fn is_proved_by(&self, digits: &str) -> bool {
        matches!(self, ConfirmationMethod::Link { proof, .. } if proof == digits)
    }

    fn without_strokes(self) -> Self {
        match self {
            ConfirmationMethod::Signature { digest, .. } => ConfirmationMethod::Signature { strokes: vec![], digest },
            other => other,
        }
    }
}

impl ConfirmQuote {
    /// A name that somebody typed is nobody's signature, and a signature that does not say of what proves little. The word
    /// counts, because it has been given, and a person asks.
    fn leaves_open(&self) -> Option<Flagged> {
        let why = match &self.method {
            ConfirmationMethod::OnDevice => "no_signature",
            ConfirmationMethod::Signature { digest: None, .. } => "no_digest",
            _ => return None,
        };
        Some(Flagged::with(Flag::ConfirmationUnproved, json!({ "quote": self.quote, "why": why })))
    }

    /// What is odd about the signature, if there is one.
    fn of_signature(&self, order: &WorkOrder) -> Vec<Flagged> {
        let ConfirmationMethod::Signature { strokes, digest: signed } = &self.method else { return Vec::new() };
        let absurd = check_strokes(strokes).err();
        let absurd = absurd.map(|problem| json!({ "problem": problem.to_string() }));
        let held = order.quote_to_confirm(self.quote, &self.name).and_then(|shown| digest(&shown).ok());
        let other = signed.is_some_and(|signed| Some(signed) != held).then(|| json!({ "differs": ["quote"] }));
        let absurd = absurd.map(|detail| Flagged::with(Flag::SignatureAbsurd, detail));
        absurd.into_iter().chain(other.map(|detail| Flagged::with(Flag::SignedOtherContent, detail))).collect()
    }
}

impl Quote {
    /// Its time is over, or nobody agreed to it: refused to who waits for the answer. A word that a customer gave
    /// already is kept, and a person learns of it.
    pub(super) fn not_to_be_confirmed(&self, context: &Context<'_>) -> Result<Vec<Flagged>, Refusal> {
        let mut flags = Vec::new();
        let over = self.valid_until.filter(|until| context.when.earliest > *until);
        match (over, context.mode) {
            (Some(until), Mode::Online) => return Err(Refusal::QuoteExpired { until }),
            (Some(until), Mode::Recorded) => {
                flags.push(Flagged::with(Flag::QuoteExpired, json!({ "quote": self.id, "valid_until": until })));
            }
            (None, _) => {}
        }
        match (self.awaits_agreement(), context.mode) {
            (true, Mode::Online) => return Err(Refusal::QuoteNotAgreed),
            (true, Mode::Recorded) => {
                let detail = json!({ "quote": self.id, "concerns": self.concerns });
                flags.push(Flagged::with(Flag::QuoteNotAgreed, detail));
            }
            (false, _) => {}
        }
        Ok(flags)
    }
}

/// Another quote that the customer confirmed elsewhere, which whoever records this word did not know of. Both words are
/// kept; what is charged is what is signed.
fn another_word(order: &WorkOrder, quote: Uuid, context: &Context<'_>) -> Option<Flagged> {
    let unseen = |other: &&Quote| {
        let rev = other.confirmed.as_ref().and_then(|word| word.rev);
        other.id != quote && other.overtaken.is_none() && rev.is_some_and(|rev| !context.saw(rev))
    };
    // What is not in force competes with nothing.
    order.quotes.iter().find(|known| known.id == quote && known.overtaken.is_none())?;
    let other = order.quotes.iter().find(unseen)?;
    Some(Flagged::with(Flag::AnotherQuoteConfirmed, json!({ "confirmed": quote, "other": other.id })))
}
