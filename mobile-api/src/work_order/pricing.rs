//! What a line of a quote comes to: priced by the list or freely, less the discount, plus the tax.
//!
//! price × quantity, rounded half up to the minor unit; less the discount, a share of that, rounded half up; plus the tax,
//! a share of what is left, rounded half up. Each line is rounded by itself and the total is the sum of the lines, so that
//! the lines on the paper add up.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Quote, WorkOrder, quote::NewLine};
use crate::{
    actor::Role,
    directory::{Customer, Organisation, PriceItem, PriceKind},
    ids::{Id, PriceItemId},
    money::{Currency, Money, Quantity},
    operation::{Context, Mode},
    price_list::{MoneyRules, Whom},
    refusal::{Flag, Flagged, Refusal},
};

/// A priced line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuoteLine {
    /// The item of the price list, if it is one.
    pub item: Option<PriceItemId>,
    /// What it is called.
    pub name: String,
    /// Work or goods.
    pub kind: PriceKind,
    /// How much, in thousandths of the unit.
    pub quantity_milli: Quantity,
    /// The unit.
    pub unit: String,
    /// The price of one unit.
    pub unit_price: Money,
    /// What the line comes to: price times quantity, rounded half up to the minor unit, less the discount, plus the tax.
    pub amount: Money,
    /// The price that the list had for the item when the line was made, as its maker saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_price: Option<Money>,
    /// Whether the price is not the list's: there is no such item, it is not for this customer, or it costs otherwise.
    #[serde(default, skip_serializing_if = "is_false")]
    pub free: bool,
    /// What was taken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Share>,
    /// What was added for the tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Tax>,
    /// For how many days from the signature it is under warranty, as the list had it when the line was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warranty_days: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A share of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Share {
    /// In parts per ten thousand: 500 is 5 %.
    pub rate: u32,
    /// The share, rounded half up to the minor unit.
    pub amount: Money,
}

/// The tax on a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tax {
    /// The class that it is taxed by.
    pub class: String,
    /// The rate in parts per ten thousand, as it was when the line was made.
    pub rate: u32,
    /// The tax on price times quantity less the discount, rounded half up to the minor unit.
    pub amount: Money,
}

impl QuoteLine {
    /// The line without what only the office asks about. Phone and server can differ in that, because one of them
    /// knew an older list; the customer is shown none of it.
    pub fn shown(&self) -> QuoteLine {
        QuoteLine { list_price: None, free: false, ..self.clone() }
    }
}

/// Why a quote needs somebody's agreement before the customer can confirm it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// Its free lines come to more than the organisation allows.
    FreeLines,
    /// More was taken off a line than its maker's role may.
    Discount,
}

/// How the lines of one quote are priced, and what is noticed on the way.
pub(super) struct Pricing<'c> {
    context: &'c Context<'c>,
    currency: Currency,
    rules: MoneyRules,
    whom: Whom,
    /// Lines with a price that was the list's until the list was changed.
    changed: Vec<Value>,
    /// Lines that name an item of the list, at another price or for somebody it is not for.
    beside: Vec<Value>,
}

impl<'c> Pricing<'c> {
    /// As the organisation's rules are for this order.
    pub(super) fn of(order: &WorkOrder, context: &'c Context<'c>) -> Self {
        let firm: Option<&Organisation> = context.related.get(Id::new(context.actor.org));
        let customer: Option<&Customer> = order.customer.and_then(|id| context.related.get(id));
        let whom = Whom::of(order, customer, firm, context.when.latest);
        let rules = firm.map(|firm| firm.money.clone()).unwrap_or_default();
        Self { context, currency: order.policy.currency, rules, whom, changed: Vec::new(), beside: Vec::new() }
    }

    /// The organisation's rules about money.
    pub(super) fn rules(&self) -> &MoneyRules {
        &self.rules
    }

    /// Prices one line; `at` is its place.
    pub(super) fn line(&mut self, at: usize, line: NewLine) -> Result<QuoteLine, Refusal> {
        if line.unit_price.currency != self.currency {
            return Err(Refusal::CurrencyMismatch { expected: self.currency, found: line.unit_price.currency });
        }
        let item: Option<&PriceItem> = line.item.and_then(|id| self.context.related.get(id));
        let list_price = match item {
            Some(item) => self.by_the_list(at, item, &line)?,
            None => None,
        };
        let class = self.taxed_as(at, item, line.tax_rate)?;
        let warranty_days = item.and_then(|item| item.terms.warranty_days);
        let NewLine { item, name, kind, quantity_milli, unit, unit_price, discount, tax_rate: _ } = line;
        let gross = unit_price.times(quantity_milli)?;
        let discount = (discount > 0).then(|| Share { rate: discount, amount: gross.share(discount) });
        // A share is never more than the whole, so nothing falls below zero.
        let off = discount.map_or(0, |discount| discount.amount.minor);
        let net = Money { minor: gross.minor - off, ..gross };
        let tax = class.map(|(class, rate)| Tax { class, rate, amount: net.share(rate) });
        let amount = tax.as_ref().map_or(Ok(net), |tax| net.plus(tax.amount))?;
        let free = list_price != Some(unit_price);
        Ok(QuoteLine {
            item,
            name,
            kind,
            quantity_milli,
            unit,
            unit_price,
            amount,
            list_price,
            free,
            discount,
            tax,
            warranty_days,
        })
    }

