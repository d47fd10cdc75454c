//! PNG, row by row: of a large picture several rows and columns become one while they are read, so that memory does not
//! grow with the picture. Only interlaced ones must be held whole.

use std::io::{Cursor, ErrorKind};

use ::png::{ColorType, Decoder, DecodingError, Limits, Reader, Transformations};

use super::{
    Bounds, Outcome, SCREEN, Why,
    raster::{Channels, Pixels, Raster},
};

/// For a few rows, an unpacked profile, and other chunks that are read whole. Compressed texts are not unpacked at all.
const CHUNKS: usize = 16 << 20;

pub fn decode(original: &[u8], bounds: &Bounds) -> Result<Raster, Outcome> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(original), Limits { bytes: CHUNKS });
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let (width, height) = decoder.read_header_info().map_err(|error| outcome(&error))?.size();
    bounds.admit(width, height)?;
    let mut reader = decoder.read_info().map_err(|error| outcome(&error))?;
    let profile = reader.info().icc_profile.as_ref().map(|profile| profile.to_vec());
    let mut gathered = Gathered::new(width, height, reader.output_color_type().0);
    let whole = if reader.info().interlaced { reader.output_buffer_size().unwrap_or(usize::MAX) } else { 0 };
    bounds.afford(gathered.memory() + whole as u64)?;
    if whole > 0 { frame(&mut reader, whole, &mut gathered) } else { rows(&mut reader, &mut gathered) }
        // To the end, because checksums come after what they cover.
        .and_then(|()| reader.finish())
        .map_err(|error| outcome(&error))?;
    Ok(Raster { width, height, pixels: gathered.pixels(), profile })
}

fn rows(reader: &mut Reader<Cursor<&[u8]>>, gathered: &mut Gathered) -> Result<(), DecodingError> {
    while let Some(row) = reader.next_row()? {
        gathered.row(row.data());
    }
    Ok(())
}

fn frame(reader: &mut Reader<Cursor<&[u8]>>, bytes: usize, gathered: &mut Gathered) -> Result<(), DecodingError> {
    let mut whole = vec![0; bytes];
    let info = reader.next_frame(&mut whole)?;
    whole.chunks_exact(info.line_size.max(1)).for_each(|row| gathered.row(row));
    Ok(())
}

fn outcome(error: &DecodingError) -> Outcome {
    match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Outcome::Unreadable { why: Why::Truncated }
        }
        DecodingError::LimitsExceeded => Outcome::Refused { why: Why::TooMuchMemory },
        DecodingError::IoError(_) | DecodingError::Format(_) | DecodingError::Parameter(_) => {
            Outcome::Unreadable { why: Why::Damaged }
        }
    }
}

/// Rows, put onto white and averaged in squares of `factor` × `factor` pixels.
struct Gathered {
    width: u32,
    height: u32,
    source: ColorType,
    channels: Channels,
    factor: u32,
    /// The present row without transparency.
    opaque: Vec<u8>,
    /// Of the squares of the present rows: sum of each channel.
    sums: Vec<u32>,
    /// Rows in `sums`.
    summed: u32,
    samples: Vec<u8>,
}

impl Gathered {
    fn new(width: u32, height: u32, source: ColorType) -> Self {
        let channels = match source {
            ColorType::Grayscale | ColorType::GrayscaleAlpha => Channels::Grey,
            ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => Channels::Rgb,
        };
        // Twice the final size is left for the good filter to work on.
        let factor = (width.max(height) / (2 * SCREEN)).max(1);
        Self {
            width,
            height,
            source,
            channels,
            factor,
            opaque: Vec::new(),
            sums: Vec::new(),
            summed: 0,
            samples: Vec::new(),
        }
    }

    fn count(&self) -> usize {
        if self.channels == Channels::Grey { 1 } else { 3 }
    }

    /// Bytes for what is gathered and for making it smaller.
    fn memory(&self) -> u64 {
        let across = u64::from(self.width.div_ceil(self.factor));
        across * u64::from(self.height.div_ceil(self.factor)) * self.count() as u64 * 2
    }

    fn row(&mut self, row: &[u8]) {
        self.opaque.clear();
        match self.source {
            ColorType::GrayscaleAlpha => self.opaque.extend(row.chunks_exact(2).map(|p| on_white(p[0], p[1]))),
            ColorType::Rgba => {
                self.opaque.extend(row.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]].map(|c| on_white(c, p[3]))));
            }
            ColorType::Grayscale | ColorType::Rgb | ColorType::Indexed => self.opaque.extend_from_slice(row),
        }
        if self.factor == 1 {
            self.samples.append(&mut self.opaque);
        } else {
            self.sum();
        }
    }

    fn sum(&mut self) {
        let (count, factor) = (self.count(), self.factor as usize);
        self.sums.resize(self.width.div_ceil(self.factor) as usize * count, 0);
        let squares = self.opaque.chunks(factor * count).zip(self.sums.chunks_exact_mut(count));
        for (square, sums) in squares {
            for pixel in square.chunks_exact(count) {
                pixel.iter().zip(sums.iter_mut()).for_each(|(sample, sum)| *sum += u32::from(*sample));
            }
        }
        self.summed += 1;
        if self.summed == self.factor {
            self.average();
        }
    }

    /// The squares on the right and lower edge may have fewer pixels than the others.
    fn average(&mut self) {
        let count = self.count();
        let squares = self.sums.len() / count;
        for (place, sums) in self.sums.chunks_exact(count).enumerate() {
            let is_last = place + 1 == squares;
            let across = if is_last { self.width - place as u32 * self.factor } else { self.factor };
            let pixels = across * self.summed;
            self.samples.extend(sums.iter().map(|sum| ((sum + pixels / 2) / pixels) as u8));
        }
        self.sums.clear();
        self.summed = 0;
    }

    fn pixels(mut self) -> Pixels {
        if self.summed > 0 {
            self.average();
        }
        Pixels {
            width: self.width.div_ceil(self.factor),
            height: self.height.div_ceil(self.factor),
            channels: self.channels,
            samples: self.samples,
        }
    }
}

/// A sample of which `alpha` of 255 is there, before white.
pub fn on_white(sample: u8, alpha: u8) -> u8 {
    let (sample, alpha) = (u32::from(sample), u32::from(alpha));
    ((sample * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}
