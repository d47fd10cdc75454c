//! What is asked: sections of items, when an item is shown, what is an answer to it and what that answer means.

use serde::{Deserialize, Serialize};

use crate::{check::Check, directory::Label, ids::OrderTypeId, inspection::logic, work_order::Priority};

/// Most items of one form. A carrying-out has at most [`MOST_ANSWERS`](super::MOST_ANSWERS) answers, over all of its points.
pub const MOST_ITEMS: usize = 500;

/// Most sections of one form.
pub const MOST_SECTIONS: usize = 50;

/// Most options of one choice.
const MOST_OPTIONS: usize = 30;

/// Most conditions of one item.
const MOST_CONDITIONS: usize = 10;

/// The widest limits of a reading, in thousandths of its unit: far beyond any instrument, and far from overflowing.
const WIDEST: i64 = 1_000_000_000_000;

/// The content of a form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Form {
    /// Its parts, in order; 1 to 50.
    pub sections: Vec<FormSection>,
    /// From how many percent of the points it is passed; 1 to 100. Absent: only if nothing failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_percent: Option<u32>,
    /// The sort of order that failed items become which name none themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair_type: Option<OrderTypeId>,
}

/// A part of a form. A point of a round may ask some of them only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FormSection {
    /// Unique among the sections; 1 to 60 characters.
    pub key: String,
    /// Its heading.
    pub name: Label,
    /// What is asked; at least one.
    pub items: Vec<FormItem>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FormItem {
    /// Unique in the whole form; 1 to 60 characters. The same question keeps its key from version to version.
    pub key: String,
    /// The question.
    pub text: Label,
    /// What sort of answer it takes.
    pub ask: Ask,
    /// Whether the inspection is incomplete without it. Absent: yes.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub required: bool,
    /// Shown only if all of these hold at the same point; at most 10. Absent: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub show_if: Vec<FormCondition>,
    /// When a photo is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<PhotoWhen>,
    /// Whether a note is required if it fails.
    #[serde(default, skip_serializing_if = "is_no")]
    pub explain_failure: bool,
    /// Its points; 0 to 1,000. Absent: 1. Only what can fail has points.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u32,
    /// If it fails, the whole fails, whatever the points say.
    #[serde(default, skip_serializing_if = "is_no")]
    pub critical: bool,
    /// What it becomes if it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<RepairRule>,
    /// The code of a meter, such as `hours`: what is answered at a place with an asset that has it, in the same unit, is a reading of that
    /// meter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter: Option<String>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_yes(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_no(value: &bool) -> bool {
    !*value
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_one(value: &u32) -> bool {
    *value == 1
}

/// What sort of answer an item takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Ask {
    /// In order, not in order, or not applicable.
    PassFail,
    /// One of several options, each of which may say that something is wrong.
    Choice {
        /// The options; 1 to 30.
        options: Vec<FormOption>,
    },
    /// A number that an instrument shows. Outside of the limits it fails.
    Reading {
        /// Its unit, such as `MPa`; 1 to 30 characters.
        unit: String,
        /// The least that is in order, in thousandths of the unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        low_milli: Option<i64>,
        /// The most that is in order, in thousandths of the unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        high_milli: Option<i64>,
    },
    /// A number that only grows: hours run, kilowatt hours.
    Counter {
        /// Its unit; 1 to 30 characters.
        unit: String,
    },
    /// Words; they neither pass nor fail.
    Text,
    /// So many photos; 1 to 20.
    Photo {
        /// How many at least.
        least: u32,
    },
    /// Somebody's signature.
    Signature {
        /// Whose.
        role: SignerRole,
    },
}

/// An option of a choice and what it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FormOption {
    /// Unique among the options; 1 to 60 characters.
    pub key: String,
    /// Its name.
    pub name: Label,
    /// What it means. Absent: neither good nor bad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Meaning>,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// In order.
    Pass,
    /// Not in order.
    Fail,
    /// It does not apply here; it has no points.
    NotApplicable,
    /// It says something, but neither good nor bad.
    Neutral,
}

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignerRole {
    /// The owner or tenant, or a delegate in their name (委托验收).
    Customer,
    /// A delegate, whose written authority is photographed (委托验收).
    Delegate,
    /// Who carried it out.
    Technician,
}

