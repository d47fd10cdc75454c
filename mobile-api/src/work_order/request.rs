//! A request is written down, and its particulars corrected.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Caller, Channel, Clocks, Policy, Priority, State, Window, WorkOrder,
    rework::{Call, perhaps_rework},
    standing,
};
use crate::{
    actor::{Actor, Role},
    asset::{Asset, retired},
    calendar::WorkingHours,
    check::Check,
    directory::{Deadlines, OrderType, Organisation, Site},
    ids::{AssetId, BuildingId, CustomerId, Id, OrderTypeId, SiteId, TeamId, UnitId},
    operation::{Change, Context, Create, Decision, Mode, Need, OpenOrder, Payload, Subject},
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
};

/// Two requests for one unit and sort of job within this time may be the same call.
const DUPLICATE_WITHIN: Duration = Duration::hours(24);

/// Writes a request down (报修). Recorded within five minutes of the call, by the trade's standard.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Request {
    /// What sort of job.
    pub order_type: OrderTypeId,
    /// The site.
    pub site: SiteId,
    /// The building.
    pub building: Option<BuildingId>,
    /// The unit.
    pub unit: Option<UnitId>,
    /// The customer.
    pub customer: Option<CustomerId>,
    /// The asset that it is about, at the same site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetId>,
    /// The crew whose pool it goes to.
    pub team: Option<TeamId>,
    /// Where, in words; 1 to 500 characters.
    pub place: String,
    /// What is wrong; 1 to 4,000 characters.
    pub fault: String,
    /// Who called.
    pub caller: Caller,
    /// How the request came.
    pub channel: Channel,
    /// How urgent it is.
    pub priority: Priority,
    /// When the customer would like the visit.
    pub preferred: Option<Window>,
    /// When the customer called; absent means now.
    pub called_at: Option<DateTime<Utc>>,
}

impl Payload for Request {
    type Record = WorkOrder;

