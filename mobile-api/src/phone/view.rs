//! The screen: the server's records with the phone's own pending operations replayed on top, by the same rules
//! that the server will apply.

use std::collections::HashMap;

use rusqlite::Transaction;
use uuid::Uuid;

use super::{
    line::Line,
    store::{
        StoreError,
        accounts::Account,
        copies::{self, Held},
        outbox::{self, Entry, State},
    },
};
use crate::{
    actor::Actor,
    catalogue::Action,
    directory::User,
    evidence::{Received, judge},
    ids::Id,
    operation::{Context, Decision, Mode, Need, Related},
    record::{Kind, Record, Ref},
    refusal::{Flagged, Refusal},
    stock::StockSerial,
    sync::Operation,
    time::Timestamp,
};

/// What the rules say of a pending operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It fits, with what a person may want to look at.
    Applies(Vec<Flagged>),
    /// It does not fit what the phone knows. It is sent all the same: the phone may not know everything.
    Refused(Refusal),
    /// Another operation of its group does not fit.
    GroupRefused,
    /// This build cannot read it. The server may.
    Unreadable,
}

/// An operation whose effect is not in the server's records on this phone yet.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The operation.
    pub id: Uuid,
    /// The record that it is about, after merges; `None` if this build does not know the kind.
    pub about: Option<Ref>,
    /// Its type.
    pub op_type: String,
    /// What the phone's wall clock showed.
    pub recorded_at: String,
    /// How far the server has taken it.
    pub state: State,
    /// What the rules say of it on this phone.
    pub outcome: Outcome,
}

/// A record as the person sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Which one.
    pub address: Ref,
    /// With pending operations applied; `None` if it does not exist, or only in operations that do not fit.
    pub record: Option<Record>,
    /// Pending operations about it, oldest first.
    pub pending: Vec<Pending>,
}

/// Everything that pending operations change, computed once.
#[derive(Default)]
pub(super) struct Screen {
    changed: HashMap<Ref, Layer>,
    pending: Vec<Pending>,
}

/// A record on its way through the replay.
#[derive(Clone, Default)]
struct Layer {
    /// `None`: deleted, or never there, or unreadable.
    record: Option<Record>,
    /// It is there, in a form of a newer server.
    unreadable: bool,
    /// The server's revision, plus one for each operation replayed on it.
    rev: u64,
    /// The server's revision alone.
    server_rev: u64,
}

impl Screen {
    /// Replays on top what is not in the pulled records yet, in the order in which it was recorded.
    pub(super) fn replay(
        &mut self,
        tx: &Transaction<'_>,
        line: &Line,
        account: &Account,
        entries: &[Entry],
    ) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut replay = Replay::new(tx, line, account, self)?;
        for unit in entries.chunk_by(|a, b| a.recorded.group.is_some() && a.recorded.group == b.recorded.group) {
            replay.unit(unit)?;
        }
        Ok(())
    }

    /// What the rules said of one operation.
    pub(super) fn outcome(&self, id: Uuid) -> Outcome {
        let found = self.pending.iter().rev().find(|pending| pending.id == id);
        found.map_or(Outcome::Unreadable, |pending| pending.outcome.clone())
    }

    /// One record.
    pub(super) fn show(
        &self,
        tx: &Transaction<'_>,
        account: &Account,
        address: Ref,
    ) -> Result<Option<Shown>, StoreError> {
        let record = match self.changed.get(&address) {
            Some(layer) => layer.record.clone(),
            None => stored(tx, account, address)?.and_then(|layer| layer.record),
        };
        let pending = self.pending_on(address);
        let known = record.is_some() || !pending.is_empty();
        Ok(known.then_some(Shown { address, record, pending }))
    }

    /// Every record of a kind that exists with pending operations applied, by id.
    pub(super) fn list(&self, tx: &Transaction<'_>, account: &Account, kind: Kind) -> Result<Vec<Shown>, StoreError> {
        let held = account.live.map(|copy| copies::list(tx, copy, kind.as_str())).transpose()?.unwrap_or_default();
        let mut records: HashMap<Ref, Record> = HashMap::new();
        for held in held {
            let address = Ref::new(kind, held.id);
            if let Some(record) = read(address, &held).record {
                records.insert(address, record);
            }
        }
        for (address, layer) in self.changed.iter().filter(|(address, _)| address.kind == kind) {
            match &layer.record {
                Some(record) => records.insert(*address, record.clone()),
                None => records.remove(address),
            };
        }
        let show = |(address, record)| Shown { address, record: Some(record), pending: self.pending_on(address) };
        let mut shown: Vec<Shown> = records.into_iter().map(show).collect();
        shown.sort_unstable_by_key(|shown| shown.address);
        Ok(shown)
    }

    /// Every pending operation, oldest first.
    pub(super) fn pending(&self) -> &[Pending] {
        &self.pending
    }

    fn pending_on(&self, address: Ref) -> Vec<Pending> {
        self.pending.iter().filter(|pending| pending.about == Some(address)).cloned().collect()
    }
}

