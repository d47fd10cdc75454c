//! The page behind the link: what was done, how it was, and a form. It needs no script and no other file.

use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use mobile_api::{
    directory::Label,
    return_visit::{Satisfaction, Survey, zone_of},
};

use super::{
    form::{MOST_WORDS, SCORE, Sent, Wrong},
    store::Linked,
};
use crate::{certificate::words::Words, language::Language};

#[derive(Default, Template)]
#[template(path = "survey_link/page.html")]
struct SurveyPage {
    lang: &'static str,
    firm: String,
    title: String,
    number: String,
    class: &'static str,
    state: String,
    about: String,
    job: String,
    form: Option<Form>,
}

struct Form {
    wrong: String,
    question: String,
    choices: Vec<Choice>,
    scores: Vec<Score>,
    scale: String,
    label: String,
    words: String,
    most: usize,
    button: String,
}

struct Choice {
    value: &'static str,
    text: String,
    chosen: bool,
}

struct Score {
    name: String,
    text: String,
    points: Vec<(u8, bool)>,
}

impl Linked {
    fn survey(&self) -> Option<&Survey> {
        self.visit.survey.as_ref()
    }

    /// Whether it can be answered at `now`.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.survey().is_some_and(|survey| survey.answer.is_none() && now <= survey.until)
    }
}

/// The page of a survey. `typed` is what was sent but could not be taken, and why.
///
/// # Errors
/// If the template fails, which no input is known to bring about.
pub fn survey(
    linked: &Linked,
    now: DateTime<Utc>,
    language: Language,
    typed: Option<(Wrong, Sent)>,
) -> Result<String, askama::Error> {
    let words = Words { language, zone: zone_of(&linked.firm, linked.site.as_ref()) };
    let until = linked.survey().map(|survey| words.instant(survey.until)).unwrap_or_default();
    let (class, state) = match linked.survey() {
        Some(Survey { answer: Some(_), .. }) => ("unchanged", "thanks"),
        _ if linked.is_open(now) => ("changed", "open"),
        _ => ("mismatch", "expired"),
    };
    SurveyPage {
        lang: language.tag(),
        firm: linked.firm.name.clone(),
        title: words.say("survey-title"),
        number: linked.visit.number.clone().unwrap_or_default(),
        class,
        state: words.say(&format!("survey-{state}")),
        about: words.say_with(&format!("survey-{state}-about"), &[("until", until)]),
        job: linked.visit.fault.clone(),
        form: (state == "open").then(|| form(linked, words, typed)),
    }
    .render()
}

fn form(linked: &Linked, words: Words, typed: Option<(Wrong, Sent)>) -> Form {
    let (wrong, sent) = typed.map_or((None, Sent::new()), |(wrong, sent)| (Some(wrong), sent));
    let value = |name: &str| sent.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.as_str());
    let choice = |said: Satisfaction| Choice {
        value: said.as_str(),
        text: words.say(&format!("survey-{}", said.as_str())),
        chosen: value("satisfaction") == Some(said.as_str()),
    };
    let in_language =
        |label: &Label| if words.language == Language::English { label.en.clone() } else { label.zh.clone() };
    let scores = linked.firm.return_visits.script.scores.iter().map(|line| {
        let name = format!("{SCORE}{}", line.code);
        let given: Option<u8> = value(&name).and_then(|points| points.parse().ok());
        Score { text: in_language(&line.text), points: (1..=5).map(|n| (n, given == Some(n))).collect(), name }
    });
    let wrong = match wrong {
        None => String::new(),
        Some(Wrong::NothingChosen) => words.say("survey-wrong-nothing"),
        Some(Wrong::Unreadable) => words.say("survey-wrong-unreadable"),
        Some(Wrong::TooLong) => words.say("survey-wrong-long"),
    };
    Form {
        wrong,
        question: words.say("survey-question"),
        choices: Satisfaction::ALL.into_iter().map(choice).collect(),
        scores: scores.collect(),
        scale: words.say("survey-scale"),
        label: words.say("survey-words"),
        words: value("words").unwrap_or_default().to_owned(),
        most: MOST_WORDS,
        button: words.say("survey-send"),
    }
}

/// What is answered to a code that nobody gave out.
///
/// # Errors
/// If the template fails, which no input is known to bring about.
pub fn unknown(language: Language) -> Result<String, askama::Error> {
    let words = Words { language, zone: Tz::UTC };
    SurveyPage {
        lang: language.tag(),
        title: words.say("survey-title"),
        class: "mismatch",
        state: words.say("survey-unknown"),
        about: words.say("survey-unknown-about"),
        ..SurveyPage::default()
    }
    .render()
}
