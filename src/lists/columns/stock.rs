//! Tables of material.

use mobile_api::stock::{Article, Place, StockCount, StockLevel, StockMove, StockPlace, StockSerial};

use super::{
    super::cell::{several, word},
    Cell, Column, Table, table,
};

/// A place: by its name, or by what it is.
fn place(place: Place) -> Cell {
    let is = |what: &str| Cell::Word("list-stock", what.to_owned());
    match place {
        Place::Store(store) => store.into(),
        Place::Bag(user) => user.into(),
        Place::Order(order) => order.into(),
        Place::Supplier => is("supplier"),
        Place::Repair => is("repair"),
        Place::Condemned => is("condemned"),
        Place::Scrap => is("scrap"),
        Place::Difference => is("difference"),
    }
}

table!(Article:
    "code" => |article| &article.code;
    "name" => |article| &article.name;
    "sort" => |article| word("list-article", &article.kind);
    "unit-of" => |article| &article.unit;
    "numbered" => |article| article.tracked;
    "price-item" => |article| article.item;
    "active" => |article| article.active;
);

table!(StockPlace:
    "name" => |place| &place.name;
    "sort" => |place| word("list-stock", &place.kind);
    "holders" => |place| several(place.holders.iter().copied());
    "next-count" => |place| place.next_count_at;
    "active" => |place| place.active;
);

table!(StockMove:
    "at" => |moved| &moved.at;
    "received-at" => |moved| moved.received_at;
    "sort" => |moved| Cell::Word("list-move", moved.kind.as_str().to_owned());
    "article" => |moved| moved.article;
    "from-place" => |moved| place(moved.from);
    "to-place" => |moved| place(moved.to);
    "quantity" => |moved| moved.quantity_milli;
    "serials" => |moved| several(&moved.serials);
    "order" => |moved| moved.used.map(|used| used.order);
    "site" => |moved| moved.used.map(|used| used.site);
    "team" => |moved| moved.used.map(|used| used.team);
    "technician" => |moved| moved.used.map(|used| used.technician);
    "by" => |moved| moved.by;
    "reason" => |moved| moved.reason.as_ref();
);

table!(StockLevel:
    "stock-place" => |level| place(level.place);
    "article" => |level| level.article;
    "quantity" => |level| Cell::Milli(level.milli);
    "counted-at" => |level| level.counted_at;
);

table!(StockSerial:
    "serial" => |piece| &piece.serial;
    "article" => |piece| piece.article;
    "stock-place" => |piece| place(piece.place);
);

table!(StockCount:
    "opened-at" => |count| count.opened_at;
    "state" => |count| Cell::Word("list-count", if count.is_open() { "open" } else { "closed" }.to_owned());
    "stock-place" => |count| place(count.place);
    "reason" => |count| word("list-count", &count.why);
    "counters" => |count| several(count.counters.iter().copied());
    "articles" => |count| count.lines.len();
    "uncounted" => |count| count.uncounted();
    "opened-by" => |count| count.opened_by;
    "closed-at" => |count| count.closed.as_ref();
    "closed-by" => |count| count.closed_by;
    "note" => |count| count.note.as_ref();
);
