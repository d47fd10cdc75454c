//! A line of the price list, one record each.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    OtherPrice, Terms, Whom,
    other::{PastPrice, Settled, check_others},
    terms::{day_of, start_of},
};
use crate::{
    actor::Actor,
    check::Check,
    directory::{Label, Organisation, in_catalog},
    ids::{Id, PriceItemId, SiteId},
    money::Money,
    operation::{Context, Decision, Need, Payload, Save},
    record::{Kind, Reach, RecordType},
    refusal::Refusal,
    time::Timestamp,
};

/// Most earlier prices that an item remembers.
const MOST_EARLIER: usize = 10;

/// Whether a line is work or goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PriceKind {
    /// Work.
    Labour,
    /// Goods.
    Material,
}

/// A line of the price list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceItem {
    /// Its id.
    pub id: PriceItemId,
    /// The firm's code for it.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// Work or goods.
    pub kind: PriceKind,
    /// The unit that a quantity counts: `h`, `m`, `pc`.
    pub unit: String,
    /// The price of one unit.
    pub price: Money,
    /// Whether it may be quoted.
    pub active: bool,
    /// For whom and when, and how it is taxed.
    #[serde(default, skip_serializing_if = "Terms::is_open")]
    pub terms: Terms,
    /// What it costs for some sites or classes of customers, or from a later day on; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherPrice>,
    /// What it cost before, newest last; at most 10. A phone without signal may still quote from an older list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierPrice>,
}

/// A price that was in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EarlierPrice {
    /// The price of one unit.
    pub price: Money,
    /// When it was replaced, by the server's clock or on the day that was said before.
    pub until: DateTime<Utc>,
}

impl RecordType for PriceItem {
    const KIND: Kind = Kind::PriceItem;

    fn visible_to(&self, _: &Actor) -> bool {
        true
    }

    // Only what may be quoted travels: a list keeps its retired items for ever, and phones have no use for them. What is
    // limited to a site, a class or some days travels all the same, because the next order may be of that site or day.
    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        if self.active { in_catalog(Self::KIND, self.id) } else { Vec::new() }
    }
}

/// Makes an item of the price list or changes it. Quotes that exist keep the price they were made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceItemSave {
    /// The firm's code for it; 1 to 60 characters.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// Work or goods.
    pub kind: PriceKind,
    /// The unit that a quantity counts; 1 to 30 characters.
    pub unit: String,
    /// The price of one unit, in the organisation's currency.
    pub price: Money,
    /// Whether it may be quoted.
    pub active: bool,
    /// For whom and when, and how it is taxed; absent means for everybody, always, as most things are taxed.
    #[serde(default, skip_serializing_if = "Terms::is_open")]
    pub terms: Terms,
    /// What it costs for some sites or classes of customers, or from a later day on; at most 50. The most particular
    /// counts: a class before a site before everybody; then the one that began last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherPrice>,
}

impl Payload for PriceItemSave {
    type Record = PriceItem;

    fn example() -> Self {
        Self {
            code: "LAB-PLUMB".into(),
            name: Label::new("水工工时", "Plumber, one hour"),
            kind: PriceKind::Labour,
            unit: "h".into(),
            price: Money { minor: 8000, currency: crate::money::Currency::CNY },
            active: true,
            terms: Terms::default(),
            others: Vec::new(),
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/code", &self.code, 1..=60);
        self.name.check(check, "/name");
        check.text("/unit", &self.unit, 1..=30);
        self.price.check(check, "/price");
        self.terms.check(check, "/terms");
        check_others(&self.others, check);
    }

    fn needs(&self, _: Option<&PriceItem>, actor: &Actor) -> Vec<Need> {
        let firm = Need::record(Id::<Organisation>::new(actor.org));
        let named = self.terms.sites.iter().chain(self.others.iter().flat_map(|other| &other.sites));
        named.copied().map(Need::record).chain([firm]).collect()
    }
}

impl Save for PriceItemSave {
    fn decide(
        self,
        id: Id<PriceItem>,
        before: Option<PriceItem>,
        context: &Context<'_>,
    ) -> Result<Decision<PriceItem>, Refusal> {
        self.check_references(context)?;
        let firm = context.related.get(Id::<Organisation>::new(context.actor.org));
        let earlier = before.map(|before| before.with_price(&self.price, context.received_at)).unwrap_or_default();
        let PriceItemSave { code, name, kind, unit, price, active, terms, others } = self;
        let mut item = PriceItem { id, code, name, kind, unit, price, active, terms, others, earlier };
        let Settled { price, others, past } = item.settled(day_of(firm, context.received_at));
        for PastPrice { price, last } in past {
            let next = last.and_then(|last| last.succ_opt()).map(|next| start_of(firm, next));
            item.remember(price, next.unwrap_or(context.received_at));
        }
        Ok(PriceItem { price, others, ..item }.into())
    }
}

impl PriceItemSave {
    fn check_references(&self, context: &Context<'_>) -> Result<(), Refusal> {
        let bad = |pointer: String| Err(Refusal::BadReference { pointer });
        if let Some(firm) = context.related.get(Id::<Organisation>::new(context.actor.org)) {
            let currencies = self.others.iter().map(|other| other.price.currency).chain([self.price.currency]);
            if let Some(found) = currencies.into_iter().find(|currency| *currency != firm.currency) {
                return Err(Refusal::CurrencyMismatch { expected: firm.currency, found });
            }
            let class = self.terms.tax_class.as_ref();
            if class.is_some_and(|code| firm.money.tax_classes.iter().all(|class| class.code != *code)) {
                return bad("/terms/tax_class".into());
            }
        }
        let unknown = |sites: &[SiteId]| sites.iter().position(|site| context.related.get(*site).is_none());
        if let Some(at) = unknown(&self.terms.sites) {
            return bad(format!("/terms/sites/{at}"));
        }
        let mut others = self.others.iter().enumerate();
        match others.find_map(|(other, price)| unknown(&price.sites).map(|at| (other, at))) {
            Some((other, at)) => bad(format!("/others/{other}/sites/{at}")),
            None => Ok(()),
        }
    }

    /// Whether saving this would leave `item` as it is.
    pub fn changes_nothing_of(&self, item: &PriceItem) -> bool {
        let PriceItemSave { code, name, kind, unit, price, active, terms, others } = self;
        (code, name, unit, terms, others) == (&item.code, &item.name, &item.unit, &item.terms, &item.others)
            && (*kind, *price, *active) == (item.kind, item.price, item.active)
    }
}

impl PriceItem {
    /// Its earlier prices once it costs `price`.
    fn with_price(mut self, price: &Money, now: Timestamp) -> Vec<EarlierPrice> {
        if self.price != *price {
            self.remember(self.price, now);
        }
        self.earlier
    }

    fn remember(&mut self, price: Money, until: DateTime<Utc>) {
        self.earlier.push(EarlierPrice { price, until });
        let surplus = self.earlier.len().saturating_sub(MOST_EARLIER);
        self.earlier.drain(..surplus);
    }

    /// What it cost for them at an instant, which is on their day; `None` if that is longer ago than it remembers.
    pub fn price_at(&self, at: Timestamp, whom: &Whom) -> Option<Money> {
        let now = self.price_for(whom);
        if now != self.price {
            return Some(now);
        }
        match self.earlier.iter().position(|earlier| at < earlier.until) {
            None => Some(self.price),
            // Prices before the oldest that it remembers are forgotten.
            Some(0) if self.earlier.len() >= MOST_EARLIER => None,
            Some(then) => self.earlier.get(then).map(|earlier| earlier.price),
        }
    }
}
