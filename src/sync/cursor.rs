//! A cursor: per scope, the place in the feed up to which a device has fetched.
//!
//! Opaque to devices. Each scope has a place of its own, so that a scope which a device gains (a new team) is fetched
//! from its beginning while the others go on.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use mobile_api::record::Scope;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Code, Error};

/// Longest cursor that is looked at, in bytes. A hundred scopes fit.
const LONGEST: usize = 16 * 1024;

/// Where a device stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The data set.
    #[serde(rename = "e")]
    pub epoch: Uuid,
    /// The places.
    #[serde(rename = "s")]
    pub places: BTreeMap<Scope, Place>,
}

/// A place in one scope's feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Everything up to this version was fetched…
    #[serde(rename = "v")]
    pub version: u64,
    /// …and of the next version, everything up to this row.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub after: Option<(String, Uuid)>,
    /// While the scope is fetched for the first time: the version at which that began. Drops up to it are of no
    /// interest, and it is what the age of the cursor is measured by.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub began: Option<u64>,
}

impl Place {
    /// The beginning of a scope, at a time when the organisation is at version `head`.
    pub fn beginning(head: u64) -> Self {
        Self { version: 0, after: None, began: Some(head) }
    }

    /// Everything up to `version` was fetched.
    pub fn at(version: u64) -> Self {
        Self { version, after: None, began: None }
    }

    /// The version up to which drops must still be there for this place to go on.
    pub fn age(&self) -> u64 {
        self.version.max(self.began.unwrap_or(0))
    }
}

impl Cursor {
    /// As it travels.
    pub fn encode(&self) -> Result<String, Error> {
        let json = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(json))
    }

    /// Reads a cursor and checks that it belongs to this data set, is not ahead of it, and is not too old for it.
    ///
    /// # Errors
    /// `cursor_invalid`, `cursor_other_epoch`, `cursor_ahead`, `cursor_too_old`: the last three ask for a replacement
    /// sync, in which the device keeps what it has not sent.
    pub fn read(text: &str, epoch: Uuid, head: u64, horizon: u64) -> Result<Self, Error> {
        let invalid = || Error::new(Code::CursorInvalid);
        if text.len() > LONGEST {
            return Err(invalid());
        }
        let json = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let cursor: Cursor = serde_json::from_slice(&json).map_err(|_| invalid())?;
        // It goes into a query as it is, and not every database has a text with U+0000.
        if cursor.places.values().filter_map(|place| place.after.as_ref()).any(|(kind, _)| kind.contains('\0')) {
            return Err(invalid());
        }
        if cursor.epoch != epoch {
            return Err(Code::CursorOtherEpoch.into());
        }
        if cursor.places.values().any(|place| place.age() > head) {
            return Err(Code::CursorAhead.into());
        }
        if cursor.places.values().any(|place| place.age() < horizon) {
            return Err(Code::CursorTooOld.into());
        }
        Ok(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(version: u64) -> String {
        let places = [(Scope::Catalog, Place::at(version))].into();
        Cursor { epoch: Uuid::nil(), places }.encode().unwrap()
    }

    fn code(text: &str, epoch: Uuid) -> Option<Code> {
        Cursor::read(text, epoch, 100, 10).err().map(|error| error.code())
    }

    #[test]
    fn a_cursor_is_told_why_it_does_not_fit() {
        assert_eq!(code(&cursor(50), Uuid::nil()), None);
        assert_eq!(code(&cursor(50), Uuid::max()), Some(Code::CursorOtherEpoch));
        assert_eq!(code(&cursor(101), Uuid::nil()), Some(Code::CursorAhead));
        assert_eq!(code(&cursor(9), Uuid::nil()), Some(Code::CursorTooOld));
        assert_eq!(code("not a cursor", Uuid::nil()), Some(Code::CursorInvalid));
        assert_eq!(code(&"A".repeat(LONGEST + 1), Uuid::nil()), Some(Code::CursorInvalid));
    }

    #[test]
    fn a_first_sync_is_as_old_as_its_beginning() {
        let places = [(Scope::Catalog, Place { version: 3, after: None, began: Some(60) })].into();
        let text = Cursor { epoch: Uuid::nil(), places }.encode().unwrap();
        assert_eq!(code(&text, Uuid::nil()), None);
    }
}
