//! One operation and its rule.

use std::{
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use mobile_api::{
    Actor,
    catalogue::Action,
    evidence::When,
    operation::{Context, Decision, Mode},
    record::{Record, Ref},
    refusal::{Flag, Flagged, Problem, Refusal},
    sync::{Operation, Verdict, VerdictStatus},
    time::Timestamp,
};
use uuid::Uuid;

use super::{
    DoorError, Incoming, Online, Performed,
    incoming::digest_of,
    ledger::{Entered, Ledger, NewReview},
    related,
    store::{self, Known},
};
use crate::db::{Conn, DbError};

/// An operation ready to be judged.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The operation itself, which the item stands for.
    pub(super) incoming: Arc<Incoming>,
    pub(super) actor: Actor,
    pub(super) device: Option<Uuid>,
    pub(super) when: When,
    pub(super) received_at: Timestamp,
    pub(super) was_held: bool,
    /// Noticed before the rule was asked.
    pub(super) flags: Vec<Flagged>,
}

impl Deref for Item {
    type Target = Incoming;

    fn deref(&self) -> &Incoming {
        &self.incoming
    }
}

impl Item {
    /// The record that it names, if its type is known.
    pub(super) fn about(&self) -> Option<Ref> {
        let operation = self.content.as_ref().ok()?;
        let spec = mobile_api::catalogue::spec(&operation.op_type)?;
        Some(Ref::new(spec.kind, operation.entity))
    }
}

/// What the rule made of an operation.
pub(super) struct Applied {
    pub(super) about: Ref,
    pub(super) rev: u64,
    pub(super) flags: Vec<Flagged>,
}

/// Why the rule made nothing of it, and of which record, if that could be told.
pub(super) struct Refused {
    pub(super) about: Option<Ref>,
    pub(super) problem: Problem,
}

/// How many merges an id is followed through.
pub(super) const LONGEST_ALIAS: usize = 8;

/// Lets the rule decide, and puts the new state into the ledger.
pub(super) fn apply(ledger: &mut Ledger<'_>, item: &Item) -> Result<Result<Applied, Refused>, DoorError> {
    let (operation, action) = match (&item.content, &item.action) {
        (Ok(operation), Ok(action)) => (operation, action.clone()),
        (Err(problem), _) | (_, Err(problem)) => {
            return Ok(Err(Refused { about: None, problem: problem.clone() }));
        }
    };
    let call = Call {
        op: item.id,
        actor: &item.actor,
        when: &item.when,
        received_at: item.received_at,
        base_rev: operation.base_rev,
        expected_rev: None,
        device: item.device,
        mode: Mode::Recorded,
    };
    let about = Ref::new(action.spec().kind, operation.entity);
    match run(ledger, action, operation.entity, &call) {
        Ok(applied) => Ok(Ok(applied)),
        Err(DoorError::Refused(refusal)) => Ok(Err(Refused { about: Some(about), problem: refusal.problem() })),
        // A rule that panics is a defect of ours; the person's work is kept until it is mended.
        Err(DoorError::Db(DbError::Panicked(text))) => {
            tracing::error!(op = %item.id, panic = text, "a rule panicked");
            let problem = Problem::new("internal", "the server could not judge this operation");
            Ok(Err(Refused { about: Some(about), problem }))
        }
        Err(other) => Err(other),
    }
}

/// The circumstances of an operation.
struct Call<'c> {
    op: Uuid,
    actor: &'c Actor,
    when: &'c When,
    received_at: Timestamp,
    base_rev: Option<u64>,
    expected_rev: Option<u64>,
    device: Option<Uuid>,
    mode: Mode,
}

fn run(ledger: &mut Ledger<'_>, action: Action, entity: Uuid, call: &Call<'_>) -> Result<Applied, DoorError> {
    let spec = action.spec();
    if !spec.allows(call.actor.role) {
        return Err(Refusal::Forbidden.into());
    }
    action.check()?;
    let about = resolve(ledger, Ref::new(spec.kind, entity))?;
    if about.id != entity && spec.verb == "merge" {
        // What went into another already is no duplicate of a third; nobody means that other one.
        return Err(Refusal::IllegalStep { status: "merged", operation: spec.verb }.into());
    }
    let entry = ledger.entry(about)?;
    let (rev, deleted, record) = (entry.rev, entry.deleted, entry.record.clone());
    if let Some(record) = &record
        && !visible(ledger, about, record, call.actor)?
    {
        return Err(Refusal::NotFound.into());
    }
    if deleted {
        return Err(Refusal::Deleted.into());
    }
    if let Some(expected) = call.expected_rev
        && expected != rev
    {
        return Err(DoorError::OtherRevision(rev));
    }
    // The person saw the duplicate's revisions, which say nothing about those of the order that it went into.
    let base_rev = call.base_rev.filter(|_| about.id == entity);
    let own_revs = ledger.own_revs(about, call.device, base_rev)?;
    let needs = action.needs(record.as_ref(), call.actor);
    let related = related::gather(ledger, &needs, call.received_at)?;
    let context = Context {
        op: call.op,
        actor: call.actor,
        when: call.when.clone(),
        received_at: call.received_at,
        base_rev,
        rev: rev + 1,
        own_revs: &own_revs,
        mode: call.mode,
        related: &related,
    };
    let decided = catch_unwind(AssertUnwindSafe(|| action.decide(about.id, record, &context)));
    let Decision { record, also, flags } =
        decided.map_err(|panic| DbError::Panicked(crate::db::panic_text(panic.as_ref())))??;
    if related.order_number.is_some() {
        ledger.use_number(&related::order_series(call.received_at));
    }
    let given = record.iter().chain(&also).filter(|record| has_number_of(record, &related.order_numbers)).count();
    for _ in 0..given {
        ledger.use_number(&related::order_series(call.received_at));
    }
    if record.iter().chain(&also).any(|record| is_numbered(record, related.complaint_number.as_deref())) {
        ledger.use_number(&related::complaint_series(call.received_at));
    }
    if related.receipt_number.is_some() {
        ledger.use_number(&related::receipt_series(call.received_at));
    }
    let rev = ledger.put(about, record)?;
    if let Some(device) = call.device {
        ledger.own_revs.entry((about, device)).or_default().push(rev);
    }
    for other in also {
        ledger.put(other.address(), Some(other))?;
    }
    Ok(Applied { about, rev, flags })
}

