//! The price, told before work and confirmed by the customer.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    Status, WorkOrder,
    standing::{contribution, flags},
};
use crate::{
    actor::Actor,
    check::Check,
    directory::PriceKind,
    evidence::When,
    ids::{PriceItemId, UserId},
    money::{Currency, Money, Quantity},
    operation::{Change, Context, Decision, Mode, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
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
}

/// A priced line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuoteLine {
    /// The item of the price list, if it is one.
    pub item: Option<PriceItemId>,
    /// What it is called.
    pub name: String,
    /// Work or goods.
    pub kind: PriceKind,
    /// How much, in thousandths of the unit.
    pub quantity_milli: Quantity,
    /// The unit.
    pub unit: String,
    /// The price of one unit.
    pub unit_price: Money,
    /// Price times quantity, rounded half up to the minor unit.
    pub amount: Money,
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
}

/// How a customer confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl NewLine {
    fn check(&self, check: &mut Check, pointer: &str) {
        check.text(&format!("{pointer}/name"), &self.name, 1..=200);
        self.quantity_milli.check(check, &format!("{pointer}/quantity_milli"));
        check.text(&format!("{pointer}/unit"), &self.unit, 1..=30);
        self.unit_price.check(check, &format!("{pointer}/unit_price"));
    }

    fn priced(self, currency: Currency) -> Result<QuoteLine, Refusal> {
        let NewLine { item, name, kind, quantity_milli, unit, unit_price } = self;
        if unit_price.currency != currency {
            return Err(Refusal::CurrencyMismatch { expected: currency, found: unit_price.currency });
        }
        let amount = unit_price.times(quantity_milli)?;
        Ok(QuoteLine { item, name, kind, quantity_milli, unit, unit_price, amount })
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
        };
        let seal = NewLine {
            item: None,
            name: "Trap seal".into(),
            kind: PriceKind::Material,
            quantity_milli: Quantity(1000),
            unit: "pc".into(),
            unit_price: price(1250),
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

    fn needs(&self, _: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        self.lines.iter().filter_map(|line| line.item).map(Need::record).collect()
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
        let currency = order.policy.currency;
        let lines = self.lines.into_iter().map(|line| line.priced(currency)).collect::<Result<Vec<_>, _>>()?;
        let total = lines.iter().try_fold(Money::zero(currency), |sum, line| sum.plus(line.amount))?;
        flags.extend(off_list(&lines, context));
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
        });
        Ok(Decision::flagged(order, flags))
    }
}

/// Lines that name an item of the list but not its price: told, not refused; the list may have changed.
fn off_list(lines: &[QuoteLine], context: &Context<'_>) -> Option<Flagged> {
    let off: Vec<_> = lines
        .iter()
        .filter_map(|line| {
            let item = context.related.get(line.item?)?;
            (item.price != line.unit_price)
                .then(|| json!({ "item": item.id, "list": item.price, "quoted": line.unit_price }))
        })
        .collect();
    (!off.is_empty()).then(|| Flagged::with(Flag::PriceDiffersFromList, json!({ "lines": off })))
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
        if let ConfirmationMethod::Verbal { witness } = &self.method {
            check.text("/method/witness", witness, 1..=200);
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
        let (op, at, by) = (context.op, context.when.clone(), context.actor.user);
        match (&quote.confirmed, context.mode) {
            (None, _) => quote.confirmed = Some(Confirmation { op, name: self.name, method: self.method, at, by }),
            (Some(_), Mode::Online) => return Err(illegal),
            (Some(_), Mode::Recorded) => {
                flags.push(Flag::AlreadyDone.into());
                order.log(context, "confirm_quote", Some(&self.name), Some(Flag::AlreadyDone))?;
            }
        }
        Ok(Decision::flagged(order, flags))
    }
}
