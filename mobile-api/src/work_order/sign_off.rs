//! The customer's signature: what it was given for, what it covers, what may be charged for it.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    Charge, Quote, Rejection, State, Status, Void, WorkOrder,
    pricing::QuoteLine,
    standing::{Progress, Standing, Step, standing, step},
};
use crate::{
    actor::Actor,
    check::{Check, FieldError},
    directory::User,
    evidence::When,
    ids::{Id, UserId, WorkOrderId},
    money::{Money, Quantity},
    operation::{Change, Context, Decision, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
    return_visit::plan,
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
    /// Times are compared while the order stands before its signature; later it no longer shows them.
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
                lines: quote.lines.iter().map(QuoteLine::shown).collect(),
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
    /// Names the parts in which `self` (what was signed) differs from what `order` holds. The technician's name is
    /// compared with `technician_name`, if the caller knows what the directory says.
    fn differences(&self, order: &WorkOrder, technician_name: Option<&str>) -> Vec<&'static str> {
        let technician = order.technician().unwrap_or(self.technician);
        let name = technician_name.unwrap_or(&self.technician_name);
        let quote = self.quote.as_ref().and_then(|signed| order.quote_with_word(signed.id));
        let held = order.content(quote, name, technician, &self.signer);
        let shown = |lines: &[QuoteLine]| lines.iter().map(QuoteLine::shown).collect::<Vec<_>>();
        let priced = |quote: &Option<SignedQuote>| quote.as_ref().map(|q| (q.id, shown(&q.lines), q.total));
        // Once the order has moved on it no longer shows these times; they can then neither fit nor differ.
        let same_time = |signed: &Option<String>, held: &Option<String>| held.is_none() || signed == held;
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
            ("technician", self.technician == held.technician),
            ("technician_name", self.technician_name == held.technician_name),
            ("arrived", same_time(&self.arrived, &held.arrived)),
            ("started", same_time(&self.started, &held.started)),
            ("finished", same_time(&self.finished, &held.finished)),
        ];
        parts.into_iter().filter(|(_, same)| !same).map(|(part, _)| part).collect()
    }

    /// Names the parts of a signed order that are not what was signed any more: those of the content, `quote` also if
    /// there is a newer one than the signed one, and `charge` if another amount is charged than was signed.
    ///
    /// A technician who was renamed is no change of what was signed.
    pub fn changes_since(&self, order: &WorkOrder) -> Vec<&'static str> {
        let mut parts = self.differences(order, None);
        let newest = order.newest_quote().filter(|_| !order.policy.free_of_charge).map(|quote| quote.id);
        if newest != self.quote.as_ref().map(|quote| quote.id) && !parts.contains(&"quote") {
            parts.push("quote");
        }
        let nothing = Money::zero(self.amount.currency);
        if order.charge.as_ref().map_or(nothing, |charge| charge.amount) != self.amount {
            parts.push("charge");
        }
        parts
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
        let strokes = vec![Stroke { points }];
        Self { content, digest, relation: "owner".into(), opinion: Some("Quick and clean".into()), strokes }
    }

    fn needs(&self, record: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        let visit = record.into_iter().flat_map(|order| plan::needs_of_order(order, actor.org));
        visit.chain([Need::record(self.content.technician)]).collect()
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

impl WorkOrder {
    /// A quote that the customer confirmed, in force or not: what can be charged once it is signed as well.
    fn quote_with_word(&self, id: Uuid) -> Option<&Quote> {
        self.quotes.iter().find(|quote| quote.id == id && quote.confirmed.is_some())
    }
}

impl Change for Sign {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        if self.content.order != order.id && !order.merged_from.iter().any(|alias| alias.id == self.content.order) {
            let detail = "the order that is signed for".into();
            let error = FieldError { pointer: "/content/order".into(), code: "mismatch".into(), detail };
            return Err(Refusal::Invalid { errors: vec![error] });
        }
        let mut flags = self.signature_flags(&order);
        let known: Option<&User> = context.related.get(self.content.technician);
        let differs = self.content.differences(&order, known.map(|user| user.name.as_str()));
        let (progress, mut order) = self.advance(order, context)?;
        flags.extend(progress.into_iter().flat_map(Progress::flags));
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
            differs: differs.into_iter().map(Into::into).collect(),
            at: context.when.clone(),
            by: context.actor.user,
        };
        WorkOrder::push(&mut order.sign_offs, entry)?;
        if progress == Some(Progress::Moved) {
            order.clocks.resolved(&context.when, &order.policy);
            order.charge = self.charge(&order, context);
            let visit = plan::plan_for_order(&order, context.when.latest, context);
            return Ok(Decision { record: Some(order), also: visit.into_iter().collect(), flags });
        }
        Ok(Decision::flagged(order, flags))
    }
}

