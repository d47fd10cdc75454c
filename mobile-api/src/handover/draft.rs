//! What belongs on a handover, by what is known: for the server as for a phone.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{
    HandedMaterial, HandedOrder, HandedPiece, HandoverOpen, Promise,
    record::{MOST_ORDERS, MOST_THINGS},
};
use crate::{
    ids::{ArticleId, UserId},
    stock::{Article, Place, StockLevel, StockSerial},
    work_order::{Status, WorkOrder},
};

/// A piece, in thousandths.
const WHOLE_PIECE: i64 = 1000;

/// What is known, of whoever and wherever: [`draft`] picks what concerns it.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Orders.
    pub orders: Vec<WorkOrder>,
    /// Orders that nobody was sent to yet, if it is for whoever hands over to send somebody: a dispatcher's shift.
    pub unassigned: Vec<WorkOrder>,
    /// How much lies where.
    pub levels: Vec<StockLevel>,
    /// Numbered pieces.
    pub pieces: Vec<StockSerial>,
    /// What articles are called.
    pub articles: Vec<Article>,
}

/// What could be on a handover, and how much of it has no place there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandoverDraft {
    /// The handover, to be looked over before it is opened.
    #[serde(flatten)]
    pub open: HandoverOpen,
    /// What there is beyond what one handover takes, for another one.
    pub left_out: LeftOut,
}

/// How much a draft leaves out, because a handover has a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeftOut {
    /// Orders.
    pub orders: u32,
    /// Articles.
    pub material: u32,
    /// Numbered pieces.
    pub pieces: u32,
}

/// Everything of `from` that is not done or not given back: their orders up to the signature, those in progress first, then by
/// when somebody is expected; orders that they would have to send somebody to; what is in their bag; pieces that they hold.
pub fn draft(from: UserId, to: UserId, known: &Known) -> HandoverDraft {
    let theirs = |order: &&WorkOrder| order.technician() == Some(from) && order.status() < Status::SignedOff;
    let unassigned = known.unassigned.iter().filter(|order| order.status() == Status::Requested);
    let mut orders: Vec<&WorkOrder> = known.orders.iter().filter(theirs).chain(unassigned).collect();
    orders.sort_by_key(|order| {
        let begun = order.status() > Status::Assigned;
        (!begun, order.expected().map_or(order.recorded.latest, |window| window.from), order.id)
    });
    let (bag, called) = (Place::Bag(from), |article: &Article| (article.id, article.clone()));
    let articles: HashMap<ArticleId, Article> = known.articles.iter().map(called).collect();
    let numbered = |article| known.pieces.iter().filter(|piece| piece.place == bag && piece.article == article).count();
    // What is there in numbered pieces only is told piece by piece.
    let only_pieces =
        |level: &&StockLevel| i64::try_from(numbered(level.article)).is_ok_and(|n| n * WHOLE_PIECE == level.milli);
    let out = known.levels.iter().filter(|level| level.place == bag && level.milli != 0);
    let out = out.filter(|level| !only_pieces(level));
    let mut material: Vec<HandedMaterial> = out
        .filter_map(|level| {
            let Article { id, name, unit, .. } = articles.get(&level.article)?.clone();
            Some(HandedMaterial { article: id, name, milli: level.milli, unit })
        })
        .collect();
    material.sort_by(|a, b| (&a.name.en, a.article).cmp(&(&b.name.en, b.article)));
    let held = known.pieces.iter().filter(|piece| piece.place == bag);
    let piece =
        |piece: &StockSerial| HandedPiece { piece: piece.id, article: piece.article, serial: piece.serial.clone() };
    let mut pieces: Vec<HandedPiece> = held.map(piece).collect();
    pieces.sort_by(|a, b| (&a.serial, a.piece).cmp(&(&b.serial, b.piece)));
    let beyond = |all: usize, most: usize| u32::try_from(all.saturating_sub(most)).unwrap_or(u32::MAX);
    let left_out = LeftOut {
        orders: beyond(orders.len(), MOST_ORDERS),
        material: beyond(material.len(), MOST_THINGS),
        pieces: beyond(pieces.len(), MOST_THINGS),
    };
    material.truncate(MOST_THINGS);
    pieces.truncate(MOST_THINGS);
    let orders = orders.into_iter().map(HandedOrder::of).take(MOST_ORDERS).collect();
    HandoverDraft { open: HandoverOpen { from: Some(from), to, orders, material, pieces, note: None }, left_out }
}

impl HandedOrder {
    /// An order as it stands.
    pub fn of(order: &WorkOrder) -> Self {
        let promised = order.appointment();
        Self {
            order: order.id,
            number: order.number.clone(),
            status: order.status(),
            fault: order.fault.clone(),
            technician: order.technician(),
            promised: promised.map(|agreed| Promise { window: agreed.window, to: agreed.consented_by.clone() }),
        }
    }
}
