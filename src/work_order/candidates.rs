//! Who can be sent: the people, their hours and what they have in hand, for the pure ranking.

use std::collections::HashMap;

use mobile_api::{
    calendar::Calendar,
    directory::{Location, OrderType, Site, User},
    record::Kind,
    time::Timestamp,
    work_order::{
        Status, WorkOrder,
        proposal::{Candidate, Job, Standing},
    },
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store;
use crate::{db::Conn, directory::list::in_use, operations::DoorError};

/// Who could go, the best first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({ "candidates": [{
    "technician": "01930000-0000-7000-8000-000000000020", "name": "Wang Lei", "may_go": true, "on_duty": true, "trained": true,
    "own_crew": true, "open_orders": 1, "metres": 420, "lacks": null, "certificate_until": null
}] }))]
pub struct Proposal {
    /// Everybody, those who may not go last.
    pub candidates: Vec<Candidate>,
}

/// Ranks the technicians for an order as things stand.
///
/// # Errors
/// The database's; a record that cannot be read.
pub fn propose(conn: &mut Conn, org: Uuid, order: &WorkOrder, now: Timestamp) -> Result<Proposal, DoorError> {
    let users: Vec<User> = in_use(conn, org, Kind::User)?;
    let calendars: HashMap<Uuid, Calendar> = in_use(conn, org, Kind::Calendar)?
        .into_iter()
        .map(|calendar: Calendar| (calendar.id.uuid(), calendar))
        .collect();
    let places: HashMap<Uuid, Location> = in_use(conn, org, Kind::Site)?
        .into_iter()
        .filter_map(|site: Site| Some((site.id.uuid(), site.location?)))
        .collect();
    let sorts: Vec<OrderType> = in_use(conn, org, Kind::OrderType)?;
    let hands = Hands::new(store::work_in_hand(conn, org)?);
    let job = Job {
        certificate: order.policy.certificate.as_deref(),
        sort: sorts.iter().find(|sort| sort.id == order.order_type).map_or("", |sort| &sort.code),
        team: order.team,
        place: places.get(&order.site.uuid()).copied(),
        at: order.expected().map_or(now, |window| window.from.max(now)),
    };
    let people = users.iter().map(|user| {
        let (open, site) = hands.of(user.id.uuid());
        let calendar = user.calendar.and_then(|calendar| calendars.get(&calendar.uuid()));
        let place = site.and_then(|site| places.get(&site).copied());
        Standing { user, hours: calendar.map(|calendar| &calendar.hours), open, place }
    });
    Ok(Proposal { candidates: job.candidates(people) })
}

/// What everybody has in hand: how many orders, and the site of the one that has come farthest.
struct Hands(HashMap<Uuid, (u32, Option<(Status, Uuid)>)>);

impl Hands {
    fn new(rows: Vec<(Uuid, Status, Uuid)>) -> Self {
        let mut hands: HashMap<Uuid, (u32, Option<(Status, Uuid)>)> = HashMap::new();
        for (user, status, site) in rows {
            let (open, at) = hands.entry(user).or_default();
            *open += 1;
            // Who has only been told to go somewhere is not there.
            let there = (status >= Status::EnRoute).then_some((status, site));
            *at = (*at).max(there);
        }
        Self(hands)
    }

    fn of(&self, user: Uuid) -> (u32, Option<Uuid>) {
        self.0.get(&user).map_or((0, None), |(open, at)| (*open, at.map(|(_, site)| site)))
    }
}