impl SignerRole {
    /// Whether a signature as `self` answers the question for one of `wanted`.
    pub fn serves(self, wanted: SignerRole) -> bool {
        self == wanted || (self == SignerRole::Delegate && wanted == SignerRole::Customer)
    }
}

/// When a photo is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PhotoWhen {
    /// Whatever the answer is.
    Always,
    /// If it fails.
    IfFailed,
}

/// What a failed item becomes: a repair order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RepairRule {
    /// The sort of order; absent: the form's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_type: Option<OrderTypeId>,
    /// How urgent it is.
    pub priority: Priority,
}

/// Something that must hold for an item to be shown: of another item's answer at the same point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FormCondition {
    /// The other item's key.
    pub item: String,
    /// What its answer must be.
    #[serde(flatten)]
    pub is: ConditionIs,
}

/// What an answer must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ConditionIs {
    /// There is one.
    Answered,
    /// It passes.
    Passed,
    /// It fails: a reading is outside of its limits.
    Failed,
    /// It is this option of a choice.
    Equals {
        /// The option's key.
        option: String,
    },
    /// The number is greater.
    Above {
        /// Than this, in thousandths of the unit.
        milli: i64,
    },
    /// The number is less.
    Below {
        /// Than this, in thousandths of the unit.
        milli: i64,
    },
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AnswerValue {
    /// In order.
    Pass,
    /// Not in order.
    Fail,
    /// It does not apply here. Goes for every sort of item but a signature.
    NotApplicable,
    /// An option of a choice.
    Option {
        /// Its key.
        option: String,
    },
    /// A number of an instrument or a counter.
    Number {
        /// In thousandths of the item's unit.
        milli: i64,
    },
    /// Words.
    Text {
        /// 1 to 2,000 characters.
        text: String,
    },
}

impl AnswerValue {
    /// Notes an error for a text that is too long, or a number beyond all instruments.
    pub fn check(&self, check: &mut Check, pointer: &str) {
        match self {
            AnswerValue::Option { option } => check.text(&format!("{pointer}/option"), option, 1..=60),
            AnswerValue::Number { milli } => check.number(&format!("{pointer}/milli"), *milli, -WIDEST..=WIDEST),
            AnswerValue::Text { text } => check.text(&format!("{pointer}/text"), text, 1..=2000),
            AnswerValue::Pass | AnswerValue::Fail | AnswerValue::NotApplicable => {}
        }
    }
}

impl Ask {
    /// What an answer means; `None` if it is no answer to this at all.
    pub fn verdict(&self, value: &AnswerValue) -> Option<Meaning> {
        Some(match (self, value) {
            (Ask::Signature { .. } | Ask::Photo { .. }, AnswerValue::NotApplicable) => return None,
            (_, AnswerValue::NotApplicable) => Meaning::NotApplicable,
            (Ask::PassFail, AnswerValue::Pass) => Meaning::Pass,
            (Ask::PassFail, AnswerValue::Fail) => Meaning::Fail,
            (Ask::Choice { options }, AnswerValue::Option { option }) => {
                let chosen = options.iter().find(|known| known.key == *option)?;
                chosen.means.unwrap_or(Meaning::Neutral)
            }
            (Ask::Reading { low_milli, high_milli, .. }, AnswerValue::Number { milli }) => {
                let (low, high) = (low_milli.unwrap_or(i64::MIN), high_milli.unwrap_or(i64::MAX));
                match (low_milli, high_milli) {
                    (None, None) => Meaning::Neutral,
                    _ if (low..=high).contains(milli) => Meaning::Pass,
                    _ => Meaning::Fail,
                }
            }
            (Ask::Counter { .. }, AnswerValue::Number { milli }) if *milli >= 0 => Meaning::Neutral,
            (Ask::Text, AnswerValue::Text { .. }) => Meaning::Neutral,
            _ => return None,
        })
    }

