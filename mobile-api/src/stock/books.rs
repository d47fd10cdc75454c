//! How a move is entered: the move itself, the levels on both sides, the holders of its pieces, all by one rule.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Article, MoveKind, Place, StockCount, StockLevel, StockMove, StockPlace, StockPlaceKind, StockSerial, UsedOn,
    place::MOST_ARTICLES,
};
use crate::{
    ids::{ArticleId, Id, StockCountId, StockLevelId, StockMoveId, StockSerialId, UserId, derived, derived_at},
    money::Quantity,
    operation::{Context, Need},
    record::{Record, RecordType, Ref},
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
};

/// Most pieces of one move that are named by their numbers.
pub(super) const MOST_SERIALS: usize = 100;

/// Largest level, in thousandths of the unit: far below 2^53, so that every JSON reader keeps it exactly.
const MOST_LEVEL: i64 = 4_000_000_000_000_000;

/// What is to be entered.
#[derive(Clone, Debug)]
pub(crate) struct Posting {
    pub(crate) kind: MoveKind,
    pub(crate) article: ArticleId,
    pub(crate) from: Place,
    pub(crate) to: Place,
    pub(crate) quantity: Quantity,
    pub(crate) serials: Vec<String>,
    pub(crate) reason: Option<String>,
    pub(crate) used: Option<UsedOn>,
    pub(crate) counters: Option<StockMoveId>,
}

impl Posting {
    /// What takes `entry` back.
    pub(crate) fn countering(entry: &StockMove, reason: String) -> Self {
        Self {
            kind: MoveKind::Counter,
            article: entry.article,
            from: entry.to,
            to: entry.from,
            quantity: entry.quantity_milli,
            serials: entry.serials.clone(),
            reason: Some(reason),
            used: entry.used,
            counters: Some(entry.id),
        }
    }
}

/// Whatever [`Books`] must know to enter a move.
pub(crate) fn needs(article: ArticleId, places: [Place; 2], serials: &[String]) -> Vec<Need> {
    let mut needs = vec![Need::record(article)];
    for place in places.into_iter().filter(|place| place.is_stock()) {
        needs.push(Need::record::<StockLevel>(StockLevel::id_of(place, article).into()));
        match place {
            Place::Store(id) => needs.push(Need::record(id)),
            Place::Bag(id) => needs.push(Need::record(id)),
            _ => {}
        }
    }
    let holder = |serial: &String| Need::Holder { piece: StockSerial::id_of(article, serial).into() };
    needs.extend(serials.iter().map(holder));
    needs
}

/// The pages that an operation writes on. What it changes goes into its decision.
pub(crate) struct Books<'c> {
    context: &'c Context<'c>,
    changed: BTreeMap<Ref, Record>,
    flags: Vec<Flagged>,
}

impl<'c> Books<'c> {
    pub(crate) fn open(context: &'c Context<'c>) -> Self {
        Self { context, changed: BTreeMap::new(), flags: Vec::new() }
    }

    /// The operation.
    pub(super) fn op(&self) -> Uuid {
        self.context.op
    }

    /// Other records that changed, and what a person should look at.
    pub(crate) fn close(self) -> (Vec<Record>, Vec<Flagged>) {
        (self.changed.into_values().collect(), self.flags)
    }

