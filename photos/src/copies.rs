//! The two copies that people see instead of the original.
//!
//! They are made of pixels alone, so nothing of the original's metadata can be in them: no place, no camera, no profile.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::{
    Outcome, Why,
    raster::{Pixels, Raster, Turn},
};

/// The longest side of the copy for lists, in pixels.
pub const THUMB: u32 = 320;

/// The longest side of the copy for looking at, in pixels.
pub const SCREEN: u32 = 1600;

/// JPEG quality of the copy for lists: small enough to send thirty of them over a bad line.
const THUMB_QUALITY: u8 = 75;

/// JPEG quality of the copy for looking at.
const SCREEN_QUALITY: u8 = 82;

/// Both copies. The order matters for memory: each step lets go of what the one before was made of, and colours and
/// turning see only what is left after shrinking.
pub fn of(raster: Raster, turn: Turn) -> Result<Outcome, Outcome> {
    let (width, height) = turn.of_size(raster.width, raster.height);
    let shrunk = raster.pixels.shrunk(SCREEN)?.in_srgb(raster.profile.as_deref());
    let screen = shrunk.turned(turn).ok_or(Outcome::Unreadable { why: Why::DecoderFailed })?;
    let thumb = screen.resized_to_fit(THUMB)?;
    Ok(Outcome::Ready { width, height, thumb: jpeg(&thumb, THUMB_QUALITY)?, screen: jpeg(&screen, SCREEN_QUALITY)? })
}

fn jpeg(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, Outcome> {
    let failed = Outcome::Unreadable { why: Why::DecoderFailed };
    // Neither side is longer than `SCREEN`.
    let (Ok(width), Ok(height)) = (u16::try_from(pixels.width), u16::try_from(pixels.height)) else {
        return Err(failed);
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    match encoder.encode(&pixels.samples, width, height, ColorType::Rgb) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(failed),
    }
}
