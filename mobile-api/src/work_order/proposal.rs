//! Who can go: every technician with the reasons for and against, the best first. It proposes; a person decides.
//!
//! The order of the list needs no weights that somebody would have to argue about: who may not go comes last; then who is
//! on duty comes before who is not, who is trained before who is not, whose crew it is before others, who has less to do
//! before who has more, and who is nearer before who is farther.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Role,
    calendar::WorkingHours,
    directory::{Location, User},
    ids::{TeamId, UserId},
    time::Timestamp,
};

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// The certificate that is needed.
    pub certificate: Option<&'a str>,
    /// The code of the order type: who is trained for it has this among their skills.
    pub sort: &'a str,
    /// The crew whose pool it is in.
    pub team: Option<TeamId>,
    /// Where.
    pub place: Option<Location>,
    /// When somebody is expected.
    pub at: Timestamp,
}

/// A technician as they stand now.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// Who.
    pub user: &'a User,
    /// When they work; around the clock if nobody said.
    pub hours: Option<&'a WorkingHours>,
    /// Orders that are theirs and not finished.
    pub open: u32,
    /// Where they are, as far as their orders tell.
    pub place: Option<Location>,
}

/// A technician who could be sent, or could not, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Candidate {
    /// Who.
    pub technician: UserId,
    /// Their name.
    pub name: String,
    /// Whether they may be sent at all.
    pub may_go: bool,
    /// Whether they work at that time.
    pub on_duty: bool,
    /// Whether they are trained for this sort of job.
    pub trained: bool,
    /// Whether it is their crew's.
    pub own_crew: bool,
    /// Orders that are theirs and not finished.
    pub open_orders: u32,
    /// Metres in a straight line, if both places are known.
    pub metres: Option<u32>,
    /// The certificate that they would need and do not hold, or no longer.
    pub lacks: Option<String>,
    /// Until when the certificate that is needed is valid.
    pub certificate_until: Option<DateTime<Utc>>,
}