/// Whether it is an order that was given one of these numbers.
fn has_number_of(record: &Record, numbers: &[String]) -> bool {
    let Record::WorkOrder(order) = record else { return false };
    order.number.as_ref().is_some_and(|number| numbers.contains(number))
}

/// Whether it is a complaint that was given this number.
fn is_numbered(record: &Record, number: Option<&str>) -> bool {
    let Record::Complaint(complaint) = record else { return false };
    number.is_some() && complaint.number.as_deref() == number
}

/// Follows merges: an operation for a duplicate goes to the order that stayed.
fn resolve(ledger: &mut Ledger<'_>, mut about: Ref) -> Result<Ref, DoorError> {
    for _ in 0..LONGEST_ALIAS {
        match ledger.entry(about)?.live().and_then(Record::alias) {
            Some(target) => about.id = target,
            None => break,
        }
    }
    Ok(about)
}

/// Whether the actor sees the record: by right, or because their phone was given it. What has left the phone since
/// counts as well: the operation may have been recorded before.
fn visible(ledger: &mut Ledger<'_>, about: Ref, record: &Record, actor: &Actor) -> Result<bool, DoorError> {
    if record.visible_to(actor) {
        return Ok(true);
    }
    Ok(store::in_scopes(ledger.conn, ledger.org, &crate::sync::scopes_of(actor), about, true)?)
}

/// Enters an operation that was applied, with a review if it was flagged.
pub(super) fn enter_applied(ledger: &mut Ledger<'_>, item: &Item, applied: Applied) -> Result<Verdict, DoorError> {
    let Applied { about, rev, mut flags } = applied;
    flags.extend(item.flags.iter().cloned());
    let mut verdict = Verdict {
        id: item.id,
        status: VerdictStatus::Applied,
        flags: Vec::new(),
        problem: None,
        review: None,
        until: None,
        rev: Some(rev),
    };
    if flags.is_empty() {
        related::settle_review(ledger, item.id, item.was_held)?;
    } else {
        let (id, op_type, by) = (item.id, item.op_type(), &item.actor);
        let review = NewReview { id, op: id, op_type, by, about: Some(about), flags: &flags, problem: None };
        related::replace_review(ledger, review)?;
        verdict.status = VerdictStatus::AppliedFlagged;
        verdict.review = Some(item.id);
        verdict.flags = flags;
    }
    enter(ledger, item, Some(about), verdict.clone());
    Ok(verdict)
}

/// Enters an operation that was not applied: kept for a person.
pub(super) fn enter_kept(ledger: &mut Ledger<'_>, item: &Item, refused: Refused) -> Result<Verdict, DoorError> {
    let Refused { about, problem } = refused;
    let (id, op_type, by) = (item.id, item.op_type(), &item.actor);
    let review = NewReview { id, op: id, op_type, by, about, flags: &[], problem: Some(&problem) };
    related::replace_review(ledger, review)?;
    let (status, review) = (VerdictStatus::Kept, Some(item.id));
    let problem = Some(problem);
    let verdict = Verdict { id, status, flags: Vec::new(), problem, review, until: None, rev: None };
    enter(ledger, item, about, verdict.clone());
    Ok(verdict)
}

pub(super) fn enter(ledger: &mut Ledger<'_>, item: &Item, about: Option<Ref>, verdict: Verdict) {
    ledger.journal.push(Entered {
        incoming: item.incoming.clone(),
        about,
        actor: item.actor.user.uuid(),
        device: item.device,
        received_at: item.received_at,
        verdict,
        was_held: item.was_held,
    });
}

