//! The unified price list (统一收费标准), one record per item.

use serde::{Deserialize, Serialize};

use super::{Label, Organisation, in_catalog};
use crate::{
    actor::Actor,
    check::Check,
    ids::{Id, PriceItemId},
    money::Money,
    operation::{Context, Decision, Need, Payload, Save},
    record::{Kind, Reach, RecordType},
    refusal::Refusal,
    time::Timestamp,
};

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
}

impl RecordType for PriceItem {
    const KIND: Kind = Kind::PriceItem;

    fn visible_to(&self, _: &Actor) -> bool {
        true
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        in_catalog(Self::KIND, self.id)
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
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/code", &self.code, 1..=60);
        self.name.check(check, "/name");
        check.text("/unit", &self.unit, 1..=30);
        self.price.check(check, "/price");
    }

    fn needs(&self, _: Option<&PriceItem>, actor: &Actor) -> Vec<Need> {
        vec![Need::record(Id::<Organisation>::new(actor.org))]
    }
}

impl Save for PriceItemSave {
    fn decide(
        self,
        id: Id<PriceItem>,
        _: Option<PriceItem>,
        context: &Context<'_>,
    ) -> Result<Decision<PriceItem>, Refusal> {
        let PriceItemSave { code, name, kind, unit, price, active } = self;
        if let Some(firm) = context.related.get(Id::<Organisation>::new(context.actor.org))
            && firm.currency != price.currency
        {
            return Err(Refusal::CurrencyMismatch { expected: firm.currency, found: price.currency });
        }
        Ok(PriceItem { id, code, name, kind, unit, price, active }.into())
    }
}
