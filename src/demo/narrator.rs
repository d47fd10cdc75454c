//! Tells the demonstration's reader what happens, in their language and at their pace.

use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use indicatif::{ProgressBar, ProgressStyle};

use crate::language::Language;

/// The voice of the demonstration.
pub struct Narrator {
    language: Language,
    pace: Duration,
}

impl Narrator {
    /// Speaks `language`, and waits `pace` after each line so that it can be read.
    pub fn new(language: Language, pace: Duration) -> Self {
        Self { language, pace }
    }

    /// The sentence of this id with these values; the id itself if there is none.
    pub fn text(&self, id: &str, args: &[(&'static str, String)]) -> String {
        self.language.say(id, args)
    }

    /// The reader's language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A new scene.
    pub async fn scene(&self, id: &str, args: &[(&'static str, String)]) {
        println!("\n━━ {}", self.text(id, args));
        tokio::time::sleep(self.pace).await;
    }

    /// One thing that happens.
    pub async fn tell(&self, id: &str, args: &[(&'static str, String)]) {
        println!("   {}", self.text(id, args));
        tokio::time::sleep(self.pace).await;
    }

    /// Shows that something takes a while.
    pub fn wait_for(&self, id: &str, args: &[(&'static str, String)]) -> ProgressBar {
        let spinner = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
            spinner.set_style(style);
        }
        spinner.set_message(self.text(id, args));
        spinner.enable_steady_tick(Duration::from_millis(120));
        spinner
    }

    /// A table with these columns.
    pub fn table(&self, columns: &[&str], rows: Vec<Vec<String>>) {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(columns.iter().map(|column| self.text(column, &[])));
        table.add_rows(rows);
        println!("{table}");
    }
}