struct Replay<'a> {
    tx: &'a Transaction<'a>,
    account: &'a Account,
    actor: Option<Actor>,
    now: Timestamp,
    received: Received,
    screen: &'a mut Screen,
}

impl<'a> Replay<'a> {
    fn new(
        tx: &'a Transaction<'_>,
        line: &Line,
        account: &'a Account,
        screen: &'a mut Screen,
    ) -> Result<Self, StoreError> {
        let now = line.now(account.anchor.as_ref());
        // On the phone every anchor is believed: it deceives nobody but its owner.
        let received = Received {
            anchor_trusted: true,
            uptime_ms: Some(line.clock.uptime_ms()),
            boot_id: Some(line.clock.boot_id()),
            anchor: account.anchor.clone(),
            ..Received::at(now, Timestamp::UNIX_EPOCH)
        };
        let actor = actor(tx, account)?;
        Ok(Self { tx, account, actor, now, received, screen })
    }

    /// One operation, or a group that is applied all or none.
    fn unit(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        // Only a group may have to be taken back.
        let before = (entries.len() > 1).then(|| self.screen.changed.clone());
        let first = self.screen.pending.len();
        for entry in entries {
            let (about, outcome) = self.one(entry)?;
            self.screen.pending.push(Pending {
                id: entry.recorded.id,
                about,
                op_type: entry.recorded.op_type.clone(),
                recorded_at: entry.recorded.recorded_at.clone(),
                state: entry.state,
                outcome,
            });
        }
        let members = &mut self.screen.pending[first..];
        let applies = |pending: &Pending| matches!(pending.outcome, Outcome::Applies(_));
        if let Some(before) = before.filter(|_| !members.iter().all(applies)) {
            self.screen.changed = before;
            for pending in members.iter_mut().filter(|pending| applies(pending)) {
                pending.outcome = Outcome::GroupRefused;
            }
        }
        Ok(())
    }

    /// What the rules say of one operation, about which record.
    fn one(&mut self, entry: &Entry) -> Result<(Option<Ref>, Outcome), StoreError> {
        let about = Kind::parse(&entry.recorded.kind).map(|kind| Ref::new(kind, entry.recorded.entity));
        let operation: Option<Operation> = serde_json::from_str(&entry.recorded.body).ok();
        let action = operation.as_ref().and_then(|op| Action::parse(&op.op_type, &op.payload).ok());
        let (Some(about), Some(operation), Some(action), Some(actor)) = (about, operation, action, self.actor.clone())
        else {
            return Ok((about, Outcome::Unreadable));
        };
        let address = self.resolve(about)?;
        let outcome = match allowed(&action, &actor) {
            Ok(()) => self.decide(address, &operation, action, &actor)?,
            Err(refusal) => Outcome::Refused(refusal),
        };
        Ok((Some(address), outcome))
    }

    fn decide(
        &mut self,
        address: Ref,
        operation: &Operation,
        action: Action,
        actor: &Actor,
    ) -> Result<Outcome, StoreError> {
        let layer = self.layer(address)?;
        if layer.record.is_none() && layer.unreadable {
            return Ok(Outcome::Unreadable);
        }
        let related = self.related(&action, layer.record.as_ref(), actor)?;
        let own_revs = self.own_revs(operation.base_rev, address.id, &layer)?;
        let context = Context {
            op: operation.id,
            actor,
            when: judge(operation.evidence.as_ref(), &self.received),
            received_at: self.now,
            base_rev: operation.base_rev,
            rev: layer.rev + 1,
            own_revs: &own_revs,
            mode: Mode::Recorded,
            related: &related,
        };
        match action.decide(address.id, layer.record.clone(), &context) {
            Ok(decision) => Ok(self.apply(address, layer, decision)),
            Err(refusal) => Ok(Outcome::Refused(refusal)),
        }
    }

