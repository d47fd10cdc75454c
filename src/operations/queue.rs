//! In which order what a device sent is judged, and what has to wait.
//!
//! Operations of one device apply in its order, those of different devices in order of arrival (S22). What waits for
//! something that is not here yet is *held* and let go in the same transaction that brings it. Nothing else ever
//! waits: an operation that cannot be applied is kept for a person and delays nobody (S6).

mod release;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use mobile_api::{
    refusal::Problem,
    sync::{Verdict, VerdictStatus},
    time::Timestamp,
};
use uuid::Uuid;

pub(super) use self::release::release;
use self::release::{HeldContext, held_item};
use super::{
    DoorError, Holds, Incoming, Outcome,
    flush::flush,
    judge::{self, Item, Refused, apply, enter_applied, enter_kept},
    ledger::{Clash, Ledger, Standing, Waiting},
    reception::Reception,
    store::{self, DeviceRow},
    waiting,
};
use crate::db::Conn;

/// Operations that are judged together: one, or a whole group.
type Unit = Vec<Item>;

/// What the journal has of the operations of a push.
type Journal = HashMap<Uuid, store::Known>;

/// Judges a push as a whole.
pub(super) fn judge_all(
    conn: &mut Conn,
    reception: &Reception,
    operations: &[Arc<Incoming>],
    now: Timestamp,
    holds: Holds,
) -> Result<Outcome, DoorError> {
    let org = reception.actor.org;
    let device = store::device(conn, org, reception.sender.device)?.ok_or(DoorError::UnknownDevice)?;
    if device.user != reception.actor.user.uuid() {
        return Err(DoorError::UnknownDevice);
    }
    if device.revoked && reception.keep.is_none() {
        return Err(DoorError::DeviceRevoked);
    }
    let ids: Vec<_> = operations.iter().map(|operation| operation.id).collect();
    let known = store::known(conn, org, &ids)?;
    let queue = Queue::new(Ledger::new(conn, org, now), device, holds);
    queue.run(reception, &known, operations)
}

struct Queue<'a> {
    ledger: Ledger<'a>,
    device: DeviceRow,
    now: Timestamp,
    holds: Holds,
    next_seq: u64,
    units: VecDeque<Unit>,
    /// Operations that waited and were looked at.
    seen: HashSet<Uuid>,
    /// The verdicts of this transaction.
    settled: HashMap<Uuid, Verdict>,
    /// What was held in this transaction, and what it waits for; the database does not know of it yet.
    held: Vec<(String, Item)>,
}

impl<'a> Queue<'a> {
    fn new(ledger: Ledger<'a>, device: DeviceRow, holds: Holds) -> Self {
        let (now, next_seq, units, seen) = (ledger.now, device.next_seq, VecDeque::new(), HashSet::new());
        let (settled, held) = (HashMap::new(), Vec::new());
        Self { ledger, device, now, holds, next_seq, units, seen, settled, held }
    }

    fn run(
        mut self,
        reception: &Reception,
        known: &Journal,
        operations: &[Arc<Incoming>],
    ) -> Result<Outcome, DoorError> {
        let answers = self.receive(reception, known, operations)?;
        self.drain()?;
        self.answer(operations, answers)
    }

    /// Judges whatever is in the queue, and whatever that lets go.
    fn drain(&mut self) -> Result<(), DoorError> {
        let mut asked: HashSet<Uuid> = HashSet::new();
        loop {
            while let Some(unit) = self.units.pop_front() {
                self.judge_unit(unit)?;
            }
            let fresh: Vec<Uuid> = self
                .settled
                .values()
                .filter(|v| v.status.is_final())
                .map(|v| v.id)
                .filter(|id| asked.insert(*id))
                .collect();
            if fresh.is_empty() {
                return Ok(());
            }
            self.let_go(&fresh)?;
        }
    }

