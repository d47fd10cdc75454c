//! What is not in order, and the repair order that it becomes without being typed again.
//!
//! The order's id follows from the inspection, the point and the item. So a phone makes it without signal, the server makes the
//! same, two people who find the same thing make one, and a replay makes nothing. If there is an open order on the same place and
//! fault already, the finding is joined to it. The link is kept on both sides.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    FailedItem, FormItem, Inspection, Meaning, Template,
    answer::{asked, check_place, form_of},
    standing::{afterthought, flags},
};
use crate::{
    actor::Actor,
    check::Check,
    complaint,
    directory::Organisation,
    ids::{ComplaintId, Id, InspectionId, OrderTypeId, UserId, WorkOrderId, derived, derived_at},
    operation::{Change, Context, Create, Decision, Mode, Need, Payload, Subject},
    record::{Kind, Record, Ref},
    refusal::{Flag, Flagged, Refusal},
    work_order::{Caller, Channel, Priority, WorkOrder, request::Request},
};

/// Most findings that one order is joined to.
const MOST_FOUND: usize = 100;

/// The finding that an order came from, or was joined to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundBy {
    /// The inspection.
    pub inspection: InspectionId,
    /// The point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The item.
    pub item: String,
    /// The same question at the same place has the same fault.
    pub fault: Uuid,
    /// Who found it.
    pub by: UserId,
    /// When it was linked.
    pub at: DateTime<Utc>,
}

/// What identifies a fault: the question, whatever version of the form it stands in, and the place.
fn fault_of(inspection: &Inspection, template: &Template, point: Option<&str>, item: &str) -> Uuid {
    let spot = inspection.spot_of(point);
    let place = match (spot.asset, spot.unit) {
        (Some(asset), _) => asset.uuid(),
        (None, Some(unit)) => unit.uuid(),
        (None, None) => match (inspection.round, point) {
            (Some(round), Some(point)) => derived(&[round.uuid().as_bytes(), point.as_bytes()]),
            _ => spot.building.map_or(spot.site.uuid(), Id::uuid),
        },
    };
    derived(&[b"fault", place.as_bytes(), template.family.uuid().as_bytes(), item.as_bytes()])
}

/// Keeps the findings in step with an answer.
pub(super) fn note(
    inspection: &mut Inspection,
    template: &Template,
    point: Option<&str>,
    item: &FormItem,
    meaning: Meaning,
) {
    let fault = fault_of(inspection, template, point, &item.key);
    let known = inspection.findings.iter_mut().find(|known| known.point.as_deref() == point && known.item == item.key);
    match (known, meaning == Meaning::Fail) {
        (Some(known), failed) => known.cleared = !failed,
        (None, true) => inspection.findings.push(FailedItem {
            point: point.map(Into::into),
            item: item.key.clone(),
            fault,
            becomes: template.form.repair(item),
            order: None,
            complaint: None,
            cleared: false,
        }),
        (None, false) => {}
    }
}

/// Findings that are to become orders and have not yet.
pub(super) fn waiting(inspection: &Inspection) -> impl Iterator<Item = &FailedItem> {
    inspection
        .findings
        .iter()
        .filter(|finding| !finding.cleared && finding.order.is_none() && finding.complaint.is_none())
        .filter(|finding| finding.becomes.is_some())
}

