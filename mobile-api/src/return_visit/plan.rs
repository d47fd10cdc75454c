//! Which jobs are followed by a return visit, and by when. The server plans: a phone does not know who else is called.

use uuid::Uuid;

use super::{
    Chosen, ReturnVisit, VisitState, Way,
    hours::{Callable, days_after},
    rework::rework_of,
    rules::rules,
    survey::Survey,
};
use crate::{
    directory::{Customer, Organisation},
    ids::{
        AssetId, BuildingId, CustomerId, Id, OrderTypeId, ReturnVisitId, SiteId, UnitId, UserId, derived, derived_at,
    },
    operation::{Context, Need},
    record::{Kind, Record, Ref},
    time::Timestamp,
    work_order::{Caller, WorkOrder},
};

/// How many follow-ups of one job are looked through.
const MOST_ROUNDS: usize = 50;

/// A job that has come to its end.
pub(crate) struct Ended<'a> {
    /// What it is.
    pub(crate) about: Ref,
    /// When the customer accepted, or it ended otherwise.
    pub(crate) at: Timestamp,
    /// Whether it is always followed by a call, whatever share is drawn.
    pub(crate) always: bool,
    /// How the customer is asked: a major complaint is followed by a visit at home.
    pub(crate) way: Way,
    /// Where it was, and with whom: for other records than work orders, an order that says the same.
    pub(crate) place: Place<'a>,
}

/// Where a job was, and with whom.
pub(crate) struct Place<'a> {
    pub(crate) number: Option<&'a str>,
    pub(crate) order_type: Option<OrderTypeId>,
    pub(crate) site: SiteId,
    pub(crate) building: Option<BuildingId>,
    pub(crate) unit: Option<UnitId>,
    pub(crate) customer: Option<CustomerId>,
    pub(crate) asset: Option<AssetId>,
    pub(crate) place: &'a str,
    pub(crate) fault: &'a str,
    pub(crate) contact: &'a Caller,
    pub(crate) technicians: Vec<UserId>,
}

/// The id of the first return visit about a record.
pub fn id_of(about: Ref) -> ReturnVisitId {
    derived_at(about.id, &[b"return_visit", about.kind.as_str().as_bytes(), about.id.as_bytes()]).into()
}

/// What a rule must know that ends a job.
pub(crate) fn needs_of(about: Ref, place: (SiteId, Option<CustomerId>), firm: uuid::Uuid) -> Vec<Need> {
    let firm: Id<Organisation> = Id::new(firm);
    let (site, customer) = place;
    let all = [Need::record(firm), Need::record(site), Need::record(id_of(about))];
    all.into_iter().chain(customer.map(Need::record)).collect()
}

/// The return visit about a job that has just ended; none where there is one already, and none on a phone.
pub(crate) fn plan(ended: Ended<'_>, context: &Context<'_>) -> Option<ReturnVisit> {
    let Ended { about, at, always, way, place } = ended;
    let id = id_of(about);
    if context.related.partial || context.related.get(id).is_some() {
        return None;
    }
    let rules = rules(context)?;
    let customer: Option<&Customer> = place.customer.and_then(|customer| context.related.get(customer));
    let callable = Callable::of(customer, place.site, context)?;
    let someone = place.contact.phone.is_some() || customer.is_some_and(|customer| !customer.contacts.is_empty());
    let chosen = match customer {
        _ if !someone => Chosen::Nobody,
        _ if always => Chosen::Always,
        Some(customer) if customer.member => Chosen::Member,
        _ if is_drawn(about, rules.share_of(place.order_type)) => Chosen::Drawn,
        _ => Chosen::NotDrawn,
    };
    let called = !matches!(chosen, Chosen::Nobody | Chosen::NotDrawn);
    let survey = rules.survey_with_order.then(|| Survey::open(at, rules));
    Some(ReturnVisit {
        id,
        about,
        number: place.number.map(Into::into),
        order_type: place.order_type,
        site: place.site,
        building: place.building,
        unit: place.unit,
        customer: place.customer,
        asset: place.asset,
        place: place.place.into(),
        fault: place.fault.into(),
        contact: place.contact.clone(),
        technicians: place.technicians,
        chosen,
        round: 0,
        follows: None,
        since: at,
        due_by: days_after(at, rules.days),
        wanted_at: at,
        next_at: callable.from(at).filter(|_| called),
        way,
        assignee: None,
        given: Vec::new(),
        missed: None,
        attempts: Vec::new(),
        answers: Vec::new(),
        survey,
        disagrees: false,
        state: if called { VisitState::Waiting } else { VisitState::NotChosen },
    })
}

/// Whether it is one of so many of a hundred. Follows from its id, so that nobody can choose whom to ask.
fn is_drawn(about: Ref, percent: u32) -> bool {
    derived(&[b"drawn", about.id.as_bytes()]).as_u128() % 100 < u128::from(percent)
}

/// What planning the return visit about an order needs to know.
pub(crate) fn needs_of_order(order: &WorkOrder, firm: Uuid) -> Vec<Need> {
    needs_of(Ref::new(Kind::WorkOrder, order.id), (order.site, order.customer), firm)
}

