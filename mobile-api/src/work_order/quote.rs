//! The price, told before work and confirmed by the customer.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    Status, WorkOrder,
    agree::Agreement,
    pricing::{Concern, Pricing, QuoteLine},
    standing::{contribution, flags},
};
use crate::{
    actor::Actor,
    check::Check,
    directory::{Organisation, PriceKind},
    evidence::When,
    ids::{Id, PriceItemId, UserId, WorkOrderId},
    money::{Currency, Money, Quantity, WHOLE},
    operation::{Change, Context, Decision, Mode, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
    signing::{Digest, Stroke, check_strokes, digest},
};

/// Most lines of one quote.
const MOST_LINES: usize = 200;

/// Most revisions of the quote of one order.
const MOST_QUOTES: usize = 50;

/// One revision of the quote. Never edited; a change is a further revision, confirmed again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quote {
    /// Its id: that of the operation that made it, so that two phones cannot mean different quotes by one name.
    pub id: Uuid,
    /// 1, 2, 3… in the order in which the server received them.
    pub revision: u32,
    /// The revision of the order that it made.
    pub rev: u64,
    /// What is priced.
    pub lines: Vec<QuoteLine>,
    /// The sum of the lines.
    pub total: Money,
    /// What to tell the customer.
    pub note: Option<String>,
    /// Who made it.
    pub by: UserId,
    /// When.
    pub at: When,
    /// The customer's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Confirmation>,
    /// Why it is not in force, if it is not: the order had moved on, or it was made on a duplicate. It stands for
    /// what the customer was told and may have signed, never for what work goes on under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Flag>,
    /// Until when the customer can confirm it; absent means without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime<Utc>>,
    /// Why somebody must agree to it before the customer confirms it; empty if nobody need.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<Concern>,
    /// Who agreed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<Agreement>,
}

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
    /// On the technician's device.
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

/// Prices the work: lines of labour and material.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MakeQuote {
    /// 1 to 200 lines.
    pub lines: Vec<NewLine>,
    /// What to tell the customer; at most 2,000 characters.
    pub note: Option<String>,
}

/// A line to be priced. Its amount is computed, never sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewLine {
    /// The item of the price list, if it is one.
    pub item: Option<PriceItemId>,
    /// What it is called; 1 to 200 characters.
    pub name: String,
    /// Work or goods.
    pub kind: PriceKind,
    /// How much, in thousandths of the unit.
    pub quantity_milli: Quantity,
    /// The unit; 1 to 30 characters.
    pub unit: String,
    /// The price of one unit, in the order's currency.
    pub unit_price: Money,
    /// What is taken off, in parts per ten thousand of price times quantity: 500 is 5 %. From 0 to 10,000.
    #[serde(default, skip_serializing_if = "nothing")]
    pub discount: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn nothing(parts: &u32) -> bool {
    *parts == 0
}

impl NewLine {
    fn check(&self, check: &mut Check, pointer: &str) {
        check.text(&format!("{pointer}/name"), &self.name, 1..=200);
        self.quantity_milli.check(check, &format!("{pointer}/quantity_milli"));
        check.text(&format!("{pointer}/unit"), &self.unit, 1..=30);
        self.unit_price.check(check, &format!("{pointer}/unit_price"));
        check.number(&format!("{pointer}/discount"), self.discount.into(), 0..=WHOLE.into());
    }
}

impl Payload for MakeQuote {
    type Record = WorkOrder;

    fn example() -> Self {
        let price = |minor| Money { minor, currency: Currency::CNY };
        let labour = NewLine {
            item: None,
            name: "Plumber, one hour".into(),
            kind: PriceKind::Labour,
            quantity_milli: Quantity(1500),
            unit: "h".into(),
            unit_price: price(8000),
            discount: 0,
        };
        let seal = NewLine {
            item: None,
            name: "Trap seal".into(),
            kind: PriceKind::Material,
            quantity_milli: Quantity(1000),
            unit: "pc".into(),
            unit_price: price(1250),
            discount: 0,
        };
        Self { lines: vec![labour, seal], note: None }
    }

    fn check(&self, check: &mut Check) {
        check.count("/lines", self.lines.len(), 1..=MOST_LINES);
        for (i, line) in self.lines.iter().take(MOST_LINES).enumerate() {
            line.check(check, &format!("/lines/{i}"));
        }
        check.optional_text("/note", self.note.as_deref(), 2000);
    }

    fn needs(&self, order: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        let firm = Need::record(Id::<Organisation>::new(actor.org));
        let customer = order.and_then(|order| order.customer).map(Need::record);
        let items = self.lines.iter().filter_map(|line| line.item).map(Need::record);
        items.chain(customer).chain([firm]).collect()
    }
}

impl Change for MakeQuote {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let overtaken = contribution(&order, context)?;
        let from = order.status();
        if from >= Status::SignedOff && overtaken.is_none() {
            return Err(Refusal::IllegalTransition { from, operation: "quote" });
        }
        let mut flags = flags(overtaken);
        if order.quotes.len() >= MOST_QUOTES {
            return Err(Refusal::TooManyEntries);
        }
        let mut pricing = Pricing::of(&order, context);
        let lines = self.lines.into_iter().enumerate().map(|(at, line)| pricing.line(at, line));
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        let nothing = Money::zero(order.policy.currency);
        let total = lines.iter().try_fold(nothing, |sum, line| sum.plus(line.amount))?;
        let concerns = pricing.concerns(&lines);
        let days = pricing.rules().quote_days.map(|days| Duration::days(days.into()));
        let valid_until = days.and_then(|days| context.when.latest.checked_add_signed(days));
        flags.extend(pricing.flags());
        order.quotes.push(Quote {
            id: context.op,
            revision: order.quotes.last().map_or(1, |last| last.revision + 1),
            rev: context.rev,
            lines,
            total,
            note: self.note,
            by: context.actor.user,
            at: context.when.clone(),
            confirmed: None,
            overtaken,
            valid_until,
            concerns,
            agreed: None,
        });
        Ok(Decision::flagged(order, flags))
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
            method: ConfirmationMethod::OnDevice,
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
        }
    }
}

impl Change for ConfirmQuote {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
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
        let mut flags = flags(overtaken);
        flags.extend(self.of_signature(&order));
        flags.extend(another_word(&order, self.quote, context));
        let newest = order.newest_quote().map(|quote| (quote.id, quote.rev));
        let quote = order.quotes.iter_mut().find(|quote| quote.id == self.quote).ok_or(Refusal::QuoteUnknown)?;
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
        let method = self.method.without_strokes();
        match (&quote.confirmed, context.mode) {
            (None, _) => quote.confirmed = Some(Confirmation { op, name: self.name, method, at, by, rev }),
            (Some(_), Mode::Online) => return Err(illegal),
            (Some(_), Mode::Recorded) => {
                flags.push(Flag::AlreadyDone.into());
                order.log(context, "confirm_quote", Some(&self.name), Some(Flag::AlreadyDone))?;
            }
        }
        Ok(Decision::flagged(order, flags))
    }
}

impl ConfirmationMethod {
    fn without_strokes(self) -> Self {
        match self {
            ConfirmationMethod::Signature { digest, .. } => ConfirmationMethod::Signature { strokes: vec![], digest },
            other => other,
        }
    }
}

impl ConfirmQuote {
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
    fn not_to_be_confirmed(&self, context: &Context<'_>) -> Result<Vec<Flagged>, Refusal> {
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