    /// What an answer to it looks like, for whoever sent another.
    pub fn expects(&self) -> &'static str {
        match self {
            Ask::PassFail => "`pass`, `fail` or `not_applicable`",
            Ask::Choice { .. } => "one of the item's options",
            Ask::Reading { .. } => "a number",
            Ask::Counter { .. } => "a number that is not negative",
            Ask::Text => "a text",
            Ask::Photo { .. } => "a photo, and no value",
            Ask::Signature { .. } => "a signature, and no value",
        }
    }

    /// An answer in figures or in the words of an option; `None` where the verdict says it all.
    pub fn in_words(&self, value: &AnswerValue) -> Option<String> {
        match (self, value) {
            (Ask::Reading { unit, low_milli, high_milli }, AnswerValue::Number { milli }) => {
                let limit = |limit: &Option<i64>| limit.map(decimal).unwrap_or_default();
                let limits = match (low_milli, high_milli) {
                    (None, None) => String::new(),
                    (low, high) => format!(" ({}…{})", limit(low), limit(high)),
                };
                Some(format!("{} {unit}{limits}", decimal(*milli)))
            }
            (Ask::Counter { unit }, AnswerValue::Number { milli }) => Some(format!("{} {unit}", decimal(*milli))),
            (Ask::Choice { options }, AnswerValue::Option { option }) => {
                let chosen = options.iter().find(|known| known.key == *option)?;
                Some(format!("{} / {}", chosen.name.zh, chosen.name.en))
            }
            (_, AnswerValue::Text { text }) => Some(text.clone()),
            _ => None,
        }
    }

    /// The unit of the number that it asks for.
    pub fn unit(&self) -> Option<&str> {
        match self {
            Ask::Reading { unit, .. } | Ask::Counter { unit } => Some(unit),
            _ => None,
        }
    }

    /// Whether an answer can fail, so that points and repair mean something.
    pub fn can_fail(&self) -> bool {
        match self {
            Ask::PassFail => true,
            Ask::Choice { options } => options.iter().any(|option| option.means == Some(Meaning::Fail)),
            Ask::Reading { low_milli, high_milli, .. } => low_milli.is_some() || high_milli.is_some(),
            Ask::Counter { .. } | Ask::Text | Ask::Photo { .. } | Ask::Signature { .. } => false,
        }
    }
}

impl Form {
    /// Every item with its section.
    pub fn items(&self) -> impl Iterator<Item = (&FormSection, &FormItem)> {
        self.sections.iter().flat_map(|section| section.items.iter().map(move |item| (section, item)))
    }

    /// An item by its key.
    pub fn item(&self, key: &str) -> Option<(&FormSection, &FormItem)> {
        self.items().find(|(_, item)| item.key == key)
    }

    /// The sort of order that an item becomes if it fails, and how urgent it is; `None` if it becomes none.
    pub fn repair(&self, item: &FormItem) -> Option<(OrderTypeId, Priority)> {
        let repair = item.repair.as_ref()?;
        Some((repair.order_type.or(self.repair_type)?, repair.priority))
    }

    /// Every sort of order that an item can become.
    pub fn order_types(&self) -> Vec<OrderTypeId> {
        let own = self.items().filter_map(|(_, item)| item.repair.as_ref()?.order_type);
        let mut types: Vec<OrderTypeId> = own.chain(self.repair_type).collect();
        types.sort_unstable();
        types.dedup();
        types
    }

