//! Whichever way the camera was held, the copies stand upright.

use image::imageops::{FilterType, flip_horizontal, flip_vertical, rotate180};
use image_compare::Algorithm;

use super::{
    super::{SCREEN, jpeg},
    *,
};

#[test]
fn eight_orientations_show_the_same_picture() {
    for shape in ["Landscape", "Portrait"] {
        let first = examined(&format!("exif-orientation/{shape}_1.jpg"));
        let (width, height, thumb, screen) = ready(&first.outcome);
        assert_eq!(width > height, shape == "Landscape");
        for number in 0..=8 {
            let examined = examined(&format!("exif-orientation/{shape}_{number}.jpg"));
            let stored = (1..=8).contains(&number).then_some(number);
            assert_eq!(examined.facts.orientation, stored, "{shape} {number}");
            let (w, h, small, large) = ready(&examined.outcome);
            assert_eq!((w, h), (width, height), "{shape} {number}");
            // Each was compressed anew when it was made, so they are alike and not the same.
            assert!(apart(&small, &thumb) < 4.0, "{shape} {number}: {}", apart(&small, &thumb));
            assert!(apart(&large, &screen) < 6.0, "{shape} {number}: {}", apart(&large, &screen));
        }
        // The comparison means something: the same picture turned or mirrored is far off.
        for wrong in [rotate180(&thumb), flip_horizontal(&thumb), flip_vertical(&thumb)] {
            assert!(apart(&wrong, &thumb) > 20.0, "{shape}: {}", apart(&wrong, &thumb));
        }
    }
}

#[test]
fn copies_have_their_sizes_and_small_ones_are_not_enlarged() {
    for (size, screen, thumb) in [
        ((2000, 1500), (1600, 1200), (320, 240)),
        ((1999, 3001), (1066, 1600), (213, 320)),
        ((1600, 900), (1600, 900), (320, 180)),
        ((200, 100), (200, 100), (200, 100)),
        ((5000, 2), (1600, 1), (320, 1)),
        ((1, 1), (1, 1), (1, 1)),
    ] {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let examined = examine(&encoded(&scene(size.0, size.1), format), &Bounds::default());
            let (width, height, small, large) = ready(&examined.outcome);
            assert_eq!((width, height), size, "{format:?}");
            assert_eq!(large.dimensions(), screen, "{format:?} {size:?}");
            assert_eq!(small.dimensions(), thumb, "{format:?} {size:?}");
        }
    }
}

/// Against the filter that is taken for the best, on the whole picture, before either is compressed: of a grainy photo
/// JPEG leaves out more than any way of making it smaller.
#[test]
fn screen_copies_look_like_a_careful_reduction() {
    for photo in ["field-photos/photo.jpg", "exif-orientation/Landscape_1.jpg", "exif-orientation/Portrait_1.jpg"] {
        let original = bytes(photo);
        let shrunk = jpeg::decode(&original, &Bounds::default()).and_then(|raster| raster.pixels.shrunk(SCREEN));
        let shrunk = shrunk.unwrap_or_else(|outcome| panic!("{outcome:?}"));
        let shrunk = RgbImage::from_raw(shrunk.width, shrunk.height, shrunk.samples).unwrap();
        let whole = image::load_from_memory(&original).unwrap();
        let careful = whole.resize_exact(shrunk.width(), shrunk.height(), FilterType::Lanczos3).into_rgb8();
        let likeness = image_compare::rgb_similarity_structure(&Algorithm::MSSIMSimple, &careful, &shrunk);
        let likeness = likeness.unwrap().score;
        println!("{photo}: {likeness}");
        assert!(likeness >= 0.95, "{photo}: {likeness}");
    }
}

/// Every format, also where rows are put together while they are read: nothing is moved.
#[test]
fn large_pictures_keep_everything_in_its_place() {
    let picture = scene(6501, 501);
    let expected = image::imageops::thumbnail(&picture, 320, 25);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let examined = examine(&encoded(&picture, format), &Bounds::default());
        let (_, _, thumb, _) = ready(&examined.outcome);
        assert!(apart(&thumb, &expected) < 4.0, "{format:?}: {}", apart(&thumb, &expected));
    }
}
