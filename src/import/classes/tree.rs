//! Rows as classes, each after the one that it is part of; or the reason why not.

use std::collections::{HashMap, HashSet};

use csv::{ByteRecord, StringRecord};
use mobile_api::{complaint::ComplaintClassSave, directory::Label};

use super::{ClassMapping, mapping::ClassColumns};
use crate::import::table::cells::{self, Cells, Layout, Refused, Row, Table};
use crate::language::Language;

/// What stands between the levels of a path, in a code.
const BETWEEN: &str = "/";

/// A row as it stands: a class, or a path of names.
#[derive(Clone, Debug)]
pub(super) enum Said {
    Class { code: String, parent: Option<String>, name: Label },
    Path(Vec<String>),
}

/// A class with its place in the file, and the code of what it is part of.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) line: u64,
    pub(super) code: String,
    pub(super) parent: Option<String>,
    pub(super) name: Label,
    pub(super) raw: ByteRecord,
}

/// Reads the table. Answers a sentence for a person if the file is not what the mapping describes.
pub(super) fn read(text: &str, mapping: &ClassMapping, words: Language) -> Result<Table<Said>, String> {
    let layout = Layout {
        delimiter: mapping.delimiter(),
        empty: &mapping.empty,
        date_formats: &[],
        named: mapping.named_columns(),
        unique: mapping.unique(),
    };
    cells::read(text, layout, words, |cells, record| match &mapping.columns {
        Some(columns) => class(cells, record, columns),
        None => path(cells, record, &mapping.levels),
    })
}

fn class(cells: &Cells<'_>, record: &StringRecord, columns: &ClassColumns) -> Result<Said, String> {
    let code = cells.text(record, &columns.code)?.to_owned();
    let parent = cells.optional(record, columns.parent.as_deref())?.map(str::to_owned);
    let zh = cells.optional(record, columns.zh.as_deref())?;
    let en = cells.optional(record, columns.en.as_deref())?;
    let missing = || cells.missing(columns.zh.as_ref().or(columns.en.as_ref()).map_or("", String::as_str));
    let (zh, en) = (zh.or(en).ok_or_else(missing)?, en.or(zh).unwrap_or_default());
    let name = Label::new(zh, en);
    checked(cells, &code, &name, |pointer| match pointer {
        "/code" => Some(columns.code.clone()),
        "/name/zh" => columns.zh.clone(),
        "/name/en" => columns.en.clone(),
        _ => None,
    })?;
    Ok(Said::Class { code, parent, name })
}

fn path(cells: &Cells<'_>, record: &StringRecord, levels: &[String]) -> Result<Said, String> {
    let mut names = Vec::new();
    for (at, level) in levels.iter().enumerate() {
        match cells.optional(record, Some(level))? {
            Some(name) if names.len() == at => names.push(name.to_owned()),
            // A level below one that is empty is below nothing.
            Some(_) => return Err(cells.missing(&levels[names.len()])),
            None => {}
        }
    }
    let Some(last) = names.last() else { return Err(cells.missing(levels.first().map_or("", String::as_str))) };
    checked(cells, &names.join(BETWEEN), &Label::new(last, last), |_| levels.last().cloned())?;
    Ok(Said::Path(names))
}

fn checked(cells: &Cells<'_>, code: &str, name: &Label, named: impl Fn(&str) -> Option<String>) -> Result<(), String> {
    let save = ComplaintClassSave { code: code.into(), name: name.clone(), parent: None, active: true };
    cells.checked(save, named).map(|_| ())
}

/// The classes of all rows, each after its parent. What has no parent, here or in `known`, and what is part of itself, is refused.
pub(super) fn arrange(
    rows: Vec<Row<Said>>,
    known: &HashSet<String>,
    refused: &mut Vec<Refused>,
    words: Language,
) -> Vec<Class> {
    let mut waiting: Vec<Class> = Vec::new();
    let mut whole: HashMap<String, u64> = HashMap::new();
    let mut made: HashSet<String> = HashSet::new();
    for row in rows {
        match row.save {
            Said::Class { code, parent, name } => {
                waiting.push(Class { line: row.line, code, parent, name, raw: row.raw });
            }
            Said::Path(names) => {
                if let Some(first) = whole.insert(names.join(BETWEEN), row.line) {
                    let lines = format!("{first}, {}", row.line);
                    let args = [("path", names.join(BETWEEN)), ("lines", lines)];
                    let reason = words.say("classes-repeated", &args);
                    refused.push(Refused { line: row.line, reason, raw: Some(row.raw) });
                    continue;
                }
                waiting.extend(levels(&names, row.line, &row.raw).filter(|class| made.insert(class.code.clone())));
            }
        }
    }
    let (mut placed, mut order) = (HashSet::new(), Vec::new());
    loop {
        let ready = |class: &Class| {
            class.parent.as_ref().is_none_or(|p| placed.contains(p) || is_only_known(p, known, &waiting))
        };
        let (now, later): (Vec<Class>, Vec<Class>) = waiting.iter().cloned().partition(ready);
        if now.is_empty() {
            break;
        }
        placed.extend(now.iter().map(|class| class.code.clone()));
        order.extend(now);
        waiting = later;
    }
    refuse_rest(waiting, refused, words);
    order
}

/// Whether it is here already and not in the file, which might change it.
fn is_only_known(code: &str, known: &HashSet<String>, waiting: &[Class]) -> bool {
    known.contains(code) && waiting.iter().all(|class| class.code != code)
}

fn levels(names: &[String], line: u64, raw: &ByteRecord) -> impl Iterator<Item = Class> {
    (1..=names.len()).map(move |deep| {
        let name = Label::new(&names[deep - 1], &names[deep - 1]);
        let parent = (deep > 1).then(|| names[..deep - 1].join(BETWEEN));
        Class { line, code: names[..deep].join(BETWEEN), parent, name, raw: raw.clone() }
    })
}

/// What could not be placed: it is part of itself, by others, or of something that there is not.
fn refuse_rest(rest: Vec<Class>, refused: &mut Vec<Refused>, words: Language) {
    let parents: HashMap<String, Option<String>> =
        rest.iter().map(|class| (class.code.clone(), class.parent.clone())).collect();
    for class in rest {
        let mut above = vec![class.code.clone()];
        let mut next = class.parent.clone();
        while let Some(code) = next.take_if(|code| !above.contains(code)) {
            next = parents.get(&code).cloned().flatten();
            above.push(code);
        }
        let last = above.last().cloned().unwrap_or_default();
        let reason = match next {
            Some(again) => {
                above.push(again);
                words.say("classes-circle", &[("path", above.join(" → "))])
            }
            None => words.say("classes-no-parent", &[("parent", last)]),
        };
        refused.push(Refused { line: class.line, reason, raw: Some(class.raw) });
    }
}