    fn example() -> Self {
        Self {
            order_type: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000010")),
            site: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000001")),
            building: None,
            unit: None,
            customer: None,
            asset: None,
            team: None,
            place: "7-1203, kitchen".into(),
            fault: "Water drips from under the sink".into(),
            caller: Caller { name: "Mrs Chen".into(), phone: Some("021-5550101".into()) },
            channel: Channel::Phone,
            priority: Priority::Normal,
            preferred: None,
            called_at: None,
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/place", &self.place, 1..=500);
        check.text("/fault", &self.fault, 1..=4000);
        check_caller(check, &self.caller);
        if let Some(preferred) = self.preferred {
            check.span("/preferred", preferred.from, preferred.until);
        }
        if let Some(called_at) = self.called_at {
            check.time("/called_at", called_at);
        }
    }

    fn needs(&self, _: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(actor.org);
        let mut needs = vec![Need::OrderNumber, Need::record(firm)];
        needs.push(Need::record(self.order_type));
        needs.push(Need::record(self.site));
        needs.extend(self.building.map(Need::record));
        needs.extend(self.unit.map(Need::record));
        needs.extend(self.customer.map(Need::record));
        needs.extend(self.team.map(Need::record));
        needs.extend(self.asset.map(Need::record));
        let about = Subject { unit: self.unit.map(Id::uuid), asset: self.asset.map(Id::uuid) };
        if about.unit.is_some() || about.asset.is_some() {
            needs.extend([Need::OpenOrdersAt(about), Need::WorkDoneAt(about)]);
        }
        needs.extend(self.asset.map(|asset| Need::FaultsOf { asset }));
        needs
    }
}

impl Create for Request {
    fn decide(self, id: Id<WorkOrder>, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        self.check_references(context)?;
        let policy = policy(self.order_type, self.site, self.priority, context)?;
        // A call cannot have come after it was written down, whatever a wrong clock says.
        let called_at = self.called_at.unwrap_or(context.when.earliest).min(context.when.latest);
        let mut flags = self.possible_duplicates(context, called_at);
        let asset = self.asset.map(|asset| usable_asset(asset, self.site, context)).transpose()?.flatten();
        flags.extend(asset.map(|asset| retired(asset, context)).transpose()?.flatten());
        let about = Subject { unit: self.unit.map(Id::uuid), asset: self.asset.map(Id::uuid) };
        let call = Call { about, order_type: self.order_type.uuid(), fault: &self.fault, at: called_at };
        flags.extend(perhaps_rework(&context.related.work_done, &call));
        let repeats = self.repeats(context, called_at);
        flags.extend((!repeats.is_empty()).then(|| Flagged::with(Flag::RepeatFault, json!({ "orders": repeats }))));
        let clocks = Clocks::begin(&policy, called_at, &context.when);
        let order = WorkOrder {
            id,
            number: context.related.order_number.clone(),
            order_type: self.order_type,
            policy,
            site: self.site,
            // Where an asset stands need not be said again.
            building: self.building.or(asset.and_then(|asset| asset.building)),
            unit: self.unit.or(asset.and_then(|asset| asset.unit)),
            customer: self.customer,
            asset: self.asset,
            team: self.team,
            place: self.place,
            fault: self.fault,
            caller: self.caller,
            channel: self.channel,
            priority: self.priority,
            preferred: self.preferred,
            planned: None,
            called_at,
            recorded: context.when.clone(),
            recorded_by: context.actor.user,
            state: State::Requested,
            clocks,
            alarms: Vec::new(),
            delays: Vec::new(),
            assignments: Vec::new(),
            appointments: Vec::new(),
            diagnosis: None,
            result: None,
            repeats,
            quotes: Vec::new(),
            materials: Vec::new(),
            reservations: Vec::new(),
            labour: Vec::new(),
            notes: Vec::new(),
            photos: Vec::new(),
            sign_offs: Vec::new(),
            rejections: Vec::new(),
            charge: None,
            payments: Vec::new(),
            refunds: Vec::new(),
            rework_of: None,
            found_by: Vec::new(),
            complaint: None,
            reworked_by: Vec::new(),
            timeline: Vec::new(),
            changed: Default::default(),
            source: None,
            plan: None,
            shutdown: None,
            merged_into: None,
            merged_from: Vec::new(),
        };
        Ok(Decision::flagged(order, flags))
    }
}

impl Request {
    fn check_references(&self, context: &Context<'_>) -> Result<(), Refusal> {
        let related = context.related;
        let bad = |pointer: &str| Err(Refusal::BadReference { pointer: pointer.into() });
        // A phone holds the places of its own orders only: what it does not hold, it says nothing about.
        let elsewhere = |site: Option<SiteId>| site.map_or(!related.partial, |site| site != self.site);
        if elsewhere(related.get(self.site).map(|site| site.id)) || !context.actor.covers_site(self.site) {
            return bad("/site");
        }
        if self.building.is_some_and(|id| elsewhere(related.get(id).map(|building| building.site))) {
            return bad("/building");
        }
        if self.unit.is_some_and(|id| elsewhere(related.get(id).map(|unit| unit.site))) {
            return bad("/unit");
        }
        if self.customer.is_some_and(|id| elsewhere(related.get(id).map(|customer| customer.site))) {
            return bad("/customer");
        }
        if self.team.is_some_and(|id| related.get(id).is_none()) {
            return bad("/team");
        }
        Ok(())
    }

    /// Orders about the asset of the last days, so many as the organisation says; those that are still open may be this very call.
    fn repeats(&self, context: &Context<'_>, called_at: Timestamp) -> Vec<Id<WorkOrder>> {
        let firm: Id<Organisation> = Id::new(context.actor.org);
        let days = context.related.get(firm).map_or(0, |firm| firm.maintenance.repeat_days);
        let since = called_at - Duration::days(days.into());
        let open = |id| context.related.open_orders.iter().any(|other| other.work_order == id);
        let same = |other: &&OpenOrder| self.asset.is_some() && other.about.asset == self.asset.map(Id::uuid);
        let lately =
            context.related.faults.iter().filter(same).filter(|other| {
                other.received_at >= since && other.received_at <= called_at && !open(other.work_order)
            });
        lately.map(|other| other.work_order).collect()
    }

    /// Both are kept; merging is a person's decision. Only what was recorded earlier can have been unaware.
    fn possible_duplicates(&self, context: &Context<'_>, called_at: Timestamp) -> Vec<Flagged> {
        let open = context.related.open_orders.iter();
        let same: Vec<_> = open
            .filter(|other| {
                other.order_type == self.order_type.uuid() && (other.received_at - called_at).abs() <= DUPLICATE_WITHIN
            })
            .map(|other| other.work_order)
            .collect();
        if same.is_empty() || context.mode == Mode::Online {
            return Vec::new();
        }
        vec![Flagged::with(Flag::PossibleDuplicate, json!({ "orders": same }))]
    }
}

/// The asset of an order at this site; `None` if a phone does not hold it and so cannot tell.
fn usable_asset<'a>(asset: AssetId, site: SiteId, context: &Context<'a>) -> Result<Option<&'a Asset>, Refusal> {
    match context.related.get(asset) {
        Some(asset) if asset.site == site => Ok(Some(asset)),
        None if context.related.partial => Ok(None),
        _ => Err(Refusal::BadReference { pointer: "/asset".into() }),
    }
}

