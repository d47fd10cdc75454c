//! A certificate in words: titled parts with rows, tables and photos, the same for the PDF and the page.

use bytes::Bytes;

use mobile_api::{
    evidence::When,
    money::Quantity,
    photo::PhotoRole,
    signing::Digest,
    work_order::{Channel, Confirmation, ConfirmationMethod, Quote, QuoteLine},
};
use serde::Serialize;

use super::{
    Certificate,
    signature::Ink,
    words::{self, Words},
};
use crate::language::Language;

/// A certificate, ready to be printed.
#[derive(Debug, Serialize)]
pub struct Sheet {
    /// The language's BCP 47 tag.
    pub lang: &'static str,
    /// What it is: "Completion certificate".
    pub title: String,
    /// The firm.
    pub firm: String,
    /// The order's number, or a dash.
    pub number: Row,
    /// What it says.
    pub parts: Vec<Part>,
    /// The signature.
    pub signature: Signature,
    /// How it is checked.
    pub seal: Seal,
    /// At the foot of each page.
    pub footer: String,
}

/// A titled part.
#[derive(Debug, Default, Serialize)]
pub struct Part {
    /// Its title.
    pub title: String,
    /// Rows of text.
    pub rows: Vec<Row>,
    /// Tables below.
    pub tables: Vec<Table>,
    /// Photos below.
    pub photos: Vec<Photo>,
}

/// A text with what it is.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// The text.
    pub text: String,
    /// A remark in small print, or nothing.
    pub small: String,
}

/// A table.
#[derive(Debug, Default, Serialize)]
pub struct Table {
    /// What it is, or nothing.
    pub caption: String,
    /// The heads of its columns.
    pub columns: Vec<Column>,
    /// The cells.
    pub rows: Vec<Vec<String>>,
    /// The last row: a label and a sum.
    pub total: Option<Row>,
    /// Remarks below, in small print.
    pub remarks: Vec<String>,
}

/// A column of a table.
#[derive(Debug, Serialize)]
pub struct Column {
    /// Its head.
    pub name: String,
    /// Whether it holds numbers, which are flush right.
    pub number: bool,
}

/// A photo.
#[derive(Debug, Serialize)]
pub struct Photo {
    /// Before, after, …
    pub label: String,
    /// What was written below it.
    pub caption: String,
    /// The picture.
    #[serde(skip)]
    pub jpeg: Bytes,
}

/// The signature and who gave it.
#[derive(Debug, Serialize)]
pub struct Signature {
    /// Its title.
    pub title: String,
    /// Who, what they are, when, what they say.
    pub rows: Vec<Row>,
    /// The sum that was signed.
    pub amount: Row,
    /// The picture as SVG; without one, what the remark says.
    #[serde(skip)]
    pub svg: Option<String>,
    /// Why there is no picture.
    pub missing: String,
}

/// The digest and the way to the check.
#[derive(Debug, Serialize)]
pub struct Seal {
    /// Its title.
    pub title: String,
    /// What it is for.
    pub about: String,
    /// SHA-256 of what was signed, in groups of eight digits.
    pub digest: Row,
    /// The code.
    pub code: Row,
    /// Where it is checked.
    pub address: Row,
    /// The address as a QR code, SVG.
    #[serde(skip)]
    pub qr: Option<String>,
}

impl Row {
    fn new(label: String, text: impl Into<String>) -> Self {
        Self { label, text: text.into(), small: String::new() }
    }
}

impl Sheet {
    /// The certificate in this language.
    pub fn new(certificate: &Certificate, language: Language) -> Self {
        let words = Words { language, zone: certificate.time_zone };
        let parts = [
            order(certificate, words),
            times(certificate, words),
            work(certificate, words),
            materials(certificate, words),
            quotes(certificate, words),
            photos(certificate, words),
        ];
        let number = certificate.number.clone().unwrap_or_else(|| "–".into());
        let footer = words.say_with("certificate-footer", &[("number", number.clone())]);
        Self {
            lang: language.tag(),
            title: words.say("certificate-title"),
            firm: certificate.firm.clone(),
            number: Row::new(words.say("certificate-number"), number),
            parts: parts.into_iter().filter(Part::says_something).collect(),
            signature: signature(certificate, words),
            seal: seal(certificate, words),
            footer,
        }
    }
}

impl Part {
    fn says_something(&self) -> bool {
        !(self.rows.is_empty() && self.tables.is_empty() && self.photos.is_empty())
    }

    fn add(&mut self, label: String, text: Option<&str>) {
        self.rows.extend(text.filter(|text| !text.trim().is_empty()).map(|text| Row::new(label, text)));
    }
}

fn order(certificate: &Certificate, words: Words) -> Part {
    let (content, premises) = (&certificate.content, &certificate.premises);
    let mut part = Part { title: words.say("certificate-order"), ..Part::default() };
    part.add(words.say("certificate-place"), Some(&content.place));
    part.add(words.say("certificate-unit"), premises.unit.as_deref());
    part.add(words.say("certificate-building"), premises.building.as_deref());
    part.add(words.say("certificate-site"), premises.site.as_deref());
    part.add(words.say("certificate-address"), premises.address.as_deref());
    part.add(words.say("certificate-fault"), Some(&content.fault));
    part.add(words.say("certificate-technician"), Some(&content.technician_name));
    part
}

