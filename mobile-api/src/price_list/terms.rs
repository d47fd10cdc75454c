//! For whom, and from when until when, an item of the list may be quoted.

use chrono::{NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::PriceItem;
use crate::{
    check::Check,
    directory::{Customer, Organisation},
    ids::SiteId,
    time::Timestamp,
    work_order::WorkOrder,
};

/// Most sites, and most customer classes, that an item may be limited to.
const MOST_NAMED: usize = 200;

/// Longest name of a class, in characters.
pub const LONGEST_CLASS: usize = 60;

/// For whom and when an item may be quoted, and what is promised with it. Empty means: for everybody, always.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Terms {
    /// The class that it is taxed by; absent means the first of the organisation's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_class: Option<String>,
    /// The first day on which it may be quoted, by the organisation's calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<NaiveDate>,
    /// The last day on which it may be quoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
    /// The sites at which it may be quoted; none means all. At most 200.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<SiteId>,
    /// The classes of customers to whom it may be quoted; none means all. At most 200.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub customer_classes: Vec<String>,
    /// For how many days from the signature it is under warranty, if that is longer than the order type's: 1 to 3,650.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warranty_days: Option<u32>,
}

impl Terms {
    /// Whether nothing is said.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// For whom and when.
    pub(super) fn limits(&self) -> Limits<'_> {
        let Terms { valid_from: from, valid_to: to, sites, customer_classes: classes, .. } = self;
        Limits { from: *from, to: *to, sites, classes }
    }

    pub(super) fn check(&self, check: &mut Check, pointer: &str) {
        if let Some(class) = &self.tax_class {
            check.text(&format!("{pointer}/tax_class"), class, 1..=LONGEST_CLASS);
        }
        if let Some(days) = self.warranty_days {
            check.number(&format!("{pointer}/warranty_days"), days.into(), 1..=3650);
        }
        self.limits().check(check, pointer);
    }
}

/// For whom and when a price is: the days, sites and classes that [`Terms`] and other prices name alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits<'t> {
    pub(super) from: Option<NaiveDate>,
    pub(super) to: Option<NaiveDate>,
    pub(super) sites: &'t [SiteId],
    pub(super) classes: &'t [String],
}

impl Limits<'_> {
    /// Whether it is for them, on that day.
    pub(super) fn hold(&self, whom: &Whom) -> bool {
        self.are_for(whom) && !self.is_over(whom.day)
    }

    /// The same, whether or not its last day is over.
    pub(super) fn are_for(&self, whom: &Whom) -> bool {
        let of_class = || whom.class.as_ref().is_some_and(|class| self.classes.contains(class));
        self.from.is_none_or(|first| first <= whom.day)
            && (self.sites.is_empty() || self.sites.contains(&whom.site))
            && (self.classes.is_empty() || of_class())
    }

    /// Whether its last day is before this one.
    pub(super) fn is_over(&self, day: NaiveDate) -> bool {
        self.to.is_some_and(|last| last < day)
    }

    pub(super) fn check(&self, check: &mut Check, pointer: &str) {
        for (name, day) in [("valid_from", self.from), ("valid_to", self.to)] {
            if let Some(day) = day {
                check.time(&format!("{pointer}/{name}"), day.and_time(NaiveTime::MIN).and_utc());
            }
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && to < from
        {
            check.error(format!("{pointer}/valid_to"), "out_of_range", "not before `valid_from`");
        }
        check.count(&format!("{pointer}/sites"), self.sites.len(), 0..=MOST_NAMED);
        check.count(&format!("{pointer}/customer_classes"), self.classes.len(), 0..=MOST_NAMED);
        for (at, class) in self.classes.iter().take(MOST_NAMED).enumerate() {
            check.text(&format!("{pointer}/customer_classes/{at}"), class, 1..=LONGEST_CLASS);
        }
    }
}

/// For whom, where and on which day something is to be quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whom {
    /// The site of the order.
    pub site: SiteId,
    /// The class of the customer, if they have one.
    pub class: Option<String>,
    /// The day, by the organisation's calendar.
    pub day: NaiveDate,
}

impl Whom {
    /// For this order at this instant. `customer` is the order's, if the caller knows them; `firm` says what day it is.
    pub fn of(order: &WorkOrder, customer: Option<&Customer>, firm: Option<&Organisation>, now: Timestamp) -> Self {
        let class = customer.and_then(|customer| customer.class.clone());
        Self { site: order.site, class, day: day_of(firm, now) }
    }
}

/// The day by the organisation's calendar; by that of Greenwich where its time zone is unknown.
pub fn day_of(firm: Option<&Organisation>, now: Timestamp) -> NaiveDate {
    now.with_timezone(&zone_of(firm)).date_naive()
}

/// The first instant of a day by the organisation's calendar. Where clocks are put forward over midnight, it is the first
/// that there is.
pub fn start_of(firm: Option<&Organisation>, day: NaiveDate) -> Timestamp {
    let zone = zone_of(firm);
    let hours = (0..24).filter_map(|hour| day.and_hms_opt(hour, 0, 0));
    let first = hours.filter_map(|hour| zone.from_local_datetime(&hour).earliest()).next();
    first.map_or_else(|| day.and_time(NaiveTime::MIN).and_utc(), |first| first.with_timezone(&Utc))
}

fn zone_of(firm: Option<&Organisation>) -> Tz {
    firm.and_then(|firm| firm.time_zone.parse().ok()).unwrap_or(Tz::UTC)
}

impl PriceItem {
    /// Whether it may be quoted.
    pub fn may_be_quoted(&self, whom: &Whom) -> bool {
        self.active && self.terms.limits().hold(whom)
    }

    /// Whether it is for them, though perhaps not any more: it was taken out of use, or its last day is over. A phone with
    /// an older list cannot know that.
    pub fn could_be_quoted(&self, whom: &Whom) -> bool {
        self.terms.limits().are_for(whom)
    }
}

/// The items that may be quoted, in the order given. What a phone offers is what the server takes.
pub fn quotable<'i>(items: impl IntoIterator<Item = &'i PriceItem>, whom: &Whom) -> Vec<&'i PriceItem> {
    items.into_iter().filter(|item| item.may_be_quoted(whom)).collect()
}
