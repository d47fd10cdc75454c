//! What answers come to.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

type Answers<'a> = HashMap<&'a str, AnswerValue>;

fn judged(form: &Form, answers: &Answers<'_>) -> (Vec<String>, InspectionResult) {
    let judged = evaluate(form, None, None, |item| Given { value: answers.get(item.key.as_str()), ..Given::default() });
    let result = InspectionResult::of(form, &judged);
    (judged.into_iter().map(|one| one.item).collect(), result)
}

fn number(milli: i64) -> AnswerValue {
    AnswerValue::Number { milli }
}

#[test]
fn an_item_is_shown_when_another_fails_equals_or_is_beyond_its_limit() {
    let form = form(vec![
        shown_if(item("why", Ask::Text), &[("pressure", ConditionIs::Failed)]),
        item("pressure", reading(Some(250), Some(450))),
        item("mode", choice(&[("auto", Some(Meaning::Pass)), ("off", Some(Meaning::Fail))])),
        shown_if(item("since", Ask::Text), &[("mode", ConditionIs::Equals { option: "off".into() })]),
        shown_if(
            item("high", Ask::Text),
            &[("pressure", ConditionIs::Above { milli: 500 }), ("mode", ConditionIs::Answered)],
        ),
    ]);
    let off = AnswerValue::Option { option: "off".into() };
    assert_eq!(judged(&form, &HashMap::new()).0, ["pressure", "mode"]);
    assert_eq!(
        judged(&form, &HashMap::from([("pressure", number(450))])).0,
        ["pressure", "mode"],
        "the limit itself is in order"
    );
    assert_eq!(judged(&form, &HashMap::from([("pressure", number(451))])).0, ["why", "pressure", "mode"]);
    let both = HashMap::from([("pressure", number(501)), ("mode", off)]);
    assert_eq!(judged(&form, &both).0, ["why", "pressure", "mode", "since", "high"], "in the order of the form");
}

#[test]
fn points_are_counted_of_what_applies_and_a_critical_failure_fails_all() {
    let heavy = FormItem { weight: 3, ..item("heavy", Ask::PassFail) };
    let critical = FormItem { critical: true, weight: 0, ..item("critical", Ask::PassFail) };
    let form = Form {
        pass_percent: Some(75),
        ..form(vec![heavy, item("light", Ask::PassFail), item("na", Ask::PassFail), critical])
    };
    let mut answers = HashMap::from([
        ("heavy", AnswerValue::Pass),
        ("light", AnswerValue::Fail),
        ("na", AnswerValue::NotApplicable),
        ("critical", AnswerValue::Pass),
    ]);
    let result = judged(&form, &answers).1;
    assert_eq!((result.points, result.of, result.percent, result.passed), (3, 4, Some(75), true));
    answers.insert("critical", AnswerValue::Fail);
    let result = judged(&form, &answers).1;
    assert_eq!((result.percent, result.critical, result.passed), (Some(75), true, false));
    let strict = Form { pass_percent: None, ..form.clone() };
    answers.insert("critical", AnswerValue::Pass);
    assert!(!judged(&strict, &answers).1.passed, "without a mark nothing may fail");
}

#[test]
fn what_is_required_depends_on_the_answer() {
    let leaks = FormItem { photo: Some(PhotoWhen::IfFailed), explain_failure: true, ..item("leaks", Ask::PassFail) };
    let signature = item("customer", Ask::Signature { role: SignerRole::Customer });
    let form = form(vec![leaks, FormItem { required: false, ..item("words", Ask::Text) }, signature]);
    let missing = |answers: &Answers<'_>| {
        judged(&form, answers).1.missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(missing(&HashMap::new()), "answer of `leaks`, signature of `customer`");
    assert_eq!(missing(&HashMap::from([("leaks", AnswerValue::Pass)])), "signature of `customer`");
    let failed = HashMap::from([("leaks", AnswerValue::Fail)]);
    assert_eq!(missing(&failed), "photo of `leaks`, note of `leaks`, signature of `customer`");
}

#[test]
fn an_answer_of_another_type_is_none() {
    let asks = [
        Ask::PassFail,
        choice(&[("a", None)]),
        reading(None, None),
        Ask::Counter { unit: "h".into() },
        Ask::Text,
        Ask::Photo { least: 1 },
        Ask::Signature { role: SignerRole::Customer },
    ];
    let values = [
        AnswerValue::Pass,
        AnswerValue::Option { option: "a".into() },
        AnswerValue::Option { option: "b".into() },
        number(-1),
        AnswerValue::Text { text: "x".into() },
        AnswerValue::NotApplicable,
    ];
    let fits =
        |ask: &Ask| values.iter().map(|value| if ask.verdict(value).is_some() { 'x' } else { '.' }).collect::<String>();
    let table: Vec<String> = asks.iter().map(fits).collect();
    assert_eq!(table, ["x....x", ".x...x", "...x.x", ".....x", "....xx", "......", "......"]);
}

proptest! {
    /// Whatever is answered: points never exceed what there is to get, every gap is of an item that is shown, and the order in which
    /// the items stand changes nothing of the sum.
    #[test]
    fn the_sum_follows_from_the_answers_alone(answers in proptest::collection::vec(0u8..4, 12), links in proptest::collection::vec(0usize..12, 12)) {
        let items: Vec<FormItem> = (0..12).map(|at| {
            let plain = FormItem { weight: at as u32, ..item(&format!("i{at}"), Ask::PassFail) };
            // Each hangs on an earlier one, or on none.
            if links[at] < at { shown_if(plain, &[(&format!("i{}", links[at]), ConditionIs::Failed)]) } else { plain }
        }).collect();
        let value = |at: usize| match answers[at] {
            0 => None,
            1 => Some(AnswerValue::Pass),
            2 => Some(AnswerValue::Fail),
            _ => Some(AnswerValue::NotApplicable),
        };
        let keys: Vec<String> = (0..12).map(|at| format!("i{at}")).collect();
        let given: Answers<'_> = (0..12).filter_map(|at| Some((keys[at].as_str(), value(at)?))).collect();
        let (shown, result) = judged(&form(items.clone()), &given);
        prop_assert!(result.points <= result.of);
        prop_assert!(result.missing.iter().all(|gap| gap.item.as_ref().is_some_and(|item| shown.contains(item))));
        let (_, turned) = judged(&form(items.into_iter().rev().collect()), &given);
        prop_assert_eq!((turned.points, turned.of, turned.failed, turned.passed), (result.points, result.of, result.failed, result.passed));
    }
}
