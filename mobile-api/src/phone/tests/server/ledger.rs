//! What the server holds, and how it decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use super::ORG;
use crate::{
    actor::{Actor, Role},
    catalogue::{Action, ParseError},
    directory::User,
    evidence::{Anchor, Received, Stamp, judge},
    ids::Id,
    operation::{Context, Mode, Need, Related},
    record::{Kind, Record, Ref, Scope},
    refusal::Refusal,
    sync::{Config, Operation, PushRequest, VERDICT, Verdict, VerdictStatus},
};

/// A row's place in the feed.
pub(in crate::phone::tests) type Place = (Scope, String, Uuid);

pub(in crate::phone::tests) struct Session {
    pub(super) user: Id<User>,
    pub(super) device: Uuid,
}

#[derive(Default)]
pub(in crate::phone::tests) struct Ledger {
    pub(in crate::phone::tests) epoch: Uuid,
    pub(in crate::phone::tests) version: u64,
    pub(in crate::phone::tests) accounts: HashMap<String, (String, Id<User>)>,
    /// Access tokens.
    pub(in crate::phone::tests) sessions: HashMap<String, Session>,
    /// Refresh tokens: the session, and whether it was used.
    pub(in crate::phone::tests) refresh: HashMap<String, (Id<User>, Uuid)>,
    pub(in crate::phone::tests) issued: u64,
    pub(in crate::phone::tests) devices: HashMap<Uuid, (Id<User>, DateTime<Utc>)>,
    pub(in crate::phone::tests) records: BTreeMap<Ref, (u64, Option<Record>)>,
    /// Version and presence.
    pub(in crate::phone::tests) feed: BTreeMap<Place, (u64, bool)>,
    pub(in crate::phone::tests) journal: HashMap<Uuid, (String, Verdict)>,
    /// Who made which revision.
    pub(in crate::phone::tests) makers: HashMap<(Uuid, u64), Uuid>,
    /// Operations in the order in which they were applied.
    pub(in crate::phone::tests) applied: Vec<Uuid>,
    held: Vec<(Uuid, Id<User>, Received)>,
    /// Operations that make a whole envelope unreadable.
    pub(in crate::phone::tests) poison: BTreeSet<Uuid>,
    /// Scopes that nobody has any more.
    pub(in crate::phone::tests) withdrawn: Vec<Scope>,
    /// Cursors below this are too old.
    pub(in crate::phone::tests) oldest_cursor: u64,
    pub(in crate::phone::tests) push_operations: u32,
    pub(in crate::phone::tests) push_bytes: u64,
    pub(in crate::phone::tests) pull_changes: u32,
    /// Paths in the order in which they were asked.
    pub(in crate::phone::tests) asked: Vec<String>,
    /// When each operation happened, as judged.
    pub(in crate::phone::tests) judged: HashMap<Uuid, crate::evidence::When>,
}

impl Ledger {
    pub(super) fn new(epoch: Uuid) -> Self {
        Self { epoch, push_operations: 50, push_bytes: 1 << 20, pull_changes: 500, ..Self::default() }
    }

    pub(super) fn office(&mut self, role: Role, entity: Uuid, action: Action, now: DateTime<Utc>) {
        let actor = Actor { role, ..Actor::system(ORG) };
        let op = Uuid::from_u128(0xf_0000_0000 + u128::from(self.version));
        let (name, received) = (action.spec().name, Received::at(now, now));
        let operation = Operation {
            id: op,
            seq: None,
            op_type: name.into(),
            entity,
            base_rev: None,
            group: None,
            depends_on: vec![],
            evidence: None,
            payload: action.payload().expect("payload"),
        };
        self.version += 1;
        self.decide(&operation, &actor, &received, Mode::Online).expect("the office does nothing wrong");
        self.refresh_feed(now);
    }

    pub(super) fn actor(&self, user: Id<User>, device: Uuid) -> Actor {
        let record = self.records.get(&Ref::new(Kind::User, user)).and_then(|(_, record)| record.clone());
        let own: User = record.and_then(|record| record.try_into().ok()).expect("an account");
        let device = Some(Id::new(device));
        Actor { org: ORG, user, role: own.role, sites: own.sites, teams: own.teams, device }
    }

