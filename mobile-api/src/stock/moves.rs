//! A move: one line of the ledger.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Place, level::is_own_bag};
use crate::{
    actor::Actor,
    evidence::When,
    ids::{ArticleId, SiteId, StockMoveId, TeamId, UserId, WorkOrderId},
    money::Quantity,
    record::{Kind, Reach, RecordType},
    time::Timestamp,
};

/// What a move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MoveKind {
    /// From a supplier (入库).
    Receive,
    /// Back to a supplier.
    SendBack,
    /// From a store or van into a bag (领用).
    Issue,
    /// Out of a bag into a store or van (退库).
    Return,
    /// From one bag into another.
    PassOn,
    /// From one store or van to another (调拨).
    Transfer,
    /// Used on an order (使用).
    Use,
    /// Put aside to be scrapped, if a manager agrees.
    Condemn,
    /// Scrapped (报废).
    Scrap,
    /// Sent away for repair.
    RepairOut,
    /// Repaired and put back (修复入库).
    RepairIn,
    /// What a count found too much or too little (盘盈, 盘亏).
    Count,
    /// Put right by hand, or because a piece turned up elsewhere than the ledger had it.
    Correct,
    /// Takes another move back (红冲).
    Counter,
}

impl MoveKind {
    /// Every kind.
    pub const ALL: [MoveKind; 14] = [
        MoveKind::Receive,
        MoveKind::SendBack,
        MoveKind::Issue,
        MoveKind::Return,
        MoveKind::PassOn,
        MoveKind::Transfer,
        MoveKind::Use,
        MoveKind::Condemn,
        MoveKind::Scrap,
        MoveKind::RepairOut,
        MoveKind::RepairIn,
        MoveKind::Count,
        MoveKind::Correct,
        MoveKind::Counter,
    ];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            MoveKind::Receive => "receive",
            MoveKind::SendBack => "send_back",
            MoveKind::Issue => "issue",
            MoveKind::Return => "return",
            MoveKind::PassOn => "pass_on",
            MoveKind::Transfer => "transfer",
            MoveKind::Use => "use",
            MoveKind::Condemn => "condemn",
            MoveKind::Scrap => "scrap",
            MoveKind::RepairOut => "repair_out",
            MoveKind::RepairIn => "repair_in",
            MoveKind::Count => "count",
            MoveKind::Correct => "correct",
            MoveKind::Counter => "counter",
        }
    }

    /// What a person means who carries something from one place to another; `None` if that is not for them to record
    /// like this: what is used is recorded on its order, what is to be scrapped needs a manager.
    pub(super) fn between(from: Place, to: Place) -> Option<MoveKind> {
        use Place::{Bag, Difference, Repair, Store, Supplier};
        match (from, to) {
            _ if from == to => None,
            (Supplier, Store(_) | Bag(_)) => Some(MoveKind::Receive),
            (Store(_) | Bag(_), Supplier) => Some(MoveKind::SendBack),
            (Store(_), Bag(_)) => Some(MoveKind::Issue),
            (Bag(_), Store(_)) => Some(MoveKind::Return),
            (Bag(_), Bag(_)) => Some(MoveKind::PassOn),
            (Store(_), Store(_)) => Some(MoveKind::Transfer),
            (Store(_) | Bag(_), Repair) => Some(MoveKind::RepairOut),
            (Repair, Store(_) | Bag(_)) => Some(MoveKind::RepairIn),
            (Store(_) | Bag(_), Difference) | (Difference, Store(_) | Bag(_)) => Some(MoveKind::Correct),
            _ => None,
        }
    }
}

impl std::fmt::Display for MoveKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for MoveKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        MoveKind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| format!("unknown move `{text}`"))
    }
}

/// A quantity that went from one place to another.
///
/// What it says never changes. Beside it stands what became of it: a counter-entry, a manager's decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StockMove {
    /// Its id.
    pub id: StockMoveId,
    /// The operation that made it.
    pub op: Uuid,
    /// What it is.
    pub kind: MoveKind,
    /// What went.
    pub article: ArticleId,
    /// From where.
    pub from: Place,
    /// To where.
    pub to: Place,
    /// How much, in thousandths of the article's unit.
    pub quantity_milli: Quantity,
    /// The numbers of the pieces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serials: Vec<String>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who recorded it.
    pub by: UserId,
    /// When it happened.
    pub at: When,
    /// When the server received it; its place in the ledger.
    pub received_at: DateTime<Utc>,
    /// What it was used on, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<UsedOn>,
    /// The move that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counters: Option<StockMoveId>,
    /// What became of it, if anything did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
}

/// The order that material was used on, with what the reports ask about it. A counter-entry has that of its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsedOn {
    /// The order.
    pub order: WorkOrderId,
    /// Its site.
    pub site: SiteId,
    /// Its crew.
    pub team: Option<TeamId>,
    /// Who used it.
    pub technician: UserId,
}

/// What became of a move: it was countered, or a manager decided about the scrapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Settled {
    /// The move that this brought about: the counter-entry, or the one to the scrap.
    pub by_move: StockMoveId,
    /// Whether the scrapping was approved; `false` for every counter-entry.
    pub approved: bool,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: When,
    /// Why.
    pub reason: String,
}

impl StockMove {
    /// Whether it waits for a manager.
    pub fn awaits_approval(&self) -> bool {
        self.kind == MoveKind::Condemn && self.settled.is_none()
    }

    /// How much of the article it says was used on an order: less than nothing for a counter-entry.
    pub fn used_milli(&self) -> i64 {
        match (self.kind, self.used) {
            (MoveKind::Use, _) => self.quantity_milli.0,
            (MoveKind::Counter, Some(_)) => -self.quantity_milli.0,
            _ => 0,
        }
    }
}

impl RecordType for StockMove {
    const KIND: Kind = Kind::StockMove;

    fn visible_to(&self, actor: &Actor) -> bool {
        if actor.role.is_office() {
            return self.used.is_none_or(|used| actor.covers_site(used.site));
        }
        self.by == actor.user || is_own_bag(self.from, actor) || is_own_bag(self.to, actor)
    }

    /// Phones are sent what the moves come to, not the moves.
    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        Vec::new()
    }
}
