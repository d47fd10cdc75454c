//! A price of the file, put into the item as it is.
//!
//! A price for everybody that has begun becomes the item's own; one that begins later, or is for a site or a class, stands
//! beside it ([`OtherPrice`]). A price counts until the next one for the same people begins. What no row says stays as people
//! left it: for whom the item is, its warranty, whether it is in use, and prices that the file does not name.

use chrono::NaiveDate;
use mobile_api::{
    directory::{PriceItem, PriceItemSave},
    ids::SiteId,
    money::Money,
    price_list::{OtherPrice, Terms},
};

use super::rows::Priced;
use crate::{import::table::What, language::Language};

/// Why a row cannot be put into its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// There is no site of this name.
    NoSite,
    /// It is for some only, and nothing says what others pay.
    NobodyElse,
    /// It has another unit, kind or tax class than the item, and begins later or is for some only.
    OtherGoods,
}

impl Problem {
    /// As a sentence.
    pub(super) fn told(self, words: Language, priced: &Priced) -> String {
        let code = ("code", priced.save.code.clone());
        match self {
            Problem::NoSite => words.say("prices-no-site", &[("value", priced.site.clone().unwrap_or_default())]),
            Problem::NobodyElse => words.say("prices-nobody-else", &[code]),
            Problem::OtherGoods => words.say("prices-other-goods", &[code]),
        }
    }
}

/// The item with this price in it, and what changes by that.
pub(super) fn merged(
    item: Option<&PriceItem>,
    priced: &Priced,
    site: Option<SiteId>,
    today: NaiveDate,
) -> Result<(PriceItemSave, What), Problem> {
    let Some(item) = item else {
        return if priced.is_for_everybody() { Ok((priced.save.clone(), What::New)) } else { Err(Problem::NobodyElse) };
    };
    let item = settled(item, today);
    let first = priced.save.terms.valid_from;
    // It counts today, or before it there is no price at all.
    let own = first.is_none_or(|first| first <= today || item.terms.valid_from.is_some_and(|held| first <= held));
    let (save, old) = if priced.is_for_everybody() && own {
        (own_price(&item, &priced.save), item.price)
    } else {
        beside(&item, priced, site, today)?
    };
    let new = priced.save.price;
    let what = match save.changes_nothing_of(&item) {
        true => What::Unchanged,
        false if old == new => What::Particulars,
        false => What::Price { old: old.to_string(), new: new.to_string() },
    };
    Ok((save, what))
}

/// The item by today: what has begun or is over needs no change by a file.
fn settled(item: &PriceItem, today: NaiveDate) -> PriceItem {
    let settled = item.settled(today);
    PriceItem { price: settled.price, others: settled.others, ..item.clone() }
}

/// The item with another price of its own.
fn own_price(item: &PriceItem, save: &PriceItemSave) -> PriceItemSave {
    let Terms { sites, customer_classes, warranty_days, valid_from, valid_to, .. } = item.terms.clone();
    // What an older list allowed was allowed, and what is to come must not be cut off.
    let valid_from = valid_from.and_then(|held| save.terms.valid_from.map(|first| first.min(held)));
    let later = |other: &OtherPrice| {
        other.is_for_everybody()
            && save.terms.valid_to.is_some_and(|last| other.valid_from.is_some_and(|first| last < first))
    };
    let valid_to = if item.others.iter().any(later) { valid_to } else { save.terms.valid_to };
    let terms = Terms { sites, customer_classes, warranty_days, valid_from, valid_to, ..save.terms.clone() };
    PriceItemSave { active: item.active, terms, others: item.others.clone(), ..save.clone() }
}

/// The item with a price beside its own, and what was paid until then.
fn beside(
    item: &PriceItem,
    priced: &Priced,
    site: Option<SiteId>,
    today: NaiveDate,
) -> Result<(PriceItemSave, Money), Problem> {
    let PriceItemSave { kind, unit, price, terms, .. } = &priced.save;
    if (item.kind, &item.unit, &item.terms.tax_class) != (*kind, unit, &terms.tax_class) {
        return Err(Problem::OtherGoods);
    }
    let everybody = priced.is_for_everybody();
    let new = OtherPrice {
        price: *price,
        valid_from: terms.valid_from,
        // For everybody it counts until the next begins; what ends is the item.
        valid_to: terms.valid_to.filter(|_| !everybody),
        sites: site.into_iter().collect(),
        customer_classes: priced.class.iter().cloned().collect(),
    };
    let begun = new.has_begun(today);
    let in_its_place = |other: &OtherPrice| {
        let same_time = other.valid_from == new.valid_from || (begun && other.has_begun(today));
        other.is_for_the_same(&new) && same_time
    };
    let before = item.others.iter().filter(|other| other.is_for_the_same(&new) && other.valid_from <= new.valid_from);
    let before = before.max_by_key(|other| other.valid_from).map(|other| other.price);
    let mut others = item.others.clone();
    let place = others.iter().position(in_its_place);
    match place {
        Some(place) => others[place] = new,
        None => others.push(new),
    }
    let valid_to = if everybody { terms.valid_to } else { item.terms.valid_to };
    let name = if everybody { priced.save.name.clone() } else { item.name.clone() };
    let save = PriceItemSave {
        code: item.code.clone(),
        name,
        kind: item.kind,
        unit: item.unit.clone(),
        price: item.price,
        active: item.active,
        terms: Terms { valid_to, ..item.terms.clone() },
        others,
    };
    Ok((save, before.unwrap_or(item.price)))
}
