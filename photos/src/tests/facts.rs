//! What is read out of EXIF, and that none of it is in the copies.

use super::{super::Facts, *};

#[test]
fn field_photos_keep_their_place_and_time() {
    for path in files(&photos("field-photos")) {
        let examined = examine(&fs::read(&path).unwrap(), &Bounds::default());
        let Facts { taken_at, place, make, model, orientation, .. } = &examined.facts;
        let place = place.unwrap_or_else(|| panic!("{}: no place", path.display()));
        assert!((-90.0..=90.0).contains(&place.latitude) && (-180.0..=180.0).contains(&place.longitude));
        assert!(place.latitude.abs() > 1.0 && place.longitude.abs() > 1.0, "{}: {place:?}", path.display());
        assert!(taken_at.as_ref().is_some_and(|taken| taken.len() == 19), "{}: {taken_at:?}", path.display());
        assert_eq!(make.as_deref(), Some("Apple"));
        assert!(model.as_ref().is_some_and(|model| model.starts_with("iPhone")), "{model:?}");
        assert!(matches!(orientation, Some(1 | 3 | 6)));
    }
}

#[test]
fn one_photo_to_the_letter() {
    let facts = serde_json::to_value(examined("heic/ianare_IMG_5195.HEIC").facts).unwrap();
    let expected = serde_json::json!({
        "taken_at": "2021-04-11T15:47:53",
        "taken_offset": "-05:00",
        "place": {"latitude": 39.05134444444444, "longitude": -94.28877222222222, "altitude": 260.56063829787234},
        "make": "Apple",
        "model": "iPhone 11 Pro Max",
    });
    assert_eq!(facts, expected);
}

#[test]
fn copies_say_nothing_about_camera_or_place() {
    for photo in ["field-photos/photo_1.jpg", "exif-orientation/Portrait_6.jpg"] {
        let original = bytes(photo);
        assert!(holds(&original, b"Exif"), "{photo} has something to lose");
        let Outcome::Ready { thumb, screen, .. } = examine(&original, &Bounds::default()).outcome else { panic!() };
        for copy in [thumb, screen] {
            assert_eq!(Facts::of(&copy), Facts::default());
            for word in
                [&b"Exif"[..], b"GPS", b"Apple", b"iPhone", b"ICC_PROFILE", b"http://ns.adobe.com", b"Photoshop"]
            {
                assert!(!holds(&copy, word), "{photo}: {}", String::from_utf8_lossy(word));
            }
            // Not even a segment in which it could be: JFIF alone.
            assert_eq!(segments(&copy), [0xE0]);
        }
    }
}

#[test]
fn heic_is_kept_with_its_facts() {
    for (file, taken, model) in [
        ("heic/ianare_IMG_5195.HEIC", true, true),
        ("heic/dn_exif-at-eof.heic", true, true),
        ("heic/dn_cheers_1440x960.heic", false, false),
    ] {
        let examined = examined(file);
        assert_eq!(serde_json::to_value(examined.media_type).unwrap(), "image/heic");
        assert_eq!((examined.facts.taken_at.is_some(), examined.facts.model.is_some()), (taken, model), "{file}");
        let outcome = serde_json::to_value(&examined.outcome).unwrap();
        assert_eq!(outcome, serde_json::json!({"state": "no_preview", "why": "format_not_decoded"}));
    }
}

/// What is stored of an examination can be read again.
#[test]
fn stored_and_read_again() {
    let examined = examined("field-photos/photo_1.jpg");
    let json = serde_json::to_string(&examined).unwrap();
    assert!(json.len() < 500, "{json}");
    let again: Examined = serde_json::from_str(&json).unwrap();
    assert_eq!((&again.facts, again.media_type), (&examined.facts, examined.media_type));
    assert!(matches!(again.outcome, Outcome::Ready { width, height, .. } if width > 0 && height > 0));
}

#[test]
fn nonsense_is_left_out() {
    let fields = [
        ascii(0x010F, b"\x1b[31mCa\nm\xE2\x80\xAEera\0"),
        ascii(0x0110, &[b'x'; 5000]),
        ascii(0x0132, b"0000:00:00 00:00:00\0"),
        short(0x0112, 9),
    ];
    let found = Facts::of(&jpeg_with(&fields));
    let expected = Facts { make: Some("[31mCamera".into()), model: Some("x".repeat(64)), ..Facts::default() };
    assert_eq!(found, expected);
    for (written, read) in [
        ("2024:02:29 23:59:59", Some("2024-02-29T23:59:59")),
        ("2023:02:29 23:59:59", None),
        ("2023:13:01 00:00:00", None),
        ("2023:01:01 24:00:00", None),
        ("1970:01:01 00:00:00", None),
        ("2023-01-01 00:00:00", None),
        ("2023:01:01", None),
        ("", None),
    ] {
        let field = ascii(0x0132, format!("{written}\0").as_bytes());
        assert_eq!(Facts::of(&jpeg_with(&[field])).taken_at.as_deref(), read, "{written}");
    }
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// The application segments and comments of a JPEG.
fn segments(jpeg: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    let mut rest = &jpeg[2..];
    while let [0xFF, marker, high, low, ..] = rest {
        match marker {
            0xE0..=0xEF | 0xFE => found.push(*marker),
            0xDA => break,
            _ => {}
        }
        rest = &rest[2 + usize::from(u16::from_be_bytes([*high, *low]))..];
    }
    found
}

/// Tag, type, count and value.
type Field = (u16, u16, u32, Vec<u8>);

fn ascii(tag: u16, text: &[u8]) -> Field {
    (tag, 2, text.len() as u32, text.to_vec())
}

fn short(tag: u16, number: u16) -> Field {
    (tag, 3, 1, [number.to_be_bytes(), [0, 0]].concat())
}

/// A JPEG of nothing but EXIF with one directory.
fn jpeg_with(fields: &[Field]) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    tiff.extend((fields.len() as u16).to_be_bytes());
    let mut values: Vec<u8> = Vec::new();
    let behind = 8 + 2 + fields.len() * 12 + 4;
    for (tag, kind, count, value) in fields {
        tiff.extend([&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes()].concat());
        if value.len() <= 4 {
            tiff.extend(value.iter().copied().chain([0; 4]).take(4));
        } else {
            tiff.extend(((behind + values.len()) as u32).to_be_bytes());
            values.extend(value);
        }
    }
    tiff.extend([0; 4]);
    tiff.extend(values);
    let app1 = [b"Exif\0\0", &tiff[..]].concat();
    let length = (app1.len() as u16 + 2).to_be_bytes();
    [&[0xFF, 0xD8, 0xFF, 0xE1], &length[..], &app1, &[0xFF, 0xD9]].concat()
}