/// What must be known to make orders of all findings that wait for it, and of one that may come: an item at a point.
pub(super) fn needs(inspection: &Inspection, further: Option<(Option<&str>, &str)>, actor: &Actor) -> Vec<Need> {
    let firm: Id<Organisation> = Id::new(actor.org);
    let mut needs = vec![Need::record(firm), Need::record(actor.user)];
    needs.extend(inspection.order_types.iter().copied().map(Need::record));
    needs.extend(inspection.earlier.map(Need::record));
    needs.extend(inspection.assignee().team.map(Need::record));
    needs.extend(inspection.complaint.map(Need::record));
    let points = waiting(inspection).map(|finding| finding.point.as_deref());
    let points: Vec<Option<&str>> = points.chain(further.map(|(point, _)| point)).collect();
    for point in &points {
        let spot = inspection.spot_of(*point);
        needs.extend(spot.refs().map(Need::Record));
        let about = Subject { unit: spot.unit.map(Id::uuid), asset: spot.asset.map(Id::uuid) };
        if about.unit.is_some() || about.asset.is_some() {
            needs.extend([Need::OpenOrdersAt(about), Need::WorkDoneAt(about)]);
        }
        needs.extend(spot.asset.map(|asset| Need::FaultsOf { asset }));
    }
    needs.push(Need::OrderNumbers { most: points.len() });
    needs.extend(waiting(inspection).map(|finding| Need::OpenFault { fault: finding.fault }));
    needs
}

/// Makes orders, or joins findings to orders that are open.
pub(super) struct Workshop<'a> {
    context: &'a Context<'a>,
    template: &'a Template,
    numbers: std::slice::Iter<'a, String>,
    pub(super) orders: Vec<WorkOrder>,
    pub(super) flags: Vec<Flagged>,
}

impl<'a> Workshop<'a> {
    pub(super) fn open(context: &'a Context<'a>, template: &'a Template) -> Self {
        let numbers = context.related.order_numbers.iter();
        Self { context, template, numbers, orders: Vec::new(), flags: Vec::new() }
    }

    /// Every finding that is to become an order becomes one.
    pub(super) fn raise_all(&mut self, inspection: &mut Inspection) -> Result<(), Refusal> {
        let findings: Vec<FailedItem> = waiting(inspection).cloned().collect();
        for finding in findings {
            let Some(becomes) = finding.becomes else { continue };
            let order = self.raise(inspection, &finding, becomes)?;
            let same = |known: &&mut FailedItem| known.point == finding.point && known.item == finding.item;
            if let Some(known) = inspection.findings.iter_mut().find(same) {
                known.order = Some(order);
            }
        }
        Ok(())
    }

    fn raise(
        &mut self,
        inspection: &Inspection,
        finding: &FailedItem,
        (order_type, priority): (OrderTypeId, Priority),
    ) -> Result<WorkOrderId, Refusal> {
        let found = FoundBy {
            inspection: inspection.id,
            point: finding.point.clone(),
            item: finding.item.clone(),
            fault: finding.fault,
            by: self.context.actor.user,
            at: self.context.received_at,
        };
        if let Some(mut order) = self.open_order(inspection, finding.fault) {
            let id = order.id;
            if order.found_by.len() < MOST_FOUND {
                order.found_by.push(found);
            }
            self.orders.retain(|known| known.id != id);
            self.orders.push(order);
            return Ok(id);
        }
        let point = finding.point.as_deref().unwrap_or_default();
        let id = derived_at(
            inspection.id.uuid(),
            &[b"repair", inspection.id.uuid().as_bytes(), point.as_bytes(), finding.item.as_bytes()],
        );
        let request = self.request(inspection, finding, order_type, priority);
        let Decision { record, flags, .. } = Create::decide(request, id.into(), self.context)?;
        let Some(mut order) = record else { return Err(Refusal::NotFound) };
        // Whether it may be another's is asked below: several findings of one visit are no duplicates of each other.
        let flags = flags.into_iter().filter(|flagged| flagged.flag != Flag::PossibleDuplicate);
        self.flags.extend(flags.map(|flagged| flagged.about(id)));
        self.flags.extend(self.possible_duplicates(inspection, &order));
        order.number = self.numbers.next().cloned();
        order.found_by.push(found);
        order.complaint = inspection.complaint;
        self.orders.push(order);
        Ok(id.into())
    }

