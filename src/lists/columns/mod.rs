//! What stands in the columns of each kind of list.
//!
//! A kind of record without a table does not compile, so that no list can be forgotten. What stands above a column is the
//! sentence `list-<title>` in `locales/*/lists.ftl`.

mod directory;
mod inspection;
mod maintenance;
mod office;
mod stock;
mod work_order;

use mobile_api::{
    asset::{Asset, AssetReading},
    calendar::Calendar,
    complaint::{Complaint, ComplaintClass},
    device::Device,
    directory::{Building, Customer, OrderType, Organisation, PriceItem, Site, Team, Unit, User},
    handover::Handover,
    inspection::{Inspection, Round, Template},
    maintenance::{MaintenancePlan, Shutdown, ShutdownNotice},
    record::{Kind, Record},
    return_visit::ReturnVisit,
    review::Review,
    stock::{Article, StockCount, StockLevel, StockMove, StockPlace, StockSerial},
    time::Timestamp,
    webhook::Webhook,
    work_order::WorkOrder,
};

use super::cell::Cell;
use crate::language::Language;

/// A column: what stands above it, and what of a record stands in it.
struct Column<T> {
    title: &'static str,
    cell: fn(&T) -> Cell,
}

/// The table of a kind of record. Its id is the last column of each and not among these.
trait Table: Sized + 'static {
    const COLUMNS: &'static [Column<Self>];
}

/// The columns of a kind: the title of each and, of one record, what stands in it.
macro_rules! table {
    ($record:ident: $($title:literal => |$it:ident| $cell:expr;)*) => {
        impl Table for $record {
            const COLUMNS: &'static [Column<Self>] =
                &[$(Column { title: $title, cell: |$it: &$record| Cell::from($cell) }),*];
        }
    };
}
use table;

// There is one, and it has no list.
table!(Organisation:);

macro_rules! tables {
    ($($kind:ident),+ $(,)?) => {
        fn own_titles(kind: Kind) -> Vec<&'static str> {
            match kind {
                $(Kind::$kind => <$kind as Table>::COLUMNS.iter().map(|column| column.title).collect(),)+
            }
        }

        fn own_cells(record: &Record) -> Vec<Cell> {
            match record {
                $(Record::$kind(record) => {
                    <$kind as Table>::COLUMNS.iter().map(|column| (column.cell)(record)).collect()
                })+
            }
        }
    };
}

tables! {
    Organisation, Site, Building, Unit, Customer, User, Team, OrderType, PriceItem, Calendar, Device, Review, WorkOrder, Article,
    StockPlace, StockMove, StockLevel, StockSerial, StockCount, Template, Round, Inspection, Asset, AssetReading, Handover,
    MaintenancePlan, Shutdown, ShutdownNotice, Complaint, ComplaintClass, ReturnVisit, Webhook,
}

/// When a device was last heard of: the one thing in a list that its record does not say.
const LAST_SEEN: &str = "last-seen";

/// The names of the columns of a kind's table, the id last.
pub(super) fn titles(kind: Kind) -> Vec<&'static str> {
    let mut titles = own_titles(kind);
    titles.extend((kind == Kind::Device).then_some(LAST_SEEN));
    titles.push("id");
    titles
}

/// The cells of a record, as many as there are titles.
pub(super) fn cells(record: &Record, last_seen_at: Option<Timestamp>) -> Vec<Cell> {
    let mut cells = own_cells(record);
    let address = record.address();
    cells.extend((address.kind == Kind::Device).then(|| last_seen_at.into()));
    cells.push(Cell::Text(address.id.to_string()));
    cells
}

/// What stands above the columns of a kind's table, in this language.
pub fn heading(kind: Kind, language: Language) -> Vec<String> {
    let said = |title: &str| language.sentence(&format!("list-{title}"), &[]).unwrap_or_else(|| title.to_owned());
    titles(kind).into_iter().map(said).collect()
}

#[cfg(test)]
mod tests;
