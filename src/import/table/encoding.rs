//! Which letters the bytes stand for. A file is decoded as a whole or not at all: a price list of which some names are
//! garbage is worse than none.

use encoding_rs::{DecoderResult, GBK};

use crate::language::Language;

/// The mark that some editors put in front of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[value(name = "utf-8")]
    Utf8,
    /// GBK (国标), as Chinese spreadsheets save CSV.
    Gbk,
}

impl Encoding {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Gbk => "GBK",
        }
    }
}

/// The text, and how it was written. Where nobody said, it is UTF-8 if all of it can be, else GBK if all of it can be.
///
/// # Errors
/// A sentence that names the line which is not what the file is said to be.
pub(super) fn decode(bytes: &[u8], said: Option<Encoding>, words: Language) -> Result<(String, Encoding), String> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.iter().take(4).any(|byte| *byte == 0) {
        return Err(words.say("table-utf16", &[]));
    }
    let bytes = bytes.strip_prefix(MARK).map_or(bytes, |rest| rest);
    let utf8 = std::str::from_utf8(bytes).map_err(|error| line_of(bytes, error.valid_up_to()));
    let is_not = |encoding: Encoding, line: usize| {
        Err(words.say("table-encoding", &[("encoding", encoding.name().into()), ("line", line.to_string())]))
    };
    match (said, utf8) {
        (None | Some(Encoding::Utf8), Ok(text)) => Ok((text.to_owned(), Encoding::Utf8)),
        (Some(Encoding::Utf8), Err(line)) => is_not(Encoding::Utf8, line),
        (Some(Encoding::Gbk), utf8) => {
            // Most UTF-8 can also be read as GBK, letter by letter another one. The reverse hardly ever happens.
            if let Some(at) = utf8.ok().and_then(first_wide) {
                return is_not(Encoding::Gbk, line_of(bytes, at));
            }
            gbk(bytes).map(|text| (text, Encoding::Gbk)).or_else(|line| is_not(Encoding::Gbk, line))
        }
        (None, Err(utf8_line)) => gbk(bytes).map(|text| (text, Encoding::Gbk)).map_err(|gbk_line| {
            let args = [("utf8", utf8_line.to_string()), ("gbk", gbk_line.to_string())];
            words.say("table-no-encoding", &args)
        }),
    }
}

/// Where the first letter of three or more bytes stands, as all Chinese ones in UTF-8 do.
fn first_wide(text: &str) -> Option<usize> {
    text.char_indices().find(|(_, letter)| letter.len_utf8() >= 3).map(|(at, _)| at)
}

/// The text of bytes in GBK, or the line that is none.
fn gbk(bytes: &[u8]) -> Result<String, usize> {
    let mut decoder = GBK.new_decoder_without_bom_handling();
    let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len() * 3);
    let mut text = String::with_capacity(most);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(text),
        (_, read) => Err(line_of(bytes, read)),
    }
}

/// The line, from 1, of a place.
fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn told(bytes: &[u8], said: Option<Encoding>) -> Result<(String, Encoding), String> {
        decode(bytes, said, Language::English)
    }

    #[test]
    fn a_file_is_what_all_of_it_is() {
        let (utf8, gbk) = ("编码,名称\nA,密封圈\n", GBK.encode("编码,名称\nA,密封圈\n").0.into_owned());
        assert_eq!(told(utf8.as_bytes(), None), Ok((utf8.into(), Encoding::Utf8)));
        assert_eq!(told(&[MARK, utf8.as_bytes()].concat(), None), Ok((utf8.into(), Encoding::Utf8)));
        assert_eq!(told(&gbk, None), Ok((utf8.into(), Encoding::Gbk)));
        assert_eq!(told(&gbk, Some(Encoding::Gbk)), Ok((utf8.into(), Encoding::Gbk)));
        assert_eq!(told(b"code,name\n", Some(Encoding::Gbk)), Ok(("code,name\n".into(), Encoding::Gbk)));
    }

    #[test]
    fn a_file_that_is_not_what_it_is_said_to_be_is_refused_with_its_line() {
        let gbk = [b"code,name\nB,seal\n".to_vec(), GBK.encode("A,密封圈\n").0.into_owned()].concat();
        assert!(told(&gbk, Some(Encoding::Utf8)).unwrap_err().contains("line 3"));
        assert!(told("code,name\nA,密封圈\n".as_bytes(), Some(Encoding::Gbk)).unwrap_err().contains("line 2"));
        let mixed = [gbk, b"C,\xff\xff\n".to_vec()].concat();
        let error = told(&mixed, None).unwrap_err();
        assert!(error.contains("line 3") && error.contains("line 4"), "{error}");
        assert!(told(b"\xff\xfec\0o\0", None).unwrap_err().contains("UTF-16"));
    }
}
