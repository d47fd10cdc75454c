//! How a text is cut: two signs of Chinese, three of other scripts, from every sign on, and what is left at the end of a word.
//!
//! So every part of a word begins some gram, or is longer than one and is made of several. What is asked for is cut in the same
//! way: of a part that is shorter than a gram, grams are sought that begin with it.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Deserializer, de::Error as _};
use unicode_normalization::UnicodeNormalization;

/// Most signs of a text that are indexed; what is behind is found by nobody.
const MOST_SIGNS: usize = 20_000;

/// Most grams that are asked for at once. More make no answer better: what is found is looked through anyway.
const MOST_ASKED: usize = 12;

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

/// How many signs a gram has that begins with this one.
fn length(first: char) -> usize {
    let wide = matches!(first, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    if wide { 2 } else { 3 }
}

fn words(plain: &str) -> impl Iterator<Item = Vec<char>> {
    plain.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| word.chars().collect())
}

/// A gram as the indexes take it: letters and digits of ASCII only, so that no parser of theirs cuts it again. That it begins as
/// the shorter one does is kept.
fn written(signs: &[char]) -> String {
    signs.iter().map(|sign| format!("{:x}z", u32::from(*sign))).collect()
}

/// Every gram of a text in plain form, once.
pub fn of(plain: &str) -> BTreeSet<String> {
    let mut grams = BTreeSet::new();
    for word in words(plain) {
        for (at, first) in word.iter().enumerate() {
            grams.insert(written(&word[at..word.len().min(at + length(*first))]));
        }
    }
    grams
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
    /// Grams that must be there.
    whole: Vec<String>,
    /// The beginning of a gram that must be there.
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
        // A word with something behind it ends there in what is found as well; the last one may go on.
        let closed = text.trim_end_matches(char::is_alphanumeric);
        whole.extend(of(closed));
        for word in words(&text[closed.len()..]) {
            let whole_here = |at: &usize| at + length(word[*at]) <= word.len();
            let grams: Vec<usize> = (0..word.len()).filter(whole_here).collect();
            whole.extend(grams.iter().map(|at| written(&word[*at..at + length(word[*at])])));
            // Too much begins with a single letter or digit for an index to help, if there is anything else to go by.
            let helps = word.len() > 1 || word.first().is_some_and(|sign| length(*sign) == 2) || whole.is_empty();
            if grams.is_empty() && helps {
                begun = Some(written(&word));
            }
        }
        // The longest say most; among equals the first ones of the alphabet are as good as any.
        let mut whole: Vec<String> = whole.into_iter().collect();
        whole.sort_by_key(|gram| std::cmp::Reverse(gram.len()));
        whole.truncate(MOST_ASKED);
        (!whole.is_empty() || begun.is_some()).then_some(Self { text, whole, begun })
    }

    /// As FTS5 is asked.
    pub fn for_sqlite(&self) -> String {
        let whole = self.whole.iter().map(|gram| format!("\"{gram}\""));
        let begun = self.begun.iter().map(|gram| format!("\"{gram}\" *"));
        whole.chain(begun).collect::<Vec<_>>().join(" AND ")
    }

    /// As a `tsquery` is written.
    pub fn for_postgres(&self) -> String {
        let whole = self.whole.iter().map(|gram| format!("'{gram}'"));
        let begun = self.begun.iter().map(|gram| format!("'{gram}':*"));
        whole.chain(begun).collect::<Vec<_>>().join(" & ")
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
        assert!(Sought::read(" \u{200b}!? ").is_none(), "nothing that could be sought");
        assert!(Sought::read(&"漏".repeat(201)).is_none());
    }

    proptest! {
        /// The index never hides what is there: every part of a text is found by its grams.
        #[test]
        fn every_part_of_a_text_is_found(text in "[ a-cA-C0-1漏水龙头é\\-]{1,24}", from in 0usize..24, length in 1usize..10) {
            let signs: Vec<char> = plain(&text).chars().collect();
            let part: String = signs.iter().skip(from).take(length).collect();
            if let Some(sought) = Sought::read(&part) {
                prop_assert!(holds(&text, &sought), "{part:?} in {text:?}");
            }
        }
    }
}