impl Sign {
    /// Moves to "signed off", or leaves the order where it is if it moved on meanwhile; `None` for a further
    /// signature on an order that is signed.
    fn advance(&self, order: WorkOrder, context: &Context<'_>) -> Result<(Option<Progress>, WorkOrder), Refusal> {
        if order.status() == Status::SignedOff && standing(&order, context) == Standing::Theirs {
            return Ok((None, order));
        }
        let at = context.when.clone();
        let what = Step { verb: "sign_off", note: None };
        let (progress, order) = step(order, context, what, |_| false, |state| state.sign_off(at))?;
        Ok((Some(progress), order))
    }

    fn signature_flags(&self, order: &WorkOrder) -> Vec<Flagged> {
        let mut flags = Vec::new();
        if let Err(problem) = check_strokes(&self.strokes) {
            flags.push(Flagged::with(Flag::SignatureAbsurd, json!({ "problem": problem.to_string() })));
        }
        if let Some(first) = order.primary_sign_off()
            && !same_name(&first.name, &self.content.signer)
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

    /// What the signature that ends the work charges: never more than the confirmed quote that the customer saw.
    /// Any other signature – a further one, or one on an order that had moved on – leaves that to a person.
    fn charge(&self, order: &WorkOrder, context: &Context<'_>) -> Option<Charge> {
        let quote = order.quote_with_word(self.content.quote.as_ref()?.id)?;
        let signed = self.content.amount;
        if order.policy.free_of_charge || signed.currency != quote.total.currency {
            return None;
        }
        let amount = Money { minor: signed.minor.min(quote.total.minor), currency: quote.total.currency };
        Some(Charge { amount, quote: quote.id, signed_by: context.op, lowered: None })
    }
}

/// Whether two spellings are one name: typed on a phone, capitals and spaces come as they may.
fn same_name(one: &str, other: &str) -> bool {
    let letters = |name: &str| name.to_lowercase().split_whitespace().collect::<String>();
    letters(one) == letters(other)
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
        let what = Step { verb: "refuse_acceptance", note: None };
        // An order that is back at work after a refusal was refused by somebody else's hand already.
        let again = !order.rejections.is_empty();
        let reached = |s: Status| s >= Status::SignedOff || (s == Status::Working && again);
        let (progress, mut order) = step(order, context, what, reached, State::reject)?;
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
        let quote = signed.quote.and_then(|quote| order.quote_with_word(quote)).ok_or(Refusal::QuoteUnknown)?;
        let expected = quote.total.currency;
        for found in [self.amount.currency, signed.amount.currency] {
            if found != expected {
                return Err(Refusal::CurrencyMismatch { expected, found });
            }
        }
        let most = signed.amount.minor.min(quote.total.minor);
        if self.amount.minor > most || order.policy.free_of_charge {
            return Err(Refusal::AmountExceedsSigned);
        }
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        let lowered = Void { op, by, at, reason: self.reason };
        order.charge =
            Some(Charge { amount: self.amount, quote: quote.id, signed_by: self.sign_off, lowered: Some(lowered) });
        Ok(order.into())
    }
}
