//! The customer's signature: what it was given for, what it covers, what may be charged for it.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    Charge, Quote, Rejection, State, Status, Void, WorkOrder,
    quote::QuoteLine,
    standing::{Standing, Step, standing, step},
};
use crate::{
    check::{Check, FieldError},
    directory::User,
    evidence::When,
    ids::{Id, UserId, WorkOrderId},
    money::{Money, Quantity},
    operation::{Change, Context, Decision, Payload},
    refusal::{Flag, Flagged, Refusal},
    signing::{Digest, Stroke, check_strokes, digest},
};

/// Everything that the customer saw when signing. Its canonical JSON (RFC 8785) is digested; the digest is
/// what the signature stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedContent {
    /// The order.
    pub order: WorkOrderId,
    /// Its number, if the phone knew it.
    pub number: Option<String>,
    /// Where.
    pub place: String,
    /// What was wrong.
    pub fault: String,
    /// What was found.
    pub findings: Option<String>,
    /// The quote that the customer had confirmed; none for jobs free of charge.
    pub quote: Option<SignedQuote>,
    /// Material used.
    pub materials: Vec<SignedMaterial>,
    /// What is to be paid.
    pub amount: Money,
    /// Who did the work: account and name.
    pub technician: UserId,
    /// The technician's name.
    pub technician_name: String,
    /// Who signs.
    pub signer: String,
    /// On site since, as the screen showed it.
    pub arrived: Option<String>,
    /// Work began, as the screen showed it.
    pub started: Option<String>,
    /// Work ended, as the screen showed it.
    pub finished: Option<String>,
}

/// The quote on the screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedQuote {
    /// Which one.
    pub id: Uuid,
    /// Its number on the screen.
    pub revision: u32,
    /// Its lines.
    pub lines: Vec<QuoteLine>,
    /// Its total.
    pub total: Money,
}

/// A line of material on the screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedMaterial {
    /// What it is called.
    pub name: String,
    /// How much, in thousandths of the unit.
    pub quantity_milli: Quantity,
    /// The unit.
    pub unit: String,
}

/// A signature on the order. The strokes stay in the journal, with the operation of this id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignOff {
    /// The operation with the strokes.
    pub op: Uuid,
    /// Who signed.
    pub name: String,
    /// What they are to the household: owner, tenant, neighbour…
    pub relation: String,
    /// What they say of the work.
    pub opinion: Option<String>,
    /// SHA-256 of the canonical JSON of what they saw.
    pub digest: Digest,
    /// What they signed to pay.
    pub amount: Money,
    /// The quote they saw.
    pub quote: Option<Uuid>,
    /// Parts of what they saw that differ from what the server held; empty means that the signature covers it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
    /// When.
    pub at: When,
    /// Whose device it was.
    pub by: UserId,
}

impl WorkOrder {
    /// What to show a customer who is to sign now.
    ///
    /// The amount is the total of the newest quote that the customer confirmed; nothing if there is none.
    pub fn content_to_sign(&self, technician_name: &str, technician: Id<User>, signer: &str) -> SignedContent {
        self.content(self.confirmed_quote(), technician_name, technician, signer)
    }

    fn content(&self, quote: Option<&Quote>, technician_name: &str, by: Id<User>, signer: &str) -> SignedContent {
        let quote = quote.filter(|_| !self.policy.free_of_charge);
        let counted = self.materials.iter().filter(|material| material.void.is_none());
        let (arrived, started, finished) = self.shown_times();
        SignedContent {
            order: self.id,
            number: self.number.clone(),
            place: self.place.clone(),
            fault: self.fault.clone(),
            findings: self.diagnosis.as_ref().map(|diagnosis| diagnosis.findings.clone()),
            quote: quote.map(|quote| SignedQuote {
                id: quote.id,
                revision: quote.revision,
                lines: quote.lines.clone(),
                total: quote.total,
            }),
            materials: counted
                .map(|used| SignedMaterial {
                    name: used.name.clone(),
                    quantity_milli: used.quantity_milli,
                    unit: used.unit.clone(),
                })
                .collect(),
            amount: quote.map_or(Money::zero(self.policy.currency), |quote| quote.total),
            technician: by,
            technician_name: technician_name.into(),
            signer: signer.into(),
            arrived,
            started,
            finished,
        }
    }

    /// Times as a screen shows them: the phone's own clock where it was recorded on a phone. Both sides have
    /// that text, while the proved interval is the server's alone.
    fn shown_times(&self) -> (Option<String>, Option<String>, Option<String>) {
        let shown = |when: &When| Some(when.wall.clone().unwrap_or_else(|| when.latest.to_rfc3339()));
        match &self.state {
            State::OnSite { arrived, .. } => (shown(arrived), None, None),
            State::Working { arrived, started, .. } => (shown(arrived), shown(started), None),
            State::Paused { arrived, started, .. } => (shown(arrived), started.as_ref().and_then(shown), None),
            State::Finished { arrived, started, finished, .. } => (shown(arrived), shown(started), shown(finished)),
            _ => (None, None, None),
        }
    }
}