    /// An order that is open on the same fault: one that the server knows of, or that the earlier inspection led to.
    fn open_order(&self, inspection: &Inspection, fault: Uuid) -> Option<WorkOrder> {
        if let Some(order) = self.orders.iter().find(|order| order.found_by.iter().any(|found| found.fault == fault)) {
            return Some(order.clone());
        }
        let related = self.context.related;
        let earlier: Option<&Inspection> = inspection.earlier.and_then(|earlier| related.get(earlier));
        let before = earlier.into_iter().flat_map(|earlier| &earlier.findings);
        let before = before.filter(|finding| finding.fault == fault).filter_map(|finding| finding.order);
        let known = related.open_faults.get(&fault).copied().into_iter().chain(before);
        let mut open = known.filter_map(|id| related.get(id)).filter(|order: &&WorkOrder| !order.status().is_over());
        open.next().cloned()
    }

    /// Orders for the same unit and sort of job that did not come from this inspection. Both are kept; merging is a person's
    /// decision.
    fn possible_duplicates(&self, inspection: &Inspection, order: &WorkOrder) -> Option<Flagged> {
        let own: Vec<WorkOrderId> = inspection.findings.iter().filter_map(|finding| finding.order).collect();
        let open = self.context.related.open_orders.iter();
        let same = open.filter(|other| {
            Subject::of(order).is_same(&other.about)
                && other.order_type == order.order_type.uuid()
                && other.work_order != order.id
                && !own.contains(&other.work_order)
        });
        let same: Vec<WorkOrderId> = same.map(|other| other.work_order).collect();
        let unaware = self.context.mode == Mode::Recorded && !same.is_empty();
        unaware.then(|| Flagged::with(Flag::PossibleDuplicate, json!({ "order": order.id, "orders": same })))
    }

    fn request(
        &self,
        inspection: &Inspection,
        finding: &FailedItem,
        order_type: OrderTypeId,
        priority: Priority,
    ) -> Request {
        let related = self.context.related;
        let spot = inspection.spot_of(finding.point.as_deref());
        let point = finding.point.as_deref().and_then(|key| inspection.point(key)).map(|point| point.name.clone());
        let unit = spot.unit.and_then(|id| related.get(id)).map(|unit| unit.name.clone());
        let building = spot.building.and_then(|id| related.get(id)).map(|building| building.name.clone());
        let site = related.get(spot.site).map(|site| site.name.clone());
        let name = related.get(self.context.actor.user).map(|user| user.name.clone());
        Request {
            order_type,
            site: spot.site,
            building: spot.building,
            unit: spot.unit,
            asset: spot.asset,
            customer: None,
            team: inspection.assignee().team,
            place: point.or(unit).or(building).or(site).unwrap_or_else(|| "?".into()),
            fault: self.in_words(inspection, finding),
            caller: Caller { name: name.unwrap_or_default(), phone: None },
            channel: Channel::Patrol,
            priority,
            preferred: None,
            called_at: None,
        }
    }

    /// What was asked and what was answered, for whoever is to mend it. In both languages of the form: an order has one text.
    pub(super) fn in_words(&self, inspection: &Inspection, finding: &FailedItem) -> String {
        let item = self.template.form.item(&finding.item).map(|(_, item)| item);
        let mut words = item.map(|item| match (&item.text.zh, &item.text.en) {
            (zh, en) if zh == en => zh.clone(),
            (zh, en) => format!("{zh} / {en}"),
        });
        let answer = inspection.answer_to(finding.point.as_deref(), &finding.item);
        let said = item.zip(answer).and_then(|(item, answer)| item.ask.in_words(&answer.value));
        for more in [said, answer.and_then(|answer| answer.note.clone())].into_iter().flatten() {
            let words = words.get_or_insert_default();
            words.push_str(" – ");
            words.push_str(&more);
        }
        words.unwrap_or_else(|| finding.item.clone()).chars().take(4000).collect()
    }

    /// The orders, to be written beside the inspection.
    pub(super) fn close(self) -> (Vec<Record>, Vec<Flagged>) {
        (self.orders.into_iter().map(Into::into).collect(), self.flags)
    }
}

