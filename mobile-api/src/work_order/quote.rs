//! The price, told before work and confirmed by the customer.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Status, WorkOrder,
    agree::Agreement,
    by_link::QuoteSent,
    confirm::Confirmation,
    pricing::{Concern, Pricing, QuoteLine},
    standing::{contribution, flags},
};
use crate::{
    actor::Actor,
    check::Check,
    directory::{Organisation, PriceItem, PriceKind},
    evidence::When,
    ids::{Id, PriceItemId, UserId},
    money::{Currency, Money, Quantity, WHOLE},
    operation::{Change, Context, Decision, Need, Payload},
    price_list::{MoneyRules, Whom},
    refusal::{Flag, Refusal},
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
    /// To whom a link to it went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<QuoteSent>,
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
    /// The rate of the tax that the customer was told, in parts per ten thousand; absent means that of the organisation
    /// when the server learns of it. From 0 to 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<u32>,
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
        if let Some(rate) = self.tax_rate {
            check.number(&format!("{pointer}/tax_rate"), rate.into(), 0..=WHOLE.into());
        }
    }

    /// A line of the list for these customers, as it is told to them: with its price and the rate of its tax, under the
    /// item's name in their language.
    pub fn of_item(item: &PriceItem, name: &str, quantity_milli: Quantity, whom: &Whom, rules: &MoneyRules) -> Self {
        Self {
            item: Some(item.id),
            name: name.into(),
            kind: item.kind,
            quantity_milli,
            unit: item.unit.clone(),
            unit_price: item.price_for(whom),
            discount: 0,
            tax_rate: rules.tax_class(item.terms.tax_class.as_deref()).map(|class| class.rate),
        }
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
            tax_rate: None,
        };
        let seal = NewLine {
            item: None,
            name: "Trap seal".into(),
            kind: PriceKind::Material,
            quantity_milli: Quantity(1000),
            unit: "pc".into(),
            unit_price: price(1250),
            discount: 0,
            tax_rate: None,
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
            sent: Vec::new(),
        });
        Ok(Decision::flagged(order, flags))
    }
}
