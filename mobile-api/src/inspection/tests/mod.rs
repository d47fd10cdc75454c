//! Forms by their rules alone: what makes no sense is refused at its own place, and what the answers come to follows from them.

mod evaluate;
mod forms;

use super::*;
use crate::directory::Label;

/// A question.
fn item(key: &str, ask: Ask) -> FormItem {
    FormItem {
        key: key.into(),
        text: Label::new(key, key),
        ask,
        required: true,
        show_if: Vec::new(),
        photo: None,
        explain_failure: false,
        weight: 1,
        critical: false,
        repair: None,
        meter: None,
    }
}

/// The same question, shown only if these hold.
fn shown_if(item: FormItem, conditions: &[(&str, ConditionIs)]) -> FormItem {
    let condition = |(item, is): &(&str, ConditionIs)| FormCondition { item: (*item).into(), is: is.clone() };
    FormItem { show_if: conditions.iter().map(condition).collect(), ..item }
}

fn reading(low_milli: Option<i64>, high_milli: Option<i64>) -> Ask {
    Ask::Reading { unit: "MPa".into(), low_milli, high_milli }
}

fn choice(options: &[(&str, Option<Meaning>)]) -> Ask {
    let option = |(key, means): &(&str, Option<Meaning>)| FormOption {
        key: (*key).into(),
        name: Label::new(key, key),
        means: *means,
    };
    Ask::Choice { options: options.iter().map(option).collect() }
}

/// A form of one section.
fn form(items: Vec<FormItem>) -> Form {
    let section = FormSection { key: "all".into(), name: Label::new("全部", "All"), items };
    Form { sections: vec![section], pass_percent: None, repair_type: None }
}
