//! What follows from the moves: how much lies where, and who holds which piece.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Place;
use crate::{
    actor::Actor,
    ids::{ArticleId, Id, StockCountId, StockLevelId, StockMoveId, StockSerialId, derived},
    record::{Kind, Reach, RecordType, Ref, Scope},
    time::Timestamp,
};

/// How much of an article lies at a place: the sum of its moves there.
///
/// One small record for each article at each place, and not one for the place: a move changes one article, and a phone
/// that holds its owner's bag is then sent that one again, not the bag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StockLevel {
    /// Its id, which follows from place and article.
    pub id: StockLevelId,
    /// Where.
    pub place: Place,
    /// What.
    pub article: ArticleId,
    /// How much, in thousandths of the article's unit; below zero if more was taken than anybody had recorded.
    pub milli: i64,
    /// The count that was opened because it went below zero, while that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<StockCountId>,
    /// When it was last counted: what is said to have happened before, the count has seen already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_at: Option<DateTime<Utc>>,
    /// When the latest move that is entered happened, counts apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_at: Option<DateTime<Utc>>,
    /// The sum of all that was entered after a count although that count had seen it: differences that counts brought in, and moves that
    /// had happened before. In thousandths; a sheet that is still open takes what came since its figure out of its difference.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seen_by_count_milli: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

impl StockLevel {
    /// The id of an article's level at a place.
    pub fn id_of(place: Place, article: ArticleId) -> Uuid {
        derived(&[b"stock_level", place.to_string().as_bytes(), article.uuid().as_bytes()])
    }

    /// Nothing yet.
    pub(super) fn none(place: Place, article: ArticleId) -> Self {
        let id = Id::new(Self::id_of(place, article));
        Self { id, place, article, milli: 0, count: None, counted_at: None, moved_at: None, seen_by_count_milli: 0 }
    }
}

/// Whether the place is the actor's own bag.
pub(super) fn is_own_bag(place: Place, actor: &Actor) -> bool {
    place == Place::Bag(actor.user)
}

fn in_bag(place: Place, record: Ref) -> Vec<Reach> {
    match place {
        Place::Bag(user) => vec![Reach { scope: Scope::User(user.uuid()), record }],
        _ => Vec::new(),
    }
}

impl RecordType for StockLevel {
    const KIND: Kind = Kind::StockLevel;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() || is_own_bag(self.place, actor)
    }

    /// What is in a technician's bag is on their phone, and no longer when it is used up. A van's levels come with the van.
    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        if self.milli == 0 && self.count.is_none() {
            return Vec::new();
        }
        in_bag(self.place, Ref::new(Self::KIND, self.id))
    }
}

/// A numbered piece, and the one place where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StockSerial {
    /// Its id, which follows from article and number.
    pub id: StockSerialId,
    /// What it is.
    pub article: ArticleId,
    /// Its number, as it stands on the piece.
    pub serial: String,
    /// Where it is: whoever's bag it is in holds it.
    pub place: Place,
    /// The move that brought it there.
    pub moved: StockMoveId,
}

impl StockSerial {
    /// The id of a piece.
    pub fn id_of(article: ArticleId, serial: &str) -> Uuid {
        derived(&[b"stock_serial", article.uuid().as_bytes(), serial.trim().as_bytes()])
    }

    /// The level that it is part of; there may be none, where no levels are kept.
    pub fn level(&self) -> Ref {
        Ref::new(Kind::StockLevel, StockLevel::id_of(self.place, self.article))
    }
}

impl RecordType for StockSerial {
    const KIND: Kind = Kind::StockSerial;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() || is_own_bag(self.place, actor)
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        in_bag(self.place, Ref::new(Self::KIND, self.id))
    }
}
