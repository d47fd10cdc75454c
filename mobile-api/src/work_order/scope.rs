//! Who sees an order, and on whose phone it is.

use chrono::Duration;
use uuid::Uuid;

use super::{State, Status, WorkOrder};
use crate::{
    actor::{Actor, Role},
    directory::User,
    ids::Id,
    photo::Photo,
    record::{Kind, Reach, RecordType, Ref, Scope},
    time::Timestamp,
};

/// How long an order stays on its technician's phone after it is done.
const KEEP_AFTER: Duration = Duration::days(14);

/// How long before its appointment an order comes to the phone.
const BRING_BEFORE: Duration = Duration::days(30);

impl WorkOrder {
    /// The instant at which the order ended, if it did.
    pub fn over_since(&self) -> Option<Timestamp> {
        match &self.state {
            State::Closed { closed, .. } => Some(closed.latest),
            State::Cancelled { cancelled, .. } => Some(cancelled.latest),
            _ => None,
        }
    }

    /// Who holds it on their phone: the technician it is assigned to, or who did it last.
    fn holder(&self) -> Option<Id<User>> {
        match &self.state {
            State::Cancelled { was, .. } => *was,
            State::Closed { .. } => self.assignments.last().map(|assignment| assignment.technician),
            other => other.technician(),
        }
    }

    /// From when until when it belongs on its technician's phone.
    fn on_phone(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        // An order that somebody is at work on must not leave their phone because of a further visit in the far future.
        let waits = matches!(self.status(), Status::Requested | Status::Assigned | Status::Paused);
        let expected = self.expected().filter(|_| waits);
        let from = expected.and_then(|window| window.from.checked_sub_signed(BRING_BEFORE));
        // Signed work needs nothing more from the technician, even if the office closes the file much later.
        let done = match &self.state {
            State::SignedOff { signed, .. } => Some(signed.latest),
            _ => self.over_since(),
        };
        (from, done.and_then(|done| done.checked_add_signed(KEEP_AFTER)))
    }

    fn needed_on_site(&self) -> impl Iterator<Item = Ref> {
        [
            Some(Ref::new(Kind::WorkOrder, self.id)),
            Some(Ref::new(Kind::Site, self.site)),
            self.building.map(|id| Ref::new(Kind::Building, id)),
            self.unit.map(|id| Ref::new(Kind::Unit, id)),
            self.customer.map(|id| Ref::new(Kind::Customer, id)),
            self.asset.map(|id| Ref::new(Kind::Asset, id)),
            self.shutdown.map(|id| Ref::new(Kind::Shutdown, id)),
        ]
        .into_iter()
        .flatten()
    }
}

impl RecordType for WorkOrder {
    const KIND: Kind = Kind::WorkOrder;

    fn visible_to(&self, actor: &Actor) -> bool {
        match actor.role {
            Role::Customer => false,
            Role::Technician => {
                let in_pool = self.state == State::Requested && self.team.is_some_and(|t| actor.teams.contains(&t));
                in_pool || self.concerns(actor.user)
            }
            _ => actor.covers_site(self.site),
        }
    }

    fn reach(&self, now: Timestamp) -> Vec<Reach> {
        let (from, until) = self.on_phone();
        if from.is_some_and(|from| now < from) || until.is_some_and(|until| now >= until) {
            return Vec::new();
        }
        let scope = match (self.holder(), self.team, &self.state) {
            (Some(technician), _, _) => Scope::User(technician.uuid()),
            (None, Some(team), State::Requested) => Scope::Team(team.uuid()),
            _ => return Vec::new(),
        };
        self.needed_on_site().map(|record| Reach { scope, record }).collect()
    }

    fn reach_changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        let (from, until) = self.on_phone();
        from.filter(|from| now < *from).or(until.filter(|until| now < *until))
    }

    fn photos(&self) -> &[Photo] {
        &self.photos
    }

    fn alias(&self) -> Option<Uuid> {
        self.merged_into.map(Id::uuid)
    }
}