/// The policy of an order of this type, as the organisation has it now.
pub(super) fn policy(
    order_type: Id<OrderType>,
    site: Id<Site>,
    priority: Priority,
    context: &Context<'_>,
) -> Result<Policy, Refusal> {
    let firm: Id<Organisation> = Id::new(context.actor.org);
    let firm = context.related.get(firm).ok_or(Refusal::NotFound)?;
    let sort = context.related.get(order_type).filter(|sort| sort.active);
    let sort = sort.ok_or(Refusal::BadReference { pointer: "/order_type".into() })?;
    let (deadlines, hours) = timing_of(sort, firm, site, priority, context.when.latest, context);
    Ok(Policy {
        free_of_charge: sort.free_of_charge,
        certificate: sort.certificate.clone(),
        deadlines,
        currency: firm.currency,
        photos: sort.photos.clone(),
        hours,
        pauses: sort.timing.pauses.clone(),
        escalation: Some(firm.escalation),
        warranty_days: sort.warranty_days,
    })
}

/// How fast orders of this type must be at this site with this priority, and in which hours, from a day on.
fn timing_of(
    sort: &OrderType,
    firm: &Organisation,
    site: SiteId,
    priority: Priority,
    since: Timestamp,
    context: &Context<'_>,
) -> (Deadlines, Option<WorkingHours>) {
    let timing = &sort.timing;
    let (deadlines, calendar) = match timing.rules.iter().find(|rule| rule.applies(site, priority)) {
        Some(rule) => (rule.deadlines, rule.calendar),
        None => (sort.deadlines.unwrap_or(firm.deadlines), timing.calendar),
    };
    let calendar = calendar.and_then(|calendar| context.related.get(calendar));
    (deadlines, calendar.map(|calendar| calendar.hours.from_day(since)))
}

/// The order has another priority: its clocks run by the deadlines of that one from here on. An order whose type is not
/// known any more keeps those that it has.
fn reset_deadlines(order: &mut WorkOrder, context: &Context<'_>) {
    let firm = context.related.get(Id::<Organisation>::new(context.actor.org));
    let (Some(firm), Some(sort)) = (firm, context.related.get(order.order_type)) else { return };
    let since = order.recorded.latest;
    let (deadlines, hours) = timing_of(sort, firm, order.site, order.priority, since, context);
    // A verdict is found again from what is written down: where a clock that was judged stood still by these hours, they stay.
    let judged_by_hours = order.clocks.each().any(|(_, clock)| clock.stopped.is_some() && !clock.pauses().is_empty());
    order.policy.deadlines = deadlines;
    if !judged_by_hours {
        order.policy.hours = hours;
    }
    let (status, priority) = (order.status(), order.priority);
    order.clocks.reset(context.op, &context.when, status, priority, &order.policy);
}

fn check_caller(check: &mut Check, caller: &Caller) {
    check.text("/caller/name", &caller.name, 0..=200);
    check.optional_text("/caller/phone", caller.phone.as_deref(), 60);
}

/// Corrects particulars of an order; absent fields stay as they are. Merged by field.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Edit {
    /// Where, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Who called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<Caller>,
    /// How urgent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// When the customer would like the visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred: Option<Window>,
    /// The crew whose pool it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// The asset that it is about, at the same site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetId>,
    /// What the technician found; needs a diagnosis to correct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<String>,
}

impl Payload for Edit {
    type Record = WorkOrder;

    fn example() -> Self {
        Self { priority: Some(Priority::Urgent), place: Some("7-1203, bathroom".into()), ..Self::default() }
    }

    fn check(&self, check: &mut Check) {
        if let Some(place) = &self.place {
            check.text("/place", place, 1..=500);
        }
        if let Some(fault) = &self.fault {
            check.text("/fault", fault, 1..=4000);
        }
        if let Some(findings) = &self.findings {
            check.text("/findings", findings, 1..=4000);
        }
        if let Some(caller) = &self.caller {
            check_caller(check, caller);
        }
        if let Some(preferred) = self.preferred {
            check.span("/preferred", preferred.from, preferred.until);
        }
    }

