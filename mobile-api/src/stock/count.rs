//! Counting (盘点): what is really there.
//!
//! A line is counted with what the books said at that moment, and closing the sheet enters the difference, not the
//! figure: what was used between the counting and the closing stays used. Several people can count on one sheet
//! without signal, each line for itself; a line counted twice with different results asks a person.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Books, MoveKind, Place, Posting, StockLevel, books::needs, level::is_own_bag};
use crate::{
    actor::Actor,
    check::Check,
    evidence::When,
    ids::{ArticleId, Id, StockCountId, StockMoveId, UserId, derived_at},
    money::{MOST_MILLI, Quantity},
    operation::{Change, Context, Create, Decision, Mode, Need, Payload},
    record::{Kind, Reach, RecordType, Ref, Scope},
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
};

/// Most lines of a sheet.
pub(super) const MOST_LINES: usize = 500;

/// Most times that one line is counted.
const MOST_TIMES: usize = 20;

/// Why something is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CountReason {
    /// Somebody asked for it: the monthly sheet.
    Planned,
    /// More was taken than was there.
    BelowZero,
}

/// A count sheet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StockCount {
    /// Its id.
    pub id: StockCountId,
    /// What is counted.
    pub place: Place,
    /// Why.
    pub why: CountReason,
    /// What it is for, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whose phones have the sheet, beside the office.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<UserId>,
    /// Who opened it: by asking for it, or by what they recorded.
    pub opened_by: UserId,
    /// When.
    pub opened_at: DateTime<Utc>,
    /// A line for each article.
    pub lines: Vec<CountLine>,
    /// Who closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<UserId>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<When>,
}

/// One article on a sheet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CountLine {
    /// What.
    pub article: ArticleId,
    /// Each time it was counted; the last one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<Counted>,
    /// The move that put the books right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<StockMoveId>,
}

/// A figure that somebody counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Counted {
    /// The operation.
    pub op: Uuid,
    /// How much was there, in thousandths of the article's unit.
    pub milli: i64,
    /// What the books said then. A phone does not always know.
    pub book_milli: Option<i64>,
    /// [`StockLevel::seen_by_count_milli`](super::StockLevel::seen_by_count_milli) then. Sheets of before have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_milli: Option<i64>,
    /// Who counted.
    pub by: UserId,
    /// When.
    pub at: When,
}

impl Counted {
    /// How much more there was than the books said.
    pub fn difference(&self) -> Option<i64> {
        self.book_milli.map(|book| self.milli.saturating_sub(book))
    }

    /// The difference that is still to be entered when so much came in by now although a count had seen it: of two sheets with one
    /// figure the second finds nothing left, and a use that was told late is not taken away twice.
    fn left_of_difference(&self, seen_milli: i64) -> i64 {
        let since = self.seen_milli.map_or(0, |then| seen_milli.saturating_sub(then));
        self.difference().unwrap_or(0).saturating_sub(since)
    }
}

impl CountLine {
    pub(super) fn of(article: ArticleId) -> Self {
        Self { article, counted: Vec::new(), correction: None }
    }
}

impl StockCount {
    /// The task that opens when more was taken than was there.
    pub(super) fn below_zero(
        id: StockCountId,
        level: &StockLevel,
        counters: Vec<UserId>,
        context: &Context<'_>,
    ) -> Self {
        Self {
            id,
            place: level.place,
            why: CountReason::BelowZero,
            note: None,
            counters,
            opened_by: context.actor.user,
            opened_at: context.received_at,
            lines: vec![CountLine::of(level.article)],
            closed_by: None,
            closed: None,
        }
    }

    /// Whether somebody still has to count or to close.
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// How many lines nobody has counted.
    pub fn uncounted(&self) -> usize {
        self.lines.iter().filter(|line| line.counted.is_empty()).count()
    }
}

impl RecordType for StockCount {
    const KIND: Kind = Kind::StockCount;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() || self.counters.contains(&actor.user) || is_own_bag(self.place, actor)
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        if !self.is_open() {
            return Vec::new();
        }
        let record = Ref::new(Self::KIND, self.id);
        self.counters.iter().map(|user| Reach { scope: Scope::User(user.uuid()), record }).collect()
    }
}