impl Job<'_> {
    /// Everybody who is a technician and in use, the best first.
    pub fn candidates<'s>(&self, people: impl IntoIterator<Item = Standing<'s>>) -> Vec<Candidate> {
        let technicians = people.into_iter().filter(|one| one.user.active && one.user.role == Role::Technician);
        let mut all: Vec<Candidate> = technicians.map(|standing| self.candidate(&standing)).collect();
        all.sort_by_cached_key(|one| {
            let known = (one.metres.is_none(), one.metres);
            let fit = (one.may_go, one.on_duty, one.trained, one.own_crew);
            (Reverse(fit), one.open_orders, known, one.name.clone(), one.technician)
        });
        all
    }

    fn candidate(&self, standing: &Standing<'_>) -> Candidate {
        let Standing { user, hours, open, place } = standing;
        let lacks = self.certificate.filter(|code| !user.holds(code, self.at));
        let held = user.certificates.iter().filter(|held| Some(held.code.as_str()) == self.certificate);
        let metres = self.place.zip(*place).map(|(here, there)| here.metres_to(there));
        Candidate {
            technician: user.id,
            name: user.name.clone(),
            may_go: lacks.is_none(),
            on_duty: hours.is_none_or(|hours| hours.is_open(self.at)),
            trained: user.skills.iter().any(|skill| skill == self.sort),
            own_crew: self.team.is_none_or(|team| user.teams.contains(&team)),
            open_orders: *open,
            metres,
            lacks: lacks.map(Into::into),
            certificate_until: held.map(|held| held.expires_at).max().filter(|until| *until > self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{directory::Certificate, ids::Id};

    const NOON: &str = "2026-03-02T04:00:00Z";

    fn noon() -> Timestamp {
        NOON.parse().unwrap()
    }

    fn technician(n: u128, skills: &[&str], certificate_hours: Option<i64>, team: u128) -> User {
        let certificate = |hours| Certificate { code: "lift".into(), expires_at: noon() + Duration::hours(hours) };
        User {
            id: Id::new(Uuid::from_u128(n)),
            name: format!("{n}"),
            login: format!("t{n}"),
            role: Role::Technician,
            sites: vec![],
            teams: vec![Id::new(Uuid::from_u128(team))],
            skills: skills.iter().map(|skill| (*skill).to_owned()).collect(),
            certificates: certificate_hours.map(certificate).into_iter().collect(),
            calendar: None,
            active: true,
            calendar_links: 0,
        }
    }

    fn job() -> Job<'static> {
        let team = Some(Id::new(Uuid::from_u128(1)));
        let place = Some(Location { latitude: 31.23, longitude: 121.47 });
        Job { certificate: Some("lift"), sort: "lifts", team, place, at: noon() }
    }

    fn standing(user: &User, open: u32) -> Standing<'_> {
        Standing { user, hours: None, open, place: None }
    }

    fn names(all: &[Candidate]) -> Vec<&str> {
        all.iter().map(|one| one.name.as_str()).collect()
    }

    #[test]
    fn the_best_comes_first_and_who_may_not_go_last() {
        let trained = technician(1, &["lifts"], Some(24), 1);
        let busy = technician(2, &["lifts"], Some(24), 1);
        let other_crew = technician(3, &["lifts"], Some(24), 9);
        let untrained = technician(4, &[], Some(24), 1);
        let expired = technician(5, &["lifts"], Some(-1), 1);
        let none = technician(6, &["lifts"], None, 1);
        let people = [(&none, 0), (&expired, 0), (&untrained, 0), (&other_crew, 0), (&busy, 3), (&trained, 1)];
        let all = job().candidates(people.map(|(user, open)| standing(user, open)));
        assert_eq!(names(&all), ["1", "2", "3", "4", "5", "6"]);
        assert_eq!(all.iter().filter(|one| one.may_go).count(), 4);
        assert_eq!(all[4].lacks.as_deref(), Some("lift"));
        assert_eq!(all[0].certificate_until, Some(noon() + Duration::hours(24)));
    }

    #[test]
    fn of_two_alike_the_nearer_goes_and_an_unknown_place_is_no_reason() {
        let (near, far, unknown) =
            (technician(1, &[], Some(9), 1), technician(2, &[], Some(9), 1), technician(3, &[], Some(9), 1));
        let at = |latitude| Some(Location { latitude, longitude: 121.47 });
        let people = [
            standing(&unknown, 0),
            Standing { place: at(31.33), ..standing(&far, 0) },
            Standing { place: at(31.24), ..standing(&near, 0) },
        ];
        let all = job().candidates(people);
        assert_eq!(names(&all), ["1", "2", "3"]);
        assert!(all[0].metres.unwrap().abs_diff(1_112) < 5, "{:?}", all[0].metres);
    }

    #[test]
    fn who_is_off_duty_comes_after_who_works() {
        let hours = WorkingHours::example();
        let sunday = Job { at: "2026-03-01T04:00:00Z".parse().unwrap(), certificate: None, ..job() };
        let (at_home, around_the_clock) = (technician(1, &["lifts"], None, 1), technician(2, &[], None, 1));
        let people = [Standing { hours: Some(&hours), ..standing(&at_home, 0) }, standing(&around_the_clock, 9)];
        assert_eq!(names(&sunday.candidates(people)), ["2", "1"]);
    }

    proptest! {
        /// The same people in any order make the same list, and nobody is left out.
        #[test]
        fn the_list_does_not_depend_on_who_is_asked_first(seed in prop::collection::vec((0u32..4, 0usize..3, -2i64..3, 0u128..2), 0..20)) {
            let users: Vec<User> = seed.iter().enumerate().map(|(n, (_, skills, certificate, team))| {
                technician(n as u128, &["lifts", "other"][..(*skills).min(2)], Some(*certificate), *team)
            }).collect();
            let standings = || users.iter().zip(&seed).map(|(user, (open, ..))| standing(user, *open));
            let forward = job().candidates(standings());
            let mut backward: Vec<_> = standings().collect();
            backward.reverse();
            prop_assert_eq!(&forward, &job().candidates(backward));
            prop_assert_eq!(forward.len(), users.len());
        }
    }
}
