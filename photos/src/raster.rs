//! Decoded pixels: made smaller, brought to sRGB, turned upright.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::{DynamicImage, RgbImage, metadata::Orientation};
use moxcms::{ColorProfile, DataColorSpace, Layout, ParsingOptions, TransformOptions};

use super::{Outcome, Why};

/// Larger profiles are not read, and the picture is taken for sRGB. Those of cameras and screens have some kilobytes,
/// those of printing presses up to 3 MiB.
const PROFILE: usize = 4 << 20;

/// What a pixel consists of, 8 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    Grey,
    Rgb,
    /// Ink: 0 is none.
    Cmyk,
}

impl Channels {
    fn pixel(self) -> PixelType {
        match self {
            Self::Grey => PixelType::U8,
            Self::Rgb => PixelType::U8x3,
            Self::Cmyk => PixelType::U8x4,
        }
    }
}

/// A picture as it is stored: perhaps lying on its side, perhaps already smaller than the original.
pub struct Raster {
    /// Pixels across of the original, as it is stored.
    pub width: u32,
    /// Pixels down of the original, as it is stored.
    pub height: u32,
    pub pixels: Pixels,
    /// ICC.
    pub profile: Option<Vec<u8>>,
}

pub struct Pixels {
    pub width: u32,
    pub height: u32,
    pub channels: Channels,
    pub samples: Vec<u8>,
}

impl Pixels {
    /// No side longer than `longest`; what is small enough stays as it is.
    pub fn shrunk(self, longest: u32) -> Result<Self, Outcome> {
        let size = fitted(self.width, self.height, longest);
        if size == (self.width, self.height) { Ok(self) } else { self.resized(size) }
    }

    /// A copy with no side longer than `longest`.
    pub fn resized_to_fit(&self, longest: u32) -> Result<Self, Outcome> {
        self.resized(fitted(self.width, self.height, longest))
    }

    fn resized(&self, (width, height): (u32, u32)) -> Result<Self, Outcome> {
        let pixel = self.channels.pixel();
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
        let mut resized = Image::new(width, height, pixel);
        ImageRef::new(self.width, self.height, &self.samples, pixel)
            .ok()
            .and_then(|whole| Resizer::new().resize(&whole, &mut resized, &options).ok())
            // Only a buffer of another length than its size says comes here.
            .ok_or(Outcome::Unreadable { why: Why::DecoderFailed })?;
        Ok(Self { width, height, channels: self.channels, samples: resized.into_vec() })
    }

    /// In sRGB, which is what screens take a picture for that says nothing. A profile that cannot be used is passed
    /// over: colours that are a little off show more than no picture.
    pub fn in_srgb(self, profile: Option<&[u8]>) -> Self {
        let samples = profile.and_then(|profile| self.converted(profile)).unwrap_or_else(|| match self.channels {
            Channels::Grey => self.samples.iter().flat_map(|&grey| [grey; 3]).collect(),
            Channels::Rgb => self.samples,
            Channels::Cmyk => self.samples.chunks_exact(4).flat_map(of_ink).collect(),
        });
        Self { channels: Channels::Rgb, samples, ..self }
    }

    fn converted(&self, profile: &[u8]) -> Option<Vec<u8>> {
        let bounds = ParsingOptions { max_profile_size: PROFILE, ..ParsingOptions::default() };
        let profile = ColorProfile::new_from_slice_with_options(profile, bounds).ok()?;
        let layout = match (self.channels, profile.color_space) {
            (Channels::Grey, DataColorSpace::Gray) => Layout::Gray,
            (Channels::Rgb, DataColorSpace::Rgb) => Layout::Rgb,
            // Four channels of ink have the layout of four channels of light.
            (Channels::Cmyk, DataColorSpace::Cmyk) => Layout::Rgba,
            _ => return None,
        };
        let srgb = ColorProfile::new_srgb();
        let transform = profile.create_transform_8bit(layout, &srgb, Layout::Rgb, TransformOptions::default()).ok()?;
        let mut samples = vec![0; self.width as usize * self.height as usize * 3];
        transform.transform(&self.samples, &mut samples).ok()?;
        Some(samples)
    }

    /// Upright. Only what is in sRGB can be turned.
    pub fn turned(self, turn: Turn) -> Option<Self> {
        let mut picture = DynamicImage::ImageRgb8(RgbImage::from_raw(self.width, self.height, self.samples)?);
        picture.apply_orientation(turn.0);
        Some(Self {
            width: picture.width(),
            height: picture.height(),
            channels: Channels::Rgb,
            samples: picture.into_rgb8().into_raw(),
        })
    }
}

/// What light is left by cyan, magenta, yellow and black of no particular press.
fn of_ink(ink: &[u8]) -> [u8; 3] {
    let light = |colour: u8| {
        let left = u16::from(255 - colour) * u16::from(255 - ink[3]) / 255;
        // 255 × 255 / 255 at most.
        left as u8
    };
    [light(ink[0]), light(ink[1]), light(ink[2])]
}

/// The same shape with no side longer than `longest`, and none shorter than a pixel.
fn fitted(width: u32, height: u32, longest: u32) -> (u32, u32) {
    let side = width.max(height);
    if side <= longest {
        return (width, height);
    }
    let scaled = |length: u32| {
        let rounded = (u64::from(length) * u64::from(longest) + u64::from(side) / 2) / u64::from(side);
        u32::try_from(rounded).unwrap_or(longest).max(1)
    };
    (scaled(width), scaled(height))
}

/// How a stored picture must be turned to stand upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn(Orientation);

impl Turn {
    /// By EXIF's number; none is upright.
    pub fn by_exif(number: Option<u8>) -> Self {
        Self(number.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms))
    }

    /// Across and down, once turned.
    pub fn of_size(self, width: u32, height: u32) -> (u32, u32) {
        match self.0 {
            Orientation::NoTransforms
            | Orientation::Rotate180
            | Orientation::FlipHorizontal
            | Orientation::FlipVertical => (width, height),
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
        }
    }
}
