//! The record of a handover, and how it is made, remarked upon and withdrawn.

use std::collections::HashSet;

use chrono::Duration;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::sign::SignedSide;
use crate::{
    actor::Actor,
    check::Check,
    directory::{Label, User},
    evidence::When,
    ids::{ArticleId, HandoverId, Id, StockSerialId, UserId, WorkOrderId},
    money::MOST_MILLI,
    operation::{Change, Context, Create, Decision, Mode, Need, Payload, Related},
    record::{Kind, Reach, RecordType, Ref, Scope},
    refusal::{Flag, Refusal},
    stock::{Article, StockSerial},
    time::Timestamp,
    work_order::{Status, Window, WorkOrder},
};

/// Most orders of one handover.
pub(super) const MOST_ORDERS: usize = 100;

/// Most articles, and most numbered pieces, of one handover.
pub(super) const MOST_THINGS: usize = 100;

/// Most remarks.
const MOST_REMARKS: usize = 50;

/// How long it stays on both phones after it is complete or withdrawn.
const KEEP_AFTER: Duration = Duration::days(14);

/// What one shift left to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Handover {
    /// Its id.
    pub id: HandoverId,
    /// Who hands over.
    pub from: UserId,
    /// Who takes over.
    pub to: UserId,
    /// Who wrote it down.
    pub by: UserId,
    /// When.
    pub opened: When,
    /// Orders that are not done.
    pub orders: Vec<HandedOrder>,
    /// What is in the bag of whoever hands over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub material: Vec<HandedMaterial>,
    /// Numbered pieces that they hold: borrowed tools, keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<HandedPiece>,
    /// What else the next shift must know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What was added since; nobody signed for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// The signature of whoever hands over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<SignedSide>,
    /// The signature of whoever takes over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<SignedSide>,
    /// Why it does not count, if it was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Withdrawn>,
}

/// An order as it stood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandedOrder {
    /// The order.
    pub order: WorkOrderId,
    /// Its number, if the server had given it one.
    pub number: Option<String>,
    /// How far it was.
    pub status: Status,
    /// What is wrong.
    pub fault: String,
    /// Whose it was.
    pub technician: Option<UserId>,
    /// What was promised to the customer.
    pub promised: Option<Promise>,
}

/// A time that a customer was promised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Promise {
    /// The time.
    pub window: Window,
    /// To whom.
    pub to: String,
}

/// How much of an article was out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandedMaterial {
    /// What.
    pub article: ArticleId,
    /// What it is called.
    pub name: Label,
    /// How much, in thousandths of the unit.
    pub milli: i64,
    /// The unit.
    pub unit: String,
}

/// A numbered piece that was out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandedPiece {
    /// The piece.
    pub piece: StockSerialId,
    /// What it is.
    pub article: ArticleId,
    /// Its number.
    pub serial: String,
}

/// Something added after it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Remark {
    /// The operation.
    pub op: Uuid,
    /// What.
    pub text: String,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// A handover that does not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Withdrawn {
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: UserId,
    /// When.
    pub at: When,
}

/// What both sign for. Its canonical JSON (RFC 8785) is digested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandoverContent {
    /// The handover.
    pub handover: HandoverId,
    /// Who hands over.
    pub from: UserId,
    /// Who takes over.
    pub to: UserId,
    /// The orders.
    pub orders: Vec<HandedOrder>,
    /// The material.
    pub material: Vec<HandedMaterial>,
    /// The pieces.
    pub pieces: Vec<HandedPiece>,
    /// The note.
    pub note: Option<String>,
}

impl Handover {
    /// What to show to whoever signs.
    pub fn content(&self) -> HandoverContent {
        HandoverContent {
            handover: self.id,
            from: self.from,
            to: self.to,
            orders: self.orders.clone(),
            material: self.material.clone(),
            pieces: self.pieces.clone(),
            note: self.note.clone(),
        }
    }

    /// Whether both have signed.
    pub fn is_complete(&self) -> bool {
        self.given.is_some() && self.taken.is_some()
    }

    /// Whether somebody still has to sign.
    pub fn is_open(&self) -> bool {
        self.withdrawn.is_none() && !self.is_complete()
    }

    /// Whether this person is one of the two.
    pub(super) fn concerns(&self, user: UserId) -> bool {
        self.from == user || self.to == user
    }

    /// When it ended, one way or the other.
    fn over_since(&self) -> Option<Timestamp> {
        let withdrawn = self.withdrawn.as_ref().map(|withdrawn| withdrawn.at.latest);
        let signed = self.given.as_ref().zip(self.taken.as_ref());
        withdrawn.or(signed.map(|(given, taken)| given.at.latest.max(taken.at.latest)))
    }
}

