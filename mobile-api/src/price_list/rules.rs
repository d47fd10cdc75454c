//! What the organisation says about money, changeable like any record.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::LONGEST_CLASS;
use crate::{
    actor::Role,
    check::Check,
    directory::{Label, Organisation},
    money::{MOST_MINOR, WHOLE},
    operation::{Change, Context, Decision, Payload},
    refusal::Refusal,
    time::Timestamp,
};

/// Most tax classes.
const MOST_CLASSES: usize = 50;

/// Most earlier rates that a class remembers.
const MOST_EARLIER: usize = 10;

/// Longest validity of a quote, in days: ten years.
const MOST_DAYS: i64 = 3650;

/// Longest time within which two payments of the same amount may be one, in minutes: a week.
const MOST_MINUTES: i64 = 7 * 24 * 60;

/// How goods or work are taxed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaxClass {
    /// Its code; 1 to 60 characters.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// The rate in parts per ten thousand: 600 is 6 %. From 0 to 10,000.
    pub rate: u32,
    /// The rates that it had before, newest last; at most 10. The server notes them: what a phone without signal told a
    /// customer by an older rate stands. What is sent here is passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierRate>,
}

/// A rate that a class had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EarlierRate {
    /// The rate in parts per ten thousand.
    pub rate: u32,
    /// When it was replaced, by the server's clock.
    pub until: DateTime<Utc>,
}

/// How much a role may take off a line without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiscountCeiling {
    /// The role.
    pub role: Role,
    /// The most, in parts per ten thousand of the line: 1000 is 10 %. From 0 to 10,000.
    pub most: u32,
}

/// The organisation's rules about money. Quotes that exist keep what they were made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct MoneyRules {
    /// The tax classes, 1 to 50. The first is that of whatever names none, and of free lines.
    pub tax_classes: Vec<TaxClass>,
    /// How many days a quote can be confirmed; 1 to 3,650, none without end.
    pub quote_days: Option<u32>,
    /// The most that the free lines of a quote may come to without a dispatcher's agreement, in minor units; none for any
    /// amount.
    pub free_lines_most: Option<i64>,
    /// How much each role may take off. A role that is not named may take off nothing.
    pub discounts: Vec<DiscountCeiling>,
    /// Two payments of the same amount in the same way on one order within so many minutes may be one that was recorded
    /// twice; 0 to 10,080, and 0 asks about none.
    pub same_payment_minutes: u32,
}

impl Default for MoneyRules {
    fn default() -> Self {
        let ceiling = |role, most| DiscountCeiling { role, most };
        Self {
            tax_classes: vec![TaxClass {
                code: "standard".into(),
                name: Label::new("标准", "Standard"),
                rate: 0,
                earlier: vec![],
            }],
            quote_days: Some(30),
            free_lines_most: None,
            discounts: vec![
                ceiling(Role::Admin, WHOLE),
                ceiling(Role::Manager, WHOLE),
                ceiling(Role::Dispatcher, 1000),
                ceiling(Role::Technician, 0),
            ],
            same_payment_minutes: 10,
        }
    }
}

impl MoneyRules {
    /// Whether they are those that a new organisation starts with.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The most that `role` may take off a line, in parts per ten thousand.
    pub fn most_off(&self, role: Role) -> u32 {
        self.discounts.iter().find(|ceiling| ceiling.role == role).map_or(0, |ceiling| ceiling.most)
    }

    /// The class of this code; the first one if there is none of that code any more.
    pub fn tax_class(&self, code: Option<&str>) -> Option<&TaxClass> {
        let named = code.and_then(|code| self.tax_classes.iter().find(|class| class.code == code));
        named.or(self.tax_classes.first())
    }

    /// Whether some class has this rate or had it: a phone can hold an item that was moved to another class since.
    pub fn knew_rate(&self, rate: u32) -> bool {
        self.tax_classes.iter().any(|class| class.rate == rate || class.had(rate))
    }

    fn check(&self, check: &mut Check) {
        check.count("/rules/tax_classes", self.tax_classes.len(), 1..=MOST_CLASSES);
        let mut codes = HashSet::new();
        for (at, class) in self.tax_classes.iter().take(MOST_CLASSES).enumerate() {
            let pointer = format!("/rules/tax_classes/{at}");
            check.text(&format!("{pointer}/code"), &class.code, 1..=LONGEST_CLASS);
            class.name.check(check, &format!("{pointer}/name"));
            check.number(&format!("{pointer}/rate"), class.rate.into(), 0..=WHOLE.into());
            if !codes.insert(&class.code) {
                check.error(format!("{pointer}/code"), "duplicate", "a code of its own");
            }
        }
        if let Some(days) = self.quote_days {
            check.number("/rules/quote_days", days.into(), 1..=MOST_DAYS);
        }
        if let Some(most) = self.free_lines_most {
            check.number("/rules/free_lines_most", most, 0..=MOST_MINOR);
        }
        check.count("/rules/discounts", self.discounts.len(), 0..=Role::ALL.len());
        for (at, ceiling) in self.discounts.iter().take(Role::ALL.len()).enumerate() {
            check.number(&format!("/rules/discounts/{at}/most"), ceiling.most.into(), 0..=WHOLE.into());
            if self.discounts[..at].iter().any(|earlier| earlier.role == ceiling.role) {
                check.error(format!("/rules/discounts/{at}/role"), "duplicate", "each role once");
            }
        }
        check.number("/rules/same_payment_minutes", self.same_payment_minutes.into(), 0..=MOST_MINUTES);
    }
}

/// Changes the organisation's rules about money.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetMoneyRules {
    /// The rules from now on; what is left out is as a new organisation has it.
    pub rules: MoneyRules,
}

impl Payload for SetMoneyRules {
    type Record = Organisation;

    fn example() -> Self {
        let class = |code: &str, name, rate| TaxClass { code: code.into(), name, rate, earlier: Vec::new() };
        let tax_classes = vec![
            class("service", Label::new("服务", "Services"), 600),
            class("goods", Label::new("货物", "Goods"), 1300),
        ];
        Self { rules: MoneyRules { tax_classes, free_lines_most: Some(50_000), ..MoneyRules::default() } }
    }

    fn check(&self, check: &mut Check) {
        self.rules.check(check);
    }
}

impl Change for SetMoneyRules {
    fn decide(mut self, current: Organisation, context: &Context<'_>) -> Result<Decision<Organisation>, Refusal> {
        for class in &mut self.rules.tax_classes {
            let before = current.money.tax_classes.iter().find(|before| before.code == class.code);
            class.earlier = before.map_or_else(Vec::new, |before| before.rates_before(class.rate, context.received_at));
        }
        Ok(Organisation { money: self.rules, ..current }.into())
    }
}

impl TaxClass {
    /// Its earlier rates once its rate is `rate`.
    fn rates_before(&self, rate: u32, now: Timestamp) -> Vec<EarlierRate> {
        let mut earlier = self.earlier.clone();
        if self.rate != rate {
            earlier.push(EarlierRate { rate: self.rate, until: now });
            let surplus = earlier.len().saturating_sub(MOST_EARLIER);
            earlier.drain(..surplus);
        }
        earlier
    }

    /// Whether its rate was this one before.
    fn had(&self, rate: u32) -> bool {
        self.earlier.iter().any(|earlier| earlier.rate == rate)
    }
}
