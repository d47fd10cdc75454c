//! What people record about moves: carrying, scrapping, taking back.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{
    Books, MoveKind, Place, Posting, Settled, StockMove, StockPlace,
    books::{MOST_SERIALS, needs},
};
use crate::{
    actor::{Actor, Role},
    check::Check,
    ids::{ArticleId, Id, StockMoveId, UserId, derived_at},
    money::Quantity,
    operation::{Change, Context, Create, Decision, Mode, Need, Payload},
    refusal::{Flag, Refusal},
};

/// Checks what every move says: a quantity, and the numbers of at most that many pieces.
pub(super) fn check_quantity(check: &mut Check, quantity: Quantity, unit: Option<&str>, serials: &[String]) {
    quantity.check(check, "/quantity_milli");
    if let Some(unit) = unit {
        check.text("/unit", unit, 1..=30);
    }
    check_serials(check, "/serials", serials);
    let pieces = i64::try_from(serials.len()).unwrap_or(i64::MAX);
    if unit.is_none() && pieces.saturating_mul(1000) > quantity.0.max(0) {
        check.error("/serials", "out_of_range", "at most one number for each piece");
    }
}

/// Checks the numbers of pieces: each a text, and each once.
pub(crate) fn check_serials(check: &mut Check, pointer: &str, serials: &[String]) {
    check.count(pointer, serials.len(), 0..=MOST_SERIALS);
    let mut seen = HashSet::new();
    for (at, serial) in serials.iter().enumerate() {
        check.text(&format!("{pointer}/{at}"), serial, 1..=60);
        if !seen.insert(serial.trim()) {
            check.error(format!("{pointer}/{at}"), "malformed", "each number once");
        }
    }
}

/// Something was carried from one place to another: received, issued, returned, passed on, sent to repair, found or lost.
///
/// Technicians record what goes into or out of their own bag or van.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordMove {
    /// What.
    pub article: ArticleId,
    /// From where.
    pub from: Place,
    /// To where.
    pub to: Place,
    /// How much, in thousandths of the unit.
    pub quantity_milli: Quantity,
    /// The unit, if it is not the article's own; 1 to 30 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The numbers of the pieces; at most 100, of 1 to 60 characters.
    #[serde(default)]
    pub serials: Vec<String>,
    /// Why; at most 1,000 characters. Required for what was found or lost.
    #[serde(default)]
    pub reason: Option<String>,
}

impl RecordMove {
    fn is_correction(&self) -> bool {
        [self.from, self.to].contains(&Place::Difference)
    }
}

impl Payload for RecordMove {
    type Record = StockMove;

