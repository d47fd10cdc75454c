//! Accounts with their certificates, and teams.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::in_catalog;
use crate::{
    actor::{Actor, Role},
    check::{Check, FieldError},
    ids::{CalendarId, Id, SiteId, TeamId, UserId},
    operation::{Change, Context, Decision, Need, Payload, Save},
    record::{Kind, Reach, RecordType, Ref, Scope},
    refusal::Refusal,
    time::Timestamp,
};

/// An account: a person of the firm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The person's name.
    pub name: String,
    /// The name to sign in with.
    pub login: String,
    /// What they may do.
    pub role: Role,
    /// Office roles: the sites they are limited to; empty means all.
    pub sites: Vec<SiteId>,
    /// Technicians: the teams whose pool they see.
    pub teams: Vec<TeamId>,
    /// What they are trained for: free words such as `plumbing`.
    pub skills: Vec<String>,
    /// Certificates they hold (持证上岗).
    pub certificates: Vec<Certificate>,
    /// Technicians: when they work; around the clock if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarId>,
    /// Whether the account can be used.
    pub active: bool,
    /// How often the links to their calendar were taken back; those from before lead nowhere.
    #[serde(default, skip_serializing_if = "none_yet")]
    pub calendar_links: u32,
}

fn none_yet(times: &u32) -> bool {
    *times == 0
}

/// A certificate that some jobs need: electrician, lift, gas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Certificate {
    /// Its code, as order types name it; 1 to 60 characters.
    pub code: String,
    /// The last instant at which it is valid.
    pub expires_at: DateTime<Utc>,
}

impl User {
    /// Whether the person held a valid certificate `code` at `at`.
    pub fn holds(&self, code: &str, at: Timestamp) -> bool {
        self.certificates.iter().any(|held| held.code == code && held.expires_at >= at)
    }

    /// Whether this actor has a say in the account's calendar: the person themself, administrators, and managers but for the accounts
    /// of administrators.
    pub fn is_led_by(&self, actor: &Actor) -> bool {
        match actor.role {
            Role::Admin | Role::System => true,
            Role::Manager => self.role != Role::Admin || self.id == actor.user,
            _ => self.id == actor.user,
        }
    }
}

impl RecordType for User {
    const KIND: Kind = Kind::User;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() || self.id == actor.user
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        vec![Reach { scope: Scope::User(self.id.uuid()), record: Ref::new(Self::KIND, self.id) }]
    }
}

/// Makes an account or changes it. The password is set apart: secrets never enter the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserSave {
    /// The person's name; 1 to 200 characters.
    pub name: String,
    /// The name to sign in with: 1 to 100 characters without white space.
    pub login: String,
    /// What they may do; `customer` and `system` are not for accounts.
    pub role: Role,
    /// Office roles: the sites they are limited to; empty means all.
    #[serde(default)]
    pub sites: Vec<SiteId>,
    /// Technicians: the teams whose pool they see; at most 20.
    #[serde(default)]
    pub teams: Vec<TeamId>,
    /// What they are trained for; at most 50.
    #[serde(default)]
    pub skills: Vec<String>,
    /// Certificates they hold; at most 50.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    /// Technicians: when they work; around the clock if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarId>,
    /// Whether the account can be used.
    pub active: bool,
}

impl Payload for UserSave {
    type Record = User;

    fn example() -> Self {
        Self {
            name: "Wang Lei".into(),
            login: "wang.lei".into(),
            role: Role::Technician,
            sites: vec![],
            teams: vec![],
            skills: vec!["plumbing".into()],
            certificates: vec![],
            calendar: None,
            active: true,
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.text("/login", &self.login, 1..=100);
        if self.login.chars().any(|c| c.is_whitespace() || c.is_control()) {
            check.error("/login", "malformed", "no white space");
        }
        if matches!(self.role, Role::Customer | Role::System) {
            check.error("/role", "out_of_range", "a role of the firm");
        }
        check.count("/sites", self.sites.len(), 0..=500);
        check.count("/teams", self.teams.len(), 0..=20);
        check.count("/skills", self.skills.len(), 0..=50);
        check.count("/certificates", self.certificates.len(), 0..=50);
        for (i, skill) in self.skills.iter().enumerate() {
            check.text(&format!("/skills/{i}"), skill, 1..=60);
        }
        for (i, certificate) in self.certificates.iter().enumerate() {
            check.text(&format!("/certificates/{i}/code"), &certificate.code, 1..=60);
            check.time(&format!("/certificates/{i}/expires_at"), certificate.expires_at);
        }
    }

    fn needs(&self, _: Option<&User>, _: &Actor) -> Vec<Need> {
        let sites = self.sites.iter().copied().map(Need::record);
        let login = Need::Login(self.login.to_lowercase());
        let calendar = self.calendar.map(Need::record);
        sites.chain(self.teams.iter().copied().map(Need::record)).chain([login]).chain(calendar).collect()
    }
}

impl Save for UserSave {
    fn decide(self, id: Id<User>, current: Option<User>, context: &Context<'_>) -> Result<Decision<User>, Refusal> {
        let UserSave { name, login, role, sites, teams, skills, certificates, calendar, active } = self;
        let manages_admins = matches!(context.actor.role, Role::Admin | Role::System);
        let concerns_admin = role == Role::Admin || current.as_ref().is_some_and(|user| user.role == Role::Admin);
        if concerns_admin && !manages_admins {
            return Err(Refusal::Forbidden);
        }
        if id == context.actor.user && (!active || role != context.actor.role) {
            // Locking oneself out is never meant; somebody else can do it.
            return Err(Refusal::Forbidden);
        }
        for (i, site) in sites.iter().enumerate() {
            if context.related.get(*site).is_none() {
                return Err(Refusal::BadReference { pointer: format!("/sites/{i}") });
            }
        }
        for (i, team) in teams.iter().enumerate() {
            if context.related.get(*team).is_none() {
                return Err(Refusal::BadReference { pointer: format!("/teams/{i}") });
            }
        }
        if calendar.is_some_and(|calendar| context.related.get(calendar).is_none()) {
            return Err(Refusal::BadReference { pointer: "/calendar".into() });
        }
        if context.related.login_holder.is_some_and(|holder| holder != id.uuid()) {
            let detail = "a login that nobody else has".into();
            let error = FieldError { pointer: "/login".into(), code: "duplicate".into(), detail };
            return Err(Refusal::Invalid { errors: vec![error] });
        }
        // Sign-in compares without regard to case, so that `Wang.Lei` typed with wet hands is the same person.
        let login = login.to_lowercase();
        let calendar_links = current.map_or(0, |user| user.calendar_links);
        Ok(User { id, name, login, role, sites, teams, skills, certificates, calendar, active, calendar_links }.into())
    }
}

/// Takes back every link to somebody's calendar: who has one reads it no more. One's own, or that of an account that one
/// administrates.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenewCalendarLink {}

impl Payload for RenewCalendarLink {
    type Record = User;

