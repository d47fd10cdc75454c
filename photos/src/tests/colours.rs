//! Colours come out as they were meant.

use image::{DynamicImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder};
use moxcms::ColorProfile;

use super::*;

fn plain(colour: [u8; 3], profile: Option<&ColorProfile>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    if let Some(profile) = profile {
        encoder.add_icc_profile(&profile.encode().unwrap()).unwrap();
    }
    encoder.encode(&colour.repeat(64 * 64), 64, 64, ColorType::Rgb).unwrap();
    bytes
}

#[track_caller]
fn shows(original: &[u8], colour: [u8; 3]) {
    let (_, _, _, screen) = ready(&examine(original, &Bounds::default()).outcome);
    let seen = screen.get_pixel(screen.width() / 2, screen.height() / 2).0;
    let near = seen.iter().zip(colour).all(|(seen, meant)| seen.abs_diff(meant) <= 5);
    assert!(near, "{seen:?} instead of {colour:?}");
}

/// What iPhones write: the same numbers mean stronger colours than in sRGB.
#[test]
fn display_p3_becomes_srgb() {
    shows(&plain([234, 51, 35], Some(&ColorProfile::new_display_p3())), [255, 0, 0]);
    shows(&plain([234, 51, 35], Some(&ColorProfile::new_srgb())), [234, 51, 35]);
    shows(&plain([234, 51, 35], None), [234, 51, 35]);
}

#[test]
fn a_broken_profile_is_passed_over() {
    let mut original = plain([10, 200, 90], Some(&ColorProfile::new_display_p3()));
    let at = original.windows(4).position(|window| window == b"acsp").unwrap();
    original[at..at + 4].copy_from_slice(b"nope");
    shows(&original, [10, 200, 90]);
}

#[test]
fn grey_and_ink_become_light() {
    let mut grey = Vec::new();
    Encoder::new(&mut grey, 95).encode(&[77; 64 * 64], 64, 64, ColorType::Luma).unwrap();
    shows(&grey, [77, 77, 77]);
    for kind in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let mut ink = Vec::new();
        Encoder::new(&mut ink, 95).encode(&[0, 255, 255, 0].repeat(64 * 64), 64, 64, kind).unwrap();
        shows(&ink, [255, 0, 0]);
    }
}

#[test]
fn transparency_is_put_on_white() {
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        for (pixel, seen) in [([255, 0, 0, 0], [255; 3]), ([200, 0, 0, 255], [200, 0, 0]), ([0, 0, 0, 127], [128; 3])] {
            let picture = DynamicImage::ImageRgba8(RgbaImage::from_pixel(64, 64, image::Rgba(pixel)));
            let mut bytes = std::io::Cursor::new(Vec::new());
            picture.write_to(&mut bytes, format).unwrap();
            shows(bytes.get_ref(), seen);
        }
    }
}
