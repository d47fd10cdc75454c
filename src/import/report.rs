//! What an import came to, for a person.

use std::{collections::BTreeMap, fmt::Write};

use super::{times::Oddity, words::grouped};
use crate::{language::Language, work_order::deadline::DeadlineReport};

/// Most lines that are named for one kind of trouble; all are counted.
const MOST_NAMED: usize = 20;

/// How often something occurred, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// How often.
    pub count: u64,
    /// The first lines.
    pub first: Vec<u64>,
}

impl Lines {
    pub(super) fn add(&mut self, line: u64) {
        self.count += 1;
        if self.first.len() < MOST_NAMED {
            self.first.push(line);
        }
    }

    fn named(&self) -> String {
        let mut text = self.first.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        if self.count > self.first.len() as u64 {
            text.push_str(", …");
        }
        text
    }
}

/// How our judgement compares with what the file itself says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Rows that state a verdict and a deadline.
    pub compared: u64,
    /// Of these, those on which both agree.
    pub agree: u64,
    /// The others.
    pub disagree: Lines,
}

/// How an import ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// At the end of the file.
    #[default]
    Complete,
    /// Somebody stopped it. Run it again to go on.
    Interrupted,
    /// It could not go on, for this reason. What was taken stays.
    Broken(String),
}

/// What an import came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Rows read: taken, here already, and refused.
    pub rows: u64,
    /// Orders that were made.
    pub taken: u64,
    /// Rows whose order was here before.
    pub already_here: u64,
    /// Rows that were not taken.
    pub refused: u64,
    /// Of these, rows whose id stands earlier in the file.
    pub duplicates: u64,
    /// The first refused rows: line and reason.
    pub first_refused: Vec<(u64, String)>,
    /// Order types that were made.
    pub order_types_made: u64,
    /// Sites that were made.
    pub sites_made: u64,
    /// Local times that the clock showed twice or never.
    pub oddities: BTreeMap<Oddity, Lines>,
    /// Rows whose stated verdict is none that the mapping knows.
    pub unknown_verdicts: Lines,
    /// The comparison with the file's own verdicts, if it has any.
    pub agreement: Option<Agreement>,
    /// How all orders of this source stand to their deadlines now.
    pub deadlines: Option<DeadlineReport>,
    /// How it ended.
    pub ended: Ended,
}

impl Report {
    pub(super) fn refuse(&mut self, line: u64, reason: String) {
        self.refused += 1;
        if self.first_refused.len() < MOST_NAMED {
            self.first_refused.push((line, reason));
        }
    }

    /// The report as text, several lines.
    pub fn text(&self, language: Language) -> String {
        let words = language;
        let mut text = String::new();
        let mut line = |sentence: String| _ = writeln!(text, "{sentence}");
        line(self.ending(words));
        let count = |id: &str, number: u64| words.say(id, &[("count", grouped(number))]);
        line(count("import-rows", self.rows));
        line(count("import-taken", self.taken));
        line(count("import-already-here", self.already_here));
        line(count("import-refused", self.refused));
        if self.duplicates > 0 {
            line(count("import-duplicates", self.duplicates));
        }
        for (at, reason) in &self.first_refused {
            line(indented(words.say("import-line", &[("line", at.to_string()), ("reason", reason.clone())])));
        }
        if self.refused > self.first_refused.len() as u64 {
            line(indented(count("import-more-refused", self.refused - self.first_refused.len() as u64)));
        }
        if self.order_types_made + self.sites_made > 0 {
            let args = [("types", grouped(self.order_types_made)), ("sites", grouped(self.sites_made))];
            line(words.say("import-made", &args));
        }
        self.notes(words).into_iter().for_each(&mut line);
        self.figures(words).into_iter().for_each(&mut line);
        text
    }

    fn ending(&self, words: Language) -> String {
        match &self.ended {
            Ended::Complete => words.say("import-complete", &[]),
            Ended::Interrupted => words.say("import-interrupted", &[]),
            Ended::Broken(reason) => words.say("import-broken", &[("reason", reason.clone())]),
        }
    }

    fn notes(&self, words: Language) -> Vec<String> {
        let note =
            |id: &str, lines: &Lines| words.say(id, &[("count", grouped(lines.count)), ("lines", lines.named())]);
        let mut all = Vec::new();
        for (oddity, lines) in &self.oddities {
            all.push(match oddity {
                Oddity::Twice => note("import-twice", lines),
                Oddity::Never => note("import-never", lines),
            });
        }
        if self.unknown_verdicts.count > 0 {
            all.push(note("import-unknown-verdicts", &self.unknown_verdicts));
        }
        all
    }

    fn figures(&self, words: Language) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(figures) = &self.deadlines {
            let rows = [
                ("import-in-time", figures.in_time),
                ("import-late", figures.late),
                ("import-unprovable", figures.unprovable),
                ("import-open-past", figures.open_past_deadline),
                ("import-open-within", figures.open_within_deadline),
                ("import-dropped", figures.dropped),
                ("import-without", figures.without_deadline),
            ];
            all.push(words.say("import-deadlines", &[("count", grouped(figures.total))]));
            // Imported orders are neither unprovable nor dropped unless somebody worked on them here.
            let usual = |id: &str| !matches!(id, "import-unprovable" | "import-dropped");
            let shown = rows.into_iter().filter(|(id, number)| *number > 0 || usual(id));
            all.extend(shown.map(|(id, number)| indented(words.say(id, &[("count", grouped(number))]))));
        }
        if let Some(agreement) = &self.agreement {
            let args = [("agree", grouped(agreement.agree)), ("compared", grouped(agreement.compared))];
            all.push(words.say("import-agreement", &args));
            if agreement.disagree.count > 0 {
                all.push(indented(words.say("import-disagreement", &[("lines", agreement.disagree.named())])));
            }
        }
        all
    }
}

fn indented(sentence: String) -> String {
    format!("  {sentence}")
}