    pub(super) fn config(&self, device: Uuid, now: DateTime<Utc>) -> Config {
        Config {
            schemas: (1, 1),
            push_operations: self.push_operations,
            push_bytes: self.push_bytes,
            pull_changes: self.pull_changes,
            retention_days: 180,
            photo_bytes: crate::photo::MOST_BYTES,
            chunk_bytes: crate::upload::CHUNK_BYTES,
            epoch: self.epoch,
            time: stamp(now, device),
        }
    }

    /// Verdicts for an envelope, or the operation that spoils it.
    pub(super) fn push(&mut self, session: (Id<User>, Uuid), push: &PushRequest, now: DateTime<Utc>) -> Vec<Verdict> {
        let (user, device) = session;
        self.version += 1;
        let verdicts = push.operations.iter().map(|raw| {
            let operation: Operation = serde_json::from_str(raw.get()).expect("an operation");
            if let Some((body, verdict)) = self.journal.get(&operation.id) {
                assert_eq!(body, raw.get(), "an operation never changes");
                return verdict.clone();
            }
            let received = self.received(&operation, device, push, now);
            self.journal_verdict(raw, &operation, user, received)
        });
        let verdicts = verdicts.collect();
        self.release(device);
        self.refresh_feed(now);
        verdicts
    }

    fn received(&self, operation: &Operation, device: Uuid, push: &PushRequest, now: DateTime<Utc>) -> Received {
        let genuine = |anchor: &Anchor| anchor.stamp() == stamp(anchor.server_time, device);
        let own = operation.evidence.as_ref().and_then(|evidence| evidence.anchor.as_ref());
        Received {
            anchor_trusted: own.is_some_and(genuine),
            uptime_ms: push.uptime_ms,
            boot_id: push.boot_id,
            anchor: push.anchor.clone().filter(genuine),
            ..Received::at(now, self.devices[&device].1)
        }
    }

    fn journal_verdict(
        &mut self,
        raw: &RawValue,
        operation: &Operation,
        user: Id<User>,
        received: Received,
    ) -> Verdict {
        let device = self.devices.iter().find(|(_, (of, _))| *of == user).map(|(device, _)| *device).expect("a device");
        let waits = operation.depends_on.iter().any(|id| !self.applied.contains(id));
        let verdict = if waits {
            self.held.push((operation.id, user, received));
            verdict(operation.id, VerdictStatus::Held)
        } else {
            let actor = self.actor(user, device);
            self.judge(operation, &actor, &received)
        };
        self.journal.insert(operation.id, (raw.get().to_owned(), verdict.clone()));
        self.publish(device, verdict.id);
        verdict
    }

    fn judge(&mut self, operation: &Operation, actor: &Actor, received: &Received) -> Verdict {
        match self.decide(operation, actor, received, Mode::Recorded) {
            Ok((rev, flags)) => {
                self.applied.push(operation.id);
                let status = if flags.is_empty() { VerdictStatus::Applied } else { VerdictStatus::AppliedFlagged };
                Verdict { flags, rev: Some(rev), ..verdict(operation.id, status) }
            }
            Err(refusal) => Verdict { problem: Some(refusal.problem()), ..verdict(operation.id, VerdictStatus::Kept) },
        }
    }

    /// Operations that waited for what has come.
    pub(super) fn release(&mut self, device: Uuid) {
        for (id, user, received) in std::mem::take(&mut self.held) {
            let operation: Operation = serde_json::from_str(&self.journal[&id].0).expect("an operation");
            if operation.depends_on.iter().all(|id| self.applied.contains(id)) {
                let actor = self.actor(user, device);
                let verdict = self.judge(&operation, &actor, &received);
                self.journal.get_mut(&id).expect("journalled").1 = verdict;
                self.publish(device, id);
            } else {
                self.held.push((id, user, received));
            }
        }
    }

    fn publish(&mut self, device: Uuid, id: Uuid) {
        self.feed.insert((Scope::Device(device), VERDICT.into(), id), (self.version, true));
    }

