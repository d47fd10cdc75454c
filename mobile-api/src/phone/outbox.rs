//! Recording: what a person did goes into the outbox, whatever the rules say of it. The phone tells at once what
//! they say, while the customer is still there; the server decides.

use chrono::SecondsFormat;
use rusqlite::Transaction;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use super::{
    error::PhoneError,
    line::Line,
    store::{
        StoreError,
        accounts::{self, Account},
        copies,
        outbox::{self, NewEntry},
        photos,
    },
    view::Outcome,
};
use crate::{
    catalogue::{self, Action},
    evidence::Evidence,
    operation::{On, Spec},
    photo::NewPhoto,
    signing::Digest,
    sync::{Group, Operation},
};

/// Fewest and most operations of a group.
const GROUP_SIZES: std::ops::RangeInclusive<usize> = 2..=50;

/// An operation to be recorded.
#[derive(Clone, Debug)]
pub struct Draft {
    spec: &'static Spec,
    entity: Uuid,
    depends_on: Vec<Uuid>,
    payload: Box<RawValue>,
}

impl Draft {
    /// What was done, to which record. For an operation that makes a record, `entity` is a new id.
    ///
    /// # Errors
    /// If the payload cannot be written as JSON.
    pub fn new(entity: impl Into<Uuid>, action: impl Into<Action>) -> Result<Self, PhoneError> {
        let action = action.into();
        Ok(Self { spec: action.spec(), entity: entity.into(), depends_on: Vec::new(), payload: action.payload()? })
    }

    /// The same for an app that holds its payloads as JSON. The payload is kept as it is, even if it is not what
    /// the type asks for: the server keeps it for a person.
    ///
    /// # Errors
    /// If the type is unknown or `payload` cannot be written as JSON.
    pub fn from_json(entity: impl Into<Uuid>, op_type: &str, payload: &serde_json::Value) -> Result<Self, PhoneError> {
        let spec = catalogue::spec(op_type).ok_or_else(|| PhoneError::UnknownType(op_type.to_owned()))?;
        Ok(Self { spec, entity: entity.into(), depends_on: Vec::new(), payload: to_raw_value(payload)? })
    }

    /// It makes no sense unless this other operation was applied.
    #[must_use]
    pub fn after(mut self, operation: Uuid) -> Self {
        self.depends_on.push(operation);
        self
    }
}

impl Draft {
    /// The photo that it records, if it does.
    fn photo(&self) -> Option<NewPhoto> {
        Action::parse(self.spec.name, &self.payload).ok()?.photo().cloned()
    }
}

/// An operation that is kept.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its id, for ever.
    pub id: Uuid,
    /// Its number in the sequence of this person on this phone.
    pub seq: u64,
    /// What the rules say of it now. Even a refused one stays recorded: the record on the phone may be old.
    pub outcome: Outcome,
}

/// Keeps all of `drafts`, or none, in the account that is on the screen.
pub(super) fn record(line: &Line, drafts: Vec<Draft>, grouped: bool) -> Result<Vec<Recorded>, PhoneError> {
    if grouped && !GROUP_SIZES.contains(&drafts.len()) {
        return Err(PhoneError::GroupSize);
    }
    if let Some(draft) = drafts.iter().find(|draft| !draft.spec.offline) {
        return Err(PhoneError::NeedsServer(draft.spec.name.to_owned()));
    }
    let size = u32::try_from(drafts.len()).unwrap_or(u32::MAX);
    let group = grouped.then(|| Group { id: line.clock.new_id(), size });
    let keep = |tx: &Transaction<'_>, account: &Account| {
        drafts.into_iter().map(|draft| keep(tx, line, account, draft, group)).collect::<Result<Vec<_>, _>>()
    };
    line.on_screen(keep, |_, _, screen, ids| {
        let recorded = ids.into_iter().map(|(id, seq)| Recorded { id, seq, outcome: screen.outcome(id) });
        Ok(recorded.collect())
    })
}

/// Keeps an operation that records a photo, and the photo's bytes: both, or none.
pub(super) fn record_photo(line: &Line, draft: Draft, bytes: &[u8]) -> Result<Recorded, PhoneError> {
    let photo = draft.photo().filter(|photo| photo.blob.sha256 == Digest::of(bytes)).ok_or(PhoneError::OtherPhoto)?;
    if photo.blob.bytes != bytes.len() as u64 {
        return Err(PhoneError::OtherPhoto);
    }
    let keep = |tx: &Transaction<'_>, account: &Account| {
        let (id, seq) = keep(tx, line, account, draft, None)?;
        photos::insert(tx, account.id, id, &photo.blob, bytes)?;
        Ok((id, seq))
    };
    line.on_screen(keep, |_, _, screen, (id, seq)| Ok(Recorded { id, seq, outcome: screen.outcome(id) }))
}

fn keep(
    tx: &Transaction<'_>,
    line: &Line,
    account: &Account,
    draft: Draft,
    group: Option<Group>,
) -> Result<(Uuid, u64), PhoneError> {
    let Draft { spec, entity, depends_on, payload } = draft;
    let (id, seq) = (line.clock.new_id(), accounts::take_seq(tx, account.id)?);
    let evidence = evidence(line, account);
    let recorded_at = evidence.wall.clone();
    let operation = Operation {
        id,
        seq: Some(seq),
        op_type: spec.name.to_owned(),
        entity,
        base_rev: seen_rev(tx, account, spec, entity)?,
        group,
        depends_on,
        evidence: Some(evidence),
        payload,
    };
    let entry = NewEntry {
        seq,
        id,
        op_type: operation.op_type.clone(),
        kind: spec.kind.as_str().to_owned(),
        entity,
        group: group.map(|group| group.id),
        recorded_at,
        body: serde_json::to_string(&operation)?,
    };
    outbox::insert(tx, account.id, &entry)?;
    Ok((id, seq))
}

/// The anchor was read with the account, before the uptime, as evidence demands.
fn evidence(line: &Line, account: &Account) -> Evidence {
    Evidence {
        wall: line.clock.wall().to_rfc3339_opts(SecondsFormat::Millis, false),
        uptime_ms: line.clock.uptime_ms(),
        boot_id: line.clock.boot_id(),
        anchor: account.anchor.clone(),
    }
}

/// The server's revision on the screen. Pending operations do not count: the server adds what it knows to be
/// this device's own.
fn seen_rev(tx: &Transaction<'_>, account: &Account, spec: &Spec, entity: Uuid) -> Result<Option<u64>, StoreError> {
    let Some(copy) = account.live.filter(|_| spec.on != On::New) else { return Ok(None) };
    Ok(copies::get(tx, copy, spec.kind.as_str(), entity)?.map(|held| held.rev))
}
