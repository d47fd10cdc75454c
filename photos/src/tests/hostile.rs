//! Files that were made to break something. What they cost is measured in `memory`.

use super::{super::Why, *};

/// State and reason, as they are stored.
fn said(outcome: &Outcome) -> String {
    let json = serde_json::to_value(outcome).unwrap();
    let word = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
    format!("{} {}", word("state"), word("why")).trim().to_owned()
}

#[test]
fn each_generated_file_ends_as_it_should() {
    let expected = [
        ("bomb_png_1bit_40000x40000.png", "refused too_many_pixels"),
        ("bomb_png_gray8_19000x19000.png", "refused too_many_pixels"),
        ("bomb_png_ztxt_64MiB.png", "ready"),
        ("empty.png", "refused empty"),
        ("gif_logical_screen_65535.gif", "no_preview format_not_decoded"),
        ("html_named.png", "refused not_a_picture"),
        ("jpeg_30_app1_segments_2MB.jpg", "ready"),
        ("jpeg_com_html.jpg", "ready"),
        ("orientation_value_0.jpg", "ready"),
        ("orientation_value_65535.jpg", "ready"),
        ("orientation_value_9.jpg", "ready"),
        ("pixelflood_jpeg_64250x64250.jpg", "refused too_many_pixels"),
        ("png_sig_only.png", "unreadable truncated"),
        ("strip_png_rgb_60000x200.png", "ready"),
        ("svg_named.jpg", "refused not_a_picture"),
        ("trailing_zip_polyglot.jpg", "ready"),
        ("truncated_half.jpg", "unreadable truncated"),
        ("truncated_header_20B.jpg", "unreadable truncated"),
    ];
    let found = files(&photos("hostile/generated"));
    let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, expected.map(|(name, _)| name));
    for (path, (name, outcome)) in found.iter().zip(expected) {
        let examined = examine(&fs::read(path).unwrap(), &Bounds::default());
        assert_eq!(said(&examined.outcome), outcome, "{name}");
        if let Outcome::Ready { thumb, screen, .. } = &examined.outcome {
            // What was hidden in the original is not in the copies.
            for copy in [thumb, screen] {
                shown(copy);
                assert!(!copy.windows(2).any(|two| two == b"PK") || copy.len() > 10_000, "{name}");
                assert!(!copy.windows(7).any(|seven| seven.eq_ignore_ascii_case(b"<script")), "{name}");
            }
        }
    }
}

/// The names that begin with x are broken on purpose; all others must be shown.
#[test]
fn pngsuite_is_read_where_it_is_sound_and_only_there() {
    let suite = files(&photos("hostile/pngsuite"));
    assert!(suite.len() > 150, "{}", suite.len());
    for path in suite.iter().filter(|path| path.extension().is_some_and(|is| is == "png")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let examined = examine(&fs::read(path).unwrap(), &Bounds::default());
        let is_ready = matches!(examined.outcome, Outcome::Ready { .. });
        assert_eq!(is_ready, !name.starts_with('x'), "{name}: {:?}", examined.outcome);
    }
}

/// Interlaced or not, with whatever bits: the same picture. The suite has each in both ways.
#[test]
fn interlaced_pictures_look_like_the_others() {
    let suite = files(&photos("hostile/pngsuite"));
    let mut pairs = 0;
    for path in &suite {
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(kind) = name.strip_prefix("basi") else { continue };
        let other = path.with_file_name(format!("basn{kind}"));
        let [one, other] = [path, &other].map(|path| {
            let (_, _, _, screen) = ready(&examine(&fs::read(path).unwrap(), &Bounds::default()).outcome);
            screen
        });
        assert_eq!(one, other, "{name}");
        pairs += 1;
    }
    assert!(pairs >= 14, "{pairs}");
}

#[test]
fn jpegs_that_crashed_a_decoder_end_in_an_outcome() {
    for path in files(&photos("hostile/jpeg-decoder-crash")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let examined = examine(&fs::read(&path).unwrap(), &Bounds::default());
        if let Outcome::Ready { thumb, .. } = &examined.outcome {
            shown(thumb);
        }
        assert_ne!(examined.outcome, Outcome::Unreadable { why: Why::DecoderFailed }, "{name}");
    }
}

/// Wherever it is cut: facts are kept if they lie before the cut, and half a picture is never taken for a whole one.
#[test]
fn a_cut_photo_is_told_from_a_whole_one() {
    for (file, facts_end) in [("field-photos/photo_1.jpg", 20_000), ("hostile/pngsuite/basn6a16.png", usize::MAX)] {
        let whole = bytes(file);
        ready(&examine(&whole, &Bounds::default()).outcome);
        for part in 1..10 {
            let cut = whole.len() * part / 10;
            let examined = examine(&whole[..cut], &Bounds::default());
            assert_eq!(examined.outcome, Outcome::Unreadable { why: Why::Truncated }, "{file} at {cut}");
            if cut > facts_end {
                assert!(examined.facts.place.is_some(), "{file} at {cut}");
            }
        }
    }
    let webp = encoded(&scene(300, 200), ImageFormat::WebP);
    for part in 1..10 {
        let examined = examine(&webp[..webp.len() * part / 10], &Bounds::default());
        assert!(matches!(examined.outcome, Outcome::Unreadable { .. }), "{:?}", examined.outcome);
    }
}
