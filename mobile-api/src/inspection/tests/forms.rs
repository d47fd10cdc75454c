//! Forms that make no sense.

use super::*;
use crate::{check::Check, refusal::Refusal, work_order::Priority};

/// Every complaint: where, and what.
fn complaints(form: &Form) -> Vec<String> {
    let mut check = Check::default();
    form.check(&mut check, "");
    let Err(Refusal::Invalid { errors }) = check.finish() else { return Vec::new() };
    errors.into_iter().map(|error| format!("{} {}", error.pointer, error.code)).collect()
}

fn place(at: usize, rest: &str) -> String {
    format!("/sections/0/items/{at}{rest}")
}

#[test]
fn conditions_that_go_round_in_a_circle_are_refused() {
    let own = form(vec![shown_if(item("a", Ask::PassFail), &[("a", ConditionIs::Failed)])]);
    assert_eq!(complaints(&own), [place(0, "/show_if/0/item loop")]);
    let three = form(vec![
        shown_if(item("a", Ask::PassFail), &[("c", ConditionIs::Failed)]),
        shown_if(item("b", Ask::PassFail), &[("a", ConditionIs::Failed)]),
        shown_if(item("c", Ask::PassFail), &[("b", ConditionIs::Failed)]),
        shown_if(item("d", Ask::PassFail), &[("c", ConditionIs::Failed)]),
    ]);
    let circle = [0, 1, 2].map(|at| place(at, "/show_if/0/item loop"));
    assert_eq!(complaints(&three), circle, "who only hangs on a circle is not in it");
}

#[test]
fn conditions_that_can_never_hold_are_refused() {
    let options = choice(&[("red", Some(Meaning::Fail)), ("green", None)]);
    let equals = |option: &str| ConditionIs::Equals { option: option.into() };
    let on = |conditions: &[(&str, ConditionIs)]| {
        let shown = shown_if(item("shown", Ask::Text), conditions);
        let others = [item("ok", Ask::PassFail), item("colour", options.clone()), item("bar", reading(Some(1), None))];
        complaints(&form(others.into_iter().chain([item("words", Ask::Text), shown]).collect()))
    };
    let never = |at: usize| vec![place(4, &format!("/show_if/{at} contradiction"))];
    assert_eq!(on(&[("ok", ConditionIs::Failed), ("ok", ConditionIs::Passed)]), never(1));
    assert_eq!(on(&[("colour", equals("red")), ("colour", equals("green"))]), never(1));
    assert_eq!(on(&[("bar", ConditionIs::Above { milli: 9 }), ("bar", ConditionIs::Below { milli: 10 })]), never(1));
    assert_eq!(
        on(&[("bar", ConditionIs::Above { milli: 9 }), ("bar", ConditionIs::Below { milli: 11 })]),
        [] as [&str; 0]
    );
    assert_eq!(on(&[("colour", equals("blue"))]), never(0), "there is no such option");
    assert_eq!(on(&[("words", ConditionIs::Failed)]), never(0), "words never fail");
    assert_eq!(on(&[("ok", ConditionIs::Above { milli: 1 })]), never(0), "that is no number");
    assert_eq!(on(&[("colour", ConditionIs::Passed)]), never(0), "no option says that it is good");
}

#[test]
fn a_condition_on_an_item_that_is_missing_is_refused() {
    let lost = form(vec![shown_if(item("a", Ask::PassFail), &[("b", ConditionIs::Failed)])]);
    assert_eq!(complaints(&lost), [place(0, "/show_if/0/item bad_reference")]);
}

#[test]
fn limits_reversed_and_choices_without_options_are_refused() {
    let wrong = form(vec![
        item("limits", reading(Some(450), Some(250))),
        item("none", choice(&[])),
        item("twice", choice(&[("a", None), ("a", None)])),
        item("limits", Ask::PassFail),
        item("photos", Ask::Photo { least: 0 }),
    ]);
    assert_eq!(
        complaints(&wrong),
        [
            place(0, "/ask/high_milli out_of_range"),
            place(1, "/ask/options out_of_range"),
            place(2, "/ask/options/1/key duplicate"),
            place(3, "/key duplicate"),
            place(4, "/ask/least out_of_range"),
        ],
        "each thing at its own place"
    );
    assert_eq!(complaints(&form(vec![item("even", reading(Some(1), Some(1)))])), [] as [&str; 0]);
    assert_eq!(
        complaints(&form(vec![item("deep", reading(Some(i64::MIN), None))])),
        [place(0, "/ask/low_milli out_of_range")]
    );
}

#[test]
fn what_cannot_fail_is_not_critical_and_becomes_no_order() {
    let repair = Some(RepairRule { order_type: None, priority: Priority::Normal });
    let words = FormItem { critical: true, repair, ..item("words", Ask::Text) };
    assert_eq!(
        complaints(&form(vec![words])),
        [place(0, "/repair contradiction"), place(0, "/critical contradiction")]
    );
}

#[test]
fn a_form_of_ten_thousand_items_is_one_complaint() {
    let endless = form((0..10_000).map(|at| item(&format!("i{at}"), Ask::PassFail)).collect());
    assert_eq!(complaints(&endless), ["/sections out_of_range"]);
    let most = form((0..MOST_ITEMS).map(|at| item(&format!("i{at}"), Ask::PassFail)).collect());
    assert_eq!(complaints(&most), [] as [&str; 0]);
    assert_eq!(complaints(&Form::default()), ["/sections out_of_range"]);
}

#[test]
fn the_longest_chain_of_conditions_is_judged_at_once() {
    let chain = (0..MOST_ITEMS).rev().map(|at| match at {
        0 => item("i0", Ask::PassFail),
        _ => shown_if(item(&format!("i{at}"), Ask::PassFail), &[(&format!("i{}", at - 1), ConditionIs::Failed)]),
    });
    let chain = form(chain.collect());
    let begun = std::time::Instant::now();
    assert_eq!(complaints(&chain), [] as [&str; 0]);
    let judged = evaluate(&chain, None, None, |_| Given { value: Some(&AnswerValue::Fail), ..Given::default() });
    assert_eq!(judged.len(), MOST_ITEMS);
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}