    fn apply(&mut self, address: Ref, layer: Layer, decision: Decision<Record>) -> Outcome {
        let Decision { record, also, flags } = decision;
        self.screen.changed.insert(address, Layer { record, rev: layer.rev + 1, ..layer });
        for record in also {
            let address = record.address();
            let layer = self.screen.changed.get(&address).cloned().unwrap_or_default();
            self.screen.changed.insert(address, Layer { record: Some(record), rev: layer.rev + 1, ..layer });
        }
        Outcome::Applies(flags)
    }

    /// An operation about a record that was merged into another goes there.
    fn resolve(&mut self, mut address: Ref) -> Result<Ref, StoreError> {
        // Merging is never circular on the server; the bound keeps a broken copy from being walked for ever.
        for _ in 0..8 {
            match self.layer(address)?.record.and_then(|record| record.alias()) {
                Some(id) => address.id = id,
                None => break,
            }
        }
        Ok(address)
    }

    fn layer(&self, address: Ref) -> Result<Layer, StoreError> {
        if let Some(layer) = self.screen.changed.get(&address) {
            return Ok(layer.clone());
        }
        let stored = stored(self.tx, self.account, address)?;
        Ok(stored.unwrap_or_default())
    }

    fn related(&self, action: &Action, record: Option<&Record>, actor: &Actor) -> Result<Related, StoreError> {
        let mut related = Related { partial: true, ..Related::default() };
        for need in action.needs(record, actor) {
            // What only the server knows (numbers, other people's times) stays empty.
            match need {
                Need::Record(address) => self.relate(address, &mut related)?,
                Need::Holder { piece } => {
                    let address = Ref::new(Kind::StockSerial, piece);
                    self.relate(address, &mut related)?;
                    if let Some(level) = related.get(piece).map(StockSerial::level) {
                        self.relate(level, &mut related)?;
                    }
                }
                _ => {}
            }
        }
        Ok(related)
    }

    fn relate(&self, address: Ref, related: &mut Related) -> Result<(), StoreError> {
        let Some(record) = self.layer(address)?.record else { return Ok(()) };
        for companion in record.companions() {
            if let Some(record) = self.layer(companion)?.record {
                related.records.insert(companion, record);
            }
        }
        related.records.insert(address, record);
        Ok(())
    }

    /// Revisions that this phone made itself: on the server, as far as verdicts tell, and above the server's in
    /// this replay.
    fn own_revs(&self, base: Option<u64>, entity: Uuid, layer: &Layer) -> Result<Vec<u64>, StoreError> {
        let mut own = outbox::made(self.tx, self.account.id, entity, base.unwrap_or(0))?;
        own.extend(layer.server_rev + 1..=layer.rev);
        Ok(own)
    }
}

/// What the server asks before it asks the rule.
fn allowed(action: &Action, actor: &Actor) -> Result<(), Refusal> {
    if action.spec().allows(actor.role) { action.check() } else { Err(Refusal::Forbidden) }
}

fn stored(tx: &Transaction<'_>, account: &Account, address: Ref) -> Result<Option<Layer>, StoreError> {
    let Some(copy) = account.live else { return Ok(None) };
    let held = copies::get(tx, copy, address.kind.as_str(), address.id)?;
    Ok(held.map(|held| read(address, &held)))
}

/// A record that this build cannot read is not shown; it stays in the file for a build that can.
fn read(address: Ref, held: &Held) -> Layer {
    let record = Record::from_json(address.kind, &held.body).ok();
    Layer { unreadable: record.is_none(), record, rev: held.rev, server_rev: held.rev }
}

/// Who records: the identity of the sign-in, with the teams and the role of the newest account record.
fn actor(tx: &Transaction<'_>, account: &Account) -> Result<Option<Actor>, StoreError> {
    let Some(identity) = &account.identity else { return Ok(None) };
    let own = stored(tx, account, Ref::new(Kind::User, identity.user))?.and_then(|layer| layer.record);
    let own: Option<User> = own.and_then(|record| record.try_into().ok());
    let (role, sites, teams) =
        own.map_or((identity.role, Vec::new(), Vec::new()), |user| (user.role, user.sites, user.teams));
    let device = Some(Id::new(account.device));
    Ok(Some(Actor { org: identity.org, user: identity.user, role, sites, teams, device }))
}
