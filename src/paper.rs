//! Documents as PDF/A-2b, typeset by typst: certificates, labels.
//!
//! Templates are fixed; what varies comes as data (`sheet.json` and pictures), so no text that somebody typed is ever read
//! as markup. There is no network, no file system, no clock and no font but the one that is built in: the same data
//! gives the same bytes.

use std::{collections::HashMap, sync::LazyLock};

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde_json::Value;
use typst::{
    Library, LibraryExt, World,
    diag::{FileError, FileResult, SourceDiagnostic},
    foundations::{Bytes, Datetime, Smart},
    layout::PagedDocument,
    syntax::{FileId, Source, VirtualPath},
    text::{Font, FontBook},
    utils::LazyHash,
};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

/// Noto Sans CJK SC, regular; the licence (OFL 1.1) lies beside it. `docs/certificate.md` says what it holds.
static FONT_FILE: &[u8] = include_bytes!("../assets/fonts/NotoSansCJKsc-Regular.subset.otf");

/// Stands for a character that the font does not have.
const MISSING: char = '□';

/// Longest run of characters between which a line is not broken by itself.
const LONGEST_RUN: usize = 30;

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The data cannot be handed over.
    #[error("the data cannot be written: {0}")]
    Data(#[from] serde_json::Error),
    /// The typesetter refused.
    #[error("the document cannot be typeset: {0}")]
    Typesetting(String),
    /// The built-in font cannot be read.
    #[error("the built-in font cannot be read")]
    Font,
}

/// What a document is made from.
pub(crate) struct Sheet<'s> {
    /// The template's own words.
    pub(crate) template: &'static str,
    /// What varies; the template reads it as `sheet.json`.
    pub(crate) data: Value,
    /// Pictures that the data names.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// What names the document for ever.
    pub(crate) ident: &'s str,
    /// The date of creation that the file states.
    pub(crate) made: DateTime<Utc>,
}

/// The document as PDF.
///
/// # Errors
/// See [`PdfError`]; a picture that cannot be read is one.
pub(crate) fn print(sheet: Sheet<'_>) -> Result<Vec<u8>, PdfError> {
    let printed = typeset(sheet);
    // What the typesetter remembers of this document is of no use to the next, and has people's data in it.
    typst::comemo::evict(0);
    printed
}

fn typeset(sheet: Sheet<'_>) -> Result<Vec<u8>, PdfError> {
    let (ident, made) = (sheet.ident, sheet.made);
    let desk = Desk::with(sheet)?;
    let document: PagedDocument = typst::compile(&desk).output.map_err(|errors| refused(&errors))?;
    let standards =
        PdfStandards::new(&[PdfStandard::A_2b]).map_err(|error| PdfError::Typesetting(error.to_string()))?;
    let options = PdfOptions {
        ident: Smart::Custom(ident),
        timestamp: datetime(made).map(Timestamp::new_utc),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|errors| refused(&errors))
}

fn refused(errors: &[SourceDiagnostic]) -> PdfError {
    PdfError::Typesetting(errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; "))
}

fn datetime(time: DateTime<Utc>) -> Option<Datetime> {
    let part = |value: u32| u8::try_from(value).ok();
    let (month, day) = (part(time.month())?, part(time.day())?);
    Datetime::from_ymd_hms(time.year(), month, day, part(time.hour())?, part(time.minute())?, part(time.second())?)
}

/// The parts of the typesetter's world that never change.
struct Shop {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    font: Font,
}

static SHOP: LazyLock<Option<Shop>> = LazyLock::new(|| {
    let font = Font::new(Bytes::new(FONT_FILE), 0)?;
    Some(Shop { library: LazyHash::new(Library::default()), book: LazyHash::new(FontBook::from_fonts([&font])), font })
});

/// The world of one document: the template, its data, and nothing else.
struct Desk {
    shop: &'static Shop,
    template: Source,
    files: HashMap<FileId, Bytes>,
}

impl Desk {
    fn with(sheet: Sheet<'_>) -> Result<Self, PdfError> {
        let shop = SHOP.as_ref().ok_or(PdfError::Font)?;
        let mut data = sheet.data;
        make_printable(&mut data, &shop.font);
        let name = FileId::new(None, VirtualPath::new("template.typ"));
        let mut desk = Self { shop, template: Source::new(name, sheet.template.into()), files: HashMap::new() };
        sheet.files.into_iter().for_each(|(name, content)| desk.put(&name, content));
        desk.put("sheet.json", serde_json::to_vec(&data)?);
        Ok(desk)
    }

    fn put(&mut self, name: &str, content: Vec<u8>) {
        self.files.insert(FileId::new(None, VirtualPath::new(name)), Bytes::new(content));
    }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.shop.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.shop.book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main() { Ok(self.template.clone()) } else { Err(missing(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or_else(|| missing(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        (index == 0).then(|| self.shop.font.clone())
    }

    fn today(&self, _: Option<i64>) -> Option<Datetime> {
        None
    }
}

fn missing(id: FileId) -> FileError {
    FileError::NotFound(id.vpath().as_rootless_path().into())
}

/// Makes every text one that the font can show.
fn make_printable(value: &mut Value, font: &Font) {
    match value {
        Value::String(text) => *text = printable(text, |c| font.info().coverage.contains(c.into())),
        Value::Array(items) => items.iter_mut().for_each(|item| make_printable(item, font)),
        Value::Object(fields) => fields.iter_mut().for_each(|(_, field)| make_printable(field, font)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text with a box for whatever the font lacks, so that nothing vanishes silently; without what has no form
/// of its own (marks of direction, joiners, variants); and with places to break a line in words that have none.
fn printable(text: &str, has: impl Fn(char) -> bool) -> String {
    let mut printed = String::with_capacity(text.len());
    let mut run = 0;
    for c in text.chars() {
        let shown = match c {
            '\r' => continue,
            '\n' | ' ' => c,
            '\t' | '\u{a0}' | '\u{3000}' => ' ',
            c if formless(c) => continue,
            c if has(c) => c,
            _ => MISSING,
        };
        run = if shown.is_whitespace() { 0 } else { run + 1 };
        if run > LONGEST_RUN {
            printed.push('\u{200b}');
            run = 1;
        }
        printed.push(shown);
    }
    printed
}

fn formless(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_has_a_form_vanishes() {
        let font = &SHOP.as_ref().unwrap().font;
        let print = |text: &str| printable(text, |c| font.info().coverage.contains(c.into()));
        assert_eq!(print("水管 pipe é ¥5\nnext"), "水管 pipe é ¥5\nnext");
        assert_eq!(print("🔧 שלום"), "□ □□□□");
        assert_eq!(print("a\u{202e}b\u{0}c\u{feff}"), "abc");
        assert_eq!(print(&"w".repeat(65)).matches('\u{200b}').count(), 2);
    }

    #[test]
    fn the_font_has_what_the_language_files_say() {
        let font = &SHOP.as_ref().unwrap().font;
        let files = [
            include_str!("../locales/zh-CN/certificate.ftl"),
            include_str!("../locales/en/certificate.ftl"),
            include_str!("../locales/zh-CN/inspection.ftl"),
            include_str!("../locales/en/inspection.ftl"),
        ];
        for file in files {
            let lacking: String =
                file.chars().filter(|c| *c != '\n' && !font.info().coverage.contains((*c).into())).collect();
            assert_eq!(lacking, "");
        }
    }
}
