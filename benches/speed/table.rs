//! Figures, kept in a file between the runs on a fast and on a slow disk, and printed side by side.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One row of the table, as one run measured it.
#[derive(Clone, Debug)]
struct Row {
    what: String,
    value: f64,
    unit: String,
    /// What it should be, in words; empty if nothing was promised.
    target: String,
}

/// The figures of a run, in the order in which they were measured.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
    save: Option<PathBuf>,
}

/// Whether larger or smaller is better, and from where on it is good enough.
#[derive(Clone, Copy)]
pub enum Target {
    /// At least so much with a fast flush, at least so much with a slow one.
    AtLeast(f64, f64),
    /// At most so much, whatever the disk.
    AtMost(f64),
}

impl Table {
    pub fn new(save: Option<PathBuf>) -> Self {
        Self { rows: Vec::new(), save }
    }

    /// A figure that only says what is.
    pub fn figure(&mut self, what: impl Into<String>, value: f64, unit: &str) {
        self.row(what.into(), value, unit, String::new());
    }

    /// A figure that was promised.
    pub fn promised(&mut self, what: impl Into<String>, value: f64, unit: &str, target: Target) {
        let target = match target {
            Target::AtLeast(fast, slow) if fast == slow => format!("≥ {fast}"),
            Target::AtLeast(fast, slow) => format!("≥ {fast} fast, ≥ {slow} slow"),
            Target::AtMost(most) => format!("≤ {most}"),
        };
        self.row(what.into(), value, unit, target);
    }

    fn row(&mut self, what: String, value: f64, unit: &str, target: String) {
        eprintln!("   {what}: {} {unit} {target}", print(value));
        self.rows.push(Row { what, value, unit: unit.into(), target });
        if let Some(path) = &self.save {
            fs::write(path, self.lines()).expect("the file of figures can be written");
        }
    }

    fn lines(&self) -> String {
        self.rows.iter().map(|r| format!("{}\t{}\t{}\t{}\n", r.what, r.value, r.unit, r.target)).collect()
    }

    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("the file of figures can be read");
        let row = |line: &str| {
            let mut cells = line.split('\t').map(str::to_owned);
            let mut next = || cells.next().expect("four cells");
            Row { what: next(), value: next().parse().expect("a number"), unit: next(), target: next() }
        };
        Self { rows: text.lines().map(row).collect(), save: None }
    }

    /// Of this run alone.
    pub fn markdown(&self) -> String {
        let mut text = "| What | Measured | Target |\n| --- | ---: | --- |\n".to_owned();
        for Row { what, value, unit, target } in &self.rows {
            text += &format!("| {what} | {} {unit} | {target} |\n", print(*value));
        }
        text
    }
}

/// Two runs side by side. What only one of them measured has a dash in the other's column.
pub fn side_by_side(fast: &Path, slow: &Path) -> String {
    let (fast, slow) = (Table::read(fast), Table::read(slow));
    let mut text = "| What | Fast flush | 2 ms slower flush | Target |\n| --- | ---: | ---: | --- |\n".to_owned();
    let only_slow = slow.rows.iter().filter(|row| !fast.rows.iter().any(|other| other.what == row.what));
    for Row { what, unit, target, .. } in fast.rows.iter().chain(only_slow) {
        let cell = |table: &Table| {
            let row = table.rows.iter().find(|row| row.what == *what);
            row.map_or("–".to_owned(), |row| format!("{} {unit}", print(row.value)))
        };
        text += &format!("| {what} | {} | {} | {target} |\n", cell(&fast), cell(&slow));
    }
    text
}

/// Three digits that matter, and a comma for every thousand.
fn print(value: f64) -> String {
    match value.abs() {
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => {
            let digits = format!("{value:.0}");
            let mut text = String::new();
            for (i, digit) in digits.chars().enumerate() {
                if i > 0 && (digits.len() - i).is_multiple_of(3) {
                    text.push(',');
                }
                text.push(digit);
            }
            text
        }
    }
}
