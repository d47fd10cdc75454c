//! The day out of the records: what can be planned, who is there, how far it is.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use mobile_api::{
    Actor, Id, Role,
    calendar::Calendar,
    directory::{Location, Organisation, Site, User},
    ids::{OrderTypeId, SiteId, TeamId, UserId, WorkOrderId},
    record::Kind,
    time::Timestamp,
    work_order::{Priority, Status, WorkOrder},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::day::{Day, USUAL_SPEED, Visit, Ways, Worker};
use crate::{
    db::Conn,
    directory::list::in_use,
    error::{Code, Error},
    operations::reading,
    paging::Ask,
    query::Several,
    work_order::list::{self, WorkOrderFilter},
};

/// Most visits of one plan.
pub const MOST_VISITS: usize = 500;

/// Most people of one plan.
pub const MOST_PEOPLE: usize = 100;

/// Minutes that a visit takes, where nobody says otherwise.
const USUAL_MINUTES: u32 = 60;

/// What is to be planned.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "day": "2026-03-02", "team": "01930000-0000-7000-8000-000000000015", "budget_seconds": 10 }))]
pub struct Wanted {
    /// The day, by the organisation's calendar.
    pub day: NaiveDate,
    /// The crew: those of this team; all technicians, if absent. Of orders, those in its pool or with its people.
    #[serde(default)]
    pub team: Option<TeamId>,
    /// Only these technicians.
    #[serde(default)]
    pub technicians: Option<Vec<UserId>>,
    /// Only these orders; all that nobody has set off for and that may be done on the day, if absent.
    #[serde(default)]
    pub orders: Option<Vec<WorkOrderId>>,
    /// For how long a better day is looked for: 1 to 60 seconds; 10, if absent. More than 20 only as a stream of events.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 60)]
    pub budget_seconds: Option<u32>,
    /// Minutes that a visit takes; 60, if absent.
    #[serde(default)]
    #[schema(minimum = 5, maximum = 1440)]
    pub work_minutes: Option<u32>,
    /// Minutes of particular sorts of orders.
    #[serde(default)]
    pub work_minutes_by_type: HashMap<OrderTypeId, u32>,
    /// From when people without a calendar work, local time; 08:00, if absent.
    #[serde(default)]
    pub from: Option<NaiveTime>,
    /// Until when they do; 18:00, if absent.
    #[serde(default)]
    pub until: Option<NaiveTime>,
    /// Where everybody begins; in the middle of the day's visits, if absent.
    #[serde(default)]
    pub start_site: Option<SiteId>,
    /// How fast people are where no ways are given, in km/h along a straight line; 18, if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 200)]
    pub speed_kmh: Option<f64>,
    /// Ways as somebody measured them; straight lines, if absent.
    #[serde(default)]
    pub ways: Option<Measured>,
}

/// Ways between sites, row by row: from the first to each, from the second to each, …
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The sites.
    pub sites: Vec<SiteId>,
    /// Seconds from each to each.
    pub seconds: Vec<i64>,
    /// Metres from each to each.
    pub metres: Vec<i64>,
}

/// An order that no plan can have.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LeftOut {
    /// The order.
    pub order: WorkOrderId,
    /// Its number.
    pub number: Option<String>,
    /// Why.
    pub why: Why,
}

/// Why an order is not on the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nobody knows where its site lies.
    NoLocation,
    /// Nobody of the crew may do it: a certificate is missing, or it is another team's.
    NobodyMay,
    /// There was no room for it.
    NoRoom,
}

/// A day that can be planned.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// The day.
    pub day: Day,
    /// What cannot be planned.
    pub left_out: Vec<LeftOut>,
}