    /// Notes everything that is wrong, each thing at its own place.
    pub fn check(&self, check: &mut Check, pointer: &str) {
        check.count(&format!("{pointer}/sections"), self.sections.len(), 1..=MOST_SECTIONS);
        let items = self.items().count();
        if items > MOST_ITEMS {
            // What follows would only say the same thousands of times.
            check.error(
                format!("{pointer}/sections"),
                "out_of_range",
                format!("at most {MOST_ITEMS} items; {items} came"),
            );
            return;
        }
        if let Some(percent) = self.pass_percent {
            check.number(&format!("{pointer}/pass_percent"), percent.into(), 1..=100);
        }
        let mut keys = std::collections::HashSet::new();
        for (at, section) in self.sections.iter().enumerate() {
            let pointer = format!("{pointer}/sections/{at}");
            check.text(&format!("{pointer}/key"), &section.key, 1..=60);
            if self.sections[..at].iter().any(|earlier| earlier.key == section.key) {
                check.error(format!("{pointer}/key"), "duplicate", "a key that no other section has");
            }
            section.name.check(check, &format!("{pointer}/name"));
            check.count(&format!("{pointer}/items"), section.items.len(), 1..=MOST_ITEMS);
            for (at, item) in section.items.iter().enumerate() {
                let pointer = format!("{pointer}/items/{at}");
                if !keys.insert(item.key.as_str()) {
                    check.error(format!("{pointer}/key"), "duplicate", "a key that no other item of the form has");
                }
                item.check(check, &pointer);
            }
        }
        logic::check(self, check, pointer);
    }
}

impl FormItem {
    fn check(&self, check: &mut Check, pointer: &str) {
        check.text(&format!("{pointer}/key"), &self.key, 1..=60);
        self.text.check(check, &format!("{pointer}/text"));
        self.ask.check(check, &format!("{pointer}/ask"));
        check.number(&format!("{pointer}/weight"), self.weight.into(), 0..=1000);
        check.count(&format!("{pointer}/show_if"), self.show_if.len(), 0..=MOST_CONDITIONS);
        for (at, condition) in self.show_if.iter().enumerate() {
            check.text(&format!("{pointer}/show_if/{at}/item"), &condition.item, 1..=60);
        }
        if let Some(meter) = &self.meter {
            check.text(&format!("{pointer}/meter"), meter, 1..=60);
            if self.ask.unit().is_none() {
                check.error(
                    format!("{pointer}/meter"),
                    "contradiction",
                    "an item that asks for a reading or a counter",
                );
            }
        }
        if self.repair.is_some() && !self.ask.can_fail() {
            check.error(format!("{pointer}/repair"), "contradiction", "an item that can fail");
        }
        if self.critical && !self.ask.can_fail() {
            check.error(format!("{pointer}/critical"), "contradiction", "an item that can fail");
        }
    }
}

impl Ask {
    fn check(&self, check: &mut Check, pointer: &str) {
        match self {
            Ask::Choice { options } => {
                check.count(&format!("{pointer}/options"), options.len(), 1..=MOST_OPTIONS);
                for (at, option) in options.iter().enumerate() {
                    let pointer = format!("{pointer}/options/{at}");
                    check.text(&format!("{pointer}/key"), &option.key, 1..=60);
                    option.name.check(check, &format!("{pointer}/name"));
                    if options[..at].iter().any(|earlier| earlier.key == option.key) {
                        check.error(format!("{pointer}/key"), "duplicate", "a key that no other option has");
                    }
                }
            }
            Ask::Reading { unit, low_milli, high_milli } => {
                check.text(&format!("{pointer}/unit"), unit, 1..=30);
                for (name, limit) in [("low_milli", low_milli), ("high_milli", high_milli)] {
                    if let Some(limit) = limit {
                        check.number(&format!("{pointer}/{name}"), *limit, -WIDEST..=WIDEST);
                    }
                }
                if let (Some(low), Some(high)) = (low_milli, high_milli)
                    && low > high
                {
                    check.error(format!("{pointer}/high_milli"), "out_of_range", "not below `low_milli`");
                }
            }
            Ask::Counter { unit } => check.text(&format!("{pointer}/unit"), unit, 1..=30),
            Ask::Photo { least } => check.number(&format!("{pointer}/least"), (*least).into(), 1..=20),
            Ask::PassFail | Ask::Text | Ask::Signature { .. } => {}
        }
    }
}

/// Thousandths as people write them: `0.25`, `-3`.
fn decimal(milli: i64) -> String {
    let (whole, rest) = (milli.unsigned_abs() / 1000, milli.unsigned_abs() % 1000);
    let sign = if milli < 0 { "-" } else { "" };
    let text = format!("{sign}{whole}.{rest:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