    fn example() -> Self {
        Self {}
    }
}

impl Change for RenewCalendarLink {
    fn decide(self, user: User, context: &Context<'_>) -> Result<Decision<User>, Refusal> {
        if !user.is_led_by(context.actor) {
            return Err(Refusal::Forbidden);
        }
        let calendar_links = user.calendar_links.checked_add(1).ok_or(Refusal::Overflow)?;
        Ok(User { calendar_links, ..user }.into())
    }
}

/// A crew whose technicians share a pool of unassigned orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// The site it works on, if it is one only.
    pub site: Option<SiteId>,
}

impl RecordType for Team {
    const KIND: Kind = Kind::Team;

    fn visible_to(&self, _: &Actor) -> bool {
        true
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        in_catalog(Self::KIND, self.id)
    }
}

/// Makes a team or changes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamSave {
    /// Its name; 1 to 200 characters.
    pub name: String,
    /// The site it works on, if it is one only.
    pub site: Option<SiteId>,
}

impl Payload for TeamSave {
    type Record = Team;

    fn example() -> Self {
        Self { name: "Plumbers, north".into(), site: None }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
    }

    fn needs(&self, _: Option<&Team>, _: &Actor) -> Vec<Need> {
        self.site.map(Need::record).into_iter().collect()
    }
}

impl Save for TeamSave {
    fn decide(self, id: Id<Team>, _: Option<Team>, context: &Context<'_>) -> Result<Decision<Team>, Refusal> {
        if self.site.is_some_and(|site| context.related.get(site).is_none()) {
            return Err(Refusal::BadReference { pointer: "/site".into() });
        }
        Ok(Team { id, name: self.name, site: self.site }.into())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_calendar_is_led_by_its_person_and_by_who_administrates_the_account() {
        let org = Uuid::from_u128(1);
        let actor = |id, role| Actor { user: UserId::new(Uuid::from_u128(id)), role, ..Actor::system(org) };
        let account = |id, role| {
            let UserSave { name, login, sites, teams, skills, certificates, calendar, active, .. } =
                UserSave::example();
            let id = UserId::new(Uuid::from_u128(id));
            User { id, name, login, role, sites, teams, skills, certificates, calendar, active, calendar_links: 0 }
        };
        let (wang, boss) = (account(2, Role::Technician), account(3, Role::Admin));
        for (who, of_wang, of_boss) in [
            (actor(2, Role::Technician), true, false),
            (actor(4, Role::Technician), false, false),
            (actor(4, Role::Dispatcher), false, false),
            (actor(4, Role::Manager), true, false),
            (actor(4, Role::Admin), true, true),
            (actor(3, Role::Admin), true, true),
        ] {
            assert_eq!((wang.is_led_by(&who), boss.is_led_by(&who)), (of_wang, of_boss), "{who:?}");
        }
    }

    #[test]
    fn accounts_from_before_there_were_calendars_can_be_read() {
        let old = r#"{"id":"01930000-0000-7000-8000-000000000012","name":"Wang Lei","login":"wang","role":"technician","sites":[],
            "teams":[],"skills":[],"certificates":[],"active":true}"#;
        let user: User = serde_json::from_str(old).unwrap();
        assert_eq!(user.calendar_links, 0);
        assert!(!serde_json::to_string(&user).unwrap().contains("calendar_links"));
    }
}
