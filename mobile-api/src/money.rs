//! Money and quantities, without floating point.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{check::Check, refusal::Refusal};

/// Largest amount, in minor units: ten thousand million yuan or pounds. Far below 2^53, so that every
/// JSON reader keeps it exactly.
pub const MOST_MINOR: i64 = 1_000_000_000_000;

/// Largest quantity, in thousandths of the unit: one million.
pub const MOST_MILLI: i64 = 1_000_000_000;

/// The whole, in parts per ten thousand.
pub const WHOLE: u32 = 10_000;

/// An ISO 4217 currency code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Chinese yuan.
    pub const CNY: Currency = Currency(*b"CNY");
    /// Pound sterling.
    pub const GBP: Currency = Currency(*b"GBP");

    /// Parses three capital letters; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("three capital letters of ISO 4217"))
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .pattern(Some("^[A-Z]{3}$"))
            .examples([serde_json::json!("CNY")])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Currency {}

/// An amount of money in minor units (fen, pence).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Money {
    /// Minor units; 12050 is ¥120.50. From 0 to 10^12 wherever a person may write it.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Nothing, in `currency`.
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Notes an error unless the amount lies in 0 ..= 10^12 minor units.
    pub fn check(&self, check: &mut Check, pointer: &str) {
        check.number(&format!("{pointer}/minor"), self.minor, 0..=MOST_MINOR);
    }

    /// The sum; refuses different currencies and anything beyond [`MOST_MINOR`].
    pub fn plus(self, other: Money) -> Result<Money, Refusal> {
        if self.currency != other.currency {
            return Err(Refusal::CurrencyMismatch { expected: self.currency, found: other.currency });
        }
        let minor = self.minor.checked_add(other.minor).filter(|sum| *sum <= MOST_MINOR).ok_or(Refusal::Overflow)?;
        Ok(Money { minor, currency: self.currency })
    }

    /// Price times quantity, rounded half up to the minor unit.
    pub fn times(self, quantity: Quantity) -> Result<Money, Refusal> {
        let exact = i128::from(self.minor) * i128::from(quantity.0);
        let rounded = (exact + 500).div_euclid(1000);
        let minor = i64::try_from(rounded).ok().filter(|m| (0..=MOST_MINOR).contains(m)).ok_or(Refusal::Overflow)?;
        Ok(Money { minor, currency: self.currency })
    }

    /// So many parts of ten thousand of it, rounded half up to the minor unit. At most the whole: what is beyond
    /// [`WHOLE`] counts as that.
    pub fn share(self, parts: u32) -> Money {
        let (whole, parts) = (i128::from(WHOLE), i128::from(parts.min(WHOLE)));
        let rounded = (i128::from(self.minor) * parts + whole / 2).div_euclid(whole);
        Money { minor: i64::try_from(rounded).unwrap_or(self.minor), currency: self.currency }
    }
}

impl fmt::Display for Money {
    /// `CNY 120.50`; for logs and terminals. All currencies we meet so far have two decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}.{:02}", self.currency, self.minor / 100, self.minor % 100)
    }
}

/// A quantity in thousandths of its unit: 1500 is 1.5 m, or an hour and a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Quantity(pub i64);

impl Quantity {
    /// Notes an error unless the quantity is more than nothing and at most one million.
    pub fn check(self, check: &mut Check, pointer: &str) {
        check.number(pointer, self.0, 1..=MOST_MILLI);
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 1000 {
            0 => write!(f, "{}", self.0 / 1000),
            rest => write!(f, "{}.{}", self.0 / 1000, format!("{rest:03}").trim_end_matches('0')),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn half_a_fen_is_rounded_up() {
        let price = Money { minor: 101, currency: Currency::CNY };
        assert_eq!(price.times(Quantity(500)).unwrap().minor, 51);
        assert_eq!(price.times(Quantity(494)).unwrap().minor, 50);
    }

    #[test]
    fn currencies_do_not_mix() {
        let yuan = Money { minor: 1, currency: Currency::CNY };
        let pound = Money { minor: 1, currency: Currency::GBP };
        assert!(matches!(yuan.plus(pound), Err(Refusal::CurrencyMismatch { .. })));
    }

    proptest! {
        #[test]
        fn a_product_never_leaves_its_bounds(minor in 0..=MOST_MINOR, milli in 1..=MOST_MILLI) {
            if let Ok(product) = (Money { minor, currency: Currency::CNY }).times(Quantity(milli)) {
                prop_assert!((0..=MOST_MINOR).contains(&product.minor));
            }
        }

        #[test]
        fn a_quantity_of_whole_units_multiplies_exactly(minor in 0..1_000_000i64, units in 1..1000i64) {
            let product = (Money { minor, currency: Currency::CNY }).times(Quantity(units * 1000)).unwrap();
            prop_assert_eq!(product.minor, minor * units);
        }
    }
}
