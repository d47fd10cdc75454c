//! What somebody has to do in these days, out of the records that they see.

use std::collections::HashMap;

use chrono::{Days, TimeDelta};
use chrono_tz::Tz;
use mobile_api::{
    Actor, Id,
    asset::Asset,
    directory::{Label, OrderType, Organisation, Site, User},
    ids::SiteId,
    inspection::{Inspection, InspectionStatus},
    maintenance::{Shutdown, ShutdownStatus, StopKind},
    record::{Kind, RecordType},
    return_visit::{ReturnVisit, VisitStatus},
    time::Timestamp,
    work_order::{State, Status, Window, WorkOrder},
};
use uuid::Uuid;

use super::store;
use crate::{
    db::Conn,
    inspection::list::{self as inspections, InspectionFilter},
    maintenance::list::{self as shutdowns, ShutdownFilter},
    operations::{DoorError, reading::named},
    paging::{Ask, Listed},
    period,
    query::Several,
    return_visit::list::{self as visits, VisitFilter},
    work_order::{
        deadline,
        list::{self as orders, WorkOrderFilter},
    },
};

/// Most entries of each sort.
const MOST: usize = 500;

/// Days before today that are shown.
const BACK: u64 = 1;

/// Days after today that are shown.
const AHEAD: u64 = 14;

/// The longest that an inspection of these days can have been due already when they began.
const LONGEST_TURN: TimeDelta = TimeDelta::days(31);

/// How much of a calendar a deadline takes, up to its end.
const DEADLINE: TimeDelta = TimeDelta::minutes(30);

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An order: its number and sort.
    Order(Option<String>, Option<Label>),
    /// An inspection: the name of its form, and how many points it goes past.
    Inspection(Label, usize),
    /// A return visit: the number of what it is about.
    ReturnVisit(Option<String>),
    /// A shutdown: what stands still.
    Shutdown(Vec<StopKind>),
}

/// When something is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// In this time, which was agreed or planned.
    Fixed(Window),
    /// In this time, if it can be.
    Wished(Window),
    /// By this instant.
    By(Timestamp),
}

impl Slot {
    /// From when until when it stands in a calendar.
    pub fn window(self) -> Window {
        match self {
            Slot::Fixed(window) | Slot::Wished(window) => window,
            Slot::By(due) => Window { from: due - DEADLINE, until: due },
        }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The kind of its record.
    pub kind: Kind,
    /// The record's id.
    pub id: Uuid,
    /// Its revision.
    pub rev: u64,
    /// When it was last changed, as far as it is known.
    pub changed_at: Timestamp,
    /// What it is.
    pub what: What,
    /// When it is to be done.
    pub slot: Slot,
    /// The name of the site, and its address if there is one.
    pub site: Option<(String, String)>,
    /// Where at the site, in words.
    pub place: String,
    /// What is wrong.
    pub about: String,
}

/// Gathers what this person has to do from yesterday until in a fortnight, by when it is to be done.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn gather(conn: &mut Conn, firm: &Organisation, user: &User, now: Timestamp) -> Result<Vec<Entry>, DoorError> {
    let User { id, role, sites, teams, .. } = user.clone();
    let actor = Actor { org: firm.id.uuid(), user: id, role, sites, teams, device: None };
    let orders = open_orders(conn, &actor, now)?;
    let span = days(firm, now);
    let mut entries = shutdowns_of(conn, &actor, &orders, span)?;
    entries.extend(orders_of(conn, &actor, orders)?);
    entries.extend(inspections_of(conn, &actor, span)?);
    entries.extend(visits_of(conn, &actor, now)?);
    entries.retain(|entry| {
        let Window { from, until } = entry.slot.window();
        from < span.until && until >= span.from
    });
    entries.sort_by_key(|entry| (entry.slot.window().from, entry.id));
    Ok(entries)
}

/// From the beginning of yesterday to the end of the last day that is shown, by the organisation's clocks.
fn days(firm: &Organisation, now: Timestamp) -> Window {
    let zone: Tz = firm.time_zone.parse().unwrap_or(Tz::UTC);
    let today = now.with_timezone(&zone).date_naive();
    let first = today.checked_sub_days(Days::new(BACK)).and_then(|day| period::beginning(day, zone));
    let last = today.checked_add_days(Days::new(AHEAD + 1)).and_then(|day| period::beginning(day, zone));
    Window { from: first.unwrap_or(now), until: last.unwrap_or(now) }
}

fn all<K>() -> Ask<K> {
    Ask { after: None, limit: MOST }
}