    /// The class and rate of the tax on a line, if there is any. The rate that a customer was told at the door stands where
    /// the organisation has or had it, as an older price does.
    fn taxed_as(
        &mut self,
        at: usize,
        item: Option<&PriceItem>,
        told: Option<u32>,
    ) -> Result<Option<(String, u32)>, Refusal> {
        let Some(class) = self.rules.tax_class(item.and_then(|item| item.terms.tax_class.as_deref())) else {
            return Ok(None);
        };
        let (code, held) = (class.code.clone(), class.rate);
        let other = told.filter(|told| *told != held);
        let rate = match other {
            None => held,
            // Who waits for the answer looks at the rates again.
            Some(_) if self.context.mode == Mode::Online => {
                return Err(Refusal::BadReference { pointer: format!("/lines/{at}/tax_rate") });
            }
            Some(told) => {
                let detail =
                    json!({ "item": item.map(|item| item.id), "line": at, "tax": { "held": held, "told": told } });
                let known = self.rules.knew_rate(told);
                if known { &mut self.changed } else { &mut self.beside }.push(detail);
                if known { told } else { held }
            }
        };
        Ok((rate > 0).then_some((code, rate)))
    }

    /// The price of the list as the maker of the line saw it. It is the line's own where that is, or lately was, the
    /// list's: what a phone quoted from an older list was told to a customer, and stands.
    fn by_the_list(&mut self, at: usize, item: &PriceItem, line: &NewLine) -> Result<Option<Money>, Refusal> {
        let quoted = line.unit_price;
        let recorded = self.context.mode == Mode::Recorded;
        let list = item.price_for(&self.whom);
        let told = json!({ "item": item.id, "list": list, "quoted": quoted });
        let same_goods = item.unit == line.unit && item.kind == line.kind;
        let was_listed = recorded && (list == quoted || item.did_cost(quoted, &self.whom));
        if !item.may_be_quoted(&self.whom) {
            // Who waits for the answer can choose another; at a door it has been told already.
            if !recorded {
                return Err(Refusal::BadReference { pointer: format!("/lines/{at}/item") });
            }
            let older_list = same_goods && was_listed && item.could_be_quoted(&self.whom);
            if older_list { &mut self.changed } else { &mut self.beside }.push(told);
            Ok(older_list.then_some(quoted))
        } else if !same_goods {
            // The list's price for something else, such as a minute at the price of an hour, is not the list's.
            self.beside.push(told);
            Ok(None)
        } else if list == quoted {
            Ok(Some(quoted))
        } else if was_listed {
            self.changed.push(told);
            Ok(Some(quoted))
        } else {
            self.beside.push(told);
            Ok(Some(list))
        }
    }

    /// What a person should know of the prices.
    pub(super) fn flags(self) -> Vec<Flagged> {
        let told =
            |flag, lines: Vec<Value>| (!lines.is_empty()).then(|| Flagged::with(flag, json!({ "lines": lines })));
        let changed = told(Flag::PriceChanged, self.changed);
        changed.into_iter().chain(told(Flag::PriceDiffersFromList, self.beside)).collect()
    }

    /// Why the maker of these lines may not make them alone.
    pub(super) fn concerns(&self, lines: &[QuoteLine]) -> Vec<Concern> {
        let role = self.context.actor.role;
        let free: i64 = lines.iter().filter(|line| line.free).map(|line| line.amount.minor).sum();
        let too_free = !may_agree(role) && self.rules.free_lines_most.is_some_and(|most| free > most);
        let too_cheap = most_off(lines) > self.rules.most_off(role);
        [(too_free, Concern::FreeLines), (too_cheap, Concern::Discount)]
            .into_iter()
            .filter_map(|(holds, concern)| holds.then_some(concern))
            .collect()
    }
}

/// Whether this role agrees to the free lines of others, and so needs nobody's agreement to its own.
pub(super) fn may_agree(role: Role) -> bool {
    matches!(role, Role::Admin | Role::Manager | Role::Dispatcher | Role::System)
}

/// The largest discount of these lines, in parts per ten thousand.
pub(super) fn most_off(lines: &[QuoteLine]) -> u32 {
    lines.iter().filter_map(|line| line.discount).map(|discount| discount.rate).max().unwrap_or(0)
}

impl Quote {
    /// Whether somebody must agree to it before the customer can confirm it.
    pub fn awaits_agreement(&self) -> bool {
        !self.concerns.is_empty() && self.agreed.is_none()
    }
}
