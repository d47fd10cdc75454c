//! How a text is cut: two signs of Chinese, three of other scripts, from every sign on, and what is left at the end of a word;
//! beside these, whole words of scripts that part words, as far as a sign of Chinese.
//!
//! So every part of a word begins some gram, or is longer than one and is made of several. What is asked for is cut in the same
//! way: of a part that is shorter than a gram, grams are sought that begin with it. Where what is asked for shows that a word
//! begins or ends, the word is sought as one: the grams of `1-0101` are in many texts, the two words in few.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Deserializer, de::Error as _};
use unicode_normalization::UnicodeNormalization;

/// Most signs of a text that are indexed; what is behind is found by nobody.
const MOST_SIGNS: usize = 20_000;

/// Most grams that are asked for at once. More make no answer better: what is found is looked through anyway.
const MOST_ASKED: usize = 12;

/// Most signs of a word that are indexed as one; longer ones are told apart by their beginnings and their grams.
const WORD: usize = 24;

/// Fewest signs of a beginning that is sought as the beginning of a word: with fewer, too many words begin so.
const BEGINNING: usize = 4;

/// Longest text that can be asked for, in signs.
const LONGEST: usize = 200;

/// The same text in one form: compatible signs are one (ＡＢ and AB), upper case is lower case, and white space is one space.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for sign in text.nfkc().flat_map(char::to_lowercase).take(MOST_SIGNS) {
        match sign.is_whitespace() || sign.is_control() {
            true if plain.ends_with(' ') => {}
            true => plain.push(' '),
            false => plain.push(sign),
        }
    }
    plain.trim().to_owned()
}

