//! Reservations: material that is kept back for an order.
//!
//! They are entries of the order, because they live and die with it: what is used on the order uses them up, and an order
//! that is over holds nothing back. So nothing has to be released by hand, and the technician sees on the order what lies
//! ready for it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Place;
use crate::{
    evidence::When,
    ids::{ArticleId, UserId},
    money::Quantity,
    work_order::{Void, WorkOrder},
};

/// Material kept back for an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reservation {
    /// The operation that recorded it.
    pub op: Uuid,
    /// What.
    pub article: ArticleId,
    /// Where it lies: a store, a van or a bag.
    pub place: Place,
    /// How much, in thousandths of the article's unit.
    pub quantity_milli: Quantity,
    /// Who kept it back.
    pub by: UserId,
    /// When.
    pub at: When,
    /// If it was released: by whom and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Void>,
}

/// What an order still holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// What.
    pub article: ArticleId,
    /// Where.
    pub place: Place,
    /// How much, in thousandths of the article's unit; more than nothing.
    pub milli: i64,
}

impl WorkOrder {
    /// What it still holds back: its reservations without what was used on it meanwhile, wherever that was taken from;
    /// the oldest are used up first. Nothing once it is over.
    pub fn reserved(&self) -> Vec<Reserved> {
        if self.reservations.is_empty() || self.status().is_over() {
            return Vec::new();
        }
        let mut used: std::collections::HashMap<ArticleId, i64> = std::collections::HashMap::new();
        for (article, milli) in self.materials.iter().filter(|used| used.void.is_none()).filter_map(|used| {
            let stock = used.stock.as_ref()?;
            Some((stock.article, stock.milli?.0))
        }) {
            *used.entry(article).or_default() += milli;
        }
        let mut reserved: Vec<Reserved> = Vec::new();
        for entry in self.reservations.iter().filter(|entry| entry.void.is_none()) {
            let used = used.entry(entry.article).or_default();
            let taken = (*used).min(entry.quantity_milli.0);
            *used -= taken;
            let (article, place, milli) = (entry.article, entry.place, entry.quantity_milli.0 - taken);
            match reserved.iter_mut().find(|other| (other.article, other.place) == (article, place)) {
                Some(other) => other.milli += milli,
                None => reserved.push(Reserved { article, place, milli }),
            }
        }
        reserved.retain(|entry| entry.milli > 0);
        reserved
    }
}
