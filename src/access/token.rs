//! Access tokens: short-lived JWTs, signed with Ed25519.
//!
//! A token says who speaks, never what they may do: role, sites and teams are looked up for every request (from a
//! memory of a few seconds), so that a demotion or a revoked device acts at once and not when the token expires.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{AccessError, keys::KeyRing, session::Session};

/// `iss` of every token, so that a key used elsewhere by mistake opens nothing here.
const ISSUER: &str = "doorstep";

/// `typ` of every token (RFC 9068), so that no other kind of JWT signed with the same keys can pass for one.
const TYPE: &str = "at+jwt";

/// Ours have about 400 bytes; anything much longer is not worth parsing.
const MAX_BYTES: usize = 2048;

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Always `doorstep`.
    pub iss: String,
    /// The account.
    pub sub: Uuid,
    /// The account's organisation.
    pub org: Uuid,
    /// The device that signed in, if it named itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev: Option<Uuid>,
    /// The sign-in: the family of refresh tokens that this token belongs to.
    pub sid: Uuid,
    /// Issued at, in seconds since 1970.
    pub iat: i64,
    /// Good until before this second.
    pub exp: i64,
}

impl Claims {
    /// The claims of a token issued `now` for `lifetime`.
    pub fn new(session: &Session, now: DateTime<Utc>, lifetime: Duration) -> Self {
        let iat = now.timestamp();
        Self {
            iss: ISSUER.into(),
            sub: session.user,
            org: session.org,
            dev: session.device,
            sid: session.family,
            iat,
            exp: iat.saturating_add_unsigned(lifetime.as_secs()),
        }
    }

    /// The sign-in that the token belongs to.
    pub fn session(&self) -> Session {
        Session { org: self.org, user: self.sub, device: self.dev, family: self.sid }
    }

    /// Whether the token is past its time.
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now.timestamp() >= self.exp
    }
}

/// Signs claims with the ring's newest key.
///
/// # Errors
/// `Internal` when there is no key that may sign.
pub fn sign(claims: &Claims, ring: &KeyRing) -> Result<String, AccessError> {
    let (kid, key) = ring.signing().ok_or_else(|| AccessError::Internal("no key to sign with".into()))?;
    let header = Header { typ: Some(TYPE.into()), kid: Some(kid.into()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, claims, key).map_err(|error| AccessError::Internal(format!("signing a token: {error}")))
}

/// What a token turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Signed by one of our keys and not yet expired.
    Good(VerifiedToken),
    /// Signed by one of our keys, but its time is over. It still says who it was given to.
    Expired(Box<Claims>),
    /// Names a key that this process does not know (yet).
    UnknownKey(String),
    /// Anything else.
    Invalid,
}

/// Claims whose signature was verified, and the key that did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedToken {
    /// What the token says.
    pub claims: Claims,
    /// The key's name.
    pub kid: String,
}

/// Verifies a token against the ring. Pure: `now` is a parameter.
pub fn read(token: &str, ring: &KeyRing, now: DateTime<Utc>) -> Reading {
    let Some(kid) = key_of(token) else { return Reading::Invalid };
    if !ring.knows(&kid) {
        return Reading::UnknownKey(kid);
    }
    let Some(key) = ring.verifying(&kid, now) else { return Reading::Invalid };
    match decode::<Claims>(token, key, &validation()) {
        Ok(data) if data.claims.is_expired(now) => Reading::Expired(Box::new(data.claims)),
        Ok(data) => Reading::Good(VerifiedToken { claims: data.claims, kid }),
        Err(_) => Reading::Invalid,
    }
}

/// The kid of a token that looks like one of ours; everything else is refused before any work is done for it.
fn key_of(token: &str) -> Option<String> {
    if token.len() > MAX_BYTES {
        return None;
    }
    let header = decode_header(token).ok()?;
    if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TYPE) {
        return None;
    }
    header.kid.filter(|kid| kid.len() == 16 && kid.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "sub"]);
    // Expiry is judged by `Claims::is_expired` with the caller's clock; the library would ask the system's.
    validation.validate_exp = false;
    validation
}

/// Tokens that were verified before, so that a phone that sends fifty requests costs one signature check.
pub struct VerifiedTokens(Cache<[u8; 32], Arc<VerifiedToken>>);

impl VerifiedTokens {
    /// Remembers up to `entries` tokens, each at most for `lifetime`.
    pub fn new(entries: u64, lifetime: Duration) -> Self {
        Self(Cache::builder().max_capacity(entries).time_to_live(lifetime).build())
    }

    /// Verifies a token, from memory if possible. Only good tokens are remembered, and a remembered one is still
    /// checked for its time and for its key.
    pub fn read(&self, token: &str, ring: &KeyRing, now: DateTime<Utc>) -> Reading {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(known) = self.0.get(&digest) {
            return recheck(&known, ring, now);
        }
        let reading = read(token, ring, now);
        if let Reading::Good(verified) = &reading {
            self.0.insert(digest, Arc::new(verified.clone()));
        }
        reading
    }
}

