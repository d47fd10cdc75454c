//! What a photo of 12 megapixels costs, beside `vipsthumbnail` (libvips-tools) making the same two sizes.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image};
use image::{RgbImage, imageops};
use image_compare::Algorithm;
use jpeg_encoder::{ColorType, Encoder};
use photos::{Bounds, Outcome, SCREEN, THUMB, examine};

use crate::{
    Options, median,
    table::{Table, Target},
};

/// As phones take them: 12.2 megapixels.
const SIZE: (u32, u32) = (4032, 3024);

pub fn run(options: &Options, table: &mut Table) {
    let original = original();
    table.figure("Photo of 12 MP, the original", original.len() as f64 / f64::from(1 << 20), "MiB");
    // First, as long as nothing else has left memory behind that could be used again unseen.
    table.promised("Photo of 12 MP, most memory beside the original", peak(&original), "MiB", Target::AtMost(64.0));
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("photo.jpg"), &original).expect("a file");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds.max(3) * 3 {
        ours.push(timed(|| drop(copies(&original))));
        theirs.extend(vips(folder.path()));
    }
    let ours = median(&mut ours);
    table.figure("Photo of 12 MP: facts and two copies", ours.as_secs_f64() * 1e3, "ms");
    let reference = image::load_from_memory(&original).expect("a picture").into_rgb8();
    let screen = copies(&original);
    let (what, ours_like) = ("Photo, screen size: SSIM to Lanczos3 by `image`", likeness(&reference, &screen));
    table.figure(what, ours_like, "");
    if theirs.is_empty() {
        table.figure("vipsthumbnail is not installed, nothing to compare with", 0.0, "");
        return;
    }
    let theirs = median(&mut theirs);
    table.figure("The same two sizes by vipsthumbnail, two calls", theirs.as_secs_f64() * 1e3, "ms");
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    table.promised("Photos: vipsthumbnail takes so many times as long", ratio, "×", Target::AtLeast(1.0, 1.0));
    let screen = fs::read(folder.path().join("screen.jpg")).expect("it was made");
    let theirs_like = likeness(&reference, &screen);
    table.figure("The same by vipsthumbnail at the same quality: SSIM", theirs_like, "");
    table.promised("SSIM ÷ vipsthumbnail's", ours_like / theirs_like, "×", Target::AtLeast(0.95, 0.95));
}

/// A JPEG as a phone takes it.
pub fn original() -> Vec<u8> {
    let picture = texture();
    let mut original = Vec::new();
    let encoder = Encoder::new(&mut original, 88);
    encoder.encode(&picture, SIZE.0 as u16, SIZE.1 as u16, ColorType::Rgb).expect("a photo");
    original
}

/// Something like a photo: soft and fine structure together, the same every time, at no size a copy of another.
fn texture() -> Vec<u8> {
    let mut seed = 1_u64;
    let mut sum = vec![0_u16; (SIZE.0 * SIZE.1 * 3) as usize];
    for (grain, weight) in [(504, 70), (126, 60), (42, 50), (14, 40), (6, 22), (2, 10), (1, 4)] {
        let (width, height) = (SIZE.0 / grain, SIZE.1 / grain);
        let noise = (0..width * height * 3).map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 56) as u8
        });
        let small = Image::from_vec_u8(width, height, noise.collect(), PixelType::U8x3).expect("its size");
        let mut large = Image::new(SIZE.0, SIZE.1, PixelType::U8x3);
        let smooth = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
        Resizer::new().resize(&small, &mut large, &smooth).expect("alike");
        sum.iter_mut().zip(large.buffer()).for_each(|(sum, sample)| *sum += u16::from(*sample) * weight);
    }
    sum.into_iter().map(|sum| (sum >> 8) as u8).collect()
}

/// The screen copy; that there are two of them is certain.
fn copies(original: &[u8]) -> Vec<u8> {
    match examine(original, &Bounds::default()).outcome {
        Outcome::Ready { screen, .. } => screen,
        other => panic!("{other:?}"),
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// None if it is not installed.
fn vips(folder: &Path) -> Option<Duration> {
    let begun = Instant::now();
    for (longest, copy) in [(SCREEN, "screen.jpg[Q=82,strip]"), (THUMB, "thumb.jpg[Q=75,strip]")] {
        let made = Command::new("vipsthumbnail")
            .args(["photo.jpg", "--size", &longest.to_string(), "--output", copy])
            .current_dir(folder)
            .stderr(Stdio::null())
            .status();
        assert!(made.ok()?.success(), "vipsthumbnail makes {copy}");
    }
    Some(begun.elapsed())
}

/// Mebibytes that the process held more than before, at most.
fn peak(original: &[u8]) -> f64 {
    let status = |name: &str| {
        let status = fs::read_to_string("/proc/self/status").expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a figure");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
    };
    fs::write("/proc/self/clear_refs", "5").expect("Linux");
    let before = status("VmRSS:");
    copies(original);
    status("VmHWM:") - before
}

/// SSIM of the copy to the picture made smaller with care, 1 is the same.
fn likeness(picture: &RgbImage, copy: &[u8]) -> f64 {
    let copy = image::load_from_memory(copy).expect("a picture").into_rgb8();
    let careful = imageops::resize(picture, copy.width(), copy.height(), imageops::FilterType::Lanczos3);
    image_compare::rgb_similarity_structure(&Algorithm::MSSIMSimple, &careful, &copy).expect("one size").score
}
