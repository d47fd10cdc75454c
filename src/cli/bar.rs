//! How far long work is: a bar on a terminal, a line now and then elsewhere.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line tells of the progress where there is no terminal to draw a bar on.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Shows how far something is.
pub(super) struct Bar {
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Bar {
    /// Drawn as this template of indicatif says.
    pub(super) fn new(template: &str) -> Self {
        let draw = || Some(ProgressBar::new(0).with_style(ProgressStyle::with_template(template).ok()?));
        Self { bar: std::io::stderr().is_terminal().then(draw).flatten(), last_line: Instant::now() }
    }

    /// Something else is under way now: what it takes is reckoned anew.
    pub(super) fn begin(&self) {
        if let Some(bar) = &self.bar {
            bar.reset();
        }
    }

    /// It is at `position` of `size`. `message` stands beside the bar; `line` says the same where there is none, given how many percent
    /// are done.
    pub(super) fn show(
        &mut self,
        (position, size): (u64, u64),
        message: impl FnOnce() -> String,
        line: impl FnOnce(String) -> String,
    ) {
        if let Some(bar) = &self.bar {
            bar.set_length(size);
            bar.set_position(position);
            bar.set_message(message());
        } else if self.last_line.elapsed() >= BETWEEN_LINES {
            self.last_line = Instant::now();
            eprintln!("{}", line((position * 100).checked_div(size).unwrap_or(100).to_string()));
        }
    }

    /// Nothing of it stays on the terminal.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
