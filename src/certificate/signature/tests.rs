use std::path::PathBuf;

use proptest::prelude::*;
use tiny_skia::Pixmap;

use super::*;

/// Strokes of the collection that lies beside the repository.
fn collected(name: &str) -> Vec<Stroke> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let file = format!("shared/data/signatures/{name}.json");
    let path = root.ancestors().map(|folder| folder.join(&file)).find(|path| path.exists());
    let path = path.unwrap_or_else(|| panic!("{file} is missing above {}", root.display()));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn stroke(points: impl IntoIterator<Item = (f64, f64)>) -> Stroke {
    let points = points.into_iter().enumerate();
    let point = |(i, (x, y)): (usize, (f64, f64))| Point { x, y, time: i as f64 * 16.0, pressure: None };
    Stroke { points: points.map(point).collect() }
}

/// The share of pixels that have ink on them.
fn inked(png: &[u8]) -> f64 {
    let picture = Pixmap::decode_png(png).unwrap();
    let dark = picture.pixels().iter().filter(|pixel| pixel.alpha() > 128).count();
    dark as f64 / picture.pixels().len() as f64
}

#[test]
fn a_square_and_a_face_from_a_signature_pad() {
    for name in ["signature_pad_square", "signature_pad_face"] {
        let ink = Ink::of(&collected(name)).unwrap();
        insta::assert_snapshot!(name, ink.svg().replace("<path", "\n<path"));
        let png = ink.png().unwrap();
        let picture = Pixmap::decode_png(&png).unwrap();
        assert_eq!((picture.width(), picture.height()), (ink.width as u32 * 2, ink.height as u32 * 2));
        assert!((0.005..0.2).contains(&inked(&png)), "{name}: {}", inked(&png));
    }
}

#[test]
fn the_picture_is_cropped_to_what_was_drawn() {
    let near = Ink::of(&[stroke([(0.0, 0.0), (50.0, 20.0), (90.0, 5.0)])]).unwrap();
    let far = Ink::of(&[stroke([(4000.0, 900.0), (4050.0, 920.0), (4090.0, 905.0)])]).unwrap();
    assert_eq!(near, far, "where on the screen it was written does not matter");
}

#[test]
fn a_hurried_pen_draws_thinner() {
    let line = |step: f64| stroke((0..20).map(|i| (f64::from(i) * step, 0.0)));
    let width = |stroke| Ink::of(&[stroke]).unwrap().pieces.last().unwrap().width;
    assert!(width(line(200.0)) < width(line(5.0)));
    let pressed = |pressure| {
        let mut stroke = line(20.0);
        stroke.points.iter_mut().for_each(|point| point.pressure = Some(pressure));
        width(stroke)
    };
    assert!(pressed(0.2) < pressed(0.9));
    assert_eq!(pressed(0.0), width(line(20.0)), "a screen that cannot tell the pressure says 0");
}

#[test]
fn the_curve_goes_through_every_point() {
    let corners = [(0.0, 0.0), (30.0, 40.0), (60.0, 0.0), (90.0, 40.0)];
    let ink = Ink::of(&[stroke(corners)]).unwrap();
    let ends: Vec<_> = ink.pieces.iter().map(|piece| piece.to).collect();
    assert_eq!(ends.len(), 3);
    assert!(ink.pieces.windows(2).all(|pair| pair[0].to == pair[1].from), "without a gap");
    let tangent = |from: (f64, f64), to: (f64, f64)| (to.1 - from.1).atan2(to.0 - from.0);
    for pair in ink.pieces.windows(2) {
        let (coming, going) = (tangent(pair[0].controls[1], pair[0].to), tangent(pair[1].from, pair[1].controls[0]));
        assert!((coming - going).abs() < 1e-9, "and without a kink");
    }
}

#[test]
fn absurd_strokes_have_no_picture() {
    let absurd = [
        vec![],
        vec![stroke([(5.0, 5.0)])],
        vec![stroke((0..1_000_000).map(|i| (f64::from(i % 700), f64::from(i % 311))))],
        vec![stroke([(f64::NAN, 0.0), (9.0, 9.0)])],
        vec![stroke([(0.0, 0.0), (1e300, f64::INFINITY)])],
    ];
    for strokes in absurd {
        assert!(Ink::of(&strokes).is_err());
    }
}

#[test]
fn the_wildest_scrawl_has_a_bounded_picture() {
    let wild = (0..20_000).map(|i| (f64::from(i * 7919 % 100_000), f64::from(i * 104_729 % 99_991)));
    let ink = Ink::of(&[stroke(wild)]).unwrap();
    assert!(ink.width <= MOST_WIDTH && ink.height <= MOST_HEIGHT);
    assert!(ink.svg().len() < 2_000_000);
    assert!(ink.png().unwrap().len() < 2_000_000);
}

proptest! {
    #[test]
    fn whatever_is_drawn_fits(
        points in proptest::collection::vec((-1e5..1e5, -1e5..1e5, any::<f64>(), proptest::option::of(any::<f64>())), 0..60),
    ) {
        let points = points.into_iter().map(|(x, y, time, pressure)| Point { x, y, time, pressure }).collect();
        let Ok(ink) = Ink::of(&[Stroke { points }]) else { return Ok(()) };
        prop_assert!(ink.width <= MOST_WIDTH && ink.height <= MOST_HEIGHT);
        prop_assert!(ink.width >= 2.0 * MARGIN && ink.height >= 2.0 * MARGIN);
        prop_assert!(!ink.svg().contains("NaN") && !ink.svg().contains("inf"));
        prop_assert!(ink.png().is_ok());
    }
}