    /// Sorts a push: what is known, what comes too early, what is to be judged now.
    fn receive(
        &mut self,
        reception: &Reception,
        known: &Journal,
        operations: &[Arc<Incoming>],
    ) -> Result<HashMap<usize, Verdict>, DoorError> {
        let mut answers = HashMap::new();
        let mut first_of: HashMap<Uuid, usize> = HashMap::new();
        let (mut accepted, mut early) = (Vec::new(), Vec::new());
        for at in in_sequence(operations.iter().map(|operation| operation.seq)) {
            let incoming = &operations[at];
            let same =
                |digest: &[u8; 32], actor: Uuid| *digest == incoming.digest && actor == reception.actor.user.uuid();
            if let Some(known) = known.get(&incoming.id) {
                let same = same(&known.digest, known.actor);
                let verdict = if same { known.verdict.clone() } else { self.clash(reception, incoming)? };
                answers.insert(at, verdict);
                self.pass(incoming);
                continue;
            }
            match first_of.get(&incoming.id) {
                Some(first) if operations[*first].digest != incoming.digest => {
                    answers.insert(at, self.clash(reception, incoming)?);
                    self.pass(incoming);
                    continue;
                }
                Some(_) => continue,
                None => first_of.insert(incoming.id, at),
            };
            let item = self.item(reception, incoming);
            if reception.keep.is_none() && item.seq.is_some_and(|seq| seq > self.next_seq) {
                early.push(item);
            } else {
                self.pass(incoming);
                accepted.push(item);
            }
        }
        if let Some(problem) = &reception.keep {
            self.keep(&accepted, problem)?;
            return Ok(answers);
        }
        accepted.extend(self.next_in_sequence(early)?);
        // What was let go may come before what this push brought.
        let order = in_sequence(accepted.iter().map(|item| item.seq));
        let mut accepted: Vec<Option<Item>> = accepted.into_iter().map(Some).collect();
        let accepted: Vec<Item> = order.into_iter().filter_map(|at| accepted[at].take()).collect();
        self.preload(&accepted)?;
        self.form_units(accepted)?;
        Ok(answers)
    }

    /// The device's sequence goes on behind an operation that is here, whatever becomes of it.
    fn pass(&mut self, incoming: &Incoming) {
        self.next_seq += u64::from(incoming.seq == Some(self.next_seq));
    }

    fn item(&self, reception: &Reception, incoming: &Arc<Incoming>) -> Item {
        Item {
            incoming: incoming.clone(),
            when: reception.when(incoming, &self.device, self.now),
            actor: reception.actor.clone(),
            device: Some(reception.sender.device),
            received_at: self.now,
            was_held: false,
            flags: Vec::new(),
        }
    }

    fn clash(&mut self, reception: &Reception, incoming: &Incoming) -> Result<Verdict, DoorError> {
        let clash = Clash {
            op: incoming.id,
            digest: incoming.digest,
            actor: reception.actor.user.uuid(),
            device: Some(reception.sender.device),
            body: incoming.raw.get().into(),
        };
        self.ledger.clash(clash, &reception.actor, incoming.op_type())
    }

    fn preload(&mut self, items: &[Item]) -> Result<(), DoorError> {
        let entities: Vec<_> = items.iter().filter_map(|item| item.about()).collect();
        self.ledger.preload(&entities)
    }

    /// Puts operations in units; a group that is not whole yet is held.
    fn form_units(&mut self, items: Vec<Item>) -> Result<(), DoorError> {
        let mut groups: HashMap<Uuid, Unit> = HashMap::new();
        for item in items {
            let Some(group) = item.group().filter(|group| group.size > 1) else {
                self.units.push_back(vec![item]);
                continue;
            };
            let members = groups.entry(group.id).or_default();
            members.push(item);
            if members.len() == group.size as usize {
                self.units.extend(groups.remove(&group.id));
            }
        }
        for (id, mut members) in groups {
            let size = members[0].group().map_or(0, |group| group.size as usize);
            let waiting = format!("group:{id}");
            let here = self.fetch_held(std::slice::from_ref(&waiting))?;
            if members.len() + here.len() >= size {
                members.extend(here);
                members.sort_by_key(|item| item.seq);
                self.units.push_back(members);
                continue;
            }
            // Also those that waited for something else until now.
            for item in &members {
                let until = self.now + self.holds.dependency;
                self.hold(item, waiting.clone(), until, "waits for the rest of its group")?;
            }
        }
        Ok(())
    }