/// Gathers the day as it stands, for whom the actor may plan.
///
/// # Errors
/// `invalid_query` for what cannot be planned at all; the database's.
pub fn gather(conn: &mut Conn, actor: &Actor, wanted: &Wanted, now: Timestamp) -> Result<Gathered, Error> {
    let firm: Option<Organisation> = reading::record(conn, actor, Id::new(actor.org))?;
    let zone: Tz = firm.ok_or(Code::NotFound)?.time_zone.parse().map_err(Error::internal)?;
    let span = (midnight(zone, wanted.day)?, midnight(zone, next(wanted.day)?)?);
    let places: HashMap<SiteId, Location> = in_use(conn, actor.org, Kind::Site)?
        .into_iter()
        .filter_map(|site: Site| Some((site.id, site.location?)))
        .collect();
    let crew = crew(conn, actor, wanted, (zone, span), now)?;
    let orders = orders(conn, actor, wanted, &crew, span, now)?;
    let mut map = Map::new(wanted, &places)?;
    let (mut visits, mut left_out) = (Vec::new(), Vec::new());
    for (rev, order) in orders {
        let Some(place) = map.place(order.site) else {
            left_out.push(LeftOut { order: order.id, number: order.number, why: Why::NoLocation });
            continue;
        };
        let visit = visit(order, rev, place, wanted, span);
        if crew.iter().any(|worker| worker.may(&visit)) {
            visits.push(visit);
        } else {
            left_out.push(LeftOut { order: visit.order, number: visit.number, why: Why::NobodyMay });
        }
    }
    let start = map.start(wanted)?;
    let crew = crew.into_iter().map(|worker| Worker { start, ..worker }).collect();
    Ok(Gathered { day: Day { visits, crew, ways: map.ways(wanted)? }, left_out })
}

fn wrong(reason: impl Into<String>) -> Error {
    Error::new(Code::InvalidQuery).arg("reason", reason.into())
}

fn next(day: NaiveDate) -> Result<NaiveDate, Error> {
    day.checked_add_days(Days::new(1)).ok_or_else(|| wrong("there is no such day"))
}

fn midnight(zone: Tz, day: NaiveDate) -> Result<Timestamp, Error> {
    at(zone, day, NaiveTime::MIN)
}

/// The instant of a local time; of an hour that is skipped, the one after.
fn at(zone: Tz, day: NaiveDate, time: NaiveTime) -> Result<Timestamp, Error> {
    let local = day.and_time(time);
    let found = zone.from_local_datetime(&local).earliest();
    let found = found.or_else(|| zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest());
    found.map(|instant| instant.to_utc()).ok_or_else(|| wrong("there is no such day"))
}

type Span = (DateTime<Utc>, DateTime<Utc>);

/// Who works on the day, and when.
fn crew(
    conn: &mut Conn,
    actor: &Actor,
    wanted: &Wanted,
    (zone, span): (Tz, Span),
    now: Timestamp,
) -> Result<Vec<Worker>, Error> {
    let calendars: HashMap<_, Calendar> = in_use(conn, actor.org, Kind::Calendar)?
        .into_iter()
        .map(|calendar: Calendar| (calendar.id, calendar))
        .collect();
    let users: Vec<User> = in_use(conn, actor.org, Kind::User)?;
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or(NaiveTime::MIN);
    let usual = (
        at(zone, wanted.day, wanted.from.unwrap_or(time(8)))?,
        at(zone, wanted.day, wanted.until.unwrap_or(time(18)))?,
    );
    let asked = |user: &&User| {
        let named = wanted.technicians.as_ref().is_none_or(|named| named.contains(&user.id));
        user.role == Role::Technician && named && wanted.team.is_none_or(|team| user.teams.contains(&team))
    };
    let mut crew = Vec::new();
    for user in users.iter().filter(asked) {
        let hours =
            user.calendar.and_then(|id| calendars.get(&id)).map(|calendar| calendar.hours.during(span.0, span.1));
        let hours = hours.unwrap_or_else(|| vec![usual]);
        let left: Vec<Span> = hours
            .into_iter()
            .map(|(from, until)| (from.max(now), until))
            .filter(|(from, until)| from < until)
            .collect();
        let (Some((from, _)), Some((_, until))) = (left.first().copied(), left.last().copied()) else { continue };
        let pauses = left.windows(2).map(|pair| (pair[0].1, pair[1].0)).filter(|(rest, work)| rest < work).collect();
        let certificates = user.certificates.iter().filter(|held| user.holds(&held.code, until));
        let certificates = certificates.map(|held| format!("certificate:{}", held.code));
        let has = certificates.chain(user.teams.iter().map(|team| format!("team:{team}"))).collect();
        crew.push(Worker { technician: user.id, name: user.name.clone(), start: 0, from, until, pauses, has });
    }
    crew.sort_by(|a, b| (&a.name, a.technician).cmp(&(&b.name, b.technician)));
    if crew.len() > MOST_PEOPLE {
        return Err(wrong(format!("more than {MOST_PEOPLE} technicians; name a team")));
    }
    Ok(crew)
}

