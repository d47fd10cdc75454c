//! WebP. Its decoder holds everything at once, so what it may take follows from the size alone. Of an animation the
//! first picture is shown.

use std::io::Cursor;

use image::{ColorType, ImageDecoder, ImageError, codecs::webp::WebPDecoder, error::LimitErrorKind};

use super::{
    Bounds, Outcome, Why,
    png::on_white,
    raster::{Channels, Pixels, Raster},
};

/// Bytes that the decoder can take for a pixel: with transparency 4 for the answer, 1.5 for the picture, 5 for its
/// alpha; of an animation 4 for the canvas in their place; and 4 for tables of a lossless one.
const PER_PIXEL: u64 = 12;

pub fn decode(original: &[u8], bounds: &Bounds) -> Result<Raster, Outcome> {
    let mut decoder = WebPDecoder::new(Cursor::new(original)).map_err(|error| outcome(&error))?;
    let (width, height) = decoder.dimensions();
    bounds.admit(width, height)?;
    bounds.afford(u64::from(width) * u64::from(height) * PER_PIXEL)?;
    if frames(original.get(12..).unwrap_or_default()).any(|(w, h)| w > width || h > height) {
        return Err(Outcome::Unreadable { why: Why::Damaged });
    }
    let profile = decoder.icc_profile().ok().flatten();
    let has_alpha = decoder.color_type() == ColorType::Rgba8;
    let mut samples = vec![0; width as usize * height as usize * if has_alpha { 4 } else { 3 }];
    decoder.read_image(&mut samples).map_err(|error| outcome(&error))?;
    if has_alpha {
        flatten(&mut samples);
    }
    Ok(Raster { width, height, pixels: Pixels { width, height, channels: Channels::Rgb, samples }, profile })
}

fn outcome(error: &ImageError) -> Outcome {
    let why = match error {
        ImageError::IoError(_) => Why::Truncated,
        ImageError::Limits(limit) if limit.kind() == LimitErrorKind::InsufficientMemory => {
            return Outcome::Refused { why: Why::TooMuchMemory };
        }
        ImageError::Unsupported(_) => return Outcome::NoPreview { why: Why::VariantNotDecoded },
        _ => Why::Damaged,
    };
    Outcome::Unreadable { why }
}

/// RGBA becomes RGB on white, in place.
fn flatten(samples: &mut Vec<u8>) {
    let pixels = samples.len() / 4;
    for pixel in 0..pixels {
        let [red, green, blue, alpha] = [0, 1, 2, 3].map(|channel| samples[pixel * 4 + channel]);
        for (channel, sample) in [red, green, blue].into_iter().enumerate() {
            samples[pixel * 3 + channel] = on_white(sample, alpha);
        }
    }
    samples.truncate(pixels * 3);
}

/// The sizes that the lossy pictures inside say they have. The decoder believes them before it compares them with the
/// size of the whole, and a picture of one pixel could hold one of 268 million.
fn frames(chunks: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    let mut rest = chunks;
    std::iter::from_fn(move || {
        loop {
            let (&name, after) = rest.split_first_chunk::<4>()?;
            let (&length, body) = after.split_first_chunk::<4>()?;
            let length = u32::from_le_bytes(length) as usize;
            match &name {
                // The chunks of a picture of an animation come behind 16 bytes about it.
                b"ANMF" => rest = body.get(16..)?,
                b"VP8 " => {
                    rest = body.get(length.checked_add(length % 2)?..).unwrap_or_default();
                    let side =
                        |at: usize| Some(u32::from(u16::from_le_bytes([*body.get(at)?, *body.get(at + 1)?]) & 0x3FFF));
                    return Some((side(6)?, side(8)?));
                }
                _ => rest = body.get(length.checked_add(length % 2)?..)?,
            }
        }
    })
}