    fn hold(&mut self, item: &Item, waits_for: String, until: Timestamp, why: &str) -> Result<(), DoorError> {
        let problem = Problem::new("held", why);
        let about = item.about();
        let review = super::ledger::NewReview {
            id: item.id,
            op: item.id,
            op_type: item.op_type(),
            by: &item.actor,
            about,
            flags: &[],
            problem: Some(&problem),
        };
        let review = Some(self.ledger.open_review(review)?);
        let (id, status) = (item.id, VerdictStatus::Held);
        let verdict =
            Verdict { id, status, flags: Vec::new(), problem: Some(problem), review, until: Some(until), rev: None };
        judge::enter(&mut self.ledger, item, about, verdict.clone());
        self.held.push((waits_for.clone(), item.clone()));
        let context = HeldContext { when: item.when.clone(), actor: item.actor.clone() };
        self.ledger.waiting.push(Waiting {
            op: item.id,
            waits_for,
            device: item.device,
            seq: item.seq,
            until,
            context: serde_json::to_string(&context)
                .map_err(|cause| DoorError::Corrupt { what: "held operation", cause })?,
        });
        self.settled.insert(item.id, verdict);
        Ok(())
    }

    /// What is next in the device's sequence now, of `early` arrivals and of what is held. The other early ones are held.
    fn next_in_sequence(&mut self, early: Vec<Item>) -> Result<Vec<Item>, DoorError> {
        let sequence = waiting::sequence_of(self.device.id);
        let mut waiting = early;
        if self.next_seq != self.device.next_seq {
            waiting.extend(self.fetch_held(std::slice::from_ref(&sequence))?);
        }
        waiting.sort_by_key(|item| item.seq);
        let mut due = Vec::new();
        for item in waiting {
            if item.seq.is_none_or(|seq| seq <= self.next_seq) {
                self.next_seq += u64::from(item.seq == Some(self.next_seq));
                due.push(item);
            } else if !item.was_held {
                let until = self.now + self.holds.sequence;
                self.hold(&item, sequence.clone(), until, "waits for an earlier operation of this device")?;
            }
        }
        Ok(due)
    }

    /// Held operations whose reason has gone: what they depend on was settled. Groups stay whole.
    fn let_go(&mut self, settled: &[Uuid]) -> Result<(), DoorError> {
        let reasons: Vec<_> = settled.iter().map(|id| format!("op:{id}")).collect();
        let mut items = self.fetch_held(&reasons)?;
        items.extend(self.take_back(&reasons));
        self.form_units(items)
    }

    /// What was held for these reasons a moment ago, as if it had not been.
    fn take_back(&mut self, reasons: &[String]) -> Vec<Item> {
        let held = std::mem::take(&mut self.held);
        let (free, rest): (Vec<_>, Vec<_>) = held.into_iter().partition(|(why, _)| reasons.contains(why));
        self.held = rest;
        for (_, item) in &free {
            self.ledger.forget_hold(item.id);
            self.settled.remove(&item.id);
        }
        free.into_iter().map(|(_, item)| item).collect()
    }

    fn fetch_held(&mut self, waits_for: &[String]) -> Result<Vec<Item>, DoorError> {
        // What another writer holds from here on is found before the commit, as `nobody_came_between`.
        if !self.device.any_held {
            return Ok(Vec::new());
        }
        let rows = waiting::held(self.ledger.conn, self.ledger.org, waits_for)?;
        self.seen.extend(rows.iter().map(|row| row.op));
        rows.into_iter().filter(|row| !self.settled.contains_key(&row.op)).map(held_item).collect()
    }

    fn judge_unit(&mut self, unit: Unit) -> Result<(), DoorError> {
        let own: HashSet<Uuid> = unit.iter().map(|item| item.id).collect();
        let depends_on: Vec<Uuid> = unit
            .iter()
            .filter_map(|item| item.content.as_ref().ok())
            .flat_map(|operation| operation.depends_on.iter().copied())
            .filter(|id| !own.contains(id))
            .collect();
        match self.dependencies(&depends_on)? {
            Dependencies::Applied => {}
            Dependencies::Missing(id) => {
                for item in &unit {
                    let until = self.now + self.holds.dependency;
                    self.hold(item, format!("op:{id}"), until, "waits for another operation")?;
                }
                return Ok(());
            }
            Dependencies::Failed(id) => {
                let problem = Problem::new("dependency_not_applied", format!("operation {id} was not applied"));
                return self.keep(&unit, &problem);
            }
        }
        if unit.len() == 1 { self.judge_one(&unit[0]) } else { self.judge_group(&unit) }
    }

    fn judge_one(&mut self, item: &Item) -> Result<(), DoorError> {
        let verdict = match apply(&mut self.ledger, item)? {
            Ok(applied) => enter_applied(&mut self.ledger, item, applied)?,
            Err(refused) => enter_kept(&mut self.ledger, item, refused)?,
        };
        self.settled.insert(item.id, verdict);
        Ok(())
    }

