//! What there is: material and tools.

use serde::{Deserialize, Serialize};

use super::StockPlace;
use crate::{
    actor::Actor,
    check::{Check, FieldError},
    directory::Label,
    ids::{ArticleId, Id, PriceItemId, StockPlaceId},
    money::{MOST_MILLI, Quantity},
    operation::{Context, Decision, Need, Payload, Save},
    record::{Kind, Reach, RecordType, Ref, Scope},
    refusal::Refusal,
    time::Timestamp,
};

/// Whether an article is used up or given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ArticleKind {
    /// Used up (物料).
    Material,
    /// Borrowed and given back (工具).
    Tool,
}

/// Something that is kept in stock.
///
/// It is no item of the price list: a tool has no price, and what a customer pays for a part may be another item in each
/// place. It may name one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Article {
    /// Its id.
    pub id: ArticleId,
    /// The firm's code for it.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// Material or tool.
    pub kind: ArticleKind,
    /// The unit that it is counted in: `pc`, `m`.
    pub unit: String,
    /// Other units that it comes in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packs: Vec<Pack>,
    /// Whether each piece has a number, and somebody who holds it.
    pub tracked: bool,
    /// Its item of the price list.
    pub item: Option<PriceItemId>,
    /// How much there should be at least, per store or van.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub minimums: Vec<Minimum>,
    /// Whether it is still to be bought.
    pub active: bool,
}

/// A unit that an article comes in, beside its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pack {
    /// The unit, `box`; 1 to 30 characters.
    pub unit: String,
    /// How much of the article's own unit one of it holds, in thousandths.
    pub holds_milli: Quantity,
}

/// How much there should be at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Minimum {
    /// Where.
    pub place: StockPlaceId,
    /// How much, in thousandths of the unit.
    pub milli: Quantity,
}

impl Article {
    /// A quantity in this unit, in the article's own, rounded half up to a thousandth.
    ///
    /// # Errors
    /// `invalid` if the unit is neither the article's nor one of its packs; `overflow` beyond one million.
    pub fn convert(&self, quantity: Quantity, unit: &str) -> Result<Quantity, Refusal> {
        if unit.trim() == self.unit.trim() {
            return Ok(quantity);
        }
        let pack = self.packs.iter().find(|pack| pack.unit.trim() == unit.trim());
        let Some(pack) = pack else {
            let detail = format!("`{unit}` does not convert into `{}`, the unit of {}", self.unit, self.code);
            let error = FieldError { pointer: "/unit".into(), code: "unit_mismatch".into(), detail };
            return Err(Refusal::Invalid { errors: vec![error] });
        };
        let exact = i128::from(quantity.0) * i128::from(pack.holds_milli.0);
        let milli = i64::try_from((exact + 500).div_euclid(1000)).ok();
        milli.filter(|milli| (1..=MOST_MILLI).contains(milli)).map(Quantity).ok_or(Refusal::Overflow)
    }
}

impl RecordType for Article {
    const KIND: Kind = Kind::Article;

    fn visible_to(&self, _: &Actor) -> bool {
        true
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        vec![Reach { scope: Scope::Catalog, record: Ref::new(Self::KIND, self.id) }]
    }

    /// Its item of the price list: what is used of it is worth what that costs.
    fn companions(&self) -> Vec<Ref> {
        self.item.map(|item| Ref::new(Kind::PriceItem, item)).into_iter().collect()
    }
}

/// Makes an article or changes it. Its unit stays: levels and moves are counted in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArticleSave {
    /// The firm's code for it; 1 to 60 characters.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// Material or tool.
    pub kind: ArticleKind,
    /// The unit that it is counted in; 1 to 30 characters.
    pub unit: String,
    /// Other units that it comes in; at most 20.
    #[serde(default)]
    pub packs: Vec<Pack>,
    /// Whether each piece has a number, and somebody who holds it.
    #[serde(default)]
    pub tracked: bool,
    /// Its item of the price list.
    pub item: Option<PriceItemId>,
    /// How much there should be at least; at most 50 places.
    #[serde(default)]
    pub minimums: Vec<Minimum>,
    /// Whether it is still to be bought.
    pub active: bool,
}

impl Payload for ArticleSave {
    type Record = Article;

    fn example() -> Self {
        Self {
            code: "VALVE-15".into(),
            name: Label::new("角阀 15 毫米", "Angle valve 15 mm"),
            kind: ArticleKind::Material,
            unit: "pc".into(),
            packs: vec![Pack { unit: "box".into(), holds_milli: Quantity(10_000) }],
            tracked: false,
            item: None,
            minimums: vec![],
            active: true,
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/code", &self.code, 1..=60);
        self.name.check(check, "/name");
        check.text("/unit", &self.unit, 1..=30);
        check.count("/packs", self.packs.len(), 0..=20);
        for (at, pack) in self.packs.iter().enumerate() {
            check.text(&format!("/packs/{at}/unit"), &pack.unit, 1..=30);
            pack.holds_milli.check(check, &format!("/packs/{at}/holds_milli"));
            let others = self.packs[..at].iter().map(|other| &other.unit).chain([&self.unit]);
            if others.into_iter().any(|other| other.trim() == pack.unit.trim()) {
                check.error(format!("/packs/{at}/unit"), "malformed", "a unit that is not there yet");
            }
        }
        check.count("/minimums", self.minimums.len(), 0..=50);
        for (at, minimum) in self.minimums.iter().enumerate() {
            minimum.milli.check(check, &format!("/minimums/{at}/milli"));
            if self.minimums[..at].iter().any(|other| other.place == minimum.place) {
                check.error(format!("/minimums/{at}/place"), "malformed", "each place once");
            }
        }
    }

    fn needs(&self, _: Option<&Article>, _: &Actor) -> Vec<Need> {
        let places = self.minimums.iter().map(|minimum| Need::record(minimum.place));
        places.chain(self.item.map(Need::record)).collect()
    }
}

impl Save for ArticleSave {
    fn decide(
        self,
        id: Id<Article>,
        article: Option<Article>,
        context: &Context<'_>,
    ) -> Result<Decision<Article>, Refusal> {
        let ArticleSave { code, name, kind, unit, packs, tracked, item, minimums, active } = self;
        if let Some(article) = article
            && article.unit.trim() != unit.trim()
        {
            return Err(Refusal::StillInUse { what: format!("its moves are counted in `{}`", article.unit) });
        }
        if let Some(item) = item
            && context.related.get(item).is_none()
        {
            return Err(Refusal::BadReference { pointer: "/item".into() });
        }
        let unknown = |minimum: &Minimum| context.related.get::<StockPlace>(minimum.place).is_none();
        if let Some(at) = minimums.iter().position(unknown) {
            return Err(Refusal::BadReference { pointer: format!("/minimums/{at}/place") });
        }
        Ok(Article { id, code, name, kind, unit, packs, tracked, item, minimums, active }.into())
    }
}
