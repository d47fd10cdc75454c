//! What the material of an order is worth.

use crate::{
    directory::PriceKind,
    money::Money,
    work_order::{MaterialUse, QuoteLine, WorkOrder},
};

/// What the material of an order is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Material {
    /// What those uses come to that have a price, in minor units of the order's currency.
    pub minor: i64,
    /// How many uses have none.
    pub unpriced: u32,
}

impl Material {
    /// Of what was used on this order and not taken back; `None` if nothing was.
    ///
    /// Quantity times the price that was agreed in the order's quote, or else that of the price list when it was used, before
    /// discounts and taxes: a part is worth the same whoever gets it cheaper.
    pub fn of(order: &WorkOrder) -> Option<Self> {
        let mut used = order.materials.iter().filter(|used| used.void.is_none()).peekable();
        used.peek()?;
        Some(used.fold(Self { minor: 0, unpriced: 0 }, |sum, used| match worth(order, used) {
            Some(worth) => Self { minor: sum.minor.saturating_add(worth.minor), ..sum },
            None => Self { unpriced: sum.unpriced.saturating_add(1), ..sum },
        }))
    }
}

fn worth(order: &WorkOrder, used: &MaterialUse) -> Option<Money> {
    let quote = order.confirmed_quote().or(order.newest_quote());
    let line = quote.and_then(|quote| quote.lines.iter().find(|line| is_for(line, used)));
    let quoted = line.and_then(|line| line.unit_price.times(used.quantity_milli).ok());
    quoted.or(used.worth).filter(|worth| worth.currency == order.policy.currency)
}

/// Whether a line of the quote prices what was used: the same item, or the same name where one of the two names no item; in the
/// same unit.
fn is_for(line: &QuoteLine, used: &MaterialUse) -> bool {
    let same = match (line.item, used.item) {
        (Some(quoted), Some(used)) => quoted == used,
        _ => line.name.trim() == used.name.trim(),
    };
    line.kind == PriceKind::Material && same && line.unit.trim() == used.unit.trim()
}
