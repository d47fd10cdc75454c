//! Material of an order: taken from stock when it is used, put back when the entry is taken back, kept back beforehand.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{MaterialUse, WorkOrder};
use crate::{
    actor::{Actor, Role},
    check::Check,
    directory::{Organisation, PriceItem},
    ids::{ArticleId, Id, PriceItemId, StockMoveId, derived_at},
    money::{Money, Quantity},
    operation::{Change, Context, Decision, Mode, Need, Payload},
    price_list::Whom,
    record::Record,
    refusal::{Flag, Flagged, Refusal},
    stock::{self, Article, Books, MoveKind, Place, Posting, Reservation, Settled, StockMove, UsedOn},
};

/// Where material that was used came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FromStock {
    /// What it was.
    pub article: ArticleId,
    /// Where it lay: a store, a van or a bag. If absent, the bag of the technician who used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Place>,
    /// The numbers of the pieces; at most 100, of 1 to 60 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serials: Vec<String>,
}

/// What was taken from stock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TakenFromStock {
    /// What it was.
    pub article: ArticleId,
    /// Where it lay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Place>,
    /// The numbers of the pieces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serials: Vec<String>,
    /// How much it was in the article's own unit, in thousandths; absent if the stock could not be moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milli: Option<Quantity>,
    /// The move in the ledger; absent if the stock could not be moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<StockMoveId>,
}

/// What an entry of an order changes beside the order.
pub(super) type Beside = (Vec<Record>, Vec<Flagged>);

/// Whose bag it is if nobody says: the technician's who acts, or for whom the office acts.
fn whose(order: &WorkOrder, actor: &Actor) -> Option<Uuid> {
    match actor.role {
        Role::Technician => Some(actor.user.uuid()),
        _ => order.technician().map(Id::uuid),
    }
}

impl FromStock {
    pub(super) fn check(&self, check: &mut Check) {
        stock::check_serials(check, "/stock/serials", &self.serials);
        if self.from.is_some_and(|from| !from.is_stock()) {
            check.error("/stock/from", "malformed", "a store, a van or a bag");
        }
    }

    pub(super) fn needs(&self, order: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        let from = stock::take_from(self.from, order.and_then(|order| whose(order, actor)));
        // Nothing is known of an order's level, so it does for a place that nobody named.
        let from = from.unwrap_or(Place::Difference);
        stock::needs(self.article, [from, Place::Difference], &self.serials)
    }

    /// Takes it out of the stock. A use has happened: if the stock cannot follow – an unknown article, a unit that does not
    /// convert – the entry stands on the order and a person is asked. Who waits for the answer can still say it right.
    pub(super) fn take(
        self,
        order: &WorkOrder,
        quantity: Quantity,
        unit: &str,
        context: &Context<'_>,
    ) -> Result<(TakenFromStock, Beside), Refusal> {
        let from = stock::take_from(self.from, whose(order, context.actor));
        let untouched =
            TakenFromStock { article: self.article, from, serials: self.serials.clone(), milli: None, moved: None };
        match self.post(order, from, quantity, unit, context) {
            Ok((entry, beside)) => {
                let (milli, moved) = (Some(entry.quantity_milli), Some(entry.id));
                Ok((TakenFromStock { milli, moved, ..untouched }, beside))
            }
            Err(refusal) if context.mode == Mode::Online => Err(refusal),
            Err(refusal) => {
                let why = refusal.problem();
                let said = why.errors.first().map_or(why.detail, |error| error.detail.clone());
                let detail = json!({ "article": self.article, "why": why.code, "detail": said });
                Ok((untouched, (Vec::new(), vec![Flagged::with(Flag::StockNotMoved, detail)])))
            }
        }
    }

    fn post(
        &self,
        order: &WorkOrder,
        from: Option<Place>,
        quantity: Quantity,
        unit: &str,
        context: &Context<'_>,
    ) -> Result<(StockMove, Beside), Refusal> {
        let unknown = |field: &str| Refusal::BadReference { pointer: format!("/stock/{field}") };
        let mut books = Books::open(context);
        let article = books.article(self.article).map_err(|_| unknown("article"))?;
        let quantity = article.convert(quantity, unit)?;
        let from = from.ok_or(unknown("from"))?;
        books.known(from, "/stock/from")?;
        let technician = whose(order, context.actor).map_or(context.actor.user, Id::new);
        let used = UsedOn { order: order.id, site: order.site, team: order.team, technician };
        let posting = Posting {
            kind: MoveKind::Use,
            article: self.article,
            from,
            to: Place::Order(order.id),
            quantity,
            serials: self.serials.clone(),
            reason: None,
            used: Some(used),
            counters: None,
        };
        let id = derived_at(context.op, &[b"used", context.op.as_bytes()]).into();
        let entry = books.post(id, posting)?;
        books.put(entry.clone());
        Ok((entry, books.close()))
    }
}

