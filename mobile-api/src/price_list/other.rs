//! What an item costs otherwise: for some sites or classes of customers, or from a later day on.
//!
//! Of several prices that are for a customer, the most particular counts: one for their class before one for their site,
//! that before one for everybody; of two that are equally particular the one that began last; else the item's own.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{PriceItem, Whom, terms::Limits};
use crate::{check::Check, ids::SiteId, money::Money};

/// Most other prices of one item.
const MOST_OTHERS: usize = 50;

/// A price that is not the item's own. At least one of its limits must be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtherPrice {
    /// The price of one unit.
    pub price: Money,
    /// The first day on which it counts, by the organisation's calendar; absent means always before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<NaiveDate>,
    /// The last day on which it counts; absent means until another takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
    /// The sites that it is for; none means all. At most 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<SiteId>,
    /// The classes of customers that it is for; none means all. At most 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customer_classes: Vec<String>,
}

impl OtherPrice {
    fn limits(&self) -> Limits<'_> {
        let OtherPrice { valid_from: from, valid_to: to, sites, customer_classes: classes, .. } = self;
        Limits { from: *from, to: *to, sites, classes }
    }

    /// Whether it is for the same people as another.
    pub fn is_for_the_same(&self, other: &OtherPrice) -> bool {
        (&self.sites, &self.customer_classes) == (&other.sites, &other.customer_classes)
    }

    /// Whether it is for everybody, from a day on or until one.
    pub fn is_for_everybody(&self) -> bool {
        self.sites.is_empty() && self.customer_classes.is_empty()
    }

    /// Whether it has begun by this day, and nothing ends it but another.
    fn stands_since(&self, day: NaiveDate) -> bool {
        self.valid_to.is_none() && self.has_begun(day)
    }

    /// Whether it has begun by this day.
    pub fn has_begun(&self, day: NaiveDate) -> bool {
        self.valid_from.is_none_or(|first| first <= day)
    }

    /// How particular it is, to be compared.
    fn rank(&self) -> (bool, bool, Option<NaiveDate>) {
        (!self.customer_classes.is_empty(), !self.sites.is_empty(), self.valid_from)
    }
}

/// Notes an error for each that is out of bounds or says nothing of its own.
pub(super) fn check_others(others: &[OtherPrice], check: &mut Check) {
    check.count("/others", others.len(), 0..=MOST_OTHERS);
    for (at, other) in others.iter().take(MOST_OTHERS).enumerate() {
        let pointer = format!("/others/{at}");
        other.price.check(check, &format!("{pointer}/price"));
        other.limits().check(check, &pointer);
        if other.is_for_everybody() && other.valid_from.is_none() && other.valid_to.is_none() {
            check.error(
                pointer,
                "required",
                "days, sites or classes: for everybody and always it is the item's own price",
            );
        } else if others[..at].iter().any(|known| known.is_for_the_same(other) && known.valid_from == other.valid_from)
        {
            check.error(pointer, "duplicate", "one price for the same people from the same day on");
        }
    }
}

impl PriceItem {
    /// What one unit costs for them, on that day.
    pub fn price_for(&self, whom: &Whom) -> Money {
        let fit = self.others.iter().filter(|other| other.limits().hold(whom));
        fit.max_by_key(|other| other.rank()).map_or(self.price, |other| other.price)
    }

    /// Whether it cost so much for them before it cost what it does now.
    pub fn did_cost(&self, price: Money, whom: &Whom) -> bool {
        // Just before each price began, and when the last day of each came.
        let last_days =
            self.others.iter().flat_map(|other| [other.valid_from.and_then(|day| day.pred_opt()), other.valid_to]);
        let mut before = last_days.flatten().filter(|day| *day < whom.day);
        self.earlier.iter().any(|earlier| earlier.price == price)
            || before.any(|day| self.price_for(&Whom { day, ..whom.clone() }) == price)
    }

    /// What there is to say of its prices on `day`: prices for everybody that have begun since are the item's own, and those
    /// that are over or that another has replaced are past. None of this changes what anybody pays on that day or later.
    pub fn settled(&self, day: NaiveDate) -> Settled {
        let over = |other: &OtherPrice| other.limits().is_over(day);
        let replaced = |other: &OtherPrice| {
            let later = |by: &OtherPrice| by.stands_since(day) && by.valid_from > other.valid_from;
            self.others.iter().any(|by| by.is_for_the_same(other) && later(by))
        };
        let (past, mut others): (Vec<_>, Vec<_>) =
            self.others.iter().cloned().partition(|other| over(other) || replaced(other));
        let mut past: Vec<PastPrice> = past.into_iter().map(|other| PastPrice::of(&other, &self.others, day)).collect();
        let mut price = self.price;
        if let Some(at) = others.iter().position(|other| other.is_for_everybody() && other.stands_since(day)) {
            let own = others.remove(at);
            past.push(PastPrice { price, last: own.valid_from.and_then(|first| first.pred_opt()) });
            price = own.price;
        }
        past.retain(|past| past.price != price);
        past.sort_by_key(|past| past.last);
        Settled { price, others, past }
    }
}

/// The prices of an item on some day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its own price.
    pub price: Money,
    /// Those that are for some, or to come.
    pub others: Vec<OtherPrice>,
    /// Those that are past, in the order in which they ended.
    pub past: Vec<PastPrice>,
}

/// A price that does not count any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastPrice {
    /// The price of one unit.
    pub price: Money,
    /// The last day on which it did; none if nobody said.
    pub last: Option<NaiveDate>,
}

impl PastPrice {
    /// One that is over, or that one of `all` has replaced by `day`.
    fn of(other: &OtherPrice, all: &[OtherPrice], day: NaiveDate) -> Self {
        let by = all.iter().filter(|by| by.is_for_the_same(other) && by.stands_since(day));
        let begun = by.filter_map(|by| by.valid_from).filter(|first| Some(*first) > other.valid_from).min();
        Self {
            price: other.price,
            last: begun.and_then(|first| first.pred_opt()).into_iter().chain(other.valid_to).min(),
        }
    }
}
