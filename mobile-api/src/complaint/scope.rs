//! Who sees a complaint, and on whose phone it is.

use chrono::Duration;
use uuid::Uuid;

use super::{Complaint, ComplaintState, ComplaintStatus, ComplaintTask, Department, Round};
use crate::{
    actor::{Actor, Role},
    ids::{Id, UserId},
    photo::Photo,
    record::{Kind, Reach, RecordType, Ref, Scope},
    time::Timestamp,
};

/// How long it stays on phones after it is closed.
const KEEP_AFTER: Duration = Duration::days(14);

/// Most technicians that one complaint concerns.
const MOST_PEOPLE: usize = 100;

impl Complaint {
    /// Where it stands.
    pub fn status(&self) -> ComplaintStatus {
        self.state.status()
    }

    /// The department that is responsible.
    pub fn department(&self) -> Option<&Department> {
        self.departments.last()
    }

    /// A task by its id, the operation that set it.
    pub fn task(&self, id: Uuid) -> Option<&ComplaintTask> {
        self.tasks.iter().find(|task| task.mark.op == id)
    }

    /// The present way from the investigation to the complainant's word.
    pub fn round(&self) -> Option<&Round> {
        self.rounds.last()
    }

    /// The same, to be written on. There always is one; a record that has none is given one.
    pub(super) fn this_round(&mut self) -> &mut Round {
        if self.rounds.is_empty() {
            self.rounds.push(Round::default());
        }
        let last = self.rounds.len() - 1;
        &mut self.rounds[last]
    }

    /// Whether the complainant still waits.
    pub fn is_unsettled(&self) -> bool {
        !matches!(
            self.state,
            ComplaintState::Accepted { .. }
                | ComplaintState::Closed { .. }
                | ComplaintState::Explained { understood: true, .. }
        )
    }

    /// When it ended, if it did.
    pub fn over_since(&self) -> Option<Timestamp> {
        if let ComplaintState::Closed { closed, .. } = &self.state { Some(closed.latest) } else { None }
    }

    /// Notes that a technician has to do with it.
    pub(super) fn concerns(&mut self, user: UserId) {
        if !self.people.contains(&user) && self.people.len() < MOST_PEOPLE {
            self.people.push(user);
        }
    }

    fn reach_ends(&self) -> Option<Timestamp> {
        self.over_since().and_then(|over| over.checked_add_signed(KEEP_AFTER))
    }

    /// Everything that is needed to deal with it without signal.
    fn needed(&self) -> Vec<Ref> {
        let about = self.about;
        let needed = [
            Some(Ref::new(Kind::Complaint, self.id)),
            about.site.map(|id| Ref::new(Kind::Site, id)),
            about.unit.map(|id| Ref::new(Kind::Unit, id)),
            about.customer.map(|id| Ref::new(Kind::Customer, id)),
            about.asset.map(|id| Ref::new(Kind::Asset, id)),
        ];
        needed.into_iter().flatten().collect()
    }
}

impl RecordType for Complaint {
    const KIND: Kind = Kind::Complaint;

    /// The office by its sites; of complaints about no place, an office that sees every site. A technician whose department it is,
    /// or who has to do with it. Whom it is about sees nothing by that.
    fn visible_to(&self, actor: &Actor) -> bool {
        match actor.role {
            Role::Customer => false,
            Role::Technician => {
                self.department().is_some_and(|department| actor.teams.contains(&department.team))
                    || self.people.contains(&actor.user)
            }
            _ => self.about.site.map_or(actor.sites.is_empty(), |site| actor.covers_site(site)),
        }
    }

    fn reach(&self, now: Timestamp) -> Vec<Reach> {
        if self.merged_into.is_some() || self.reach_ends().is_some_and(|end| now >= end) {
            return Vec::new();
        }
        let department = self.department().map(|department| Scope::Team(department.team.uuid()));
        let people = self.people.iter().map(|user| Scope::User(user.uuid()));
        let needed = self.needed();
        let scopes = department.into_iter().chain(people);
        scopes.flat_map(|scope| needed.iter().map(move |record| Reach { scope, record: *record })).collect()
    }

    fn reach_changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.reach_ends().filter(|end| now < *end)
    }

    fn photos(&self) -> &[Photo] {
        &self.photos
    }

    fn alias(&self) -> Option<Uuid> {
        self.merged_into.map(Id::uuid)
    }
}