    fn decide(
        &mut self,
        operation: &Operation,
        actor: &Actor,
        received: &Received,
        mode: Mode,
    ) -> Result<(u64, Vec<crate::refusal::Flagged>), Refusal> {
        let action = match Action::parse(&operation.op_type, &operation.payload) {
            Ok(action) => action,
            Err(ParseError::UnknownType | ParseError::Payload { .. }) => {
                return Err(Refusal::Invalid { errors: vec![] });
            }
        };
        if !action.spec().allows(actor.role) {
            return Err(Refusal::Forbidden);
        }
        action.check()?;
        let address = Ref::new(action.spec().kind, operation.entity);
        let (rev, record) = self.records.get(&address).cloned().unwrap_or((0, None));
        let related = self.related(&action, record.as_ref(), actor);
        let own_revs = self.own_revs(operation, actor, rev);
        let when = judge(operation.evidence.as_ref(), received);
        self.judged.insert(operation.id, when.clone());
        let context = Context {
            op: operation.id,
            actor,
            when,
            received_at: received.server_time,
            base_rev: operation.base_rev,
            own_revs: &own_revs,
            rev: rev + 1,
            mode,
            related: &related,
        };
        let decision = action.decide(address.id, record, &context)?;
        self.store(address, decision.record, actor);
        for record in decision.also {
            self.store(record.address(), Some(record), actor);
        }
        Ok((rev + 1, decision.flags))
    }

    /// What the device made itself.
    fn own_revs(&self, operation: &Operation, actor: &Actor, rev: u64) -> Vec<u64> {
        let device = actor.device.map(Id::uuid);
        (1..=rev)
            .filter(|rev| device.is_some() && self.makers.get(&(operation.entity, *rev)).copied() == device)
            .collect()
    }

    fn related(&self, action: &Action, record: Option<&Record>, actor: &Actor) -> Related {
        let mut related = Related::default();
        for need in action.needs(record, actor) {
            match need {
                Need::Record(address) => {
                    if let Some((_, Some(record))) = self.records.get(&address) {
                        related.records.insert(address, record.clone());
                        for companion in record.companions() {
                            if let Some((_, Some(record))) = self.records.get(&companion) {
                                related.records.insert(companion, record.clone());
                            }
                        }
                    }
                }
                Need::OrderNumber => related.order_number = Some(format!("2026-{:06}", self.version)),
                _ => {}
            }
        }
        related
    }

    fn store(&mut self, address: Ref, record: Option<Record>, actor: &Actor) {
        let rev = self.records.get(&address).map_or(0, |(rev, _)| *rev) + 1;
        if let Some(device) = actor.device {
            self.makers.insert((address.id, rev), device.uuid());
        }
        self.records.insert(address, (rev, record));
        let version = self.version;
        for (place, row) in &mut self.feed {
            if (place.1.as_str(), place.2) == (address.kind.as_str(), address.id) && row.1 {
                row.0 = version;
            }
        }
    }

    /// Compares what every scope should hold with what it holds.
    pub(super) fn refresh_feed(&mut self, now: DateTime<Utc>) {
        let records = self.records.values().filter_map(|(_, record)| record.as_ref());
        let reach = records.flat_map(|record| record.reach(now));
        let reach = reach.filter(|reach| matches!(self.records.get(&reach.record), Some((_, Some(_)))));
        let wanted: BTreeSet<Place> =
            reach.map(|reach| (reach.scope, reach.record.kind.as_str().to_owned(), reach.record.id)).collect();
        for (place, row) in &mut self.feed {
            if row.1 && place.1 != VERDICT && !wanted.contains(place) {
                *row = (self.version, false);
            }
        }
        for place in wanted {
            let row = self.feed.entry(place).or_insert((self.version, true));
            if !row.1 {
                *row = (self.version, true);
            }
        }
    }

    pub(super) fn body(&self, kind: &str, id: Uuid) -> (u64, Box<RawValue>) {
        if kind == VERDICT {
            return (0, to_raw_value(&self.journal[&id].1).expect("JSON"));
        }
        let address = Ref::new(Kind::parse(kind).expect("a kind"), id);
        let (rev, record) = &self.records[&address];
        let json = record.as_ref().expect("present").to_json().expect("JSON");
        (*rev, RawValue::from_string(json).expect("JSON"))
    }
}

fn verdict(id: Uuid, status: VerdictStatus) -> Verdict {
    Verdict { id, status, flags: vec![], problem: None, review: None, until: None, rev: None }
}

pub(super) fn stamp(now: DateTime<Utc>, device: Uuid) -> Stamp {
    Stamp { server_time: now, proof: crate::signing::Digest::of(&Stamp::message(now, device)).to_string() }
}