/// The records of a list with their revisions.
fn read<T: RecordType, K>(rows: Vec<Listed<K>>) -> Result<Vec<(u64, T)>, DoorError> {
    let read = |row: Listed<K>| Ok((row.rev, serde_json::from_str(&row.body)?));
    let rows: Result<_, serde_json::Error> = rows.into_iter().map(read).collect();
    rows.map_err(|cause| DoorError::Corrupt { what: "record", cause })
}

/// What is said of a site: its name and its address.
fn places(
    conn: &mut Conn,
    org: Uuid,
    sites: impl Iterator<Item = SiteId>,
) -> Result<HashMap<Uuid, (String, String)>, DoorError> {
    let sites: HashMap<Uuid, Site> = named(conn, org, sites.map(Id::uuid))?;
    Ok(sites.into_iter().map(|(id, site)| (id, (site.name, site.address))).collect())
}

/// Orders that are theirs and not over, with their revisions.
fn open_orders(conn: &mut Conn, actor: &Actor, now: Timestamp) -> Result<Vec<(u64, WorkOrder)>, DoorError> {
    let open = Status::ALL.iter().copied().filter(|status| !status.is_over()).collect();
    let filter =
        WorkOrderFilter { assignee: Some(actor.user.uuid()), status: Several(open), ..WorkOrderFilter::default() };
    read(orders::list(conn, actor, &filter, &all(), now)?)
}

fn orders_of(conn: &mut Conn, actor: &Actor, rows: Vec<(u64, WorkOrder)>) -> Result<Vec<Entry>, DoorError> {
    let ids: Vec<Uuid> = rows.iter().map(|(_, order)| order.id.uuid()).collect();
    let changed = store::changed_at(conn, actor.org, Kind::WorkOrder, &ids)?;
    let sorts: HashMap<Uuid, OrderType> =
        named(conn, actor.org, rows.iter().map(|(_, order)| order.order_type.uuid()))?;
    let sites = places(conn, actor.org, rows.iter().map(|(_, order)| order.site))?;
    let entry = |(rev, order): (u64, WorkOrder)| {
        let (id, slot) = (order.id.uuid(), slot(&order)?);
        Some(Entry {
            kind: Kind::WorkOrder,
            id,
            rev,
            changed_at: changed.get(&id).copied().unwrap_or(order.recorded.latest),
            what: What::Order(order.number, sorts.get(&order.order_type.uuid()).map(|sort| sort.name.clone())),
            slot,
            site: sites.get(&order.site.uuid()).cloned(),
            place: order.place,
            about: order.fault,
        })
    };
    Ok(rows.into_iter().filter_map(entry).collect())
}

/// When an order is to be done: in its place in the planned day, unless another time was agreed meanwhile; else when the customer
/// expects somebody; else by its deadline.
fn slot(order: &WorkOrder) -> Option<Slot> {
    let agreed = match &order.state {
        State::Paused { next: Some(next), .. } => Some(*next),
        _ => order.appointment().map(|appointment| appointment.window),
    };
    let meet =
        |planned: &Window| agreed.is_none_or(|agreed| planned.from < agreed.until && agreed.from < planned.until);
    let fixed = order.planned.filter(meet).or(agreed).map(Slot::Fixed);
    let clocks = &order.clocks;
    let running = [&clocks.arrive, &clocks.resolve].into_iter().flatten().find(|clock| clock.stopped.is_none());
    let due = || running.or(clocks.headline()).map(|clock| Slot::By(deadline::due(clock)));
    fixed.or(order.preferred.map(Slot::Wished)).or_else(due)
}

/// Inspections of these days that were given to them or to one of their teams, and are not finished.
fn inspections_of(conn: &mut Conn, actor: &Actor, span: Window) -> Result<Vec<Entry>, DoorError> {
    // Rounds are planned far ahead: what is due later must not crowd out what is due today.
    let filter = InspectionFilter {
        status: Several(vec![InspectionStatus::Planned, InspectionStatus::Running]),
        assignee: actor.role.is_office().then(|| actor.user.uuid()),
        from: Some(span.from - LONGEST_TURN),
        until: Some(span.until),
        ..InspectionFilter::default()
    };
    let mut rows: Vec<(u64, Inspection)> = read(inspections::inspections(conn, actor, &filter, &all())?)?;
    rows.retain(|(_, inspection)| {
        let to = inspection.assignee();
        to.user == Some(actor.user) || to.team.is_some_and(|team| actor.teams.contains(&team))
    });
    let ids: Vec<Uuid> = rows.iter().map(|(_, inspection)| inspection.id.uuid()).collect();
    let changed = store::changed_at(conn, actor.org, Kind::Inspection, &ids)?;
    let sites = places(conn, actor.org, rows.iter().map(|(_, inspection)| inspection.spot.site))?;
    let assets: HashMap<Uuid, Asset> =
        named(conn, actor.org, rows.iter().filter_map(|(_, inspection)| inspection.spot.asset).map(Id::uuid))?;
    let entry = |(rev, inspection): (u64, Inspection)| {
        let (id, due) = (inspection.id.uuid(), inspection.due?);
        let asset = inspection.spot.asset.and_then(|asset| assets.get(&asset.uuid()));
        Some(Entry {
            kind: Kind::Inspection,
            id,
            rev,
            changed_at: changed.get(&id).copied().unwrap_or(inspection.recorded.latest),
            what: What::Inspection(inspection.name, inspection.points.len()),
            slot: Slot::Fixed(due),
            site: sites.get(&inspection.spot.site.uuid()).cloned(),
            place: asset.map(|asset| asset.name.clone()).unwrap_or_default(),
            about: String::new(),
        })
    };
    Ok(rows.into_iter().filter_map(entry).collect())
}

