//! One page of what changed.

use std::collections::{BTreeMap, HashMap};

use mobile_api::{evidence::Stamp, record::Scope};
use serde::Serialize;
use uuid::Uuid;

use super::{
    cursor::{Cursor, Place},
    store::{self, Body, FeedRow, Head},
};
use crate::{db::Conn, error::Error};

/// A page, with bodies as the database has them.
#[derive(Debug)]
pub struct Page {
    head: Head,
    cursor: String,
    complete: bool,
    scopes: Vec<Scope>,
    changes: Vec<Change>,
}

#[derive(Debug)]
struct Change {
    scope: Scope,
    row: FeedRow,
    body: Option<Body>,
}

/// Reads the next page for a device with these scopes.
///
/// The work is proportional to what the device has to fetch: each scope is an index range, and a scope without
/// changes costs one look.
///
/// # Errors
/// What [`Cursor::read`] says of the cursor; the database's.
pub fn page(conn: &mut Conn, org: Uuid, scopes: Vec<Scope>, cursor: Option<&str>, limit: u32) -> Result<Page, Error> {
    let head = store::head(conn, org)?;
    let known = match cursor {
        Some(text) => Cursor::read(text, head.epoch, head.version, head.horizon)?.places,
        None => BTreeMap::new(),
    };
    let mut left = i64::from(limit.max(1));
    let mut places = BTreeMap::new();
    let mut changes = Vec::new();
    let mut complete = true;
    for scope in &scopes {
        let place = known.get(scope).cloned().unwrap_or_else(|| start(*scope, head.version));
        if left == 0 {
            // No room to look; the next page will.
            complete &= place.version == head.version;
            places.insert(*scope, place);
            continue;
        }
        let rows = store::after(conn, org, *scope, &place, left)?;
        left -= i64::try_from(rows.len()).unwrap_or(left);
        let full = left == 0;
        let next = match rows.last() {
            Some(last) if full => {
                let after = Some((last.kind.clone(), last.id));
                Place { version: last.version - 1, after, began: place.began }
            }
            _ => Place::at(head.version),
        };
        complete &= !full;
        let began = place.began;
        // While a scope is fetched for the first time, what left it before that began was never on the device.
        let worth_telling = |row: &FeedRow| row.held || began.is_none_or(|began| row.version > began);
        changes.extend(rows.into_iter().filter(worth_telling).map(|row| Change { scope: *scope, row, body: None }));
        places.insert(*scope, next);
    }
    fill(conn, org, &mut changes)?;
    let cursor = Cursor { epoch: head.epoch, places }.encode()?;
    Ok(Page { head, cursor, complete, scopes, changes })
}

/// Where a scope begins that the device has not fetched yet. Verdicts begin now: what the device still waits for it
/// asks by name.
fn start(scope: Scope, head: u64) -> Place {
    match scope {
        Scope::Device(_) => Place::at(head),
        _ => Place::beginning(head),
    }
}

fn fill(conn: &mut Conn, org: Uuid, changes: &mut [Change]) -> Result<(), Error> {
    let mut wanted: HashMap<String, Vec<Uuid>> = HashMap::new();
    for change in changes.iter().filter(|change| change.row.held) {
        wanted.entry(change.row.kind.clone()).or_default().push(change.row.id);
    }
    for (kind, ids) in wanted {
        let bodies = store::bodies(conn, org, &kind, &ids)?;
        // One record can be in two scopes, so bodies are cloned, not taken.
        for change in changes.iter_mut().filter(|change| change.row.held && change.row.kind == kind) {
            change.body = bodies.get(&change.row.id).cloned();
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Top<'a> {
    epoch: Uuid,
    version: u64,
    cursor: &'a str,
    complete: bool,
    scopes: &'a [Scope],
    time: &'a Stamp,
}

#[derive(Serialize)]
struct RowHead<'a> {
    scope: Scope,
    kind: &'a str,
    id: Uuid,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<u64>,
}

impl Page {
    /// The page as a `PullResponse` in JSON. Bodies are passed through as they are stored: parsing and printing them
    /// again would cost several times what reading them does.
    ///
    /// # Errors
    /// None in practice; writing to memory.
    pub fn to_json(&self, time: &Stamp) -> Result<Vec<u8>, Error> {
        let bodies: usize = self.changes.iter().filter_map(|change| change.body.as_ref()).map(|b| b.json.len()).sum();
        let mut json = Vec::with_capacity(bodies + 256 * self.changes.len() + 1024);
        let Head { epoch, version, .. } = self.head;
        let (complete, scopes) = (self.complete, self.scopes.as_slice());
        let top = Top { epoch, version, cursor: &self.cursor, complete, scopes, time };
        serde_json::to_writer(&mut json, &top).map_err(Error::internal)?;
        json.pop();
        json.extend_from_slice(br#","changes":["#);
        for (i, change) in self.changes.iter().enumerate() {
            if i > 0 {
                json.push(b',');
            }
            change.write(&mut json)?;
        }
        json.extend_from_slice(b"]}");
        Ok(json)
    }

    /// The organisation's version that it was read at.
    pub fn version(&self) -> u64 {
        self.head.version
    }
}

impl Change {
    fn write(&self, json: &mut Vec<u8>) -> Result<(), Error> {
        let Change { scope, row, body } = self;
        let rev = body.as_ref().and_then(|body| body.rev);
        let head = RowHead { scope: *scope, kind: &row.kind, id: row.id, version: row.version, rev };
        serde_json::to_writer(&mut *json, &head).map_err(Error::internal)?;
        if let Some(body) = body {
            json.pop();
            json.extend_from_slice(br#","body":"#);
            json.extend_from_slice(body.json.as_bytes());
            json.push(b'}');
        }
        Ok(())
    }
}
