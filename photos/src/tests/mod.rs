//! Real and hostile files, from the collection beside the repository.

mod bounds;
mod colours;
mod facts;
mod hostile;
mod memory;
mod random;
mod upright;

use std::{
    fs,
    path::{Path, PathBuf},
};

use image::{ImageFormat, RgbImage};

use super::{Bounds, Examined, Outcome, examine};

/// A file or folder of the collection of photos that lies beside the repository.
fn photos(path: &str) -> PathBuf {
    let beside =
        ["../..", "../../.."].map(|up| Path::new(env!("CARGO_MANIFEST_DIR")).join(up).join("shared/data/photos"));
    let told = std::env::var_os("DOORSTEP_TEST_PHOTOS").map(PathBuf::from);
    let found = told.into_iter().chain(beside).map(|folder| folder.join(path)).find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!(
            "{path} is missing: these tests need the photos in a folder shared/data/photos beside the repository, or \
             where DOORSTEP_TEST_PHOTOS says"
        )
    })
}

fn bytes(path: &str) -> Vec<u8> {
    fs::read(photos(path)).unwrap()
}

/// All files of a folder and of those in it, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn examined(path: &str) -> Examined {
    examine(&bytes(path), &Bounds::default())
}

/// What a copy shows.
fn shown(copy: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(copy, ImageFormat::Jpeg).unwrap().into_rgb8()
}

#[track_caller]
fn ready(outcome: &Outcome) -> (u32, u32, RgbImage, RgbImage) {
    match outcome {
        Outcome::Ready { width, height, thumb, screen } => (*width, *height, shown(thumb), shown(screen)),
        other => panic!("{other:?}"),
    }
}

/// How far two pictures of one size are apart on average, of 255.
fn apart(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let sum: u64 = one.as_raw().iter().zip(other.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.as_raw().len() as f64
}

/// A picture without fine detail of which every part can be told from every other.
fn scene(width: u32, height: u32) -> RgbImage {
    let part = |at: u32, of: u32| (at * 255 / of.max(1)) as u8;
    RgbImage::from_fn(width, height, |x, y| {
        let (across, down) = (part(x, width), part(y, height));
        image::Rgb([across, down, 255 - across / 2 - down / 2])
    })
}

fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}