impl RecordType for Handover {
    const KIND: Kind = Kind::Handover;

    /// The two, and an office that sees every site: what is handed over may lie anywhere.
    fn visible_to(&self, actor: &Actor) -> bool {
        self.concerns(actor.user) || (actor.role.is_office() && actor.sites.is_empty())
    }

    fn reach(&self, now: Timestamp) -> Vec<Reach> {
        if self.reach_ends().is_some_and(|end| now >= end) {
            return Vec::new();
        }
        let record = Ref::new(Self::KIND, self.id);
        [self.from, self.to].map(|user| Reach { scope: Scope::User(user.uuid()), record }).into()
    }

    fn reach_changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.reach_ends().filter(|end| now < *end)
    }
}

impl Handover {
    fn reach_ends(&self) -> Option<Timestamp> {
        self.over_since().and_then(|over| over.checked_add_signed(KEEP_AFTER))
    }
}

/// Writes down what the next shift takes over, as whoever hands over sees it: that is what both sign for, whatever the office changed
/// meanwhile. See [`draft`](super::draft).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandoverOpen {
    /// Who hands over, if it is somebody else than who writes it down: for the office, when a phone is dead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<UserId>,
    /// Who takes over.
    pub to: UserId,
    /// Orders that are not done; at most 100.
    #[serde(default)]
    pub orders: Vec<HandedOrder>,
    /// What is in the bag of whoever hands over; at most 100 articles.
    #[serde(default)]
    pub material: Vec<HandedMaterial>,
    /// Numbered pieces in that bag; at most 100.
    #[serde(default)]
    pub pieces: Vec<HandedPiece>,
    /// What else the next shift must know; at most 4,000 characters.
    #[serde(default)]
    pub note: Option<String>,
}

impl HandoverOpen {
    fn giver(&self, actor: &Actor) -> UserId {
        self.from.unwrap_or(actor.user)
    }
}

impl Payload for HandoverOpen {
    type Record = Handover;

