//! Adding up.

use serde::Serialize;

use super::{Counted, Measure};

/// Parts of a whole in which shares are told.
pub const WHOLE: u64 = 10_000;

/// What some orders, or complaints, come to for one figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tally {
    /// How many count: the denominator.
    pub denominator: u64,
    /// How many of these are counted: the numerator. Of means and sums, what they add up to, in seconds, minutes or minor units.
    pub numerator: u64,
    /// How many would count but prove nothing; they are in neither.
    pub unprovable: u64,
}

impl Tally {
    /// Enters one.
    pub fn add(&mut self, counted: Counted) {
        match counted {
            Counted::Not => {}
            Counted::Unprovable => self.unprovable += 1,
            Counted::Share(met) => {
                self.denominator += 1;
                self.numerator += u64::from(met);
            }
            Counted::Amount(amount) => {
                self.denominator += 1;
                self.numerator = self.numerator.saturating_add(u64::try_from(amount).unwrap_or(0));
            }
        }
    }

    /// The two together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            denominator: self.denominator + other.denominator,
            numerator: self.numerator.saturating_add(other.numerator),
            unprovable: self.unprovable + other.unprovable,
        }
    }

    /// What it comes to, rounded down; `None` if nothing counts.
    pub fn value(self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Rate => self.numerator.saturating_mul(WHOLE).checked_div(self.denominator),
            Measure::Seconds => self.numerator.checked_div(self.denominator),
            Measure::Minutes | Measure::Money | Measure::Number => (self.denominator > 0).then_some(self.numerator),
        }
    }
}