/// Opens a count sheet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StockCountOpen {
    /// What is counted: a store, a van or a bag.
    pub place: Place,
    /// The articles to be counted; 1 to 500. Others that turn up can be added while counting.
    pub articles: Vec<ArticleId>,
    /// Who counts, beside the office: their phones get the sheet; at most 20.
    #[serde(default)]
    pub counters: Vec<UserId>,
    /// What it is for; at most 500 characters.
    #[serde(default)]
    pub note: Option<String>,
}

impl Payload for StockCountOpen {
    type Record = StockCount;

    fn example() -> Self {
        Self {
            place: Place::Store(Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000051"))),
            articles: vec![Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000050"))],
            counters: vec![],
            note: Some("November".into()),
        }
    }

    fn check(&self, check: &mut Check) {
        check.count("/articles", self.articles.len(), 1..=MOST_LINES);
        check.count("/counters", self.counters.len(), 0..=20);
        check.optional_text("/note", self.note.as_deref(), 500);
        if !self.place.is_stock() {
            check.error("/place", "malformed", "a store, a van or a bag");
        }
        let mut articles = self.articles.clone();
        articles.sort_unstable();
        articles.dedup();
        if articles.len() != self.articles.len() {
            check.error("/articles", "malformed", "each article once");
        }
    }

    fn needs(&self, _: Option<&StockCount>, _: &Actor) -> Vec<Need> {
        let place = match self.place {
            Place::Store(id) => Some(Need::record(id)),
            Place::Bag(id) => Some(Need::record(id)),
            _ => None,
        };
        let articles = self.articles.iter().copied().map(Need::record);
        articles.chain(self.counters.iter().copied().map(Need::record)).chain(place).collect()
    }
}

impl Create for StockCountOpen {
    fn decide(self, id: Id<StockCount>, context: &Context<'_>) -> Result<Decision<StockCount>, Refusal> {
        let StockCountOpen { place, articles, counters, note } = self;
        Books::open(context).known(place, "/place")?;
        let unknown = |pointer: String| Refusal::BadReference { pointer };
        if let Some(at) = articles.iter().position(|id| context.related.get(*id).is_none()) {
            return Err(unknown(format!("/articles/{at}")));
        }
        if let Some(at) = counters.iter().position(|id| context.related.get(*id).is_none()) {
            return Err(unknown(format!("/counters/{at}")));
        }
        let (opened_by, opened_at) = (context.actor.user, context.received_at);
        let lines = articles.into_iter().map(CountLine::of).collect();
        let why = CountReason::Planned;
        let (closed_by, closed) = (None, None);
        Ok(StockCount { id, place, why, note, counters, opened_by, opened_at, lines, closed_by, closed }.into())
    }
}

/// Somebody counted an article. It can be counted again; the last figure counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StockCountRecord {
    /// What.
    pub article: ArticleId,
    /// How much was there, in thousandths of the article's unit; 0 if nothing was.
    pub milli: i64,
}

impl Payload for StockCountRecord {
    type Record = StockCount;

    fn example() -> Self {
        Self { article: StockCountOpen::example().articles[0], milli: 12_000 }
    }

    fn check(&self, check: &mut Check) {
        check.number("/milli", self.milli, 0..=MOST_MILLI);
    }

