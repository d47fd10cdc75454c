//! JPEG, decoded at an eighth, a quarter or half of its size where that is enough.
//!
//! The decoder can leave out fine detail before it makes pixels of it (its inverse DCT takes 1, 2 or 4 of 8
//! coefficients a side), which is where most time and nearly all memory of a large photo would go.

use jpeg_decoder::{Decoder, Error, PixelFormat};

use super::{
    Bounds, Outcome, SCREEN, Why,
    raster::{Channels, Pixels, Raster},
};

/// Passes over the picture. A progressive photo has about ten; each costs time for the whole picture, however few bytes
/// it takes, so that a small file could keep a processor busy for hours.
const PASSES: u32 = 64;

pub fn decode(original: &[u8], bounds: &Bounds) -> Result<Raster, Outcome> {
    let header = Header::of(original).ok_or_else(|| headless(original))?;
    bounds.admit(header.width.into(), header.height.into())?;
    if header.passes > PASSES {
        return Err(Outcome::Refused { why: Why::TooManyPasses });
    }
    bounds.afford(header.memory())?;
    let mut decoder = Decoder::new(original);
    let (width, height) =
        if header.width >= header.height { (SCREEN as u16, u16::MAX) } else { (u16::MAX, SCREEN as u16) };
    decoder.scale(width, height).map_err(|error| outcome(&error))?;
    let samples = decoder.decode().map_err(|error| outcome(&error))?;
    let info = decoder.info().ok_or(Outcome::Unreadable { why: Why::DecoderFailed })?;
    let channels = match info.pixel_format {
        PixelFormat::L8 => Channels::Grey,
        PixelFormat::RGB24 => Channels::Rgb,
        PixelFormat::CMYK32 => Channels::Cmyk,
        PixelFormat::L16 => return Err(Outcome::NoPreview { why: Why::VariantNotDecoded }),
    };
    Ok(Raster {
        width: header.width.into(),
        height: header.height.into(),
        pixels: Pixels { width: info.width.into(), height: info.height.into(), channels, samples },
        profile: decoder.icc_profile(),
    })
}

fn outcome(error: &Error) -> Outcome {
    match error {
        Error::Unsupported(_) => Outcome::NoPreview { why: Why::VariantNotDecoded },
        Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Outcome::Unreadable { why: Why::Truncated }
        }
        Error::Io(_) | Error::Format(_) | Error::Internal(_) => Outcome::Unreadable { why: Why::Damaged },
    }
}

/// Why no header was found: the decoder says it, without having decoded anything. What it would take nevertheless is a
/// lossless JPEG, which can take any amount of memory.
fn headless(original: &[u8]) -> Outcome {
    match Decoder::new(original).read_info() {
        Err(error) => outcome(&error),
        Ok(()) => Outcome::NoPreview { why: Why::VariantNotDecoded },
    }
}

/// What must be known before the decoder may allocate.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    width: u16,
    height: u16,
    /// Samples that each component has for every 64 of the picture, summed: 96 for the usual 4:2:0, 192 for 4:4:4.
    density: u64,
    progressive: bool,
    passes: u32,
}

impl Header {
    /// Walks over all segments to the end; decodes nothing. None if no frame is described that could be decoded.
    fn of(original: &[u8]) -> Option<Self> {
        let mut header: Option<Self> = None;
        let mut rest = original.get(2..)?;
        while let Some((marker, after)) = next_marker(rest) {
            rest = after;
            match marker {
                0xD9 => break,
                // Without a length.
                0x01 | 0xD0..=0xD8 => continue,
                _ => {}
            }
            let Some(length) = rest.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length))) else { break };
            let Some((segment, after)) = rest.split_at_checked(length) else { break };
            rest = after;
            match marker {
                0xC0..=0xC2 if header.is_none() => header = Some(Self::of_frame(marker, segment)?),
                0xDA => header.as_mut()?.passes += 1,
                _ => {}
            }
        }
        header
    }

    /// `length` (2), bits (1), height (2), width (2), components (1), and of each: id, sampling, table.
    fn of_frame(marker: u8, segment: &[u8]) -> Option<Self> {
        let &[_, _, _, h1, h2, w1, w2, _, ref components @ ..] = segment else { return None };
        let sampling = components.chunks_exact(3).map(|component| (component[1] >> 4, component[1] & 15));
        let widest = u64::from(sampling.clone().map(|(across, _)| across).max()?);
        let tallest = u64::from(sampling.clone().map(|(_, down)| down).max()?);
        let samples: u64 = sampling.map(|(across, down)| 64 * u64::from(across) * u64::from(down)).sum();
        Some(Self {
            width: u16::from_be_bytes([w1, w2]),
            height: u16::from_be_bytes([h1, h2]),
            density: samples.div_ceil((widest * tallest).max(1)),
            progressive: marker == 0xC2,
            passes: 0,
        })
    }

    /// Bytes in the worst case: every coefficient (2 bytes) waiting for the threads that make pixels of them, once more
    /// if the picture comes in passes and must be kept until the last, and the scaled picture as planes, as a whole and
    /// while it is made smaller.
    fn memory(&self) -> u64 {
        let (width, height) = (u64::from(self.width), u64::from(self.height));
        let coefficients = (width + 32) * (height + 32) * self.density.max(64) / 64 * 2;
        let scaled = width * height / self.reduction().pow(2) * 4;
        coefficients * if self.progressive { 2 } else { 1 } + scaled * 3
    }

    /// By how much the decoder makes each side smaller.
    fn reduction(&self) -> u64 {
        let longest = u64::from(self.width.max(self.height));
        [8, 4, 2].into_iter().find(|by| longest.div_ceil(*by) >= u64::from(SCREEN)).unwrap_or(1)
    }
}

/// The next marker and what follows it. Inside of coded data `FF 00` is a byte and `FF D0` to `FF D7` are signposts.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut rest = bytes;
    loop {
        let at = rest.iter().position(|byte| *byte == 0xFF)?;
        rest = &rest[at + 1..];
        match rest.first()? {
            0x00 | 0xD0..=0xD7 => rest = &rest[1..],
            0xFF => {}
            marker => return Some((*marker, &rest[1..])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_found_behind_its_thumbnail() {
        // An APP1 that holds a whole JPEG of its own, then the frame and two passes.
        let frame = [0xFF, 0xC2, 0, 17, 8, 0x0B, 0xB8, 0x0F, 0xA0, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
        let inner = [&[0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 9, 0, 9, 1, 1, 0x11, 0][..], &[0xFF, 0xDA, 0, 2]].concat();
        let app1 = [&[0xFF, 0xE1, 0, inner.len() as u8 + 2][..], &inner].concat();
        let pass = [0xFF, 0xDA, 0, 2, 1, 2, 0xFF, 0x00, 0xFF, 0xD3, 7];
        let whole = [&[0xFF, 0xD8][..], &app1, &frame, &pass, &pass, &[0xFF, 0xD9], &pass].concat();
        let found = Header { width: 4000, height: 3000, density: 96, progressive: true, passes: 2 };
        assert_eq!(Header::of(&whole), Some(found));
    }

    #[test]
    fn a_header_that_ends_early_is_none() {
        for end in 0..20 {
            let frame = [0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0, 9, 0, 9, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11];
            assert_eq!(Header::of(&frame[..end]), None);
        }
    }
}
