//! Human numbers without gaps: what a refused operation took goes to the next one, or back.

use std::collections::{BTreeMap, BTreeSet};

/// The numbers that one transaction took. The first of a series locks it until the commit, so that those given back
/// are the last ones taken.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Series and number of each in use, in the order in which they were taken.
    used: Vec<(String, i64)>,
    spare: BTreeMap<String, BTreeSet<i64>>,
}

impl Numbers {
    /// How many are in use; for [`Numbers::give_back`].
    pub(super) fn taken(&self) -> usize {
        self.used.len()
    }

    /// The smallest that was given back.
    pub(super) fn spare(&mut self, series: &str) -> Option<i64> {
        self.spare.get_mut(series)?.pop_first()
    }

    /// Notes that a number is in use.
    pub(super) fn take(&mut self, series: &str, number: i64) {
        self.used.push((series.to_owned(), number));
    }

    /// Takes back all but the first `keep`.
    pub(super) fn give_back(&mut self, keep: usize) {
        for (series, number) in self.used.drain(keep..) {
            self.spare.entry(series).or_default().insert(number);
        }
    }

    /// How many of each series nobody used in the end.
    pub(super) fn left_over(&self) -> impl Iterator<Item = (&str, usize)> {
        self.spare.iter().filter(|(_, numbers)| !numbers.is_empty()).map(|(series, spare)| (&**series, spare.len()))
    }
}