/// Return visits that they are to pay.
fn visits_of(conn: &mut Conn, actor: &Actor, now: Timestamp) -> Result<Vec<Entry>, DoorError> {
    let filter = VisitFilter {
        assignee: Some(actor.user.uuid()),
        status: Several(vec![VisitStatus::Waiting]),
        ..VisitFilter::default()
    };
    let rows: Vec<(u64, ReturnVisit)> = read(visits::list(conn, actor, &filter, &all(), now)?)?;
    let ids: Vec<Uuid> = rows.iter().map(|(_, visit)| visit.id.uuid()).collect();
    let changed = store::changed_at(conn, actor.org, Kind::ReturnVisit, &ids)?;
    let sites = places(conn, actor.org, rows.iter().map(|(_, visit)| visit.site))?;
    let entry = |(rev, visit): (u64, ReturnVisit)| Entry {
        kind: Kind::ReturnVisit,
        id: visit.id.uuid(),
        rev,
        changed_at: changed.get(&visit.id.uuid()).copied().unwrap_or(visit.since),
        what: What::ReturnVisit(visit.number),
        slot: Slot::By(visit.due_by),
        site: sites.get(&visit.site.uuid()).cloned(),
        place: visit.place,
        about: visit.fault,
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// Shutdowns of these days that they carry out: those that were given to them or to one of their teams, and those for an order of theirs.
fn shutdowns_of(
    conn: &mut Conn,
    actor: &Actor,
    orders: &[(u64, WorkOrder)],
    span: Window,
) -> Result<Vec<Entry>, DoorError> {
    let over = [ShutdownStatus::Restored, ShutdownStatus::Resumed, ShutdownStatus::Recorded, ShutdownStatus::Withdrawn];
    let open = ShutdownStatus::ALL.into_iter().filter(|status| !over.contains(status)).collect();
    let filter = ShutdownFilter {
        status: Several(open),
        from: Some(span.from - LONGEST_TURN),
        until: Some(span.until),
        ..ShutdownFilter::default()
    };
    // The list itself has nothing to say of whose the order is.
    let system = Actor::system(actor.org);
    let mut rows: Vec<(u64, Shutdown)> = read(shutdowns::shutdowns(conn, &system, &filter, &all())?)?;
    rows.retain(|(_, shutdown)| match shutdown.order {
        Some(order) => orders.iter().any(|(_, theirs)| theirs.id == order),
        None => {
            let to = shutdown.assignee;
            to.user == Some(actor.user) || to.team.is_some_and(|team| actor.teams.contains(&team))
        }
    });
    let ids: Vec<Uuid> = rows.iter().map(|(_, shutdown)| shutdown.id.uuid()).collect();
    let changed = store::changed_at(conn, actor.org, Kind::Shutdown, &ids)?;
    let sites = places(conn, actor.org, rows.iter().map(|(_, shutdown)| shutdown.site))?;
    let assets: HashMap<Uuid, Asset> = named(conn, actor.org, rows.iter().map(|(_, shutdown)| shutdown.asset.uuid()))?;
    let entry = |(rev, shutdown): (u64, Shutdown)| Entry {
        kind: Kind::Shutdown,
        id: shutdown.id.uuid(),
        rev,
        changed_at: changed.get(&shutdown.id.uuid()).copied().unwrap_or(span.from),
        what: What::Shutdown(shutdown.stops),
        // Until a manager agrees to it, it may become another time or none.
        slot: match shutdown.approved {
            Some(_) => Slot::Fixed(shutdown.window),
            None => Slot::Wished(shutdown.window),
        },
        site: sites.get(&shutdown.site.uuid()).cloned(),
        place: assets.get(&shutdown.asset.uuid()).map(|asset| asset.name.clone()).unwrap_or_default(),
        about: shutdown.text,
    };
    Ok(rows.into_iter().map(entry).collect())
}
