//! What the import of a table came to, or would come to, for a person.

use std::fmt::Write;

use super::Encoding;
use crate::{
    import::{Ended, words::grouped},
    language::Language,
};

/// Most lines that are named for one kind of news; all are counted.
const MOST_NAMED: usize = 20;

/// What a row changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its line.
    pub line: u64,
    /// What the thing is called by: a code, an id.
    pub key: String,
    /// What becomes of it.
    pub what: What,
}

/// What becomes of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It is made.
    New,
    /// It gets another price.
    Price {
        /// What it cost.
        old: String,
        /// What it is to cost.
        new: String,
    },
    /// Something else of it changes.
    Particulars,
    /// Nothing.
    Unchanged,
}

impl Change {
    pub(in crate::import) fn is_any(&self) -> bool {
        self.what != What::Unchanged
    }

    fn told(&self, words: Language) -> String {
        let [line, key] = [("line", self.line.to_string()), ("key", self.key.clone())];
        match &self.what {
            What::Price { old, new } => {
                words.say("table-line-price", &[line, key, ("old", old.clone()), ("new", new.clone())])
            }
            What::New | What::Particulars | What::Unchanged => words.say("table-line-particulars", &[line, key]),
        }
    }
}

/// What an import of a table came to.
#[derive(Clone, Debug)]
pub struct TableReport {
    /// Rows read.
    pub rows: u64,
    /// Rows whose thing is made.
    pub new: u64,
    /// Rows whose thing gets other particulars, a price for instance.
    pub changed: u64,
    /// Rows whose thing is as it is.
    pub unchanged: u64,
    /// Rows that were not taken.
    pub refused: u64,
    /// Things that were stored.
    pub stored: u64,
    /// The first changes.
    pub first_changes: Vec<Change>,
    /// The first refused rows: line and reason.
    pub first_refused: Vec<(u64, String)>,
    /// How the file is written.
    pub encoding: Encoding,
    /// Whether that was found out, not said.
    pub detected: bool,
    /// Whether it only tells what would happen.
    pub preview: bool,
    /// Whether nothing was stored because of refused rows, or would be.
    pub blocked: bool,
    /// How it ended.
    pub ended: Ended,
}

impl TableReport {
    pub(in crate::import) fn new(encoding: Encoding, detected: bool, preview: bool) -> Self {
        Self {
            rows: 0,
            new: 0,
            changed: 0,
            unchanged: 0,
            refused: 0,
            stored: 0,
            first_changes: Vec::new(),
            first_refused: Vec::new(),
            encoding,
            detected,
            preview,
            blocked: false,
            ended: Ended::Complete,
        }
    }

    fn counter(&mut self, change: &Change) -> &mut u64 {
        match change.what {
            What::New => &mut self.new,
            What::Price { .. } | What::Particulars => &mut self.changed,
            What::Unchanged => &mut self.unchanged,
        }
    }

    pub(in crate::import) fn count(&mut self, change: &Change) {
        *self.counter(change) += 1;
        // A new thing is no news among thousands; a changed price is what somebody wants to look at.
        let told = matches!(change.what, What::Price { .. } | What::Particulars);
        if told && self.first_changes.len() < MOST_NAMED {
            self.first_changes.push(change.clone());
        }
    }

    /// The door did not take it after all.
    pub(in crate::import) fn uncount(&mut self, change: &Change) {
        *self.counter(change) -= 1;
        self.first_changes.retain(|known| known != change);
    }

    pub(in crate::import) fn refuse(&mut self, line: u64, reason: String) {
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
        if self.detected && self.encoding != Encoding::Utf8 {
            line(words.say("table-detected", &[("encoding", self.encoding.name().into())]));
        }
        let count = |id: &str, number: u64| words.say(id, &[("count", grouped(number))]);
        line(count("table-rows", self.rows));
        line(count("table-new", self.new));
        line(count("table-changed", self.changed));
        for change in &self.first_changes {
            line(format!("  {}", change.told(words)));
        }
        if self.changed > self.first_changes.len() as u64 {
            line(format!("  {}", count("table-more-changed", self.changed - self.first_changes.len() as u64)));
        }
        line(count("table-unchanged", self.unchanged));
        line(count("table-refused", self.refused));
        for (at, reason) in &self.first_refused {
            let args = [("line", at.to_string()), ("reason", reason.clone())];
            line(format!("  {}", words.say("table-line", &args)));
        }
        if self.refused > self.first_refused.len() as u64 {
            line(format!("  {}", count("table-more-refused", self.refused - self.first_refused.len() as u64)));
        }
        text
    }

    fn ending(&self, words: Language) -> String {
        match &self.ended {
            Ended::Interrupted => words.say("table-interrupted", &[]),
            Ended::Broken(reason) => words.say("table-broken", &[("reason", reason.clone())]),
            Ended::Complete if self.preview && self.blocked => words.say("table-preview-blocked", &[]),
            Ended::Complete if self.preview => words.say("table-preview", &[]),
            Ended::Complete if self.blocked => words.say("table-blocked", &[]),
            Ended::Complete => words.say("table-complete", &[("count", grouped(self.stored))]),
        }
    }
}
