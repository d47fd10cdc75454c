//! What EXIF says about a photo: when, where, with what, and which side is up.
//!
//! Anybody can write anything into EXIF. What makes no sense is left out, one field at a time; texts are short and
//! printable; nothing here is ever an error.

use std::io::Cursor;

use chrono::NaiveDate;
use exif::{DateTime, Exif, In, Rational, Reader, Tag, Value};
use serde::{Deserialize, Serialize};

/// Larger originals than this are not searched for EXIF unless they are JPEG, where it is 64 KiB at most: in the other
/// formats it can be as long as the file, and the parser takes some eight times its length.
const SEARCHED: usize = 48 << 20;

/// Characters kept of a text.
const TEXT: usize = 64;

/// Evidence from the camera. All of it may be missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// When the picture was taken, as the camera's clock showed it, local time: `2019-07-04T12:33:11`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// How far that clock was ahead of UTC, if the camera says: `+08:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_offset: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Who made the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub make: Option<String>,
    /// Which camera it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How the stored picture lies, 1 to 8 as EXIF counts; 1 is upright.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orientation: Option<u8>,
}

/// A place on the earth, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Degrees, north is positive, −90 to 90.
    pub latitude: f64,
    /// Degrees, east is positive, −180 to 180.
    pub longitude: f64,
    /// Metres above the sea.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub altitude: Option<f64>,
}

impl Facts {
    /// What can be made out; nothing, if there is no EXIF or it is broken altogether.
    pub fn of(original: &[u8]) -> Self {
        if original.len() > SEARCHED && !original.starts_with(&[0xFF, 0xD8]) {
            return Self::default();
        }
        let read = Reader::new().continue_on_error(true).read_from_container(&mut Cursor::new(original));
        let Ok(exif) = read.or_else(|error| error.distill_partial_result(|_| ())) else {
            return Self::default();
        };
        let (taken_at, taken_offset) = taken(&exif);
        Self {
            taken_at,
            taken_offset,
            place: place(&exif),
            make: text(&exif, Tag::Make),
            model: text(&exif, Tag::Model),
            orientation: orientation(&exif),
        }
    }
}

fn value(exif: &Exif, tag: Tag) -> Option<&Value> {
    exif.get_field(tag, In::PRIMARY).map(|field| &field.value)
}

fn ascii(exif: &Exif, tag: Tag) -> Option<&[u8]> {
    match value(exif, tag)? {
        Value::Ascii(lines) => lines.first().map(Vec::as_slice),
        _ => None,
    }
}

/// Printable, in one piece, and short.
fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let lossy = String::from_utf8_lossy(ascii(exif, tag)?);
    let printable = lossy.chars().filter(|c| !c.is_control() && !is_direction(*c) && *c != char::REPLACEMENT_CHARACTER);
    let kept: String = printable.take(TEXT).collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// Characters that turn the direction of writing, which could disguise the text around them.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The first of the three dates that makes sense, with its own offset.
fn taken(exif: &Exif) -> (Option<String>, Option<String>) {
    let dates = [
        (Tag::DateTimeOriginal, Tag::OffsetTimeOriginal),
        (Tag::DateTimeDigitized, Tag::OffsetTimeDigitized),
        (Tag::DateTime, Tag::OffsetTime),
    ];
    let found = dates.into_iter().find_map(|(date, zone)| Some((local(ascii(exif, date)?)?, zone)));
    found.map_or((None, None), |(taken, zone)| (Some(taken), ascii(exif, zone).and_then(offset)))
}

/// A date of the calendar, or nothing. EXIF is younger than 1990, and photos scanned from paper carry the date of the
/// scan, so an earlier one comes from a camera whose clock was never set.
fn local(written: &[u8]) -> Option<String> {
    let read = DateTime::from_ascii(written.get(..19)?).ok()?;
    let date = NaiveDate::from_ymd_opt(read.year.into(), read.month.into(), read.day.into())?;
    let time = date.and_hms_opt(read.hour.into(), read.minute.into(), read.second.into())?;
    (1990..2200).contains(&read.year).then(|| time.format("%Y-%m-%dT%H:%M:%S").to_string())
}

/// `+08:00`, between the outermost zones that exist.
fn offset(written: &[u8]) -> Option<String> {
    let &[sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = written.trim_ascii() else { return None };
    let digits = |tens: u8, ones: u8| {
        (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
    };
    let (hours, minutes) = (digits(h1, h2)?, digits(m1, m2)?);
    (hours <= 14 && minutes < 60).then(|| format!("{}{hours:02}:{minutes:02}", char::from(sign)))
}

/// Where, unless a part of it is nonsense. Exactly 0° 0° is what devices without a fix write, and is in the sea.
fn place(exif: &Exif) -> Option<Place> {
    let latitude = angle(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, [b'N', b'S'], 90.0)?;
    let longitude = angle(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, [b'E', b'W'], 180.0)?;
    (latitude != 0.0 || longitude != 0.0).then(|| Place { latitude, longitude, altitude: altitude(exif) })
}

fn angle(exif: &Exif, tag: Tag, side: Tag, [plus, minus]: [u8; 2], most: f64) -> Option<f64> {
    let Value::Rational(parts) = value(exif, tag)? else { return None };
    let sign = match ascii(exif, side)?.first()?.to_ascii_uppercase() {
        letter if letter == plus => 1.0,
        letter if letter == minus => -1.0,
        _ => return None,
    };
    let [degrees, rest @ ..] = parts.as_slice() else { return None };
    let mut size = number(degrees)?;
    for (part, unit) in rest.iter().zip([60.0, 3600.0]) {
        let part = number(part).filter(|part| *part < 60.001)?;
        size += part / unit;
    }
    (size <= most).then_some(sign * size)
}

fn altitude(exif: &Exif) -> Option<f64> {
    let Value::Rational(parts) = value(exif, Tag::GPSAltitude)? else { return None };
    let below = value(exif, Tag::GPSAltitudeRef).and_then(|side| side.get_uint(0)) == Some(1);
    let metres = number(parts.first()?)? * if below { -1.0 } else { 1.0 };
    // From the Dead Sea to where airliners fly, with room for an instrument that is wrong.
    (-1_000.0..=20_000.0).contains(&metres).then_some(metres)
}

fn number(fraction: &Rational) -> Option<f64> {
    (fraction.denom != 0).then(|| fraction.to_f64())
}

/// 0 and everything beyond 8 means nothing.
fn orientation(exif: &Exif) -> Option<u8> {
    let number = value(exif, Tag::Orientation)?.get_uint(0)?;
    u8::try_from(number).ok().filter(|number| (1..=8).contains(number))
}