    /// All or none.
    fn judge_group(&mut self, unit: &[Item]) -> Result<(), DoorError> {
        self.ledger.begin_group();
        let mut all = Vec::with_capacity(unit.len());
        for item in unit {
            match apply(&mut self.ledger, item)? {
                Ok(applied) => all.push(applied),
                Err(refused) => {
                    self.ledger.roll_back();
                    return self.keep_group(unit, item.id, refused);
                }
            }
        }
        self.ledger.end_group();
        for (item, applied) in unit.iter().zip(all) {
            let verdict = enter_applied(&mut self.ledger, item, applied)?;
            self.settled.insert(item.id, verdict);
        }
        Ok(())
    }

    fn keep_group(&mut self, unit: &[Item], culprit: Uuid, refused: Refused) -> Result<(), DoorError> {
        let others = Problem::new("group_not_applied", format!("operation {culprit} of the group was not applied"));
        let mut refused = Some(refused);
        for item in unit {
            let own = refused.take_if(|_| item.id == culprit);
            let refused = own.unwrap_or_else(|| Refused { about: None, problem: others.clone() });
            let verdict = enter_kept(&mut self.ledger, item, refused)?;
            self.settled.insert(item.id, verdict);
        }
        Ok(())
    }

    fn keep(&mut self, unit: &[Item], problem: &Problem) -> Result<(), DoorError> {
        for item in unit {
            let refused = Refused { about: item.about(), problem: problem.clone() };
            let verdict = enter_kept(&mut self.ledger, item, refused)?;
            self.settled.insert(item.id, verdict);
        }
        Ok(())
    }

    fn dependencies(&mut self, ids: &[Uuid]) -> Result<Dependencies, DoorError> {
        let elsewhere: Vec<Uuid> = ids.iter().copied().filter(|id| !self.settled.contains_key(id)).collect();
        let known = store::known(self.ledger.conn, self.ledger.org, &elsewhere)?;
        for id in ids {
            let verdict = self.settled.get(id).or_else(|| known.get(id).map(|known| &known.verdict));
            match verdict.map(|verdict| verdict.status) {
                Some(status) if status.is_applied() => {}
                Some(VerdictStatus::Kept) => return Ok(Dependencies::Failed(*id)),
                _ => return Ok(Dependencies::Missing(*id)),
            }
        }
        Ok(Dependencies::Applied)
    }

    fn answer(
        mut self,
        operations: &[Arc<Incoming>],
        mut answers: HashMap<usize, Verdict>,
    ) -> Result<Outcome, DoorError> {
        if self.next_seq != self.device.next_seq && self.device.next_seq > 0 {
            store::advance_device(self.ledger.conn, self.ledger.org, &self.device, self.next_seq, self.now)?;
        }
        let mut verdicts = Vec::with_capacity(operations.len());
        for (at, incoming) in operations.iter().enumerate() {
            // What was held until now may just have been let go.
            let known = answers.remove(&at);
            let fresh = known.as_ref().is_none_or(|verdict| verdict.status == VerdictStatus::Held);
            let settled = self.settled.get(&incoming.id).filter(|_| fresh).cloned();
            verdicts.push(settled.or(known).unwrap_or_else(|| retry(incoming.id)));
        }
        let (device, expected, next_seq) = (self.device.id, self.device.next_seq, self.next_seq);
        self.ledger.queue = Some(Standing { device, expected, next_seq, seen: self.seen });
        self.ledger.after.wrote = !self.ledger.journal.is_empty() || !self.ledger.clashes.is_empty();
        let (version, after) = flush(self.ledger)?;
        Ok(Outcome { verdicts, version, after })
    }
}

enum Dependencies {
    Applied,
    Missing(Uuid),
    Failed(Uuid),
}

fn retry(id: Uuid) -> Verdict {
    Verdict::bare(id, VerdictStatus::Retry)
}

/// Those with a number in the order of their numbers; those without stay where they are.
pub(super) fn in_sequence(numbers: impl Iterator<Item = Option<u64>>) -> Vec<usize> {
    let numbers: Vec<Option<u64>> = numbers.collect();
    let places: Vec<usize> = (0..numbers.len()).filter(|at| numbers[*at].is_some()).collect();
    let mut sorted = places.clone();
    sorted.sort_by_key(|at| numbers[*at]);
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    for (place, at) in places.into_iter().zip(sorted) {
        order[place] = at;
    }
    order
}
