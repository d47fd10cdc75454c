//! What the answers come to: which items are shown, what is missing, what failed, how many points.
//!
//! A pure function of form and answers, so that an administrator can try a draft out, the phone can show the result without
//! signal, and the server finds the same.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::form::{AnswerValue, Ask, ConditionIs, Form, FormItem, FormSection, Meaning, PhotoWhen};

/// What there is to one item at one point.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    /// The answer that counts.
    pub value: Option<&'a AnswerValue>,
    /// How many photos.
    pub photos: u32,
    /// Whether there is a note.
    pub noted: bool,
    /// Whether somebody of the role wanted has signed.
    pub signed: bool,
}

/// What an item came to at one point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Judged {
    /// The point of the round; absent if there are no points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The item.
    pub item: String,
    /// What its answer means; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Meaning>,
    /// What is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<Lack>,
}

/// What can be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// An answer.
    Answer,
    /// A photo.
    Photo,
    /// A note that explains the failure.
    Note,
    /// A signature.
    Signature,
    /// The point was not visited.
    Visit,
}

/// Something required that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gap {
    /// The point; absent if there are no points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The item; absent if the whole point is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// What is missing.
    pub lacks: Lack,
}

/// What an inspection came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InspectionResult {
    /// Whether it is passed.
    pub passed: bool,
    /// Points got.
    pub points: u32,
    /// Points there were to get.
    pub of: u32,
    /// The same in whole percent, rounded down; absent if nothing had points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u32>,
    /// How many answers failed.
    pub failed: u32,
    /// Whether one of them was critical.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub critical: bool,
    /// Required, and not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Gap>,
}

/// Judges the items of some sections (`None`: of all) at one point. Items that are not shown are not in the answer.
pub fn evaluate<'a>(
    form: &Form,
    sections: Option<&[String]>,
    point: Option<&str>,
    given: impl Fn(&FormItem) -> Given<'a>,
) -> Vec<Judged> {
    let asked = |section: &FormSection| sections.is_none_or(|keys| keys.is_empty() || keys.contains(&section.key));
    let mut seen: HashMap<&str, (Option<Meaning>, Option<&'a AnswerValue>, bool)> = HashMap::new();
    let mut judged = Vec::new();
    for item in in_order(form, asked) {
        let shown = item.show_if.iter().all(|condition| {
            let other = seen.get(condition.item.as_str());
            other.is_some_and(|(verdict, value, answered)| holds(&condition.is, *verdict, *value, *answered))
        });
        if !shown {
            continue;
        }
        let there = given(item);
        let verdict = there.value.and_then(|value| item.ask.verdict(value));
        let lacks = lacks(item, verdict, &there);
        let answered =
            verdict.is_some() || matches!(item.ask, Ask::Photo { .. } | Ask::Signature { .. }) && lacks.is_empty();
        seen.insert(&item.key, (verdict, there.value, answered));
        judged.push(Judged { point: point.map(Into::into), item: item.key.clone(), verdict, lacks });
    }
    let places: HashMap<&str, usize> =
        form.items().enumerate().map(|(at, (_, item))| (item.key.as_str(), at)).collect();
    judged.sort_by_key(|one| places.get(one.item.as_str()).copied());
    judged
}

/// The items in an order in which each comes after those that it depends on.
fn in_order(form: &Form, asked: impl Fn(&FormSection) -> bool) -> Vec<&FormItem> {
    let mut waiting: Vec<&FormItem> =
        form.items().filter(|(section, _)| asked(section)).map(|(_, item)| item).collect();
    let mut ordered: Vec<&FormItem> = Vec::with_capacity(waiting.len());
    // A published form has no circles; the bound keeps one that came by another way from being walked for ever.
    while !waiting.is_empty() {
        let keys: HashSet<&str> = waiting.iter().map(|item| item.key.as_str()).collect();
        let (later, now): (Vec<&FormItem>, Vec<&FormItem>) =
            waiting.iter().partition(|item| item.show_if.iter().any(|other| keys.contains(other.item.as_str())));
        if now.is_empty() {
            break;
        }
        ordered.extend(now);
        waiting = later;
    }
    ordered
}

fn holds(is: &ConditionIs, verdict: Option<Meaning>, value: Option<&AnswerValue>, answered: bool) -> bool {
    let number = if let Some(AnswerValue::Number { milli }) = value { Some(*milli) } else { None };
    match is {
        ConditionIs::Answered => answered,
        ConditionIs::Passed => verdict == Some(Meaning::Pass),
        ConditionIs::Failed => verdict == Some(Meaning::Fail),
        ConditionIs::Equals { option } => {
            matches!(value, Some(AnswerValue::Option { option: chosen }) if chosen == option)
        }
        ConditionIs::Above { milli } => number.is_some_and(|number| number > *milli),
        ConditionIs::Below { milli } => number.is_some_and(|number| number < *milli),
    }
}

fn lacks(item: &FormItem, verdict: Option<Meaning>, given: &Given<'_>) -> Vec<Lack> {
    let failed = verdict == Some(Meaning::Fail);
    let mut lacks = Vec::new();
    match item.ask {
        Ask::Photo { least } if item.required && given.photos < least => lacks.push(Lack::Photo),
        Ask::Signature { .. } if item.required && !given.signed => lacks.push(Lack::Signature),
        Ask::Photo { .. } | Ask::Signature { .. } => {}
        _ if item.required && verdict.is_none() => lacks.push(Lack::Answer),
        _ => {}
    }
    let photo = match item.photo {
        Some(PhotoWhen::Always) => verdict.is_some() && verdict != Some(Meaning::NotApplicable),
        Some(PhotoWhen::IfFailed) => failed,
        None => false,
    };
    if photo && given.photos == 0 {
        lacks.push(Lack::Photo);
    }
    if item.explain_failure && failed && !given.noted {
        lacks.push(Lack::Note);
    }
    lacks
}

impl InspectionResult {
    /// Adds up what the items came to.
    pub fn of(form: &Form, judged: &[Judged]) -> Self {
        let weights: HashMap<&str, &FormItem> = form.items().map(|(_, item)| (item.key.as_str(), item)).collect();
        let mut result = Self::default();
        for one in judged {
            let Some(item) = weights.get(one.item.as_str()) else { continue };
            match one.verdict {
                Some(Meaning::Pass) => {
                    result.points += item.weight;
                    result.of += item.weight;
                }
                Some(Meaning::Fail) => {
                    result.of += item.weight;
                    result.failed += 1;
                    result.critical |= item.critical;
                }
                Some(Meaning::NotApplicable | Meaning::Neutral) | None => {}
            }
            let gap = |lacks: &Lack| Gap { point: one.point.clone(), item: Some(one.item.clone()), lacks: *lacks };
            result.missing.extend(one.lacks.iter().map(gap));
        }
        result.percent = (u64::from(result.points) * 100)
            .checked_div(result.of.into())
            .and_then(|percent| u32::try_from(percent).ok());
        result.passed = !result.critical
            && match form.pass_percent {
                Some(least) => result.percent.is_none_or(|percent| percent >= least),
                None => result.failed == 0,
            };
        result
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = self.point.iter().chain(&self.item).map(String::as_str).collect::<Vec<_>>().join("/");
        let lacks = match self.lacks {
            Lack::Answer => "answer",
            Lack::Photo => "photo",
            Lack::Note => "note",
            Lack::Signature => "signature",
            Lack::Visit => "visit",
        };
        write!(f, "{lacks} of `{place}`")
    }
}