/// Orders that can be done on the day, with their revisions.
fn orders(
    conn: &mut Conn,
    actor: &Actor,
    wanted: &Wanted,
    crew: &[Worker],
    span: Span,
    now: Timestamp,
) -> Result<Vec<(u64, WorkOrder)>, Error> {
    let people: HashSet<UserId> = crew.iter().map(|worker| worker.technician).collect();
    let filter = WorkOrderFilter {
        status: Several(vec![Status::Requested, Status::Assigned, Status::Paused]),
        ..WorkOrderFilter::default()
    };
    let mut ask = Ask { after: None, limit: MOST_VISITS };
    let mut found = Vec::new();
    loop {
        let page = list::list(conn, actor, &filter, &ask, now)?;
        let more = page.len() > MOST_VISITS;
        for row in page.into_iter().take(MOST_VISITS) {
            ask.after = Some(row.place);
            let order: WorkOrder = serde_json::from_str(&row.body).map_err(Error::internal)?;
            let theirs = order
                .technician()
                .map_or(wanted.team.is_none() || order.team == wanted.team, |user| people.contains(&user));
            let on_the_day = order.expected().is_none_or(|window| window.from < span.1 && window.until > span.0);
            let named = wanted.orders.as_ref().is_none_or(|named| named.contains(&order.id));
            if named && theirs && on_the_day {
                found.push((row.rev, order));
            }
        }
        if found.len() > MOST_VISITS {
            return Err(wrong(format!("more than {MOST_VISITS} orders; name a team, or the orders")));
        }
        if !more {
            // As they came in: what has waited longest comes first where nothing else decides.
            found.reverse();
            return Ok(found);
        }
    }
}

fn visit(order: WorkOrder, rev: u64, place: usize, wanted: &Wanted, span: Span) -> Visit {
    let minutes = wanted.work_minutes_by_type.get(&order.order_type).or(wanted.work_minutes.as_ref());
    let minutes = minutes.copied().unwrap_or(USUAL_MINUTES).clamp(5, 24 * 60);
    let certificate = order.policy.certificate.iter().map(|code| format!("certificate:{code}"));
    let team = order.team.filter(|_| order.technician().is_none()).map(|team| format!("team:{team}"));
    let window = order.expected().map(|mut window| {
        (window.from, window.until) = (window.from.max(span.0), window.until.min(span.1));
        window
    });
    Visit {
        order: order.id,
        rev,
        place,
        work: TimeDelta::minutes(minutes.into()),
        window,
        needs: certificate.chain(team).collect(),
        urgent: order.priority != Priority::Normal,
        now: order.technician(),
        number: order.number,
    }
}

/// The places that the day touches.
struct Map<'w> {
    known: &'w HashMap<SiteId, Location>,
    measured: Option<&'w [SiteId]>,
    sites: Vec<SiteId>,
    places: Vec<Location>,
}

impl<'w> Map<'w> {
    fn new(wanted: &'w Wanted, known: &'w HashMap<SiteId, Location>) -> Result<Self, Error> {
        let measured = wanted.ways.as_ref().map(|ways| ways.sites.as_slice());
        if measured.is_some() && wanted.start_site.is_none() {
            return Err(wrong("with measured ways, `start_site` says where everybody begins"));
        }
        Ok(Self { known, measured, sites: measured.map(<[SiteId]>::to_vec).unwrap_or_default(), places: Vec::new() })
    }

    /// The place of a site; `None` if nobody knows where it lies.
    fn place(&mut self, site: SiteId) -> Option<usize> {
        if let Some(at) = self.sites.iter().position(|known| *known == site) {
            return Some(at);
        }
        if self.measured.is_some() {
            return None;
        }
        self.places.push(*self.known.get(&site)?);
        self.sites.push(site);
        Some(self.sites.len() - 1)
    }

    fn start(&mut self, wanted: &Wanted) -> Result<usize, Error> {
        if let Some(site) = wanted.start_site {
            return self.place(site).ok_or_else(|| wrong("nobody knows where `start_site` lies"));
        }
        let count = self.places.len().max(1) as f64;
        let middle = |of: fn(&Location) -> f64| self.places.iter().map(of).sum::<f64>() / count;
        let middle = Location { latitude: middle(|place| place.latitude), longitude: middle(|place| place.longitude) };
        self.places.push(middle);
        Ok(self.places.len() - 1)
    }

    fn ways(self, wanted: &Wanted) -> Result<Ways, Error> {
        let Some(measured) = &wanted.ways else {
            return Ok(Ways::straight(&self.places, wanted.speed_kmh.unwrap_or(USUAL_SPEED)));
        };
        let ways = Ways::measured(measured.sites.len(), measured.seconds.clone(), measured.metres.clone());
        ways.ok_or_else(|| wrong("`ways` needs a row and a column for each of its sites, and no way below zero"))
    }
}