fn times(certificate: &Certificate, words: Words) -> Part {
    let (times, content) = (&certificate.times, &certificate.content);
    let channel = match times.channel {
        Channel::Phone => "certificate-called-phone",
        Channel::Desk => "certificate-called-desk",
        Channel::Online => "certificate-called-online",
        Channel::Patrol => "certificate-called-patrol",
        Channel::Complaint => "certificate-called-complaint",
        Channel::Import => "certificate-called-import",
        Channel::Plan => "certificate-called-plan",
    };
    let called =
        Row { label: words.say("certificate-called"), text: words.instant(times.called), small: words.say(channel) };
    let steps = [
        ("certificate-arrived", times.arrived.as_ref(), content.arrived.as_deref()),
        ("certificate-started", times.started.as_ref(), content.started.as_deref()),
        ("certificate-finished", times.finished.as_ref(), content.finished.as_deref()),
        ("certificate-signed", Some(&times.signed), None),
    ];
    let steps = steps.into_iter().filter_map(|(label, when, shown)| step(words, label, when, shown));
    Part {
        title: words.say("certificate-times"),
        rows: std::iter::once(called).chain(steps).collect(),
        ..Part::default()
    }
}

/// When a step happened, how well that is proved, and what the screen showed to the customer who signed, if that was
/// something else.
fn step(words: Words, label: &str, when: Option<&When>, shown: Option<&str>) -> Option<Row> {
    let on_screen = shown.and_then(|shown| words.wall(shown));
    let (text, proof) = match when {
        Some(when) => words.when(when),
        None => (on_screen.clone()?, words.say("certificate-proof-unknown")),
    };
    let agrees = when.is_none_or(|when| shown.is_some_and(|shown| words::agrees(when, shown)));
    let shown = on_screen.filter(|shown| !agrees && *shown != text);
    let shown = shown.map(|shown| words.say_with("certificate-shown", &[("time", shown)]));
    let small = [Some(proof), shown].into_iter().flatten().collect::<Vec<_>>().join(&words.say("certificate-and"));
    Some(Row { label: words.say(label), text, small })
}

fn work(certificate: &Certificate, words: Words) -> Part {
    let diagnosis = certificate.diagnosis.as_ref();
    let mut part = Part { title: words.say("certificate-work"), ..Part::default() };
    part.add(words.say("certificate-findings"), certificate.content.findings.as_deref());
    part.add(words.say("certificate-cause"), diagnosis.and_then(|diagnosis| diagnosis.cause.as_deref()));
    part.add(words.say("certificate-explained"), diagnosis.and_then(|diagnosis| diagnosis.explained.as_deref()));
    for done in &certificate.done {
        part.add(words.say("certificate-done"), Some(done));
    }
    part
}

fn materials(certificate: &Certificate, words: Words) -> Part {
    let columns = [("certificate-material", false), ("certificate-quantity", true), ("certificate-measure", false)];
    let used = &certificate.content.materials;
    let rows = used.iter().map(|m| vec![m.name.clone(), m.quantity_milli.to_string(), m.unit.clone()]).collect();
    let table = Table { columns: heads(words, columns), rows, ..Table::default() };
    let mut part = Part { title: words.say("certificate-materials"), ..Part::default() };
    if used.is_empty() {
        part.add(words.say("certificate-material"), Some(&words.say("certificate-no-material")));
    } else {
        part.tables.push(table);
    }
    part
}

fn heads<const N: usize>(words: Words, columns: [(&str, bool); N]) -> Vec<Column> {
    columns.into_iter().map(|(name, number)| Column { name: words.say(name), number }).collect()
}

fn quotes(certificate: &Certificate, words: Words) -> Part {
    let signed = certificate.content.quote.as_ref().map(|quote| quote.id);
    let tables = certificate.quotes.iter().map(|quote| revision(quote, signed == Some(quote.id), words)).collect();
    Part { title: words.say("certificate-quotes"), tables, ..Part::default() }
}

/// One revision of the quote, as a customer is shown it who is to confirm it.
pub(crate) fn quote_table(quote: &Quote, words: Words) -> Table {
    let told = quote.note.clone().filter(|note| !note.trim().is_empty());
    let parts = quote.lines.iter().flat_map(|line| made_up(line, words));
    Table { remarks: parts.chain(told).collect(), ..revision(quote, false, words) }
}

