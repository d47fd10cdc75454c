//! Material and tools (物料, 工具): a ledger (台账) of moves between places.
//!
//! What there is, is an [`Article`]; where it can be, a [`Place`]. A [`StockMove`] takes a quantity from one place to
//! another and is never edited, only countered by another. From the moves follow the [`StockLevel`] of each article at
//! each place, and who holds a numbered piece, a [`StockSerial`]: both are written by the same rule as the move
//! (`books`), so that they cannot differ from it. A [`StockCount`] (盘点) says what is really there.
//!
//! What a person did has happened: a level may go below zero. That is a question for the storekeeper and a count task,
//! never a reason to refuse.

mod article;
mod books;
mod count;
mod level;
mod monthly;
mod moves;
mod place;
mod record;
pub mod requisition;
mod reserve;

pub use article::{Article, ArticleKind, ArticleSave, Minimum, Pack};
pub(crate) use books::{Books, Posting, needs, take_from};
pub use count::{CountLine, CountReason, Counted, StockCount, StockCountClose, StockCountOpen, StockCountRecord};
pub use level::{StockLevel, StockSerial};
pub use monthly::{MonthlyCount, OpenMonthlyCount};
pub use moves::{MoveKind, Settled, StockMove, UsedOn};
pub use place::{Place, StockPlace, StockPlaceKind, StockPlaceSave};
pub(crate) use record::check_serials;
pub use record::{CounterMove, DecideScrap, RecordMove, ScrapMove};
pub use reserve::{Reservation, Reserved};

use crate::actor::Role;

/// Roles that keep the stock.
pub const KEEPERS: &[Role] = &[Role::Admin, Role::Manager, Role::Storekeeper, Role::System];

/// Roles that move material: who keeps it and who carries it.
pub const CARRIERS: &[Role] = &[Role::Admin, Role::Manager, Role::Storekeeper, Role::Technician, Role::System];

#[cfg(test)]
pub(crate) mod tests;