impl SignedContent {
    /// Names the parts in which `self` (what was signed) differs from what `order` holds.
    fn differences(&self, order: &WorkOrder) -> Vec<String> {
        let quote = self.quote.as_ref().and_then(|signed| order.quotes.iter().find(|quote| quote.id == signed.id));
        let held = order.content(quote, &self.technician_name, self.technician, &self.signer);
        let priced = |quote: &Option<SignedQuote>| quote.as_ref().map(|q| (q.id, q.lines.clone(), q.total));
        // A number that the phone did not know yet is not a difference, and revisions are numbered by the server.
        let parts = [
            ("order", self.order == held.order),
            ("number", self.number.is_none() || self.number == held.number),
            ("place", self.place == held.place),
            ("fault", self.fault == held.fault),
            ("findings", self.findings == held.findings),
            ("quote", priced(&self.quote) == priced(&held.quote)),
            ("materials", self.materials == held.materials),
            ("amount", self.amount == held.amount),
            ("arrived", self.arrived == held.arrived),
            ("started", self.started == held.started),
            ("finished", self.finished == held.finished),
        ];
        parts.into_iter().filter(|(_, same)| !same).map(|(part, _)| part.into()).collect()
    }
}

/// The customer accepts the work and signs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sign {
    /// What the customer saw.
    pub content: SignedContent,
    /// SHA-256 of its canonical JSON.
    pub digest: Digest,
    /// What the signer is to the household; at most 100 characters.
    pub relation: String,
    /// What they say of the work; at most 2,000 characters.
    pub opinion: Option<String>,
    /// The name, as drawn.
    pub strokes: Vec<Stroke>,
}

impl Payload for Sign {
    type Record = WorkOrder;

    fn example() -> Self {
        let content = SignedContent {
            order: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000030")),
            number: Some("2026-000117".into()),
            place: "7-1203, kitchen".into(),
            fault: "Water drips from under the sink".into(),
            findings: Some("Trap seal worn".into()),
            quote: None,
            materials: vec![],
            amount: Money::zero(crate::money::Currency::CNY),
            technician: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000020")),
            technician_name: "Wang Lei".into(),
            signer: "Mrs Chen".into(),
            arrived: Some("2026-03-02T16:04:11+08:00".into()),
            started: Some("2026-03-02T16:11:40+08:00".into()),
            finished: Some("2026-03-02T16:40:02+08:00".into()),
        };
        let digest = digest(&content).unwrap_or(Digest::new([0; 32]));
        let point = |x, y, time| crate::signing::Point { x, y, time, pressure: Some(0.5) };
        let points = vec![point(10.0, 12.0, 0.0), point(14.5, 9.0, 16.0), point(20.0, 18.5, 33.0)];
        let strokes = vec![Stroke { points, ..Stroke::default() }];
        Self { content, digest, relation: "owner".into(), opinion: Some("Quick and clean".into()), strokes }
    }

    fn check(&self, check: &mut Check) {
        check.text("/content/signer", &self.content.signer, 1..=200);
        check.text("/relation", &self.relation, 0..=100);
        check.optional_text("/opinion", self.opinion.as_deref(), 2000);
        self.content.amount.check(check, "/content/amount");
        match digest(&self.content) {
            Ok(computed) if computed == self.digest => {}
            _ => check.error("/digest", "mismatch", "the SHA-256 of the canonical JSON of `content`"),
        }
    }
}

impl Change for Sign {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        if self.content.order != order.id && !order.merged_from.iter().any(|alias| alias.id == self.content.order) {
            let detail = "the order that is signed for".into();
            let error = FieldError { pointer: "/content/order".into(), code: "mismatch".into(), detail };
            return Err(Refusal::Invalid { errors: vec![error] });
        }
        let mut flags = self.signature_flags(&order);
        let differs = self.content.differences(&order);
        let at_the_door = order.status();
        order = self.advance(order, context, &mut flags)?;
        // What was recorded by others after the order had been signed is no difference of this signature's making.
        let differs = if at_the_door == Status::Finished { differs } else { Vec::new() };
        if !differs.is_empty() {
            flags.push(Flagged::with(Flag::SignedOtherContent, json!({ "differs": differs })));
        }
        let entry = SignOff {
            op: context.op,
            name: self.content.signer.clone(),
            relation: self.relation.clone(),
            opinion: self.opinion.clone(),
            digest: self.digest,
            amount: self.content.amount,
            quote: self.content.quote.as_ref().map(|quote| quote.id),
            differs,
            at: context.when.clone(),
            by: context.actor.user,
        };
        WorkOrder::push(&mut order.sign_offs, entry)?;
        self.charge(&mut order, context, &mut flags);
        Ok(Decision::flagged(order, flags))
    }
}