/// One revision of the quote, with the customer's word.
fn revision(quote: &Quote, signed: bool, words: Words) -> Table {
    let columns = [
        ("certificate-item", false),
        ("certificate-quantity", true),
        ("certificate-measure", false),
        ("certificate-price", true),
        ("certificate-line-amount", true),
    ];
    let line = |line: &QuoteLine| {
        let (price, amount) = (words.money(line.unit_price), words.money(line.amount));
        vec![line.name.clone(), line.quantity_milli.to_string(), line.unit.clone(), price, amount]
    };
    let word = match &quote.confirmed {
        Some(confirmation) => confirmed(confirmation, words),
        None => words.say("certificate-unconfirmed"),
    };
    let standing = match (signed, quote.overtaken.is_some()) {
        (true, _) => Some(words.say("certificate-quote-signed")),
        (false, true) => Some(words.say("certificate-quote-overtaken")),
        (false, false) => None,
    };
    let note = quote.note.clone().filter(|note| !note.trim().is_empty());
    let parts = quote.lines.iter().flat_map(|line| made_up(line, words));
    Table {
        caption: words.say_with("certificate-revision", &[("revision", quote.revision.to_string())]),
        columns: heads(words, columns),
        rows: quote.lines.iter().map(line).collect(),
        total: Some(Row::new(words.say("certificate-total"), words.money(quote.total))),
        remarks: parts.chain([note, Some(word), standing].into_iter().flatten()).collect(),
    }
}

/// What of a line's amount is not its price: the discount and the tax.
fn made_up(line: &QuoteLine, words: Words) -> Vec<String> {
    let said = |id: &str, rate: u32, amount| {
        let rate = Quantity((rate * 10).into()).to_string();
        words.say_with(id, &[("name", line.name.clone()), ("rate", rate), ("amount", words.money(amount))])
    };
    let discount = line.discount.as_ref().map(|off| said("certificate-line-discount", off.rate, off.amount));
    let tax = line.tax.as_ref().map(|tax| said("certificate-line-tax", tax.rate, tax.amount));
    discount.into_iter().chain(tax).collect()
}

fn confirmed(confirmation: &Confirmation, words: Words) -> String {
    let Confirmation { name, method, at, .. } = confirmation;
    let (time, _) = words.when(at);
    let common = [("name", name.clone()), ("time", time)];
    match method {
        ConfirmationMethod::OnDevice => words.say_with("certificate-confirmed-device", &common),
        ConfirmationMethod::Signature { .. } => words.say_with("certificate-confirmed-signature", &common),
        ConfirmationMethod::Link { .. } => words.say_with("certificate-confirmed-link", &common),
        ConfirmationMethod::Proof { .. } => words.say_with("certificate-confirmed-proof", &common),
        ConfirmationMethod::Verbal { witness } => {
            let [name, time] = common;
            words.say_with("certificate-confirmed-verbal", &[name, time, ("witness", witness.clone())])
        }
    }
}

fn photos(certificate: &Certificate, words: Words) -> Part {
    let photo = |photo: &super::CertificatePhoto| Photo {
        label: words.say(match photo.role {
            PhotoRole::Before => "certificate-photo-before",
            PhotoRole::After => "certificate-photo-after",
            PhotoRole::Damage => "certificate-photo-damage",
            PhotoRole::Meter => "certificate-photo-meter",
            PhotoRole::Document => "certificate-photo-document",
        }),
        caption: photo.caption.clone().unwrap_or_default(),
        jpeg: photo.jpeg.clone(),
    };
    let photos = certificate.photos.iter().map(photo).collect();
    Part { title: words.say("certificate-photos"), photos, ..Part::default() }
}

fn signature(certificate: &Certificate, words: Words) -> Signature {
    let sign_off = &certificate.sign_off;
    let mut part = Part::default();
    part.add(words.say("certificate-signer"), Some(&sign_off.name));
    part.add(words.say("certificate-relation"), Some(&sign_off.relation));
    part.add(words.say("certificate-opinion"), sign_off.opinion.as_deref());
    let mut amount = Row::new(words.say("certificate-amount"), words.money(sign_off.amount));
    if let Some(charge) = certificate.charge.as_ref().filter(|charge| charge.amount != sign_off.amount) {
        amount.small = words.say_with("certificate-charged", &[("amount", words.money(charge.amount))]);
    }
    Signature {
        title: words.say("certificate-acceptance"),
        rows: part.rows,
        amount,
        svg: Ink::of(&certificate.strokes).ok().map(|ink| ink.svg()),
        missing: words.say("certificate-no-picture"),
    }
}

fn seal(certificate: &Certificate, words: Words) -> Seal {
    Seal {
        title: words.say("certificate-check"),
        about: words.say("certificate-check-about"),
        digest: Row::new(words.say("certificate-digest"), grouped(&certificate.sign_off.digest)),
        code: Row::new(words.say("certificate-code"), certificate.code.to_string()),
        address: Row::new(words.say("certificate-check-address"), &certificate.address),
        qr: qr(&certificate.address),
    }
}

/// Hexadecimal digits in groups of eight.
pub(super) fn grouped(digest: &Digest) -> String {
    let digits = digest.to_string();
    digits.as_bytes().chunks(8).map(|group| str::from_utf8(group).unwrap_or_default()).collect::<Vec<_>>().join(" ")
}

/// An address that is too long for a QR code has none; it is printed beside it anyway.
pub(crate) fn qr(address: &str) -> Option<String> {
    let code = qrcode::QrCode::new(address.as_bytes()).ok()?;
    Some(code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(180, 180).quiet_zone(true).build())
}