/// What a use comes to by the price list as it was then: of the item that it names, or else of that of the article.
///
/// The item's unit must be the one that was counted, or the article's own: nobody can say what a metre costs of what is sold by
/// the roll.
pub(super) fn worth(
    order: &WorkOrder,
    item: Option<PriceItemId>,
    (quantity, unit): (Quantity, &str),
    taken: Option<&TakenFromStock>,
    context: &Context<'_>,
) -> Option<Money> {
    let article: Option<&Article> = taken.and_then(|taken| context.related.get(taken.article));
    let item: &PriceItem = context.related.get(item.or(article.and_then(|article| article.item))?)?;
    let firm: Option<&Organisation> = context.related.get(Id::new(context.actor.org));
    let customer = order.customer.and_then(|id| context.related.get(id));
    let whom = Whom::of(order, customer, firm, context.when.latest);
    let price = item.price_at(context.when.latest, &whom).filter(|price| price.currency == order.policy.currency)?;
    let counted = match item.unit.trim() == unit.trim() {
        true => quantity,
        false => article.filter(|article| article.unit.trim() == item.unit.trim()).and(taken?.milli)?,
    };
    price.times(counted).ok()
}

/// The entry of an order that moved stock.
fn taken(order: &WorkOrder, entry: Uuid) -> Option<&TakenFromStock> {
    let used = order.materials.iter().find(|used: &&MaterialUse| used.op == entry)?;
    used.stock.as_ref().filter(|taken| taken.moved.is_some())
}

/// What must be known to put back what an entry took.
pub(super) fn needs_to_put_back(order: &WorkOrder, entry: Uuid) -> Vec<Need> {
    let Some(taken) = taken(order, entry) else { return Vec::new() };
    let from = taken.from.unwrap_or(Place::Difference);
    let mut needs = stock::needs(taken.article, [from, Place::Order(order.id)], &taken.serials);
    needs.extend(taken.moved.map(Need::record));
    needs
}

/// Puts back what an entry took, by a counter-entry.
pub(super) fn put_back(order: &WorkOrder, entry: Uuid, reason: &str, context: &Context<'_>) -> Result<Beside, Refusal> {
    let moved = taken(order, entry).and_then(|taken| taken.moved);
    let used: Option<&StockMove> = moved.and_then(|id| context.related.get(id));
    let Some(used) = used.filter(|used| used.settled.is_none()) else { return Ok(Beside::default()) };
    let mut books = Books::open(context);
    let by_move: StockMoveId = derived_at(context.op, &[b"settled", used.id.uuid().as_bytes()]).into();
    let counter = books.post(by_move, Posting::countering(used, reason.to_owned()))?;
    books.put(counter);
    let (by, at) = (context.actor.user, context.when.clone());
    let settled = Some(Settled { by_move, approved: false, by, at, reason: reason.to_owned() });
    books.put(StockMove { settled, ..used.clone() });
    Ok(books.close())
}

/// Keeps material back for an order. It is released when the order ends, or by taking the entry back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReserveMaterial {
    /// What.
    pub article: ArticleId,
    /// Where it lies: a store, a van or a bag.
    pub place: Place,
    /// How much, in thousandths of the unit.
    pub quantity_milli: Quantity,
    /// The unit, if it is not the article's own; 1 to 30 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl Payload for ReserveMaterial {
    type Record = WorkOrder;

    fn example() -> Self {
        Self {
            article: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000050")),
            place: Place::Store(Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000051"))),
            quantity_milli: Quantity(2000),
            unit: None,
        }
    }

    fn check(&self, check: &mut Check) {
        self.quantity_milli.check(check, "/quantity_milli");
        if let Some(unit) = &self.unit {
            check.text("/unit", unit, 1..=30);
        }
        if !self.place.is_stock() {
            check.error("/place", "malformed", "a store, a van or a bag");
        }
    }

    fn needs(&self, _: Option<&WorkOrder>, _: &Actor) -> Vec<Need> {
        stock::needs(self.article, [self.place, Place::Difference], &[])
    }
}

impl Change for ReserveMaterial {
    fn decide(self, mut order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let ReserveMaterial { article, place, quantity_milli, unit } = self;
        let from = order.status();
        if from.is_over() {
            return Err(Refusal::IllegalTransition { from, operation: "reserve_material" });
        }
        let books = Books::open(context);
        let known = books.article(article)?;
        books.known(place, "/place")?;
        let quantity_milli = unit.map_or(Ok(quantity_milli), |unit| known.convert(quantity_milli, &unit))?;
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        let entry = Reservation { op, article, place, quantity_milli, by, at, void: None };
        WorkOrder::push(&mut order.reservations, entry)?;
        Ok(order.into())
    }
}
