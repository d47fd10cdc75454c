//! What a photo's bytes say, and the smaller copies that people are shown.
//!
//! Bytes in, facts and pictures out: no database, no HTTP, no clock. [`examine`] never fails and never panics; whatever
//! came ends in an [`Outcome`], and the original is not touched.
//!
//! * [`kind`] – the format, by content. * [`facts`] – what EXIF says. * `jpeg`, `png`, `webp` – each decoder behind its
//!   own checks, shrinking while it reads where it can. * `raster` – size, colours and uprightness. * `copies` – the two
//!   copies.
//!
//! Everything here was sent by somebody, so the header is judged before anything is allocated, and the estimates of
//! memory are of the worst case of a decoder and not of the usual one. Where no estimate is possible there is a bound on
//! what is read.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

mod copies;
pub mod facts;
mod jpeg;
pub mod kind;
mod png;
mod raster;
#[cfg(test)]
mod tests;
mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

pub use copies::{SCREEN, THUMB};
pub use facts::{Facts, Place};
pub use kind::MediaType;

use raster::{Raster, Turn};

/// How much a single photo may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Width times height, by the header.
    pub pixels: u64,
    /// Pixels on one side.
    pub side: u32,
    /// Bytes that decoding may take at once, beside the original. Judged by the header, for the worst case of the
    /// decoder; a photo usually takes a fraction of it.
    pub memory: u64,
}

impl Default for Bounds {
    /// 100 megapixels, 65,535 pixels on a side (the most that a JPEG can say), 400 MiB.
    ///
    /// Twice what ordinary phones take at their best, and a photo at the bound is done within 5 s and 512 MiB: the
    /// estimate leaves room for the copies and for what the allocator keeps.
    fn default() -> Self {
        Self { pixels: 100_000_000, side: 65_535, memory: 400 << 20 }
    }
}

impl Bounds {
    /// Refuses by the header alone.
    fn admit(&self, width: u32, height: u32) -> Result<(), Outcome> {
        if width == 0 || height == 0 {
            return Err(Outcome::Unreadable { why: Why::Damaged });
        }
        if u64::from(width) * u64::from(height) > self.pixels {
            return Err(Outcome::Refused { why: Why::TooManyPixels });
        }
        if width.max(height) > self.side {
            return Err(Outcome::Refused { why: Why::SideTooLong });
        }
        Ok(())
    }

    /// Refuses what a decoder could come to need.
    fn afford(&self, bytes: u64) -> Result<(), Outcome> {
        if bytes > self.memory {
            return Err(Outcome::Refused { why: Why::TooMuchMemory });
        }
        Ok(())
    }
}

/// What became of an original.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Examined {
    /// The format by its content, whatever it was called. None if it is no format of pictures that is known here.
    pub media_type: Option<MediaType>,
    /// What EXIF says: evidence beside other evidence, and never proof.
    pub facts: Facts,
    /// The copies, or why there are none.
    pub outcome: Outcome,
}

/// Whether people can be shown a picture. The pictures themselves are not serialised: they are stored as files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// Copies were made: upright, sRGB, without metadata.
    Ready {
        /// Pixels across, upright, of the original.
        width: u32,
        /// Pixels down, upright, of the original.
        height: u32,
        /// JPEG, longest side at most [`THUMB`].
        #[serde(skip)]
        thumb: Vec<u8>,
        /// JPEG, longest side at most [`SCREEN`].
        #[serde(skip)]
        screen: Vec<u8>,
    },
    /// A picture, and nothing speaks against it, but of a format that is not decoded here.
    NoPreview {
        /// Which part of it is not understood.
        why: Why,
    },
    /// Meant as a picture, but it cannot be decoded.
    Unreadable {
        /// What is wrong with it.
        why: Why,
    },
    /// Not decoded on purpose.
    Refused {
        /// Which bound it breaks.
        why: Why,
    },
}

/// The reason for an outcome. The names are stored and shown to people: they stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No preview: the format is known but not decoded here (HEIC, AVIF, GIF, TIFF).
    FormatNotDecoded,
    /// No preview: a rare variant of a format that is otherwise decoded (a JPEG with arithmetic coding or 12 bits).
    VariantNotDecoded,
    /// Unreadable: it ends before the picture does.
    Truncated,
    /// Unreadable: it contradicts its own format.
    Damaged,
    /// Unreadable: the decoder gave up in a way that it should not.
    DecoderFailed,
    /// Refused: no bytes at all.
    Empty,
    /// Refused: some other kind of file.
    NotAPicture,
    /// Refused: more pixels than [`Bounds::pixels`].
    TooManyPixels,
    /// Refused: longer than [`Bounds::side`].
    SideTooLong,
    /// Refused: decoding could take more than [`Bounds::memory`].
    TooMuchMemory,
    /// Refused: built of so many passes that decoding would take too long.
    TooManyPasses,
}

/// Looks at a photo and makes its copies. Takes as long as the CPU needs (a tenth of a second for 12 megapixels, at
/// most some seconds): call it where blocking is allowed.
pub fn examine(original: &[u8], bounds: &Bounds) -> Examined {
    let Some(media_type) = MediaType::of(original) else {
        let why = if original.is_empty() { Why::Empty } else { Why::NotAPicture };
        return Examined { media_type: None, facts: Facts::default(), outcome: Outcome::Refused { why } };
    };
    // A panic in a decoder leaves nothing behind that anybody looks at again.
    let facts = catch_unwind(AssertUnwindSafe(|| Facts::of(original))).unwrap_or_default();
    let outcome = catch_unwind(AssertUnwindSafe(|| outcome(media_type, original, &facts, bounds)))
        .unwrap_or(Outcome::Unreadable { why: Why::DecoderFailed });
    Examined { media_type: Some(media_type), facts, outcome }
}

fn outcome(media_type: MediaType, original: &[u8], facts: &Facts, bounds: &Bounds) -> Outcome {
    let turn = Turn::by_exif(facts.orientation);
    decode(media_type, original, bounds).and_then(|raster| copies::of(raster, turn)).unwrap_or_else(|other| other)
}

/// Every decoder answers either pixels or the outcome that ends the matter.
fn decode(media_type: MediaType, original: &[u8], bounds: &Bounds) -> Result<Raster, Outcome> {
    match media_type {
        MediaType::Jpeg => jpeg::decode(original, bounds),
        MediaType::Png => png::decode(original, bounds),
        MediaType::Webp => webp::decode(original, bounds),
        MediaType::Heic | MediaType::Avif | MediaType::Gif | MediaType::Tiff => {
            Err(Outcome::NoPreview { why: Why::FormatNotDecoded })
        }
    }
}
