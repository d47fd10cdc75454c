//! Who sees an inspection or a round, and on whose phone it is.

use chrono::Duration;

use super::{Assignee, Inspection, InspectionState, Round, Spot, fault};
use crate::{
    actor::{Actor, Role},
    photo::Photo,
    record::{Kind, Reach, RecordType, Ref, Scope},
    time::Timestamp,
};

/// How long an inspection stays on the phones of those who carried it out.
const KEEP_AFTER: Duration = Duration::days(14);

/// How long before it is due it comes to the phone.
const BRING_BEFORE: Duration = Duration::days(7);

impl Assignee {
    /// Whether it is theirs: in person or by their team.
    pub fn is(&self, actor: &Actor) -> bool {
        self.user == Some(actor.user) || self.team.is_some_and(|team| actor.teams.contains(&team))
    }

    /// Where it goes.
    pub(crate) fn scope(&self) -> Option<Scope> {
        self.user.map(|user| Scope::User(user.uuid())).or(self.team.map(|team| Scope::Team(team.uuid())))
    }
}

impl Spot {
    /// The records that say where it is.
    pub(super) fn refs(&self) -> impl Iterator<Item = Ref> {
        let site = Some(Ref::new(Kind::Site, self.site));
        let building = self.building.map(|id| Ref::new(Kind::Building, id));
        let unit = self.unit.map(|id| Ref::new(Kind::Unit, id));
        let asset = self.asset.map(|id| Ref::new(Kind::Asset, id));
        [site, building, unit, asset].into_iter().flatten()
    }
}

impl Inspection {
    fn on_phone(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let from = match self.state {
            InspectionState::Planned => self.due.and_then(|due| due.from.checked_sub_signed(BRING_BEFORE)),
            _ => None,
        };
        let over = match &self.state {
            InspectionState::Finished { finished, .. } => Some(finished.latest),
            InspectionState::Void { at, .. } => Some(at.latest),
            // One that nobody carried out does not stay for ever.
            InspectionState::Planned => self.due.map(|due| due.until),
            InspectionState::Running { .. } => None,
        };
        (from, over.and_then(|over| over.checked_add_signed(KEEP_AFTER)))
    }

    /// Everything that is needed to carry it out without signal.
    fn needed(&self) -> Vec<Ref> {
        let mut needed = vec![Ref::new(Kind::Inspection, self.id), Ref::new(Kind::Template, self.template)];
        needed.extend(self.spot.refs());
        for point in &self.points {
            needed.extend(self.spot_of(Some(&point.key)).refs());
        }
        needed.extend(self.round.map(|round| Ref::new(Kind::Round, round)));
        needed.extend(self.order.map(|order| Ref::new(Kind::WorkOrder, order)));
        needed.extend(self.complaint.map(|complaint| Ref::new(Kind::Complaint, complaint)));
        needed.extend(self.earlier.map(|earlier| Ref::new(Kind::Inspection, earlier)));
        needed.extend(self.findings.iter().filter_map(|finding| finding.order).map(|id| Ref::new(Kind::WorkOrder, id)));
        needed
    }
}

impl RecordType for Inspection {
    const KIND: Kind = Kind::Inspection;

    fn visible_to(&self, actor: &Actor) -> bool {
        match actor.role {
            Role::Customer => false,
            Role::Technician => self.assignee().is(actor) || self.people.contains(&actor.user),
            _ => actor.covers_site(self.spot.site),
        }
    }

    fn reach(&self, now: Timestamp) -> Vec<Reach> {
        let (from, until) = self.on_phone();
        if from.is_some_and(|from| now < from) || until.is_some_and(|until| now >= until) {
            return Vec::new();
        }
        // Whoever helps has it as well, and keeps it when it is given to somebody else.
        let helpers = self.people.iter().map(|user| Scope::User(user.uuid()));
        let scopes = self.assignee().scope().into_iter().chain(helpers);
        let needed = self.needed();
        scopes.flat_map(|scope| needed.iter().map(move |record| Reach { scope, record: *record })).collect()
    }

    fn reach_changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        let (from, until) = self.on_phone();
        from.filter(|from| now < *from).or(until.filter(|until| now < *until))
    }

    /// The orders that its findings became: whoever joins further findings to them needs them.
    fn companions(&self) -> Vec<Ref> {
        fault::orders_of(self)
    }

    fn photos(&self) -> &[Photo] {
        &self.photos
    }
}

impl RecordType for Round {
    const KIND: Kind = Kind::Round;

    fn visible_to(&self, actor: &Actor) -> bool {
        match actor.role {
            Role::Customer => false,
            Role::Technician => self.assignee.is(actor),
            _ => actor.covers_site(self.spot.site),
        }
    }

    fn companions(&self) -> Vec<Ref> {
        vec![Ref::new(Kind::Template, self.template)]
    }

    /// The last turn comes along, with the orders that its findings became: so that the next one shows what became of them.
    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        let Some(scope) = self.assignee.scope().filter(|_| self.withdrawn.is_none()) else { return Vec::new() };
        let mut brought = vec![Ref::new(Self::KIND, self.id)];
        if let Some(last) = &self.last {
            brought.push(Ref::new(Kind::Inspection, last.inspection));
            brought.extend(last.orders.iter().map(|id| Ref::new(Kind::WorkOrder, *id)));
        }
        brought.into_iter().map(|record| Reach { scope, record }).collect()
    }
}
