//! The format of a picture, by its first bytes and never by its name.

use serde::{Deserialize, Serialize};

/// A format of pictures that is told apart. Anything else is no picture here, SVG and HTML above all: what a browser
/// would run is never served as a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MediaType {
    /// `image/jpeg`
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// `image/png`
    #[serde(rename = "image/png")]
    Png,
    /// `image/webp`
    #[serde(rename = "image/webp")]
    Webp,
    /// `image/heic`: HEIF whose pictures are HEVC, as iPhones take them, or HEIF that does not say.
    #[serde(rename = "image/heic")]
    Heic,
    /// `image/avif`
    #[serde(rename = "image/avif")]
    Avif,
    /// `image/gif`
    #[serde(rename = "image/gif")]
    Gif,
    /// `image/tiff`, which many raw formats of cameras look like.
    #[serde(rename = "image/tiff")]
    Tiff,
}

impl MediaType {
    /// By content.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Some(Self::Tiff),
            [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => Self::of_brand(brand.get(..4)?),
            _ => None,
        }
    }

    /// By the major brand of an ISO media file; a video has others.
    fn of_brand(brand: &[u8]) -> Option<Self> {
        match brand {
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"mif2" | b"msf1" => Some(Self::Heic),
            b"avif" | b"avis" => Some(Self::Avif),
            _ => None,
        }
    }

    /// As it stands in `Content-Type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Avif => "image/avif",
            Self::Gif => "image/gif",
            Self::Tiff => "image/tiff",
        }
    }
}
