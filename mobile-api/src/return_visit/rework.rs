//! The rework that a bad answer opens (返修): an order of its own, linked to the one that it mends.

use super::{Opened, ReturnVisit};
use crate::{
    ids::{Id, OrderTypeId, ReturnVisitId, WorkOrderId, derived_at},
    operation::{Context, Create, Decision, Need, Subject},
    record::{Kind, Record},
    refusal::{Flag, Flagged, Refusal},
    work_order::{Channel, Priority, WorkOrder, request::Request, rework::link_as_promised},
};

/// What is wanted of the rework.
pub(super) struct Wanted<'a> {
    pub(super) fault: Option<&'a str>,
    pub(super) order_type: Option<OrderTypeId>,
    pub(super) priority: Option<Priority>,
}

/// The order that a return visit is about, if it is about one.
fn origin(visit: &ReturnVisit) -> Option<WorkOrderId> {
    (visit.about.kind == Kind::WorkOrder).then(|| Id::new(visit.about.id))
}

/// The id of the rework that a return visit opens.
pub(super) fn rework_of(visit: ReturnVisitId) -> WorkOrderId {
    let id = visit.uuid();
    derived_at(id, &[b"rework", id.as_bytes()]).into()
}

fn subject(visit: &ReturnVisit) -> Subject {
    Subject { unit: visit.unit.map(Id::uuid), asset: visit.asset.map(Id::uuid) }
}

/// What must be known to open it.
pub(super) fn needs(visit: &ReturnVisit, order_type: Option<OrderTypeId>) -> Vec<Need> {
    let mut needs = vec![Need::OrderNumbers { most: 1 }, Need::record(rework_of(visit.id))];
    needs.extend(origin(visit).map(Need::record));
    needs.extend(order_type.or(visit.order_type).map(Need::record));
    needs.extend(visit.building.map(Need::record));
    needs.extend(visit.unit.map(Need::record));
    needs.extend(visit.asset.map(Need::record));
    let about = subject(visit);
    if about.unit.is_some() || about.asset.is_some() {
        needs.push(Need::OpenOrdersAt(about));
    }
    needs
}

/// Opens the rework, or finds that somebody is at it already.
pub(super) fn open(
    visit: &ReturnVisit,
    wanted: Wanted<'_>,
    pointer: &str,
    context: &Context<'_>,
    also: &mut Vec<Record>,
    flags: &mut Vec<Flagged>,
) -> Result<Opened, Refusal> {
    let (id, related) = (rework_of(visit.id), context.related);
    let bad = |what: &str| Refusal::BadReference { pointer: format!("{pointer}{what}") };
    if related.partial {
        // The server makes the same order; the phone at the door does not hold what it mends.
        return Ok(Opened::Rework { order: id, joined: false });
    }
    if related.get(id).is_some() {
        return Ok(Opened::Rework { order: id, joined: true });
    }
    let origin: &WorkOrder = origin(visit).and_then(|origin| related.get(origin)).ok_or(bad(""))?;
    let under_way = related.open_orders.iter().find(|open| origin.reworked_by.contains(&open.work_order));
    if let Some(open) = under_way {
        return Ok(Opened::Rework { order: open.work_order, joined: true });
    }
    let order_type = wanted.order_type.or(visit.order_type).ok_or(bad("/order_type"))?;
    let request = request(visit, &wanted, order_type);
    let made = Create::decide(request, id, context).map_err(|refusal| at(refusal, pointer))?;
    let Some(mut order) = made.record else { return Err(Refusal::NotFound) };
    order.number = related.order_numbers.first().cloned();
    // That it mends the same fault again, and that somebody may have called about it too, is why it is made.
    let expected = [Flag::PossibleRework, Flag::PossibleDuplicate, Flag::RepeatFault];
    flags.extend(made.flags.into_iter().filter(|flagged| !expected.contains(&flagged.flag)));
    let Decision { record, also: others, .. } =
        link_as_promised(order, origin.id, context).map_err(|refusal| at(refusal, pointer))?;
    also.extend(record.map(Record::from));
    also.extend(others);
    Ok(Opened::Rework { order: id, joined: false })
}

/// The same refusal, with the place in this operation's payload.
fn at(refusal: Refusal, pointer: &str) -> Refusal {
    match refusal {
        Refusal::BadReference { pointer: inner } if inner == "/order_type" => {
            Refusal::BadReference { pointer: format!("{pointer}{inner}") }
        }
        Refusal::BadReference { .. } => Refusal::BadReference { pointer: pointer.into() },
        other => other,
    }
}

fn request(visit: &ReturnVisit, wanted: &Wanted<'_>, order_type: OrderTypeId) -> Request {
    Request {
        order_type,
        site: visit.site,
        building: visit.building,
        unit: visit.unit,
        asset: visit.asset,
        customer: visit.customer,
        team: None,
        place: visit.place.clone(),
        fault: wanted.fault.filter(|fault| !fault.trim().is_empty()).unwrap_or(&visit.fault).to_owned(),
        caller: visit.contact.clone(),
        channel: Channel::Phone,
        priority: wanted.priority.unwrap_or(Priority::Urgent),
        preferred: None,
        called_at: None,
    }
}
