//! Whether the conditions of a form make sense: they name items that there are, they do not go round in a circle, and they can
//! hold at all.

use std::collections::{HashMap, HashSet};

use super::form::{Ask, ConditionIs, Form, FormCondition, FormItem, Meaning};
use crate::check::Check;

/// Notes every condition that names a missing item or an answer it cannot have, stands in a circle, or can never hold
/// together with the others of its item.
pub(super) fn check(form: &Form, check: &mut Check, pointer: &str) {
    let items: HashMap<&str, &FormItem> = form.items().map(|(_, item)| (item.key.as_str(), item)).collect();
    for (at_section, section) in form.sections.iter().enumerate() {
        for (at, item) in section.items.iter().enumerate() {
            let pointer = format!("{pointer}/sections/{at_section}/items/{at}/show_if");
            let mut sound = true;
            for (at, condition) in item.show_if.iter().enumerate() {
                let Some(other) = items.get(condition.item.as_str()) else {
                    check.error(format!("{pointer}/{at}/item"), "bad_reference", "the key of an item of this form");
                    sound = false;
                    continue;
                };
                if let Err(expected) = can_be(&other.ask, &condition.is) {
                    check.error(format!("{pointer}/{at}"), "contradiction", expected);
                    sound = false;
                }
            }
            if sound && let Some(at) = contradicted(&item.show_if) {
                check.error(
                    format!("{pointer}/{at}"),
                    "contradiction",
                    "something that can hold beside the conditions before",
                );
            }
            if let Some(at) = in_circle(item, &items) {
                check.error(format!("{pointer}/{at}/item"), "loop", "an item that does not depend on this one");
            }
        }
    }
}

/// Whether an answer of this sort can be that.
fn can_be(ask: &Ask, is: &ConditionIs) -> Result<(), &'static str> {
    let possible = match is {
        ConditionIs::Answered => true,
        ConditionIs::Failed => ask.can_fail(),
        ConditionIs::Passed => match ask {
            Ask::Choice { options } => options.iter().any(|option| option.means == Some(Meaning::Pass)),
            other => other.can_fail(),
        },
        ConditionIs::Equals { option } => match ask {
            Ask::Choice { options } => options.iter().any(|known| known.key == *option),
            _ => false,
        },
        ConditionIs::Above { .. } | ConditionIs::Below { .. } => {
            matches!(ask, Ask::Reading { .. } | Ask::Counter { .. })
        }
    };
    if possible { Ok(()) } else { Err("something that an answer to that item can be") }
}

/// The first condition that cannot hold beside those before it.
fn contradicted(conditions: &[FormCondition]) -> Option<usize> {
    (0..conditions.len()).find(|at| {
        let this = &conditions[*at];
        conditions[..*at].iter().filter(|other| other.item == this.item).any(|other| exclude(&other.is, &this.is))
    })
}

fn exclude(one: &ConditionIs, other: &ConditionIs) -> bool {
    match (one, other) {
        (ConditionIs::Passed, ConditionIs::Failed) | (ConditionIs::Failed, ConditionIs::Passed) => true,
        (ConditionIs::Equals { option: one }, ConditionIs::Equals { option: other }) => one != other,
        // Numbers come in thousandths, so between the two there must be at least one.
        (ConditionIs::Above { milli: above }, ConditionIs::Below { milli: below })
        | (ConditionIs::Below { milli: below }, ConditionIs::Above { milli: above }) => {
            below.saturating_sub(*above) < 2
        }
        _ => false,
    }
}

/// Which of its conditions leads back to the item itself.
fn in_circle(item: &FormItem, items: &HashMap<&str, &FormItem>) -> Option<usize> {
    (0..item.show_if.len()).find(|at| {
        let (mut open, mut seen) = (vec![item.show_if[*at].item.as_str()], HashSet::new());
        while let Some(key) = open.pop() {
            if key == item.key {
                return true;
            }
            if !seen.insert(key) {
                continue;
            }
            let further = items.get(key).into_iter().flat_map(|item| &item.show_if);
            open.extend(further.map(|condition| condition.item.as_str()));
        }
        false
    })
}
