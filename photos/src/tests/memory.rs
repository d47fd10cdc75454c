//! What a photo costs, measured and not believed: in a process of its own, by what the system says it held at most.

use std::{path::PathBuf, process::Command, time::Instant};

use fast_image_resize::{PixelType, Resizer, images::Image};
use jpeg_encoder::{ColorType, Encoder, ImageBuffer, JpegColorType};

use super::*;

/// Set in the process that measures.
const MEASURING: &str = "DOORSTEP_MEASURES_PHOTOS";

/// What one photo took.
struct Cost {
    name: String,
    seconds: f64,
    /// Beside the original.
    mebibytes: f64,
}

/// Runs the named test of this module once more, alone in a process, and reads what it prints.
fn measured(test: &str) -> Vec<Cost> {
    let path = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &path, "--nocapture", "--test-threads=1"])
        .env(MEASURING, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&process.stdout);
    assert!(process.status.success(), "{:?}\n{text}\n{}", process.status, String::from_utf8_lossy(&process.stderr));
    let cost = |line: &str| {
        let mut cells = line.split_once("cost\t")?.1.split('\t');
        let (seconds, mebibytes) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
        Some(Cost { name: cells.next()?.to_owned(), seconds, mebibytes })
    };
    text.lines().filter_map(cost).collect()
}

fn is_measuring() -> bool {
    std::env::var_os(MEASURING).is_some()
}

/// Kibibytes, by its name in `/proc/self/status`.
fn status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

fn measure(name: &str, original: &[u8]) {
    // Lets the system forget the most it has seen.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS");
    let begun = Instant::now();
    let examined = examine(original, &Bounds::default());
    let seconds = begun.elapsed().as_secs_f64();
    let mebibytes = (status("VmHWM") - before) / 1024.0;
    println!("\ncost\t{seconds}\t{mebibytes}\t{name}\t{:?}", examined.media_type);
}

#[test]
fn no_hostile_file_costs_much() {
    let hostile: Vec<PathBuf> = files(&photos("hostile"));
    if is_measuring() {
        hostile.iter().for_each(|path| measure(&path.display().to_string(), &fs::read(path).unwrap()));
        return;
    }
    let costs = measured("no_hostile_file_costs_much");
    assert_eq!(costs.len(), hostile.len());
    for Cost { name, seconds, mebibytes } in costs {
        assert!(seconds < 5.0, "{name}: {seconds} s");
        assert!(mebibytes < 128.0, "{name}: {mebibytes} MiB");
    }
}

/// What phones take, and the largest that is let in.
#[test]
fn an_ordinary_photo_costs_little_and_the_largest_is_bounded() {
    if is_measuring() {
        measure("ordinary", &enlarged(4032, 3024, false));
        measure("in passes", &enlarged(4032, 3024, true));
        measure("largest", &largest());
        return;
    }
    let costs = measured("an_ordinary_photo_costs_little_and_the_largest_is_bounded");
    let names: Vec<&str> = costs.iter().map(|cost| cost.name.as_str()).collect();
    assert_eq!(names, ["ordinary", "in passes", "largest"]);
    for (cost, most) in costs.iter().zip([64.0, 128.0, 512.0]) {
        println!("{}: {:.1} MiB, {:.3} s", cost.name, cost.mebibytes, cost.seconds);
        assert!(cost.mebibytes < most, "{}: {} MiB", cost.name, cost.mebibytes);
        assert!(cost.mebibytes > 1.0, "{}: nothing was measured", cost.name);
    }
}

/// A field photo at the size that phones have today.
fn enlarged(width: u16, height: u16, progressive: bool) -> Vec<u8> {
    let small = image::load_from_memory(&bytes("field-photos/photo.jpg")).unwrap().into_rgb8();
    let small = Image::from_vec_u8(small.width(), small.height(), small.into_raw(), PixelType::U8x3).unwrap();
    let mut large = Image::new(width.into(), height.into(), PixelType::U8x3);
    Resizer::new().resize(&small, &mut large, None).unwrap();
    let mut photo = Vec::new();
    let mut encoder = Encoder::new(&mut photo, 90);
    encoder.set_progressive(progressive);
    encoder.encode(large.buffer(), width, height, ColorType::Rgb).unwrap();
    photo
}

/// 100 megapixels with colours at half size, as phones store them, of a picture that is never whole in memory. Nearly
/// flat: its coefficients are read faster than pixels can be made of them, so that most of them wait.
fn largest() -> Vec<u8> {
    struct Stripes;
    impl ImageBuffer for Stripes {
        fn get_jpeg_color_type(&self) -> JpegColorType {
            JpegColorType::Ycbcr
        }
        fn width(&self) -> u16 {
            10_000
        }
        fn height(&self) -> u16 {
            10_000
        }
        fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
            for (buffer, step) in buffers.iter_mut().zip([1, 3, 7]) {
                buffer.extend((0..10_000_u16).map(|x| (x / 64 * step + y / 64) as u8));
            }
        }
    }
    let mut photo = Vec::new();
    let mut encoder = Encoder::new(&mut photo, 80);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_0);
    encoder.encode_image(Stripes).unwrap();
    photo
}
