//! What is refused, and that it is refused by its header.

use jpeg_encoder::{ColorType, Encoder};

use super::{super::Why, *};

fn refused(original: &[u8], bounds: &Bounds, why: Why) {
    assert_eq!(examine(original, bounds).outcome, Outcome::Refused { why });
}

#[test]
fn each_bound_is_kept_by_each_format() {
    let picture = scene(600, 400);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let original = encoded(&picture, format);
        let enough = Bounds { pixels: 240_000, side: 600, memory: 8 << 20 };
        ready(&examine(&original, &enough).outcome);
        refused(&original, &Bounds { pixels: 239_999, ..enough }, Why::TooManyPixels);
        refused(&original, &Bounds { side: 599, ..enough }, Why::SideTooLong);
        refused(&original, &Bounds { memory: 100 << 10, ..enough }, Why::TooMuchMemory);
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    for original in [
        &b"<!doctype html><script>alert(1)</script>"[..],
        b"<svg onload='alert(1)'/>",
        b"PK\x03\x04",
        b"%PDF-1.7",
        b"\0",
    ] {
        let examined = examine(original, &Bounds::default());
        assert_eq!(examined.media_type, None);
        assert_eq!(examined.outcome, Outcome::Refused { why: Why::NotAPicture });
    }
    refused(b"", &Bounds::default(), Why::Empty);
}

/// A pass costs time for the whole picture and a few bytes of file.
#[test]
fn passes_are_counted() {
    let mut original = Vec::new();
    let mut encoder = Encoder::new(&mut original, 80);
    encoder.set_progressive(true);
    encoder.set_progressive_scans(10);
    encoder.encode(scene(64, 64).as_raw(), 64, 64, ColorType::Rgb).unwrap();
    ready(&examine(&original, &Bounds::default()).outcome);
    let first = original.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
    let pass = original[first..original.len() - 2].to_vec();
    let many = [&original[..first], &pass.repeat(40), &[0xFF, 0xD9]].concat();
    refused(&many, &Bounds::default(), Why::TooManyPasses);
}

/// A lossy WebP believes the size inside before it compares it with the size outside.
#[test]
fn a_webp_that_hides_a_larger_one_is_not_begun() {
    let chunk = |name: &[u8; 4], body: &[u8]| [name, &(body.len() as u32).to_le_bytes()[..], body].concat();
    let canvas = chunk(b"VP8X", &[0, 0, 0, 0, 9, 0, 0, 9, 0, 0]);
    // A key frame of 16,383 × 16,383.
    let frame = chunk(b"VP8 ", &[0x10, 0x02, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F, 0, 0]);
    let webp = chunk(b"RIFF", &[b"WEBP", &canvas[..], &frame].concat());
    assert_eq!(examine(&webp, &Bounds::default()).outcome, Outcome::Unreadable { why: Why::Damaged });
}

/// A few kilobytes of PNG can hold gigabytes behind the picture: what is not part of it is not unpacked.
#[test]
fn what_lies_behind_a_png_is_not_unpacked() {
    let small = encoded(&scene(8, 8), ImageFormat::Png);
    let end = small.len() - 12;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &vec![0; 64 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    let mut whole = small[..end].to_vec();
    for _ in 0..40 {
        let name_and_body = [&b"zTXt"[..], b"a\0\0", &packed].concat();
        whole.extend((name_and_body.len() as u32 - 4).to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(&name_and_body);
        whole.extend(&name_and_body);
        whole.extend(crc.sum().to_be_bytes());
    }
    whole.extend(&small[end..]);
    let begun = std::time::Instant::now();
    ready(&examine(&whole, &Bounds::default()).outcome);
    assert!(begun.elapsed().as_secs_f64() < 2.0, "{:?}", begun.elapsed());
}