/// Makes a repair order of a failed item at once, without waiting for the end of the inspection; or brings it to a complaint, of which it
/// becomes a finding.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportFault {
    /// The point; absent if there are no points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The item, whose answer must say that it is not in order.
    pub item: String,
    /// The sort of order; absent: as the form says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_type: Option<OrderTypeId>,
    /// How urgent it is; absent: as the form says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The complaint that it goes to, instead of becoming an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintId>,
}

impl Payload for ReportFault {
    type Record = Inspection;

    fn example() -> Self {
        let priority = Some(Priority::Urgent);
        Self { point: None, item: "leaks".into(), order_type: None, priority, complaint: None }
    }

    fn check(&self, check: &mut Check) {
        check_place(check, self.point.as_deref(), Some(&self.item));
    }

    fn needs(&self, record: Option<&Inspection>, actor: &Actor) -> Vec<Need> {
        let Some(inspection) = record else { return Vec::new() };
        let mut needs = inspection.form_needs();
        needs.extend(needs_of_one(inspection, self, actor));
        needs
    }
}

fn needs_of_one(inspection: &Inspection, report: &ReportFault, actor: &Actor) -> Vec<Need> {
    let same = |finding: &&FailedItem| finding.point == report.point && finding.item == report.item;
    let mut needs = needs(inspection, Some((report.point.as_deref(), &report.item)), actor);
    needs.extend(report.order_type.map(Need::record));
    needs.extend(report.complaint.map(Need::record));
    let of_one = inspection.findings.iter().find(same).map(|finding| Need::OpenFault { fault: finding.fault });
    needs.extend(of_one);
    needs
}

impl Change for ReportFault {
    fn decide(self, mut inspection: Inspection, context: &Context<'_>) -> Result<Decision<Inspection>, Refusal> {
        let mut flags = flags(afterthought(&inspection, context)?);
        let template = form_of(&inspection, context)?;
        let item = asked(&inspection, template, self.point.as_deref(), &self.item)?;
        let same =
            |finding: &&mut FailedItem| finding.point == self.point && finding.item == self.item && !finding.cleared;
        let finding = inspection.findings.iter_mut().find(same).ok_or(Refusal::EntryUnknown)?;
        if finding.order.is_some() || finding.complaint.is_some() {
            // Somebody else, or the end of the inspection, was faster: there is the order.
            return Ok(Decision::flagged(inspection, flags));
        }
        if let Some(complaint) = self.complaint {
            finding.complaint = Some(complaint);
            let finding = finding.clone();
            let words = Workshop::open(context, template).in_words(&inspection, &finding);
            let told = complaint::bring(complaint, &inspection, (finding.key(), words), context, &mut flags)?;
            return Ok(Decision { record: Some(inspection), also: vec![told], flags });
        }
        let of_form = template.form.repair(item);
        let order_type = self.order_type.or(of_form.map(|(sort, _)| sort)).or(template.form.repair_type);
        let order_type = order_type.ok_or(Refusal::BadReference { pointer: "/order_type".into() })?;
        let priority = self.priority.or(of_form.map(|(_, priority)| priority)).unwrap_or(Priority::Normal);
        let finding = finding.clone();
        let mut workshop = Workshop::open(context, template);
        let order = workshop.raise(&inspection, &finding, (order_type, priority))?;
        let (also, noticed) = workshop.close();
        flags.extend(noticed);
        let same = |known: &&mut FailedItem| known.point == finding.point && known.item == finding.item;
        if let Some(known) = inspection.findings.iter_mut().find(same) {
            known.order = Some(order);
        }
        Ok(Decision { record: Some(inspection), also, flags })
    }
}

/// The orders that its findings became.
pub(super) fn orders_of(inspection: &Inspection) -> Vec<Ref> {
    inspection.findings.iter().filter_map(|finding| finding.order).map(|id| Ref::new(Kind::WorkOrder, id)).collect()
}