    fn example() -> Self {
        let order = HandedOrder {
            order: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000030")),
            number: Some("2026-000117".into()),
            status: Status::Paused,
            fault: "The tap in the kitchen drips".into(),
            technician: Some(Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000020"))),
            promised: None,
        };
        Self {
            from: None,
            to: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000021")),
            orders: vec![order],
            material: vec![],
            pieces: vec![],
            note: Some("The pump in building 3 is to be looked at every two hours".into()),
        }
    }

    fn check(&self, check: &mut Check) {
        once(check, "/orders", self.orders.iter().map(|order| order.order.uuid()), MOST_ORDERS);
        once(check, "/material", self.material.iter().map(|material| material.article.uuid()), MOST_THINGS);
        once(check, "/pieces", self.pieces.iter().map(|piece| piece.piece.uuid()), MOST_THINGS);
        for (at, order) in self.orders.iter().enumerate().take(MOST_ORDERS) {
            check.text(&format!("/orders/{at}/fault"), &order.fault, 1..=4000);
            check.optional_text(&format!("/orders/{at}/number"), order.number.as_deref(), 50);
            if let Some(promise) = &order.promised {
                check.text(&format!("/orders/{at}/promised/to"), &promise.to, 1..=200);
                check.span(&format!("/orders/{at}/promised/window"), promise.window.from, promise.window.until);
            }
        }
        for (at, material) in self.material.iter().enumerate().take(MOST_THINGS) {
            material.name.check(check, &format!("/material/{at}/name"));
            check.text(&format!("/material/{at}/unit"), &material.unit, 1..=30);
            check.number(&format!("/material/{at}/milli"), material.milli, -MOST_MILLI..=MOST_MILLI);
        }
        for (at, piece) in self.pieces.iter().enumerate().take(MOST_THINGS) {
            check.text(&format!("/pieces/{at}/serial"), &piece.serial, 1..=100);
        }
        check.optional_text("/note", self.note.as_deref(), 4000);
    }

    fn needs(&self, _: Option<&Handover>, actor: &Actor) -> Vec<Need> {
        let people = [self.giver(actor), self.to].map(Need::record);
        let orders = self.orders.iter().map(|order| Need::record(order.order));
        let articles = self.material.iter().map(|material| Need::record(material.article));
        let pieces = self.pieces.iter().map(|piece| Need::record(piece.piece));
        orders.chain(articles).chain(pieces).chain(people).collect()
    }
}

fn once(check: &mut Check, at: &str, ids: impl ExactSizeIterator<Item = Uuid>, most: usize) {
    check.count(at, ids.len(), 0..=most);
    let mut seen = HashSet::new();
    if ids.take(most).any(|id| !seen.insert(id)) {
        check.error(at, "duplicate", "each once");
    }
}

impl Create for HandoverOpen {
    fn decide(self, id: Id<Handover>, context: &Context<'_>) -> Result<Decision<Handover>, Refusal> {
        let from = self.giver(context.actor);
        if context.by_technician() && from != context.actor.user {
            return Err(Refusal::Forbidden);
        }
        somebody(from, "/from", context.related)?;
        somebody(self.to, "/to", context.related)?;
        if self.to == from {
            return Err(Refusal::BadReference { pointer: "/to".into() });
        }
        self.known(context)?;
        let (by, opened) = (context.actor.user, context.when.clone());
        let HandoverOpen { to, orders, material, pieces, note, .. } = self;
        let (remarks, given, taken, withdrawn) = (Vec::new(), None, None, None);
        let handover =
            Handover { id, from, to, by, opened, orders, material, pieces, note, remarks, given, taken, withdrawn };
        Ok(handover.into())
    }
}

impl HandoverOpen {
    /// Whether everything named exists, and concerns who names it. A phone does not hold all of it.
    fn known(&self, context: &Context<'_>) -> Result<(), Refusal> {
        let related = context.related;
        if related.partial {
            return Ok(());
        }
        let order = |handed: &HandedOrder| {
            let order: Option<&WorkOrder> = related.get(handed.order);
            order.is_some_and(|order| order.visible_to(context.actor))
        };
        let article = |handed: &HandedMaterial| related.get::<Article>(handed.article).is_some();
        let piece = |handed: &HandedPiece| {
            related.get::<StockSerial>(handed.piece).is_some_and(|piece| piece.article == handed.article)
        };
        let missing = [
            ("orders", self.orders.iter().position(|handed| !order(handed))),
            ("material", self.material.iter().position(|handed| !article(handed))),
            ("pieces", self.pieces.iter().position(|handed| !piece(handed))),
        ];
        match missing.into_iter().find_map(|(what, at)| Some((what, at?))) {
            Some((what, at)) => Err(Refusal::BadReference { pointer: format!("/{what}/{at}") }),
            None => Ok(()),
        }
    }
}

/// Somebody with an account; a phone does not hold all of them.
fn somebody(id: UserId, pointer: &str, related: &Related) -> Result<(), Refusal> {
    let user: Option<&User> = related.get(id);
    match user {
        Some(user) if user.active => Ok(()),
        None if related.partial => Ok(()),
        _ => Err(Refusal::BadReference { pointer: pointer.into() }),
    }
}

/// Adds something that the other must know.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandoverRemark {
    /// What; 1 to 2,000 characters.
    pub text: String,
}

impl Payload for HandoverRemark {
    type Record = Handover;

    fn example() -> Self {
        Self { text: "The key of the pump room is with the guard".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/text", &self.text, 1..=2000);
    }
}

impl Change for HandoverRemark {
    fn decide(self, mut handover: Handover, context: &Context<'_>) -> Result<Decision<Handover>, Refusal> {
        if handover.remarks.len() >= MOST_REMARKS {
            return Err(Refusal::TooManyEntries);
        }
        let (op, by, at) = (context.op, context.actor.user, context.when.clone());
        handover.remarks.push(Remark { op, text: self.text, by, at });
        Ok(handover.into())
    }
}

/// Says that it does not count: something is missing on it, or the other person was another. A complete one stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandoverWithdraw {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for HandoverWithdraw {
    type Record = Handover;

    fn example() -> Self {
        Self { reason: "Zhao is ill; Sun takes the night".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }
}

impl Change for HandoverWithdraw {
    fn decide(self, mut handover: Handover, context: &Context<'_>) -> Result<Decision<Handover>, Refusal> {
        if handover.from != context.actor.user && !context.actor.role.is_office() {
            return Err(Refusal::Forbidden);
        }
        let over = match (handover.withdrawn.is_some(), handover.is_complete()) {
            (false, false) => None,
            (true, _) => Some((Flag::AlreadyDone, "this handover was withdrawn already")),
            (false, true) => Some((Flag::ActivityAfterClose, "both have signed; write another handover")),
        };
        match (over, context.mode) {
            (Some((_, what)), Mode::Online) => Err(Refusal::StillInUse { what: what.into() }),
            (Some((flag, _)), Mode::Recorded) => Ok(Decision::flagged(handover, vec![flag.into()])),
            (None, _) => {
                let (by, at) = (context.actor.user, context.when.clone());
                handover.withdrawn = Some(Withdrawn { reason: self.reason, by, at });
                Ok(handover.into())
            }
        }
    }
}