    /// The article, which must exist.
    pub(crate) fn article(&self, id: ArticleId) -> Result<&'c Article, Refusal> {
        self.context.related.get(id).ok_or(Refusal::BadReference { pointer: "/article".into() })
    }

    /// The place must exist; a phone does not know everybody's.
    pub(crate) fn known(&self, place: Place, pointer: &str) -> Result<(), Refusal> {
        let related = self.context.related;
        let exists = match place {
            Place::Store(id) => related.get(id).is_some(),
            Place::Bag(id) => related.partial || related.get(id).is_some(),
            _ => true,
        };
        if exists { Ok(()) } else { Err(Refusal::BadReference { pointer: pointer.into() }) }
    }

    fn get<T>(&self, id: Id<T>) -> Option<T>
    where
        T: RecordType,
        for<'r> &'r T: TryFrom<&'r Record>,
    {
        let changed = self.changed.get(&Ref::new(T::KIND, id.uuid())).and_then(|record| record.try_into().ok());
        changed.or_else(|| self.context.related.get(id)).cloned()
    }

    /// Puts a record among what the operation changes.
    pub(crate) fn put(&mut self, record: impl Into<Record>) {
        let record = record.into();
        self.changed.insert(record.address(), record);
    }

    fn flag(&mut self, flag: Flag, detail: Value) {
        self.flags.push(Flagged::with(flag, detail));
    }

    /// Enters a move under `id`, and what follows from it.
    pub(crate) fn post(&mut self, id: StockMoveId, posting: Posting) -> Result<StockMove, Refusal> {
        let Posting { kind, article, from, to, quantity, serials, reason, used, counters } = posting;
        for serial in &serials {
            self.fetch_piece(id, article, serial, from)?;
        }
        self.add(from, article, -quantity.0)?;
        self.add(to, article, quantity.0)?;
        for serial in &serials {
            let piece = Id::new(StockSerial::id_of(article, serial));
            self.put(StockSerial { id: piece, article, serial: serial.trim().into(), place: to, moved: id });
        }
        let (op, by, at) = (self.context.op, self.context.actor.user, self.context.when.clone());
        let received_at = self.context.received_at;
        let (quantity_milli, settled) = (quantity, None);
        let entry = StockMove {
            id,
            op,
            kind,
            article,
            from,
            to,
            quantity_milli,
            serials,
            reason,
            by,
            at,
            received_at,
            used,
            counters,
            settled,
        };
        self.keep_time(&entry);
        self.look_at(&entry);
        Ok(entry)
    }

    /// A piece is where somebody held it in their hand, not where the ledger has it: the ledger is put right first, so
    /// that the piece has one holder all along and the levels agree with it.
    fn fetch_piece(
        &mut self,
        entry: StockMoveId,
        article: ArticleId,
        serial: &str,
        from: Place,
    ) -> Result<(), Refusal> {
        let piece: StockSerialId = StockSerial::id_of(article, serial).into();
        let recorded = self.get::<StockSerial>(piece).map(|piece| piece.place);
        let tracked = self.article(article).is_ok_and(|article| article.tracked);
        match recorded {
            Some(place) if place == from => {}
            Some(place) => {
                let detail = json!({ "article": article, "serial": serial, "recorded_at": place, "taken_from": from });
                self.flag(Flag::SerialElsewhere, detail);
                let id = Id::new(derived_at(self.context.op, &[b"found", entry.uuid().as_bytes(), serial.as_bytes()]));
                let found = Posting {
                    kind: MoveKind::Correct,
                    article,
                    from: place,
                    to: from,
                    quantity: Quantity(1000),
                    serials: vec![serial.to_owned()],
                    reason: None,
                    used: None,
                    counters: None,
                };
                let found = self.post(id, found)?;
                self.put(found);
            }
            None if tracked && from.is_stock() && !self.context.related.partial => {
                let detail = json!({ "article": article, "serial": serial, "recorded_at": null, "taken_from": from });
                self.flag(Flag::SerialElsewhere, detail);
            }
            None => {}
        }
        Ok(())
    }

    /// The level of an article at a place; `None` where none is kept, or where a phone cannot know it.
    fn level(&self, place: Place, article: ArticleId) -> Option<StockLevel> {
        if !place.is_stock() {
            return None;
        }
        let id: StockLevelId = StockLevel::id_of(place, article).into();
        let own = place == Place::Bag(self.context.actor.user);
        let unknown = self.context.related.partial && !own;
        self.get(id).or_else(|| (!unknown).then(|| StockLevel::none(place, article)))
    }

    fn add(&mut self, place: Place, article: ArticleId, milli: i64) -> Result<(), Refusal> {
        let Some(mut level) = self.level(place, article) else { return Ok(()) };
        let sum = level.milli.checked_add(milli).filter(|sum| sum.abs() <= MOST_LEVEL);
        level.milli = sum.ok_or(Refusal::Overflow)?;
        self.put(level);
        self.enter_van(place, article);
        Ok(())
    }

    /// A van knows its articles, so that their levels come to the phones of its technicians.
    fn enter_van(&mut self, place: Place, article: ArticleId) {
        let Place::Store(id) = place else { return };
        let Some(mut van) = self.get::<StockPlace>(id) else { return };
        let fits = van.kind == StockPlaceKind::Van && van.articles.len() < MOST_ARTICLES;
        if fits && !van.articles.contains(&article) {
            van.articles.push(article);
            self.put(van);
        }
    }

    /// Levels know when something was last moved, and what came in after a count that had seen it.
    fn keep_time(&mut self, entry: &StockMove) {
        for (place, milli) in
            [(entry.from, entry.quantity_milli.0.saturating_neg()), (entry.to, entry.quantity_milli.0)]
        {
            let Some(mut level) = self.level(place, entry.article) else { continue };
            let counts = entry.kind == MoveKind::Count;
            if counts || level.counted_at.is_some_and(|counted| entry.at.latest < counted) {
                level.seen_by_count_milli = level.seen_by_count_milli.saturating_add(milli);
            }
            if !counts {
                level.moved_at = level.moved_at.max(Some(entry.at.latest));
            }
            self.put(level);
        }
    }

    /// Whatever is odd about a move that was entered.
    fn look_at(&mut self, entry: &StockMove) {
        let (article, numbered) = (entry.article, entry.serials.len());
        let tracked = self.article(article).is_ok_and(|article| article.tracked);
        if tracked && i64::try_from(numbered).ok() != Some(entry.quantity_milli.0 / 1000) {
            self.flag(Flag::SerialMissing, json!({ "article": article, "named": numbered }));
        }
        for place in [entry.from, entry.to] {
            let Some(level) = self.level(place, article) else { continue };
            let counted_since = level.counted_at.filter(|counted| entry.at.latest < *counted);
            if let Some(counted_at) = counted_since.filter(|_| entry.kind != MoveKind::Count) {
                let detail = json!({ "article": article, "place": place, "counted_at": counted_at });
                self.flag(Flag::MovedBeforeCount, detail);
            }
        }
        if let Some(level) = self.level(entry.from, article).filter(|level| level.milli < 0) {
            self.below_zero(level);
        }
    }

    /// More was taken than anybody had recorded: somebody has to count, once, however much more is taken meanwhile.
    fn below_zero(&mut self, mut level: StockLevel) {
        if level.count.is_none() {
            let id = Id::new(derived(&[b"count", self.context.op.as_bytes(), level.id.uuid().as_bytes()]));
            self.put(StockCount::below_zero(id, &level, self.carriers(level.place), self.context));
            level.count = Some(id);
            self.put(level.clone());
        }
        let StockLevel { article, place, milli, count, .. } = level;
        self.flag(Flag::StockBelowZero, json!({ "article": article, "place": place, "milli": milli, "count": count }));
    }

    /// Who can look for themselves: whose bag it is, or who drives the van.
    fn carriers(&self, place: Place) -> Vec<UserId> {
        match place {
            Place::Bag(user) => vec![user],
            Place::Store(id) => self.get::<StockPlace>(id).map(|van| van.holders).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// The level was counted at that time. What was moved since and is entered already is in the books that the figure is compared with,
    /// and not in the figure: somebody has to look.
    pub(super) fn counted(&mut self, place: Place, article: ArticleId, at: Timestamp) {
        let Some(mut level) = self.level(place, article) else { return };
        if let Some(moved_at) = level.moved_at.filter(|moved| *moved > at) {
            let detail = json!({ "article": article, "place": place, "counted_at": at, "moved_at": moved_at });
            self.flag(Flag::MovedBeforeCount, detail);
        }
        level.counted_at = level.counted_at.max(Some(at));
        self.put(level);
    }

    /// The count that a level may have waited for is closed.
    pub(super) fn give_up(&mut self, place: Place, article: ArticleId, count: StockCountId) {
        let level = self.level(place, article).filter(|level| level.count == Some(count));
        if let Some(level) = level {
            self.put(StockLevel { count: None, ..level });
        }
    }

    /// What the books say now, if they know.
    pub(super) fn book_milli(&self, place: Place, article: ArticleId) -> Option<i64> {
        self.level(place, article).map(|level| level.milli)
    }

    /// What came in so far although a count had seen it.
    pub(super) fn seen_by_count(&self, place: Place, article: ArticleId) -> i64 {
        self.level(place, article).map_or(0, |level| level.seen_by_count_milli)
    }
}

/// From where a person takes material if they do not say: their own bag.
pub(crate) fn take_from(from: Option<Place>, technician: Option<Uuid>) -> Option<Place> {
    from.or(technician.map(|user| Place::Bag(user.into())))
}