    fn example() -> Self {
        Self {
            article: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000050")),
            from: Place::Store(Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000051"))),
            to: Place::Bag(Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000012"))),
            quantity_milli: Quantity(5000),
            unit: None,
            serials: vec![],
            reason: Some("For this week".into()),
        }
    }

    fn check(&self, check: &mut Check) {
        check_quantity(check, self.quantity_milli, self.unit.as_deref(), &self.serials);
        let least = usize::from(self.is_correction());
        match &self.reason {
            Some(reason) => check.text("/reason", reason, least..=1000),
            None if least > 0 => check.error("/reason", "too_short", "what was found or lost has a reason"),
            None => {}
        }
        if MoveKind::between(self.from, self.to).is_none() {
            let detail = "another place: what is used is recorded on its order, what is scrapped by `scrap`";
            check.error("/to", "malformed", detail);
        }
    }

    fn needs(&self, _: Option<&StockMove>, _: &Actor) -> Vec<Need> {
        needs(self.article, [self.from, self.to], &self.serials)
    }
}

impl Create for RecordMove {
    fn decide(self, id: Id<StockMove>, context: &Context<'_>) -> Result<Decision<StockMove>, Refusal> {
        let RecordMove { article, from, to, quantity_milli, unit, serials, reason } = self;
        let mut books = Books::open(context);
        let quantity = quantity_in(&books, article, quantity_milli, unit.as_deref(), &serials)?;
        books.known(from, "/from")?;
        books.known(to, "/to")?;
        let kind = MoveKind::between(from, to).ok_or(Refusal::BadReference { pointer: "/to".into() })?;
        may_carry(kind, [from, to], context)?;
        let posting = Posting { kind, article, from, to, quantity, serials, reason, used: None, counters: None };
        let entry = books.post(id, posting)?;
        Ok(decision(entry, books))
    }
}

fn decision(entry: StockMove, books: Books<'_>) -> Decision<StockMove> {
    let (also, flags) = books.close();
    Decision { record: Some(entry), also, flags }
}

/// How much it is in the article's own unit.
fn quantity_in(
    books: &Books<'_>,
    article: ArticleId,
    quantity: Quantity,
    unit: Option<&str>,
    serials: &[String],
) -> Result<Quantity, Refusal> {
    let article = books.article(article)?;
    let quantity = unit.map_or(Ok(quantity), |unit| article.convert(quantity, unit))?;
    let mut check = Check::default();
    check_quantity(&mut check, quantity, None, serials);
    check.finish()?;
    Ok(quantity)
}

/// A technician carries between their own bag or van and another place within the firm. The rest is the keeper's.
fn may_carry(kind: MoveKind, places: [Place; 2], context: &Context<'_>) -> Result<(), Refusal> {
    if !context.by_technician() {
        return Ok(());
    }
    let everyday = matches!(kind, MoveKind::Issue | MoveKind::Return | MoveKind::PassOn | MoveKind::Transfer);
    if everyday && places.into_iter().any(|place| is_theirs(place, context)) {
        return Ok(());
    }
    Err(Refusal::Forbidden)
}

/// Whether it is the actor's own bag, or a van that they drive.
fn is_theirs(place: Place, context: &Context<'_>) -> bool {
    let user: UserId = context.actor.user;
    match place {
        Place::Bag(holder) => holder == user,
        Place::Store(id) => context.related.get(id).is_some_and(|van: &StockPlace| van.is_held_by(user)),
        _ => false,
    }
}

/// Something is broken or out of date and is put aside at once; a manager decides whether it is scrapped.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScrapMove {
    /// What.
    pub article: ArticleId,
    /// Where it was: a store, a van or a bag.
    pub from: Place,
    /// How much, in thousandths of the unit.
    pub quantity_milli: Quantity,
    /// The unit, if it is not the article's own; 1 to 30 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The numbers of the pieces; at most 100, of 1 to 60 characters.
    #[serde(default)]
    pub serials: Vec<String>,
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for ScrapMove {
    type Record = StockMove;

    fn example() -> Self {
        let RecordMove { article, to, .. } = RecordMove::example();
        let (quantity_milli, reason) = (Quantity(1000), "Fell from the roof, the casing is cracked".into());
        Self { article, from: to, quantity_milli, unit: None, serials: vec!["DRILL-7".into()], reason }
    }

    fn check(&self, check: &mut Check) {
        check_quantity(check, self.quantity_milli, self.unit.as_deref(), &self.serials);
        check.text("/reason", &self.reason, 1..=1000);
        if !self.from.is_stock() {
            check.error("/from", "malformed", "a store, a van or a bag");
        }
    }

    fn needs(&self, _: Option<&StockMove>, _: &Actor) -> Vec<Need> {
        needs(self.article, [self.from, Place::Condemned], &self.serials)
    }
}

impl Create for ScrapMove {
    fn decide(self, id: Id<StockMove>, context: &Context<'_>) -> Result<Decision<StockMove>, Refusal> {
        let ScrapMove { article, from, quantity_milli, unit, serials, reason } = self;
        let mut books = Books::open(context);
        let quantity = quantity_in(&books, article, quantity_milli, unit.as_deref(), &serials)?;
        books.known(from, "/from")?;
        if context.by_technician() && !is_theirs(from, context) {
            return Err(Refusal::Forbidden);
        }
        let (kind, to, reason) = (MoveKind::Condemn, Place::Condemned, Some(reason));
        let posting = Posting { kind, article, from, to, quantity, serials, reason, used: None, counters: None };
        let entry = books.post(id, posting)?;
        Ok(decision(entry, books))
    }
}

/// A manager decides whether what was put aside is scrapped. If not, it goes back to where it came from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecideScrap {
    /// Whether it is scrapped.
    pub approved: bool,
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for DecideScrap {
    type Record = StockMove;

    fn example() -> Self {
        Self { approved: true, reason: "Not worth the repair".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, record: Option<&StockMove>, _: &Actor) -> Vec<Need> {
        record.map(|entry| needs(entry.article, [entry.from, entry.to], &entry.serials)).unwrap_or_default()
    }
}

impl Change for DecideScrap {
    fn decide(self, entry: StockMove, context: &Context<'_>) -> Result<Decision<StockMove>, Refusal> {
        let DecideScrap { approved, reason } = self;
        if !entry.awaits_approval() {
            return Err(Refusal::StillInUse { what: "nobody has to decide about this move".into() });
        }
        let back = Posting::countering(&entry, reason.clone());
        let posting = match approved {
            true => Posting { kind: MoveKind::Scrap, to: Place::Scrap, counters: None, ..back },
            false => back,
        };
        settle(entry, posting, approved, reason, context)
    }
}

/// Enters what becomes of a move, and notes it on the move.
fn settle(
    mut entry: StockMove,
    posting: Posting,
    approved: bool,
    reason: String,
    context: &Context<'_>,
) -> Result<Decision<StockMove>, Refusal> {
    let mut books = Books::open(context);
    let by_move: StockMoveId = derived_at(context.op, &[b"settled", entry.id.uuid().as_bytes()]).into();
    let made = books.post(by_move, posting)?;
    books.put(made);
    let (by, at) = (context.actor.user, context.when.clone());
    entry.settled = Some(Settled { by_move, approved, by, at, reason });
    Ok(decision(entry, books))
}

/// Takes a move back by a counter-entry. Both stay in the ledger.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CounterMove {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for CounterMove {
    type Record = StockMove;

    fn example() -> Self {
        Self { reason: "Typed into the wrong bag".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, record: Option<&StockMove>, _: &Actor) -> Vec<Need> {
        record.map(|entry| needs(entry.article, [entry.from, entry.to], &entry.serials)).unwrap_or_default()
    }
}

impl Change for CounterMove {
    fn decide(self, entry: StockMove, context: &Context<'_>) -> Result<Decision<StockMove>, Refusal> {
        if context.actor.role == Role::Technician && entry.by != context.actor.user {
            return Err(Refusal::Forbidden);
        }
        let settled = entry.settled.is_some();
        // Two people may have noticed the same slip; the second finds it mended.
        if settled && context.mode == Mode::Recorded && entry.kind != MoveKind::Condemn {
            return Ok(Decision::flagged(entry, vec![Flag::AlreadyDone.into()]));
        }
        let refused = match entry.kind {
            _ if settled => Some("this move was settled already"),
            MoveKind::Use => Some("take the entry back on its order"),
            MoveKind::Counter => Some("a counter-entry is not countered; record the move again"),
            MoveKind::Scrap => Some("a manager decided about this"),
            MoveKind::Count => Some("count again"),
            _ => None,
        };
        if let Some(what) = refused {
            return Err(Refusal::StillInUse { what: what.into() });
        }
        let posting = Posting::countering(&entry, self.reason.clone());
        settle(entry, posting, false, self.reason, context)
    }
}