/// Carries out one online operation; a refusal is an error, and nothing is stored.
pub(super) fn perform(
    conn: &mut Conn,
    actor: &Actor,
    operation: Online,
    now: Timestamp,
) -> Result<(Performed, u64), DoorError> {
    let mut ledger = Ledger::new(conn, actor.org, now);
    let id = operation.id;
    let known = store::known(ledger.conn, ledger.org, &[id])?.remove(&id);
    let done = perform_in(&mut ledger, actor, operation, known.as_ref(), now);
    let Done { verdict, about, .. } = match done {
        Err(refused) if known.is_none() && !matches!(refused, DoorError::Db(_)) => {
            return Err(unless_known_by_now(&mut ledger, &[id])?.unwrap_or(refused));
        }
        other => other?,
    };
    let entry = ledger.entry(about)?;
    let record = entry.live().map(|record| (entry.rev, record.clone()));
    let (version, after) = super::flush::flush(ledger)?;
    Ok((Performed { verdict, record, after }, version))
}

/// The same request may have been carried out by another writer after we looked, so that what it did is what refuses
/// this one. Then the door must try again, and find its answer. Only where writers don't wait for each other, which is
/// PostgreSQL.
fn unless_known_by_now(ledger: &mut Ledger<'_>, ids: &[Uuid]) -> Result<Option<DoorError>, DoorError> {
    let known = store::known(ledger.conn, ledger.org, ids)?;
    Ok((!known.is_empty()).then(|| DbError::Conflict.into()))
}

/// Carries out many; each has its own result, and what was refused is not stored.
#[expect(clippy::type_complexity, reason = "the three things that the door needs, used in one place")]
pub(super) fn perform_all(
    conn: &mut Conn,
    actor: &Actor,
    operations: &[Online],
    now: Timestamp,
) -> Result<(Vec<Result<Verdict, DoorError>>, u64, super::After), DoorError> {
    let mut ledger = Ledger::new(conn, actor.org, now);
    let wanted: Vec<_> = operations.iter().map(|o| Ref::new(o.action.spec().kind, o.entity)).collect();
    ledger.preload(&wanted)?;
    let ids: Vec<_> = operations.iter().map(|o| o.id).collect();
    let mut known = store::known(ledger.conn, ledger.org, &ids)?;
    let mut results = Vec::with_capacity(operations.len());
    let mut refused_ids = Vec::new();
    for operation in operations {
        match perform_in(&mut ledger, actor, operation.clone(), known.get(&operation.id), now) {
            Ok(Done { verdict, digest, .. }) => {
                // The same id may stand in the list once more.
                known.insert(operation.id, Known { digest, actor: actor.user.uuid(), verdict: verdict.clone() });
                results.push(Ok(verdict));
            }
            Err(DoorError::Db(error)) => return Err(error.into()),
            Err(refused) => {
                if !known.contains_key(&operation.id) {
                    refused_ids.push(operation.id);
                }
                results.push(Err(refused));
            }
        }
    }
    if let Some(conflict) = unless_known_by_now(&mut ledger, &refused_ids)? {
        return Err(conflict);
    }
    let (version, after) = super::flush::flush(ledger)?;
    Ok((results, version, after))
}

/// An online operation that was carried out, now or before.
struct Done {
    verdict: Verdict,
    about: Ref,
    digest: [u8; 32],
}

/// Carries out one operation; `known` is what the journal has under its id.
fn perform_in(
    ledger: &mut Ledger<'_>,
    actor: &Actor,
    online: Online,
    known: Option<&Known>,
    now: Timestamp,
) -> Result<Done, DoorError> {
    let Online { id, action, entity, expected_rev } = online;
    let about = Ref::new(action.spec().kind, entity);
    let corrupt = |cause| DoorError::Corrupt { what: "operation", cause };
    let operation = Operation {
        id,
        seq: None,
        op_type: action.spec().name.into(),
        entity,
        base_rev: expected_rev,
        group: None,
        depends_on: Vec::new(),
        evidence: None,
        payload: action.payload().map_err(corrupt)?,
    };
    let raw = serde_json::value::to_raw_value(&operation).map_err(corrupt)?;
    let digest = digest_of(&raw);
    if let Some(known) = known {
        if known.digest != digest || known.actor != actor.user.uuid() {
            return Err(DoorError::KeyReused);
        }
        let about = resolve(ledger, about)?;
        return Ok(Done { verdict: known.verdict.clone(), about, digest });
    }
    let when = When::at(now);
    let call = Call {
        op: id,
        actor,
        when: &when,
        received_at: now,
        base_rev: expected_rev,
        expected_rev,
        device: None,
        mode: Mode::Online,
    };
    let incoming = Incoming { id, raw, digest, content: Ok(operation), action: Ok(action.clone()), seq: None };
    let applied = run(ledger, action, entity, &call)?;
    let item = Item {
        incoming: Arc::new(incoming),
        actor: actor.clone(),
        device: None,
        when: when.clone(),
        received_at: now,
        was_held: false,
        flags: Vec::new(),
    };
    let about = applied.about;
    let verdict = enter_applied(ledger, &item, applied)?;
    Ok(Done { verdict, about, digest })
}

/// The flag of an operation that was let through although an earlier one never came.
pub(super) fn earlier_missing() -> Flagged {
    Flag::EarlierMissing.into()
}
