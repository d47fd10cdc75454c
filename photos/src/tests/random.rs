//! Bytes that nobody thought of: whatever comes, there is an outcome, soon, and copies are pictures.

use std::{sync::LazyLock, time::Instant};

use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder};
use proptest::{collection::vec, prelude::*, sample::Index};

use super::{
    super::{SCREEN, THUMB},
    *,
};

/// Small enough to be quick, large enough for several rows of blocks and for factors of shrinking.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let picture = scene(120, 90);
    let mut seeds: Vec<Vec<u8>> =
        [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP].map(|format| encoded(&picture, format)).into();
    seeds.push(progressive(&picture));
    seeds.extend(
        [
            "hostile/pngsuite/basi6a16.png",
            "hostile/pngsuite/basn3p04.png",
            "hostile/pngsuite/tbbn3p08.png",
            "hostile/generated/orientation_value_9.jpg",
            "hostile/generated/bomb_png_ztxt_64MiB.png",
            "hostile/jpeg-decoder-crash/multiple-0xff-before-eoi.jpg",
            "heic/dn_cheers_1440x960.heic",
        ]
        .map(bytes),
    );
    seeds
});

fn progressive(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 80);
    encoder.set_progressive(true);
    encoder.encode(picture.as_raw(), picture.width() as u16, picture.height() as u16, ColorType::Rgb).unwrap();
    bytes
}

fn ends_well(original: &[u8]) -> Result<(), TestCaseError> {
    let begun = Instant::now();
    let examined = examine(original, &Bounds { pixels: 4_000_000, ..Bounds::default() });
    prop_assert!(begun.elapsed().as_secs_f64() < 5.0, "{:?}", begun.elapsed());
    if let Outcome::Ready { width, height, thumb, screen } = &examined.outcome {
        let (thumb, screen) = (shown(thumb), shown(screen));
        prop_assert!(thumb.width().max(thumb.height()) <= THUMB);
        prop_assert_eq!(screen.width().max(screen.height()), SCREEN.min(*width.max(height)));
    }
    for text in [&examined.facts.make, &examined.facts.model].into_iter().flatten() {
        prop_assert!(text.chars().count() <= 64 && !text.chars().any(char::is_control));
    }
    let json = serde_json::to_string(&examined).unwrap();
    prop_assert!(serde_json::from_str::<Examined>(&json).is_ok(), "{json}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(start in prop::sample::select(vec![
        &b""[..], b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x18ftypheic", b"II*\0", b"GIF89a",
    ]), rest in vec(any::<u8>(), 0..2000)) {
        ends_well(&[start, &rest].concat())?;
    }

    #[test]
    fn flipped_bits(seed in any::<Index>(), flips in vec((any::<Index>(), 0..8_u8), 1..24), head in any::<bool>()) {
        let mut bytes = seed.get(&SEEDS).clone();
        // Headers decide most, and are a small part of a file: half of the cases leave the rest alone.
        let reach = if head { bytes.len().min(700) } else { bytes.len() };
        for (at, bit) in flips {
            bytes[at.index(reach)] ^= 1 << bit;
        }
        ends_well(&bytes)?;
    }

    #[test]
    fn pieces_cut_out_and_repeated(seed in any::<Index>(), from in any::<Index>(), to in any::<Index>(), times in 0..4_usize) {
        let bytes = seed.get(&SEEDS);
        let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
        let (from, to) = (from.min(to), from.max(to));
        ends_well(&[&bytes[..from], &bytes[from..to].repeat(times), &bytes[to..]].concat())?;
    }
}
