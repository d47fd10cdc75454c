//! The short code in an address that a stranger is given: on a certificate, in the link to a quote.

use std::{fmt, str::FromStr};

use aws_lc_rs::hmac;
use uuid::Uuid;

/// Digits that are told apart in print and by telephone (Crockford's base 32): no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Digits of a code: 60 bits. Among a million codes a guess hits one in 10^12 tries, and two of them have the
/// same code with a probability below 10^-6.
const DIGITS: usize = 12;

/// Where a code leads: it can never be mistaken for one of another sort, nor for anything else signed with the same secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// To the check of a certificate; of the operation that recorded the signature.
    ToCertificate,
    /// To a quote that a customer is to confirm; of the quote.
    ToQuote,
    /// To a satisfaction survey; of the return visit.
    ToSurvey,
    /// To the notice of a shutdown; of the notice.
    ToNotice,
}

impl Leads {
    fn purpose(self) -> &'static [u8] {
        match self {
            Leads::ToCertificate => b"doorstep-certificate-1\0",
            Leads::ToQuote => b"doorstep-quote-1\0",
            Leads::ToSurvey => b"doorstep-survey-1\0",
            Leads::ToNotice => b"doorstep-notice-1\0",
        }
    }
}

/// Leads whoever was given it to what it is for. Follows from that, and can be guessed by nobody who does not know the
/// organisation's secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkCode([u8; DIGITS]);

/// The text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code: 12 letters and digits")]
pub struct MalformedCode;

impl LinkCode {
    /// The code that leads to the thing of this id.
    pub fn of(secret: &[u8], leads: Leads, id: Uuid) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &[leads.purpose(), id.as_bytes()].concat());
        let bits = tag.as_ref().iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        Self(std::array::from_fn(|i| ALPHABET[(bits >> (59 - 5 * i)) as usize & 31]))
    }

    /// The twelve digits without the hyphens, as they are stored.
    pub fn digits(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for LinkCode {
    /// `7Q4M-XK2P-0R9T`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        write!(f, "{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..])
    }
}

impl fmt::Debug for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for LinkCode {
    type Err = MalformedCode;

    /// Reads a code as people write it: in capitals or not, with hyphens, spaces or nothing between, O for 0, I and L
    /// for 1.
    fn from_str(text: &str) -> Result<Self, MalformedCode> {
        let mut digits = text.chars().filter(|c| !matches!(c, '-' | ' ')).map(digit);
        let mut code = [0; DIGITS];
        for place in &mut code {
            *place = digits.next().flatten().ok_or(MalformedCode)?;
        }
        if digits.next().is_some() { Err(MalformedCode) } else { Ok(Self(code)) }
    }
}

fn digit(written: char) -> Option<u8> {
    let meant = match written.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    u8::try_from(meant).ok().filter(|meant| ALPHABET.contains(meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATION: Uuid = uuid::uuid!("01930000-0000-7000-8000-000000000042");

    #[test]
    fn a_code_follows_from_the_secret_and_from_what_it_is_for() {
        let code = LinkCode::of(b"secret", Leads::ToCertificate, OPERATION);
        assert_eq!(code.to_string(), "ZHDS-GB99-K7QJ");
        assert_eq!(code, LinkCode::of(b"secret", Leads::ToCertificate, OPERATION));
        assert_ne!(code, LinkCode::of(b"secret", Leads::ToQuote, OPERATION));
        assert_ne!(code, LinkCode::of(b"another", Leads::ToCertificate, OPERATION));
        assert_ne!(code, LinkCode::of(b"secret", Leads::ToCertificate, Uuid::nil()));
    }

    #[test]
    fn people_write_it_as_they_like() {
        let code: LinkCode = "01A0-11BC-DEFG".parse().unwrap();
        for spelling in ["01a011bcdefg", "oLAo-iIbC-dEfG", " 01A0 11BC DEFG ", "0-1-A-0-1-1-B-C-D-E-F-G"] {
            assert_eq!(spelling.parse(), Ok(code), "{spelling}");
        }
        assert_eq!(code.to_string().parse(), Ok(code));
        let nine_hundred = "9".repeat(900);
        for wrong in
            ["", "01A0-11BC-DEF", "01A0-11BC-DEFGH", "01A0-11BC-DEFU", "01A0_11BC_DEFG", "零一二三", &nine_hundred]
        {
            assert_eq!(wrong.parse::<LinkCode>(), Err(MalformedCode), "{wrong}");
        }
    }
}