/// Whether this is of a script that does not part words, or whose signs say as much as others' words.
fn wide(sign: char) -> bool {
    matches!(sign, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// How many signs a gram has that begins with this one.
fn length(first: char) -> usize {
    if wide(first) { 2 } else { 3 }
}

fn words(plain: &str) -> impl Iterator<Item = Vec<char>> {
    plain.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| word.chars().collect())
}

/// A gram as the indexes take it: letters and digits of ASCII only, so that no parser of theirs cuts it again. That it begins as
/// the shorter one does is kept.
fn written(signs: &[char]) -> String {
    signs.iter().map(|sign| format!("{:x}z", u32::from(*sign))).collect()
}

/// A word as one, or the beginning of one. No gram is written like it.
fn written_word(word: &[char]) -> String {
    format!("w{}", written(&word[..word.len().min(WORD)]))
}

/// What stands in a word before the first sign of Chinese: `0101` of `0101室`.
fn narrow_part(word: &[char]) -> &[char] {
    let end = word.iter().position(|sign| wide(*sign)).unwrap_or(word.len());
    &word[..end]
}

/// Adds the grams of a word: every one that is whole, and those at its end that are not, if it ends there.
fn add_grams(word: &[char], ends: bool, grams: &mut BTreeSet<String>) {
    for (at, first) in word.iter().enumerate() {
        let end = at + length(*first);
        if end <= word.len() || ends {
            grams.insert(written(&word[at..word.len().min(end)]));
        }
    }
}

/// Every gram and every word of a text in plain form, once.
pub fn of(plain: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for word in words(plain) {
        add_grams(&word, true, &mut all);
        let narrow = narrow_part(&word);
        if !narrow.is_empty() {
            all.insert(written_word(narrow));
        }
    }
    all
}

/// How often each whole gram stands in a text in plain form, signs of Chinese by twos with nothing as the third.
pub fn counted(plain: &str) -> HashMap<[char; 3], u32> {
    let mut counts = HashMap::new();
    for word in words(plain) {
        for (at, first) in word.iter().enumerate() {
            let mut gram = ['\0'; 3];
            let size = length(*first);
            let Some(signs) = word.get(at..at + size) else { continue };
            gram[..size].copy_from_slice(signs);
            *counts.entry(gram).or_default() += 1;
        }
    }
    counts
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// In plain form, which must stand in what is found.
    pub text: String,
    /// Grams and words that must be there.
    whole: Vec<String>,
    /// The beginning of a gram or word that must be there.
    begun: Option<String>,
}

impl Sought {
    /// Reads what somebody asks for; `None` if there is no letter, digit or sign in it that could be sought, or too much.
    pub fn read(text: &str) -> Option<Self> {
        let text = plain(text);
        if text.chars().count() > LONGEST {
            return None;
        }
        let (mut whole, mut begun) = (BTreeSet::new(), None);
        // What has something before it begins there in what is found as well, and what has something behind it ends there.
        let starts = text.starts_with(|sign: char| !sign.is_alphanumeric());
        let ends = text.ends_with(|sign: char| !sign.is_alphanumeric());
        let words: Vec<Vec<char>> = words(&text).collect();
        for (n, word) in words.iter().enumerate() {
            let (begins, ends) = (n > 0 || starts, n + 1 < words.len() || ends);
            let narrow = narrow_part(word);
            let alone = narrow.len() == word.len();
            // Whether what is found has the same one, and none that only begins like it, as far as words are indexed.
            let same = begins && (!alone || ends || narrow.len() >= WORD);
            if same && !narrow.is_empty() {
                whole.insert(written_word(narrow));
            }
            if same && alone {
                continue;
            }
            if begins && alone && word.len() >= BEGINNING {
                begun = Some(written_word(word));
            } else if ends || word.len() >= length(word[0]) {
                add_grams(word, ends, &mut whole);
            } else if word.len() > 1 || wide(word[0]) || whole.is_empty() {
                // Otherwise it is a single letter or digit: too much begins with it to help, if there is anything else to go by.
                begun = Some(written(word));
            }
        }
        // The longest say most; among equals the first ones of the alphabet are as good as any.
        let mut whole: Vec<String> = whole.into_iter().collect();
        whole.sort_by_key(|gram| std::cmp::Reverse(gram.len()));
        whole.truncate(MOST_ASKED);
        (!whole.is_empty() || begun.is_some()).then_some(Self { text, whole, begun })
    }

    /// Whether it is a single digit, which nearly every text has in its number: no index helps.
    pub fn is_in_most(&self) -> bool {
        self.text.len() == 1 && self.text.chars().all(|sign| sign.is_ascii_digit())
    }

    /// The same without the beginning of a gram or word, if there is one and anything beside it.
    pub fn without_beginning(&self) -> Option<Self> {
        let rest = self.begun.is_some() && !self.whole.is_empty();
        rest.then(|| Self { begun: None, ..self.clone() })
    }

    /// As FTS5 is asked, for what also has one of these marks.
    pub fn for_sqlite(&self, marks: &[String]) -> String {
        let whole = self.whole.iter().map(|gram| format!("\"{gram}\""));
        let begun = self.begun.iter().map(|gram| format!("\"{gram}\" *"));
        let marks = marks.iter().map(|mark| format!("\"{mark}\"")).collect::<Vec<_>>().join(" OR ");
        whole.chain(begun).chain([format!("({marks})")]).collect::<Vec<_>>().join(" AND ")
    }

    /// As a `tsquery` is written, for what also has one of these marks.
    pub fn for_postgres(&self, marks: &[String]) -> String {
        let whole = self.whole.iter().map(|gram| format!("'{gram}'"));
        let begun = self.begun.iter().map(|gram| format!("'{gram}':*"));
        let marks = marks.iter().map(|mark| format!("'{mark}'")).collect::<Vec<_>>().join(" | ");
        whole.chain(begun).chain([format!("({marks})")]).collect::<Vec<_>>().join(" & ")
    }
}

impl<'de> Deserialize<'de> for Sought {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let none = || D::Error::custom("text: a letter, digit or Chinese sign at least, and 200 signs at most");
        Sought::read(&text).ok_or_else(none)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holds(text: &str, sought: &Sought) -> bool {
        let grams = of(&plain(text));
        sought.whole.iter().all(|gram| grams.contains(gram))
            && sought.begun.iter().all(|begin| grams.iter().any(|gram| gram.starts_with(begin.as_str())))
    }

    #[test]
    fn one_sign_of_chinese_and_one_letter_are_found() {
        for (text, part) in
            [("水龙头漏水", "漏"), ("水龙头漏水", "龙头"), ("Tap drips", "p"), ("Ｂ栋１２０３", "B栋12"), ("a-b", "-b")]
        {
            assert!(holds(text, &Sought::read(part).unwrap()), "{part} in {text}");
        }
        for (text, part) in [
            ("Unit 1-0101, lift", "1-0101"),
            ("（1-0101）", "(1-0101)"),
            ("Boiler-E04", "boiler-e04"),
            ("a-b漏水", "-b漏"),
            ("3栋2单元-0101室漏水", "-0101"),
            ("3栋2单元-0101室漏水", "-0101室"),
        ] {
            assert!(holds(text, &Sought::read(part).unwrap()), "{part} in {text}");
        }
        for (text, part) in [
            ("（11-0101）", "（1-0101）"),
            ("（1-01012）", "（1-0101）"),
            ("1-0102 0101-2", "-01013"),
            ("1-01012室", "1-0101室"),
        ] {
            assert!(!holds(text, &Sought::read(part).unwrap()), "{part} in {text}: the index tells them apart");
        }
        let (long, other) = ("x".repeat(40), "x".repeat(30));
        assert!(holds(&format!("-{long}-"), &Sought::read(&format!("-{other}")).unwrap()));
        assert!(Sought::read(" \u{200b}!? ").is_none(), "nothing that could be sought");
        assert!(Sought::read(&"漏".repeat(201)).is_none());
    }

    proptest! {
        /// The index never hides what is there: every part of a text is found by its grams.
        #[test]
        fn every_part_of_a_text_is_found(text in "[ a-cA-C0-1漏水龙头é\\-]{1,40}", from in 0usize..40, length in 1usize..40) {
            let signs: Vec<char> = plain(&text).chars().collect();
            let part: String = signs.iter().skip(from).take(length).collect();
            if let Some(sought) = Sought::read(&part) {
                prop_assert!(holds(&text, &sought), "{part:?} in {text:?}");
            }
        }
    }
}