/// Whether the order is the rework that a return visit about its origin, or one of its follow-ups, opened. Their ids follow from
/// each other, so that nothing has to be looked up.
pub(crate) fn was_asked_for(order: &WorkOrder) -> bool {
    let Some(origin) = order.rework_of else { return false };
    let first = id_of(Ref::new(Kind::WorkOrder, origin));
    let rounds = std::iter::successors(Some(first), |visit| Some(follow_up_of(*visit)));
    rounds.take(MOST_ROUNDS).any(|visit| rework_of(visit) == order.id)
}

/// The return visit about rework that a customer asked for and that is not done: what they were not content with stays.
pub(crate) fn plan_for_cancelled(order: &WorkOrder, at: Timestamp, context: &Context<'_>) -> Option<Record> {
    let visit = plan(Ended { always: true, ..ended(order, at) }, context)?;
    Some(visit.into())
}

/// The return visit about an order whose work the customer accepted, or that was closed after the work was done.
pub(crate) fn plan_for_order(order: &WorkOrder, at: Timestamp, context: &Context<'_>) -> Option<Record> {
    plan(ended(order, at), context).map(Into::into)
}

fn ended(order: &WorkOrder, at: Timestamp) -> Ended<'_> {
    let mut technicians: Vec<_> = order.assignments.iter().map(|assignment| assignment.technician).collect();
    technicians.sort_unstable();
    technicians.dedup();
    let place = Place {
        number: order.number.as_deref(),
        order_type: Some(order.order_type),
        site: order.site,
        building: order.building,
        unit: order.unit,
        customer: order.customer,
        asset: order.asset,
        place: &order.place,
        fault: &order.fault,
        contact: &order.caller,
        technicians,
    };
    let about = Ref::new(Kind::WorkOrder, order.id);
    Ended { about, at, always: false, way: Way::Call, place }
}

/// The id of what follows a return visit up.
pub(super) fn follow_up_of(visit: ReturnVisitId) -> ReturnVisitId {
    let visit = visit.uuid();
    derived_at(visit, &[b"follow_up", visit.as_bytes()]).into()
}

/// The next call to a customer who was not content, so many days after `at`.
pub(super) fn follow_up(visit: &ReturnVisit, at: Timestamp, context: &Context<'_>) -> Option<ReturnVisit> {
    let rules = rules(context)?;
    let again = days_after(at, rules.follow_up_days);
    Some(ReturnVisit {
        id: follow_up_of(visit.id),
        chosen: Chosen::FollowUp,
        round: visit.round + 1,
        follows: Some(visit.id),
        since: at,
        due_by: days_after(again, rules.days),
        wanted_at: again,
        next_at: visit.callable(context).and_then(|callable| callable.from(again)),
        way: Way::Call,
        assignee: None,
        given: Vec::new(),
        missed: None,
        attempts: Vec::new(),
        answers: Vec::new(),
        survey: None,
        disagrees: false,
        state: VisitState::Waiting,
        ..visit.clone()
    })
}

impl ReturnVisit {
    /// What its own rules need to know: when its customer can be called.
    pub(super) fn needs(&self, firm: Uuid) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(firm);
        let all = [Need::record(firm), Need::record(self.site)];
        all.into_iter().chain(self.customer.map(Need::record)).collect()
    }

    /// When its customer can be called, as far as that is known here.
    pub(super) fn callable<'a>(&self, context: &Context<'a>) -> Option<Callable<'a>> {
        Callable::of(self.customer.and_then(|customer| context.related.get(customer)), self.site, context)
    }

    /// Puts the next call to the first time from `at` on at which the customer can be called.
    pub(super) fn call_from(&mut self, at: Timestamp, context: &Context<'_>) {
        self.wanted_at = at;
        self.next_at = match self.callable(context) {
            Some(callable) => callable.from(at),
            // A phone that does not hold the organisation cannot tell.
            None => Some(at),
        };
    }

    /// Somebody is to call after all.
    pub(super) fn reopen(&mut self, at: Timestamp, context: &Context<'_>) {
        let rules = rules(context);
        self.state = VisitState::Waiting;
        self.chosen = Chosen::Survey;
        self.due_by = days_after(at, rules.map_or(0, |rules| rules.days));
        self.attempts.iter_mut().for_each(|attempt| attempt.counts = false);
        self.call_from(at, context);
    }
}

/// Return visits of a customer whose hours have changed: they are called when it suits now.
pub(crate) fn follow_hours(customer: &Customer, context: &Context<'_>) -> Vec<Record> {
    let open = context.related.open_visits.iter().filter_map(|id| context.related.get(*id));
    let moved = open.filter(|visit: &&ReturnVisit| visit.is_waiting() && visit.customer == Some(customer.id));
    let moved = moved.filter_map(|visit| {
        let callable = Callable::of(Some(customer), visit.site, context)?;
        // What is put off stays put off; what was put off for their rest may come sooner, but never before now.
        let now = context.received_at;
        let next_at = callable.from(visit.wanted_at.max(now));
        let due_already = visit.next_at.is_some_and(|at| at <= now) && next_at == Some(now);
        (next_at != visit.next_at && !due_already).then(|| ReturnVisit { next_at, ..visit.clone() }.into())
    });
    moved.collect()
}