    fn needs(&self, order: Option<&WorkOrder>, actor: &Actor) -> Vec<Need> {
        // Another priority may have other deadlines.
        let sort = order.filter(|_| self.priority.is_some()).map(|order| order.order_type);
        let firm = sort.map(|_| Need::record(Id::<Organisation>::new(actor.org)));
        let deadlines = sort.map(Need::record).into_iter().chain(firm);
        self.team.map(Need::record).into_iter().chain(self.asset.map(Need::record)).chain(deadlines).collect()
    }
}

impl Change for Edit {
    fn decide(self, order: WorkOrder, context: &Context<'_>) -> Result<Decision<WorkOrder>, Refusal> {
        let overtaken = standing::addition(&order, context)?;
        if context.by_technician() && (self.priority.is_some() || self.team.is_some()) {
            return Err(Refusal::Forbidden);
        }
        if self.team.is_some_and(|team| context.related.get(team).is_none()) {
            return Err(Refusal::BadReference { pointer: "/team".into() });
        }
        let asset = self.asset.map(|asset| usable_asset(asset, order.site, context)).transpose()?.flatten();
        let asset_gone = asset.map(|asset| retired(asset, context)).transpose()?.flatten();
        let mut merge = Merge::new(order, context, overtaken);
        merge.flags.extend(asset_gone);
        // Who stands before it knows which one it is.
        merge.field("asset", Owner::Technician, self.asset.map(Some), |o| &mut o.asset);
        merge.field("place", Owner::Office, self.place, |o| &mut o.place);
        merge.field("fault", Owner::Office, self.fault, |o| &mut o.fault);
        merge.field("caller", Owner::Office, self.caller, |o| &mut o.caller);
        let priority = merge.order.priority;
        merge.field("priority", Owner::Office, self.priority, |o| &mut o.priority);
        if merge.order.priority != priority {
            reset_deadlines(&mut merge.order, context);
        }
        merge.field("preferred", Owner::Office, self.preferred.map(Some), |o| &mut o.preferred);
        merge.field("team", Owner::Office, self.team.map(Some), |o| &mut o.team);
        if let Some(findings) = self.findings {
            let mut diagnosis = merge.order.diagnosis.take().ok_or(Refusal::EntryUnknown)?;
            let mut text = std::mem::take(&mut diagnosis.findings);
            merge.value("findings", Owner::Technician, findings, &mut text);
            diagnosis.findings = text;
            merge.order.diagnosis = Some(diagnosis);
        }
        Ok(Decision::flagged(merge.order, merge.flags))
    }
}

/// Who has the last word on a field when both sides changed it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Office,
    Technician,
}

/// Merges field by field: what the other side did not touch is taken over; where both changed the same field,
/// its owner's value stands and a person is asked.
pub(super) struct Merge<'a> {
    pub(super) order: WorkOrder,
    pub(super) context: &'a Context<'a>,
    pub(super) flags: Vec<Flagged>,
    /// What somebody changed whose order it is no longer gives way to what the others changed since.
    overtaken: bool,
}

impl<'a> Merge<'a> {
    pub(super) fn new(order: WorkOrder, context: &'a Context<'a>, overtaken: Option<Flag>) -> Self {
        Self { order, context, flags: standing::flags(overtaken), overtaken: overtaken.is_some() }
    }

    fn field<T>(&mut self, name: &'static str, owner: Owner, new: Option<T>, place: fn(&mut WorkOrder) -> &mut T)
    where
        T: Clone + PartialEq + Serialize,
    {
        let Some(new) = new else { return };
        let mut value = place(&mut self.order).clone();
        self.value(name, owner, new, &mut value);
        *place(&mut self.order) = value;
    }

    /// Merges one value that the caller took out of the order. Tells whether it now is the new one.
    pub(super) fn value<T>(&mut self, name: &'static str, owner: Owner, new: T, value: &mut T) -> bool
    where
        T: PartialEq + Serialize,
    {
        if new == *value {
            return true;
        }
        let changed_unseen = self.order.changed.get(name).is_some_and(|rev| !self.context.saw(*rev));
        let ours = if self.context.actor.role == Role::Technician { Owner::Technician } else { Owner::Office };
        if changed_unseen {
            self.flags
                .push(Flagged::with(Flag::FieldConflict, json!({ "field": name, "held": &*value, "sent": &new })));
            if ours != owner || self.overtaken {
                return false;
            }
        }
        *value = new;
        self.order.changed.insert(name.into(), self.context.rev);
        true
    }
}
