use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Largest whole number that every JSON reader keeps exactly: 2^53 - 1.
const MOST_EXACT: u64 = (1 << 53) - 1;

/// Why content has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// It cannot be written as JSON at all (a number that is none, a key that is no text).
    #[error("not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// A whole number beyond ±(2^53 - 1): RFC 8785 would round it, and two amounts would have one digest.
    #[error("{0} is too large to be kept exactly")]
    Inexact(serde_json::Number),
}

/// The canonical bytes of `content` (RFC 8785): sorted keys, no white space, one spelling for each number.
///
/// # Errors
/// See [`CanonicalError`].
pub fn canonical<T: Serialize + ?Sized>(content: &T) -> Result<Vec<u8>, CanonicalError> {
    exact(&serde_json::to_value(content)?)?;
    // Written from the content, not from the value above, in which a number that is none would have become null.
    Ok(serde_json_canonicalizer::to_vec(&content)?)
}

/// The SHA-256 of the canonical bytes of `content`.
///
/// # Errors
/// See [`CanonicalError`].
pub fn digest<T: Serialize + ?Sized>(content: &T) -> Result<Digest, CanonicalError> {
    canonical(content).map(|bytes| Digest::of(&bytes))
}

fn exact(value: &Value) -> Result<(), CanonicalError> {
    match value {
        Value::Number(number) => {
            let whole = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            if whole.is_some_and(|whole| whole > MOST_EXACT) {
                return Err(CanonicalError::Inexact(number.clone()));
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(exact),
        Value::Object(fields) => fields.values().try_for_each(exact),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

/// A SHA-256; 64 hexadecimal digits on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256: 64 hexadecimal digits")]
pub struct MalformedDigest;

impl Digest {
    /// The digest of these very bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Wraps a digest that was made elsewhere.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = MalformedDigest;

    fn from_str(text: &str) -> Result<Self, MalformedDigest> {
        let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(MalformedDigest);
        }
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(*high).zip(nibble(*low)).map(|(high, low)| high << 4 | low).ok_or(MalformedDigest)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Digest {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("SHA-256, hexadecimal"))
            .pattern(Some("^[0-9a-f]{64}$"))
            .examples([serde_json::json!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Digest {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn text(content: &Value) -> String {
        String::from_utf8(canonical(content).expect("canonical")).expect("UTF-8")
    }

    #[test]
    fn rfc_8785_section_3_2_2() {
        let content = serde_json::from_str(
            r#"{
                "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
                "literals": [null, true, false]
            }"#,
        );
        let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
        assert_eq!(text(&content.expect("JSON")), expected);
    }

    #[test]
    fn rfc_8785_section_3_2_3_sorts_by_utf_16() {
        let content: Value = serde_json::from_str(
            r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
                "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#,
        )
        .expect("JSON");
        let canonical = text(&content);
        let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"].map(|word| canonical.find(word));
        assert!(order.is_sorted() && order.iter().all(Option::is_some), "{canonical}");
    }

    /// The samples of RFC 8785, appendix B: the bits of a double and its one spelling.
    #[test]
    fn rfc_8785_appendix_b_numbers() {
        let samples = [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ];
        for (bits, spelling) in samples {
            let canonical = canonical(&f64::from_bits(bits)).expect("a number");
            assert_eq!(String::from_utf8_lossy(&canonical), spelling);
        }
        for bits in [0x7fff_ffff_ffff_ffff, 0x7ff0_0000_0000_0000] {
            assert!(canonical(&f64::from_bits(bits)).is_err(), "no number");
        }
    }

    #[test]
    fn amounts_that_would_be_rounded_are_refused() {
        assert_eq!(text(&json!(9_007_199_254_740_991_i64)), "9007199254740991");
        for too_large in [json!([u64::MAX]), json!({ "a": i64::MIN }), json!(9_007_199_254_740_992_i64)] {
            assert!(matches!(canonical(&too_large), Err(CanonicalError::Inexact(_))), "{too_large}");
        }
    }

    #[test]
    fn a_digest_is_known_and_comes_back() {
        let empty = Digest::of(b"");
        let spelling = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(empty.to_string(), spelling);
        assert_eq!(spelling.parse(), Ok(empty));
        assert_eq!(serde_json::from_value::<Digest>(json!(spelling.to_uppercase())).expect("parses"), empty);
        assert_eq!(serde_json::to_value(empty).expect("writes"), json!(spelling));
        for wrong in ["", "e3b0", &spelling[1..], &format!("{spelling}0"), &spelling.replace('e', "g"), &"é".repeat(32)]
        {
            assert_eq!(wrong.parse::<Digest>(), Err(MalformedDigest));
        }
    }

    #[test]
    fn unicode_is_signed_as_it_was_written() {
        // Composed and decomposed forms look alike and are not the same content.
        assert_ne!(digest(&"é").expect("text"), digest(&"e\u{301}").expect("text"));
        assert_eq!(text(&json!("客户\u{7f}\u{2028}")), "\"客户\u{7f}\u{2028}\"");
    }

    proptest! {
        #[test]
        fn the_order_of_keys_changes_nothing(
            fields in proptest::collection::btree_map(".{0,6}", any::<i32>(), 0..8),
        ) {
            let write = |entries: Vec<(&String, &i32)>| {
                let fields: Vec<_> = entries.iter().map(|(key, value)| format!("{}: {value}", json!(key))).collect();
                format!("{{ {} }}", fields.join(" , "))
            };
            let forward: Value = serde_json::from_str(&write(fields.iter().collect())).expect("JSON");
            let backward: Value = serde_json::from_str(&write(fields.iter().rev().collect())).expect("JSON");
            prop_assert_eq!(digest(&forward).expect("digest"), digest(&backward).expect("digest"));
        }

        #[test]
        fn canonical_bytes_are_their_own_canonical_form(number in -9e15..9e15, word in ".*") {
            let content = json!({ "number": number, "word": word });
            let once = text(&content);
            prop_assert_eq!(text(&serde_json::from_str(&once).expect("JSON")), once);
        }
    }
}
