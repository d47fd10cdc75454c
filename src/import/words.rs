//! What the importer says, in the reader's language (`locales/*/import.ftl`).

use crate::{error::Error, language::Language, problem::Problem};

/// An error as a sentence. Its cause is only for the log.
pub(super) fn sentence(words: Language, error: impl Into<Error>) -> String {
    let error: Error = error.into();
    tracing::debug!(%error, "an import met an error");
    Problem::of(&error, words, None).title
}

/// `58251` as `58,251`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// For the tests of what the commands say: the languages have the same sentences with the same values, and these are the
/// ones that the sources ask for.
#[cfg(test)]
pub(crate) fn said_in_both(prefix: &str, sources: &[&str], texts: [&str; 2]) {
    use std::collections::{BTreeMap, BTreeSet};

    /// Each sentence's id and the values it names.
    fn sentences(file: &str) -> BTreeMap<String, BTreeSet<String>> {
        let lines = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let sentence = |line: &str| {
            let (id, text) = line.split_once(" = ").expect("one sentence a line");
            let values = text.split("{ $").skip(1).map(|rest| rest.split(' ').next().unwrap().to_owned());
            (id.to_owned(), values.collect())
        };
        lines.map(sentence).collect()
    }

    let [english, chinese] = texts.map(sentences);
    assert_eq!(english, chinese);
    let quoted = format!("\"{prefix}");
    let asked = sources.iter().flat_map(|source| source.split(&quoted).skip(1));
    let asked = asked.map(|rest| format!("{prefix}{}", rest.split('"').next().unwrap()));
    assert_eq!(asked.collect::<BTreeSet<_>>(), english.into_keys().collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let all = [0, 999, 1_000, 58_251, 1_000_000].map(grouped);
        assert_eq!(all, ["0", "999", "1,000", "58,251", "1,000,000"]);
    }

    #[test]
    fn both_languages_say_the_same_and_everything_that_is_said_is_there() {
        let sources = [
            include_str!("rows.rs"),
            include_str!("run.rs"),
            include_str!("report.rs"),
            include_str!("../cli/import.rs"),
        ];
        let texts = [include_str!("../../locales/en/import.ftl"), include_str!("../../locales/zh-CN/import.ftl")];
        said_in_both("import-", &sources, texts);
        let texts = [include_str!("../../locales/en/seed.ftl"), include_str!("../../locales/zh-CN/seed.ftl")];
        said_in_both("seed-", &[include_str!("../cli/seed.rs")], texts);
        let sources = [
            include_str!("../cli/which.rs"),
            include_str!("../cli/migrate.rs"),
            include_str!("../cli/admin/office.rs"),
            include_str!("../cli/admin/devices.rs"),
            include_str!("../cli/admin/organisation.rs"),
            include_str!("../cli/admin/password.rs"),
            include_str!("../cli/admin/search.rs"),
            include_str!("../cli/admin/stock.rs"),
            include_str!("../cli/admin/users.rs"),
        ];
        let texts = [include_str!("../../locales/en/commands.ftl"), include_str!("../../locales/zh-CN/commands.ftl")];
        said_in_both("command-", &sources, texts);
    }
}
