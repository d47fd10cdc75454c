//! The code in the address of a calendar.

use std::{fmt, str::FromStr};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mobile_api::{
    Id,
    directory::{Organisation, User},
    ids::UserId,
};
use uuid::Uuid;

/// Bytes by which a code proves itself: 128 bits, which nobody guesses.
const PROOF: usize = 16;

/// Whose calendar it is, with a proof that whoever has it was given it. It is never typed, so it may be long, and says itself
/// whose it is: no table has to be kept in step with accounts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FeedCode {
    org: Uuid,
    user: UserId,
    proof: [u8; PROOF],
}

/// The text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the code of a calendar")]
pub struct MalformedFeedCode;

impl FeedCode {
    /// The code of this account's calendar, as long as its links are not taken back once more.
    pub fn of(secret: &[u8], org: Id<Organisation>, user: &User) -> Self {
        let message =
            [&b"doorstep-calendar-1\0"[..], user.id.uuid().as_bytes(), &user.calendar_links.to_be_bytes()].concat();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &message);
        let mut proof = [0; PROOF];
        proof.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        Self { org: org.uuid(), user: user.id, proof }
    }

    /// The organisation that it names. Anybody can name one.
    pub fn org(&self) -> Uuid {
        self.org
    }

    /// The account that it names. Anybody can name one.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// Whether it is the one that the account's links carry now. Takes as long whatever differs.
    pub fn is(&self, genuine: &FeedCode) -> bool {
        (self.org, self.user) == (genuine.org, genuine.user)
            && verify_slices_are_equal(&self.proof, &genuine.proof).is_ok()
    }
}

impl fmt::Display for FeedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.org.as_bytes()[..], self.user.uuid().as_bytes(), &self.proof].concat();
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for FeedCode {
    type Err = MalformedFeedCode;

    fn from_str(text: &str) -> Result<Self, MalformedFeedCode> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| MalformedFeedCode)?;
        let bytes: [u8; 32 + PROOF] = bytes.try_into().map_err(|_| MalformedFeedCode)?;
        let part = |from: usize| -> [u8; 16] { std::array::from_fn(|i| bytes[from + i]) };
        let [org, user] = [part(0), part(16)].map(Uuid::from_bytes);
        Ok(Self { org, user: UserId::new(user), proof: part(32) })
    }
}

#[cfg(test)]
mod tests {
    use mobile_api::{Role, directory::UserSave, operation::Payload};

    use super::*;

    fn wang(links: u32) -> User {
        let UserSave { name, login, sites, teams, skills, certificates, calendar, active, .. } = UserSave::example();
        let id = UserId::new(Uuid::from_u128(7));
        let role = Role::Technician;
        User { id, name, login, role, sites, teams, skills, certificates, calendar, active, calendar_links: links }
    }

    #[test]
    fn a_code_is_genuine_until_it_is_taken_back() {
        let org = Id::new(Uuid::from_u128(1));
        let code = FeedCode::of(b"secret", org, &wang(0));
        let read: FeedCode = code.to_string().parse().unwrap();
        assert!(read.is(&FeedCode::of(b"secret", org, &wang(0))));
        assert!(!read.is(&FeedCode::of(b"secret", org, &wang(1))), "taken back");
        assert!(!read.is(&FeedCode::of(b"another", org, &wang(0))));
        let zhao = User { id: UserId::new(Uuid::from_u128(8)), ..wang(0) };
        assert!(!FeedCode { user: zhao.id, ..code }.is(&FeedCode::of(b"secret", org, &zhao)), "not for a colleague");
    }

    #[test]
    fn other_texts_are_no_codes() {
        let code = FeedCode::of(b"secret", Id::new(Uuid::from_u128(1)), &wang(0)).to_string();
        assert_eq!(code.len(), 64);
        for text in ["", "7Q4M-XK2P-0R9T", &code[1..], &format!("{code}A"), &code.replace('A', "!"), "零一二三"] {
            assert!(text.parse::<FeedCode>().is_err(), "{text}");
        }
    }
}
