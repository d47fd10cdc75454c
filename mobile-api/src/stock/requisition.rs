//! What should be bought (请购): by minimum level and by what was used in the last weeks.

use serde::{Deserialize, Serialize};

/// What is known of an article at a store or van. Quantities in thousandths of the article's unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Supply {
    /// How much lies there; may be below zero.
    pub level: i64,
    /// How much of it is kept back for orders.
    pub reserved: i64,
    /// How much there should be at least, if somebody said so.
    pub minimum: i64,
    /// How much left the place for good in the past weeks: issued and used, less what came back.
    pub used: i64,
}

/// How a place is kept supplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How many past weeks `used` counts; at least 1.
    pub usage_weeks: u32,
    /// For how many weeks there should be enough.
    pub cover_weeks: u32,
}

/// A proposal, with the figures that it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proposal {
    /// How much lies there and is kept back for nobody; may be below zero.
    pub available_milli: i64,
    /// How much there should be: the minimum, or what the coming weeks will use if that is more.
    pub target_milli: i64,
    /// How much is used in a week, on average.
    pub weekly_milli: i64,
    /// How much to buy, in whole units.
    pub order_milli: i64,
}

impl Supply {
    /// What lies there and is kept back for nobody.
    pub fn available(&self) -> i64 {
        self.level.saturating_sub(self.reserved)
    }

    /// Whether there is less than there should be at least.
    pub fn is_low(&self) -> bool {
        self.available() < self.minimum
    }

    /// What to buy so that there is enough for the minimum and for the coming weeks; `None` if there is.
    ///
    /// Averages and purchases are rounded up: half a valve helps nobody.
    pub fn requisition(&self, policy: Policy) -> Option<Proposal> {
        let used = i128::from(self.used.max(0));
        let weeks = i128::from(policy.usage_weeks.max(1));
        let weekly = div_up(used, weeks);
        let cover = div_up(used * i128::from(policy.cover_weeks), weeks);
        let target = cover.max(i128::from(self.minimum));
        let short = target - i128::from(self.available());
        if short <= 0 {
            return None;
        }
        let order = div_up(short, 1000) * 1000;
        Some(Proposal {
            available_milli: self.available(),
            target_milli: clamped(target),
            weekly_milli: clamped(weekly),
            order_milli: clamped(order),
        })
    }
}

/// Of numbers that are not below zero.
fn div_up(number: i128, by: i128) -> i128 {
    (number + by - 1) / by
}

fn clamped(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MONTH: Policy = Policy { usage_weeks: 4, cover_weeks: 2 };

    #[test]
    fn what_the_next_two_weeks_will_use_is_bought() {
        let supply = Supply { level: 6000, reserved: 2000, minimum: 5000, used: 20_000 };
        let proposal = supply.requisition(MONTH).unwrap();
        assert_eq!((proposal.weekly_milli, proposal.target_milli), (5000, 10_000));
        assert_eq!((proposal.available_milli, proposal.order_milli), (4000, 6000));
    }

    #[test]
    fn the_minimum_holds_where_nothing_was_used() {
        let supply = Supply { level: 1000, minimum: 3000, ..Supply::default() };
        assert!(supply.is_low());
        assert_eq!(supply.requisition(MONTH).unwrap().order_milli, 2000);
        assert_eq!(Supply { level: 3000, ..supply }.requisition(MONTH), None);
    }

    #[test]
    fn a_hole_is_filled_and_what_came_back_is_not_bought() {
        let hole = Supply { level: -1500, ..Supply::default() };
        assert_eq!(hole.requisition(MONTH).unwrap().order_milli, 2000);
        let back = Supply { used: -4000, ..Supply::default() };
        assert_eq!(back.requisition(MONTH), None);
    }

    proptest! {
        #[test]
        fn what_is_bought_is_enough_and_not_a_unit_more(
            level in -1_000_000i64..1_000_000,
            reserved in 0i64..1_000_000,
            minimum in 0i64..1_000_000,
            used in -1_000_000i64..1_000_000,
            cover_weeks in 0u32..10,
        ) {
            let supply = Supply { level, reserved, minimum, used };
            match supply.requisition(Policy { usage_weeks: 4, cover_weeks }) {
                None => prop_assert!(supply.available() >= minimum),
                Some(Proposal { available_milli, target_milli, order_milli, .. }) => {
                    prop_assert!(available_milli + order_milli >= target_milli);
                    prop_assert!(available_milli + order_milli - 1000 < target_milli);
                    prop_assert_eq!(order_milli % 1000, 0);
                }
            }
        }

        #[test]
        fn no_figure_is_too_large(level: i64, reserved: i64, minimum: i64, used: i64) {
            let _ = Supply { level, reserved, minimum, used }.requisition(MONTH);
        }
    }
}
