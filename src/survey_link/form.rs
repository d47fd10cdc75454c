//! What the page's form sends, read without believing any of it.

use mobile_api::return_visit::{AnswerSurvey, Satisfaction, Scores, Script};

/// What somebody sent: names and values as a browser sends them, in any order, any of them missing.
pub(super) type Sent = Vec<(String, String)>;

/// What the name of a score begins with.
pub(super) const SCORE: &str = "score-";

/// What is wrong with what was sent, or what was answered.
pub(super) fn read(sent: &Sent, script: &Script) -> Result<AnswerSurvey, Wrong> {
    let value = |name: &str| sent.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.trim());
    let satisfaction: Satisfaction = match value("satisfaction").filter(|value| !value.is_empty()) {
        None => return Err(Wrong::NothingChosen),
        Some(word) => word.parse().map_err(|_| Wrong::Unreadable)?,
    };
    let mut scores = Scores::new();
    for line in &script.scores {
        let Some(points) = value(&format!("{SCORE}{}", line.code)).filter(|points| !points.is_empty()) else {
            continue;
        };
        let points = points.parse().ok().filter(|points| (1..=5).contains(points)).ok_or(Wrong::Unreadable)?;
        scores.insert(line.code.clone(), points);
    }
    let words = value("words").filter(|words| !words.is_empty()).map(str::to_owned);
    if words.as_ref().is_some_and(|words| words.chars().count() > MOST_WORDS) {
        return Err(Wrong::TooLong);
    }
    Ok(AnswerSurvey { satisfaction, scores, words })
}

/// Most characters in the customer's own words.
pub(super) const MOST_WORDS: usize = 2000;

/// Why it cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The one question that must be answered was not.
    NothingChosen,
    /// A browser that shows our page sends nothing like it.
    Unreadable,
    /// Too many words.
    TooLong,
}