impl Sign {
    /// Moves to "signed off", or leaves the order where it is if it was signed already or moved on meanwhile.
    fn advance(&self, order: WorkOrder, context: &Context<'_>, flags: &mut Vec<Flagged>) -> Result<WorkOrder, Refusal> {
        let second = order.status() == Status::SignedOff && standing(&order, context) == Standing::Theirs;
        if second {
            return Ok(order);
        }
        let at = context.when.clone();
        let what = Step { verb: "sign_off", note: self.opinion.as_deref() };
        let (progress, mut order) = step(order, context, what, |s| s >= Status::SignedOff, |s| s.sign_off(at))?;
        flags.extend(progress.flags());
        if order.status() == Status::SignedOff {
            order.clocks.resolved(&context.when);
        }
        Ok(order)
    }

    fn signature_flags(&self, order: &WorkOrder) -> Vec<Flagged> {
        let mut flags = Vec::new();
        if let Err(problem) = check_strokes(&self.strokes) {
            flags.push(Flagged::with(Flag::SignatureAbsurd, json!({ "problem": problem.to_string() })));
        }
        if let Some(first) = order.primary_sign_off()
            && first.name != self.content.signer
        {
            flags.push(Flagged::with(
                Flag::DifferentSigner,
                json!({ "first": first.name, "further": self.content.signer }),
            ));
        }
        let signed = self.content.quote.as_ref().map(|quote| quote.id);
        if let Some(newest) = order.newest_quote()
            && signed.is_some_and(|signed| signed != newest.id)
        {
            flags.push(Flagged::with(Flag::SignedOlderQuote, json!({ "signed": signed, "newest": newest.id })));
        }
        flags
    }

    /// Charges what was signed: never more than the confirmed quote that the customer saw, and never on an
    /// order that was cancelled – that is for a person to decide.
    fn charge(&self, order: &mut WorkOrder, context: &Context<'_>, flags: &mut Vec<Flagged>) {
        if order.charge.is_some() || order.policy.free_of_charge || order.status() == Status::Cancelled {
            return;
        }
        let Some(signed) = &self.content.quote else { return };
        let Some(quote) = order.quotes.iter().find(|quote| quote.id == signed.id && quote.confirmed.is_some()) else {
            return;
        };
        if self.content.amount.currency != quote.total.currency {
            return;
        }
        let minor = self.content.amount.minor.min(quote.total.minor);
        if self.content.amount.minor > quote.total.minor && !flags.iter().any(|f| f.flag == Flag::SignedOtherContent) {
            flags.push(Flagged::with(Flag::SignedOtherContent, json!({ "differs": ["amount"] })));
        }
        let amount = Money { minor, currency: quote.total.currency };
        order.charge = Some(Charge { amount, quote: quote.id, signed_by: context.op, lowered: None });
    }
}

/// The customer does not accept: back to work.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefuseAcceptance {
    /// Who refused; 1 to 200 characters.
    pub name: String,
    /// Why; 1 to 2,000 characters.
    pub reason: String,
}

impl Payload for RefuseAcceptance {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { name: "Mrs Chen".into(), reason: "It still drips".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.text("/reason", &self.reason, 1..=2000);
    }
}

impl Change for RefuseAcceptance {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let what = Step { verb: "refuse_acceptance", note: Some(&self.reason) };
        let (progress, mut order) = step(order, context, what, |s| s >= Status::SignedOff, State::reject)?;
        let RefuseAcceptance { name, reason } = self;
        let rejection = Rejection { op: context.op, name, reason, at: context.when.clone() };
        WorkOrder::push(&mut order.rejections, rejection)?;
        Ok(progress.decision(order))
    }
}

/// A person decides what is charged for a signature: at most what was signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetCharge {
    /// The operation with the signature.
    pub sign_off: Uuid,
    /// The amount; at most what was signed.
    pub amount: Money,
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for SetCharge {
    type Record = WorkOrder;

    fn example() -> Self {
        let amount = Money { minor: 10000, currency: crate::money::Currency::CNY };
        let sign_off = uuid::uuid!("01930000-0000-7000-8000-000000000042");
        Self { sign_off, amount, reason: "Goodwill: second visit for the same fault".into() }
    }

    fn check(&self, check: &mut Check) {
        self.amount.check(check, "/amount");
        check.text("/reason", &self.reason, 1..=1000);
    }
}

impl Change for SetCharge {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let signed = order.sign_offs.iter().find(|sign_off| sign_off.op == self.sign_off);
        let signed = signed.ok_or(Refusal::EntryUnknown)?;
        let quote = order.quotes.iter().find(|quote| Some(quote.id) == signed.quote && quote.confirmed.is_some());
        let quote = quote.ok_or(Refusal::QuoteUnknown)?;
        if self.amount.currency != quote.total.currency {
            return Err(Refusal::CurrencyMismatch { expected: quote.total.currency, found: self.amount.currency });
        }
        let most = signed.amount.minor.min(quote.total.minor);
        if self.amount.minor > most {
            return Err(Refusal::AmountExceedsSigned);
        }
        let lowered = Void { by: context.actor.user, at: context.when.clone(), reason: self.reason };
        order.charge =
            Some(Charge { amount: self.amount, quote: quote.id, signed_by: self.sign_off, lowered: Some(lowered) });
        Ok(order.into())
    }
}