    fn needs(&self, record: Option<&StockCount>, _: &Actor) -> Vec<Need> {
        record.map(|count| needs(self.article, [count.place; 2], &[])).unwrap_or_default()
    }
}

impl Change for StockCountRecord {
    fn decide(self, mut count: StockCount, context: &Context<'_>) -> Result<Decision<StockCount>, Refusal> {
        let StockCountRecord { article, milli } = self;
        if !count.is_open() && context.mode == Mode::Online {
            return Err(Refusal::StillInUse { what: "this sheet is closed; open another".into() });
        }
        let mut books = Books::open(context);
        books.article(article)?;
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        let (book_milli, seen) = (books.book_milli(count.place, article), books.seen_by_count(count.place, article));
        let counted = Counted { op, milli, book_milli, seen_milli: Some(seen), by, at };
        books.counted(count.place, article, counted.at.latest);
        let (also, mut flags) = books.close();
        if !count.is_open() {
            flags.push(Flag::ActivityAfterClose.into());
        }
        let line = count.line(article)?;
        // Somebody who counts again corrects themselves; two people who differ are asked about.
        let other = line.counted.last().filter(|last| last.by != by && last.difference() != counted.difference());
        if let Some(other) = other {
            let detail = json!({ "article": article, "first": other.milli, "second": milli, "first_by": other.by });
            flags.push(Flagged::with(Flag::CountsDiffer, detail));
        }
        if line.counted.len() >= MOST_TIMES {
            return Err(Refusal::TooManyEntries);
        }
        line.counted.push(counted);
        Ok(Decision { record: Some(count), also, flags })
    }
}

impl StockCount {
    /// The line of an article, made if it is not there: things turn up that nobody expected.
    fn line(&mut self, article: ArticleId) -> Result<&mut CountLine, Refusal> {
        let at = match self.lines.iter().position(|line| line.article == article) {
            Some(at) => at,
            None if self.lines.len() >= MOST_LINES => return Err(Refusal::TooManyEntries),
            None => {
                self.lines.push(CountLine::of(article));
                self.lines.len() - 1
            }
        };
        Ok(&mut self.lines[at])
    }
}

/// Closes a sheet: what differs is entered into the books.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StockCountClose {
    /// Close it although nobody has counted some lines; these stay as the books have them.
    #[serde(default)]
    pub leave_uncounted: bool,
}

impl Payload for StockCountClose {
    type Record = StockCount;

    fn example() -> Self {
        Self { leave_uncounted: false }
    }

    fn needs(&self, record: Option<&StockCount>, _: &Actor) -> Vec<Need> {
        let Some(count) = record else { return Vec::new() };
        let all = count.lines.iter().flat_map(|line| needs(line.article, [count.place; 2], &[]));
        let mut once: Vec<Need> = Vec::new();
        for need in all {
            if !once.contains(&need) {
                once.push(need);
            }
        }
        once
    }
}

impl Change for StockCountClose {
    fn decide(self, mut count: StockCount, context: &Context<'_>) -> Result<Decision<StockCount>, Refusal> {
        if !count.is_open() {
            return Err(Refusal::StillInUse { what: "this sheet is closed already".into() });
        }
        let uncounted = count.uncounted();
        if uncounted > 0 && !self.leave_uncounted {
            return Err(Refusal::StillInUse { what: format!("{uncounted} line(s) are not counted yet") });
        }
        let mut books = Books::open(context);
        let mut lines = std::mem::take(&mut count.lines);
        for line in &mut lines {
            books.give_up(count.place, line.article, count.id);
            let Some(last) = line.counted.last() else { continue };
            let left = last.left_of_difference(books.seen_by_count(count.place, line.article));
            line.correction = enter_difference(&mut books, &count, line.article, left)?;
        }
        count.lines = lines;
        (count.closed_by, count.closed) = (Some(context.actor.user), Some(context.when.clone()));
        let (also, flags) = books.close();
        Ok(Decision { record: Some(count), also, flags })
    }
}

fn enter_difference(
    books: &mut Books<'_>,
    count: &StockCount,
    article: ArticleId,
    milli: i64,
) -> Result<Option<StockMoveId>, Refusal> {
    if milli == 0 {
        return Ok(None);
    }
    let id: StockMoveId =
        derived_at(books.op(), &[b"counted", count.id.uuid().as_bytes(), article.uuid().as_bytes()]).into();
    let (from, to) = if milli > 0 { (Place::Difference, count.place) } else { (count.place, Place::Difference) };
    let posting = Posting {
        kind: MoveKind::Count,
        article,
        from,
        to,
        quantity: Quantity(milli.saturating_abs()),
        serials: Vec::new(),
        reason: count.note.clone(),
        used: None,
        counters: None,
    };
    let entry = books.post(id, posting)?;
    books.put(entry);
    Ok(Some(id))
}