fn recheck(known: &VerifiedToken, ring: &KeyRing, now: DateTime<Utc>) -> Reading {
    if ring.verifying(&known.kid, now).is_none() {
        Reading::Invalid
    } else if known.claims.is_expired(now) {
        Reading::Expired(Box::new(known.claims.clone()))
    } else {
        Reading::Good(known.clone())
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;
    use crate::access::keys::SigningKey;

    const LIFETIME: Duration = Duration::from_secs(600);

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn session() -> Session {
        Session {
            org: Uuid::from_u128(1),
            user: Uuid::from_u128(2),
            device: Some(Uuid::from_u128(3)),
            family: Uuid::from_u128(4),
        }
    }

    fn ring_and_token() -> (KeyRing, String) {
        let ring = KeyRing::new(&[SigningKey::from_seed([1; 32], at(0)).unwrap()]).unwrap();
        let token = sign(&Claims::new(&session(), at(0), LIFETIME), &ring).unwrap();
        (ring, token)
    }

    fn part(json: &serde_json::Value) -> String {
        URL_SAFE_NO_PAD.encode(json.to_string())
    }

    #[test]
    fn a_token_says_what_was_signed_until_it_expires() {
        let (ring, token) = ring_and_token();
        assert!(token.len() < 600, "{}", token.len());
        let Reading::Good(verified) = read(&token, &ring, at(599)) else { panic!() };
        assert_eq!(verified.claims, Claims::new(&session(), at(0), LIFETIME));
        assert_eq!(read(&token, &ring, at(600)), Reading::Expired(Box::new(verified.claims)));
    }

    #[test]
    fn remembered_tokens_still_expire_and_still_need_their_key() {
        let (ring, token) = ring_and_token();
        let memory = VerifiedTokens::new(10, LIFETIME);
        assert!(matches!(memory.read(&token, &ring, at(0)), Reading::Good(_)));
        assert!(matches!(memory.read(&token, &ring, at(1)), Reading::Good(_)));
        assert!(matches!(memory.read(&token, &ring, at(600)), Reading::Expired(_)));
        let other = KeyRing::new(&[SigningKey::from_seed([2; 32], at(1)).unwrap()]).unwrap();
        assert_eq!(memory.read(&token, &other, at(1)), Reading::Invalid);
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let (ring, token) = ring_and_token();
        for place in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            let reading = read(&changed, &ring, at(0));
            assert!(matches!(reading, Reading::Invalid | Reading::UnknownKey(_)), "{place}: {reading:?}");
        }
    }

    #[test]
    fn no_algorithm_another_algorithm_or_another_type_is_refused() {
        let (ring, token) = ring_and_token();
        let (kid, _) = ring.signing().unwrap();
        let mut parts = token.split('.');
        let (_, claims, signature) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        for header in [
            json!({"alg": "none", "typ": TYPE, "kid": kid}),
            json!({"alg": "HS256", "typ": TYPE, "kid": kid}),
            json!({"alg": "EdDSA", "typ": "JWT", "kid": kid}),
            json!({"alg": "EdDSA", "typ": TYPE}),
            json!({"alg": "EdDSA", "typ": TYPE, "kid": "../../etc/passwd"}),
            json!({"alg": "EdDSA", "typ": TYPE, "kid": kid, "crit": ["exp"]}),
        ] {
            for signature in ["", signature] {
                let forged = format!("{}.{claims}.{signature}", part(&header));
                assert_eq!(read(&forged, &ring, at(0)), Reading::Invalid, "{header}");
            }
        }
    }

    #[test]
    fn the_public_key_used_as_a_shared_secret_opens_nothing() {
        let key = SigningKey::from_seed([1; 32], at(0)).unwrap();
        let ring = KeyRing::new(std::slice::from_ref(&key)).unwrap();
        let header = Header { typ: Some(TYPE.into()), kid: Some(key.kid), ..Header::new(Algorithm::HS256) };
        let secret = jsonwebtoken::EncodingKey::from_secret(key.public_pem.as_bytes());
        let forged = encode(&header, &Claims::new(&session(), at(0), LIFETIME), &secret).unwrap();
        assert_eq!(read(&forged, &ring, at(0)), Reading::Invalid);
    }

    #[test]
    fn a_token_of_another_issuer_or_without_claims_is_refused() {
        let (ring, _) = ring_and_token();
        let mut claims = Claims::new(&session(), at(0), LIFETIME);
        claims.iss = "elsewhere".into();
        assert_eq!(read(&sign(&claims, &ring).unwrap(), &ring, at(0)), Reading::Invalid);
        let (kid, key) = ring.signing().unwrap();
        let header = Header { typ: Some(TYPE.into()), kid: Some(kid.into()), ..Header::new(Algorithm::EdDSA) };
        let bare = encode(&header, &json!({"iss": ISSUER, "exp": at(600).timestamp()}), key).unwrap();
        assert_eq!(read(&bare, &ring, at(0)), Reading::Invalid);
    }

    #[test]
    fn an_unknown_key_is_told_apart_so_that_keys_can_be_read_again() {
        let (_, token) = ring_and_token();
        let other = KeyRing::new(&[SigningKey::from_seed([2; 32], at(0)).unwrap()]).unwrap();
        assert!(matches!(read(&token, &other, at(0)), Reading::UnknownKey(_)));
    }

    #[test]
    fn hostile_text_is_only_ever_invalid() {
        let (ring, token) = ring_and_token();
        let long = "A".repeat(1_000_000);
        let nested = format!("{}.{}.x", URL_SAFE_NO_PAD.encode("[".repeat(1_000)), "e30");
        for text in
            ["", ".", "..", "...", "null", "🦀.🦀.🦀", "a.b.c", "\0.\0.\0", &long, &nested, &format!("{token}.")]
        {
            assert_eq!(read(text, &ring, at(0)), Reading::Invalid, "{text:.40}");
        }
    }
}
