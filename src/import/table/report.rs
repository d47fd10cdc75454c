//! What the import of a price list came to, or would come to, for a person.

use std::fmt::Write;

use mobile_api::{
    directory::{PriceItem, PriceItemSave},
    money::Money,
};

use super::Encoding;
use crate::{
    import::{
        Ended,
        words::{Words, grouped},
    },
    language::Language,
};

/// Most lines that are named for one kind of news; all are counted.
const MOST_NAMED: usize = 20;

/// What a row changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its line.
    pub line: u64,
    /// The item's code.
    pub code: String,
    /// What becomes of the item.
    pub what: What,
}

/// What becomes of an item.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// It is made.
    New(Money),
    /// It gets another price.
    Price {
        /// What it cost.
        old: Money,
        /// What it is to cost.
        new: Money,
    },
    /// Something else of it changes.
    Particulars,
    /// Nothing.
    Unchanged,
}

impl Change {
    pub(super) fn between(line: u64, before: Option<&PriceItem>, save: &PriceItemSave) -> Self {
        let what = match before {
            None => What::New(save.price),
            Some(item) if item.price != save.price => What::Price { old: item.price, new: save.price },
            Some(item) if save.changes_nothing_of(item) => What::Unchanged,
            Some(_) => What::Particulars,
        };
        Self { line, code: save.code.clone(), what }
    }

    pub(super) fn is_any(&self) -> bool {
        self.what != What::Unchanged
    }

    fn told(&self, words: Words) -> String {
        let common = [("line", self.line.to_string()), ("code", self.code.clone())];
        let [line, code] = common;
        match &self.what {
            What::Price { old, new } => {
                words.say("prices-line-price", &[line, code, ("old", old.to_string()), ("new", new.to_string())])
            }
            What::New(_) | What::Particulars | What::Unchanged => words.say("prices-line-particulars", &[line, code]),
        }
    }
}

/// What an import of prices came to.
#[derive(Clone, Debug)]
pub struct PriceReport {
    /// Rows read.
    pub rows: u64,
    /// Rows whose item is made.
    pub new: u64,
    /// Rows whose item gets another price, or other particulars.
    pub changed: u64,
    /// Rows whose item is as it is.
    pub unchanged: u64,
    /// Rows that were not taken.
    pub refused: u64,
    /// Items that were stored.
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

impl PriceReport {
    pub(super) fn new(encoding: Encoding, detected: bool, preview: bool) -> Self {
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
            What::New(_) => &mut self.new,
            What::Price { .. } | What::Particulars => &mut self.changed,
            What::Unchanged => &mut self.unchanged,
        }
    }

    pub(super) fn count(&mut self, change: &Change) {
        *self.counter(change) += 1;
        // A new item is no news among thousands; a changed price is what somebody wants to look at.
        let told = matches!(change.what, What::Price { .. } | What::Particulars);
        if told && self.first_changes.len() < MOST_NAMED {
            self.first_changes.push(change.clone());
        }
    }

    /// The door did not take it after all.
    pub(super) fn uncount(&mut self, change: &Change) {
        *self.counter(change) -= 1;
        self.first_changes.retain(|known| known != change);
    }

    pub(super) fn refuse(&mut self, line: u64, reason: String) {
        self.refused += 1;
        if self.first_refused.len() < MOST_NAMED {
            self.first_refused.push((line, reason));
        }
    }

    /// The report as text, several lines.
    pub fn text(&self, language: Language) -> String {
        let words = Words(language);
        let mut text = String::new();
        let mut line = |sentence: String| _ = writeln!(text, "{sentence}");
        line(self.ending(words));
        if self.detected && self.encoding != Encoding::Utf8 {
            line(words.say("prices-detected", &[("encoding", self.encoding.name().into())]));
        }
        let count = |id: &str, number: u64| words.say(id, &[("count", grouped(number))]);
        line(count("prices-rows", self.rows));
        line(count("prices-new", self.new));
        line(count("prices-changed", self.changed));
        for change in &self.first_changes {
            line(format!("  {}", change.told(words)));
        }
        if self.changed > self.first_changes.len() as u64 {
            line(format!("  {}", count("prices-more-changed", self.changed - self.first_changes.len() as u64)));
        }
        line(count("prices-unchanged", self.unchanged));
        line(count("prices-refused", self.refused));
        for (at, reason) in &self.first_refused {
            let args = [("line", at.to_string()), ("reason", reason.clone())];
            line(format!("  {}", words.say("prices-line", &args)));
        }
        if self.refused > self.first_refused.len() as u64 {
            line(format!("  {}", count("prices-more-refused", self.refused - self.first_refused.len() as u64)));
        }
        text
    }

    fn ending(&self, words: Words) -> String {
        match &self.ended {
            Ended::Interrupted => words.say("prices-interrupted", &[]),
            Ended::Broken(reason) => words.say("prices-broken", &[("reason", reason.clone())]),
            Ended::Complete if self.preview && self.blocked => words.say("prices-preview-blocked", &[]),
            Ended::Complete if self.preview => words.say("prices-preview", &[]),
            Ended::Complete if self.blocked => words.say("prices-blocked", &[]),
            Ended::Complete => words.say("prices-complete", &[("count", grouped(self.stored))]),
        }
    }
}
